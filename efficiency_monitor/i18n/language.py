"""What is said to people, in Chinese or English: `t(zh, en)` and the words for the enums.

The language is one setting of the process, chosen once by the composition root (`choose`, then
`set_language`). Codes in files, JSON and the database are never translated; only what is shown is.
Every function that takes a code also takes an unknown one and gives it back, because a newer
ledger may be read by an older program; the caller makes it safe to print.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from enum import Enum
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.measure_words import COUNTED, LIMITS, SIGNS
from efficiency_monitor.terms import (
    AppealState,
    CardState,
    ItemKind,
    Level,
    LiftReason,
    OrderState,
    Outcome,
    Precision,
    Reason,
)
from efficiency_monitor.time.amount import Amount, Threshold, Unit, decimal_text

Language = Literal["zh", "en"]
_E = TypeVar("_E", bound=Enum)

#: The language in force; English until the composition root has chosen.
_current: Language = "en"


def t(zh: str, en: str) -> str:
    """The text in the current language."""
    return zh if _current == "zh" else en


def bilingual(text: str) -> str:
    """The current language's half of a text written `中文 / English`; a text in one, as it is."""
    zh, slash, en = text.partition(" / ")
    return t(zh, en) if slash else text


def language() -> Language:
    """The current language."""
    return _current


