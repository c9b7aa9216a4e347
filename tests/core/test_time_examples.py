"""The worked examples of the page on time, which an independent implementation computed."""

import json
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.catalogue.catalogue_files import load_calendar_file
from efficiency_monitor.engine.evaluation import CompiledCalendar
from efficiency_monitor.engine.questions import Counting, PauseAsked, due, elapsed, threshold
from efficiency_monitor.faults import NotCovered
from efficiency_monitor.time.amount import Amount, Threshold, Unit, decimal_text
from efficiency_monitor.time.instants import parse_as_of, rfc3339

FOLDER = Path(__file__).resolve().parents[1] / "data" / "time_examples"
ROWS = [
    json.loads(line)
    for line in (FOLDER / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    if line
]
CALENDARS = {
    path.stem: CompiledCalendar.of(load_calendar_file(path, {}))
    for path in sorted((FOLDER / "calendars").glob("*.yaml"))
}


def test_all_examples_are_there() -> None:
    assert len(ROWS) == 192
    assert {row["op"] for row in ROWS} == {"due", "elapsed", "threshold"}


def asked(row: dict[str, Any]) -> Any:
    """What the product answers to one example."""
    compiled = CALENDARS[row["calendar"]]

    def read(text: str) -> int:
        return parse_as_of(text, compiled.calendar.zone)

    how = Counting(
        by_time=row["resolution"] == "time",
        same=row["first_day"] == "same",
        close=row["ends"] == "close",
        roll=row["roll"] == "next_working_day",
    )
    pauses = [
        PauseAsked(
            read(pause["from"]),
            None if pause.get("to") is None else read(pause["to"]),
            Amount.parse(pause["cap"]) if pause.get("cap") else None,
        )
        for pause in row["pauses"]
    ]
    table, start = compiled.table, read(row["start"])
    if row["op"] == "elapsed":
        end, unit = read(row["end"]), Unit(row["unit"])
        return elapsed(table, start, end, unit, counting=how, pauses=pauses)
    if row["op"] == "due":
        limit = Amount.parse(row["limit"])
        found = due(table, start, limit, counting=how, pauses=pauses)
    else:
        limits = {name: Amount.parse(text) for name, text in row["limits"].items()}
        at = Threshold.parse(row["at"])
        found = threshold(table, start, limits, at, counting=how, pauses=pauses)
    return None if found is None else rfc3339(found)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_the_product_agrees(row: dict[str, Any]) -> None:
    expected = row["expected"]
    if isinstance(expected, dict):
        with pytest.raises(NotCovered):
            asked(row)
    elif row["op"] == "elapsed":
        found = asked(row)
        # The answer is rounded down to six places, the example to nine.
        assert 0 <= expected - float(found) < 1.001e-6, decimal_text(found)
    else:
        assert asked(row) == expected
