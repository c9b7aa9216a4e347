"""A working calendar 工作日历 as a value: each date's hours, kind, notice, and what it covers.

A calendar answers for the dates it covers and refuses every other (docs/time.md, rule 3).
`build` makes one from a file and, for a region, the calendar that the file extends.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from ..faults import NotCovered
from ..located_error import Loc, LocatedError
from .calendar_file import (
    WEEKDAYS,
    CalendarFile,
    DayOff,
    Intervals,
    NoticeEntry,
    Season,
    Span,
    Title,
    WorkingDay,
    intervals_of,
)

__all__ = ["Calendar", "CalendarFile", "Day", "DayKind", "Notice", "build"]

#: Hours of the seven weekdays, Monday first.
_WeekHours = tuple[Intervals, ...]
_CLOSED: _WeekHours = ((),) * 7
_SLOTS = 366
#: Place of the first of each month in a leap year, so that 29 February has a place of its own.
_MONTH_SLOT = (0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)


class DayKind(StrEnum):
    """Why a date is worked or not."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    MAKE_UP = "make_up"

    @property
    def working(self) -> bool:
        """Whether work is done on such a day."""
        return self in (DayKind.WEEKDAY, DayKind.MAKE_UP)


@dataclass(frozen=True, slots=True)
class Day:
    """One date of a calendar.

    `hours` are pairs of opening and closing in seconds after local midnight, in order, none on a
    day without work. `notice` is the key in `Calendar.notices` of the notice that sets the date.
    On a provisional day no yellow or red card may rest (docs/time.md, rule 4).
    """

    kind: DayKind
    hours: Intervals
    name: str | None = None
    notice: str | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What a calendar rests on. `covers` are the dates it speaks for, where that is known."""

    number: str
    published: date | None
    source: str
    provisional: bool
    covers: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A date that a notice sets; `hours` is None where the week's hours apply."""

    working: bool
    hours: Intervals | None
    name: str | None
    notice: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """A validated calendar; made by `build` only.

    `version` is the SHA-256 (64 hex digits) of the resolved content: comments, titles and the
    spelling of the file do not change it, every date's hours, kind, name and notice do.
    """

    id: str
    zone: str
    first: date
    last: date
    title: Title | None
    notices: Mapping[str, Notice]
    version: str
    _weeks: tuple[_WeekHours, ...] = field(repr=False)
    _entries: Mapping[date, _Entry] = field(repr=False)
    _provisional: tuple[Span, ...] = field(repr=False)
    _known: dict[date, Day] = field(default_factory=dict, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.version)

    def covers(self, day: date) -> bool:
        """Whether the calendar answers for this date."""
        return self.first <= day <= self.last

    def day(self, day: date) -> Day:
        """Kind, hours and notice of a date; NotCovered outside of what the calendar covers."""
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._resolved(day)
        return found

    def _resolved(self, day: date) -> Day:
        if not self.covers(day):
            raise NotCovered(
                f"{self.id}: {day} is outside {self.first}..{self.last}",
                "add the notice for that year to the calendar file and extend its 'covers'",
            )
        entry = self._entries.get(day)
        week = self._weeks[_MONTH_SLOT[day.month] + day.day - 1]
        provisional = any(day in span for span in self._provisional)
        if entry is None:
            hours = week[day.weekday()]
            return Day(
                DayKind.WEEKDAY if hours else DayKind.WEEKEND, hours, None, None, provisional
            )
        provisional = provisional or self.notices[entry.notice].provisional
        if not entry.working:
            return Day(DayKind.DAY_OFF, (), entry.name, entry.notice, provisional)
        hours = entry.hours if entry.hours is not None else _first_hours(week)
        return Day(DayKind.MAKE_UP, hours, entry.name, entry.notice, provisional)