def set_language(code: str) -> None:
    """Choose the language: `zh` or `en`, also as a locale name such as `zh_CN.UTF-8`.

    Raises ConfigurationError for any other code.
    """
    global _current
    found = _parse(code)
    if found is None:
        raise ConfigurationError(
            f"unknown language {code!r} / 不认识的语言 {code!r}", "zh or en / 请写 zh 或 en"
        )
    _current = found


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Another language for the block, for a document that is written in both."""
    before = _current
    set_language(code)
    try:
        yield
    finally:
        set_language(before)


def choose(env: Mapping[str, str], workspace_default: str | None) -> Language:
    """The language to speak: EFFMON_LANG, else the workspace's, else the locale's, else English.

    Of the locale the first that is set decides: LC_ALL, LC_MESSAGES, LANG, LANGUAGE. A code that is
    neither Chinese nor English is passed over.
    """
    for code in (env.get("EFFMON_LANG", ""), workspace_default or ""):
        found = _parse(code)
        if found is not None:
            return found
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        if env.get(name):
            return _parse(env[name]) or "en"
    return "en"


def _parse(code: str) -> Language | None:
    """The language of `zh`, `zh_CN.UTF-8`, `en-GB`; None for any other."""
    word = code.strip().lower().replace("-", "_").split(".")[0].split("_")[0].split(":")[0]
    if word == "zh":
        return "zh"
    return "en" if word == "en" else None


_LEVELS: Final = {
    Level.WARNING: ("预警", "warning"),
    Level.YELLOW: ("黄牌", "yellow"),
    Level.RED: ("红牌", "red"),
}

_STATES: Final = {
    CardState.PENDING: ("待确认", "to be confirmed"),
    CardState.OPEN: ("待签收", "open"),
    CardState.ACKNOWLEDGED: ("已签收", "acknowledged"),
    CardState.REPLIED: ("已反馈", "replied"),
    CardState.CLOSED: ("已销号", "closed"),
    CardState.SUPERSEDED: ("已升级", "superseded"),
    CardState.LIFTED: ("已撤销", "lifted"),
    CardState.HISTORICAL: ("历史", "historical"),
}

_OUTCOMES: Final = {
    Outcome.JUDGED: ("已判定", "judged"),
    Outcome.NOT_JUDGEABLE: ("无法判定", "not judgeable"),
    Outcome.EXCLUDED: ("不适用", "excluded"),
}

_REASONS: Final = {
    Reason.NO_LIMIT: ("没有时限", "no limit is given"),
    Reason.BAD_LIMIT: ("时限写法有误", "the limit cannot be read"),
    Reason.NO_CALENDAR: ("没有工作日历", "there is no calendar"),
    Reason.CALENDAR_NOT_COVERED: ("超出工作日历的范围", "the calendar does not cover the dates"),
    Reason.CALENDAR_PROVISIONAL: (
        "放假通知尚未公布，日历为暂定",
        "the calendar is provisional: the notice is not published",
    ),
    Reason.DATE_ONLY: ("只有日期，没有时刻", "only a date is given, not a time"),
    Reason.FAULTY_DATA: ("数据有误", "the data are faulty"),
    Reason.HALF_IMPORT: (
        "导入尚未完成（正在进行或中断）：请重新导入同名文件",
        "an import of it has not ended: it runs, or broke off; import its files again",
    ),
    Reason.NO_CASE_ROW: (
        "办件本身的记录尚未到达，事件的时间不知属于哪个时区",
        "the row of the case has not come: its times are in no zone yet",
    ),
    Reason.INPUT_NOT_HELD: (
        "数据与台账所记的导入不符，可能被人改动",
        "its rows are not those that the entries of their imports hold: somebody changed them",
    ),
    Reason.LACKING_DATA: (
        "数据缺少规则所需的内容",
        "the data do not hold what the rule measures",
    ),
    Reason.EXTENSION_REFUSED: (
        "延期未予计入或者未全部计入（时限届满后才作出或录入、超过次数或者超过天数）",
        "an extension did not count, or not whole: after the limit, one too many, or too long",
    ),
    Reason.NO_FORMER_WINDOW: (
        "没有可比的前期数据",
        "the former period is not known in full, or had nothing in it",
    ),
    Reason.STALE_FEED: ("数据源未按时更新", "the source has not been updated in time"),
}

_READINGS: Final = {"text": ("条文原文", "the text"), "ours": ("我们的理解", "our reading")}

_LIFT_REASONS: Final = {
    LiftReason.LATE_EVIDENCE: ("补到的证据", "late evidence"),
    LiftReason.CALENDAR_AMENDED: ("工作日历修订", "amended calendar"),
    LiftReason.APPEAL: ("申诉成立", "appeal upheld"),
    LiftReason.EXEMPTION: ("免责", "exemption"),
    LiftReason.ISSUED_IN_ERROR: ("误发", "issued in error"),
    LiftReason.NOT_CONFIRMED: ("未予确认", "not confirmed"),
}

_APPEAL_STATES: Final = {
    AppealState.FILED: ("待裁决", "to be decided"),
    AppealState.REFERRED: ("已上报", "referred upwards"),
    AppealState.UPHELD: ("成立", "upheld"),
    AppealState.RETURNED: ("打回", "returned"),
    AppealState.SETTLED: ("牌已撤销", "settled"),
}

_ORDER_STATES: Final = {
    OrderState.OPEN: ("待反馈", "open"),
    OrderState.REPLIED: ("已反馈", "replied"),
    OrderState.RETURNED: ("退回重办", "returned"),
    OrderState.CLOSED: ("已办结", "closed"),
}

_ITEM_KINDS: Final = {
    ItemKind.INSTANT: ("即办件", "instant"),
    ItemKind.PROMISED: ("承诺件", "promised"),
    ItemKind.FORWARDED: ("上报件", "forwarded"),
    ItemKind.JOINT: ("联办件", "joint"),
}

_PRECISIONS: Final = {
    Precision.SECOND: ("精确到秒", "to the second"),
    Precision.DAY: ("只到日期", "date only"),
}

#: Chinese, English for one, English for several.
_UNITS: Final = {
    Unit.WORKING_DAYS: ("个工作日", "working day", "working days"),
    Unit.WORKING_HOURS: ("个工作小时", "working hour", "working hours"),
    Unit.WORKING_MINUTES: ("个工作分钟", "working minute", "working minutes"),
    Unit.WORKING_SECONDS: ("个工作秒", "working second", "working seconds"),
    Unit.CALENDAR_DAYS: ("个自然日", "calendar day", "calendar days"),
    Unit.CALENDAR_HOURS: ("小时", "hour", "hours"),
    Unit.CALENDAR_MINUTES: ("分钟", "minute", "minutes"),
    Unit.CALENDAR_SECONDS: ("秒", "second", "seconds"),
    Unit.CALENDAR_MONTHS: ("个月", "month", "months"),
}

_WEEKDAYS: Final = (
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
)


def say_level(level: Level | str) -> str:
    """预警, 黄牌, 红牌; warning, yellow, red. Takes the enum or its word."""
    if not isinstance(level, Level):
        try:
            level = Level.parse(level)
        except ValueError:
            return str(level)
    return t(*_LEVELS[level])


def say_state(state: CardState | str) -> str:
    """State of a card."""
    return _say(_STATES, CardState, state)


def say_outcome(outcome: Outcome | str) -> str:
    """Outcome of a case."""
    return _say(_OUTCOMES, Outcome, outcome)


def say_reason(reason: Reason | str) -> str:
    """Why a case could not be judged."""
    return _say(_REASONS, Reason, reason)


def say_reading(reading: str) -> str:
    """Whether a legal basis is the article's text or a reading of it."""
    return t(*_READINGS[reading]) if reading in _READINGS else str(reading or "")


def say_lift_reason(reason: LiftReason | str) -> str:
    """Why a card was lifted."""
    return _say(_LIFT_REASONS, LiftReason, reason)


def say_appeal_state(state: AppealState | str) -> str:
    """State of an appeal."""
    return _say(_APPEAL_STATES, AppealState, state)


def say_order_state(state: OrderState | str) -> str:
    """State of a supervision order."""
    return _say(_ORDER_STATES, OrderState, state)


def say_item_kind(kind: ItemKind | str) -> str:
    """Kind of item."""
    return _say(_ITEM_KINDS, ItemKind, kind)


def say_precision(precision: Precision | str) -> str:
    """How exactly a time is known."""
    return _say(_PRECISIONS, Precision, precision)


def _say(words: Mapping[_E, tuple[str, str]], kind: type[_E], code: _E | str) -> str:
    try:
        return t(*words[kind(code)])
    except ValueError:
        return str(code)


def say_limit(name: str) -> str:
    """Name of a limit or of a measure: 承诺时限, 次数; a rule's own names stay as they are."""
    return t(*LIMITS[name]) if name in LIMITS else name


