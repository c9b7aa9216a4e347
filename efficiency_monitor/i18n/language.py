"""The words for the enums, amounts and instants, in the current language (`i18n.messages`).

Codes in files, JSON and the database are never translated; only what is shown is. Every function
that takes a code also takes an unknown one and gives it back, because a newer ledger may be read by
an older program; the caller makes it safe to print.
"""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from enum import Enum
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from efficiency_monitor.i18n.measure_words import COUNTED, LIMITS, SIGNS
from efficiency_monitor.i18n.messages import mark, one_of, t
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

_E = TypeVar("_E", bound=Enum)

_LEVELS: Final = {
    Level.WARNING: mark("warning"),
    Level.YELLOW: mark("yellow"),
    Level.RED: mark("red"),
}

_STATES: Final = {
    CardState.PENDING: mark("to be confirmed"),
    CardState.OPEN: mark("open"),
    CardState.ACKNOWLEDGED: mark("acknowledged", ctx="language"),
    CardState.REPLIED: mark("replied"),
    CardState.CLOSED: mark("closed", ctx="language"),
    CardState.SUPERSEDED: mark("superseded", ctx="language"),
    CardState.LIFTED: mark("lifted", ctx="language"),
    CardState.HISTORICAL: mark("historical"),
}

_OUTCOMES: Final = {
    Outcome.JUDGED: mark("judged"),
    Outcome.NOT_JUDGEABLE: mark("not judgeable"),
    Outcome.EXCLUDED: mark("excluded"),
}

_REASONS: Final = {
    Reason.NO_LIMIT: mark("no limit is given"),
    Reason.BAD_LIMIT: mark("the limit cannot be read"),
    Reason.NO_CALENDAR: mark("there is no calendar"),
    Reason.CALENDAR_NOT_COVERED: mark("the calendar does not cover the dates"),
    Reason.CALENDAR_PROVISIONAL: mark("the calendar is provisional: the notice is not published"),
    Reason.DATE_ONLY: mark("only a date is given, not a time"),
    Reason.FAULTY_DATA: mark("the data are faulty"),
    Reason.HALF_IMPORT: mark(
        "an import of it has not ended: it runs, or broke off; import its files again"
    ),
    Reason.NO_CASE_ROW: mark("the row of the case has not come: its times are in no zone yet"),
    Reason.INPUT_NOT_HELD: mark(
        "its rows are not those that the entries of their imports hold: somebody changed them"
    ),
    Reason.LACKING_DATA: mark("the data do not hold what the rule measures"),
    Reason.EXTENSION_REFUSED: mark(
        "an extension did not count, or not whole: after the limit, one too many, or too long"
    ),
    Reason.NO_FORMER_WINDOW: mark("the former period is not known in full, or had nothing in it"),
    Reason.STALE_FEED: mark("the source has not been updated in time"),
}

_READINGS: Final = {"text": mark("the text"), "ours": mark("our reading")}

_LIFT_REASONS: Final = {
    LiftReason.LATE_EVIDENCE: mark("late evidence"),
    LiftReason.CORRECTION: mark("correction"),
    LiftReason.CALENDAR_AMENDED: mark("amended calendar"),
    LiftReason.CLOCK_ERROR: mark("clock error"),
    LiftReason.APPEAL: mark("appeal upheld"),
    LiftReason.EXEMPTION: mark("exemption"),
    LiftReason.ISSUED_IN_ERROR: mark("issued in error"),
    LiftReason.NOT_CONFIRMED: mark("not confirmed"),
}

_APPEAL_STATES: Final = {
    AppealState.FILED: mark("to be decided"),
    AppealState.REFERRED: mark("referred upwards", ctx="appeal states"),
    AppealState.UPHELD: mark("upheld", ctx="appeal states"),
    AppealState.RETURNED: mark("returned", ctx="appeal"),
    AppealState.SETTLED: mark("settled"),
}

_ORDER_STATES: Final = {
    OrderState.OPEN: mark("open", ctx="order states"),
    OrderState.REPLIED: mark("replied"),
    OrderState.RETURNED: mark("returned"),
    OrderState.CLOSED: mark("closed", ctx="order states"),
}

