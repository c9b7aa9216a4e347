"""Pulls a source in a process that kills itself at its n-th step.

    killed.py WORKSPACE NOW N [dry]

A step is a reading of the clock, a statement to the database, or a change in the workspace's
folder: a file opened to be written, renamed, cut or removed. With N = 0 nothing is killed, and
the number of steps is printed.
"""

import os
import signal
import sys
import time
from pathlib import Path

from sqlalchemy import event

from efficiency_monitor import app
from efficiency_monitor.intake.pull import pull
from efficiency_monitor.intake.pull_report import PullDeps
from efficiency_monitor.intake.pulling.http_request import HttpDeps
from efficiency_monitor.outbound.connection import system_resolver

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.truncate", "os.mkdir")


class Steps:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, folder: Path, last: int) -> None:
        self.folder = str(folder)
        self.last = last
        self.count = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(self, name: str, arguments: tuple[object, ...]) -> None:
        writes = name == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if (writes or name in CHANGES) and str(arguments[0]).startswith(self.folder):
            self.step()


def main(folder: Path, now: int, last: int, *, dry_run: bool) -> None:
    steps = Steps(folder, last)

    def clock() -> int:
        steps.step()
        return now

    context = app.open_context(folder, clock=clock)
    outside = PullDeps(
        environ={},
        world=HttpDeps(
            now=clock, monotonic=time.monotonic, sleep=time.sleep, resolver=system_resolver
        ),
        new_id=app.run_id,
    )
    event.listen(context.store.engine, "before_cursor_execute", lambda *_: steps.step())
    steps.count = 0
    sys.addaudithook(steps.hook)
    pull(context, outside, "hall", dry_run=dry_run)
    print(steps.count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), dry_run=len(sys.argv) > 4)
