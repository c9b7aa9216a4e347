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
from .language import say_amount, say_item_kind, say_level, say_limit, say_unit, t
from .rule_phrases import event_words, listed

#: A term and what is said of it.
Fact = tuple[str, str]
_FIELDS: Final = {
    "item_kind": ("办件类型", "kind of item"),
    "item_code": ("事项编码", "item"),
    "region": ("区划", "region"),
    "department": ("部门", "department"),
    "channel": ("受理渠道", "channel"),
}
_SOURCES: Final = {
    "promised_limit": ("办件的承诺时限", "the case's promised limit"),
    "statutory_limit": ("办件的法定时限", "the case's statutory limit"),
    "promised_due": ("办件的承诺办结时间", "the instant promised for the case"),
    "statutory_due": ("办件的法定办结时间", "the case's statutory due instant"),
    "licence_expires": ("许可有效期届满之时", "the end of the licence"),
    "amount": ("起算事件所给的时限", "the limit that came with the start"),
    "due_at": ("起算事件所给的到期时间", "the due instant that came with the start"),
}
_SIGNS: Final = {
    ">": ("多于", "more than"),
    ">=": ("达到", "at least"),
    "<": ("少于", "less than"),
    "<=": ("不多于", "at most"),
    "=": ("等于", "exactly"),
}
_COUNTED: Final = {
    "events": ("次", ""),
    "characters": ("字", " characters"),
    "fields": ("项", " fields"),
    "%": ("%", " %"),
    "points": ("个百分点", " percentage points"),
    "cards": ("张牌", " cards"),
    "cases": ("件", " cases"),
    "items": ("项", " items"),
    "orders": ("份督办单", " orders"),
    "alarms": ("次报警", " alarms"),
}
#: What a measure measures; `{of}` are its events, other names its parameters.
MEASURES: Final = {
    "count": ("{of}的次数", "how often: {of}"),
    "gap": ("从{since}到{of}的时间", "the time from {since} to {of}"),
    "lag": ("{of}从发生到登记的时间", "how long after it happened it was recorded: {of}"),
    "length": ("{of}所填{field}的字数", "the length of {field} given with: {of}"),
    "number": ("{of}所填{field}的数值", "the number in {field} of: {of}"),
    "lacking": (
        "{of}时办件所缺项数（{case_fields}）",
        "how many of {case_fields} the case lacks at: {of}",
    ),
    "absent": ("{of}之前没有{need}", "{of} without any of: {need}"),
    "skipped_stage": ("{of}之前被跳过的环节数", "how many stages were skipped before: {of}"),
    "reordered_stage": ("{of}时环节次序颠倒", "stages out of order at: {of}"),
    "unlisted_stage": ("{of}时环节不在规定之列", "a stage that is not listed at: {of}"),
    "contradiction": (
        "{of}前后{field}不一致的次数",
        "how often {field} contradicts itself in: {of}",
    ),
    "fee_deviation": ("{of}偏离收费标准的比例", "how far from the fee list: {of}"),
    "paused_share": (
        "从{since}到{stop}的时间里，{of}至{until}所占比例",
        "the share of the time from {since} to {stop} that lay between {of} and {until}",
    ),
    "repeated_text": (
        "{of}所填{field}文字重复的次数",
        "how often the same {field} was given with: {of}",
    ),
    "overlapping": ("{of}时尚未结束的其他{of}个数", "how many others run at: {of}"),
    "same_person": ("{of}的{field}与经办为同一人", "{field} of {of} is who handles the case"),
    "recorded_after_due": (
        "{of}在{limit}届满之后多久才登记",
        "how long after the end of the {limit} it was recorded: {of}",
    ),
    "across_closing": (
        "{of}至{until}跨下班时间（前后{within}内）的次数",
        "how often {of} until {until} lay across closing time (within {within} of it)",
    ),
}


def say_match(match: Match) -> str:
    """For which cases a rule is."""
    parts = [_field(name, getattr(match, name) or ()) for name in _FIELDS]
    parts += [_attribute(name, words) for name, words in (match.attributes or {}).items()]
    said = t("，", "; ").join(part for part in parts if part)
    if match.not_ is not None:
        parts = [_field(name, getattr(match.not_, name) or ()) for name in _FIELDS]
        parts += [_attribute(name, words) for name, words in (match.not_.attributes or {}).items()]
        without = t("，且", " and ").join(part for part in parts if part)
        said = f"{said}{t('；', '; ') if said else ''}{t('不含：', 'except ')}{without}"
    return said or t("全部办件", "every case")


