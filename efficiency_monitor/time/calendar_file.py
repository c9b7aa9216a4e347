"""A calendar file as data: the pydantic models of one file under `rules/calendars/`.

By docs/time.md, rule 19.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_SECONDS = 86_400

#: Working hours of one day: opening and closing in seconds after local midnight, in order.
Intervals = tuple[tuple[int, int], ...]

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_LEAP_YEAR = 2000


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def seconds_of(text: str) -> int:
    """Seconds after local midnight of `HH:MM`, up to `24:00`; ValueError otherwise."""
    found = _TIME.fullmatch(text)
    if found:
        return int(found[1]) * 3600 + int(found[2]) * 60
    if text == "24:00":
        return DAY_SECONDS
    raise ValueError(f"{text!r} is no time of day: write HH:MM in quotes, '08:30'")


def intervals_of(hours: tuple[tuple[str, str], ...]) -> Intervals:
    """Hours in seconds after local midnight; ValueError where they overlap or run backwards."""
    made: list[tuple[int, int]] = []
    for opening, closing in hours:
        start, end = seconds_of(opening), seconds_of(closing)
        if end <= start:
            raise ValueError(
                f"{opening}-{closing}: hours close later than they open, on the same day; "
                "reversed and overnight hours are not allowed"
            )
        if made and start < made[-1][1]:
            raise ValueError(
                f"{opening}-{closing} overlaps the hours before it, or is out of order"
            )
        made.append((start, end))
    return tuple(made)


def _checked_hours(hours: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    intervals_of(hours)
    return hours


def _iso_date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError(f"{value!r} is no date: write YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no {value} in the calendar") from None


def _month_day(text: str) -> str:
    found = _MONTH_DAY.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no month and day: write MM-DD")
    try:
        date(_LEAP_YEAR, int(found[1]), int(found[2]))
    except ValueError:
        raise ValueError(f"there is no {text} in any year") from None
    return text


def slot_of(text: str) -> int:
    """Place of a month-day `MM-DD` in a leap year, 0 to 365."""
    month, day = text.split("-")
    return date(_LEAP_YEAR, int(month), int(day)).toordinal() - date(_LEAP_YEAR, 1, 1).toordinal()


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
MonthDay = Annotated[str, AfterValidator(_month_day)]
Hours = Annotated[tuple[tuple[str, str], ...], AfterValidator(_checked_hours)]


class Title(_Model):
    """What the calendar is called, in both languages."""

    zh: str
    en: str


class Span(_Model):
    """Dates from one to another, both inclusive."""

    from_: IsoDate = Field(alias="from")
    to: IsoDate

    @model_validator(mode="after")
    def _forwards(self) -> "Span":
        if self.to < self.from_:
            raise ValueError(f"ends on {self.to}, before it begins on {self.from_}")
        return self

    def __contains__(self, day: date) -> bool:
        return self.from_ <= day <= self.to


class Week(_Model):
    """Hours of the weekdays that are named; an empty list is a day without work."""

    mon: Hours = ()
    tue: Hours = ()
    wed: Hours = ()
    thu: Hours = ()
    fri: Hours = ()
    sat: Hours = ()
    sun: Hours = ()

    def named(self) -> Iterator[tuple[int, Intervals]]:
        """The weekdays that the file names (0 is Monday), with their hours."""
        for number, name in enumerate(WEEKDAYS):
            if name in self.model_fields_set:
                yield number, intervals_of(getattr(self, name))


class Season(_Model):
    """Other hours between two month-days, both inclusive; may wrap over new year."""

    from_: MonthDay = Field(alias="from")
    to: MonthDay
    week: Week

    def slots(self) -> Iterator[int]:
        """Places in a leap year (0 to 365) that the season covers."""
        first, last = slot_of(self.from_), slot_of(self.to)
        if first <= last:
            return iter(range(first, last + 1))
        return iter((*range(first, 366), *range(last + 1)))


class DayOff(_Model):
    """A date without work, and the notice that says so."""

    date: IsoDate
    name: str | None = None
    notice: str


class WorkingDay(_Model):
    """A make-up day 调休; without hours it has those of the first weekday that has any.

    By docs/time.md, rule 19.
    """

    date: IsoDate
    name: str | None = None
    notice: str
    hours: Hours | None = None


class NoticeEntry(_Model):
    """What a calendar rests on: number 文号, publication date (if known), source.

    `covers` are the dates that the notice speaks for. A provisional notice without `covers`
    speaks for the whole years in which it sets dates.
    """

    number: str
    published: IsoDate | None = None
    source: str
    status: Literal["official", "provisional"] = "official"
    covers: Span | None = None


class CalendarFile(_Model):
    """One calendar file. A file that extends another overrides single dates, hours and seasons."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    title: Title | None = None
    extends: str | None = None
    zone: str | None = None
    covers: Span | None = None
    week: Week = Week()
    seasons: tuple[Season, ...] = ()
    days_off: tuple[DayOff, ...] = ()
    working_days: tuple[WorkingDay, ...] = ()
    notices: dict[str, NoticeEntry] = {}
