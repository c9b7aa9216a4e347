"""Import of a large feed: rows a second and the most memory, by the size of the file.

`python -m benchmarks.feed --megabytes 20 200 2000` writes a synthetic events.csv of each size into
a temporary folder (--folder says where; there must be room for about eight times the size), imports
it with the `effmon` command, once new and once more unchanged, and prints what that took.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SEED = 20261120
#: Cases that go on at the same time: a feed is in the order of time, not of cases.
OPEN_CASES = 3_000
COLUMNS = "case_no,event,occurred_at,recorded_at,stage,actor,department,reason,source_key"
STEPS = (
    ("submitted", ""), ("accepted", ""), ("stage_started", "审核"), ("suspended", ""),
    ("resumed", ""), ("stage_finished", "审核"), ("stage_started", "审批"), ("decided", ""),
)  # fmt: skip
FIRST = datetime(2024, 1, 2, 9)


@dataclass(frozen=True, slots=True)
class Run:
    """What one import took: seconds, rows read, most memory in MB."""

    seconds: float
    rows: int
    memory: float


def write(path: Path, megabytes: float, seed: int = SEED) -> int:
    """Write a synthetic events.csv of about that size; how many rows it has."""
    written = rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines(seed):
            written += file.write(line) and len(line.encode())
            rows += 1
            if written >= megabytes * 1e6:
                break
    return rows - 1


def lines(seed: int) -> Iterator[str]:
    """The header and then rows for ever, those of many cases between one another."""
    drawn = random.Random(seed)
    yield COLUMNS + "\n"
    going = [(number, 0) for number in range(OPEN_CASES)]
    fresh = OPEN_CASES
    at = FIRST
    key = 0
    while True:
        place = drawn.randrange(OPEN_CASES)
        number, step = going[place]
        event, stage = STEPS[step]
        at += timedelta(seconds=drawn.randrange(20))
        recorded = at + timedelta(seconds=drawn.randrange(3600))
        office = number % 40
        key += 1
        yield (
            f"SYN-2024-{number:08},{event},{at:%Y-%m-%d %H:%M:%S},{recorded:%Y-%m-%d %H:%M:%S},"
            f"{stage},审批{office}科经办人{number % 4},示例市审批{office}科,,K{key:010}\n"
        )
        if step + 1 == len(STEPS):
            going[place] = (fresh, 0)
            fresh += 1
        else:
            going[place] = (number, step + 1)


def run(command: Sequence[str]) -> tuple[str, float, float]:
    """Run a command to its end: what it printed, its seconds, its most memory in MB."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return said, time.perf_counter() - begun, usage.ru_maxrss / 1024


def effmon(workspace: Path) -> list[str]:
    """The command of this environment on a workspace."""
    return [sys.executable, "-m", "efficiency_monitor.cli", "-C", str(workspace)]


def imported(workspace: Path, *files: Path) -> Run:
    """One import by the command line."""
    command = [*effmon(workspace), "import", *map(str, files), "-o", "json"]
    said, seconds, memory = run(command)
    total = json.loads(said)
    if total["quarantined"]:
        raise AssertionError(f"the bench's own rows were refused: {total}")
    return Run(seconds, total["read"], memory)


def main() -> int:
    """Measure each size that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feed", description=__doc__)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[20])
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--once", action="store_true", help="leave the unchanged import out")
    given = parser.parse_args()
    print(f"{'MB':>6} {'import':>10} {'rows':>12} {'rows':>10} {'peak MB':>8}")
    for megabytes in given.megabytes:
        with tempfile.TemporaryDirectory(prefix="effmon-feed-", dir=given.folder) as name:
            workspace, feed = Path(name, "ws"), Path(name, "events.csv")
            write(feed, megabytes)
            run([*effmon(workspace), "init", "--zone", "Asia/Shanghai"])
            for what in ("new",) if given.once else ("new", "unchanged"):
                one = imported(workspace, feed)
                rate = f"{one.rows / one.seconds:,.0f}/s"
                print(
                    f"{megabytes:>6g} {what:>10} {one.rows:>12,} {rate:>10} {one.memory:>8.0f}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
