"""WABO: deadlines counted once more with zoneinfo and plain dates."""

import calendar
import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from validation import wabo
from validation.page import Part

pytestmark = pytest.mark.data
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Case(NamedTuple):
    start: datetime
    deadline: datetime
    end: datetime | None

    @property
    def days(self) -> int:
        return (self.deadline.date() - self.start.date()).days


@pytest.fixture(scope="module")
def cases(folder: Path) -> list[Case]:
    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(AMSTERDAM).replace(microsecond=0)

    with (folder / wabo.CSV).open(encoding="utf-8", newline="") as file:
        rows = {row["case:concept:name"]: row for row in csv.DictReader(file)}
    return [
        Case(
            local(row["case:startdate"]),
            local(row["case:deadline"]),
            local(row["case:enddate"]) if row["case:enddate"] else None,
        )
        for row in rows.values()
    ]


def months_on(day: date, number: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def weekdays_on(day: date, number: int) -> date:
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def test_205_of_300_deadlines_are_eight_weeks_after_the_start(
    wabo_part: Part, cases: list[Case]
) -> None:
    assert wabo_part.figures["cases"] == len(cases) == 300
    assert wabo_part.figures["equal"] == sum(case.days == 56 for case in cases) == 205


def test_the_definite_classes_are_those_of_plain_counting(
    wabo_part: Part, cases: list[Case]
) -> None:
    others = [case for case in cases if case.days != 56]
    extended = [case for case in others if case.days == 98]
    weekdays = [
        case for case in others if weekdays_on(case.start.date(), 56) == case.deadline.date()
    ]
    months = [case for case in others if months_on(case.start.date(), 2) == case.deadline.date()]
    figures = wabo_part.figures
    assert (figures["extended"], len(extended)) == (8, 8)
    assert (figures["weekdays"], len(weekdays)) == (14, 14)
    assert (figures["two_months"], len(months)) == (14, 14)
    assert figures["year_mistyped"] == sum(case.days == 56 + 366 for case in others) == 1


def test_every_case_is_in_one_class_and_every_residual_is_listed(
    wabo_part: Part, cases: list[Case]
) -> None:
    figures = wabo_part.figures
    classes = (
        *("extended", "weekdays", "two_months", "year_mistyped", "planned_kept"),
        *("one_day_more", "entered_later", "shorter", "longer"),
    )
    assert figures["equal"] + sum(figures[name] for name in classes) == 300
    listed = [block for block in wabo_part.blocks if block.startswith("| cases each")]
    numbers = {
        int(number)
        for line in listed[0].splitlines()[2:]
        for number in line.split("|")[2].split(",")
    }
    assert numbers == {case.days for case in cases} - {56}


def test_late_by_the_instant_and_by_the_date(wabo_part: Part, cases: list[Case]) -> None:
    closed = [case for case in cases if case.end and case.end >= case.start]
    late = [case for case in closed if case.end and case.end > case.deadline]
    by_date = [case for case in late if case.end and case.end.date() > case.deadline.date()]
    figures = wabo_part.figures
    assert figures["closed"] == figures["closed_alike"] == len(closed) == 224
    assert figures["closed_late"] == len(late) == 49
    assert figures["closed_late_by_date"] == len(by_date) == 41
    assert figures["faulty"] == sum(case.end is not None for case in cases) - len(closed) == 1


def test_a_holiday_at_the_end_moves_no_deadline(wabo_part: Part, cases: list[Case]) -> None:
    """Deadlines of eight weeks that fall on a weekend or the two days of Christmas stay there."""
    stay = [
        case
        for case in cases
        if case.days == 56
        and (
            case.deadline.weekday() >= 5
            or (case.deadline.month, case.deadline.day) in ((12, 25), (12, 26), (1, 1))
        )
    ]
    assert wabo_part.figures["stay_on_day_off"] == len(stay) == 205 - wabo_part.figures["rolled"]


def test_the_xes_file_says_the_same(wabo_part: Part) -> None:
    assert wabo_part.figures["xes_rows"] == wabo_part.figures["xes_unchanged"] == 1725
    assert wabo_part.figures["rows"] == 1725
