"""What the oracle counts for a tally: which row is whose, by what the rule asks."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
World = dict[str, list[Row]]
SECONDS = {"calendar_hours": 3600, "calendar_minutes": 60, "calendar_seconds": 1}
UNCOUNTED = ("lifted", "pending", "historical")
SUBJECT = {
    "department": "organ",
    "handler": "person",
    "actor": "person",
    "supervisor": "person",
    "item_code": "item",
    "region": "region",
    "order": "order",
}


def seconds(amount: str) -> int:
    """Seconds of `2 calendar_minutes`."""
    number, unit = amount.split()
    return int(Fraction(number) * SECONDS[unit])


def meant(rule: Row, fields: Row) -> bool:
    wanted = rule.get("applies_to") or {}
    inner = wanted.get("not")
    for name, values in wanted.items():
        if name != "not" and fields.get(name) not in values:
            return False
    return not inner or not all(fields.get(name) in values for name, values in inner.items())


def named(by: str, fields: Row) -> str | None:
    if by == "all":
        return "all"
    return f"{SUBJECT[by]}:{fields[by]}" if fields.get(by) else None


def first_cards(rule: Row, world: World, levels: Any, rules: Any, last: int) -> list[Row]:
    """Of each run of a clock the first card that counts and is meant."""
    first: dict[tuple[str, ...], Row] = {}
    for card in world["cards"]:
        if card["state"] in UNCOUNTED or card["at"] > last or not meant(rule, card["fields"]):
            continue
        if (levels and card["level"] not in levels) or (rules and card["rule"] not in rules):
            continue
        run = (card["case"], card["rule"], card["clock"])
        if "unanswered_for" in rule["tally"]:
            run = (card["key"],)  # each waits for an answer of its own
        if run not in first or (card["at"], card["key"]) < (first[run]["at"], first[run]["key"]):
            first[run] = card
    return list(first.values())


def of_cards(
    rule: Row, world: World, start: int, last: int, due: Callable[[int, str], int | None]
) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    cards = first_cards(rule, world, asked.get("levels"), asked.get("rules"), last)
    if asked["measure"] == "in_a_row":
        of_case: dict[str, Row] = {}
        for card in sorted(cards, key=lambda each: (each["at"], each["key"])):
            of_case.setdefault(card["case"], card)
        for card in of_case.values():
            subject = named(asked["by"], card["fields"])
            if subject and start <= card["at"] <= last:
                yield subject, {**card, "carded": True}
        for case in world["cases"]:
            done = case["finished_at"]
            if done is None or not start <= done <= last:
                continue
            if case["key"] in of_case and of_case[case["key"]]["at"] <= done:
                continue
            subject = named(asked["by"], case["fields"])
            if subject and meant(rule, case["fields"]):
                yield subject, {"key": "", "case": case["key"], "at": done, "carded": False}
        return
    for card in cards:
        subject = named(asked["by"], card["fields"])
        if not subject:
            continue
        if "unanswered_for" not in asked:
            if start <= card["at"]:
                yield subject, {"key": card["key"]}
        elif card["delivered_at"] is not None:
            until = due(card["delivered_at"], asked["unanswered_for"])
            assert until is not None
            if start <= until + 1 <= last:
                late = card["answered_at"] is None or card["answered_at"] > until
                yield subject, {"key": card["key"], "counts": late}


def of_cases(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    wanted = asked.get("with")
    for case in world["cases"]:
        subject = named(asked["by"], case["fields"])
        if not subject or not meant(rule, case["fields"]):
            continue
        if asked["among"] == "handled":
            begun, done = case["begun_at"], case["finished_at"]
            inside = begun is not None and begun <= last and (done is None or done >= start)
        else:
            at = case[f"{asked['among']}_at"]
            inside = at is not None and start <= at <= last
        if inside:
            counts = wanted is None or _has(rule, world, case, wanted, start, last)
            yield subject, {"key": case["key"], "counts": counts}
    if asked["by"] == "item_code" and asked["measure"] == "count":
        for item in world["items"]:
            if item["known_from"] <= start and meant(rule, item["fields"]):
                yield f"item:{item['key']}", {"key": "", "counts": False, "in_whole": False}


def _has(rule: Row, world: World, case: Row, wanted: Row, start: int, last: int) -> bool:
    if wanted.get("incomplete"):
        return bool(case["incomplete"])
    if "events" in wanted:
        return any(e["type"] in wanted["events"] and e["at"] <= last for e in case["events"])
    if "finished_within" in wanted:
        accepted, done = case["accepted_at"], case["finished_at"]
        return None not in (accepted, done) and done - accepted <= seconds(
            wanted["finished_within"]
        )
    cards = first_cards(rule, world, wanted.get("levels"), wanted.get("rules"), last)
    return any(card["case"] == case["key"] for card in cards)


def of_items(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    begun = [
        case
        for case in world["cases"]
        if case["begun_at"] is not None
        and start <= case["begun_at"] <= last
        and case["fields"].get("item_code")
    ]
    if asked["measure"] == "count":
        for case in begun:
            subject = named(asked["by"], case["fields"])
            if subject and meant(rule, case["fields"]):
                yield subject, {"key": case["fields"]["item_code"]}
        return
    used = {case["fields"]["item_code"] for case in begun}
    end = asked["_end"](start)
    for item in world["items"]:
        subject = named(asked["by"], item["fields"])
        if subject and item["known_from"] < end and meant(rule, item["fields"]):
            yield subject, {"key": item["key"], "counts": item["key"] in used}


def of_events(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    for case in world["cases"]:
        if not meant(rule, case["fields"]):
            continue
        for event in case["events"]:
            if asked.get("events") and event["type"] not in asked["events"]:
                continue
            own = dict(case["fields"])
            own |= {n: event[n] for n in ("department", "actor") if event.get(n)}
            subject = named(asked["by"], own)
            if not subject:
                continue
            if asked["measure"] == "batch":
                at = event["recorded_at"]
                if at is None or not start <= at <= last:
                    continue
                if "late_by" in asked and at - event["at"] < seconds(asked["late_by"]):
                    continue
                yield subject, {"key": case["key"], "case": case["key"], "at": at}
            elif start <= event["at"] <= last:
                text = "".join((event.get(asked["field"]) or "").split()).casefold()
                if text:
                    yield subject, {"key": case["key"], "case": case["key"], "text": text}
