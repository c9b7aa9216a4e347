"""USDA: targets and verdicts counted once more, with the package `holidays` and plain dates."""

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from validation.page import Part
from validation.usda import FILE

CLOSED_BY_ORDER = date(2012, 12, 24)
SNOW_DAY = date(2013, 3, 6)
US = holidays.country_holidays("US", years=range(2011, 2016))


def nth_working_day(start: date, number: int, *, off: frozenset[date]) -> date:
    """The `number`-th day after `start` that is no Saturday, Sunday, holiday or in `off`."""
    day = start
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5 and day not in US and day not in off
    return day


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Rows whose request number stands in the file once."""
    with Path(FILE).open(encoding="utf-8", newline="") as file:
        every = list(csv.DictReader(file))
    assert len(every) == 1768
    numbers = Counter(row["request_id"].strip() for row in every)
    return [row for row in every if numbers[row["request_id"].strip()] == 1]


@pytest.fixture(scope="module")
def spans(rows: list[dict[str, str]]) -> list[tuple[date, date]]:
    """Receipt and target of each request."""
    return [
        (date.fromisoformat(row["received"]), date.fromisoformat(row["target"])) for row in rows
    ]


def met(spans: list[tuple[date, date]], number: int, *off: date) -> set[int]:
    """Places of the requests whose target is so many working days after receipt."""
    return {
        place
        for place, (received, target) in enumerate(spans)
        if nth_working_day(received, number, off=frozenset(off)) == target
    }


def test_the_engine_meets_the_targets_that_plain_counting_meets(
    usda_part: Part, spans: list[tuple[date, date]]
) -> None:
    equal = met(spans, 20, CLOSED_BY_ORDER)
    assert usda_part.figures["equal"] == len(equal) == 1458
    assert usda_part.figures["requests"] == len(spans) == 1760


def test_all_rows_meet_at_least_1430_targets(rows: list[dict[str, str]]) -> None:
    """Of all 1,768 rows, the four doubled requests among them, as measured before."""
    with Path(FILE).open(encoding="utf-8", newline="") as file:
        every = [
            (date.fromisoformat(row["received"]), date.fromisoformat(row["target"]))
            for row in csv.DictReader(file)
        ]
    assert len(met(every, 20, CLOSED_BY_ORDER)) == 1465 >= 1430
    assert len(every) - len(rows) == 8


def test_the_three_tested_classes_are_those_of_plain_counting(
    usda_part: Part, spans: list[tuple[date, date]]
) -> None:
    equal = met(spans, 20, CLOSED_BY_ORDER)
    snow = met(spans, 20, CLOSED_BY_ORDER, SNOW_DAY) - equal
    extended = met(spans, 30, CLOSED_BY_ORDER) - equal - snow
    before = met(spans, 20) - equal - snow - extended
    assert all(spans[place][0] < date(2012, 12, 21) for place in before)
    figures = usda_part.figures
    assert (figures["snow_day"], len(snow)) == (41, 41)
    assert (figures["extension"], len(extended)) == (24, 24)
    assert (figures["before_order"], len(before)) == (20, 20)


def test_every_request_is_in_one_class(usda_part: Part) -> None:
    figures = usda_part.figures
    classes = (
        *("snow_day", "extension", "before_order", "extension_same_day"),
        *("extension_and_snow_day", "month_mistyped", "on_day_off", "shorter", "longer"),
    )
    assert figures["equal"] + sum(figures[name] for name in classes) == figures["requests"]
    assert figures["rows"] == figures["requests"] + figures["quarantined"]
    assert figures["longer"] == 198


def test_yellow_cards_say_what_the_agencys_dates_say(
    usda_part: Part, rows: list[dict[str, str]]
) -> None:
    closed = [row for row in rows if row["closed"] and row["received"] <= row["closed"]]
    late = [row for row in closed if row["closed"] > row["target"]]
    figures = usda_part.figures
    assert figures["verdicts"] == figures["verdicts_alike"] == len(closed) == 674
    assert figures["late"] == len(late) == 164
    assert figures["verdicts_faulty"] == 1
    assert "**unexplained**" in usda_part.text()