def _field(name: str, words: Sequence[str]) -> str:
    if not words:
        return ""
    said = [say_item_kind(word) if name == "item_kind" else word for word in words]
    return f"{t(*_FIELDS[name])}{t('为', ': ')}{listed(said)}"


def _attribute(name: str, words: Sequence[str]) -> str:
    return f"{name} = {listed(list(words))}"


def say_clock(clock: Clock, vocabulary: Vocabulary) -> Iterator[str]:
    """What a clock counts, sentence by sentence."""

    def name(codes: Sequence[str]) -> str:
        return event_words(vocabulary, codes)

    yield t(
        f"从{name(clock.start)}起计时，到{name(clock.stop)}止。",
        f"The clock runs from {name(clock.start)} until {name(clock.stop)}.",
    )
    if clock.kinds:
        kinds = name(clock.kinds)
        yield t(f"只看种类为{kinds}的事件。", f"Only events of these kinds: {kinds}.")
    if clock.ahead:
        days = say_amount(clock.ahead)
        yield t(
            f"只用于在所载届满之日{days}以前开始的。",
            f"Only for what begins at least {days} before the end that is stated.",
        )
    if clock.unstarted:
        yield t(
            f"未起算即{name(clock.unstarted)}的，不计时。",
            f"Where {name(clock.unstarted)} comes without any start, nothing runs.",
        )
    if clock.deemed:
        within = say_amount(clock.deemed.within)
        yield t(
            f"{name(clock.deemed.from_)}后{within}内没有{name(clock.deemed.unless)}的，"
            f"视为自{name(clock.deemed.from_)}之时起算。",
            f"If neither {name(clock.deemed.unless)} comes within {within} after "
            f"{name(clock.deemed.from_)}, the clock is deemed to run from there.",
        )
    yield _count(clock)
    yield from (_pause(pause, name) for pause in clock.pause)
    if clock.extend:
        limits = t("和", " and the ").join(say_limit(limit) for limit in clock.extend.limits)
        yield t(
            f"{name([*clock.extend.by])}所批准的时间加入{limits}。",
            f"What is granted by {name([*clock.extend.by])} is added to the {limits}.",
        )
        yield from _bounds(clock.extend)
    yield _EPISODES[clock.episodes]()


def _bounds(extend: Extend) -> Iterator[str]:
    if extend.times is not None:
        yield t(
            f"最多计 {extend.times} 次；届满之后作出或录入的不计。",
            f"At most {extend.times} of them count; none that is made or entered after the limit.",
        )
    if extend.most is not None:
        most = say_amount(extend.most)
        yield t(f"合计不超过{most}，超出不计。", f"Together at most {most}; the rest is cut off.")


def _count(clock: Clock) -> str:
    if clock.resolution == "time":
        return t(
            "按时刻连续计算，每个工作日计 1，不论其工作时间长短。",
            "Counted to the second; each working day weighs 1 whatever its hours.",
        )
    first = t(
        "起算当日计入" if clock.first_day == "same" else "起算当日不计入",
        "the day of the start counts"
        if clock.first_day == "same"
        else "the day of the start does not count",
    )
    ends = t(
        "最后一日 23:59:59 届满" if clock.ends == "midnight" else "最后一日下班时届满",
        "the last day ends at 23:59:59"
        if clock.ends == "midnight"
        else "the last day ends at closing time",
    )
    rolls = ""
    if clock.roll == "next_working_day":
        rolls = t(
            "；自然日的最后一日为休息日的，顺延至下一工作日",
            "; a limit in calendar days that ends on a day off moves to the next working day",
        )
    return t(
        f"以天计的按整日计算：{first}，{ends}{rolls}。", f"Days are whole: {first}, {ends}{rolls}."
    )


def _pause(pause: Pause, name: Callable[[Sequence[str]], str]) -> str:
    kinds = name(pause.kinds) if pause.kinds else ""
    cap = ""
    if pause.cap:
        most = (
            say_amount(pause.cap.fixed)
            if pause.cap.fixed
            else t("所申请的天数", "the time applied for")
        )
        cap = t(f"，最多扣除{most}", f", at most for {most}")
    only = t(f"（仅限{kinds}）", f" (only for {kinds})") if kinds else ""
    return t(
        f"{name(pause.from_)}至{name(pause.to)}期间暂停计时{only}{cap}。",
        f"It stands from {name(pause.from_)} until {name(pause.to)}{only}{cap}.",
    )


