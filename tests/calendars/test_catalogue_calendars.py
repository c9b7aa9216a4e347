"""The calendars of the catalogue, held against what others say of the same days."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from efficiency_monitor.catalogue.catalogue_files import catalogue_folder, read_calendars
from efficiency_monitor.faults import NotCovered
from efficiency_monitor.time.calendar import Calendar, DayKind

from .calendar_texts import clock

ROOT = Path(__file__).resolve().parents[2]
FIRST_NOTICE, LAST_NOTICE = 2004, 2026

#: A Saturday that the notice for 2006 (国办发明电〔2005〕35号) has worked; chinesecalendar: off.
KNOWN_DIFFERENCE = date(2005, 12, 31)


@pytest.fixture(scope="module")
def calendars() -> dict[str, Calendar]:
    return read_calendars(catalogue_folder())


@pytest.fixture(scope="module")
def cn(calendars: dict[str, Calendar]) -> Calendar:
    return calendars["cn"]


def days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


NOTICED = tuple(days(date(FIRST_NOTICE, 1, 1), date(LAST_NOTICE, 12, 31)))


def test_china_agrees_with_chinesecalendar_but_for_one_day(cn: Calendar) -> None:
    differ = [
        day for day in NOTICED if cn.day(day).kind.working != chinese_calendar.is_workday(day)
    ]
    assert differ == [KNOWN_DIFFERENCE]


def test_china_agrees_with_holidays_on_every_day(cn: Calendar) -> None:
    table = holidays.country_holidays("CN", years=range(FIRST_NOTICE, LAST_NOTICE + 1))
    assert [day for day in NOTICED if cn.day(day).kind.working != table.is_working_day(day)] == []
    assert len(NOTICED) == 8401


def test_the_disputed_day_is_worked_and_says_why(cn: Calendar) -> None:
    day = cn.day(KNOWN_DIFFERENCE)
    assert (day.kind, day.notice) == (DayKind.MAKE_UP, "gb-2006")
    assert cn.notices["gb-2006"].number == "国办发明电〔2005〕35号"


@pytest.mark.parametrize(
    ("day", "notice", "kind"),
    [
        (date(2006, 12, 31), "gb-2007", DayKind.MAKE_UP),
        (date(2007, 12, 31), "gb-2008", DayKind.DAY_OFF),
        (date(2015, 9, 3), "gb-2015-2", DayKind.DAY_OFF),
        (date(2015, 9, 6), "gb-2015-2", DayKind.MAKE_UP),
        (date(2018, 12, 29), "gb-2019", DayKind.MAKE_UP),
        (date(2019, 5, 2), "gb-2019-2", DayKind.DAY_OFF),
        (date(2020, 1, 30), "gb-2020", DayKind.DAY_OFF),
        (date(2020, 1, 31), "gb-2020-2", DayKind.DAY_OFF),
        (date(2022, 12, 31), "gb-2023", DayKind.DAY_OFF),
        (date(2026, 2, 14), "gb-2026", DayKind.MAKE_UP),
    ],
)
def test_a_date_rests_on_the_notice_that_sets_it(
    cn: Calendar, day: date, notice: str, kind: DayKind
) -> None:
    """December days are set by the next year's notice; a mid-year notice sets its own."""
    assert (cn.day(day).notice, cn.day(day).kind) == (notice, kind)


def test_no_notice_sets_dates_before_it_was_published(cn: Calendar) -> None:
    published = {key: notice.published or date(2004, 1, 1) for key, notice in cn.notices.items()}
    set_days = [(day, notice) for day in NOTICED if (notice := cn.day(day).notice)]
    assert [(day, notice) for day, notice in set_days if day < published[notice]] == []
    assert {notice for _, notice in set_days} == set(cn.notices) - {"gb-2027"}


def test_every_holiday_has_its_name(cn: Calendar) -> None:
    names = {cn.day(day).name for day in NOTICED if cn.day(day).kind is DayKind.DAY_OFF}
    assert None not in names
    assert names >= {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}
    assert all(not name.isascii() for name in names if name)
    assert cn.day(date(2004, 5, 3)).name == cn.day(date(2026, 5, 4)).name == "劳动节"


def test_2027_is_provisional_and_has_the_statutory_days_only(cn: Calendar) -> None:
    year = list(days(date(2027, 1, 1), date(2027, 12, 31)))
    assert all(cn.day(day).provisional for day in year)
    assert not any(cn.day(day).provisional for day in NOTICED)
    assert [f"{day:%m-%d}" for day in year if cn.day(day).kind is DayKind.DAY_OFF] == [
        *("01-01", "02-05", "02-06", "02-07", "02-08", "04-05", "05-01", "05-02"),
        *("06-09", "09-15", "10-01", "10-02", "10-03"),
    ]
    assert not any(cn.day(day).kind is DayKind.MAKE_UP for day in year)


def test_china_ends_with_2027_and_begins_with_2004(cn: Calendar) -> None:
    for day in (date(2003, 12, 31), date(2028, 1, 1)):
        with pytest.raises(NotCovered, match=f"cn: {day} is outside 2004-01-01..2027-12-31"):
            cn.day(day)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2023, 6, 30), "08:00-12:00 14:30-17:30"),
        (date(2023, 7, 3), "08:00-12:00 15:00-18:00"),
        (date(2023, 9, 28), "08:00-12:00 15:00-18:00"),
        (date(2023, 10, 9), "08:00-12:00 14:30-17:30"),
        (date(2023, 10, 7), "08:00-12:00 14:30-17:30"),
        (date(2026, 9, 20), "08:00-12:00 15:00-18:00"),
        (date(2023, 10, 2), ""),
    ],
)
def test_xiangtan_has_summer_hours(calendars: dict[str, Calendar], day: date, hours: str) -> None:
    """湘潭 2023; the make-up Sunday of September has summer hours, that of October has not."""
    assert clock(calendars["hunan-xiangtan"].day(day).hours) == hours


def test_xiangtan_works_when_china_works(cn: Calendar, calendars: dict[str, Calendar]) -> None:
    xiangtan = calendars["hunan-xiangtan"]
    assert (xiangtan.first, xiangtan.last, xiangtan.zone) == (cn.first, cn.last, cn.zone)
    for day in days(cn.first, cn.last):
        mine, parents = xiangtan.day(day), cn.day(day)
        assert (mine.kind, mine.provisional) == (parents.kind, parents.provisional), day


def test_the_files_are_as_the_generator_makes_them() -> None:
    result = subprocess.run(
        [sys.executable, "tools/make_calendars.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