def build(file: CalendarFile, parent: Calendar | None = None) -> Calendar:
    """The calendar that a file describes on top of the one it extends.

    LocatedError (a ValueError) names everything that cannot be right: dates both off and working,
    dates outside what the calendar covers, a notice that is not defined, a make-up day without
    hours, overlapping seasons, an unknown zone, a week without work.
    """
    faults: list[tuple[Loc, str]] = []
    zone = _zone(file, parent, faults)
    covers = _covers(file, parent, faults)
    if covers is None:
        raise LocatedError(faults)
    notices = _notices(file, parent)
    own = _own_entries(file, covers, notices, faults)
    inherited = parent._entries if parent else {}
    entries = {day: entry for day, entry in inherited.items() if day in covers}
    entries.update({day: entry for day, (entry, _) in own.items()})
    weeks = _weeks(file, parent, faults)
    if not any(hours for week in set(weeks) for hours in week):
        faults.append((("week",), "no day has working hours"))
    else:
        faults += _without_hours(entries, own, weeks)
    settled = {key: _spoken_for(key, notice, entries) for key, notice in notices.items()}
    faults += [
        (("notices", key), f"provisional notice {key} sets no date: say which dates it 'covers'")
        for key, notice in settled.items()
        if notice.provisional and not notice.covers
    ]
    if faults:
        raise LocatedError(faults)
    made = Calendar(
        id=file.id,
        zone=zone,
        first=covers.from_,
        last=covers.to,
        title=file.title or (parent.title if parent else None),
        notices=MappingProxyType(settled),
        version="",
        _weeks=weeks,
        _entries=MappingProxyType(dict(sorted(entries.items()))),
        _provisional=tuple(
            span for notice in settled.values() if notice.provisional for span in notice.covers
        ),
    )
    return replace(made, version=_digest(made), _known={})


def _zone(file: CalendarFile, parent: Calendar | None, faults: list[tuple[Loc, str]]) -> str:
    zone = file.zone or (parent.zone if parent else None)
    if zone is None:
        faults.append(((), "no zone: write the time zone, 'zone: Asia/Shanghai'"))
        return ""
    try:
        ZoneInfo(zone)
    except (ValueError, LookupError, OSError):
        faults.append((("zone",), f"unknown time zone {zone!r}"))
    return zone


def _covers(
    file: CalendarFile, parent: Calendar | None, faults: list[tuple[Loc, str]]
) -> Span | None:
    if file.covers is None:
        if parent is None:
            faults.append(((), "no 'covers': write the dates that the calendar answers for"))
            return None
        return Span(**{"from": parent.first, "to": parent.last})
    if parent and not (parent.covers(file.covers.from_) and parent.covers(file.covers.to)):
        faults.append(
            (
                ("covers",),
                f"reaches beyond {parent.id}, which covers {parent.first}..{parent.last}",
            )
        )
    return file.covers


def _notices(file: CalendarFile, parent: Calendar | None) -> dict[str, Notice]:
    return {
        **(parent.notices if parent else {}),
        **{k: _notice(n) for k, n in file.notices.items()},
    }


def _notice(entry: NoticeEntry) -> Notice:
    return Notice(
        number=entry.number,
        published=entry.published,
        source=entry.source,
        provisional=entry.status == "provisional",
        covers=(entry.covers,) if entry.covers else (),
    )


def _spoken_for(key: str, notice: Notice, entries: Mapping[date, _Entry]) -> Notice:
    """A provisional notice that does not say so speaks for the whole years it sets dates in."""
    if not notice.provisional or notice.covers:
        return notice
    years = sorted({day.year for day, entry in entries.items() if entry.notice == key})
    spans = (Span(**{"from": date(year, 1, 1), "to": date(year, 12, 31)}) for year in years)
    return replace(notice, covers=tuple(spans))


def _own_entries(
    file: CalendarFile,
    covers: Span,
    notices: Mapping[str, Notice],
    faults: list[tuple[Loc, str]],
) -> dict[date, tuple[_Entry, Loc]]:
    """The dates that the file itself sets, each with its path in the file."""
    made: dict[date, tuple[_Entry, Loc]] = {}
    for loc, item in _listed(file):
        day = item.date
        if day not in covers:
            faults.append(((*loc, "date"), f"{day} is outside covers {covers.from_}..{covers.to}"))
        if day in made:
            before = made[day][1]
            same = before[0] == loc[0]
            what = "is listed twice" if same else "is both a day off and a working day"
            faults.append(((*loc, "date"), f"{day} {what}"))
        notice = notices.get(item.notice)
        if notice is None:
            known = ", ".join(notices) or "none"
            faults.append(
                ((*loc, "notice"), f"no notice {item.notice!r} is defined; defined: {known}")
            )
        elif notice.covers and not any(day in span for span in notice.covers):
            faults.append(((*loc, "notice"), f"notice {item.notice} does not cover {day}"))
        working = isinstance(item, WorkingDay)
        hours = item.hours if isinstance(item, WorkingDay) else ()
        intervals = None if hours is None else intervals_of(hours)
        made[day] = (_Entry(working, intervals, item.name, item.notice), loc)
    return made


