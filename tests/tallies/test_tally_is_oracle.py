"""Engine and oracle say the same of drawn worlds, for every form of a tally."""

import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.tally import Tallied, judge
from efficiency_monitor.engine.tally_rows import CaseRow, TallyInput
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.time.amount import Amount
from efficiency_monitor.time.windows import window_of
from tests.oracle import tally as oracle

from . import drawn
from .town import rule_text

ZONE = "Asia/Shanghai"
#: Worlds of each form.
WORLDS = 100
OVERDUE = {"levels": ["yellow", "red"]}
FORMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "cards": (
        {"measure": "count", "of": "cards", "by": "department", "window": "month"},
        ["warning > 0 cards", "yellow >= 2 cards", "red >= 3 cards"],
    ),
    "cards of a level and rule": (
        {
            "measure": "count",
            "of": "cards",
            "levels": ["yellow", "red"],
            "rules": ["AA-ONE"],
            "by": "all",
            "window": "quarter",
        },
        ["yellow >= 2 cards", "red = 3 cards"],
    ),
    "unanswered": (
        {
            "measure": "count",
            "of": "cards",
            "unanswered_for": "5 calendar_days",
            "by": "region",
            "window": "month",
        },
        ["yellow >= 1 cards", "red > 1 cards"],
    ),
    "share unanswered": (
        {
            "measure": "share",
            "of": "cards",
            "unanswered_for": "5 calendar_days",
            "by": "all",
            "window": "quarter",
        },
        ["yellow >= 50 %"],
    ),
    "in a row": (
        {"measure": "in_a_row", "of": "cards", "by": "department", "window": "quarter"},
        ["warning >= 2 cards", "yellow > 2 cards", "red = 1 cards"],
    ),
    "volume": (
        {"measure": "count", "of": "cases", "among": "begun", "by": "handler", "window": "month"},
        ["warning >= 1 cases", "yellow > 1 cases"],
    ),
    "in hand and late": (
        {
            "measure": "count",
            "of": "cases",
            "among": "handled",
            "with": OVERDUE,
            "by": "region",
            "window": "month",
        },
        ["yellow >= 1 cases", "red >= 2 cases"],
    ),
    "zero cases": (
        {
            "measure": "count",
            "of": "cases",
            "among": "accepted",
            "by": "item_code",
            "window": "month",
        },
        ["warning = 0 cases", "yellow < 2 cases"],
    ),
    "overdue share": (
        {
            "measure": "share",
            "of": "cases",
            "among": "handled",
            "with": OVERDUE,
            "at_least": 2,
            "by": "region",
            "window": "month",
        },
        ["warning > 0 %", "yellow >= 50 %", "red = 100 %"],
    ),
    "incomplete share": (
        {
            "measure": "share",
            "of": "cases",
            "among": "finished",
            "with": {"incomplete": True},
            "by": "all",
            "window": "half_year",
        },
        ["yellow >= 50 %"],
    ),
    "refused share": (
        {
            "measure": "share",
            "of": "cases",
            "among": "begun",
            "with": {"events": ["refused"]},
            "by": "department",
            "window": "quarter",
        },
        ["yellow > 20 %"],
    ),
    "swift share": (
        {
            "measure": "share",
            "of": "cases",
            "among": "finished",
            "with": {"finished_within": "1 calendar_minutes"},
            "by": "all",
            "window": "month",
        },
        ["yellow > 10 %"],
    ),
    "items in use": (
        {"measure": "count", "of": "items", "by": "department", "window": "month"},
        ["yellow >= 1 items", "red >= 2 items"],
    ),
    "share of items": (
        {"measure": "share", "of": "items", "by": "all", "window": "month"},
        ["yellow < 50 %"],
    ),
    "orders": (
        {
            "measure": "count",
            "of": "orders",
            "open_for": "20 calendar_days",
            "by": "supervisor",
            "window": "month",
        },
        ["yellow >= 1 orders", "red >= 2 orders"],
    ),
    "an order": (
        {
            "measure": "count",
            "of": "orders",
            "open_for": "20 calendar_days",
            "by": "order",
            "window": "month",
        },
        ["yellow > 0 orders"],
    ),
    "share of orders": (
        {
            "measure": "share",
            "of": "orders",
            "open_for": "20 calendar_days",
            "by": "region",
            "window": "quarter",
        },
        ["yellow > 40 %"],
    ),
    "alarms": (
        {
            "measure": "count",
            "of": "alarms",
            "alarms": ["order_open"],
            "by": "supervisor",
            "window": "quarter",
        },
        ["yellow >= 1 alarms", "red >= 2 alarms"],
    ),
    "batch": (
        {
            "measure": "batch",
            "of": "events",
            "within": "1 calendar_minutes",
            "by": "department",
            "window": "day",
        },
        ["yellow >= 2 cases", "red >= 3 cases"],
    ),
    "late batch of an actor": (
        {
            "measure": "batch",
            "of": "events",
            "events": ["accepted", "refused"],
            "within": "59 calendar_seconds",
            "late_by": "1 calendar_hours",
            "by": "actor",
            "window": "month",
        },
        ["yellow >= 2 cases"],
    ),
    "same text": (
        {
            "measure": "same_text",
            "of": "events",
            "events": ["suspended"],
            "field": "reason",
            "by": "region",
            "window": "quarter",
        },
        ["yellow >= 2 cases", "red > 2 cases"],
    ),
    "volume on the month before": (
        {
            "measure": "count",
            "of": "cases",
            "among": "accepted",
            "by": "region",
            "window": "month",
            "compared": {"with": "former_window"},
        },
        ["warning > 10 %", "yellow >= 50 %", "red >= 100 %"],
    ),
    "fewer than a year before": (
        {
            "measure": "count",
            "of": "items",
            "by": "all",
            "window": "month",
            "at_least": 2,
            "compared": {"with": "year_before", "side": "less"},
        },
        ["yellow >= 10 %"],
    ),
    "share on the quarter before": (
        {
            "measure": "share",
            "of": "cases",
            "among": "handled",
            "with": OVERDUE,
            "at_least": 1,
            "by": "region",
            "window": "quarter",
            "compared": {"with": "former_window", "side": "more"},
        },
        ["yellow > 10 points"],
    ),
    "share against the whole": (
        {
            "measure": "share",
            "of": "cases",
            "among": "begun",
            "with": OVERDUE,
            "by": "region",
            "window": "quarter",
            "compared": {"with": "whole", "side": "either"},
        },
        ["yellow >= 10 points"],
    ),
}
NARROWED = {"item_kind": ["promised"], "not": {"region": ["R-2"]}}


