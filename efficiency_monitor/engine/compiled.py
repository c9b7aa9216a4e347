"""The kernel compiled by numba: for many cases at once (extra `fast`, see ADR 0004).

The kernel's files are loaded a second time, as modules of another package, with `numba.njit` in
the place of `kernel_function`. What comes out is the same as from `kernel.judge` on lists.
"""

import hashlib
import importlib
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..faults import ConfigurationError
from . import __path__ as _folder
from . import columns, compiling
from .business_time import Table, fits_compiled
from .columns import (
    MOST_LEVELS,
    MOST_LIMITS,
    ONCE,
    Conditions,
    Facts,
    Findings,
    Frame,
    Offences,
    Rules,
    Scratch,
    Work,
    column_type,
    scratch_size,
    work_size,
)
from .compiling import compiling_with

#: The kernel's files, each after those that it imports.
SOURCES = (
    "clockwork",
    "counting",
    "levels",
    "pausing",
    "verdict",
    "kernel",
    "conduct_rows",
    "conduct_pauses",
    "conduct_measures",
    "conduct_late",
    "conduct_kernel",
)
#: Files that say how the kernel is compiled and where its columns lie.
_AROUND = ("business_time", "columns", "compiled", "compiling", "handles")
#: Findings that one thread writes before it hands them over; they stay in the cache.
CHUNK = 8_192


