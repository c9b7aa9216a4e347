"""Calendar files as the oracle reads them: the status and the hours of each date (time.md 19)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)
#: How far before and after its coverage a calendar still knows where a date begins and ends.
REACH = (timedelta(days=400), timedelta(days=4000))
Hours = list[tuple[int, int]]


class OutsideCalendar(ValueError):
    """A date was asked that the calendar does not cover."""


class Status(NamedTuple):
    """What a calendar says of a date; hours in seconds of the wall clock since midnight."""

    working: bool
    hours: Hours
    #: `weekday`, `weekend`, `day_off` or `make_up` (every date listed under `working_days`).
    kind: str
    notice: str | None


class Bounds(NamedTuple):
    """First second of a local date and of the next, in UTC epoch seconds."""

    first: int
    next: int


@dataclass(frozen=True)
class OracleCalendar:
    """One calendar, `extends` already resolved."""

    id: str
    zone: ZoneInfo
    first: date
    last: date
    week: dict[str, Hours]
    #: From month-day, to month-day (both inclusive), hours of the weekdays that it names.
    seasons: list[tuple[str, str, dict[str, Hours]]]
    #: Date → notice.
    days_off: dict[date, str | None]
    #: Date → own hours or None, notice.
    working_days: dict[date, tuple[Hours | None, str | None]]
    notices: dict[str, dict[str, Any]]
    _bounds: dict[date, Bounds] = field(default_factory=dict, compare=False, repr=False)
    _spans: dict[date, list[tuple[int, int]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def covers(self, day: date) -> bool:
        """Whether the date may be asked."""
        return self.first <= day <= self.last

    def status(self, day: date) -> Status:
        """Whether it is a working day, its hours, why, and by which notice."""
        if not self.covers(day):
            raise OutsideCalendar(f"{self.id}: {day} is outside {self.first}..{self.last}")
        if day in self.days_off:
            return Status(False, [], "day_off", self.days_off[day])
        week = self._week_on(day)
        if day in self.working_days:
            own, notice = self.working_days[day]
            return Status(True, own or _first_weekday_with_hours(week), "make_up", notice)
        hours = week.get(WEEKDAYS[day.weekday()], [])
        return Status(bool(hours), hours, "weekday" if hours else "weekend", None)

    def provisional(self, day: date) -> bool:
        """Whether what is known of the date rests on a notice that is not published yet."""
        if day in self.days_off or day in self.working_days:
            own = self.days_off.get(day) or self.working_days.get(day, (None, None))[1]
            if self.notices.get(own or "", {}).get("status") == "provisional":
                return True
        for key, notice in self.notices.items():
            if notice.get("status") == "provisional":
                span = notice.get("covers")
                if span and _date(span["from"]) <= day <= _date(span["to"]):
                    return True
                if not span and day.year in self._years_of(key):
                    return True
        return False

    def _years_of(self, notice: str) -> set[int]:
        """The years in which a notice sets dates."""
        off = {day.year for day, own in self.days_off.items() if own == notice}
        return off | {day.year for day, (_, own) in self.working_days.items() if own == notice}

    def local_date(self, instant: int) -> date:
        """The date on the wall at an instant."""
        return datetime.fromtimestamp(instant, self.zone).date()

    def bounds(self, day: date) -> Bounds:
        """The local date as a stretch of UTC: 23, 24 or 25 hours. Asks no status."""
        if not self.first - REACH[0] <= day <= self.last + REACH[1]:
            raise OutsideCalendar(f"{self.id}: {day} is too far from {self.first}..{self.last}")
        if day not in self._bounds:
            self._bounds[day] = Bounds(self.at(day, 0), self.at(day + ONE_DAY, 0))
        return self._bounds[day]

    def spans(self, day: date) -> list[tuple[int, int]]:
        """The working hours of a date in UTC epoch seconds; none on a day off."""
        if day not in self._spans:
            spans: list[tuple[int, int]] = []
            for opens, shuts in self.status(day).hours:
                # Where the clocks jump forward hours may be moved into the next ones.
                first = max(self.at(day, opens), spans[-1][1] if spans else self.at(day, 0))
                if first < self.at(day, shuts):
                    spans.append((first, self.at(day, shuts)))
            self._spans[day] = spans
        return self._spans[day]

    def at(self, day: date, seconds: int) -> int:
        """A wall time as UTC epoch seconds; of one that occurs twice the first (docs/time.md 1)."""
        wall = datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds)
        return int(wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC).timestamp())

    def _week_on(self, day: date) -> dict[str, Hours]:
        week = dict(self.week)
        month_day = day.strftime("%m-%d")
        for begin, end, named in self.seasons:
            if begin <= end:
                inside = begin <= month_day <= end
            else:  # over new year
                inside = month_day >= begin or month_day <= end
            if inside:
                week.update(named)
        return week


def _first_weekday_with_hours(week: dict[str, Hours]) -> Hours:
    for name in WEEKDAYS:
        if week.get(name):
            return week[name]
    raise ValueError("a make-up day without any hours")


@lru_cache(maxsize=64)
def load(path: Path) -> OracleCalendar:
    """Read a calendar file; what it extends is looked for beside it. ValueError if it is wrong."""
    raw = _resolved(path)
    calendar = OracleCalendar(
        id=raw["id"],
        zone=ZoneInfo(raw["zone"]),
        first=_date(raw["covers"]["from"]),
        last=_date(raw["covers"]["to"]),
        week={day: _hours(hours) for day, hours in raw["week"].items()},
        seasons=[
            (s["from"], s["to"], {day: _hours(hours) for day, hours in s["week"].items()})
            for s in raw["seasons"]
        ],
        days_off={day: entry.get("notice") for day, entry in raw["days_off"].items()},
        working_days={
            day: (_hours(entry.get("hours") or []) or None, entry.get("notice"))
            for day, entry in raw["working_days"].items()
        },
        notices=raw["notices"],
    )
    for day in calendar.working_days:
        if calendar.covers(day):
            calendar.status(day)
    return calendar


def load_folder(folder: Path) -> dict[str, OracleCalendar]:
    """All calendars of a folder by their id."""
    found = (load(path) for path in sorted(folder.glob("*.yaml")))
    return {calendar.id: calendar for calendar in found}


def _resolved(path: Path) -> dict[str, Any]:
    """The file's content laid over that of its parent: single dates, weekdays, seasons, notices."""
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "extends" in raw:
        out = _resolved(_file_of(path.parent, raw["extends"]))
    else:
        out = {"week": {}, "seasons": [], "days_off": {}, "working_days": {}, "notices": {}}
    for key in ("id", "zone", "covers"):
        if key in raw:
            out[key] = raw[key]
    if "seasons" in raw:
        out["seasons"] = raw["seasons"]
    out["week"] = {**out["week"], **(raw.get("week") or {})}
    out["notices"] = {**out["notices"], **(raw.get("notices") or {})}
    off = {_date(entry["date"]): entry for entry in raw.get("days_off") or []}
    working = {_date(entry["date"]): entry for entry in raw.get("working_days") or []}
    if off.keys() & working.keys():
        raise ValueError(f"{path.name}: both off and working: {min(off.keys() & working.keys())}")
    own = off.keys() | working.keys()
    for name, entries in (("days_off", off), ("working_days", working)):
        inherited = {day: entry for day, entry in out[name].items() if day not in own}
        out[name] = {**inherited, **entries}
    return out


def _file_of(folder: Path, calendar_id: str) -> Path:
    for path in sorted(folder.glob("*.yaml")):
        if yaml.safe_load(path.read_text(encoding="utf-8")).get("id") == calendar_id:
            return path
    raise ValueError(f"no calendar called {calendar_id}")


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _hours(pairs: list[list[Any]] | None) -> Hours:
    out: Hours = []
    for pair in pairs or []:
        opens, shuts = (_seconds(text) for text in pair)
        if opens >= shuts:
            raise ValueError(f"reversed or overnight hours {pair}")
        if out and opens < out[-1][1]:
            raise ValueError(f"overlapping hours {pairs}")
        out.append((opens, shuts))
    return out


def _seconds(text: Any) -> int:
    if not isinstance(text, str):
        raise ValueError(f"write times as quoted strings, not {text!r}")
    parts = [int(part) for part in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)
