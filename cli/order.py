"""`effmon orders open | list | show | reply | return | close`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.language import (
    say_amount,
    say_instant,
    say_level,
    say_local,
    say_order_state,
    say_state,
)
from efficiency_monitor.i18n.messages import mark, t

from .documents import filled, say_attachments, section
from .render import Format, emit, emit_object, message, warn
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.followup.orders.actions import Done
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("supervision orders"))


class OrderWord(StrEnum):
    """State of orders; `open` means every state before closed."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"
    ALL = "all"


_RESULTS: Final = {
    "done": mark("reply accepted"),
    "withdrawn": mark("withdrawn"),
    "cards_lifted": mark("its cards were lifted"),
}
_KINDS: Final = {
    "opened": mark("opened"),
    "replied": mark("replied", ctx="entries"),
    "returned": mark("returned"),
    "closed": mark("closed", ctx="order"),
    "overdue": mark("overdue"),
}
_NOTICES_OF: Final = {
    "order_opened": mark("opened"),
    "order_returned": mark("returned"),
    "order_replied": mark("replied"),
    "order_overdue": mark("overdue"),
    "order_closed": mark("closed", ctx="order"),
}
_NOTICE_STATES: Final = {
    "pending": mark("pending", ctx="notice states"),
    "sent": mark("delivered"),
    "dead": mark("undeliverable"),
    "void": mark("void"),
}


def _notice_words(kind: str) -> str:
    """What a notice tells, and of which round."""
    name, _, number = kind.partition(":")
    number = number.partition(":")[0]
    said = t(_NOTICES_OF[name]) if name in _NOTICES_OF else name
    return said + (t(" (round {number})", number=number) if number else "")


def _if_so(value: Any) -> str:
    """A mark where it is so, nothing where it is not: most orders are in time."""
    return t("yes") if value else ""


_ORDERS: Final = (
    Column("order_no", "Order"),
    Column("state", "State", say=say_order_state),
    Column("department", "Department", priority=2, least=8),
    Column("cards", "Cards", right=True, priority=3, ctx="orders"),
    Column("round", "Round", right=True, priority=4),
    Column("opened_by", "Opened by", priority=4, least=6),
    Column("opened_at", "Opened", say=say_local, priority=4),
    Column("reply_due_at", "Reply by", say=say_local),
    Column("overdue", "Overdue", say=_if_so, priority=2),
    Column("undeliverable", "Undeliverable", say=_if_so, priority=3),
    Column("open_for", "Open for", say=say_amount, priority=3),
    Column("alarm_since", "Alarm since", say=say_local, priority=3),
    Column("result", "Result", say=coded(_RESULTS), priority=3),
)
_ORDER: Final = (
    *_ORDERS[:7],
    Column("text", "Text", ctx="order"),
    Column("reply_within", "Reply within", say=say_amount),
    Column("delivered_at", "Delivered", say=say_local),
    *_ORDERS[7:11],
    Column("replied_by", "Replied by"),
    Column("replied_at", "Replied", say=say_local),
    Column("late", "Late", say=_if_so, ctx="order"),
    Column("closed_by", "Closed by"),
    Column("closed_at", "Closed", say=say_local),
    *_ORDERS[11:],
)
_CARDS: Final = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state),
    Column("case_no", "Case"),
    Column("handler", "Handler", priority=3, least=6),
)
_ENTRIES: Final = (
    Column("at", "At", say=say_local),
    Column("kind", "What", say=coded(_KINDS)),
    Column("person_id", "Person", least=6),
    Column("os_user", "System user", priority=3),
    Column("text", "Text", least=12),
    Column("attachments", "Attachments", say=say_attachments, priority=2),
)
_NOTICES: Final = (
    Column("kind", "Notice", say=_notice_words),
    Column("person_id", "Person", ctx="notices"),
    Column("state", "State", say=coded(_NOTICE_STATES)),
    Column("sent_at", "Delivered", say=say_local),
)
Within = Annotated[
    str,
    typer.Option(
        "--within",
        metavar="AMOUNT",
        help=t("time to reply, from its delivery"),
    ),
]


