"""One tally on plain rows as of an instant, said again in the words of docs/rules.md.

Everything is written out anew and slowly: no row is skipped for speed, a growing number is counted
again at every instant at which anything happens. Nothing of the product is imported.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
World = dict[str, list[Row]]
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
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


def bounds(kind: str, first: date, zone: str) -> tuple[int, int]:
    """First second of a window and first second after it."""
    if kind == "day":
        following = first + timedelta(days=1)
    else:
        following = first
        for _ in range(MONTHS[kind]):
            following = (following.replace(day=1) + timedelta(days=32)).replace(day=1)
    return midnight(first, zone), midnight(following, zone)


def midnight(day: date, zone: str) -> int:
    """First second of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def day_before(kind: str, first: date) -> date:
    """First date of the window before."""
    if kind == "day":
        return first - timedelta(days=1)
    before = first
    for _ in range(MONTHS[kind]):
        before = (before - timedelta(days=1)).replace(day=1)
    return before


def tally(
    rule: Row,
    world: World,
    first: date,
    zone: str,
    as_of: int,
    known_from: int | None,
    due: Callable[[int, str], int | None],
) -> dict[str, Row]:
    """By subject: the levels that are reached with their instants, the value, why not judged."""
    asked = rule["tally"]
    start, end = bounds(asked["window"], first, zone)
    ended = as_of >= end
    last = as_of if as_of < end else end - 1
    compared = asked.get("compared")
    ends = {start: end}
    rule = {**rule, "tally": {**asked, "_end": ends.__getitem__}}
    if compared is None:
        return {
            subject: _plain(rule, world, subject, start, end, last, ended, due)
            for subject in _subjects(rule, world, start, last, due)
        }
    if compared["with"] == "whole":
        others = _subjects(rule, world, start, last, due)
        then_start, then_end, by = start, end, "all"
    else:
        before = day_before(asked["window"], first)
        if compared["with"] == "year_before":
            before = first.replace(year=first.year - 1)
        then_start, then_end = bounds(asked["window"], before, zone)
        by = asked["by"]
        others = _subjects(rule, world, start, last, due)
        others |= _subjects(rule, world, then_start, min(then_end - 1, as_of), due)
    ends[then_start] = then_end
    found = {}
    for subject in others:
        now = _part_and_whole(rule, world, subject, start, last, due)
        other = "all" if by == "all" else subject
        then = _part_and_whole(rule, world, other, then_start, min(then_end - 1, as_of), due)
        known = compared["with"] == "whole" or (known_from is not None and known_from <= then_start)
        found[subject] = _deviating(rule, now, then, known, ended, end)
    return found


def _deviating(rule: Row, now: Row, then: Row, known: bool, ended: bool, end: int) -> Row:
    asked = rule["tally"]
    share = asked["measure"] == "share"
    least = asked.get("at_least", 0)
    enough = (then["whole"] if share else then["part"]) >= least
    nothing = then["whole"] == 0 if share else then["part"] == 0
    reasons = set()
    if ended and (not known or (enough and nothing)):
        reasons.add("no_former_window")
    value = None
    if known and enough and not nothing:
        if not share:
            value = Fraction(100 * (now["part"] - then["part"]), then["part"])
        elif now["whole"] and now["whole"] >= least:
            value = Fraction(100 * now["part"], now["whole"]) - Fraction(
                100 * then["part"], then["whole"]
            )
    side = asked["compared"].get("side", "either")
    if value is not None:
        value = {"either": abs(value), "more": max(value, 0), "less": max(-value, 0)}[side]
    levels = {}
    for card in rule["cards"]:
        if ended and value is not None and not reasons and holds(card["at"], value):
            levels[card["level"]] = end - 1
    return {"value": value, "levels": levels, "reasons": reasons, "members": set()}


def _plain(
    rule: Row,
    world: World,
    subject: str,
    start: int,
    end: int,
    last: int,
    ended: bool,
    due: Callable[[int, str], int | None],
) -> Row:
    asked = rule["tally"]
    found = _part_and_whole(rule, world, subject, start, last, due)
    share = asked["measure"] == "share"
    value: Fraction | None = Fraction(found["part"])
    if share:
        value = Fraction(100 * found["part"], found["whole"]) if found["whole"] else None
        if found["whole"] < asked.get("at_least", 0):
            value = None
    levels = {}
    for card in rule["cards"]:
        growing = not share and card["at"].lstrip()[0] == ">"
        if growing:
            instants = sorted(
                at for at in _instants(asked, world, due) | {start} if start <= at <= last
            )
            for at in instants:
                part = _part_and_whole(rule, world, subject, start, at, due)["part"]
                if holds(card["at"], Fraction(part)):
                    levels[card["level"]] = at
                    break
        elif ended and value is not None and holds(card["at"], value):
            levels[card["level"]] = end - 1
    return {"value": value, "levels": levels, "reasons": set(), "members": found["members"]}


