"""Limits of a rule: where they come from, and the instants of the points on them.

See docs/time.md 13, 17.
"""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from .calendars import OracleCalendar, OutsideCalendar
from .clock import point_on_limit, walked
from .counting import NEVER, Clock, counted, reached
from .timeline import Event, Rule
from .words import SECONDS, Amount, Threshold, parse_amount, parse_instant


@dataclass(frozen=True)
class Limit:
    """An amount, or a due instant or date that somebody stated.

    `moved` by pauses, if the rule says so and there is something to move: a due instant that lies
    before the start stays where it is.
    """

    amount: Amount | None = None
    stated: int | date | None = None
    moved: bool = False


def find_limit(
    sources: Any, case: dict[str, str], start: Event, cal: OracleCalendar
) -> Limit | str:
    """The first that the case or its start event has; else why there is none."""
    for source in [sources] if isinstance(sources, dict) else sources:
        where, name = next(
            (key, source[key]) for key in ("fixed", "case", "event") if source.get(key)
        )
        moved = bool(source.get("moved_by_pauses"))
        value = {"fixed": {name: name}, "case": case, "event": start}[where].get(name)
        if value is None or value == "":
            continue
        try:
            if where == "event" and name == "due_at":
                day_only = start.get("due_precision", "second") == "day"
                return Limit(stated=cal.local_date(value) if day_only else value, moved=moved)
            if name.endswith("_due") or name == "licence_expires":
                return Limit(stated=parse_instant(value, cal), moved=moved)
            return Limit(amount=parse_amount(value))
        except ValueError:
            return "bad_limit"
    return "no_limit"


def point(how: Clock, start: int, limit: Limit, extra: Fraction, at: Threshold) -> int | None:
    """The instant of a point on a limit that was extended by so much of its unit."""
    if limit.amount is not None:
        return point_on_limit(how, start, (limit.amount[0] + extra, limit.amount[1]), at)
    still = replace(how, stretches=(), unknown=NEVER, fault=None)
    assert limit.stated is not None
    stated = how.end_of(limit.stated) if isinstance(limit.stated, date) else limit.stated
    moved = is_moved(limit, start, how)
    if not moved:
        how = still

    def base(knowing: Clock) -> int | None:
        if not moved:
            return stated
        through = reached(knowing, start, share(Fraction(100)))
        return None if through is None else max(stated, through)

    def share(percent: Fraction) -> Amount:
        worked = counted(still, start, stated, "working_seconds")
        return worked * percent / 100, "working_seconds"

    if at.percent is not None:
        return reached(how, start, share(at.percent))
    if at.offset is None:
        return base(how)
    return walked(how, start, base, at.offset)


def is_moved(limit: Limit, start: int, how: Clock) -> bool:
    """Whether pauses move a stated due instant."""
    if limit.stated is None or not limit.moved:
        return False
    if isinstance(limit.stated, date):
        try:
            return how.end_of(limit.stated) > start
        except OutsideCalendar:
            return True
    return limit.stated > start


def units_used(limit: Limit, at: Threshold, *, moved: bool) -> list[tuple[str, bool]]:
    """Units in which the instant of a point is counted, and whether it may roll in them."""
    units = []
    if limit.amount is not None:
        units.append((limit.amount[1], at.percent is None))
    elif at.percent is not None or moved:
        units.append(("working_seconds", False))
    if at.offset is not None:
        units.append((at.offset[1], at.offset[0] > 0))
    return units


def finer_than_days(unit: str, clock: Rule) -> bool:
    """Whether a date without a time is too coarse for it."""
    return unit.split("_")[1] in SECONDS or clock.get("resolution", "day") == "time"


def asks_dates(unit: str, clock: Rule, *, rolls: bool) -> bool:
    """Whether counting in the unit asks the calendar for the status of dates (docs/time.md 3)."""
    kind, size = unit.split("_")
    if kind == "working":
        return True
    if size in SECONDS or clock.get("resolution", "day") == "time":
        return False
    return clock.get("ends", "midnight") == "close" or (
        rolls and clock.get("roll") == "next_working_day"
    )
