"""Worlds of rows as dice throw them: few subjects, dense instants, edges of windows."""

from random import Random
from typing import Any

from efficiency_monitor.engine.tally_rows import (
    AlarmRow,
    CardRow,
    CaseRow,
    EventRow,
    ItemRow,
    OrderRow,
    TallyInput,
)
from efficiency_monitor.terms import CardState, Level

Row = dict[str, Any]
DAY = 86_400
#: 2025-11-01 and 2026-03-31 in Shanghai: two quarters and a change of the year.
FIRST, LAST = 1_761_926_400, 1_774_972_799
#: Edges of months and quarters, and one second beside them.
EDGES = (1_764_518_400, 1_767_196_800, 1_769_875_200, 1_772_294_400)
LEVELS = ("warning", "yellow", "red")
FIELDS = {
    "department": ("甲局", "乙局", None),
    "handler": ("张", "李"),
    "item_code": ("I-1", "I-2", None),
    "region": ("R-1", "R-2"),
    "item_kind": ("promised", "instant"),
    "channel": ("hall", "net"),
}


def instant(dice: Random) -> int:
    """An instant of the five months, often at the edge of one."""
    if dice.random() < 0.3:
        return dice.choice(EDGES) + dice.choice((-1, 0, 1))
    return dice.randint(FIRST, LAST) // 60 * 60


def fields(dice: Random) -> Row:
    """What a row says of its subject."""
    drawn = {name: dice.choice(values) for name, values in FIELDS.items()}
    return {name: value for name, value in drawn.items() if value is not None}


def world(dice: Random) -> dict[str, list[Row]]:
    """Some of everything."""
    cases = [case(dice, n) for n in range(dice.randint(0, 12))]
    cards = [card(dice, n, cases) for n in range(dice.randint(0, 14))]
    return {
        "cases": cases,
        "cards": cards,
        "items": [
            {
                "key": code,
                "known_from": instant(dice),
                "fields": {**fields(dice), "item_code": code},
            }
            for code in ("I-1", "I-2", "I-3")
        ],
        "orders": [order(dice, n) for n in range(dice.randint(0, 6))],
        "alarms": [
            {
                "key": f"AL-{n}",
                "kind": dice.choice(("not_followed_up", "order_open")),
                "person": dice.choice(("wang", "sun")),
                "at": instant(dice),
            }
            for n in range(dice.randint(0, 6))
        ],
    }


def case(dice: Random, n: int) -> Row:
    """A case; begun, accepted and finished as far as the dice say, in order."""
    instants = sorted(instant(dice) for _ in range(3))
    if dice.random() < 0.3:
        instants[2] = instants[1] + dice.choice((0, 59, 60, 61))
    later = [edge for edge in EDGES if edge >= instants[1]]
    if later and dice.random() < 0.15:
        instants[2] = later[0]
    stage = dice.choice((0, 1, 2, 3, 3, 3))
    events = [
        {
            "type": dice.choice(("accepted", "suspended", "refused")),
            "at": instants[0] + dice.choice((0, 30, DAY)),
            "recorded_at": dice.choice((None, *(EDGES[1] + late for late in (0, 20, 59, 60, 61)))),
            "actor": dice.choice(("张", None)),
            "department": dice.choice(("甲局", None)),
            "reason": dice.choice(("设备 检修", "设备检修", "其他", None, "")),
        }
        for _ in range(dice.randint(0, 3))
    ]
    return {
        "key": f"C-{n:02}",
        "begun_at": instants[0] if stage else None,
        "accepted_at": instants[1] if stage > 1 else None,
        "finished_at": instants[2] if stage > 2 else None,
        "incomplete": dice.random() < 0.3,
        "fields": fields(dice),
        "events": events,
    }


def card(dice: Random, n: int, cases: list[Row]) -> Row:
    """A card, on one of the cases or on another one."""
    on = dice.choice(cases) if cases and dice.random() < 0.7 else None
    at = instant(dice)
    delivered = None if dice.random() < 0.3 else at + dice.choice((1, DAY, 3 * DAY))
    return {
        "key": f"K-{n:02}",
        "case": f"X-{n:02}" if on is None else on["key"],
        "rule": dice.choice(("AA-ONE", "BB-TWO")),
        "clock": dice.choice(("", "2")),
        "level": dice.choice(LEVELS),
        "at": at,
        "state": dice.choice(
            ("open", "open", "open", "superseded", "closed", "lifted", "pending", "historical")
        ),
        "fields": fields(dice) if on is None else on["fields"],
        "delivered_at": delivered,
        "answered_at": None
        if delivered is None or dice.random() < 0.5
        else delivered + dice.choice((DAY, 5 * DAY, 5 * DAY + 1, 9 * DAY)),
    }


def order(dice: Random, n: int) -> Row:
    """An order, open or closed."""
    opened = instant(dice)
    return {
        "key": f"D-{n}",
        "opened_at": opened,
        "closed_at": None
        if dice.random() < 0.5
        else opened + dice.choice((DAY, 20 * DAY, 20 * DAY + 1)),
        "opened_by": dice.choice(("wang", "sun")),
        "fields": fields(dice),
    }


def as_values(rows: dict[str, list[Row]], known_from: int | None) -> TallyInput:
    """The same rows as the product takes them."""
    return TallyInput(
        cards=tuple(
            CardRow(
                card_no=row["key"],
                case_no=row["case"],
                rule=row["rule"],
                clock=row["clock"],
                level=Level.parse(row["level"]),
                at=row["at"],
                state=CardState(row["state"]),
                fields=row["fields"],
                delivered_at=row["delivered_at"],
                answered_at=row["answered_at"],
            )
            for row in rows["cards"]
        ),
        cases=tuple(
            CaseRow(
                case_no=row["key"],
                begun_at=row["begun_at"],
                accepted_at=row["accepted_at"],
                finished_at=row["finished_at"],
                incomplete=row["incomplete"],
                fields=row["fields"],
                events=tuple(EventRow(**event) for event in row["events"]),
            )
            for row in rows["cases"]
        ),
        items=tuple(
            ItemRow(item_code=row["key"], known_from=row["known_from"], fields=row["fields"])
            for row in rows["items"]
        ),
        orders=tuple(
            OrderRow(
                order_no=row["key"],
                opened_at=row["opened_at"],
                closed_at=row["closed_at"],
                opened_by=row["opened_by"],
                fields=row["fields"],
            )
            for row in rows["orders"]
        ),
        alarms=tuple(
            AlarmRow(alarm_no=row["key"], kind=row["kind"], person=row["person"], at=row["at"])
            for row in rows["alarms"]
        ),
        known_from=known_from,
    )
