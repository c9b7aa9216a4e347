"""How it is measured: alternated rounds, medians, ratios within one run, and the report."""

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

PACKAGES = ("numba", "numpy", "polars", "chinesecalendar", "businesstimedelta", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds that one contender took: the median of its rounds, and the best of them."""

    median: float
    best: float

    def per(self, number: int) -> "Taken":
        """The same for one of `number` things done in each round."""
        return Taken(self.median / number, self.best / number)


def alternate(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int, warm: bool = True
) -> dict[str, Taken]:
    """Time contenders; every round runs each of them once, one after the other.

    What disturbs the machine then disturbs all of them. `warm` runs each once beforehand.
    """
    if warm:
        for run in contenders.values():
            run()
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            taken[name].append(seconds(run))
    return {name: Taken(statistics.median(own), min(own)) for name, own in taken.items()}


def seconds(run: Callable[[], object]) -> float:
    """Seconds of a single run."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


class Phases:
    """Adds up where the time of one run goes, by the functions of the product that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside: list[str] = []

    @contextmanager
    def watching(self, places: Sequence[tuple[Any, str, str]]) -> Iterator[None]:
        """Time every call of `owner.name` under its phase while the context lasts.

        A phase called from inside another one counts for the outer alone.
        """
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
        for owner, name, phase in places:
            setattr(owner, name, self._timed(getattr(owner, name), phase))
        try:
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any], phase: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside.append(phase)
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._inside.pop()
                spent = time.perf_counter() - begun
                self.seconds[phase] = self.seconds.get(phase, 0.0) + spent

        return timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report: what took how long, and how that compares with a base."""

    what: str
    taken: Taken | None = None
    #: Said instead of the time.
    note: str = ""
    base: Taken | None = None
    #: Say how many times the base's time it took, not how many times faster it was.
    of_base: bool = False
    #: The aim: a bound of the ratio of the medians.
    least: float | None = None
    most: float | None = None

    def cells(self) -> tuple[str, str, str, str, str]:
        """The line as texts: what, time, ratio of medians, ratio of the best rounds, aim."""
        if self.taken is None:
            return self.what, self.note, "", "", ""
        time_ = duration(self.taken.median)
        if self.base is None:
            return self.what, time_, "", "", ""
        ratio = self._ratio(self.base.median, self.taken.median)
        best = self._ratio(self.base.best, self.taken.best)
        aim = ""
        if self.least is not None:
            aim = f"≥ {self.least:g} ×, {'met' if ratio >= self.least else 'missed'}"
        elif self.most is not None:
            aim = f"≤ {self.most:g} ×, {'met' if ratio <= self.most else 'missed'}"
        return self.what, time_, self._said(ratio), self._said(best), aim

    def _ratio(self, base: float, own: float) -> float:
        # As it is printed, so that an aim is never missed by a digit that nobody sees.
        return float(f"{own / base if self.of_base else base / own:.3g}")

    def _said(self, ratio: float) -> str:
        if self.of_base:
            return f"{times(ratio)} the base"
        return f"{times(ratio)} faster" if ratio >= 1 else f"{times(1 / ratio)} slower"


@dataclass(slots=True)
class Section:
    """One part of the report."""

    title: str
    said: str
    figures: list[Figure] = field(default_factory=list)
    #: Remarks under the table.
    remarks: list[str] = field(default_factory=list)


def duration(taken: float) -> str:
    """Seconds as people read them."""
    if taken >= 1:
        return f"{taken:.2f} s"
    if taken >= 0.001:
        return f"{taken * 1000:.1f} ms"
    return f"{taken * 1e6:.1f} µs" if taken >= 1e-6 else f"{taken * 1e9:.1f} ns"


def times(ratio: float) -> str:
    """A ratio with three significant digits."""
    if ratio >= 1000:
        return f"{float(f'{ratio:.2g}'):,.0f} ×"
    return f"{ratio:.3g} ×"


def machine(seed: int) -> str:
    """The machine and the versions that the figures were taken with, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, {versions}, seed {seed}"
    )


def load() -> str:
    """How busy the machine is, as the mean number of processes over one and fifteen minutes."""
    one, _, fifteen = os.getloadavg()
    return f"{one:.1f} and {fifteen:.1f}"


HEADINGS = ("", "median", "ratio", "of the best rounds", "aim")


def plain(section: Section) -> str:
    """A section for the terminal."""
    rows = [HEADINGS, *(figure.cells() for figure in section.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [section.title, ""]
    for row in rows:
        cells = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    lines += ["", *(f"  {remark}" for remark in section.remarks)]
    return "\n".join(lines).rstrip() + "\n"


def markdown(section: Section) -> str:
    """A section for the documentation."""
    rule = ("---",) * len(HEADINGS)
    rows = [HEADINGS, rule, *(figure.cells() for figure in section.figures)]
    lines = [f"## {section.title}", "", section.said, ""]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    if section.remarks:
        lines += ["", *(f"- {remark}" for remark in section.remarks)]
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
