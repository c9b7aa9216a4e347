"""One tally on plain rows as of an instant, said again in the words of docs/rules.md.

Everything is written out anew and slowly: no row is skipped for speed, a growing number is counted
again at every instant at which anything happens. Nothing of the product is imported.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from .tally_rows import Row, World, meant, named, of_cards, of_cases, of_events, of_items, seconds

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


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


def _rows_by_subject(
    rule: Row, world: World, start: int, last: int, due: Callable[[int, str], int | None]
) -> Iterable[tuple[str, Row]]:
    """What of the window up to an instant is counted, or is a part of the whole, by subject."""
    asked = rule["tally"]
    by = asked["by"]
    if asked["of"] == "cards":
        yield from of_cards(rule, world, start, last, due)
    elif asked["of"] == "cases":
        yield from of_cases(rule, world, start, last)
    elif asked["of"] == "items":
        yield from of_items(rule, world, start, last)
    elif asked["of"] == "orders":
        for order in world["orders"]:
            if not meant(rule, order["fields"]):
                continue
            until = due(order["opened_at"], asked["open_for"])
            assert until is not None
            if start <= until + 1 <= last:
                late = order["closed_at"] is None or order["closed_at"] > until
                own = {**order["fields"], "order": order["key"], "supervisor": order["opened_by"]}
                subject = named(by, own)
                if subject:
                    yield subject, {"key": order["key"], "counts": late}
    elif asked["of"] == "alarms":
        for alarm in world["alarms"]:
            wanted = asked.get("alarms")
            if start <= alarm["at"] <= last and (wanted is None or alarm["kind"] in wanted):
                subject = named(by, {"supervisor": alarm["person"]})
                if subject:
                    yield subject, {"key": alarm["key"]}
    else:
        yield from of_events(rule, world, start, last)
