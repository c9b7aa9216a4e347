"""A calendar as a value: hours, kinds, seasons, make-up days, regions, versions."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.catalogue.catalogue_files import load_calendar_file
from efficiency_monitor.faults import CatalogueError, NotCovered
from efficiency_monitor.time.calendar import Calendar, CalendarFile, DayKind, build

from .calendar_texts import OFFICE, calendar, clock, written

REGION = """\
id: region
extends: office
covers: {from: 2024-06-01, to: 2025-06-30}
week:
  tue: [["08:00", "12:00"]]
  wed: [["10:00", "11:00"]]
seasons:
  - {from: "12-01", to: "02-29", week: {mon: [["10:00", "15:00"]], wed: []}}
days_off:
  - {date: 2024-10-13, name: 本地休息, notice: local}
working_days:
  - {date: 2024-10-01, notice: local}
  - {date: 2024-12-29, notice: local}
  - {date: 2024-06-09, notice: house, hours: [["10:00", "11:00"]]}
notices:
  local: {number: L1, published: 2024-05-01, source: local}
"""


@pytest.fixture
def office(tmp_path: Path) -> Calendar:
    return calendar(tmp_path, OFFICE)


@pytest.fixture
def region(tmp_path: Path, office: Calendar) -> Calendar:
    return load_calendar_file(written(tmp_path, REGION, "region"), {})


def test_a_day_has_the_hours_of_its_weekday(office: Calendar) -> None:
    monday, wednesday = office.day(date(2024, 9, 2)), office.day(date(2024, 9, 4))
    assert (monday.kind, clock(monday.hours)) == (DayKind.WEEKDAY, "09:00-12:00 13:00-17:00")
    assert (wednesday.kind, wednesday.hours) == (DayKind.WEEKEND, ())
    assert monday.kind.working
    assert not wednesday.kind.working
    assert monday.name is monday.notice is None


def test_a_day_off_names_its_notice(office: Calendar) -> None:
    day = office.day(date(2024, 10, 1))
    assert (day.kind, day.hours, day.name, day.notice) == (DayKind.DAY_OFF, (), "国庆节", "house")
    assert not day.kind.working
    assert office.notices["house"].number == "H1"
    assert office.notices["house"].published == date(2023, 12, 1)


def test_a_make_up_day_has_the_hours_of_the_first_weekday(office: Calendar) -> None:
    """A Sunday: Monday's hours. Not those of the weekday before it, not none."""
    day = office.day(date(2024, 10, 13))
    assert (day.kind, clock(day.hours)) == (DayKind.MAKE_UP, "09:00-12:00 13:00-17:00")
    assert day.kind.working


def test_the_first_weekday_that_has_any(tmp_path: Path) -> None:
    made = calendar(tmp_path, OFFICE.replace("  mon:", "  fri:"))
    assert clock(made.day(date(2024, 10, 13)).hours) == "09:00-12:00"


def test_a_make_up_saturday_is_a_whole_day(tmp_path: Path) -> None:
    """The short Saturday of the week does not shorten a Saturday that the notice has worked."""
    made = calendar(tmp_path, OFFICE.replace("2024-10-13", "2024-10-12"))
    assert clock(made.day(date(2024, 10, 12)).hours) == "09:00-12:00 13:00-17:00"
    assert clock(made.day(date(2024, 10, 19)).hours) == "09:00-11:30"


def test_a_date_may_have_hours_of_its_own(region: Calendar) -> None:
    assert clock(region.day(date(2024, 6, 9)).hours) == "10:00-11:00"


def test_outside_of_what_it_covers_it_refuses(office: Calendar) -> None:
    assert office.covers(date(2024, 1, 1))
    assert office.covers(date(2025, 12, 31))
    for day in (date(2023, 12, 31), date(2026, 1, 1)):
        assert not office.covers(day)
        with pytest.raises(NotCovered) as caught:
            office.day(day)
        assert caught.value.message == f"office: {day} is outside 2024-01-01..2025-12-31"
        assert caught.value.hint
    assert office.day(office.first)
    assert office.day(office.last)


