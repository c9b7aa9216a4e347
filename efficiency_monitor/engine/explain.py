"""Why a clock stands where it stands: each date counted or not, and the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ..faults import NotCovered
from ..time.amount import Unit
from ..time.calendar import Day, DayKind
from .clockwork import (
    CALENDAR_DAYS,
    WORK_DAYS,
    counting_from,
    day_of,
    end_of_day,
    measure,
    mode_of,
    seconds_of,
)
from .episode_timeline import PauseFound, Walk
from .questions import UNIT_CODE, rounded_down


class Why(StrEnum):
    """Why a date counts or not."""

    WORKING_DAY = "working_day"
    MAKE_UP = "make_up"
    CALENDAR_DAY = "calendar_day"
    START_DAY = "start_day"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    PAUSED = "paused"
    AFTER_CLOSING = "after_closing"
    UNDER_WAY = "under_way"
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One date of a clock: how much of it counted, in the clock's unit, and why.

    `counted` is in days for day units, else in the unit itself; `name` and `notice` say which
    holiday or make-up day rests on which notice (its number); `pause` names the pause.
    """

    day: date
    counted: Decimal
    why: Why
    name: str | None = None
    notice: str | None = None
    provisional: bool = False
    pause: PauseFound | None = None


def day_lines(walk: Walk, until: int) -> Iterator[DayLine]:
    """Each local date from the start's to that of `until` (epoch seconds), in order.

    In a clock that counts days the amounts add up to the elapsed time: each counted date is 1,
    and of the dates since then the one of which most was reached has its share (docs/time.md 7).
    """
    clock = walk.bound.rule.counted
    table = walk.compiled.table
    code = UNIT_CODE[clock.count]
    mode = mode_of(code, clock.resolution == "time")
    since = counting_from(table, mode, clock.first_day == "same", walk.start_at)
    by_day = mode in (WORK_DAYS, CALENDAR_DAYS)
    best = walk.best_day(clock.count, until) if by_day else (-1, Decimal(0))
    for number in range(day_of(table, walk.start_at), day_of(table, max(until, since - 1)) + 1):
        if table.day_start[number] > until:
            return
        if by_day:
            yield _counted(walk, number, since, until, best)
        else:
            yield _measured(walk, number, since, until, mode)


def _known(walk: Walk, number: int) -> tuple[date, Day | None]:
    """A date and what the calendar says of it, None where it says nothing."""
    day = date.fromordinal(walk.compiled.table.ordinal + number)
    try:
        return day, walk.compiled.calendar.day(day)
    except NotCovered:
        return day, None


def _counted(walk: Walk, number: int, since: int, until: int, best: tuple[int, Decimal]) -> DayLine:
    """A date of a clock that counts days."""
    table = walk.compiled.table
    clock = walk.bound.rule.counted
    day, known = _known(walk, number)
    off = _not_counting(walk, day, known, number, since)
    if off is not None:
        return off
    share = best[1] if number == best[0] else Decimal(0)
    end = end_of_day(table, number, clock.ends == "close")
    if until < end:
        pause = _pause_at(walk, until)
        why = Why.PAUSED if pause is not None else Why.UNDER_WAY
        return _said(walk, day, known, share, why, pause)
    pause = _pause_at(walk, end - 1)
    if pause is not None:
        return _said(walk, day, known, share, Why.PAUSED, pause)
    if end - 1 < since:
        return _said(walk, day, known, Decimal(0), Why.AFTER_CLOSING)
    return _said(walk, day, known, Decimal(1), _working(clock.count, known))


def _not_counting(
    walk: Walk, day: date, known: Day | None, number: int, since: int
) -> DayLine | None:
    """The line of a date that cannot count whatever happens on it."""
    if walk.compiled.table.day_start[number + 1] <= since:
        return _said(walk, day, known, Decimal(0), Why.START_DAY)
    if not walk.bound.rule.counted.count.working:
        return None
    if known is None:
        return _said(walk, day, known, Decimal(0), Why.NOT_COVERED)
    if not known.kind.working:
        why = Why.DAY_OFF if known.kind is DayKind.DAY_OFF else Why.WEEKEND
        return _said(walk, day, known, Decimal(0), why)
    return None


def _working(unit: Unit, known: Day | None) -> Why:
    if not unit.working:
        return Why.CALENDAR_DAY
    return Why.MAKE_UP if known is not None and known.kind is DayKind.MAKE_UP else Why.WORKING_DAY


def _measured(walk: Walk, number: int, since: int, until: int, mode: int) -> DayLine:
    """A date of a clock that counts hours, or shares of days."""
    table = walk.compiled.table
    close = walk.bound.rule.counted.ends == "close"
    day, known = _known(walk, number)
    off = _not_counting(walk, day, known, number, since)
    if off is not None:
        return off
    begin = max(table.day_start[number], since)
    end = min(table.day_start[number + 1], until)
    total = 0
    for run_from, run_to in walk.running():
        a, b = max(run_from, begin), end if run_to is None else min(run_to, end)
        if b > a:
            total += measure(table, mode, close, b) - measure(table, mode, close, a)
    unit = walk.bound.rule.counted.count
    per = seconds_of(UNIT_CODE[unit]) or (table.work_scale if unit.working else table.day_scale)
    counted = rounded_down(total // per, total % per, per)
    pause = _pause_at(walk, max(end - 1, begin)) if not total else None
    why = Why.PAUSED if pause is not None else _working(unit, known)
    return _said(walk, day, known, counted, why, pause)


def _pause_at(walk: Walk, instant: int) -> PauseFound | None:
    for pause in walk.pauses:
        if pause.since <= instant and (pause.until is None or instant < pause.until):
            return pause
    return None


def _said(
    walk: Walk,
    day: date,
    known: Day | None,
    counted: Decimal,
    why: Why,
    pause: PauseFound | None = None,
) -> DayLine:
    notice = None
    if known is not None and known.notice is not None:
        notice = walk.compiled.calendar.notices[known.notice].number
    return DayLine(
        day=day,
        counted=counted,
        why=why,
        name=known.name if known is not None else None,
        notice=notice,
        provisional=known.provisional if known is not None else False,
        pause=pause,
    )
