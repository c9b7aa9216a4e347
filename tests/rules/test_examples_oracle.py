"""Every example of every rule, judged by the oracle: what a rule file promises is what it gives."""

from datetime import date
from functools import cache
from typing import Any

import pytest
import yaml

from efficiency_monitor.rules.rules import Example, ExampleEvent, Expectation
from tests.oracle.calendars import OracleCalendar, load
from tests.oracle.conduct import conduct
from tests.oracle.evaluate import evaluate
from tests.oracle.tally_examples import judged
from tests.oracle.words import parse_instant

from .catalogue import CASES, FOLDER, Case

LEVELS = ("warning", "yellow", "red")


@cache
def calendar(name: str) -> OracleCalendar:
    """A calendar of the catalogue."""
    return load(FOLDER / "calendars" / f"{name}.yaml")


@cache
def rule_text(path: str) -> dict[str, Any]:
    """A rule file as it is written, not as the product reads it."""
    found = yaml.safe_load((FOLDER / path).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def event(number: int, given: ExampleEvent, cal: OracleCalendar) -> dict[str, Any]:
    """An event of an example as the oracle takes it."""
    at, precision = first_second(given.at, cal)
    found: dict[str, Any] = {
        "key": f"{number:02}",
        "type": given.event,
        "occurred_at": at,
        "precision": precision,
        "stage": given.stage,
        "kind": given.kind,
        "amount": given.amount,
        "actor": given.actor,
        "department": given.department,
        "reason": given.reason,
        "source_key": given.source_key,
        "attributes": dict(given.attributes) or None,
    }
    if given.recorded_at:
        found["recorded_at"], _ = first_second(given.recorded_at, cal)
        found["entered_at"] = found["recorded_at"]
    if given.due_at:
        found["due_at"], found["due_precision"] = first_second(given.due_at, cal)
    return {name: value for name, value in found.items() if value is not None}


def first_second(text: str, cal: OracleCalendar) -> tuple[int, str]:
    """An instant, or the first second of a bare date, and its precision."""
    read = parse_instant(text, cal)
    return (cal.bounds(read).first, "day") if isinstance(read, date) else (read, "second")


def judge(case: Case, example: Example, expected: Expectation) -> tuple[list[str], set[str]]:
    """The levels that a first scan gives, lowest first, and the reasons why others are not told."""
    cal = calendar(example.calendar)
    as_of = parse_instant(expected.as_of, cal)
    rule = rule_text(case.loaded.path)
    if "tally" in rule:
        instant = cal.bounds(as_of).next - 1 if isinstance(as_of, date) else as_of
        written = {one["name"]: one for one in rule["examples"]}[example.name]
        levels, why = judged(rule, written, cal, instant)
        return sorted(levels, key=LEVELS.index), why
    answer = (conduct if "condition" in rule else evaluate)(
        rule,
        dict(example.case),
        [event(number, given, cal) for number, given in enumerate(example.events)],
        cal,
        cal.bounds(as_of).next - 1 if isinstance(as_of, date) else as_of,
    )
    assert (answer["outcome"] == "excluded") == expected.excluded, "for whom the rule is"
    reached = [
        level
        for episode in answer.get("episodes", ())
        for level, found in episode["levels"].items()
        if found["reached"]
    ]
    reached += [
        level
        for offence in answer.get("offences", ())
        for level, (_, now, *_) in offence["levels"].items()
        if now
    ]
    return sorted(reached, key=LEVELS.index), answer["reasons"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_oracle_gives_what_the_example_says(case: Case) -> None:
    for expected in case.example.expect:
        cards, reasons = judge(case, case.example, expected)
        assert cards == list(expected.cards), f"as of {expected.as_of}"
        promised = {expected.not_judgeable} if expected.not_judgeable else set()
        assert reasons == promised, f"as of {expected.as_of}"
