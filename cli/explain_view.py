"""`cases explain` for people: what was counted, day by day, why, and what follows from it.

The page is meant for the department that disputes a card, so it says everything in words and in the
order of the argument: the question, the facts, the law, the count, the result.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from efficiency_monitor.documents.columns import Column, plain, say_value
from efficiency_monitor.documents.masking import masked
from efficiency_monitor.documents.text_safety import safe
from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_limit,
    say_local,
    say_reason,
    say_unit,
)
from efficiency_monitor.i18n.messages import mark, t

from . import layout, streams
from .account_view import split
from .columns import BY_HAND
from .explain_conduct import card_sentence, joined_basis, offence_part
from .explain_days import DAY_COLUMNS, RUN_COLUMNS, Document, Naming, day_records, days, runs
from .explain_origin import origins
from .folding import fold
from .render import Format, emit, emit_object, emit_text

_STATES: Final = {
    "running": mark("running", ctx="clock states"),
    "paused": mark("paused", ctx="clock states"),
    "stopped": mark("stopped"),
}


def show(
    document: Document,
    fmt: Format | None = None,
    *,
    name: Naming = str,
    unmasked: bool = False,
) -> None:
    """Print the explain document (contract.md 15) to stdout; names are masked unless `unmasked`.

    JSON as it is, CSV one line per day; otherwise a page that is folded to the terminal and left
    unfolded in a pipe. `name` gives the names of event types and of grounds for a pause.
    """
    document = document if unmasked else masked(document)
    if fmt in (Format.JSON, Format.JSONL):
        emit_object(document, fmt, unmasked=True)
    elif fmt is Format.CSV:
        emit(day_records(document, name), DAY_COLUMNS, fmt, unmasked=True)
    else:
        streams.speak_unicode(sys.stdout)
        colour = streams.coloured(sys.stdout)
        emit_text(page(document, width=streams.width(), colour=colour, name=name))


def page(document: Document, *, width: int, colour: bool, name: Naming = str) -> Iterator[str]:
    """The page in pieces, safe to print, each ending its line."""
    held = plain(document)
    sheet = _Sheet(width, colour)
    case_no, as_of = str(held.get("case_no", "")), say_local(held.get("as_of"))
    yield sheet.heading(t("Case {case_no}: how its time was counted", case_no=case_no))
    yield from sheet.facts(
        [
            (
                t("Question"),
                t("As of {as_of}, is it past its limits?", as_of=as_of),
            ),
            (t("Known by"), say_local(held.get("known_by"))),
            (t("Item"), _joined(held, "item_code", "item_name")),
            (t("Department"), _joined(held, "department", "handler")),
            (t("From the item"), _from_item(held.get("from_item") or [])),
            (t("Contested cards"), t(", ").join(held.get("contested") or [])),
        ]
    )
    if held.get("corrections"):
        yield "\n" + sheet.heading(t("Corrections"))
        yield from sheet.table([_correction(each) for each in held["corrections"]], _CORRECTIONS)
    yield "\n" + sheet.heading(t("Events"))
    yield from sheet.table(held.get("events") or [], _event_columns(name))
    yield from _origins(sheet, held, name)
    if held.get("problems"):
        yield "\n" + sheet.heading(t("What cannot be judged"))
        yield from sheet.table(held["problems"], _PROBLEM_COLUMNS)
    for clock in held.get("clocks") or []:
        yield from _clock(sheet, held, clock, name)
    for offence in held.get("conduct") or []:
        yield from offence_part(sheet, offence, name)
    if held.get("by_hand"):
        yield "\n" + sheet.heading(t("Cards given by hand"))
        yield from sheet.table(held["by_hand"], BY_HAND)
    if not any(held.get(part) for part in ("clocks", "conduct", "problems")):
        yield "\n" + sheet.line(t("No rule applies to this case."))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Where the page is written: its width in cells and whether escapes may be used."""

    width: int
    colour: bool

    def heading(self, text: str) -> str:
        return self.line(text, "bold")

    def line(self, text: str, style: str = "") -> str:
        from rich.text import Text

        folded = "\n".join(fold(safe(text), self.width))
        return layout.render(Text(folded, style), colour=self.colour) + "\n"

    def table(
        self, rows: Sequence[Any], columns: Sequence[Column], *, head: bool = True
    ) -> Iterator[str]:
        """A table without columns that no row fills; a line per row where it is too narrow."""
        used = [one for one in columns if any(one.words(row) for row in rows)]
        lines = layout.cells(rows, used)
        chosen = layout.fit(used, layout.measure(used, lines), self.width)
        if chosen is None:
            for line in lines:
                yield self.line(t(", ", ctx="card").join(cell.text for cell in line if cell.text))
            return
        for piece in layout.draw(used, lines, chosen, colour=self.colour, head=head):
            # Colours may hang on the blanks that fill a line; without them the blanks are litter.
            yield piece if self.colour else re.sub(r" +$", "", piece, flags=re.MULTILINE)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
        """Names and what is said of them; a pair without a value is left out."""
        told = [{"name": name, "said": said} for name, said in pairs if said.strip()]
        if self.width < layout.RECORDS_BELOW:
            for pair in told:
                yield self.line(f"{pair['name']}{t(': ')}{pair['said']}")
        elif told:
            columns = (Column("name", ""), Column("said", "", least=20))
            yield from self.table(told, columns, head=False)


