"""Windows of tallies: days, months, quarters, half-years and years of a zone, half-open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A window `[start, end)` in epoch seconds; it is known by the date with which it begins."""

    start: int
    end: int
    first: date
    kind: str
    zone: str

    @property
    def key(self) -> str:
        """Its first date, `2026-10-01`: the episode of a card."""
        return self.first.isoformat()

    def __contains__(self, instant: int | None) -> bool:
        return instant is not None and self.start <= instant < self.end

    @property
    def before(self) -> "Window":
        """The window that ends where this one begins."""
        return window_at(self.kind, self.start - 1, self.zone)

    @property
    def after(self) -> "Window":
        """The window that begins where this one ends."""
        return window_at(self.kind, self.end, self.zone)

    @property
    def year_before(self) -> "Window":
        """The same month, quarter, … of the year before. Not for days."""
        return _from(self.kind, self.first.replace(year=self.first.year - 1), self.zone)


def window_at(kind: str, instant: int, zone: str) -> Window:
    """The window of a kind in which an instant lies."""
    day = datetime.fromtimestamp(instant, ZoneInfo(zone)).date()
    if kind == "day":
        return _from(kind, day, zone)
    months = _MONTHS[kind]
    return _from(kind, date(day.year, (day.month - 1) // months * months + 1, 1), zone)


def window_of(kind: str, key: str, zone: str) -> Window:
    """The window that is known by this date; ValueError where none begins on it."""
    found = window_at(kind, _midnight(date.fromisoformat(key), zone), zone)
    if found.key != key:
        raise ValueError(f"no {kind} begins on {key}")
    return found


def windows(kind: str, since: int, until: int, zone: str) -> Iterator[Window]:
    """The windows that have an instant of `[since, until]` in them, in order."""
    found = window_at(kind, since, zone)
    while found.start <= until:
        yield found
        found = found.after


def _from(kind: str, first: date, zone: str) -> Window:
    if kind == "day":
        following = first + timedelta(days=1)
    else:
        months = first.month - 1 + _MONTHS[kind]
        following = date(first.year + months // 12, months % 12 + 1, 1)
    return Window(_midnight(first, zone), _midnight(following, zone), first, kind, zone)


def _midnight(day: date, zone: str) -> int:
    # Where the clocks jump over midnight, the first second that there is.
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
