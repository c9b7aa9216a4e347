"""`cards show` and `cases show` for people: one card, one case, with what belongs to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.documents.masking import masked, masked_fields
from efficiency_monitor.i18n.language import (
    say_amount,
    say_appeal_state,
    say_item_kind,
    say_level,
    say_lift_reason,
    say_limit,
    say_local,
    say_order_state,
    say_outcome,
    say_reading,
    say_reason,
    say_state,
)
from efficiency_monitor.i18n.messages import mark, t
from efficiency_monitor.time.instants import in_zone

from .account_view import HELD, ORGANS, of_kind
from .explain_days import Document, Naming
from .explain_origin import origins
from .recipients_view import LADDER, TOLD
from .render import Format, emit, emit_object, emit_text, message
from .tally_view import SUBJECT, show_sum


def say_attachments(attachments: Sequence[Mapping[str, Any]]) -> str:
    """The names of attachments, each with the first digits of its digest."""
    return t(", ").join(f"{each['name']} ({each['sha256'][:12]})" for each in attachments)


def _say_contested(contested: bool) -> str:
    """What that a card is contested means; nothing where it is not."""
    if not contested:
        return ""
    return t(
        "evidence that came late would lift it and is held back; the card stands, its ladder and "
        "deadlines go on"
    )


_CARD: Final = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state),
    Column("lifted_reason", "Lifted for", say=say_lift_reason),
    Column("contested", "Contested", say=_say_contested),
    Column("case_no", "Case"),
    SUBJECT,
    Column("item_code", "Item", ctx="cards"),
    Column("department", "Department"),
    Column("handler", "Handler"),
    Column("reviewer", "Reviewer"),
    Column("approver", "Approver"),
    Column("rule", "Rule"),
    Column("rule_version", "Rule version"),
    Column("pack", "Pack"),
    Column("limit_name", "Kind of limit", say=say_limit),
    Column("limit", "Limit", say=say_amount),
    Column("limit_due_at", "Limit ends", say=say_local),
    Column("fell_due_at", "Fell due", say=say_local),
    Column("elapsed", "Elapsed", say=say_amount),
    Column("over", "Over", say=say_amount),
    Column("as_of", "Judged as of", say=say_local),
    Column("issued_at", "Issued", say=say_local),
    Column("issued_by", "Issued by"),
    Column("reply_due_at", "Reply by", say=say_local),
    Column("calendar", "Calendar", ctx="card"),
    Column("calendar_version", "Calendar version"),
)
_BASIS: Final = (
    Column("ref", "Basis", least=12),
    Column("says", "It says", least=20),
    Column("reading", "Reading", say=say_reading, priority=2),
)
ENTRIES: Final = (
    Column("at", "At", say=say_local),
    Column(
        "kind",
        "What",
        say=coded(
            {
                "issued": mark("issued"),
                "acknowledged": mark("acknowledged"),
                "replied": mark("replied", ctx="entries"),
                "confirmed": mark("confirmed"),
                "superseded": mark("superseded"),
                "revived": mark("revived"),
                "lifted": mark("lifted"),
                "lift_signed": mark("signed to lift"),
                "closed": mark("closed"),
            }
        ),
    ),
    Column("person_id", "Person", least=6),
    Column("os_user", "System user", priority=3),
    Column("text", "Text", least=12),
    Column("late", "Late", say=lambda late: t("yes") if late else ""),
    Column("attachments", "Attachments", say=say_attachments, priority=2),
)
_ORDERS: Final = (
    Column("order_no", "Order"),
    Column("state", "State", say=say_order_state),
    Column("opened_by", "Opened by", priority=3, least=6),
    Column("opened_at", "Opened", say=say_local, priority=3),
    Column("reply_due_at", "Reply by", say=say_local),
)
_APPEALS: Final = (
    Column("appeal_no", "Appeal"),
    Column("state", "State", say=say_appeal_state),
    Column("filed_by", "Filed by", priority=3, least=6),
    Column("filed_at", "Filed", say=say_local, priority=3),
    Column("decide_by", "Decide by", say=say_local),
)


def show_card(document: Document, fmt: Format | None = None) -> None:
    """Print one card; JSON and CSV as it is, for people in words and tables."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    on_case = document["case_no"] is not None
    shown = [column for column in _CARD if column is not SUBJECT or not on_case]
    emit_object(document, fmt, columns=filled(shown, document))
    if document["tally"] is not None:
        show_sum(document["tally"], fmt)
    section(t("Legal basis"), document["legal_basis"], _BASIS, fmt)
    entries = [{**entry, "text": _entry_text(entry)} for entry in document["entries"]]
    section(t("What happened"), entries, ENTRIES, fmt)
    section(t("Who was told"), document["told"], TOLD, fmt)
    ladder = [] if document["ladder"] is None else [document["ladder"]]
    section(t("Its ladder"), ladder, LADDER, fmt)
    section(t("Orders"), document["orders"], _ORDERS, fmt)
    section(t("Appeals"), document["appeals"], _APPEALS, fmt)
    parts = document["accountability"]
    section(t("Who held the case"), of_kind(parts, "held"), HELD, fmt)
    section(t("The organs' own clocks"), of_kind(parts, "organ"), ORGANS, fmt)


def _entry_text(entry: Mapping[str, Any]) -> str | None:
    """What a person wrote, letter by letter; of what the engine did its code in words."""
    text: str | None = entry["text"]
    if text is not None and entry["kind"] == "lifted":
        return say_lift_reason(text)
    if text is not None and entry["kind"] == "lift_signed":
        reason, colon, rest = text.partition(": ")
        return say_lift_reason(reason) + (t(": ") if colon else "") + rest
    return say_state(text) if text is not None and entry["kind"] == "revived" else text