def test_a_day_may_close_at_midnight(tmp_path: Path) -> None:
    made = calendar(tmp_path, OFFICE.replace('["09:00", "11:30"]', '["00:00", "24:00"]'))
    assert made.day(date(2024, 9, 7)).hours == ((0, 86_400),)


def test_a_region_overrides_single_dates(region: Calendar) -> None:
    assert region.day(date(2024, 10, 13)).kind is DayKind.DAY_OFF
    assert region.day(date(2024, 10, 13)).name == "本地休息"
    worked = region.day(date(2024, 10, 1))
    assert (worked.kind, worked.notice) == (DayKind.MAKE_UP, "local")
    assert set(region.notices) == {"house", "local"}
    assert region.zone == "Asia/Shanghai"


def test_a_region_covers_what_it_says_or_what_its_parent_does(
    tmp_path: Path, region: Calendar
) -> None:
    assert (region.first, region.last) == (date(2024, 6, 1), date(2025, 6, 30))
    with pytest.raises(NotCovered):
        region.day(date(2024, 5, 31))
    text = REGION.replace("covers: {from: 2024-06-01, to: 2025-06-30}\n", "")
    whole = load_calendar_file(written(tmp_path, text, "region"), {})
    assert (whole.first, whole.last) == (date(2024, 1, 1), date(2025, 12, 31))
    beyond = written(tmp_path, REGION.replace("to: 2025-06-30", "to: 2026-01-01"), "region")
    with pytest.raises(CatalogueError, match=r":3:9: reaches beyond office, which covers 2024-01"):
        load_calendar_file(beyond, {})


def test_a_regions_week_replaces_the_weekdays_it_names(region: Calendar) -> None:
    assert clock(region.day(date(2024, 9, 2)).hours) == "09:00-12:00 13:00-17:00"
    assert clock(region.day(date(2024, 9, 3)).hours) == "08:00-12:00"
    assert clock(region.day(date(2024, 9, 4)).hours) == "10:00-11:00"
    assert clock(region.day(date(2024, 9, 7)).hours) == "09:00-11:30"


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2024, 11, 25), "09:00-12:00 13:00-17:00"),
        (date(2024, 12, 2), "10:00-15:00"),
        (date(2025, 1, 6), "10:00-15:00"),
        (date(2025, 2, 24), "10:00-15:00"),
        (date(2025, 3, 3), "09:00-12:00 13:00-17:00"),
        (date(2024, 12, 3), "08:00-12:00"),
        (date(2024, 12, 4), ""),
        (date(2024, 12, 7), "09:00-11:30"),
        (date(2024, 12, 29), "10:00-15:00"),
    ],
)
def test_a_season_wraps_over_new_year(region: Calendar, day: date, hours: str) -> None:
    """It replaces the weekdays it names; the make-up Sunday 12-29 has the season's Monday."""
    assert clock(region.day(day).hours) == hours


def test_29_february_belongs_to_a_season_that_ends_with_it(tmp_path: Path) -> None:
    text = OFFICE.replace(
        "days_off:",
        'seasons:\n  - {from: "02-01", to: "02-28", week: {thu: [["08:00", "09:00"]]}}\ndays_off:',
    )
    assert calendar(tmp_path, text).day(date(2024, 2, 29)).hours == ()
    longer = calendar(tmp_path, text.replace("02-28", "02-29"))
    assert clock(longer.day(date(2024, 2, 29)).hours) == "08:00-09:00"
    assert longer.day(date(2024, 3, 7)).hours == ()


def test_new_years_eve_belongs_to_a_season_that_wraps(tmp_path: Path) -> None:
    text = OFFICE.replace(
        "days_off:",
        'seasons:\n  - {from: "12-31", to: "01-01", week: {tue: [["08:00", "09:00"]]}}\ndays_off:',
    )
    assert clock(calendar(tmp_path, text).day(date(2024, 12, 31)).hours) == "08:00-09:00"


