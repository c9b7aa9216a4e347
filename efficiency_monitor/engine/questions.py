"""Questions to a calendar: when is a limit due, how much has elapsed (`effmon calendar …`)."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from ..faults import NotCovered, brief
from ..time.amount import Amount, Threshold, Unit, check_cap
from .business_time import Table
from .clockwork import BEYOND, NEVER, day_of, mode_of, seconds_of
from .columns import AMOUNT, Work, work_size
from .counting import elapsed_until
from .levels import WHOLE, asks_status, level_at
from .pausing import capped, find_runs

UNIT_CODE = {unit: code for code, unit in enumerate(Unit)}
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Counting:
    """How a clock counts (docs/time.md, rules 6, 8 and 10)."""

    by_time: bool = False
    same: bool = False
    close: bool = False
    roll: bool = False


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """A pause [since, until), epoch seconds; `until` None while open; `cap` limits it.

    By docs/time.md, rule 12.
    """

    since: int
    until: int | None
    cap: Amount | None = None


def millionths(amount: Amount) -> int:
    """An amount in millionths of its unit."""
    return int(amount.value * MILLION)


def scratch(events: int) -> Work:
    """Scratch space for cases of at most this many events, as lists."""
    size = work_size(events, 0)
    columns: list[list[int]] = [[0] * size for _ in Work._fields]
    return Work(*columns)


#: Running intervals as `counting` takes them: from, to, how many.
Runs = tuple[list[int], list[int], int]


def _runs(table: Table, start: int, counting: Counting, pauses: list[PauseAsked]) -> Runs:
    work = scratch(len(pauses))
    count = 0
    for pause in sorted(pauses, key=lambda pause: pause.since):
        until = NEVER if pause.until is None else pause.until
        if until <= max(pause.since, start):
            continue
        if pause.cap is not None:
            check_cap(pause.cap)
            code = UNIT_CODE[pause.cap.unit]
            amount = millionths(pause.cap)
            until = capped(table, counting.close, pause.since, until, code, amount)
        work.pause_from[count], work.pause_to[count] = pause.since, until
        count += 1
    runs, _ = find_runs(start, count, work)
    return work.runs_from, work.runs_to, runs


def elapsed(
    table: Table, start: int, end: int, unit: Unit, *, counting: Counting, pauses: list[PauseAsked]
) -> Decimal:
    """Elapsed amount in `unit` (months: calendar days), at most 6 places, rounded down.

    By docs/time.md, rule 16.

    Raises NotCovered where the calendar does not cover what the unit asks.
    """
    runs = _runs(table, start, counting, pauses)
    code = UNIT_CODE[unit]
    mode = mode_of(code, counting.by_time)
    whole, part, of = elapsed_until(table, mode, counting.close, counting.same, runs, start, end)
    amount = amount_of(code, whole, part, of)
    if amount is None:
        raise NotCovered("a date between start and end is outside the calendar")
    return amount


def amount_of(code: int, whole: int, part: int, of: int) -> Decimal | None:
    """What `elapsed_until` found, in the unit of this code; None where it is not known."""
    if whole < 0:
        return None
    seconds = seconds_of(code)
    if seconds:
        whole, part, of = whole // seconds, whole % seconds, seconds
    return rounded_down(int(whole), int(part), int(of))


def rounded_down(whole: int, part: int, of: int) -> Decimal:
    """`whole + part / of` as a decimal of at most 6 places, rounded down.

    By docs/time.md, rule 16.
    """
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
        raise ValueError(f"no limit called {brief(at.limit)}: {brief(', '.join(limits))}")
    limit = limits[at.limit]
    at.check_unit(limit.unit)
    off = 0
    if at.offset is not None:
        off = millionths(at.offset) if at.later else -millionths(at.offset)
    instant = level_at(
        table,
        (counting.by_time, counting.same, counting.close, counting.roll),
        _runs(table, start, counting, pauses),
        start,
        (AMOUNT, UNIT_CODE[limit.unit], millionths(limit), NEVER, 0),
        0 if at.percent is None else int(at.percent * (WHOLE // 100)),
        UNIT_CODE[at.offset.unit] if at.offset else 0,
        off,
    )
    if instant == BEYOND:
        raise NotCovered("the instant lies outside what the calendar covers")
    return None if instant == NEVER else int(instant)


def rests_on_provisional(
    table: Table,
    start: int,
    limit: Amount,
    instant: int | None,
    *,
    counting: Counting,
    pauses: list[PauseAsked],
) -> bool:
    """Whether a limit's due instant rests on a date whose notice is not published.

    Not where the limit, and the caps of pauses before the instant, ask no date's status, and not
    where a pause withholds the instant.
    """
    if instant is None or not provisional_between(table, start, instant):
        return False
    clock = (counting.by_time, counting.same, counting.close, counting.roll)
    if asks_status(clock, UNIT_CODE[limit.unit], 1):
        return True
    caps = [pause.cap for pause in pauses if pause.cap is not None and pause.since < instant]
    return any(asks_status((0, 0, counting.close, 0), UNIT_CODE[cap.unit], 0) for cap in caps)


def provisional_between(table: Table, start: int, instant: int) -> bool:
    """Whether a date from that of `start` to that of `instant` is provisional."""
    before = table.provisional_before
    return bool(before[day_of(table, instant) + 1] > before[day_of(table, start)])


def due(
    table: Table, start: int, limit: Amount, *, counting: Counting, pauses: list[PauseAsked]
) -> int | None:
    """Due instant of a limit; None while an open pause withholds it. Raises NotCovered."""
    return threshold(
        table, start, {"limit": limit}, Threshold("limit"), counting=counting, pauses=pauses
    )