@app.command("open", help=t("open an order on cards"))
def open_order(
    ctx: typer.Context,
    cards: Annotated[list[str], typer.Argument(metavar="CARD...", show_default=False)],
    within: Within = "5 working_days",
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Open an order on cards of one department; needs --as PERSON and --text."""
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.followup.orders import actions as orders

    context = context_of(ctx)
    done = orders.open_order(
        context,
        cards,
        within=within,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or (), dry_run=dry_run),
        dry_run=dry_run,
    )
    _say(done, context, output, t("opened", ctx="order"), dry_run=dry_run)


@app.command("list", help=t("list orders"))
def list_orders(
    ctx: typer.Context,
    state: Annotated[OrderWord, typer.Option(help=t("state"))] = OrderWord.OPEN,
    department: Annotated[str | None, typer.Option(help=t("department"))] = None,
    output: Output = None,
) -> None:
    """List orders, the earliest deadline first; every one that is not closed, unless asked."""
    from efficiency_monitor.followup.orders import views as order_listing

    emit(
        order_listing.list_orders(context_of(ctx), state=str(state), department=department),
        _ORDERS,
        output,
        empty=t("no such orders"),
    )


@app.command("show", help=t("show one order"))
def show(ctx: typer.Context, order_no: str, output: Output = None) -> None:
    """Show one order: the cards it is about, what happened to it, who was told."""
    from efficiency_monitor.followup.orders import views as order_listing

    document = order_listing.show_order(context_of(ctx), order_no)
    if output not in (None, Format.TABLE):
        emit_object(document, output)
        return
    emit_object(document, output, columns=filled(_ORDER, _without_no(document)))
    section(t("Cards"), document["about"], _CARDS, output)
    entries = [{**entry, "text": _entry_text(entry)} for entry in document["entries"]]
    section(t("What happened"), entries, _ENTRIES, output)
    section(t("Notices"), document["notices"], _NOTICES, output)


def _entry_text(entry: Mapping[str, Any]) -> str | None:
    """What a person wrote, letter by letter; of what the engine did its code in words."""
    text: str | None = entry["text"]
    return t(_RESULTS[text]) if entry["kind"] == "closed" and text in _RESULTS else text


def _without_no(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not so: a line that says nothing is not shown."""
    return {name: value for name, value in document.items() if value is not False}


@app.command("reply", help=t("reply to an order"))
def reply(
    ctx: typer.Context,
    order_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """Reply for the department; needs --as PERSON and --text. A further reply is added."""
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.followup.orders import actions as orders

    context = context_of(ctx)
    done = orders.reply(
        context,
        order_no,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or []),
    )
    _say(done, context, output, t("replied"))


@app.command("return", help=t("return a reply for redo"))
def return_order(
    ctx: typer.Context,
    order_no: str,
    within: Annotated[
        str | None,
        typer.Option(
            "--within",
            metavar="AMOUNT",
            help=t("new time to reply (default: as before)"),
            show_default=False,
        ),
    ] = None,
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Return a reply that is not accepted; needs --as PERSON and --text."""
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.followup.orders import actions as orders

    context = context_of(ctx)
    done = orders.return_order(
        context,
        order_no,
        within=within,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or (), dry_run=dry_run),
        dry_run=dry_run,
    )
    _say(done, context, output, t("returned", ctx="order"), dry_run=dry_run)


@app.command("close", help=t("close an order"))
def close(
    ctx: typer.Context,
    order_no: str,
    text: Text = None,
    attach: Attach = None,
    close_cards: Annotated[
        bool,
        typer.Option(
            "--close-cards",
            help=t("its reply answers its cards too: close them"),
        ),
    ] = False,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Accept the reply to an order, or withdraw an order without one; needs --as and --text."""
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.followup.orders import actions as orders

    context = context_of(ctx)
    done = orders.close(
        context,
        order_no,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or (), dry_run=dry_run),
        close_cards=close_cards,
        dry_run=dry_run,
    )
    result = t(_RESULTS[done.result or "done"])
    _say(done, context, output, t("closed ({result})", result=result), dry_run=dry_run)


def _say(
    done: "Done", context: "Context", output: Format | None, what: str, *, dry_run: bool = False
) -> None:
    """What became of an order: the document that was asked for, and a line for people."""
    if output is not None:
        emit_object(done.as_json(context.zone), output)
    if done.repeated:
        message(
            t("{order_no}: the same was there already; nothing was written", order_no=done.order_no)
        )
        return
    parts = [f"{done.order_no}{t(': ')}{what}"]
    if done.state in ("open", "returned"):
        amount = say_amount(done.reply_within)
        parts.append(t("reply within {amount} of delivery", amount=amount))
    elif done.state == "replied" and done.reply_due_at is not None:
        at = say_instant(done.reply_due_at, context.zone)
        parts.append(t("due by {at}", at=at))
    if done.told:
        parts.append(t("told: ") + t(", ").join(done.told))
    message(t("; ", ctx="card").join(parts))
    if done.late:
        warn(t("the reply came after its deadline, and is marked so"))
    if done.closed:
        message(t("closed: ") + t(", ").join(done.closed))
    if done.standing and done.state == "closed":
        message(t("cards that still stand: ") + t(", ").join(done.standing))
    if dry_run:
        message(t("a preview: nothing was written", ctx="card"))
