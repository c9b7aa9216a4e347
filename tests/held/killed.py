"""Imports files in batches of one row, in a process that kills itself after the n-th of them:
`killed.py WORKSPACE NOW N FILE...`. With N = 0 nothing is killed, and the number is printed."""

import os
import signal
import sys
from pathlib import Path

from efficiency_monitor import app
from efficiency_monitor.intake import ingest


def main(folder: Path, now: int, last: int, files: list[Path]) -> None:
    told: list[int] = []

    def progress(rows: int) -> None:
        told.append(rows)
        if len(told) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    ingest.BATCH = 1  # type: ignore[misc]
    context = app.open_context(folder, clock=lambda: now)
    ingest.import_files(context, files, "canonical", progress=progress)
    print(len(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), list(map(Path, sys.argv[4:])))
