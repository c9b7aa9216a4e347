"""An example of a tally as its file writes it, judged by the oracle in every window it reaches."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .calendars import OracleCalendar
from .clock import due
from .tally import MONTHS, Row, World, bounds, tally
from .words import parse_amount, parse_instant

FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")


def judged(rule: Row, example: Row, cal: OracleCalendar, as_of: int) -> tuple[list[str], set[str]]:
    """The levels that a first scan gives to all subjects in all windows, and why others are not."""
    rule = _listed(rule)
    world = rows_of(example, cal)
    known = _first(world) if "known_from" not in example else _at(cal)(example["known_from"])
    levels: list[str] = []
    reasons: set[str] = set()
    if known is None:
        return levels, reasons
    kind = rule["tally"]["window"]
    force = rule["in_force"]
    first = _begin(kind, _day(known, cal.zone.key))
    while bounds(kind, first, cal.zone.key)[0] <= as_of:
        if force["from"] <= first and ("to" not in force or first <= force["to"]):
            found = tally(rule, world, first, cal.zone.key, as_of, known, _due(cal))
            for each in found.values():
                levels += each["levels"]
                reasons |= each["reasons"]
        first = _day(bounds(kind, first, cal.zone.key)[1], cal.zone.key)
    return levels, reasons


def _listed(rule: Row) -> Row:
    """The rule with a list wherever a file may have one word."""
    asked = dict(rule["tally"])
    for name in ("levels", "rules", "events", "alarms"):
        if isinstance(asked.get(name), str):
            asked[name] = [asked[name]]
    if "with" in asked:
        asked["with"] = {
            n: [v] if isinstance(v, str) and n != "finished_within" else v
            for n, v in asked["with"].items()
        }
    meant = dict(rule.get("applies_to") or {})
    for part in (meant, meant.get("not") or {}):
        part |= {n: [v] for n, v in part.items() if isinstance(v, str)}
    return {**rule, "tally": asked, "applies_to": meant}


def _due(cal: OracleCalendar) -> Callable[[int, str], int | None]:
    return lambda start, amount: due(cal, start, parse_amount(amount))


def _day(at: int, zone: str) -> date:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


def _begin(kind: str, day: date) -> date:
    """First date of the window in which a day lies: walked back to."""
    while kind != "day" and (day.day != 1 or (day.month - 1) % MONTHS[kind]):
        day -= timedelta(days=1)
    return day


def _first(world: World) -> int | None:
    found = []
    for rows in world.values():
        for row in rows:
            names = ("begun_at", "known_from", "opened_at", "at")
            instants = [row[name] for name in names if row.get(name) is not None]
            found += instants or [row[name] for name in ("finished_at",) if row.get(name)]
    return min(found, default=None)


def _at(cal: OracleCalendar) -> Callable[[Any], int | None]:
    def read(text: Any) -> int | None:
        if text is None:
            return None
        found = parse_instant(str(text), cal)
        return cal.bounds(found).first if isinstance(found, date) else found

    return read


def rows_of(example: Row, cal: OracleCalendar) -> World:
    """The rows of an example, each as often as its `times` says."""
    at = _at(cal)

    def fields(row: Row) -> Row:
        own = {name: row[name] for name in FIELDS if name in row}
        return {**(example.get("case") or {}), **own}

    def each(name: str) -> list[tuple[str, Row, Row]]:
        rows = example.get(name) or []
        return [
            (f"{name}-{n}-{k}", row, fields(row))
            for n, row in enumerate(rows)
            for k in range(row.get("times", 1))
        ]

    return {
        "cards": [_card(key, row, own, at) for key, row, own in each("cards")],
        "cases": [_case(key, row, own, at) for key, row, own in each("cases")],
        "items": [_item(key, row, own, at) for key, row, own in each("items")],
        "orders": [
            {
                "key": key,
                "opened_at": at(row["opened"]),
                "closed_at": at(row.get("closed")),
                "opened_by": row.get("opened_by", "supervisor"),
                "fields": own,
            }
            for key, row, own in each("orders")
        ],
        "alarms": [
            {
                "key": key,
                "kind": row["kind"],
                "person": row.get("person", "supervisor"),
                "at": at(row["at"]),
            }
            for key, row, _ in each("alarms")
        ],
    }


def _card(key: str, row: Row, own: Row, at: Callable[[Any], int | None]) -> Row:
    return {
        "key": key,
        "case": row.get("case", f"case of {key}"),
        "rule": row.get("rule", "XX-OTHER"),
        "clock": row.get("clock", ""),
        "level": row["level"],
        "at": at(row["at"]),
        "state": row.get("state", "open"),
        "fields": own,
        "delivered_at": at(row.get("delivered_at")),
        "answered_at": at(row.get("answered_at")),
    }


def _case(key: str, row: Row, own: Row, at: Callable[[Any], int | None]) -> Row:
    events = [
        {
            **{n: one.get(n) for n in ("actor", "department", "stage", "kind", "reason")},
            "type": one["event"],
            "at": at(one["at"]),
            "recorded_at": at(one.get("recorded_at")),
        }
        for one in row.get("events", ())
    ]
    accepted, begun = at(row.get("accepted")), at(row.get("begun"))
    if begun is None:
        starts = [event["at"] for event in events] + ([] if accepted is None else [accepted])
        begun = min(starts, default=None)
    return {
        "key": row.get("case", key),
        "begun_at": begun,
        "accepted_at": accepted,
        "finished_at": at(row.get("finished")),
        "incomplete": row.get("incomplete", False),
        "fields": own,
        "events": events,
    }


def _item(key: str, row: Row, own: Row, at: Callable[[Any], int | None]) -> Row:
    code = row["item_code"] if row.get("times", 1) == 1 else f"{row['item_code']} {key}"
    return {
        "key": code,
        "known_from": at(row["known_from"]),
        "fields": {**own, "item_code": code},
    }
