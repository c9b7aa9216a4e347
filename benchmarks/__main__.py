"""`make bench`: all measurements in one run, on stdout and into docs/bench.md."""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .measure import Section

SEED = 20261120
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "bench.md"

INTRODUCTION = """\
# Measured speed (性能)

`make bench` makes this page; `python -m benchmarks --quick` takes a tenth of it and writes nothing.
What counts is the ratio, not the seconds: both sides of a ratio run alternately in one process on
one machine, and of their rounds the median is taken. No test asserts any of it.
"""
NOISE = """\
- Noise: on a shared machine a single figure can be off by a factor of two, and a ratio by a third,
  most where one side runs on two threads and the other on one, because the work of others takes the
  second core away. An aim that is met or missed by less than that is neither.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are asked for; 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it, for a first look")
    parser.add_argument(
        "--only",
        choices=("kernel", "conduct", "time", "night", "backtest"),
        help="one part; writes no document",
    )
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    try:
        from . import backtest, business_time, conduct, kernel, night
    except ModuleNotFoundError as fault:
        sys.stderr.write(f"bench: {fault.name} is not installed; run: make bench\n")
        return 2
    from .measure import load, machine, plain

    at_first = load()
    begun = time.monotonic()
    parts: dict[str, Callable[[], Section]] = {
        "kernel": lambda: kernel.run(kernel.QUICK if given.quick else kernel.FULL, given.seed),
        "conduct": lambda: conduct.run(conduct.QUICK if given.quick else conduct.FULL, given.seed),
        "time": lambda: business_time.run(
            business_time.QUICK if given.quick else business_time.FULL, given.seed
        ),
        "night": lambda: night.run(night.QUICK if given.quick else night.FULL, given.seed),
        "backtest": lambda: backtest.run(
            backtest.QUICK if given.quick else backtest.FULL, given.seed
        ),
    }
    header = machine(given.seed)
    print(header, end="\n\n")
    sections = []
    for name, run in parts.items():
        if given.only in (None, name):
            sections.append(run())
            print(plain(sections[-1]), flush=True)
    taken = time.monotonic() - begun
    facts = (
        f"{taken / 60:.0f} minutes, at most {memory():,.0f} MB of memory; processes on the machine "
        f"over 1 and 15 minutes: {at_first} at the beginning, {load()} at the end"
    )
    print(facts)
    if given.only is None and not given.quick:
        DOCUMENT.write_text(document(header, facts, sections), encoding="utf-8")
        print(f"written: {DOCUMENT.name}")
    return 0


def memory() -> float:
    """Most memory that the process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def document(header: str, facts: str, sections: "list[Section]") -> str:
    """The page of the documentation."""
    from efficiency_monitor.app import now
    from efficiency_monitor.time.instants import local_date

    from .measure import markdown

    parts = [INTRODUCTION, f"- {local_date(now(), 'UTC')} (UTC); {header}.", f"- {facts}.", NOISE]
    return "\n".join(parts) + "\n" + "\n".join(markdown(section) for section in sections)


if __name__ == "__main__":
    raise SystemExit(main())