def available() -> bool:
    """Whether numba is installed (extra `fast`)."""
    return find_spec("numba") is not None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Findings of cases [lo, hi), as arrays of `count` entries (blocks per limit and level).

    Valid until the next chunk is asked for. `faults` is as `kernel.judge` writes it, for these
    cases.
    """

    lo: int
    hi: int
    count: int
    findings: Findings
    faults: Any


@dataclass(slots=True)
class _Desk:
    """What one judge writes on: findings, and scratch space of some size."""

    out: Any
    work: Any = None
    size: int = 0


def judge_compiled(
    table: Table, rules: Rules, applies: Any, frame: Frame, as_of: int, *, threads: int = 2
) -> Iterator[Chunk]:
    """Judge the cases of a frame by every rule, in order, on several threads in bounded memory.

    The arguments are those of `kernel.judge`, as lists or as arrays, and are trusted: compiled
    code does not look whether an index lies inside a column. ConfigurationError without the extra
    `fast`; ValueError where the calendar's days have no common multiple that 64 bits hold.
    """
    if not available():
        raise ConfigurationError(
            "the compiled kernel needs numba", "install the extra fast (deploy/README.md)"
        )
    import numpy

    if not fits_compiled(table):
        raise ValueError("the lengths of the calendar's days have no small common multiple")
    judge = _twin("kernel").judge
    from .handles import Handle

    table, rules, frame = as_arrays(table), as_arrays(rules), as_arrays(frame)
    meant = numpy.ascontiguousarray(applies, dtype=numpy.uint8)
    spans = list(_spans(frame, rules.rules, rules.episodes))
    faults: Any = numpy.zeros(frame.cases, dtype=numpy.int32)
    room = max((size for _, _, size in spans), default=0)
    given = [Handle(columns) for columns in (table, rules, frame)]

    def run(lo: int, hi: int, desk: _Desk) -> Chunk:
        size = work_size(int(numpy.diff(frame.first[lo : hi + 1]).max()), rules.types)
        if size > desk.size:
            desk.size, desk.work = size, Handle(_scratch(size))
        out = desk.out
        count = judge(given[0], given[1], meant, given[2], lo, hi, as_of, out, desk.work, faults)
        return Chunk(lo, hi, count, _cut(out.columns, count), faults[lo:hi])

    yield from _in_turn(
        run, [(lo, hi) for lo, hi, _ in spans], lambda: _Desk(Handle(_blank(room))), threads
    )


def _in_turn(
    run: Callable[[int, int, Any], Any],
    spans: Sequence[tuple[int, int]],
    desk: Callable[[], Any],
    threads: int,
) -> Iterator[Any]:
    """What `run` makes of each span, in order, on several threads that share a few desks."""
    free = [desk() for _ in range(threads + 1)]
    waiting: deque[Any] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for lo, hi in spans:
            if not free:
                done, taken = waiting.popleft()
                yield done.result()
                free.append(taken)
            own = free.pop()
            waiting.append((pool.submit(run, lo, hi, own), own))
        for done, _ in waiting:
            yield done.result()


@dataclass(frozen=True, slots=True)
class ConductChunk:
    """Rows of cases [lo, hi), as arrays of `count` entries (blocks per level).

    Valid until the next chunk is asked for.
    """

    lo: int
    hi: int
    count: int
    offences: Offences


def judge_conduct_compiled(
    table: Table,
    conditions: Conditions,
    applies: Any,
    frame: Frame,
    facts: Facts,
    faults: Any,
    clocks: Rules,
    as_of: int,
    *,
    threads: int = 2,
) -> Iterator[ConductChunk]:
    """Judge the cases of a frame by every condition, as `judge_compiled` does by every clock.

    The arguments are those of `conduct_kernel.judge_conduct`; `faults` are those of the clocks'
    chunks, `clocks` the rules that conditions borrow a due instant from. Raises as it
    does.
    """
    if not available():
        raise ConfigurationError(
            "the compiled kernel needs numba", "install the extra fast (deploy/README.md)"
        )
    import numpy

    if not fits_compiled(table):
        raise ValueError("the lengths of the calendar's days have no small common multiple")
    judge = _twin("conduct_kernel").judge_conduct
    from .handles import Handle

    frame, facts = as_arrays(frame), as_arrays(facts)
    meant = numpy.ascontiguousarray(applies, dtype=numpy.uint8)
    broken = numpy.ascontiguousarray(faults, dtype=numpy.int32)
    given = [Handle(as_arrays(columns)) for columns in (table, conditions, clocks)]
    own = [Handle(columns) for columns in (frame, facts)]
    longest = int(numpy.diff(frame.first).max(initial=0))
    fields = len(facts.text) // max(1, facts.events) + 1
    stages = int(facts.stages.max(initial=0))
    room = scratch_size(longest, fields, stages, conditions.signatures)
    spans = [
        (lo, hi, 1 + conditions.conditions * int(frame.first[hi] - frame.first[lo]))
        for lo, hi, _ in _spans(frame, conditions.conditions, ())
    ]
    most = max((size for _, _, size in spans), default=0)

    def desk() -> tuple[Any, Any, Any]:
        """What one judge writes on."""
        blocks = [MOST_LEVELS if name.startswith("level_") else 1 for name in Offences._fields]
        out = Offences(
            *(
                numpy.empty(most * block, dtype=column_type(Offences, name))
                for name, block in zip(Offences._fields, blocks, strict=True)
            )
        )
        scratch = Scratch(*(numpy.zeros(room, dtype=numpy.int64) for _ in Scratch._fields))
        lent = (_blank(longest + 1), _scratch(work_size(longest, clocks.types)))
        return Handle(out), Handle(scratch), (given[2], *map(Handle, lent))

    def run(lo: int, hi: int, taken: tuple[Any, Any, Any]) -> ConductChunk:
        out, scratch, lent = taken
        count = judge(
            given[0], given[1], meant, own[0], own[1], lo, hi, as_of, out, scratch, broken, lent
        )
        return ConductChunk(lo, hi, count, _cut(out.columns, count))

    yield from _in_turn(run, [(lo, hi) for lo, hi, _ in spans], desk, threads)


def as_arrays(value: Any) -> Any:
    """A named tuple of columns with numpy arrays in the place of lists."""
    import numpy

    def array(name: str, column: Any) -> Any:
        if isinstance(column, int):
            return column
        return numpy.ascontiguousarray(column, dtype=column_type(type(value), name))

    return type(value)(*map(array, value._fields, value))


def _spans(frame: Frame, rules: int, episodes: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Stretches of cases, and the most findings that each can have."""
    once = sum(1 for each in episodes if each == ONCE)
    other = rules - once
    lo = 0
    while lo < frame.cases:
        hi = min(frame.cases, lo + max(1, CHUNK // max(1, once + other)))
        yield lo, hi, once * (hi - lo) + other * int(frame.first[hi] - frame.first[lo])
        lo = hi


def _blank(size: int) -> Findings:
    import numpy

    def column(name: str) -> Any:
        blocks = 1
        if name.startswith("limit_"):
            blocks = MOST_LIMITS
        elif name.startswith("level_"):
            blocks = MOST_LEVELS
        return numpy.empty(size * blocks, dtype=column_type(Findings, name))

    return Findings(*map(column, Findings._fields))


def _scratch(size: int) -> Work:
    import numpy

    return Work(*(numpy.zeros(size, dtype=numpy.int64) for _ in Work._fields))


def _cut(out: Any, count: int) -> Any:
    def cut(name: str, column: Any) -> Any:
        if name.startswith("limit_"):
            return column[: count * MOST_LIMITS]
        if name.startswith("level_"):
            return column[: count * MOST_LEVELS]
        return column[:count]

    return type(out)(*map(cut, out._fields, out))


@cache
def _twin(name: str) -> Any:
    """The kernel's module of that name, compiled."""
    _load()
    return importlib.import_module(f"{__package__}.twin.{name}")


@cache
def _load() -> None:
    """Load the kernel's files a second time, as modules of another package."""
    import numba

    digest = hashlib.sha256()
    for name in (*SOURCES, *_AROUND):
        spec = find_spec(f"{__package__}.{name}")
        assert spec is not None
        digest.update(spec.loader.get_data(spec.origin))  # type: ignore[union-attr]
    version = digest.hexdigest()[:12]

    def compile_(function: Any, inlined: bool) -> Any:
        # numba keeps compiled code by name and by the function's own file only. What a function
        # calls is compiled into it, so the name has to speak for all of the files.
        function.__qualname__ = f"{function.__name__}_{version}"
        options = {"nogil": True, "error_model": "numpy", "forceinline": inlined}
        try:
            made = numba.njit(function, cache=True, **options)
        except RuntimeError:  # no folder to keep it in
            made = numba.njit(function, **options)
        template = made.get_call_template

        # Otherwise each constant argument would get a compilation of its own.
        def without_literals(args: Any, kws: Any) -> Any:
            return template(tuple(map(numba.types.unliteral, args)), kws)

        made.get_call_template = without_literals
        return made

    package = ModuleType(f"{__package__}.twin")
    package.__path__ = list(_folder)
    sys.modules[package.__name__] = package
    sys.modules[f"{package.__name__}.columns"] = columns
    sys.modules[f"{package.__name__}.compiling"] = compiling
    with compiling_with(compile_):
        for name in SOURCES:
            importlib.import_module(f"{package.__name__}.{name}")
