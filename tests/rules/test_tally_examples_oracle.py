"""Every example of every tally, judged by the oracle of tallies from the text of the rule file."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.calendars import OracleCalendar
from tests.oracle.tally import bounds, day_before, tally
from tests.oracle.words import parse_instant

from .catalogue import CASES, Case
from .test_examples_oracle import LEVELS, calendar, first_second, rule_text

FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")
TALLIES = [case for case in CASES if case.loaded.rule.form == "tally"]
Row = dict[str, Any]


def copies(rows: list[Row]) -> Iterator[tuple[str, Row]]:
    """Rows as often as they are meant, each with a number of its own."""
    for n, row in enumerate(rows):
        for k in range(row.get("times", 1)):
            yield f"{n}-{k}", row


def world_of(example: Row, cal: OracleCalendar) -> dict[str, list[Row]]:
    """The rows of an example as the oracle takes them."""

    def at(text: str | None) -> int | None:
        return None if text is None else first_second(text, cal)[0]

    def fields(row: Row) -> Row:
        return example.get("case", {}) | {name: row[name] for name in FIELDS if name in row}

    cases = []
    for number, row in copies(example.get("cases", [])):
        events = [
            {
                **{name: event.get(name) for name in ("actor", "department", "reason", "kind")},
                "type": event["event"],
                "at": at(event["at"]),
                "recorded_at": at(event.get("recorded_at")),
            }
            for event in row.get("events", [])
        ]
        begun = [at(row.get("begun"))]
        if begun == [None]:
            begun = [event["at"] for event in events] + [at(row.get("accepted"))]
        cases.append(
            {
                "key": row.get("case", number),
                "begun_at": min((each for each in begun if each is not None), default=None),
                "accepted_at": at(row.get("accepted")),
                "finished_at": at(row.get("finished")),
                "incomplete": row.get("incomplete", False),
                "fields": fields(row),
                "events": events,
            }
        )
    return {
        "cases": cases,
        "cards": [
            {
                "key": number,
                "case": row.get("case", f"card-{number}"),
                "rule": row.get("rule", "XX-OTHER"),
                "clock": row.get("clock", ""),
                "level": row["level"],
                "at": at(row["at"]),
                "state": row.get("state", "open"),
                "fields": fields(row),
                "delivered_at": at(row.get("delivered_at")),
                "answered_at": at(row.get("answered_at")),
            }
            for number, row in copies(example.get("cards", []))
        ],
        "items": [
            {
                "key": row["item_code"],
                "known_from": at(row["known_from"]),
                "fields": fields(row),
            }
            for _, row in copies(example.get("items", []))
        ],
        "orders": [],
        "alarms": [],
    }


def known_from(example: Row, world: dict[str, list[Row]], cal: OracleCalendar) -> int:
    """Since when anything is known: as the example says, else since the first of its rows."""
    if "known_from" in example:
        return first_second(str(example["known_from"]), cal)[0]
    instants = [card["at"] for card in world["cards"]]
    instants += [case["begun_at"] or case["finished_at"] for case in world["cases"]]
    instants += [item["known_from"] for item in world["items"]]
    return min(instant for instant in instants if instant is not None)


def windows(kind: str, first: int, last: int, zone: str) -> Iterator[date]:
    """First dates of the windows from the one in which `first` lies to that of `last`."""
    day = datetime.fromtimestamp(last, ZoneInfo(zone)).date()
    if kind != "day":
        length = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[kind]
        day = date(day.year, (day.month - 1) // length * length + 1, 1)
    while bounds(kind, day, zone)[1] > first:
        yield day
        day = day_before(kind, day)


def plain_due(start: int, amount: str) -> int | None:
    """No tally of a pack counts working time."""
    raise AssertionError(f"{amount} after {start}")


@pytest.mark.parametrize("case", TALLIES, ids=str)
def test_the_oracle_gives_what_the_example_says(case: Case) -> None:
    text = rule_text(case.loaded.path)
    (example,) = [each for each in text["examples"] if each["name"] == case.example.name]
    cal = calendar(case.example.calendar)
    world = world_of(example, cal)
    since = known_from(example, world, cal)
    zone = cal.zone.key
    in_force = case.loaded.rule.in_force.from_
    for expected in case.example.expect:
        as_of = parse_instant(expected.as_of, cal)
        now = cal.bounds(as_of).next - 1 if isinstance(as_of, date) else as_of
        levels: list[str] = []
        reasons: set[str] = set()
        for first in windows(text["tally"]["window"], since, now, zone):
            if first < in_force:
                continue
            for found in tally(text, world, first, zone, now, since, plain_due).values():
                levels += found["levels"]
                reasons |= found["reasons"]
        wanted = {expected.not_judgeable} if expected.not_judgeable else set()
        assert sorted(levels, key=LEVELS.index) == list(expected.cards), expected.as_of
        assert reasons == wanted, expected.as_of
