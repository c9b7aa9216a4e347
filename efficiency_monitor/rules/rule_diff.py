"""What two texts of a rule say otherwise, aspect by aspect, in the order in which a rule is read.

Pure: rules in, values out. A rule is taken apart into facts, each under an aspect and a name; what
differs is what either text says alone. The words for people are in `catalogue.authoring`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .rule_parts import Match
from .rules import Clock, LimitSource, Rule


class Aspect(StrEnum):
    """What of a rule a fact is about."""

    TITLE = "title"
    STATUS = "status"
    IN_FORCE = "in_force"
    LEGAL_BASIS = "legal_basis"
    APPLIES_TO = "applies_to"
    START = "start"
    STOP = "stop"
    DEEMED = "deemed"
    PAUSE = "pause"
    COUNTING = "counting"
    EXTEND = "extend"
    LIMIT = "limit"
    MEASURED = "measured"
    THRESHOLD = "threshold"
    CONFIRM = "confirm"
    LADDER = "ladder"
    REPLY_WITHIN = "reply_within"
    WHY = "why"
    EXAMPLES = "examples"


#: Aspects whose values are lists of event types.
OF_EVENTS: Final = frozenset({Aspect.START, Aspect.STOP})
_ORDER: Final = tuple(Aspect)
#: Aspect, and what of it: the name of a limit, the word of a level, a field.
Place = tuple[Aspect, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; None: the text says nothing of it."""

    aspect: Aspect
    name: str
    before: str | None
    after: str | None


def compare(before: Rule | None, after: Rule | None) -> list[Change]:
    """What differs between two texts, in the order of the aspects; empty where nothing does.

    None stands for a rule that is not there: then every fact of the other differs.
    """
    was = {} if before is None else facts(before)
    now = {} if after is None else facts(after)
    places = sorted({*was, *now}, key=lambda place: (_ORDER.index(place[0]), place[1]))
    return [
        Change(aspect, name, was.get((aspect, name)), now.get((aspect, name)))
        for aspect, name in places
        if was.get((aspect, name)) != now.get((aspect, name))
    ]


def facts(rule: Rule) -> dict[Place, str]:
    """A rule taken apart; what it leaves out is not there."""
    found: dict[Place, str] = {
        (Aspect.TITLE, "zh"): rule.title.zh,
        (Aspect.TITLE, "en"): rule.title.en,
        (Aspect.STATUS, ""): rule.status,
        (Aspect.IN_FORCE, "from"): rule.in_force.from_.isoformat(),
        (Aspect.CONFIRM, ""): rule.confirm,
        (Aspect.WHY, ""): rule.why,
        (Aspect.EXAMPLES, ""): str(len(rule.examples)),
    }
    if rule.in_force.to is not None:
        found[Aspect.IN_FORCE, "to"] = rule.in_force.to.isoformat()
    if rule.trial is not None:
        found[Aspect.STATUS, "until"] = rule.trial.until.isoformat()
    for basis in rule.legal_basis:
        found[Aspect.LEGAL_BASIS, basis.ref] = f"{basis.says} ({basis.reading})"
    found.update(dict(_matched(rule.applies_to, "")))
    if rule.clock is not None:
        found.update(dict(_clock(rule.clock)))
    for name, sources in rule.limits.items():
        found[Aspect.LIMIT, name] = "; ".join(map(_source, sources))
    for part in ("condition", "tally"):
        model = getattr(rule, part)
        if model is not None:
            said = model.model_dump(mode="json", by_alias=True, exclude_none=True)
            found.update({(Aspect.MEASURED, name): _text(value) for name, value in said.items()})
    for card in rule.cards:
        found[Aspect.THRESHOLD, card.level] = card.at
        if card.unless is not None:
            unless = f"{card.unless.rule} {card.unless.level}"
            found[Aspect.THRESHOLD, f"{card.level} unless"] = unless
    if rule.ladder is not None:
        found[Aspect.LADDER, ""] = rule.ladder
    if rule.reply_within is not None:
        found[Aspect.REPLY_WITHIN, ""] = rule.reply_within
    return found


def _matched(match: Match, before: str) -> Iterator[tuple[Place, str]]:
    for name in ("item_kind", "item_code", "region", "department", "channel"):
        words = getattr(match, name)
        if words is not None:
            yield (Aspect.APPLIES_TO, f"{before}{name}"), ", ".join(words)
    for name, words in (match.attributes or {}).items():
        yield (Aspect.APPLIES_TO, f"{before}{name}"), ", ".join(words)
    if match.not_ is not None:
        yield from _matched(match.not_, f"{before}not ")


def _clock(clock: Clock) -> Iterator[tuple[Place, str]]:
    yield (Aspect.START, ""), ", ".join(clock.start)
    yield (Aspect.STOP, ""), ", ".join(clock.stop)
    if clock.unstarted:
        yield (Aspect.STOP, "unstarted"), ", ".join(clock.unstarted)
    if clock.deemed is not None:
        for name, value in clock.deemed.model_dump(mode="json", by_alias=True).items():
            yield (Aspect.DEEMED, name), _text(value)
    for pause in clock.pause:
        said = pause.model_dump(mode="json", by_alias=True, exclude_none=True)
        pair = f"{_text(said.pop('from'))} – {_text(said.pop('to'))}"
        yield (Aspect.PAUSE, pair), _text(said) or "all"
    for name in ("count", "resolution", "first_day", "ends", "roll", "episodes"):
        yield (Aspect.COUNTING, name), str(getattr(clock, name))
    if clock.kinds is not None:
        yield (Aspect.COUNTING, "kinds"), ", ".join(clock.kinds)
    if clock.extend is not None:
        for name, value in clock.extend.model_dump(mode="json").items():
            yield (Aspect.EXTEND, name), _text(value)


def _source(source: LimitSource) -> str:
    text = source.fixed or source.case or f"event {source.event}"
    return f"{text} (moved_by_pauses)" if source.moved_by_pauses else text


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_text(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)
