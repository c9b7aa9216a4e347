"""When a person may be disturbed: their hours 接收时间, and the first such instant from now on.

`09:00-12:00,14:00-17:30` are hours of their own on working days, `every 08:00-20:00` on every day,
`any` always; nothing said means the working hours of the workspace's calendar. Opening is inside,
closing is outside. A time that the clocks show twice counts both times.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from ...faults import brief

#: Pairs of opening and closing, in seconds after local midnight.
Spans = tuple[tuple[int, int], ...]

_DAY: Final = 86_400
#: Where the calendar says nothing: Monday to Friday, nine to five.
_WEEKDAYS: Final = range(5)
_OFFICE: Final[Spans] = ((9 * 3600, 17 * 3600),)
_ALWAYS: Final = frozenset({"any", "always", "随时"})
_EVERY: Final = re.compile(r"(?:every day|every|每天|每日)\s*")
_SPAN: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-~–—～至到]\s*([0-9]{1,2}):([0-9]{2})")
_SEPARATORS: Final = str.maketrans("、;", ",,")


class _Day(Protocol):
    @property
    def hours(self) -> Spans: ...


class WorkingDays(Protocol):
    """What is asked of a calendar."""

    def covers(self, day: date) -> bool:
        """Whether it answers for this date."""
        ...

    def day(self, day: date) -> _Day:
        """Its working hours, none on a day without work."""
        ...


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a person; no spans: those of the calendar."""

    spans: Spans = ()
    #: Also on days off.
    every_day: bool = False
    always: bool = False

    def __str__(self) -> str:
        if self.always:
            return "any"
        spans = ",".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in self.spans)
        return f"every {spans}" if self.every_day else spans


@lru_cache(maxsize=1024)
def read_hours(text: str) -> Hours:
    """Hours as people write them, full-width signs and Chinese words too; ValueError otherwise."""
    given = unicodedata.normalize("NFKC", text).translate(_SEPARATORS).strip().lower()
    if not given:
        return Hours()
    if given in _ALWAYS:
        return Hours(always=True)
    every = _EVERY.match(given)
    parts = [part.strip() for part in given[every.end() if every else 0 :].split(",")]
    spans = tuple(_span(part, text) for part in parts)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError(
            f"{brief(text)}: write the hours in order, the next not before the end of the last"
        )
    return Hours(spans, every_day=every is not None)


def next_open(calendar: WorkingDays, hours: Hours, at: int, zone: str) -> int:
    """The first instant from `at` on (epoch seconds) when the person may be disturbed.

    Dates and times of day are those of `zone`. For dates that the calendar does not cover, Monday
    to Friday are taken for working days, from 09:00 to 17:00: nothing may wait for ever because a
    calendar has ended.
    """
    if hours.always:
        return at
    local = ZoneInfo(zone)
    day = datetime.fromtimestamp(at, local).date()
    while True:
        found = _on(day, spans_of(calendar, hours, day), at, local)
        if found is not None:
            return found
        day += timedelta(days=1)


def spans_of(calendar: WorkingDays, hours: Hours, day: date) -> Spans:
    """When on a date a person with these hours may be disturbed."""
    if hours.always:
        return ((0, _DAY),)
    if hours.every_day:
        return hours.spans
    if calendar.covers(day):
        worked = calendar.day(day).hours
    else:
        worked = _OFFICE if day.weekday() in _WEEKDAYS else ()
    return (hours.spans or worked) if worked else ()


def _on(day: date, spans: Spans, at: int, zone: ZoneInfo) -> int | None:
    """The first instant from `at` on within the spans of a date; None where there is none left."""
    if not spans:
        return None
    first, after = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    if after - first == _DAY:
        left = [first + opens for opens, closes in spans if first + closes > at]
        return max(left[0], at) if left else None
    # The clocks are put forward or back on this date: ask each minute what they show.
    for instant in chain((at,), range(max(at - at % 60 + 60, first), after, 60)):
        shown = datetime.fromtimestamp(instant, zone)
        seconds = shown.hour * 3600 + shown.minute * 60 + shown.second
        if shown.date() == day and any(opens <= seconds < closes for opens, closes in spans):
            return instant
    return None


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _span(part: str, text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(part)
    if not found:
        raise ValueError(
            f"{brief(text)} are no hours: write '09:00-12:00,14:00-17:30', "
            "'every 08:00-20:00' or 'any'"
        )
    opens, closes = (
        int(found[hour]) * 3600 + int(found[hour + 1]) * 60
        if int(found[hour + 1]) < 60 and int(found[hour]) < 25
        else _DAY + 1
        for hour in (1, 3)
    )
    if not opens < closes <= _DAY:
        raise ValueError(
            f"{brief(text)}: {brief(part)} does not end after it begins, within one day"
        )
    return opens, closes


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
