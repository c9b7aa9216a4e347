"""A tally in plain words, in the current language: of what, for whom, in which window."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..rules.tallies import Compared, Tally, With
from ..rules.vocabulary import Vocabulary
from .language import say_amount, say_level
from .measure_words import SUBJECTS, WINDOWS
from .messages import mark, t
from .rule_phrases import event_words, listed

TALLIED: Final = {
    ("count", "cards"): mark("number of cards"),
    ("count", "cases"): mark("number of cases"),
    ("count", "items"): mark("number of items"),
    ("count", "orders"): mark("number of orders"),
    ("count", "alarms"): mark("number of alarms"),
    ("in_a_row", "cards"): mark("cards in a row"),
    ("share", "cards"): mark("share of the cards"),
    ("share", "cases"): mark("share of the cases"),
    ("share", "items"): mark("share of the items"),
    ("share", "orders"): mark("share of the orders"),
    ("batch", "events"): mark("cases recorded in one batch"),
    ("same_text", "events"): mark("cases with the same text", ctx="tallied"),
}
BY: Final = {
    "department": mark("department"),
    "handler": mark("handler", ctx="by"),
    "item_code": mark("item"),
    "region": mark("region"),
    "supervisor": mark("supervisor", ctx="by"),
    "actor": mark("actor"),
    "order": mark("order"),
    "all": mark("all together"),
}
AMONG: Final = {
    "begun": mark("begun in it"),
    "accepted": mark("accepted in it"),
    "finished": mark("finished in it"),
    "handled": mark("finished or open in it"),
}
ALARMS: Final = {
    "not_followed_up": mark("cards that were not followed up"),
    "order_open": mark("orders that stay open"),
}
COMPARED: Final = {
    "former_window": mark("against the window before"),
    "year_before": mark("against the same window a year before"),
    "whole": mark("against all subjects together"),
}
SIDES: Final = {
    "either": mark("to either side"),
    "more": mark("only where it is more"),
    "less": mark("only where it is less"),
}
_TEXTS: Final = {
    "reason": mark("reason"),
    "kind": mark("kind", ctx="texts"),
    "department": mark("department"),
    "actor": mark("actor", ctx="texts"),
    "stage": mark("stage"),
}


def say_given_to(subject: str) -> str:
    """To whom a card is given: 部门 某局, organ 某局; empty for a case, which has its number."""
    kind, _, name = subject.partition(":")
    if kind not in SUBJECTS:
        return ""
    return f"{t(SUBJECTS[kind])} {name}".strip()


def say_tally(tally: Tally, vocabulary: Vocabulary) -> Iterator[str]:
    """What a tally counts, for whom and in which window, sentence by sentence."""
    measure, by = t(TALLIED[(tally.measure, tally.of)]), t(BY[tally.by])
    window = t(WINDOWS[tally.window])
    yield t("Tallied by {by} in each {window}: {measure}.", by=by, window=window, measure=measure)
    narrowed = [text for text in _narrowed(tally, vocabulary) if text]
    if narrowed:
        yield t("Counted: ") + t("; ").join(narrowed) + t(".")
    if tally.with_ is not None:
        yield (t("Of these, those with: ") + _with(tally.with_, vocabulary) + t("."))
    if tally.compared is not None:
        yield _compared(tally.compared)
    if tally.at_least is not None:
        yield t(
            "Where there are fewer than {at_least} to go by, nothing is judged.",
            at_least=tally.at_least,
        )


def _narrowed(tally: Tally, vocabulary: Vocabulary) -> Iterator[str]:
    if tally.among:
        yield t(AMONG[tally.among])
    if tally.levels:
        yield _levels(tally.levels)
    if tally.rules:
        yield _rules(tally.rules)
    if tally.alarms:
        yield listed([t(ALARMS[str(kind)]) for kind in tally.alarms])
    if tally.events:
        yield event_words(vocabulary, tally.events)
    if tally.field:
        text = t(_TEXTS[tally.field])
        yield t("with the same {text_}", text_=text)
    for amount, phrase in (
        (tally.unanswered_for, mark("unanswered for more than {}")),
        (tally.open_for, mark("open for more than {}")),
        (tally.within, mark("recorded within {} of each other")),
        (tally.late_by, mark("recorded {} or more after they happened")),
    ):
        if amount:
            yield t(phrase).format(say_amount(amount))


def _levels(levels: Sequence[str]) -> str:
    return listed([say_level(level) for level in levels])


def _rules(rules: Sequence[str]) -> str:
    return t("of the rules ") + listed(list(rules))


def _with(part: With, vocabulary: Vocabulary) -> str:
    if part.events:
        return t("an event ") + event_words(vocabulary, part.events)
    if part.incomplete:
        return t("data that are incomplete")
    if part.finished_within:
        within = say_amount(part.finished_within)
        return t("a finish within {within} of the acceptance", within=within)
    said = [_levels(part.levels)] if part.levels else []
    said += [_rules(part.rules)] if part.rules else []
    return t("a card: ") + t(", ", ctx="card").join(said)


def _compared(compared: Compared) -> str:
    against, side = t(COMPARED[compared.with_]), t(SIDES[compared.side])
    return t("Held {against}, {side}.", against=against, side=side)