_EPISODES: Final[dict[str, Callable[[], str]]] = {
    "once": lambda: t(
        "每件只计一次，从最初的起算事件算起。", "One run a case, from the first start on."
    ),
    "each": lambda: t(
        "停止之后再次起算的，另计一次。", "Every start after a stop is a run of its own."
    ),
    "per_stage": lambda: t("每个环节分别计时。", "Each stage has runs of its own."),
}


def say_sources(sources: Sequence[LimitSource]) -> str:
    """Where a limit comes from."""
    return t("；没有的，", "; else ").join(_source(source) for source in sources)


def _source(source: LimitSource) -> str:
    if source.fixed:
        return say_amount(source.fixed)
    said = t(*_SOURCES[str(source.case or source.event)])
    if source.moved_by_pauses:
        said += t("（随暂停顺延）", " (moved by pauses)")
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
    measure = t(*MEASURES[condition.measure]).format(**words)
    yield t(f"度量：{measure}。", f"Measured: {measure}.")
    if condition.kinds:
        kinds = event_words(vocabulary, condition.kinds)
        yield t(f"只看种类为{kinds}的。", f"Only of these kinds: {kinds}.")
    if condition.lawful is not None:
        yield t(
            f"只看种类{'属于' if condition.lawful else '不属于'}行政许可法第四十五条所列的。",
            f"Only those whose kind is {'' if condition.lawful else 'not '}on the list of "
            "行政许可法 Art. 45.",
        )
    if condition.after:
        after = event_words(vocabulary, condition.after)
        yield t(f"只看{after}之后的。", f"Only those after: {after}.")
    if condition.before:
        before = event_words(vocabulary, condition.before)
        yield t(f"只看{before}之前的。", f"Only those before: {before}.")


def say_card(rule: Rule, card: CardAt) -> str:
    """When a level is given."""
    said = say_comparison(card.at, rule) if card.at[:1] in SIGNS else _say_point(card)
    if card.unless is None:
        return said
    other = say_level(card.unless.level)
    return said + t(
        f"；本办件已有 {card.unless.rule} 的{other}时不发",
        f"; not while the case has the {other} card of {card.unless.rule}",
    )


def _say_point(card: CardAt) -> str:
    point = Threshold.parse(card.at)
    limit = say_limit(point.limit)
    if point.percent is not None:
        used = decimal_text(point.percent)
        return t(f"{limit}已用超过{used}%", f"more than {used}% of the {limit} used")
    if point.offset is None:
        return t(
            f"超过{limit}（届满当秒仍为及时）", f"past the {limit} (its last second is in time)"
        )
    offset = say_amount(point.offset)
    if point.later:
        return t(f"超过{limit}后又过{offset}", f"more than {offset} past the {limit}")
    return t(f"距{limit}届满只剩{offset}", f"only {offset} of the {limit} left")


def say_comparison(at: str, rule: Rule) -> str:
    """多于1次; more than 1."""
    comparison = Comparison.parse(at)
    unit = comparison.unit
    if not unit:
        part = rule.condition or rule.tally
        unit = part.unit_word if part is not None else "events"
    value, sign = decimal_text(comparison.value), t(*_SIGNS[comparison.sign])
    if unit in _COUNTED:
        said = f"{value}{t(*_COUNTED[unit])}"
    else:
        said = t(f"{value}{say_unit(unit)}", f"{value} {say_unit(unit, one=value == '1')}")
    return t(f"{sign}{said}", f"{sign} {said}")


def say_follow_up(rule: Rule) -> str:
    """What follows a card."""
    said = [
        t("自动发牌", "given automatically")
        if rule.confirm == "automatic"
        else t("经人工确认后发牌", "given once a person has confirmed it")
    ]
    if rule.reply_within:
        within = say_amount(Amount.parse(rule.reply_within))
        said.append(t(f"{within}内反馈", f"to be answered within {within}"))
    if rule.ladder:
        said.append(t(f"督办层级 {rule.ladder}", f"ladder {rule.ladder}"))
    return t("，", "; ").join(said)