def _joined(record: Document, *keys: str) -> str:
    return " ".join(str(record[key]) for key in keys if record.get(key))


def _event_columns(name: Naming) -> tuple[Column, ...]:
    """None of them may be dropped: what a department did is its defence."""
    return (
        Column("occurred_at", "Time", say=say_local),
        Column("type", "Event", say=name, least=9),
        Column("kind", "Kind", say=name, least=8),
        Column("amount", "Amount", say=say_amount),
        Column("stage", "Stage", least=6),
        Column("department", "Department", least=8),
        Column("actor", "Actor", least=4),
        Column("reason", "Reason", least=8),
    )


def _origins(sheet: _Sheet, held: Document, name: Naming) -> Iterator[str]:
    """Who said each event and when it was received, what was withdrawn and changed since."""
    for title, rows, columns in origins(held, name):
        yield "\n" + sheet.heading(title)
        yield from sheet.table(rows, columns)


_PROBLEM_COLUMNS: Final = (
    Column("rule", "Rule"),
    Column("reason", "Reason", say=say_reason, least=12),
    Column("detail", "Detail", least=12),
)
#: What a case may have from its item, in words.
_FIELDS: Final[Mapping[str, str]] = {
    "department": mark("department"),
    "item_kind": mark("kind"),
    "item_name": mark("name"),
    "promised_limit": mark("promised limit"),
    "statutory_limit": mark("statutory limit"),
    "fee_list": mark("fees"),
    "stage_list": mark("stages"),
    "material_list": mark("material"),
    "item_code": mark("item", ctx="explain"),
    "calendar": mark("calendar", ctx="explain"),
}
_CORRECTIONS: Final = (
    Column("field", "What", ctx="corrections"),
    Column("bound", "Bound"),
    Column("later", "Told later"),
    Column("received_at", "Received", say=say_local, ctx="corrections"),
    Column("counts", "Which counts"),
)


def _clock(sheet: _Sheet, document: Document, clock: Document, name: Naming) -> Iterator[str]:
    heading = t("Rule ") + _joined(clock, "rule")
    if clock.get("title"):
        heading += "  " + say_value(clock["title"])
    yield "\n" + sheet.heading(heading)
    start = clock.get("start")
    pauses = [_pause(pause, name) for pause in clock.get("pauses") or []]
    state = str(clock.get("state") or "")
    yield from sheet.facts(
        [
            (t("Pack"), str(clock.get("pack") or "")),
            (t("Legal basis"), joined_basis(clock.get("legal_basis"))),
            (t("Limits"), _limits(clock)),
            (t("Calendar"), _calendar(clock.get("calendar"))),
            (t("Stage"), str(clock.get("stage") or "")),
            (t("Start"), f"{say_local(start)} {_start_event(document, clock, name)}"),
            (t("Deemed at"), say_local(clock.get("deemed_at"))),
            (t("Pauses"), t("; ").join(pauses)),
            (t("State"), t(_STATES[state]) if state in _STATES else state),
            (t("Counted"), say_amount(clock.get("elapsed"))),
        ]
    )
    found = runs(clock, name)
    if found:
        yield "\n"
        yield from sheet.table(found, RUN_COLUMNS)
    for title, rows, columns in split(clock):
        yield "\n" + sheet.line(title)
        yield from sheet.table(rows, columns)
    yield "\n"
    for text, style in _result(document, clock, name):
        yield sheet.line(text, style)


def _from_item(fields: Sequence[str]) -> str:
    """What the case does not state itself: its item does."""
    return t(", ").join(t(_FIELDS.get(name, name)) for name in fields)


def _correction(told: Document) -> Document:
    """A field that binds and was told otherwise: both values, and which of them counts."""
    waits = t("waits: the bound value judges")
    name = str(told.get("field") or "")
    return {
        **told,
        "field": t(_FIELDS.get(name, name)),
        "counts": waits if told.get("waits") else t("counts"),
    }


def _calendar(calendar: Any) -> str:
    if isinstance(calendar, Mapping):
        return _joined(calendar, "id", "version")
    return str(calendar or "")


def _limits(clock: Document) -> str:
    limits = clock.get("limits") or {}
    if not limits:
        return _limit(clock.get("limit"))
    return t(", ", ctx="card").join(
        f"{say_limit(key)} {_limit(one)}" for key, one in limits.items()
    )


def _limit(limit: Any) -> str:
    """An amount in words, or the due instant that the case itself states."""
    if isinstance(limit, str) and limit[:4].isdigit() and limit[4:5] == "-":
        return say_local(limit)
    return say_amount(limit)


def _pause(pause: Document, name: Naming) -> str:
    kind = name(str(pause["kind"])) if pause.get("kind") else t("paused")
    until = say_local(pause.get("to")) or t("not resumed")
    reason = t(" ({reason})", reason=pause["reason"]) if pause.get("reason") else ""
    return f"{kind} {say_local(pause.get('from'))} {t('to')} {until}{reason}"


