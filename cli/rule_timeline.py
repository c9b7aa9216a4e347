"""The timeline of a rule's example as text: what happened, what counted, when each level fell due.

One line a date and one an instant, folded to the width of the terminal; in a pipe nothing is
folded. Dates that say nothing of their own are drawn together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES
from efficiency_monitor.documents.text_safety import safe
from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_limit,
    say_local,
    say_reason,
    say_threshold,
    say_unit,
    say_weekday,
)
from efficiency_monitor.i18n.messages import mark, one_of, t
from efficiency_monitor.time.amount import decimal_text

from . import layout
from .explain_days import WHY, Naming
from .folding import fold

Document = Mapping[str, Any]
#: What is said with its style.
Said = tuple[str, str]
_UNITS: Final = {
    "events": ("event", "events"),
    "characters": ("character", "characters"),
    "fields": ("field", "fields"),
    "%": ("%", "%"),
}
_OF: Final = {
    "cards": mark("card"),
    "cases": mark("case"),
    "items": mark("item"),
    "orders": mark("order"),
    "alarms": mark("alarm"),
}
#: Narrowest width in which a date and its text share a line.
_NARROW: Final = 36


@dataclass(slots=True)
class _Date:
    """A date of the timeline, or several that are drawn as one."""

    day: date
    until: date
    count: str = ""
    why: str = ""
    plain: bool = True
    marks: list[tuple[str, str, str]] = field(default_factory=list)


def page(document: Document, *, width: int, colour: bool, name: Naming) -> Iterator[str]:
    """The drawing of one expectation of one example, in lines that are safe to print."""
    for text, style in _lines(document, width, name):
        yield _styled(text, style, colour)


def _styled(text: str, style: str, colour: bool) -> str:
    from rich.text import Text

    return layout.render(Text(text, style), colour=colour) + "\n"


def _lines(document: Document, width: int, name: Naming) -> Iterator[Said]:
    yield from _folded(f"{document['rule']}  {document['example']}", "bold", width)
    yield from _folded(_result(document), "green" if document["passed"] else "bold red", width)
    for text in _case(document):
        yield from _folded(text, "", width)
    for row in document["rows"]:
        yield from _folded(f"  {_row(row)}", "", width, 4)
    clocks = document["clocks"] or [None]
    for number, clock in enumerate(clocks, start=1):
        if clock is not None and len(clocks) > 1:
            stage = f" {clock['stage']}" if clock["stage"] else ""
            yield from _folded(t("run {number}{stage}", number=number, stage=stage), "bold", width)
        if document["events"]:
            yield from _timeline(document, clock, width, name)
    if document["passed"]:
        return
    for text in _differences(document):
        yield from _folded(text, "yellow", width)


def _folded(text: str, style: str, width: int, indent: int = 0) -> Iterator[Said]:
    """A text in lines; those after the first are set in by `indent` cells."""
    lines = fold(safe(text), max(width, 8))
    if len(lines) > 1 and indent and width > indent + 8:
        first = lines[0]
        rest = safe(text)[len(first) :].strip()
        lines = [first, *(" " * indent + line for line in fold(rest, width - indent))]
    for line in lines:
        yield line, style


def _result(document: Document) -> str:
    verdict = t("as wanted") if document["passed"] else t("differs")
    wanted, found = _cards(document["wanted"]), _cards(document["found"])
    return t(
        "as of {as_of}: wanted {wanted}, came {found}: {verdict}",
        as_of=say_local(document["as_of"]),
        wanted=wanted,
        found=found,
        verdict=verdict,
    )


def _cards(words: str) -> str:
    """`yellow red (no_limit)` in words."""
    levels, _, reasons = words.partition("(")
    said = t(", ").join(say_level(word) for word in levels.split() if word != "-")
    why = [say_reason(reason.strip()) for reason in reasons.rstrip(")").split(",") if reason]
    why = [t("the rule is not for it") if one == "excluded" else one for one in why]
    said = said or t("nothing")
    return f"{said}{t(' (')}{t(', ').join(why)}{t(')')}" if why else said


def _case(document: Document) -> Iterator[str]:
    fields = [f"{key}={value}" for key, value in document["case"].items()]
    if fields:
        yield t("case: ") + ", ".join(fields)
    for problem in document["problems"]:
        detail = f" ({problem['detail']})" if problem["detail"] else ""
        yield t("not judgeable: ") + say_reason(problem["reason"]) + detail


def _row(row: Document) -> str:
    said = [f"{key}={_value(value)}" for key, value in row.items() if key != "of"]
    return f"● {t(_OF[row['of']])}  {', '.join(said)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_value(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(str(one) for one in value.values())
    return str(value)


def _timeline(
    document: Document, clock: Document | None, width: int, name: Naming
) -> Iterator[Said]:
    dates = _joined(_dates(document, clock, name))
    counts = max((len(one.count) for one in dates), default=0)
    for one in dates:
        yield from _date_line(one, counts, width)
        for at, text, style in one.marks:
            line = f"  {at:<8}  {text}" if at else f"  {text}"
            yield from _folded(line, style, width, 12 if at else 4)


def _date_line(one: _Date, counts: int, width: int) -> Iterator[Said]:
    day = f"{one.day} {say_weekday(one.day)}"
    why = one.why
    if one.until != one.day:
        last = f"{one.until} {say_weekday(one.until)}"
        why = t("to {last}", last=last) + (t(": ") + why if why else "")
    if width < _NARROW:
        yield from _folded(f"{day} {one.count}".rstrip(), "", width)
        if why:
            yield from _folded(f"  {why}", "dim", width, 2)
        return
    line = f"{day}  {one.count:>{counts}}  {why}".rstrip()
    yield from _folded(line, "", width, 20 + counts)


def _dates(document: Document, clock: Document | None, name: Naming) -> list[_Date]:
    """Every date that is counted or has a mark, in order, with its marks in order."""
    dates: dict[date, _Date] = {}
    total = Decimal(0)
    for entry in clock["days"] if clock else ():
        day = date.fromisoformat(entry["date"])
        counted = Decimal(entry["counted"])
        total += counted
        why = t(WHY[entry["why"]]) if entry["why"] in WHY else entry["why"]
        if entry["kind"]:
            why += t(": ") + name(entry["kind"])
        if entry["name"] and entry["why"] in ("day_off", "make_up"):
            why = f"{entry['name']}{t(', ', ctx='card')}{why}"
        dates[day] = _Date(day, day, _total(total) if counted else "·", why, counted in (0, 1))
    marks = sorted(_marks(document, clock, name), key=lambda mark: mark[0])
    for when, text, style in marks:
        day = datetime.fromisoformat(when[:10]).date()
        at = when[11:19]
        dates.setdefault(day, _Date(day, day)).marks.append((at, text, style))
    return [dates[day] for day in sorted(dates)]


def _total(total: Decimal) -> str:
    """Cut off, not rounded: 6.999 is not yet 7."""
    return decimal_text(total.quantize(Decimal("0.01"), ROUND_DOWN))


def _joined(dates: Sequence[_Date]) -> list[_Date]:
    """Dates that follow each other and are told in the same words, drawn as one."""
    made: list[_Date] = []
    for one in dates:
        last = made[-1] if made else None
        if (
            last is not None
            and not (last.marks or one.marks)
            and last.plain
            and one.plain
            and last.why == one.why
            and (last.count == "·") == (one.count == "·")
            and last.until + timedelta(days=1) == one.day
        ):
            last.until = one.day
            if one.count != "·":
                last.count = f"{last.count.partition('–')[0]}–{one.count}"
        else:
            made.append(one)
    return made


def _marks(
    document: Document, clock: Document | None, name: Naming
) -> Iterator[tuple[str, str, str]]:
    """Instants in local wall time with what they are."""
    measured = {one["event"]: one for one in document["measured"]}
    for event in document["events"]:
        text, style = _event(event, clock, name), "dim" if event["later"] else ""
        yield say_local(event["at"]), text, style
        if event["key"] in measured:
            one = measured[event["key"]]
            value = _measured(one["value"], one["unit"])
            yield say_local(event["at"]), t("◇ measured: {value}", value=value), ""
    for offence in document["offences"]:
        yield from _offence(offence)
    if clock is not None:
        for limit in clock["limits"]:
            if limit["due_at"]:
                amount = t(" ({said})", said=said) if (said := _amount(limit)) else ""
                text = t("ends, this second included")
                limit_name = say_limit(limit["name"])
                yield (
                    say_local(limit["due_at"]),
                    f"▲ {limit_name}{amount}{one_of('', ' ')}{text}",
                    "",
                )
        if clock["deemed_at"]:
            yield say_local(clock["deemed_at"]), "▲ " + t("deemed to begin"), ""
        for level in clock["levels"]:
            if level["instant"]:
                yield say_local(level["instant"]), *_level(level)
    yield say_local(document["as_of"]), "═ " + t("as of"), "bold"


def _amount(limit: Document) -> str:
    return say_amount(limit["amount"]) if limit["amount"] else ""


def _level(level: Document) -> Said:
    word, style = say_level(level["level"]), LEVEL_STYLES.get(level["level"], "")
    if level["reached"]:
        text = t("{word} from the next second on: reached", word=word)
    else:
        text = t("{word} from the next second on: not reached", word=word)
    at = say_threshold(level["at"])
    return f"◆ {text}{t(' (')}{at}{t(')')}", style


def _event(event: Document, clock: Document | None, name: Naming) -> str:
    said = [name(event["type"])]
    if clock is not None and event["key"] == clock["start"]:
        said.append(t("(starts the clock)"))
    if clock is not None and event["key"] == clock["stop"]:
        said.append(t("(stops it)"))
    if event["later"]:
        said.append(t("(later: not looked at)"))
    more = []
    for key, value in event.items():
        if key in ("type", "at", "key", "later"):
            continue
        words = say_amount(value) if key == "amount" else str(value)
        words = name(value) if key == "kind" else words
        more.append(words if key in ("kind", "amount") else f"{key}={say_local(words)}")
    text = one_of("", " ").join(said)
    return f"● {text}{'  ' if more else ''}{', '.join(more)}"


def _offence(offence: Document) -> Iterator[tuple[str, str, str]]:
    for level in offence["levels"]:
        if not level["instant"]:
            continue
        word = say_level(level["level"])
        reached = t("reached") if level["reached"] else t("not reached")
        style = LEVEL_STYLES.get(level["level"], "") if level["reached"] else ""
        text = f"◆ {word}{t(': ')}{level['at']}{t(', ', ctx='card')}{reached}"
        yield say_local(level["instant"]), text, style


def _measured(value: str, unit: str) -> str:
    if unit in _UNITS:
        one, many = (mark(word, ctx="timeline") for word in _UNITS[unit])
        return t("{value} {counted}", value=value, counted=t(one if value == "1" else many))
    return t(
        "{value} {unit}", value=value, unit=say_unit(unit, one=value == "1"), unit_2=say_unit(unit)
    )


def _differences(document: Document) -> Iterator[str]:
    """For each level that was wanted or came alone: when it falls due, and what came before."""
    wanted = {word for word in document["wanted"].partition("(")[0].split() if word != "-"}
    found = {word for word in document["found"].partition("(")[0].split() if word != "-"}
    for clock in document["clocks"]:
        end = clock["until"]
        stopped = clock["stop"] is not None
        for level in clock["levels"]:
            word, at = say_level(level["level"]), say_local(level["instant"])
            if level["level"] in wanted - found and not level["reached"]:
                yield _missed(word, at, say_local(end), stopped)
            elif level["level"] in found - wanted and level["reached"]:
                yield _unwanted(word, at, say_local(end), stopped)
    if document["events"] and not (document["clocks"] or document["offences"]):
        yield t("Nothing set the rule going: look at applies_to, the start and in_force.")


def _missed(word: str, at: str, end: str, stopped: bool) -> str:
    if not at:
        return t("{word}: it has no instant (paused, or no limit).", word=word)
    if stopped:
        return t(
            "{word} needs more than {at}, and the clock stopped at {end}.",
            word=word,
            at=at,
            end=end,
        )
    return t("{word} needs more than {at}, and as of is {end}.", word=word, at=at, end=end)


def _unwanted(word: str, at: str, end: str, stopped: bool) -> str:
    if stopped:
        return t(
            "{word}: the last second in time is {at}, and the clock stopped at {end} only.",
            word=word,
            at=at,
            end=end,
        )
    return t(
        "{word}: the last second in time is {at}, and as of, {end}, is past it.",
        word=word,
        at=at,
        end=end,
    )
