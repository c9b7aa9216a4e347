"""The long trials, and their figures as rows of a table for docs/reliability.md.

    python tools/reliability.py            run the long trials, show them, then the rows
    python tools/reliability.py LOG…       the rows of runs whose output was kept

A trial that goes well says `RELIABILITY name: figures`; tests/conftest.py adds seed and test.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONG = ("-q", "-n", "2", "-m", "soak or trial")
_LINE = re.compile(
    r"^RELIABILITY (?P<name>[^:]+): (?P<figure>.*) \[(?P<seed>[^\[\]]*)\] \[(?P<test>[^ ]+)\]$"
)
HEAD = "| what | figure | command | seed |\n|---|---|---|---|"


def rows(lines: Iterable[str]) -> list[str]:
    """Rows of the table, one for each figure, sorted by what was measured."""
    found = {}
    for line in lines:
        if match := _LINE.match(line.rstrip("\n")):
            file, _, test = match["test"].partition("::")
            name = test.partition("[")[0]
            seed = match["seed"].removeprefix("EFFMON_SEED=").replace("no seed", "")
            command = f"`python -m pytest {file} -k {name} -m soak`"
            found[match["name"], match["test"]] = (
                f"| {match['name']} | {match['figure']} | {command} | {seed} |"
            )
    return [found[key] for key in sorted(found)]


def run() -> tuple[list[str], int]:
    """Run every long trial, shown as it goes; its lines and its exit code."""
    lines = []
    command = [sys.executable, "-m", "pytest", *LONG]
    environment = os.environ | {"EFFMON_LONG": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    return lines, process.returncode


def main(logs: list[str]) -> int:
    """Print the rows; the exit code of the trials."""
    lines: list[str] = []
    code = 0
    if not logs:
        lines, code = run()
    for log in logs:
        lines += Path(log).read_text(encoding="utf-8").splitlines()
    print("\n".join([HEAD, *rows(lines)]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
