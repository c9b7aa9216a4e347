"""The JSON that other programs rely on (docs/contract.md 15): every field, with its type."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .command import effmon

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def instant(value: Any) -> bool:
    return isinstance(value, str) and INSTANT.fullmatch(value) is not None


def amount(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"value", "unit"}
        and all(isinstance(part, str) for part in value.values())
        and float(value["value"]) >= 0
    )


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def count(value: Any) -> bool:
    return type(value) is int and value >= 0


def optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def wrong(document: dict[str, Any], shape: dict[str, Any]) -> list[str]:
    """Fields that are missing or not of their kind."""
    found = []
    for name, check in shape.items():
        if name not in document:
            found.append(f"{name} is missing")
        elif isinstance(check, dict):
            found += [f"{name}.{fault}" for fault in wrong(document[name], check)]
        elif not check(document[name]):
            found.append(f"{name} = {document[name]!r}")
    return found


COUNTS = dict.fromkeys(("read", "imported", "unchanged", "quarantined"), count)
SCAN = {
    "run_id": text,
    "as_of": instant,
    "cases": dict.fromkeys(("total", "judged", "not_judgeable", "excluded"), count),
    "cards": {"issued": dict.fromkeys(("warning", "yellow", "red"), count), "lifted": count},
    "problems": lambda value: isinstance(value, list),
}
CARD = {
    **dict.fromkeys(("card_no", "subject", "case_no", "item_code", "department", "pack"), text),
    **dict.fromkeys(("rule", "state", "handler"), text),
    "rule_version": count,
    "contested": lambda value: value is False,
    "level": lambda value: value in ("warning", "yellow", "red"),
    **dict.fromkeys(("limit_due_at", "fell_due_at", "as_of", "issued_at"), instant),
    **dict.fromkeys(("limit", "elapsed", "over"), amount),
}
CLOCK = {
    **dict.fromkeys(("rule", "episode", "state"), text),
    "start": instant,
    "limit": amount,
    "calendar": lambda value: value["id"] == "decades" and text(value["version"]),
    "counted": lambda days: all({"date", "counted", "reason"} <= set(day) for day in days),
    "pauses": lambda value: isinstance(value, list),
    "elapsed": amount,
    "due_at": lambda due: all(optional(instant)(at) for at in due.values()),
    "next": optional(lambda value: value["level"] in ("warning", "yellow", "red")),
    "cards": lambda value: isinstance(value, list),
    "legal_basis": lambda value: (
        value and all(set(one) == {"ref", "says", "reading"} for one in value)
    ),
}


def test_import(unscanned: Path) -> None:
    files = [unscanned / "cases.csv", unscanned / "events.csv"]
    found = effmon("-C", unscanned, "import", "--dry-run", *files, "-o", "json").well().json
    assert wrong(found, {**COUNTS, "files": lambda value: len(value) == 2}) == []
    for file in found["files"]:
        assert wrong(file, {"file": text, **COUNTS}) == []
        assert file["read"] == file["imported"] + file["unchanged"] + file["quarantined"]
    assert found["read"] == sum(file["read"] for file in found["files"]) == 22


def test_scan(unscanned: Path) -> None:
    found = effmon("-C", unscanned, "scan", "--dry-run", "-o", "json").well().json
    assert wrong(found, SCAN) == []
    cases = found["cases"]
    assert cases["total"] == cases["judged"] + cases["not_judgeable"] + cases["excluded"] == 9
    assert found["cards"]["issued"] == {"warning": 2, "yellow": 3, "red": 3}
    assert [set(problem) >= {"case_no", "rule", "reason"} for problem in found["problems"]] == [
        True
    ]
    assert found["problems"][0]["case_no"] == "N-LIMIT"
    assert found["problems"][0]["reason"] == "no_limit"


def test_cards_list(office: Path) -> None:
    found = effmon("-C", office, "cards", "list", "--state", "all", "-o", "json").well().json
    assert [wrong(card, CARD) for card in found] == [[]] * len(found)
    assert len(found) == 8
    late = next(card for card in found if card["case_no"] == "A-LATE" and card["level"] == "yellow")
    assert late["limit"] == {"value": "5", "unit": "working_days"}
    assert late["limit_due_at"] == late["fell_due_at"] == "2024-03-11T23:59:59+08:00"
    assert late["over"] == {"value": "1.166666", "unit": "working_days"}
    assert late["subject"] == "case:A-LATE"
    assert late["handler"] == "张**"


@pytest.mark.parametrize("case", ["A-OPEN", "A-LATE", "A-PAUSED", "A-FAR", "A 6/甲 号"])
def test_cases_explain(office: Path, case: str) -> None:
    ran = effmon("-C", office, "cases", "explain", case, "--as-of", "2024-03-20", "-o", "json")
    found = ran.well().json
    assert wrong(found, {"case_no": text, "as_of": instant}) == []
    assert [wrong(clock, CLOCK) for clock in found["clocks"]] == [[]]
    assert all(instant(event["occurred_at"]) and text(event["type"]) for event in found["events"])
    assert found["as_of"] == "2024-03-20T23:59:59+08:00"


def test_an_explanation_says_what_was_counted(office: Path) -> None:
    at = ("--as-of", "2024-03-20", "-o", "json")
    (clock,) = effmon("-C", office, "cases", "explain", "A-LATE", *at).well().json["clocks"]
    days = {day["date"]: (day["counted"], day["reason"]) for day in clock["counted"]}
    assert days["2024-03-04"][0] is False  # the day of the start
    assert days["2024-03-05"][0] is True
    assert days["2024-03-09"] == (False, "weekend")
    assert sum(day["counted"] is True for day in clock["counted"]) == 6
    assert clock["due_at"] == {
        "promised": "2024-03-11T23:59:59+08:00",
        "statutory": "2024-03-14T23:59:59+08:00",
    }
    assert clock["limit"] == {"value": "5", "unit": "working_days"}
    assert {card["level"] for card in clock["cards"]} == {"yellow"}


def test_a_paused_clock_has_its_pause_and_no_due_instant(office: Path) -> None:
    at = ("--as-of", "2024-03-20", "-o", "json")
    (clock,) = effmon("-C", office, "cases", "explain", "A-PAUSED", *at).well().json["clocks"]
    assert clock["state"] == "paused"
    (pause,) = clock["pauses"]
    assert (pause["from"], pause["to"]) == ("2024-03-05T09:00:00+08:00", None)
    assert clock["due_at"] == {"promised": None, "statutory": None}


def test_questions_to_the_calendar(office: Path) -> None:
    due = effmon(
        "-C", office, "calendar", "due", "2024-03-04 10:00", "5 working_days", "-o", "json"
    )
    assert due.well().json == {"due": "2024-03-11T23:59:59+08:00", "provisional": False}
    ask = ("calendar", "elapsed", "2024-03-04 10:00", "2024-03-05 15:30", "-o", "json")
    assert effmon("-C", office, *ask).well().json == {"elapsed": "0.75"}
    hours = effmon("-C", office, *ask, "--unit", "working_hours")
    assert hours.well().json == {"elapsed": "9.5"}
    withheld = effmon(
        *("-C", office, "calendar", "due", "2024-03-04 10:00", "5 working_days", "-o", "json"),
        *("--pause", "2024-03-05 10:00/"),
    )
    assert withheld.well().json == {"due": None, "provisional": False}