def test_a_regions_week_holds_in_its_parents_seasons_too(tmp_path: Path) -> None:
    """The parent's summer Monday is replaced by the region's Monday; the summer Tuesday stays."""
    summer = (
        '{from: "07-01", to: "08-31", week: {mon: [["07:00", "08:00"]], tue: [["06:00", "07:00"]]}}'
    )
    written(tmp_path, OFFICE.replace("days_off:", f"seasons:\n  - {summer}\ndays_off:"))
    text = 'id: region\nextends: office\nweek: {mon: [["10:00", "12:00"]]}\n'
    made = load_calendar_file(written(tmp_path, text, "region"), {})
    assert clock(made.day(date(2024, 7, 1)).hours) == "10:00-12:00"
    assert clock(made.day(date(2024, 7, 2)).hours) == "06:00-07:00"


PROVISIONAL = "  next: {number: N1, source: law, status: provisional%s}\n"


@pytest.mark.parametrize(
    "covers", ["", ", covers: {from: 2025-01-01, to: 2025-12-31}"], ids=["its years", "said"]
)
def test_a_year_without_its_notice_is_provisional(tmp_path: Path, covers: str) -> None:
    text = OFFICE.replace("working_days:", "  - {date: 2025-10-01, notice: next}\nworking_days:")
    made = calendar(tmp_path, text + PROVISIONAL % covers)
    assert not made.day(date(2024, 12, 31)).provisional
    for day in (date(2025, 1, 1), date(2025, 10, 1), date(2025, 12, 31)):
        assert made.day(day).provisional
    assert made.notices["next"].provisional
    assert date(2025, 7, 1) in made.notices["next"].covers[0]


def test_a_provisional_notice_may_speak_for_single_days(tmp_path: Path) -> None:
    made = calendar(tmp_path, OFFICE + PROVISIONAL % ", covers: {from: 2025-02-01, to: 2025-02-02}")
    provisional = [
        number for number in range(731) if made.day(made.first + timedelta(days=number)).provisional
    ]
    assert provisional == [397, 398]


def test_an_official_date_does_not_settle_its_provisional_year(tmp_path: Path) -> None:
    """The year's notice may still move the date: it is provisional until that is published."""
    text = OFFICE.replace("2024-10-13", "2025-10-12")
    made = calendar(tmp_path, text + PROVISIONAL % ", covers: {from: 2025-01-01, to: 2025-12-31}")
    assert made.day(date(2025, 10, 12)).provisional
    assert made.day(date(2025, 10, 13)).provisional


def test_a_date_stays_provisional_with_its_notice(tmp_path: Path) -> None:
    """A region narrows what the notice speaks for; the date that the notice sets stays open."""
    written(
        tmp_path,
        OFFICE.replace("2024-10-13, notice: house", "2025-10-12, notice: next") + PROVISIONAL % "",
    )
    child = (
        "id: region\nextends: office\nnotices:\n"
        + PROVISIONAL % ", covers: {from: 2025-11-01, to: 2025-11-30}"
    )
    made = load_calendar_file(written(tmp_path, child, "region"), {})
    assert made.day(date(2025, 10, 12)).provisional
    assert not made.day(date(2025, 10, 13)).provisional


def test_the_published_notice_makes_the_year_official(tmp_path: Path) -> None:
    """A region, or the next edition, replaces the notice under the same key."""
    text = OFFICE.replace("working_days:", "  - {date: 2025-10-01, notice: next}\nworking_days:")
    written(tmp_path, text + PROVISIONAL % "")
    child = "id: region\nextends: office\nnotices:\n  next: {number: N2, source: gov}\n"
    made = load_calendar_file(written(tmp_path, child, "region"), {})
    assert not made.day(date(2025, 10, 1)).provisional
    assert not made.day(date(2025, 5, 1)).provisional


