"""Reading takes as much memory for eight times the rows: files may be larger than memory."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROWS = 40_000
MOST_GROWTH_KB = 10_000
NAMES = ("case_no", "event", "occurred_at", "stage", "actor", "source_key")
READ = """
import resource, sys
from pathlib import Path
from efficiency_monitor.intake.formats.tabular import read_rows
count = sum(1 for _ in read_rows(Path(sys.argv[1])))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def rows(count: int) -> Iterator[tuple[str, ...]]:
    for n in range(count):
        at = f"2026-01-{n % 28 + 1:02} {n % 24:02}:00:00"
        yield f"A{n // 5}", "stage_started", at, f"环节{n % 9}", f"张{n * 7919 % 10007}", f"k{n}"


def csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(",".join(row) + "\n" for row in [NAMES, *rows(count)])


def jsonl(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows(count):
            pairs = (f'"{name}":"{text}"' for name, text in zip(NAMES, row, strict=True))
            file.write(f"{{{','.join(pairs)}}}\n")


def xes(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("<?xml version='1.0'?><log><trace>")
        for row in rows(count):
            pairs = zip(NAMES, row, strict=True)
            inside = "".join(f'<string key="{name}" value="{text}"/>' for name, text in pairs)
            file.write(f"<event>{inside}</event>")
        file.write("</trace></log>")


def parquet(path: Path, count: int) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = dict(zip(NAMES, zip(*rows(count), strict=True), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def peak(path: Path, expected: int) -> int:
    """Most kilobytes that reading the file took, in a process of its own."""
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    assert count == expected
    return kilobytes


@pytest.mark.full
@pytest.mark.parametrize("write", [csv, jsonl, xes, parquet])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, write: Callable[[Path, int], None]
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    write(small, ROWS)
    write(large, 8 * ROWS)
    assert large.stat().st_size > 6 * small.stat().st_size
    assert peak(large, 8 * ROWS) - peak(small, ROWS) < MOST_GROWTH_KB
