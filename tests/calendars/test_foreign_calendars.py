"""The calendars that foreign data are validated on: every day held against the package `holidays`,
every difference named with its reason; and what the change of the clocks does to them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest

from efficiency_monitor.catalogue.catalogue_files import catalogue_folder, read_calendars
from efficiency_monitor.engine.business_time import compile_calendar
from efficiency_monitor.engine.questions import Counting, due, elapsed
from efficiency_monitor.faults import NotCovered
from efficiency_monitor.time.amount import Amount, Unit
from efficiency_monitor.time.calendar import Calendar, DayKind

from .calendar_texts import clock

COVERED = {
    "us-federal": ("America/New_York", date(2009, 1, 1), date(2026, 12, 31)),
    "us-new-york": ("America/New_York", date(2009, 1, 1), date(2014, 12, 31)),
    "nl": ("Europe/Amsterdam", date(2010, 1, 1), date(2013, 12, 31)),
}


@pytest.fixture(scope="module")
def calendars() -> dict[str, Calendar]:
    return read_calendars(catalogue_folder())


def days(calendar: Calendar) -> Iterator[date]:
    for number in range((calendar.last - calendar.first).days + 1):
        yield calendar.first + timedelta(days=number)


def differences(calendar: Calendar, table: holidays.HolidayBase) -> dict[date, str]:
    """Days that one has worked and the other not, and what we or they call them."""
    return {
        day: calendar.day(day).name or table.get(day) or ""
        for day in days(calendar)
        if calendar.day(day).kind.working != table.is_working_day(day)
    }


@pytest.mark.parametrize("name", COVERED)
def test_they_say_what_they_cover_and_refuse_the_rest(
    calendars: dict[str, Calendar], name: str
) -> None:
    calendar = calendars[name]
    assert (calendar.zone, calendar.first, calendar.last) == COVERED[name]
    for day in (calendar.first - timedelta(days=1), calendar.last + timedelta(days=1)):
        with pytest.raises(NotCovered, match=f"{name}: {day} is outside"):
            calendar.day(day)


@pytest.mark.parametrize("name", COVERED)
def test_every_day_off_has_its_name_and_its_notice(
    calendars: dict[str, Calendar], name: str
) -> None:
    calendar = calendars[name]
    off = [day for day in days(calendar) if calendar.day(day).kind is DayKind.DAY_OFF]
    assert [day for day in off if not calendar.day(day).name] == []
    used = {calendar.day(day).notice for day in days(calendar)} - {None}
    assert used == {key for key, notice in calendar.notices.items() if not notice.provisional}


def test_us_federal_days_agree_with_holidays_but_for_the_closings(
    calendars: dict[str, Calendar],
) -> None:
    """Days on which an executive order closed the offices are no holidays by statute."""
    federal = calendars["us-federal"]
    found = differences(federal, holidays.country_holidays("US", years=range(2009, 2028)))
    assert {day: federal.day(day).notice for day in found} == {
        date(2012, 12, 24): "eo-13633",
        date(2014, 12, 26): "eo-13682",
        date(2018, 12, 5): "eo-2018",
        date(2019, 12, 24): "eo-2019",
        date(2020, 12, 24): "eo-2020",
        date(2024, 12, 24): "eo-2024",
        date(2025, 1, 9): "eo-2025-01",
        date(2025, 12, 24): "eo-2025-12",
        date(2025, 12, 26): "eo-2025-12",
    }


def test_us_federal_days_rest_on_statute_or_order(calendars: dict[str, Calendar]) -> None:
    """A Saturday's holiday is kept before it by statute, a Sunday's after it by order."""
    federal = calendars["us-federal"]
    observed = {
        day: federal.day(day).notice
        for day in days(federal)
        if "(observed)" in (federal.day(day).name or "")
    }
    by_weekday = {4: {"usc-6103", "pl-117-17"}, 0: {"eo-11582"}}
    assert all(notice in by_weekday[day.weekday()] for day, notice in observed.items())
    assert observed[date(2021, 6, 18)] == "pl-117-17"
    assert {day: notice for day, notice in observed.items() if day.year < 2015} == {
        date(2009, 7, 3): "usc-6103",
        date(2010, 7, 5): "eo-11582",
        date(2010, 12, 24): "usc-6103",
        date(2010, 12, 31): "usc-6103",
        date(2011, 12, 26): "eo-11582",
        date(2012, 1, 2): "eo-11582",
        date(2012, 11, 12): "eo-11582",
    }


def test_the_half_day_of_2009_is_a_working_day_of_half_the_hours(
    calendars: dict[str, Calendar],
) -> None:
    day = calendars["us-federal"].day(date(2009, 12, 24))
    assert (day.kind.working, day.notice, clock(day.hours)) == (True, "eo-13523", "08:00-12:00")
    assert clock(calendars["us-federal"].day(date(2009, 12, 23)).hours) == "08:00-12:00 12:30-16:30"


def test_new_york_differs_from_holidays_where_the_statute_does(
    calendars: dict[str, Calendar],
) -> None:
    """`holidays` moves a Saturday's holiday to the Friday, knows election days of even years only,
    and takes Susan B. Anthony Day, a day of commemoration (Executive Law § 168-a), for one of § 24.
    """
    found = differences(
        calendars["us-new-york"],
        holidays.country_holidays("US", subdiv="NY", years=range(2009, 2028)),
    )
    assert {f"{day} {name}" for day, name in found.items()} == {
        "2009-07-03 Independence Day (observed)",
        "2009-11-03 General election day",
        "2010-12-24 Christmas Day (observed)",
        "2010-12-31 New Year's Day (observed)",
        "2011-02-11 Lincoln's Birthday (observed)",
        "2011-02-15 Susan B. Anthony Day",
        "2011-11-08 General election day",
        "2012-02-15 Susan B. Anthony Day",
        "2013-02-15 Susan B. Anthony Day",
        "2013-11-05 General election day",
    }


def test_new_york_keeps_flag_day_on_its_sunday(calendars: dict[str, Calendar]) -> None:
    new_york = calendars["us-new-york"]
    flags = [day for day in days(new_york) if new_york.day(day).name == "Flag Day"]
    assert [day.isocalendar().weekday for day in flags] == [7] * 6
    assert all(new_york.day(day + timedelta(days=1)).kind.working for day in flags)


def test_the_netherlands_agree_with_holidays_on_every_day(calendars: dict[str, Calendar]) -> None:
    """With Good Friday and 5 May of every year, which `holidays` counts as optional."""
    table = holidays.country_holidays(
        "NL", years=range(2010, 2014), categories=("public", "optional")
    )
    assert differences(calendars["nl"], table) == {}


def test_days_that_a_missing_decree_may_have_named_are_provisional(
    calendars: dict[str, Calendar],
) -> None:
    """Worked in this file, and no card may rest on them (docs/time.md 4)."""
    dutch = calendars["nl"]
    open_to_doubt = [day for day in days(dutch) if dutch.day(day).provisional]
    assert [str(day) for day in open_to_doubt] == [
        *("2010-05-14", "2011-05-06", "2011-06-03", "2012-05-18", "2012-12-24", "2012-12-31"),
        *("2013-04-29", "2013-05-10", "2013-12-27"),
    ]
    assert all(dutch.day(day).kind.working for day in open_to_doubt)


def instant(text: str, zone: str) -> int:
    """A wall time as epoch seconds, by the standard library."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