def _event_at(document: Document, instant: Any, name: Naming) -> str:
    """Name of the event that happened at an instant, empty if none is given for it."""
    for event in document.get("events") or []:
        if instant and event.get("occurred_at") == instant:
            return name(str(event.get("type", "")))
    return ""


def _start_event(document: Document, clock: Document, name: Naming) -> str:
    if clock.get("start_event"):
        return name(str(clock["start_event"]))
    return _event_at(document, clock.get("start"), name)


def _stop_event(document: Document, clock: Document, name: Naming) -> str:
    if clock.get("stop_event"):
        return name(str(clock["stop_event"]))
    return _event_at(document, clock.get("stop"), name) if clock.get("stop") else ""


def _result(document: Document, clock: Document, name: Naming) -> Iterator[tuple[str, str]]:
    """Sentences with their style: where the limits end, whether they are kept, what comes next."""
    reason = clock.get("reason")
    if reason:
        said = say_reason(str(reason))
        yield t("It cannot be judged: {said}.", said=said), "yellow"
    for key, due in (clock.get("due_at") or {}).items():
        if due:
            yield _due_sentence(document, clock, name, key), ""
            yield from _verdict(document, clock, name, key)
        else:
            yield _no_due(clock, key), ""
    yield from _held_back(clock)
    coming = clock.get("next") or {}
    if coming.get("at"):
        level, at = say_level(str(coming.get("level", ""))), say_local(coming["at"])
        yield (
            t("If it is not done by {at}: {level} card.", at=at, level=level),
            "",
        )
    for card in clock.get("cards") or []:
        yield from card_sentence(card)


def _held_back(clock: Document) -> Iterator[tuple[str, str]]:
    """Extensions that did not count, and levels that are not given for another card's sake."""
    refused = clock.get("refused_extensions")
    if refused:
        yield (
            t("Extensions that did not count, or not whole: {refused}.", refused=refused),
            "yellow",
        )
    for one in clock.get("gave_way") or []:
        level, other, at = say_level(one["level"]), say_level(one["for"]), say_local(one["at"])
        yield (
            t(
                "{level} fell due at {at} and is not given: the case has the {other} card of "
                "{rule}.",
                level=level,
                at=at,
                other=other,
                rule=one["rule"],
            ),
            "",
        )


def _no_due(clock: Document, key: str) -> str:
    limit = say_limit(key)
    if key in (clock.get("beyond") or ()):
        return t("{limit}: it falls due after the calendar's end.", limit=limit)
    if clock.get("state") == "paused":
        return t(
            "{limit}: the clock is paused; it falls due only after it has resumed.", limit=limit
        )
    return t("{limit}: no due time.", limit=limit)


def _due_sentence(document: Document, clock: Document, name: Naming, key: str) -> str:
    limit = (clock.get("limits") or {}).get(key) or clock.get("limit")
    day, _, second = say_local(clock["due_at"][key]).partition(" ")
    start = clock.get("start")
    event = _start_event(document, clock, name)
    nth = _nth(clock, name, key, limit)
    ends = t("{nth} is {day}", nth=nth, day=day) if nth else t("it ends on {day}", day=day)
    return t(
        "Counted from {start}{which}: the {key} is {limit}, {ends}; done by {second} that day, "
        "that second included, it is in time.",
        start=say_local(start)[:10],
        which=f" ({event})" if event else "",
        key=say_limit(key),
        limit=_limit(limit),
        ends=ends,
        second=second,
        event=event,
    )


def _nth(clock: Document, name: Naming, key: str, limit: Any) -> str:
    """第20个工作日, where the day table shows it: a whole limit in days, reached on the due day."""
    if not isinstance(limit, Mapping):
        number, _, unit = str(limit or "").partition(" ")
    else:
        number, unit = str(limit.get("value")), str(limit.get("unit"))
    try:
        value = Decimal(number)
    except InvalidOperation:
        return ""
    if not unit.endswith("_days") or not value.is_finite() or value != int(value):
        return ""
    for day in days(clock, name):
        if key in day.ends and day.total == value:
            return t(
                "{unit} {value}", unit=say_unit(unit, one=True), value=value, unit_2=say_unit(unit)
            )
    return ""


def _verdict(
    document: Document, clock: Document, name: Naming, key: str
) -> Iterator[tuple[str, str]]:
    """Whether the limit is kept, at the stop or as of now. At the due instant is in time."""
    stop = clock.get("stop")
    until = stop or document.get("as_of")
    try:
        late = datetime.fromisoformat(str(until)) > datetime.fromisoformat(clock["due_at"][key])
    except (TypeError, ValueError):
        return
    event = _stop_event(document, clock, name)
    at = say_local(until)
    if stop:
        when = t("{event} at {at}", event=event or t("stopped", ctx="verdict"), at=at)
    else:
        when = t("as of {at}", at=at)
    if late:
        word = t("Past the {key}: {when}.", key=say_limit(key), when=when)
        yield word, "bold red"
    else:
        yield t("Within the {key}: {when}.", key=say_limit(key), when=when), "green"