def say_unit(unit: Unit | str, *, one: bool = False) -> str:
    """A unit after a number: 个工作日, `working days` (`one`: `working day`)."""
    try:
        zh, single, several = _UNITS[Unit(unit)]
    except ValueError:
        return str(unit)
    return t(zh, single if one else several)


def say_amount(amount: Amount | Mapping[str, object] | str | None) -> str:
    """An amount: `3个工作日`, `26个工作小时30分钟`; `3 working days`. Empty for None.

    Also of what is counted and is no time, `2次`, and of a comparison: `超过1次`.
    Takes the value, its JSON form `{"value": "3", "unit": "working_days"}` or its text. Days with a
    fraction stay decimal, because a day's hours differ; they are cut off after two places, not
    rounded, so that 6.9999 is not shown as 7, unless nothing would be left.
    """
    if amount is None:
        return ""
    if isinstance(amount, Mapping) and "sign" in amount:
        amount = f"{amount['sign']} {amount.get('value')} {amount.get('unit')}"
    if isinstance(amount, str) and (sign := amount.partition(" ")[0]) in SIGNS:
        return t(*SIGNS[sign]) + say_amount(amount.removeprefix(sign).strip())
    if isinstance(amount, Amount):
        number, unit = str(amount.value), str(amount.unit)
    elif isinstance(amount, str):
        number, _, unit = amount.strip().partition(" ")
    else:
        number, unit = str(amount.get("value", "")), str(amount.get("unit", ""))
    try:
        value = Decimal(number)
        if unit in COUNTED and value.is_finite():
            zh, single, several = COUNTED[unit]
            return decimal_text(_short(value)) + t(zh, single if value == 1 else several)
        known = Unit(unit.strip())
    except (InvalidOperation, ValueError):
        return f"{number} {unit}".strip()
    if not value.is_finite():
        return f"{number} {unit}"
    if known.seconds > 1 and value != int(value):
        return _compound(value, known)
    return _counted(_short(value), known)


def _short(value: Decimal) -> Decimal:
    cut = value.quantize(Decimal("0.01"), ROUND_DOWN)
    return cut if cut else value


def _counted(value: Decimal, unit: Unit) -> str:
    number = decimal_text(value)
    return t(f"{number}{say_unit(unit)}", f"{number} {say_unit(unit, one=value == 1)}")


def _compound(value: Decimal, unit: Unit) -> str:
    """Hours or minutes with a fraction, in whole seconds: 26个工作小时30分钟."""
    rest = int((value * unit.seconds).to_integral_value())
    said: list[str] = []
    kind = "working" if unit.working else "calendar"
    for size in ("hours", "minutes", "seconds"):
        step = Unit(f"{kind}_{size}")
        if step.seconds > unit.seconds:
            continue
        number, rest = divmod(rest, step.seconds)
        if number:
            # Only the first part says that it is working time.
            shown = step if not said else Unit(f"calendar_{size}")
            said.append(_counted(Decimal(number), shown))
        if not rest:
            break
    return t("".join(said), " ".join(said)) or _counted(Decimal(0), unit)


def say_duration(*, days: int, seconds: int) -> str:
    """Working time held: whole working days and the rest in seconds: `3个工作日2小时`."""
    parts = []
    if days:
        parts.append(_counted(Decimal(days), Unit.WORKING_DAYS))
    if seconds:
        unit = Unit.CALENDAR_HOURS if seconds >= 3600 else Unit.CALENDAR_MINUTES
        parts.append(_compound(Decimal(seconds) / unit.seconds, unit))
    if not parts:
        return _counted(Decimal(0), Unit.WORKING_DAYS)
    return t("".join(parts), " ".join(parts))


def say_threshold(threshold: Threshold | str) -> str:
    """A point on a limit: `承诺时限前2个工作日`, `90% of the promised limit`."""
    if isinstance(threshold, str):
        try:
            threshold = Threshold.parse(threshold)
        except ValueError:
            return str(threshold)
    limit = say_limit(threshold.limit)
    if threshold.percent is not None:
        share = decimal_text(threshold.percent)
        return t(f"{limit}的{share}%", f"{share}% of the {limit}")
    if threshold.offset is None:
        return t(limit, f"the {limit}")
    offset = say_amount(threshold.offset)
    if threshold.later:
        return t(f"{limit}后{offset}", f"{offset} after the {limit}")
    return t(f"{limit}前{offset}", f"{offset} before the {limit}")


def say_instant(epoch: int, zone: tzinfo | str) -> str:
    """An instant in seconds since 1970 UTC as wall time of the zone: `2026-03-30 23:59:59`."""
    known = ZoneInfo(zone) if isinstance(zone, str) else zone
    return datetime.fromtimestamp(epoch, known).strftime("%Y-%m-%d %H:%M:%S")


def say_local(text: str | None) -> str:
    """An RFC 3339 instant as its own wall time: `2026-03-30 23:59:59`; a bare date stays one."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S") if "T" in text else text
    except ValueError:
        return text


def say_weekday(day: date) -> str:
    """周一 … 周日, Mon … Sun."""
    return t(*_WEEKDAYS[day.weekday()])