def _instants(asked: Row, world: World, due: Callable[[int, str], int | None]) -> set[int]:
    """Every instant at which anything happens, or the time of something has passed."""
    found: set[int] = set()
    for rows in world.values():
        for row in rows:
            found |= {value for value in row.values() if type(value) is int}
            for event in row.get("events", ()):
                found |= {value for value in event.values() if type(value) is int}
    for name in ("unanswered_for", "open_for"):
        if name in asked:
            ends = [due(at, asked[name]) for at in found]
            found |= {end for end in ends if end is not None}
    return found | {at + 1 for at in found}


def holds(text: str, value: Fraction) -> bool:
    """Whether `> 5 %` is so of a value."""
    sign = text.split()[0]
    number = Fraction(text.split()[1])
    return {
        ">": value > number,
        ">=": value >= number,
        "<": value < number,
        "<=": value <= number,
        "=": value == number,
    }[sign]


def _meant(rule: Row, fields: Row) -> bool:
    wanted = rule.get("applies_to") or {}
    inner = wanted.get("not")
    for name, values in wanted.items():
        if name != "not" and fields.get(name) not in values:
            return False
    return not inner or not all(fields.get(name) in values for name, values in inner.items())


def _named(by: str, fields: Row) -> str | None:
    if by == "all":
        return "all"
    return f"{SUBJECT[by]}:{fields[by]}" if fields.get(by) else None


def _subjects(
    rule: Row, world: World, start: int, last: int, due: Callable[[int, str], int | None]
) -> set[str]:
    found = set()
    for subject, _ in _rows_by_subject(rule, world, start, last, due):
        found.add(subject)
    return found


def _part_and_whole(
    rule: Row,
    world: World,
    subject: str,
    start: int,
    last: int,
    due: Callable[[int, str], int | None],
) -> Row:
    """How many make the value of a subject up to an instant, of how many, and which they are."""
    asked = dict(rule["tally"])
    if subject == "all":
        asked["by"] = "all"
    mine = {**rule, "tally": asked}
    rows = [
        row for named, row in _rows_by_subject(mine, world, start, last, due) if named == subject
    ]
    measure = asked["measure"]
    if measure in ("count", "share"):
        part = {row["key"] for row in rows if row.get("counts", True)}
        whole = len({row["key"] for row in rows if row.get("in_whole", True)})
        return {"part": len(part), "whole": whole, "members": part}
    if measure == "in_a_row":
        best: list[str] = []
        row_of: list[str] = []
        for row in sorted(rows, key=lambda each: (each["at"], each["case"])):
            row_of = [*row_of, row["key"]] if row["carded"] else []
            if len(row_of) > len(best):
                best = row_of
        return {"part": len(best), "whole": 0, "members": set(best)}
    if measure == "batch":
        return _batch(rows, seconds(asked["within"]))
    texts: dict[str, set[str]] = {}
    for row in rows:
        texts.setdefault(row["text"], set()).add(row["case"])
    most = max((len(cases) for cases in texts.values()), default=0)
    return {"part": most, "whole": 0, "members": None}


def _batch(rows: list[Row], within: int) -> Row:
    most = 0
    for row in rows:
        near = {other["case"] for other in rows if row["at"] - within <= other["at"] <= row["at"]}
        most = max(most, len(near))
    return {"part": most, "whole": 0, "members": None}


def seconds(amount: str) -> int:
    """Seconds of `2 calendar_minutes`."""
    number, unit = amount.split()
    return int(Fraction(number) * SECONDS[unit])


