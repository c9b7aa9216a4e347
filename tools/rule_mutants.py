"""Mutants of one rule file: the rule with one thing changed, as plain data, each with its name.

Only what a card of an example can show is changed. Not changed: texts, `in_force` and `status`,
`confirm`, `ladder` and `reply_within` (what follows a card), `clock.count` (the unit in which
elapsed time is shown).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from efficiency_monitor.rules.comparison import SIGNS, Comparison
from efficiency_monitor.rules.tallies import Compared, Tally
from efficiency_monitor.time.amount import Amount, Threshold, decimal_text

Path = tuple[str | int, ...]
#: A name, and the mutated document.
Mutant = tuple[str, dict[str, Any]]
_LEVELS = ("warning", "yellow", "red")
_CHOICES = {
    "resolution": ("day", "time"),
    "first_day": ("next", "same"),
    "ends": ("midnight", "close"),
    "roll": ("none", "next_working_day"),
    "episodes": ("once", "each", "per_stage"),
}
_SIGNS = {
    ">": (">=", "<"),
    ">=": (">", "<"),
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    "=": (">", "<"),
}
_UNITS = {
    "working_days": "calendar_days",
    "calendar_days": "working_days",
    "working_hours": "calendar_hours",
    "calendar_hours": "working_hours",
    "working_minutes": "calendar_minutes",
    "calendar_minutes": "working_minutes",
    "working_seconds": "calendar_seconds",
    "calendar_seconds": "working_seconds",
    "calendar_months": "calendar_days",
}


def mutants(rule: dict[str, Any]) -> Iterator[Mutant]:
    """Every mutant of a rule document, in a fixed order; names are unique within the rule."""
    yield from _cards(rule)
    if "clock" in rule:
        yield from _clock(rule)
    yield from _limits(rule)
    yield from _dropped_parts(rule, ("applies_to",))
    if "condition" in rule:
        yield from _condition(rule)
    if "tally" in rule:
        yield from _tally(rule)


def judges_alike(rule: dict[str, Any], name: str) -> str | None:
    """Why the mutant of that name must judge every case as the rule does; None where it need not.

    These follow from what the rule says; any others are listed by hand.
    """
    clock = rule.get("clock", {})
    if name.startswith("clock.roll: "):
        sources = [source for limit in rule["limits"].values() for source in _listed(limit)]
        if not any(_may_roll(source) for source in sources):
            return "only an amount in calendar days rolls, and no limit of the rule can be one"
    start = re.fullmatch(r"clock\.deemed\.unless without (.+)", name)
    if start and start[1] in _listed(clock["start"]):
        return "a start by then keeps a deemed one away, whether `unless` names it or not"
    if rule.get("condition", {}).get("measure") == "count" and name.endswith(" at >= 0"):
        return "an event that is counted is the first at least: `> 0` and `>= 1` say as much"
    return None


def _may_roll(source: dict[str, Any]) -> bool:
    """Whether a limit may be an amount in calendar days (months are counted in them)."""
    given = str(source.get("fixed", source.get("case", source.get("event"))))
    return given.endswith(("calendar_days", "calendar_months", "_limit", "amount"))


def _get(rule: Any, path: Path) -> Any:
    for step in path:
        rule = rule[step]
    return rule


def _put(rule: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    made = deepcopy(rule)
    _get(made, path[:-1])[path[-1]] = value
    return made


def _drop(rule: dict[str, Any], path: Path) -> dict[str, Any]:
    made = deepcopy(rule)
    del _get(made, path[:-1])[path[-1]]
    return made


def _say(path: Path) -> str:
    return ".".join(str(step) for step in path)


def _words(rule: dict[str, Any], path: Path) -> Iterator[Mutant]:
    """Of several words each one left out."""
    words = _get(rule, path)
    if not isinstance(words, list) or len(words) < 2:
        return
    for place, word in enumerate(words):
        yield f"{_say(path)} without {word}", _drop(rule, (*path, place))


def _dropped_parts(rule: dict[str, Any], path: Path) -> Iterator[Mutant]:
    """A mapping of words: each field left out, and of several words each one."""
    if not _has(rule, path):
        return
    for name, value in _get(rule, path).items():
        yield f"{_say(path)} without {name}", _drop(rule, (*path, name))
        if isinstance(value, dict):
            yield from _dropped_parts(rule, (*path, name))
        else:
            yield from _words(rule, (*path, name))


def _has(rule: Any, path: Path) -> bool:
    for step in path:
        if not isinstance(rule, dict) or step not in rule:
            return False
        rule = rule[step]
    return True


def _cards(rule: dict[str, Any]) -> Iterator[Mutant]:
    cards = rule["cards"]
    for place, card in enumerate(cards):
        for other in _LEVELS:
            if other == card["level"]:
                continue
            made = deepcopy(rule)
            for second in made["cards"]:
                if second["level"] == other:
                    second["level"] = card["level"]
            made["cards"][place]["level"] = other
            taken = any(second["level"] == other for second in cards)
            if not taken:
                yield f"cards: {card['level']} is called {other}", made
            elif _LEVELS.index(card["level"]) < _LEVELS.index(other):
                yield f"cards: {card['level']} and {other} swapped", made
        if len(cards) > 1:
            yield f"cards: no {card['level']}", _drop(rule, ("cards", place))
        if "unless" in card:
            yield f"cards: {card['level']} without unless", _drop(rule, ("cards", place, "unless"))
        for at in _points(rule, str(card["at"])):
            yield f"cards: {card['level']} at {at}", _put(rule, ("cards", place, "at"), at)


def _points(rule: dict[str, Any], at: str) -> Iterator[str]:
    """The point one unit earlier and later, on another limit; a comparison one off."""
    if at.strip()[:1] in SIGNS:
        yield from _comparisons(at)
        return
    point = Threshold.parse(at)
    if point.percent is not None:
        for percent in (point.percent - 1, point.percent + 1):
            yield str(Threshold(point.limit, percent))
    else:
        unit = str(point.offset.unit) if point.offset else _unit_of(rule, point.limit)
        off = point.offset.value if point.offset else Decimal(0)
        off = off if point.later else -off
        for moved in (off - 1, off + 1):
            sign = "-" if moved < 0 else "+"
            offset = f" {sign} {decimal_text(abs(moved))} {unit}" if moved else ""
            yield f"{point.limit}{offset}"
        if point.offset:
            sign = "+" if point.later else "-"
            other = _UNITS[str(point.offset.unit)]
            yield f"{point.limit} {sign} {decimal_text(point.offset.value)} {other}"
    for limit in rule["limits"]:
        if limit != point.limit:
            yield at.replace(point.limit, limit, 1)


def _comparisons(at: str) -> Iterator[str]:
    comparison = Comparison.parse(at)
    for sign in _SIGNS[comparison.sign]:
        yield str(Comparison(sign, comparison.value, comparison.unit))
    for value in (comparison.value - 1, comparison.value + 1):
        if value >= 0:
            yield str(Comparison(comparison.sign, value, comparison.unit))


def _unit_of(rule: dict[str, Any], limit: str) -> str:
    for source in _listed(rule["limits"].get(limit, [])):
        if "fixed" in source:
            return str(Amount.parse(source["fixed"]).unit)
    return str(rule["clock"].get("count", "working_days"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _amounts(rule: dict[str, Any], path: Path) -> Iterator[Mutant]:
    """An amount one unit shorter and longer, and in the other kind of time."""
    amount = Amount.parse(_get(rule, path))
    for value in (amount.value - 1, amount.value + 1):
        if value > 0:
            text = f"{decimal_text(value)} {amount.unit}"
            yield f"{_say(path)}: {text}", _put(rule, path, text)
    text = f"{decimal_text(amount.value)} {_UNITS[str(amount.unit)]}"
    yield f"{_say(path)}: {text}", _put(rule, path, text)


def _choices(
    rule: dict[str, Any], path: Path, choices: Mapping[str, Sequence[str]]
) -> Iterator[Mutant]:
    """Every other value of each field; a field that is not there has the first one."""
    part = _get(rule, path)
    for name, values in choices.items():
        given = part.get(name, values[0])
        for value in values:
            if value != given:
                yield f"{_say((*path, name))}: {value}", _put(rule, (*path, name), value)


def _clock(rule: dict[str, Any]) -> Iterator[Mutant]:
    clock = rule["clock"]
    swapped = deepcopy(rule)
    swapped["clock"]["start"], swapped["clock"]["stop"] = clock["stop"], clock["start"]
    swapped["clock"].pop("unstarted", None)
    yield "clock: start and stop swapped", swapped
    yield from _words(rule, ("clock", "start"))
    yield from _words(rule, ("clock", "stop"))
    for name in ("unstarted", "kinds", "deemed", "extend", "ahead"):
        if name in clock:
            yield f"clock without {name}", _drop(rule, ("clock", name))
    for path in (
        *(("clock", name) for name in ("unstarted", "kinds")),
        *(("clock", "deemed", name) for name in ("from", "unless")),
        *(("clock", "extend", name) for name in ("by", "limits")),
    ):
        if _has(rule, path):
            yield from _words(rule, path)
    if "deemed" in clock:
        yield from _amounts(rule, ("clock", "deemed", "within"))
    if "ahead" in clock:
        yield from _amounts(rule, ("clock", "ahead"))
    yield from _most(rule)
    for place, pause in enumerate(clock.get("pause", [])):
        path: Path = ("clock", "pause", place)
        yield f"{_say(path)} dropped", _drop(rule, path)
        yield from _words(rule, (*path, "from"))
        yield from _words(rule, (*path, "to"))
        for name in ("kinds", "cap"):
            if name in pause:
                yield f"{_say(path)} without {name}", _drop(rule, (*path, name))
        if "kinds" in pause:
            yield from _words(rule, (*path, "kinds"))
        if "fixed" in pause.get("cap", {}):
            yield from _amounts(rule, (*path, "cap", "fixed"))
    yield from _choices(rule, ("clock",), _CHOICES)


def _most(rule: dict[str, Any]) -> Iterator[Mutant]:
    """How far and how often a limit may be extended: one off, and without end."""
    extend = rule["clock"].get("extend", {})
    for name in ("most", "times"):
        if name in extend:
            yield f"clock.extend without {name}", _drop(rule, ("clock", "extend", name))
    if "most" in extend:
        yield from _amounts(rule, ("clock", "extend", "most"))
    for times in (extend["times"] - 1, extend["times"] + 1) if "times" in extend else ():
        path = ("clock", "extend", "times")
        yield f"clock.extend.times: {times}", _put(rule, path, times)


def _limits(rule: dict[str, Any]) -> Iterator[Mutant]:
    for name, sources in rule.get("limits", {}).items():
        listed = _listed(sources)
        whole = _put(rule, ("limits", name), listed)
        for place, source in enumerate(listed):
            path: Path = ("limits", name, place)
            if len(listed) > 1:
                yield f"{_say(path)} dropped", _drop(whole, path)
            if "fixed" in source:
                yield from _amounts(whole, (*path, "fixed"))
            elif str(source.get("case", source.get("event"))).endswith(("_due", "due_at")):
                moved = not source.get("moved_by_pauses", False)
                path = (*path, "moved_by_pauses")
                yield f"{_say(path)}: {str(moved).lower()}", _put(whole, path, moved)
        for place in range(len(listed) - 1):
            turned = [*listed]
            turned[place], turned[place + 1] = turned[place + 1], turned[place]
            text = f"limits.{name}: sources {place} and {place + 1} swapped"
            yield text, _put(rule, ("limits", name), turned)


def _condition(rule: dict[str, Any]) -> Iterator[Mutant]:
    condition = rule["condition"]
    for name in ("of", "kinds", "after", "before", "since", "stop", "until", "need", "case_fields"):
        if name in condition:
            yield from _words(rule, ("condition", name))
    for name in ("kinds", "lawful", "after", "before"):
        if name in condition:
            yield f"condition without {name}", _drop(rule, ("condition", name))
    if "lawful" in condition:
        lawful = not condition["lawful"]
        path: Path = ("condition", "lawful")
        yield f"condition.lawful: {str(lawful).lower()}", _put(rule, path, lawful)
    if "unit" in condition:
        unit, other = condition["unit"], _UNITS[condition["unit"]]
        made = _put(rule, ("condition", "unit"), other)
        for card in made["cards"]:
            card["at"] = card["at"].replace(unit, other)
        yield f"condition.unit: {other}", made
    if "within" in condition:
        yield from _amounts(rule, ("condition", "within"))
    for limit in rule.get("limits", {}):
        if condition.get("limit") not in (None, limit):
            path = ("condition", "limit")
            yield f"condition.limit: {limit}", _put(rule, path, limit)


def _tally(rule: dict[str, Any]) -> Iterator[Mutant]:
    """Each word of a closed set by every other one, amounts by one, and each narrowing left out."""
    yield from _choices(rule, ("tally",), _closed(Tally, rule["tally"]))
    yield from _tally_part(rule, ("tally",), frozenset(("measure", "of", "by", "window")))
    compared = rule["tally"].get("compared")
    if compared:
        yield from _choices(rule, ("tally", "compared"), _closed(Compared, compared))


def _closed(model: type[BaseModel], part: dict[str, Any]) -> dict[str, Sequence[str]]:
    """The fields of a part that take one word of a closed set, with their words."""
    found = {}
    for name, field in model.model_fields.items():
        options = (field.annotation, *get_args(field.annotation))
        words = [word for one in options if get_origin(one) is Literal for word in get_args(one)]
        if part.get(field.alias or name) in words:
            found[field.alias or name] = words
    return found


def _tally_part(rule: dict[str, Any], path: Path, needed: frozenset[str]) -> Iterator[Mutant]:
    for name, value in _get(rule, path).items():
        here: Path = (*path, name)
        if name in needed:
            continue
        yield f"{_say(path)} without {name}", _drop(rule, here)
        if isinstance(value, dict):
            yield from _tally_part(rule, here, frozenset())
        elif isinstance(value, list):
            yield from _words(rule, here)
        elif isinstance(value, int) and not isinstance(value, bool):
            for other in (value - 1, value + 1):
                yield f"{_say(here)}: {other}", _put(rule, here, other)
        elif isinstance(value, str) and " " in value:
            yield from _amounts(rule, here)
