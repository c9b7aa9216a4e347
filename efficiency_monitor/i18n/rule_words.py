"""A rule in plain words, in the current language: for whom it is, what is counted, what follows.

Words only: what a browser or Markdown would read as markup is escaped where the page is made.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..rules.comparison import SIGNS, Comparison
from ..rules.conditions import Condition
from ..rules.rule_parts import Match
from ..rules.rules import CardAt, Clock, Extend, LimitSource, Pause, Rule
from ..rules.vocabulary import Vocabulary
from ..time.amount import Amount, Threshold, decimal_text
from .language import (
    say_amount,
    say_item_kind,
    say_level,
    say_limit,
    say_unit,
)
from .messages import mark, t
from .rule_phrases import event_words, listed

#: A term and what is said of it.
Fact = tuple[str, str]
_FIELDS: Final = {
    "item_kind": mark("kind of item"),
    "item_code": mark("item", ctx="explain"),
    "region": mark("region"),
    "department": mark("department"),
    "channel": mark("channel"),
}
_SOURCES: Final = {
    "promised_limit": mark("the case's promised limit"),
    "statutory_limit": mark("the case's statutory limit"),
    "promised_due": mark("the instant promised for the case"),
    "statutory_due": mark("the case's statutory due instant"),
    "licence_expires": mark("the end of the licence"),
    "amount": mark("the limit that came with the start"),
    "due_at": mark("the due instant that came with the start"),
}
_SIGNS: Final = {
    ">": mark("more than"),
    ">=": mark("at least"),
    "<": mark("less than"),
    "<=": mark("at most"),
    "=": mark("exactly"),
}
_COUNTED: Final = {
    "events": mark("{value}", ctx="counted"),
    "characters": mark("{value} characters", ctx="counted"),
    "fields": mark("{value} fields", ctx="counted"),
    "%": mark("{value} %", ctx="counted"),
    "points": mark("{value} percentage points", ctx="counted"),
    "cards": mark("{value} cards", ctx="counted"),
    "cases": mark("{value} cases", ctx="counted"),
    "items": mark("{value} items", ctx="counted"),
    "orders": mark("{value} orders", ctx="counted"),
    "alarms": mark("{value} alarms", ctx="counted"),
}
#: What a measure measures; `{of}` are its events, other names its parameters.
MEASURES: Final = {
    "count": mark("how often: {of}"),
    "gap": mark("the time from {since} to {of}"),
    "lag": mark("how long after it happened it was recorded: {of}"),
    "length": mark("the length of {field} given with: {of}"),
    "number": mark("the number in {field} of: {of}"),
    "lacking": mark("how many of {case_fields} the case lacks at: {of}"),
    "absent": mark("{of} without any of: {need}"),
    "skipped_stage": mark("how many stages were skipped before: {of}"),
    "reordered_stage": mark("stages out of order at: {of}"),
    "unlisted_stage": mark("a stage that is not listed at: {of}"),
    "contradiction": mark("how often {field} contradicts itself in: {of}"),
    "fee_deviation": mark("how far from the fee list: {of}"),
    "paused_share": mark(
        "the share of the time from {since} to {stop} that lay between {of} and {until}"
    ),
    "repeated_text": mark("how often the same {field} was given with: {of}"),
    "overlapping": mark("how many others run at: {of}"),
    "same_person": mark("{field} of {of} is who handles the case"),
    "recorded_after_due": mark("how long after the end of the {limit} it was recorded: {of}"),
    "across_closing": mark(
        "how often {of} until {until} lay across closing time (within {within} of it)"
    ),
}


def say_match(match: Match) -> str:
    """For which cases a rule is."""
    parts = [_field(name, getattr(match, name) or ()) for name in _FIELDS]
    parts += [_attribute(name, words) for name, words in (match.attributes or {}).items()]
    said = t("; ", ctx="card").join(part for part in parts if part)
    if match.not_ is not None:
        parts = [_field(name, getattr(match.not_, name) or ()) for name in _FIELDS]
        parts += [_attribute(name, words) for name, words in (match.not_.attributes or {}).items()]
        without = t(" and ").join(part for part in parts if part)
        said = f"{said}{t('; ') if said else ''}{t('except ')}{without}"
    return said or t("every case")


def _field(name: str, words: Sequence[str]) -> str:
    if not words:
        return ""
    said = [say_item_kind(word) if name == "item_kind" else word for word in words]
    return f"{t(_FIELDS[name])}{t(': ', ctx='rule words')}{listed(said)}"


def _attribute(name: str, words: Sequence[str]) -> str:
    return f"{name} = {listed(list(words))}"


def say_clock(clock: Clock, vocabulary: Vocabulary) -> Iterator[str]:
    """What a clock counts, sentence by sentence."""

    def name(codes: Sequence[str]) -> str:
        return event_words(vocabulary, codes)

    yield t(
        "The clock runs from {start} until {stop}.", start=name(clock.start), stop=name(clock.stop)
    )
    if clock.kinds:
        kinds = name(clock.kinds)
        yield t("Only events of these kinds: {kinds}.", kinds=kinds)
    if clock.ahead:
        days = say_amount(clock.ahead)
        yield t("Only for what begins at least {days} before the end that is stated.", days=days)
    if clock.unstarted:
        yield t(
            "Where {unstarted} comes without any start, nothing runs.",
            unstarted=name(clock.unstarted),
        )
    if clock.deemed:
        within = say_amount(clock.deemed.within)
        yield t(
            "If neither {unless} comes within {within} after {from_}, the clock is deemed to run "
            "from there.",
            unless=name(clock.deemed.unless),
            within=within,
            from_=name(clock.deemed.from_),
        )
    yield _count(clock)
    yield from (_pause(pause, name) for pause in clock.pause)
    if clock.extend:
        limits = t(" and the ").join(say_limit(limit) for limit in clock.extend.limits)
        yield t(
            "What is granted by {value} is added to the {limits}.",
            value=name([*clock.extend.by]),
            limits=limits,
        )
        yield from _bounds(clock.extend)
    yield _EPISODES[clock.episodes]()


def _bounds(extend: Extend) -> Iterator[str]:
    if extend.times is not None:
        yield t(
            "At most {times} of them count; none that is made or entered after the limit.",
            times=extend.times,
        )
    if extend.most is not None:
        most = say_amount(extend.most)
        yield t("Together at most {most}; the rest is cut off.", most=most)


def _count(clock: Clock) -> str:
    if clock.resolution == "time":
        return t("Counted to the second; each working day weighs 1 whatever its hours.")
    first = (
        t("the day of the start counts")
        if clock.first_day == "same"
        else t("the day of the start does not count")
    )
    ends = (
        t("the last day ends at 23:59:59")
        if clock.ends == "midnight"
        else t("the last day ends at closing time")
    )
    rolls = ""
    if clock.roll == "next_working_day":
        rolls = t("; a limit in calendar days that ends on a day off moves to the next working day")
    return t("Days are whole: {first}, {ends}{rolls}.", first=first, ends=ends, rolls=rolls)


def _pause(pause: Pause, name: Callable[[Sequence[str]], str]) -> str:
    kinds = name(pause.kinds) if pause.kinds else ""
    cap = ""
    if pause.cap:
        most = say_amount(pause.cap.fixed) if pause.cap.fixed else t("the time applied for")
        cap = t(", at most for {most}", most=most)
    only = t(" (only for {kinds})", kinds=kinds) if kinds else ""
    return t(
        "It stands from {from_} until {to}{only}{cap}.",
        from_=name(pause.from_),
        to=name(pause.to),
        only=only,
        cap=cap,
    )


_EPISODES: Final[dict[str, Callable[[], str]]] = {
    "once": lambda: t("One run a case, from the first start on."),
    "each": lambda: t("Every start after a stop is a run of its own."),
    "per_stage": lambda: t("Each stage has runs of its own."),
}


def say_sources(sources: Sequence[LimitSource]) -> str:
    """Where a limit comes from."""
    return t("; else ").join(_source(source) for source in sources)


def _source(source: LimitSource) -> str:
    if source.fixed:
        return say_amount(source.fixed)
    said = t(_SOURCES[str(source.case or source.event)])
    if source.moved_by_pauses:
        said += t(" (moved by pauses)")
    return said


def say_condition(condition: Condition, vocabulary: Vocabulary) -> Iterator[str]:
    """What a condition measures."""
    words = {
        "field": condition.field or "",
        "limit": say_limit(condition.limit or ""),
        "within": say_amount(condition.within),
        "case_fields": listed(list(condition.case_fields or ())),
    }
    for name in ("of", "since", "stop", "until", "need"):
        words[name] = event_words(vocabulary, getattr(condition, name) or ())
    measure = t(MEASURES[condition.measure]).format(**words)
    yield t("Measured: {measure}.", measure=measure)
    if condition.kinds:
        kinds = event_words(vocabulary, condition.kinds)
        yield t("Only of these kinds: {kinds}.", kinds=kinds)
    if condition.lawful is not None:
        yield (
            t("Only those whose kind is on the list of 行政许可法 Art. 45.")
            if condition.lawful
            else t("Only those whose kind is not on the list of 行政许可法 Art. 45.")
        )
    if condition.after:
        after = event_words(vocabulary, condition.after)
        yield t("Only those after: {after}.", after=after)
    if condition.before:
        before = event_words(vocabulary, condition.before)
        yield t("Only those before: {before}.", before=before)


def say_card(rule: Rule, card: CardAt) -> str:
    """When a level is given."""
    said = say_comparison(card.at, rule) if card.at[:1] in SIGNS else _say_point(card)
    if card.unless is None:
        return said
    other = say_level(card.unless.level)
    return said + t(
        "; not while the case has the {other} card of {rule}", other=other, rule=card.unless.rule
    )


def _say_point(card: CardAt) -> str:
    point = Threshold.parse(card.at)
    limit = say_limit(point.limit)
    if point.percent is not None:
        used = decimal_text(point.percent)
        return t("more than {used}% of the {limit} used", used=used, limit=limit)
    if point.offset is None:
        return t("past the {limit} (its last second is in time)", limit=limit)
    offset = say_amount(point.offset)
    if point.later:
        return t("more than {offset} past the {limit}", offset=offset, limit=limit)
    return t("only {offset} of the {limit} left", offset=offset, limit=limit)


def say_comparison(at: str, rule: Rule) -> str:
    """多于1次; more than 1."""
    comparison = Comparison.parse(at)
    unit = comparison.unit
    if not unit:
        part = rule.condition or rule.tally
        unit = part.unit_word if part is not None else "events"
    value, sign = decimal_text(comparison.value), t(_SIGNS[comparison.sign])
    if unit in _COUNTED:
        said = t(_COUNTED[unit], value=value)
    else:
        said = t(
            "{value} {unit}",
            value=value,
            unit=say_unit(unit, one=value == "1"),
            unit_2=say_unit(unit),
        )
    return t("{sign} {said}", sign=sign, said=said)


def say_follow_up(rule: Rule) -> str:
    """What follows a card."""
    said = [
        t("given automatically")
        if rule.confirm == "automatic"
        else t("given once a person has confirmed it")
    ]
    if rule.reply_within:
        within = say_amount(Amount.parse(rule.reply_within))
        said.append(t("to be answered within {within}", within=within))
    if rule.ladder:
        said.append(t("ladder {ladder}", ladder=rule.ladder))
    return t("; ", ctx="card").join(said)