def _rows_by_subject(
    rule: Row, world: World, start: int, last: int, due: Callable[[int, str], int | None]
) -> Iterable[tuple[str, Row]]:
    """What of the window up to an instant is counted, or is a part of the whole, by subject."""
    asked = rule["tally"]
    by = asked["by"]
    if asked["of"] == "cards":
        yield from _of_cards(rule, world, start, last, due)
    elif asked["of"] == "cases":
        yield from _of_cases(rule, world, start, last)
    elif asked["of"] == "items":
        yield from _of_items(rule, world, start, last)
    elif asked["of"] == "orders":
        for order in world["orders"]:
            if not _meant(rule, order["fields"]):
                continue
            until = due(order["opened_at"], asked["open_for"])
            assert until is not None
            if start <= until + 1 <= last:
                late = order["closed_at"] is None or order["closed_at"] > until
                own = {**order["fields"], "order": order["key"], "supervisor": order["opened_by"]}
                subject = _named(by, own)
                if subject:
                    yield subject, {"key": order["key"], "counts": late}
    elif asked["of"] == "alarms":
        for alarm in world["alarms"]:
            wanted = asked.get("alarms")
            if start <= alarm["at"] <= last and (wanted is None or alarm["kind"] in wanted):
                subject = _named(by, {"supervisor": alarm["person"]})
                if subject:
                    yield subject, {"key": alarm["key"]}
    else:
        yield from _of_events(rule, world, start, last)


def _first_cards(rule: Row, world: World, levels: Any, rules: Any, last: int) -> list[Row]:
    """Of each run of a clock the first card that counts and is meant."""
    first: dict[tuple[str, ...], Row] = {}
    for card in world["cards"]:
        if card["state"] in UNCOUNTED or card["at"] > last or not _meant(rule, card["fields"]):
            continue
        if (levels and card["level"] not in levels) or (rules and card["rule"] not in rules):
            continue
        run = (card["case"], card["rule"], card["clock"])
        if "unanswered_for" in rule["tally"]:
            run = (card["key"],)  # each waits for an answer of its own
        if run not in first or (card["at"], card["key"]) < (first[run]["at"], first[run]["key"]):
            first[run] = card
    return list(first.values())


def _of_cards(
    rule: Row, world: World, start: int, last: int, due: Callable[[int, str], int | None]
) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    cards = _first_cards(rule, world, asked.get("levels"), asked.get("rules"), last)
    if asked["measure"] == "in_a_row":
        of_case: dict[str, Row] = {}
        for card in sorted(cards, key=lambda each: (each["at"], each["key"])):
            of_case.setdefault(card["case"], card)
        for card in of_case.values():
            subject = _named(asked["by"], card["fields"])
            if subject and start <= card["at"] <= last:
                yield subject, {**card, "carded": True}
        for case in world["cases"]:
            done = case["finished_at"]
            if done is None or not start <= done <= last:
                continue
            if case["key"] in of_case and of_case[case["key"]]["at"] <= done:
                continue
            subject = _named(asked["by"], case["fields"])
            if subject and _meant(rule, case["fields"]):
                yield subject, {"key": "", "case": case["key"], "at": done, "carded": False}
        return
    for card in cards:
        subject = _named(asked["by"], card["fields"])
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


def _of_cases(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    wanted = asked.get("with")
    for case in world["cases"]:
        subject = _named(asked["by"], case["fields"])
        if not subject or not _meant(rule, case["fields"]):
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
            if item["known_from"] <= start and _meant(rule, item["fields"]):
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
    cards = _first_cards(rule, world, wanted.get("levels"), wanted.get("rules"), last)
    return any(card["case"] == case["key"] for card in cards)


def _of_items(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
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
            subject = _named(asked["by"], case["fields"])
            if subject and _meant(rule, case["fields"]):
                yield subject, {"key": case["fields"]["item_code"]}
        return
    used = {case["fields"]["item_code"] for case in begun}
    end = asked["_end"](start)
    for item in world["items"]:
        subject = _named(asked["by"], item["fields"])
        if subject and item["known_from"] < end and _meant(rule, item["fields"]):
            yield subject, {"key": item["key"], "counts": item["key"] in used}


def _of_events(rule: Row, world: World, start: int, last: int) -> Iterable[tuple[str, Row]]:
    asked = rule["tally"]
    for case in world["cases"]:
        if not _meant(rule, case["fields"]):
            continue
        for event in case["events"]:
            if asked.get("events") and event["type"] not in asked["events"]:
                continue
            own = dict(case["fields"])
            own |= {n: event[n] for n in ("department", "actor") if event.get(n)}
            subject = _named(asked["by"], own)
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
