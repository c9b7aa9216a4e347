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


def alternate(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int, warm: bool = True
) -> dict[str, float]:
    """Median seconds of each contender; every round runs each of them once, one after the other.

    What disturbs the machine then disturbs all of them. `warm` runs each once beforehand.
    """
    if warm:
        for run in contenders.values():
            run()
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            begun = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


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
    """One line of the report: what took how long, its ratio, and the aim if there is one."""

    what: str
    seconds: float | None = None
    #: Said instead of the seconds.
    note: str = ""
    #: How many times the base of its section, and in which direction: "slower" or "faster".
    ratio: float | None = None
    #: Bound of the ratio: at least, where faster is meant, else at most.
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.ratio is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or self.ratio >= self.least) and (
            self.most is None or self.ratio <= self.most
        )

    def cells(self) -> tuple[str, str, str, str]:
        """The line as texts: what, time, ratio, aim."""
        aim = ""
        if self.met is not None:
            bound = f"≥ {self.least:g} ×" if self.least is not None else f"≤ {self.most:g} ×"
            aim = f"{bound}, {'met' if self.met else 'missed'}"
        taken = self.note if self.seconds is None else duration(self.seconds)
        return self.what, taken, "" if self.ratio is None else times(self.ratio), aim


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
    return f"{taken * 1e6:.1f} µs"


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


def plain(section: Section) -> str:
    """A section for the terminal."""
    rows = [figure.cells() for figure in section.figures]
    width = max((len(row[0]) for row in rows), default=0)
    lines = [section.title, ""]
    lines += [
        f"  {what:<{width}}  {taken:>12}  {ratio:>11}  {aim}".rstrip()
        for what, taken, ratio, aim in rows
    ]
    lines += [""] + [f"  {remark}" for remark in section.remarks]
    return "\n".join(lines).rstrip() + "\n"


def markdown(section: Section) -> str:
    """A section for the documentation."""
    lines = [
        f"## {section.title}",
        "",
        section.said,
        "",
        "| what | time | ratio | aim |",
        "|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(figure.cells()) + " |" for figure in section.figures]
    if section.remarks:
        lines += ["", *(f"- {remark}" for remark in section.remarks)]
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
