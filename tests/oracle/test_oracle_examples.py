"""The oracle against the worked examples, which an independent implementation computed."""

import json
from pathlib import Path
from typing import Any

import pytest

from .calendars import load_folder
from .clock import answer

FOLDER = Path(__file__).resolve().parents[1] / "data" / "time_examples"
ROWS = [
    json.loads(line)
    for line in (FOLDER / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    if line
]
CALENDARS = load_folder(FOLDER / "calendars")


def test_all_examples_are_there() -> None:
    assert len(ROWS) == 192
    assert {row["op"] for row in ROWS} == {"due", "elapsed", "threshold"}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_the_oracle_agrees(row: dict[str, Any]) -> None:
    found, expected = answer(row, CALENDARS), row["expected"]
    if isinstance(expected, dict):
        assert "error" in found
    elif row["op"] == "elapsed":
        # The answer is rounded down to six places, the example to nine.
        assert float(found["elapsed"]) == pytest.approx(expected, rel=0, abs=1.001e-6)
    else:
        assert found == {"due": expected}