#: A span over each change of the clocks: the local days in it, and how long it really is.
CHANGES = (
    ("us-federal", "2013-03-09 12:00:00", "2013-03-10 12:00:00", 23),
    ("us-new-york", "2013-11-02 12:00:00", "2013-11-03 12:00:00", 25),
    ("nl", "2011-03-26 12:00:00", "2011-03-27 12:00:00", 23),
    ("nl", "2011-10-29 12:00:00", "2011-10-30 12:00:00", 25),
)


@pytest.mark.parametrize(("name", "start", "end", "hours"), CHANGES)
def test_a_local_day_has_the_hours_it_has(
    calendars: dict[str, Calendar], name: str, start: str, end: str, hours: int
) -> None:
    calendar = calendars[name]
    table = compile_calendar(calendar)
    begin, finish = instant(start, calendar.zone), instant(end, calendar.zone)
    assert finish - begin == hours * 3600

    def told(unit: Unit) -> str:
        amount = elapsed(table, begin, finish, unit, counting=Counting(by_time=True), pauses=[])
        return f"{amount.normalize():f}"

    assert told(Unit.CALENDAR_HOURS) == str(hours)
    assert told(Unit.WORKING_HOURS) == "0"
    # Of the 24 and of the 23 or 25 hours each day carries its own share, so noon to noon is less
    # or more than one day by what the second day has passed of its own length.
    assert told(Unit.CALENDAR_DAYS) == f"{0.5 + (hours - 12) / hours:.7f}"[:8].rstrip("0")


@pytest.mark.parametrize(
    ("name", "start", "days_on", "last"),
    [
        ("nl", "2011-10-11 13:42:22", 56, "2011-12-06 23:59:59"),
        ("nl", "2011-01-31 00:00:00", 56, "2011-03-28 23:59:59"),
        ("us-new-york", "2013-03-09 23:59:59", 1, "2013-03-10 23:59:59"),
        ("us-federal", "2013-10-31 08:00:00", 5, "2013-11-05 23:59:59"),
    ],
)
def test_calendar_days_end_at_local_midnight_after_the_clocks_change(
    calendars: dict[str, Calendar], name: str, start: str, days_on: int, last: str
) -> None:
    calendar = calendars[name]
    found = due(
        compile_calendar(calendar),
        instant(start, calendar.zone),
        Amount.parse(f"{days_on} calendar_days"),
        counting=Counting(),
        pauses=[],
    )
    assert found == instant(last, calendar.zone)


def test_opening_hours_keep_to_the_wall_clock(calendars: dict[str, Calendar]) -> None:
    """Ten in Amsterdam is eight by UTC in summer and nine from 30 October 2011 on."""
    table = compile_calendar(calendars["nl"])
    zone = calendars["nl"].zone
    friday = instant("2011-10-28 16:00:00", zone)
    found = due(table, friday, Amount.parse("2 working_hours"), counting=Counting(), pauses=[])
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).isoformat() == "2011-10-31T09:00:00+00:00"
    assert found == instant("2011-10-31 10:00:00", zone)
