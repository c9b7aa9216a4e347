"""A tally in plain words, in the current language: of what, for whom, in which window."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..rules.tallies import Compared, Tally, With
from ..rules.vocabulary import Vocabulary
from .language import say_amount, say_level, t
from .measure_words import SUBJECTS, WINDOWS
from .rule_phrases import event_words, listed

TALLIED: Final = {
    ("count", "cards"): ("牌的张数", "number of cards"),
    ("count", "cases"): ("办件数", "number of cases"),
    ("count", "items"): ("事项数", "number of items"),
    ("count", "orders"): ("督办单数", "number of orders"),
    ("count", "alarms"): ("报警次数", "number of alarms"),
    ("in_a_row", "cards"): ("连续得牌数", "cards in a row"),
    ("share", "cards"): ("牌的比例", "share of the cards"),
    ("share", "cases"): ("办件的比例", "share of the cases"),
    ("share", "items"): ("事项的比例", "share of the items"),
    ("share", "orders"): ("督办单的比例", "share of the orders"),
    ("batch", "events"): ("成批登记的办件数", "cases recorded in one batch"),
    ("same_text", "events"): ("填写同样文字的办件数", "cases with the same text"),
}
BY: Final = {
    "department": ("部门", "department"),
    "handler": ("经办人", "handler"),
    "item_code": ("事项", "item"),
    "region": ("区划", "region"),
    "supervisor": ("监察人员", "supervisor"),
    "actor": ("操作人", "actor"),
    "order": ("督办单", "order"),
    "all": ("全部", "all together"),
}
AMONG: Final = {
    "begun": ("本期申请的", "begun in it"),
    "accepted": ("本期受理的", "accepted in it"),
    "finished": ("本期办结的", "finished in it"),
    "handled": ("本期办结或在办的", "finished or open in it"),
}
ALARMS: Final = {
    "not_followed_up": ("未及时督办", "cards that were not followed up"),
    "order_open": ("督办单久未办结", "orders that stay open"),
}
COMPARED: Final = {
    "former_window": ("与上一期相比", "against the window before"),
    "year_before": ("与上年同期相比", "against the same window a year before"),
    "whole": ("与全部对象合计相比", "against all subjects together"),
}
SIDES: Final = {
    "either": ("增减均算", "to either side"),
    "more": ("只看增加", "only where it is more"),
    "less": ("只看减少", "only where it is less"),
}
_TEXTS: Final = {
    "reason": ("理由", "reason"),
    "kind": ("种类", "kind"),
    "department": ("部门", "department"),
    "actor": ("经办", "actor"),
    "stage": ("环节", "stage"),
}


def say_given_to(subject: str) -> str:
    """To whom a card is given: 部门 某局, organ 某局; empty for a case, which has its number."""
    kind, _, name = subject.partition(":")
    if kind not in SUBJECTS:
        return ""
    return f"{t(*SUBJECTS[kind])} {name}".strip()


def say_tally(tally: Tally, vocabulary: Vocabulary) -> Iterator[str]:
    """What a tally counts, for whom and in which window, sentence by sentence."""
    measure, by = t(*TALLIED[(tally.measure, tally.of)]), t(*BY[tally.by])
    window = t(*WINDOWS[tally.window])
    yield t(f"按{by}、每{window}统计：{measure}。", f"Tallied by {by} in each {window}: {measure}.")
    narrowed = [text for text in _narrowed(tally, vocabulary) if text]
    if narrowed:
        yield t("只计：", "Counted: ") + t("；", "; ").join(narrowed) + t("。", ".")
    if tally.with_ is not None:
        yield (
            t("所占比例或件数是指：", "Of these, those with: ")
            + _with(tally.with_, vocabulary)
            + t("。", ".")
        )
    if tally.compared is not None:
        yield _compared(tally.compared)
    if tally.at_least is not None:
        yield t(
            f"基数不足{tally.at_least}的，不作判定。",
            f"Where there are fewer than {tally.at_least} to go by, nothing is judged.",
        )


def _narrowed(tally: Tally, vocabulary: Vocabulary) -> Iterator[str]:
    if tally.among:
        yield t(*AMONG[tally.among])
    if tally.levels:
        yield _levels(tally.levels)
    if tally.rules:
        yield _rules(tally.rules)
    if tally.alarms:
        yield listed([t(*ALARMS[str(kind)]) for kind in tally.alarms])
    if tally.events:
        yield event_words(vocabulary, tally.events)
    if tally.field:
        text = t(*_TEXTS[tally.field])
        yield t(f"{text}文字相同的", f"with the same {text}")
    for amount, zh, en in (
        (tally.unanswered_for, "送达后超过{}未反馈的", "unanswered for more than {}"),
        (tally.open_for, "超过{}未办结的", "open for more than {}"),
        (tally.within, "彼此相隔不超过{}登记的", "recorded within {} of each other"),
        (tally.late_by, "发生{}之后才登记的", "recorded {} or more after they happened"),
    ):
        if amount:
            yield t(zh, en).format(say_amount(amount))


def _levels(levels: Sequence[str]) -> str:
    return listed([say_level(level) for level in levels])


def _rules(rules: Sequence[str]) -> str:
    return t("规则 ", "of the rules ") + listed(list(rules))


def _with(part: With, vocabulary: Vocabulary) -> str:
    if part.events:
        return t("有", "an event ") + event_words(vocabulary, part.events)
    if part.incomplete:
        return t("数据不全、无法判定的", "data that are incomplete")
    if part.finished_within:
        within = say_amount(part.finished_within)
        return t(f"受理后{within}内办结的", f"a finish within {within} of the acceptance")
    said = [_levels(part.levels)] if part.levels else []
    said += [_rules(part.rules)] if part.rules else []
    return t("得到", "a card: ") + t("，", ", ").join(said)


def _compared(compared: Compared) -> str:
    against, side = t(*COMPARED[compared.with_]), t(*SIDES[compared.side])
    return t(f"{against}的偏离，{side}。", f"Held {against}, {side}.")
