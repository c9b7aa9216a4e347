"""Conditions on a timeline, judged step by step as the page on rules describes it."""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .calendars import OracleCalendar
from .conduct_line import Found, Timeline
from .conduct_measures import MEASURES
from .evaluate import in_force, matches
from .timeline import Event, Rule, Vocabulary, in_order, listed, out_of_order, vocabulary

LEVELS = ("warning", "yellow", "red")
#: Given once a case, at the event that first reaches a level.
RUNNING = ("count", "repeated_text", "contradiction", "across_closing")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)\s*([0-9.]+)\s*(\S*)")
_HOLDS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
    "<": lambda value, wanted: value < wanted,
    "<=": lambda value, wanted: value <= wanted,
    "=": lambda value, wanted: value == wanted,
}


def conduct(
    rule: Rule,
    case: dict[str, str],
    events: Sequence[Event],
    cal: OracleCalendar,
    as_of: int,
    *,
    words: Vocabulary | None = None,
) -> dict[str, Any]:
    """What a rule of conduct says of a case: outcome, reasons, offences."""
    words = words or vocabulary()
    nothing: dict[str, Any] = {"reasons": set(), "offences": []}
    if not matches(rule.get("applies_to") or {}, case):
        return {"outcome": "excluded", **nothing}
    known = [event for event in events if event["occurred_at"] <= as_of]
    items = in_order(known, cal, words)
    if out_of_order(items, words):
        return {"outcome": "not_judgeable", "reasons": {"faulty_data"}, "offences": []}
    # An event may be read later on its date than now.
    line = Timeline(rule, case, [item for item in items if item.at <= as_of], cal, words)
    told = [item.at for item in items if item.event["type"] in listed(rule["condition"]["of"])]
    if not any(in_force(rule, cal.local_date(at)) for at in (as_of, *told)):
        return {"outcome": "excluded", **nothing}
    found = list(MEASURES[rule["condition"]["measure"]](line))
    if rule["condition"]["measure"] in RUNNING:
        offences = once_a_case(line, found, as_of)
    else:
        offences = each(line, found, as_of)
    reasons = {reason for offence in offences for reason in offence["reasons"]}
    outcome = "not_judgeable" if reasons else "judged"
    return {"outcome": outcome, "reasons": reasons, "offences": offences}


def levels_of(rule: Rule) -> list[tuple[str, Callable[[Fraction], bool]]]:
    """Each level, lowest first, and whether a value reaches it."""

    def test(at: str) -> Callable[[Fraction], bool]:
        parsed = _COMPARISON.fullmatch(at.strip())
        assert parsed, at
        return lambda value: _HOLDS[parsed[1]](value, Fraction(parsed[2]))

    cards = sorted(rule["cards"], key=lambda card: LEVELS.index(card["level"]))
    return [(card["level"], test(card["at"])) for card in cards]


def each(line: Timeline, found: Sequence[Found], as_of: int) -> list[dict[str, Any]]:
    """Every event that reaches a level is an offence of its own."""
    offences = []
    for one in found:
        item = line.items[one.place]
        if not in_force(line.rule, line.cal.local_date(item.at)):
            continue
        due = item.at if one.due is None else one.due
        reasons = set(one.reason.split())
        levels: dict[str, Any] = {}
        for level, test in levels_of(line.rule):
            if one.value is None or not test(one.value):
                continue
            reached = due <= as_of
            if reached and one.provisional and level != "warning":
                reached = False
                reasons.add("calendar_provisional")
            levels[level] = (due, reached, one.value, item.event["key"])
        if levels or reasons:
            offences.append(
                {
                    "key": item.event["key"],
                    "value": one.value,
                    "levels": levels,
                    "reasons": reasons,
                }
            )
    return offences


def once_a_case(line: Timeline, found: Sequence[Found], as_of: int) -> list[dict[str, Any]]:
    """Each level once, all known by the event that first reached any of them."""
    ground: Found | None = None
    first_strange: Found | None = None
    reasons: set[str] = set()
    levels: dict[str, Any] = {}
    for one in found:
        item = line.items[one.place]
        bound = in_force(line.rule, line.cal.local_date(item.at))
        if one.reason:
            if bound:
                reasons |= set(one.reason.split())
                first_strange = first_strange or one
            continue
        assert one.value is not None
        due = item.at if one.due is None else one.due
        for level, test in levels_of(line.rule):
            if level not in levels and test(one.value):
                if ground is None:
                    ground = one
                    if not bound:
                        return []
                levels[level] = (due, due <= as_of, one.value, item.event["key"])
    told = ground or first_strange
    if told is None:
        return []
    return [
        {
            "key": line.items[told.place].event["key"],
            "value": told.value,
            "levels": levels,
            "reasons": reasons,
        }
    ]
