"""Questions to a calendar: when is a limit due, how much has elapsed (`effmon calendar …`)."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from .amount import Amount, Threshold, Unit
from .business_time import Table
from .clockwork import BEYOND, NEVER, elapsed_until, mode_of, seconds_of
from .columns import Work
from .faults import NotCovered
from .levels import WHOLE, level_at
from .pausing import capped, find_runs

UNIT_CODE = {unit: code for code, unit in enumerate(Unit)}
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Counting:
    """How a clock counts (TIME 8, 10, 12)."""

    by_time: bool = False
    same: bool = False
    close: bool = False
    roll: bool = False


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """A pause [since, until) in epoch seconds; `until` None while open; `cap` limits it (TIME 18)."""

    since: int
    until: int | None
    cap: Amount | None = None


def millionths(amount: Amount) -> int:
    """An amount in millionths of its unit."""
    return int(amount.value * MILLION)


def scratch(events: int) -> Work:
    """Scratch space for cases of at most this many events, as lists."""
    size = events + 2
    columns: list[list[int]] = [[0] * size for _ in Work._fields]
    return Work(*columns)


def _runs(
    table: Table, start: int, counting: Counting, pauses: list[PauseAsked]
) -> tuple[Work, int]:
    work = scratch(len(pauses))
    for k, pause in enumerate(sorted(pauses, key=lambda pause: pause.since)):
        until = NEVER if pause.until is None else pause.until
        if pause.cap is not None:
            check_cap(pause.cap)
            code = UNIT_CODE[pause.cap.unit]
            end = capped(table, counting.close, pause.since, code, millionths(pause.cap))
            until = end if until == NEVER else min(until, end)
        work.pause_from[k], work.pause_to[k] = pause.since, until
    runs, _ = find_runs(start, len(pauses), work)
    return work, runs


def check_cap(cap: Amount) -> None:
    """ValueError for a cap that has no meaning: parts of days, months (TIME 18)."""
    if cap.unit is Unit.CALENDAR_MONTHS:
        raise ValueError(f"a pause cannot be capped in months: {cap}")
    if not cap.unit.seconds and cap.value != int(cap.value):
        raise ValueError(f"a pause is capped in whole days: {cap}")


def elapsed(
    table: Table, start: int, end: int, unit: Unit, *, counting: Counting, pauses: list[PauseAsked]
) -> Decimal:
    """Elapsed amount in `unit` (months: calendar days), at most 6 places, rounded down (TIME 16).

    Raises NotCovered where the calendar does not cover what the unit asks.
    """
    work, runs = _runs(table, start, counting, pauses)
    code = UNIT_CODE[unit]
    mode = mode_of(code, counting.by_time)
    whole, part, of = elapsed_until(
        table, mode, counting.close, counting.same, work.runs_from, work.runs_to, runs, start, end
    )
    if whole < 0:
        raise NotCovered("a date between start and end is outside the calendar")
    if seconds_of(code):
        part, of, whole = whole % seconds_of(code), seconds_of(code), whole // seconds_of(code)
    return rounded_down(whole, part, of)


def rounded_down(whole: int, part: int, of: int) -> Decimal:
    """`whole + part / of` as a decimal of at most 6 places, rounded down (TIME 16)."""
    fraction = Decimal(part * MILLION // of) / MILLION
    return (Decimal(whole) + fraction).quantize(Decimal(1) / MILLION, rounding=ROUND_DOWN)


def threshold(
    table: Table,
    start: int,
    limits: dict[str, Amount],
    at: Threshold,
    *,
    counting: Counting,
    pauses: list[PauseAsked],
) -> int | None:
    """Instant of a threshold; None while an open pause withholds it. Raises NotCovered."""
    if at.limit not in limits:
        raise ValueError(f"no limit called {at.limit!r}: {', '.join(limits)}")
    limit = limits[at.limit]
    work, runs = _runs(table, start, counting, pauses)
    off = 0
    if at.offset is not None:
        off = millionths(at.offset) if at.later else -millionths(at.offset)
    instant = level_at(
        table,
        (counting.by_time, counting.same, counting.close),
        work,
        runs,
        start,
        (UNIT_CODE[limit.unit], millionths(limit), counting.roll),
        0 if at.percent is None else int(at.percent * (WHOLE // 100)),
        UNIT_CODE[at.offset.unit] if at.offset else 0,
        off,
    )
    if instant == BEYOND:
        raise NotCovered("the instant lies outside what the calendar covers")
    return None if instant == NEVER else int(instant)


def due(
    table: Table, start: int, limit: Amount, *, counting: Counting, pauses: list[PauseAsked]
) -> int | None:
    """Due instant of a limit; None while an open pause withholds it. Raises NotCovered."""
    return threshold(
        table, start, {"limit": limit}, Threshold("limit"), counting=counting, pauses=pauses
    )