_ITEM_KINDS: Final = {
    ItemKind.INSTANT: mark("instant"),
    ItemKind.PROMISED: mark("promised"),
    ItemKind.FORWARDED: mark("forwarded"),
    ItemKind.JOINT: mark("joint"),
}

_PRECISIONS: Final = {
    Precision.SECOND: mark("to the second"),
    Precision.DAY: mark("date only"),
}

#: For one, for several.
_UNITS: Final = {
    Unit.WORKING_DAYS: (mark("working day", ctx="unit"), mark("working days", ctx="unit")),
    Unit.WORKING_HOURS: (mark("working hour", ctx="unit"), mark("working hours", ctx="unit")),
    Unit.WORKING_MINUTES: (mark("working minute", ctx="unit"), mark("working minutes", ctx="unit")),
    Unit.WORKING_SECONDS: (mark("working second", ctx="unit"), mark("working seconds", ctx="unit")),
    Unit.CALENDAR_DAYS: (mark("calendar day", ctx="unit"), mark("calendar days", ctx="unit")),
    Unit.CALENDAR_HOURS: (mark("hour", ctx="unit"), mark("hours", ctx="unit")),
    Unit.CALENDAR_MINUTES: (mark("minute", ctx="unit"), mark("minutes", ctx="unit")),
    Unit.CALENDAR_SECONDS: (mark("second", ctx="unit"), mark("seconds", ctx="unit")),
    Unit.CALENDAR_MONTHS: (mark("month", ctx="unit"), mark("months", ctx="unit")),
}

_WEEKDAYS: Final = (
    mark("Mon"),
    mark("Tue"),
    mark("Wed"),
    mark("Thu"),
    mark("Fri"),
    mark("Sat"),
    mark("Sun"),
)


def say_level(level: Level | str) -> str:
    """预警, 黄牌, 红牌; warning, yellow, red. Takes the enum or its word."""
    if not isinstance(level, Level):
        try:
            level = Level.parse(level)
        except ValueError:
            return str(level)
    return t(_LEVELS[level])


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
    return t(_READINGS[reading]) if reading in _READINGS else str(reading or "")


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


def _say(words: Mapping[_E, str], kind: type[_E], code: _E | str) -> str:
    try:
        return t(words[kind(code)])
    except ValueError:
        return str(code)


def say_limit(name: str) -> str:
    """Name of a limit or of a measure: 承诺时限, 次数; a rule's own names stay as they are."""
    return t(LIMITS[name]) if name in LIMITS else name


def say_unit(unit: Unit | str, *, one: bool = False) -> str:
    """A unit after a number: 个工作日, `working days` (`one`: `working day`)."""
    try:
        single, several = _UNITS[Unit(unit)]
    except ValueError:
        return str(unit)
    return t(single if one else several)


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
        return t(SIGNS[sign]) + say_amount(amount.removeprefix(sign).strip())
    if isinstance(amount, Amount):
        number, unit = str(amount.value), str(amount.unit)
    elif isinstance(amount, str):
        number, _, unit = amount.strip().partition(" ")
    else:
        number, unit = str(amount.get("value", "")), str(amount.get("unit", ""))
    try:
        value = Decimal(number)
        if unit in COUNTED and value.is_finite():
            single, several = COUNTED[unit]
            return decimal_text(_short(value)) + t(single if value == 1 else several)
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
    return t(
        "{number} {unit}", number=number, unit=say_unit(unit, one=value == 1), unit_2=say_unit(unit)
    )


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
    return one_of("", " ").join(said) or _counted(Decimal(0), unit)


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
    return one_of("", " ").join(parts)


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
        return t("{share}% of the {limit}", share=share, limit=limit)
    if threshold.offset is None:
        return t("the {limit}", limit=limit)
    offset = say_amount(threshold.offset)
    if threshold.later:
        return t("{offset} after the {limit}", offset=offset, limit=limit)
    return t("{offset} before the {limit}", offset=offset, limit=limit)


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
    return t(_WEEKDAYS[day.weekday()])
