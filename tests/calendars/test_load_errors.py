"""A faulty calendar file stops the load and says where (docs/time.md 19)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.catalogue.catalogue_files import load_calendar_file
from efficiency_monitor.catalogue.strict_yaml import load, placed, validate
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.located_error import LocatedError
from efficiency_monitor.time.calendar import Calendar, CalendarFile, build

from .calendar_texts import OFFICE, calendar, written

MON = '  mon: [["09:00", "12:00"], ["13:00", "17:00"]]\n'
OFF = "  - {date: 2024-10-01, name: 国庆节, notice: house}\n"
MAKE_UP = "  - {date: 2024-10-13, notice: house}\n"
NOTICE = "  house: {number: H1, published: 2023-12-01, source: house, status: official}\n"


def seasons(*entries: str) -> str:
    """Seasons to stand before the days off."""
    return "seasons:\n" + "".join(f"  - {entry}\n" for entry in entries) + "days_off:\n"


#: What is replaced in the office's calendar, by what, and what is then said (after the path).
FAULTS = {
    "unquoted time": (MON, "  mon: [[13:00, 17:00]]\n", "5:10: 13:00 is a number to base 60"),
    "overlapping hours": (
        MON,
        '  mon: [["09:00", "12:00"], ["11:59", "17:00"]]\n',
        "5:8: week.mon: 11:59-17:00 overlaps the hours before it",
    ),
    "hours out of order": (
        MON,
        '  mon: [["13:00", "17:00"], ["09:00", "12:00"]]\n',
        "5:8: week.mon: 09:00-12:00 overlaps the hours before it, or is out of order",
    ),
    "reversed hours": (
        MON,
        '  mon: [["12:00", "09:00"]]\n',
        "5:8: week.mon: 12:00-09:00: hours close later than they open",
    ),
    "overnight hours": (
        MON,
        '  mon: [["22:00", "06:00"]]\n',
        "5:8: week.mon: 22:00-06:00: hours close later than they open, on the same day",
    ),
    "no hours": (MON, '  mon: [["09:00", "09:00"]]\n', "5:8: week.mon: 09:00-09:00: hours close"),
    "no time": (MON, '  mon: [["9:00", "25:00"]]\n', "5:8: week.mon: '9:00' is no time of day"),
    "no pair": (MON, '  mon: ["09:00", "12:00"]\n', "5:9: week.mon.0: should be a list"),
    "null for a day": (MON, "  mon:\n", "5:7: week.mon: should be a list"),
    "unknown weekday": (
        MON,
        MON + "  mo: []\n",
        "6:3: week: unknown field 'mo'; did you mean 'mon'",
    ),
    "off and working": (
        MAKE_UP,
        "  - {date: 2024-10-01, notice: house}\n",
        "11:12: 2024-10-01 is both a day off and a working day",
    ),
    "listed twice": (OFF, OFF + OFF, "10:12: 2024-10-01 is listed twice"),
    "make-up day with no hours": (
        MAKE_UP,
        "  - {date: 2024-10-13, notice: house, hours: []}\n",
        "11:5: make-up day 2024-10-13 has no hours",
    ),
    "make-up day in a season without work": (
        "days_off:\n",
        seasons('{from: "10-01", to: "10-31", week: {mon: [], tue: [], sat: []}}'),
        "13:5: make-up day 2024-10-13 has no hours",
    ),
    "day off outside covers": (
        OFF,
        "  - {date: 2026-10-01, notice: house}\n",
        "9:12: 2026-10-01 is outside covers 2024-01-01..2025-12-31",
    ),
    "working day outside covers": (
        MAKE_UP,
        "  - {date: 2023-12-31, notice: house}\n",
        "11:12: 2023-12-31 is outside covers 2024-01-01..2025-12-31",
    ),
    "undefined notice": (
        MAKE_UP,
        "  - {date: 2024-10-13, notice: hause}\n",
        "11:32: no notice 'hause' is defined; defined: house",
    ),
    "notice for another year": (
        NOTICE,
        NOTICE.replace("}", ", covers: {from: 2025-01-01, to: 2025-12-31}}"),
        "9:43: notice house does not cover 2024-10-01",
    ),
    "provisional notice without dates": (
        NOTICE,
        NOTICE + "  next: {number: H2, source: s, status: provisional}\n",
        "14:9: provisional notice next sets no date: say which dates it 'covers'",
    ),
    "unknown status": (
        NOTICE,
        NOTICE.replace("official", "draft"),
        "13:69: notices.house.status: should be 'official' or 'provisional'",
    ),
    "no such date": (
        OFF,
        "  - {date: 2025-02-29, notice: house}\n",
        "9:12: days_off.0.date: there is no 2025-02-29 in the calendar",
    ),
    "a date as a number": (
        OFF,
        "  - {date: 20241001, notice: house}\n",
        "9:12: days_off.0.date: 20241001 is no date: write YYYY-MM-DD",
    ),
    "no such month-day": (
        "days_off:\n",
        seasons('{from: "02-30", to: "09-30", week: {}}'),
        "9:12: seasons.0.from: there is no 02-30 in any year",
    ),
    "month-day in another form": (
        "days_off:\n",
        seasons("{from: 7-1, to: 09-30, week: {}}"),
        "9:12: seasons.0.from: '7-1' is no month and day: write MM-DD",
    ),
    "overlapping seasons": (
        "days_off:\n",
        seasons(
            '{from: "11-01", to: "02-01", week: {mon: []}}',
            '{from: "02-01", to: "03-01", week: {mon: []}}',
        ),
        "10:5: overlaps the season from 11-01 to 02-01",
    ),
    "unknown zone": ("Asia/Shanghai", "Asia/Shangai", "2:7: unknown time zone 'Asia/Shangai'"),
    "zone that is a folder": ("Asia/Shanghai", "Asia", "2:7: unknown time zone 'Asia'"),
    "zone that climbs": ("Asia/Shanghai", "../x", "2:7: unknown time zone '../x'"),
    "no zone": ("zone: Asia/Shanghai\n", "", "1:1: no zone"),
    "no covers": ("covers: {from: 2024-01-01, to: 2025-12-31}\n", "", "1:1: no 'covers'"),
    "covers backwards": (
        "to: 2025-12-31",
        "to: 2023-12-31",
        "3:9: covers: ends on 2023-12-31, before it begins on 2024-01-01",
    ),
    "no work at all": (
        OFFICE[OFFICE.index("  mon") : OFFICE.index("days_off")],
        "  mon: []\n",
        "5:3: no day has working hours",
    ),
    "unknown field": (
        "days_off:",
        "day_off:",
        "8:1: unknown field 'day_off'; did you mean 'days_off'",
    ),
    "duplicate key": ("days_off:", "week: {}\ndays_off:", "8:1: key 'week' stands here a second"),
    "extends nothing known": (
        "zone:",
        "extends: china\nzone:",
        "2:10: no calendar 'china'",
    ),
    "extends itself": ("zone:", "extends: office\nzone:", "2:10: a circle: office extends office"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_file_says_where(tmp_path: Path, case: str) -> None:
    old, new, said = FAULTS[case]
    assert OFFICE.count(old) == 1
    path = written(tmp_path, OFFICE.replace(old, new))
    with pytest.raises(CatalogueError) as caught:
        load_calendar_file(path, {})
    messages = caught.value.message.splitlines()
    assert [line for line in messages if line.startswith(f"{path}:{said}")], messages
    assert caught.value.hint


def test_the_office_itself_is_sound(tmp_path: Path) -> None:
    assert calendar(tmp_path, OFFICE).id == "office"


def test_all_faults_of_a_file_are_named_together(tmp_path: Path) -> None:
    text = OFFICE.replace("Asia/Shanghai", "Mars").replace("2024-10-13", "2024-10-01")
    with pytest.raises(CatalogueError) as caught:
        calendar(tmp_path, text)
    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"id: a\nzone: \xff\n", ":2:7: not UTF-8"), (b"id: \xe5\x9b\xbd\xff", ":1:6: not UTF-8")],
)
def test_a_file_in_another_encoding(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "office.yaml"
    path.write_bytes(content)
    with pytest.raises(CatalogueError) as caught:
        load_calendar_file(path, {})
    assert caught.value.message == f"{path}{said}"


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CatalogueError, match=":1:1: cannot be read: "):
            load_calendar_file(path, {})


LINES = OFFICE.splitlines(keepends=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, len(OFFICE) - 1), st.sampled_from('0129:-[]{}" \n#a')), max_size=4
    ),
    st.sets(st.integers(0, len(LINES) - 1), max_size=3),
)
def test_a_spoilt_file_is_a_calendar_or_a_placed_fault(
    changes: list[tuple[int, str]], dropped: set[int]
) -> None:
    text = list("".join(line for number, line in enumerate(LINES) if number not in dropped))
    for at, letter in changes:
        if at < len(text):
            text[at] = letter
    lines, calendar = outcome("".join(text))
    assert all(line.startswith("f.yaml:") for line in lines)
    assert bool(lines) == (calendar is None)


def outcome(text: str) -> tuple[list[str], Calendar | None]:
    """What is said of a text, or the calendar that it is."""
    try:
        node = load(text, "f.yaml")
        file = validate(node, CalendarFile)
        return [], build(file)
    except CatalogueError as fault:
        return fault.message.splitlines(), None
    except LocatedError as fault:
        return placed(node, fault).message.splitlines(), None
