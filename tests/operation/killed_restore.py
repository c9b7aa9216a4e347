"""Restores in processes that kill themselves: `killed_restore.py FILE FOLDER NOW`.

A step is a file that is opened to be written, renamed or brought to the disk in the folder, or a
COMMIT. The n-th process restores into FOLDER/n and dies at its n-th step; the last one lives, and
its number is printed.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from efficiency_monitor import app
from efficiency_monitor.ops.backup import restore
from efficiency_monitor.ops.backup.archive import Archive


def main(file: Path, folder: Path, now: int, last: int) -> None:
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(name: str, arguments: tuple[object, ...]) -> None:
        writes = name == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if (writes or name in ("os.rename", "os.mkdir", "os.chmod")) and str(
            arguments[0]
        ).startswith(str(folder)):
            step()

    def statement(_c: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith(("COMMIT", "BEGIN", "INSERT INTO ledger_entry")):
            step()

    found = Archive(file)
    context = app.open_restored(folder, restore.settings_of(found), clock=lambda: now)
    event.listen(context.store.engine, "before_cursor_execute", statement)
    sys.addaudithook(hook)
    sync = os.fsync

    def stepping(descriptor: int) -> None:
        sync(descriptor)
        step()

    os.fsync = stepping
    restore.restore(context, found)
    step()


def every_step(file: Path, folder: Path, now: int) -> None:
    """One process after another, all from this one: importing takes longer than restoring."""
    number, status = 0, -1
    while status:
        number += 1
        child = os.fork()
        if child == 0:
            main(file, folder / str(number), now, number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status not in (0, signal.SIGKILL):
            sys.exit(f"step {number}: {status}")
    print(number)


if __name__ == "__main__":
    every_step(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