def plain_due(start: int, amount: str) -> int:
    """Calendar days as so many times 86,400 seconds: what a calendar says is another test's."""
    return start + int(Fraction(amount.split()[0])) * drawn.DAY


def engine_due(start: int, amount: Amount) -> int:
    return plain_due(start, str(amount))


def said(found: Tallied) -> tuple[dict[str, int | None], set[str], set[str]]:
    """What the engine reached, could not judge, and counted."""
    return (
        {level.level.word: level.instant for level in found.levels if level.reached},
        {str(reason) for reason in found.reasons},
        {member.key for member in found.members},
    )


@pytest.mark.parametrize("form", FORMS)
def test_engine_and_oracle(form: str) -> None:
    tally, cards = FORMS[form]
    dice = Random(form)
    reached = 0
    for _ in range(WORLDS):
        narrowed = {"applies_to": NARROWED} if dice.random() < 0.3 else {}
        text = json.loads(rule_text("XX-DRAWN", tally, cards, **narrowed))
        rows = drawn.world(dice)
        window = window_of(tally["window"], first_of(tally, dice), ZONE)
        as_of = dice.choice(
            (
                window.end - 1,
                window.end,
                window.end,
                dice.randint(window.start, window.end),
                drawn.LAST,
            )
        )
        known_from = dice.choice((None, window.before.start, window.before.start + 1, 0, 0, 0))
        world = drawn.as_values(rows, known_from)
        bound = BoundRule(Rule.model_validate(text), "test", "")
        found = {
            each.subject.text: each for each in judge(bound, world, window, as_of, due=engine_due)
        }
        wanted = oracle.tally(text, rows, window.first, ZONE, as_of, known_from, plain_due)
        assert found.keys() == wanted.keys(), (rows, window, as_of)
        for subject, each in wanted.items():
            levels, reasons, members = said(found[subject])
            assert levels == each["levels"], (subject, rows, window, as_of)
            assert reasons == each["reasons"], (subject, rows, window, as_of)
            if each["members"] is not None:
                assert members == each["members"], (subject, rows, window, as_of)
            reached += len(levels)
    assert reached, "nothing was ever reached: the dice are bad"


def first_of(tally: dict[str, Any], dice: Random) -> str:
    """A window of the five months, or a year later where it is compared with one of them."""
    firsts = {
        "day": ["2026-01-01", "2025-12-31"],
        "month": ["2025-12-01", "2026-01-01", "2026-02-01"],
        "quarter": ["2025-10-01", "2026-01-01"],
        "half_year": ["2025-07-01", "2026-01-01"],
        "year": ["2025-01-01"],
    }
    if tally.get("compared", {}).get("with") == "year_before":
        firsts["month"] = ["2026-12-01", "2027-01-01"]
    return dice.choice(firsts[tally["window"]])


@pytest.mark.parametrize(
    ("whole", "before", "now", "at", "fires"),
    [
        (60, 4, 7, "> 5 points", False),
        (60, 5, 8, ">= 5 points", True),
        (30, 1, 4, ">= 10 points", True),
        (30, 1, 4, "= 10 points", True),
    ],
)
def test_points_are_compared_exactly(
    whole: int, before: int, now: int, at: str, fires: bool
) -> None:
    """Each of these shares has no end in decimals; their difference is a whole number."""
    tally = {
        "measure": "share",
        "of": "cases",
        "among": "finished",
        "with": {"incomplete": True},
        "by": "all",
        "window": "month",
        "compared": {"with": "former_window", "side": "more"},
    }
    month = window_of("month", "2026-03-01", ZONE)
    cases = [
        CaseRow(
            case_no=f"{window.key}-{n}",
            begun_at=window.start,
            accepted_at=window.start,
            finished_at=window.start,
            incomplete=n < part,
            fields={},
        )
        for window, part in ((month.before, before), (month, now))
        for n in range(whole)
    ]
    rule = Rule.model_validate(json.loads(rule_text("XX-EXACT", tally, [f"yellow {at}"])))
    bound = BoundRule(rule, "test", "")
    world = TallyInput(cases=tuple(cases), known_from=month.before.start)
    (found,) = judge(bound, world, month, month.end, due=engine_due)
    assert [level.reached for level in found.levels] == [fires]