_CASE: Final = (
    Column("case_no", "Case"),
    Column("as_of", "As of", say=say_local),
    Column("known_by", "Known by", say=say_local),
    Column("outcome", "Outcome", say=say_outcome),
)
FIELDS: Final = (
    Column("item_code", "Item code"),
    Column("item_name", "Item", ctx="fields"),
    Column("item_kind", "Kind", say=say_item_kind, ctx="fields"),
    Column("region", "Region"),
    Column("department", "Department"),
    Column("handler", "Handler"),
    Column("reviewer", "Reviewer"),
    Column("approver", "Approver"),
    Column("applicant", "Applicant"),
    Column("channel", "Channel", ctx="fields"),
    Column("promised_limit", "Promised limit", say=say_amount),
    Column("statutory_limit", "Statutory limit", say=say_amount),
    Column("promised_due", "Promised for", say=say_local),
    Column("statutory_due", "Due by statute", say=say_local),
    Column("licence_expires", "Licence expires", say=say_local),
    Column("calendar", "Calendar", ctx="card"),
)
#: Kept in UTC.
_DUE: Final = frozenset(("promised_due", "statutory_due", "licence_expires"))
_PROBLEMS: Final = (
    Column("rule", "Rule"),
    Column("reason", "Reason", say=say_reason, least=12),
    Column("detail", "Detail", least=12),
)
_CLOCK_STATES: Final = {
    "running": mark("running", ctx="clock states"),
    "paused": mark("paused", ctx="clock states"),
    "stopped": mark("stopped"),
}


def _due_words(due: Mapping[str, str | None]) -> str:
    return t(", ", ctx="card").join(
        f"{say_limit(limit)} {say_local(at) if at else '—'}" for limit, at in due.items()
    )


_CLOCKS: Final = (
    Column("rule", "Rule"),
    Column("title", "Title", priority=4, least=12),
    Column("state", "State", say=coded(_CLOCK_STATES)),
    Column("start", "Start", say=say_local, priority=3, ctx="clocks"),
    Column("stop", "Stop", say=say_local, priority=4),
    Column("elapsed", "Counted", say=say_amount, priority=2),
    Column("due_at", "Limits end", say=_due_words, least=20),
    Column("reason", "Not judged", say=say_reason, priority=2, least=8),
)
_CARDS: Final = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state),
    Column("fell_due_at", "Fell due", say=say_local),
    Column("lifted_reason", "Lifted for", say=say_lift_reason, priority=3),
)


def show_case(
    fields: Mapping[str, str | None],
    document: Document,
    fmt: Format | None,
    *,
    name: Naming,
    zone: str,
    unmasked: bool = False,
) -> None:
    """Print one case; JSON and CSV as it is, for people in words and tables and in that zone.

    `name` gives the names of event types and of grounds for a pause. A field without a value was
    erased. What is personal is masked unless `unmasked`.
    """
    if not unmasked:
        fields, document = masked_fields(fields), masked(document)
    if fmt not in (None, Format.TABLE):
        whole = {"fields": dict(fields), **document, "masked": not unmasked}
        emit_object(whole, fmt, unmasked=True)
        return
    gone = t("(erased)")
    words = {key: gone if value is None else value for key, value in fields.items()}
    known = {column.key for column in FIELDS}
    own = [key for key in words if key not in known]
    record = {
        **{f"own{place}": words[key] for place, key in enumerate(own)},
        **{key: words[key] for key in known & set(words)},
        **{key: in_zone(words[key], zone) for key in _DUE & set(words)},
        **{column.key: document[column.key] for column in _CASE},
    }
    # A source may call a column anything: its name is a heading here, never a path.
    named = [Column(f"own{place}", key) for place, key in enumerate(own)]
    emit_object(record, fmt, columns=filled((*_CASE, *FIELDS, *named), record), unmasked=True)
    clocks = document["clocks"]
    section(t("Events"), document["events"], _events(name), fmt, unmasked=True)
    for title, rows, columns in origins(document, name):
        section(title, rows, columns, fmt, unmasked=True)
    section(t("What cannot be judged"), document["problems"], _PROBLEMS, fmt)
    section(t("Clocks"), clocks, _CLOCKS, fmt)
    cards = [card for clock in clocks for card in clock["cards"]] + document["by_hand"]
    section(t("Cards"), cards, _CARDS, fmt)
    message(t("day by day: effmon cases explain"))


def filled(columns: Sequence[Column], document: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of which the document has a value."""
    return tuple(column for column in columns if column.words(document))


def section(
    title: str,
    rows: Sequence[Any],
    columns: Sequence[Column],
    fmt: Format | None,
    *,
    unmasked: bool = False,
) -> None:
    """A table under its title, without columns that no row fills; nothing where it is empty."""
    used = [column for column in columns if any(column.words(row) for row in rows)]
    if used:
        emit_text(["\n"])
        emit(rows, used, fmt, title=title, unmasked=unmasked)


def _events(name: Naming) -> tuple[Column, ...]:
    return (
        Column("occurred_at", "Time", say=say_local),
        Column("type", "Event", say=name, least=9),
        Column("kind", "Kind", say=name, least=8),
        Column("amount", "Amount", say=say_amount, priority=2),
        Column("stage", "Stage", priority=3, least=6),
        Column("department", "Department", priority=3, least=8),
        Column("actor", "Actor", priority=2, least=4),
        Column("reason", "Reason", priority=2, least=8),
    )