def test_the_version_is_of_the_content(tmp_path: Path, office: Calendar) -> None:
    assert len(office.version) == 64
    assert set(office.version) <= set("0123456789abcdef")
    same = OFFICE.replace("days_off:", "# said otherwise\ndays_off:").replace(
        "zone: Asia/Shanghai", "zone: 'Asia/Shanghai'\ntitle: {zh: 办公室, en: office}"
    )
    assert calendar(tmp_path, same).version == office.version
    assert calendar(tmp_path, same).title is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: office", "id: bureau"),
        ("Asia/Shanghai", "Asia/Urumqi"),
        ("2025-12-31", "2025-12-30"),
        ('"11:30"', '"11:31"'),
        ("2024-10-01", "2024-10-02"),
        ("国庆节", "国庆"),
        ("2024-10-13, notice: house", '2024-10-13, notice: house, hours: [["09:00", "10:00"]]'),
        ("number: H1", "number: H2"),
        ("2023-12-01", "2023-12-02"),
        ("official", "provisional"),
        (
            "days_off:",
            'seasons:\n  - {from: "12-31", to: "12-31", week: {mon: []}}\ndays_off:',
        ),
    ],
)
def test_what_changes_a_day_changes_the_version(
    tmp_path: Path, office: Calendar, old: str, new: str
) -> None:
    assert OFFICE.count(old) == 1
    assert calendar(tmp_path, OFFICE.replace(old, new)).version != office.version


def test_what_a_parent_changes_outside_of_the_region_leaves_its_version(
    tmp_path: Path, region: Calendar
) -> None:
    for day, same in ((date(2024, 5, 2), True), (date(2024, 6, 6), False)):
        extra = f"days_off:\n  - {{date: {day}, notice: house}}\n"
        written(tmp_path, OFFICE.replace("days_off:\n", extra))
        made = load_calendar_file(written(tmp_path, REGION, "region"), {})
        assert (made.version == region.version) is same


def test_the_parent_beside_the_file_comes_first(tmp_path: Path, office: Calendar) -> None:
    """A calendar that extends `office` means the one beside it, else the known one."""
    other = tmp_path / "other"
    other.mkdir()
    path = written(other, "id: region\nextends: office\n", "region")
    assert load_calendar_file(path, {"office": office}).zone == "Asia/Shanghai"
    written(other, OFFICE.replace("Asia/Shanghai", "Asia/Urumqi"))
    assert load_calendar_file(path, {"office": office}).zone == "Asia/Urumqi"


def test_a_circle_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "id: a\nextends: b\n", "a")
    written(tmp_path, "id: b\nextends: a\n", "b")
    with pytest.raises(CatalogueError, match=r"b\.yaml:2:10: a circle: a extends b extends a"):
        load_calendar_file(path, {})


def test_a_parent_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    written(tmp_path, OFFICE)
    path = written(inner, "id: region\nextends: ../office\n", "region")
    with pytest.raises(CatalogueError, match=r"region\.yaml:2:10: no calendar '\.\./office'"):
        load_calendar_file(path, {})


INTERVALS = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=6, unique=True).map(sorted)


@given(st.lists(INTERVALS, min_size=7, max_size=7), st.integers(0, 365))
def test_hours_are_read_as_written(weeks: list[list[int]], number: int) -> None:
    """Any ordered hours: the day has them, in seconds, and only it has."""
    pairs = [
        [
            (f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}")
            for a, b in zip(w[::2], w[1::2], strict=False)
        ]
        for w in weeks
    ]
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    made = build(
        CalendarFile.model_validate(
            {
                "id": "x",
                "zone": "UTC",
                "covers": {"from": "2024-01-01", "to": "2024-12-31"},
                "week": dict(zip(names, pairs, strict=True)),
            }
        )
    )
    day = date(2024, 1, 1) + timedelta(days=number)
    minutes = [at // 60 for interval in made.day(day).hours for at in interval]
    assert minutes == weeks[day.weekday()][: len(minutes)]
    assert len(minutes) == len(weeks[day.weekday()]) // 2 * 2