def _listed(file: CalendarFile) -> Iterable[tuple[Loc, DayOff | WorkingDay]]:
    for index, off in enumerate(file.days_off):
        yield ("days_off", index), off
    for index, working in enumerate(file.working_days):
        yield ("working_days", index), working


def _weeks(
    file: CalendarFile, parent: Calendar | None, faults: list[tuple[Loc, str]]
) -> tuple[_WeekHours, ...]:
    """Hours of the week for each of the 366 month-days.

    The file's week replaces the weekdays it names in all of its parent's seasons; its own
    seasons come on top.
    """
    base = dict(file.week.named())
    parents = parent._weeks if parent else (_CLOSED,) * _SLOTS
    made = [_with(week, base) for week in parents]
    taken: dict[tuple[int, int], int] = {}
    for number, season in enumerate(file.seasons):
        named = dict(season.week.named())
        clash = _clash(number, season, named, taken)
        if clash is not None:
            faults.append((("seasons", number), f"overlaps the season from {_from(file, clash)}"))
        for slot in season.slots():
            made[slot] = _with(made[slot], named)
    return tuple(made)


def _from(file: CalendarFile, number: int) -> str:
    season = file.seasons[number]
    return f"{season.from_} to {season.to}"


def _clash(
    number: int,
    season: Season,
    named: Mapping[int, Intervals],
    taken: dict[tuple[int, int], int],
) -> int | None:
    """The earlier season that gives hours to one of the same days, if any."""
    clash = None
    for slot in season.slots():
        for weekday in named:
            earlier = taken.setdefault((slot, weekday), number)
            clash = earlier if earlier != number and clash is None else clash
    return clash


def _with(week: _WeekHours, named: Mapping[int, Intervals]) -> _WeekHours:
    return tuple(named.get(number, hours) for number, hours in enumerate(week)) if named else week


def _first_hours(week: _WeekHours) -> Intervals:
    """Hours of the first weekday that has any (docs/time.md, rule 19); none if no weekday has."""
    return next((hours for hours in week if hours), ())


def _without_hours(
    entries: Mapping[date, _Entry],
    own: Mapping[date, tuple[_Entry, Loc]],
    weeks: Sequence[_WeekHours],
) -> Iterable[tuple[Loc, str]]:
    for day, entry in entries.items():
        week = weeks[_MONTH_SLOT[day.month] + day.day - 1]
        hours = entry.hours if entry.hours is not None else _first_hours(week)
        if entry.working and not hours:
            loc = own[day][1] if day in own else ("week",)
            yield loc, f"make-up day {day} has no hours"


def _digest(calendar: Calendar) -> str:
    """SHA-256 of the resolved content in canonical JSON."""
    changes = [0, *(b for a, b in pairwise(range(_SLOTS)) if _differ(calendar._weeks, a, b))]
    content = {
        "id": calendar.id,
        "zone": calendar.zone,
        "covers": [calendar.first.isoformat(), calendar.last.isoformat()],
        "weeks": [
            [slot, dict(zip(WEEKDAYS, calendar._weeks[slot], strict=True))] for slot in changes
        ],
        "days": [
            [day.isoformat(), entry.working, entry.hours, entry.name, entry.notice]
            for day, entry in calendar._entries.items()
        ],
        "notices": {
            key: [
                notice.number,
                notice.published.isoformat() if notice.published else None,
                notice.source,
                notice.provisional,
                [[span.from_.isoformat(), span.to.isoformat()] for span in notice.covers],
            ]
            for key, notice in calendar.notices.items()
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _differ(weeks: Sequence[_WeekHours], a: int, b: int) -> bool:
    return weeks[a] is not weeks[b] and weeks[a] != weeks[b]
