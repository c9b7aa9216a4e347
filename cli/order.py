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
    t,
)

from .documents import filled, say_attachments, section
from .render import Format, emit, emit_object, message, warn
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.followup.orders.actions import Done
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("督办单", "supervision orders"))


class OrderWord(StrEnum):
    """State of orders; `open` means every state before closed."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"
    ALL = "all"


_RESULTS: Final = {
    "done": ("反馈已认可", "reply accepted"),
    "withdrawn": ("已撤回", "withdrawn"),
    "cards_lifted": ("所涉牌均已撤销", "its cards were lifted"),
}
_KINDS: Final = {
    "opened": ("开具", "opened"),
    "replied": ("反馈", "replied"),
    "returned": ("退回重办", "returned"),
    "closed": ("办结", "closed"),
    "overdue": ("逾期未反馈", "overdue"),
}
_NOTICES_OF: Final = {
    "order_opened": ("开具", "opened"),
    "order_returned": ("退回重办", "returned"),
    "order_replied": ("已反馈", "replied"),
    "order_overdue": ("逾期未反馈", "overdue"),
    "order_closed": ("办结", "closed"),
}
_NOTICE_STATES: Final = {
    "pending": ("待送达", "pending"),
    "sent": ("已送达", "delivered"),
    "dead": ("未能送达", "undeliverable"),
    "void": ("作废", "void"),
}


def _notice_words(kind: str) -> str:
    """What a notice tells, and of which round."""
    name, _, number = kind.partition(":")
    said = t(*_NOTICES_OF[name]) if name in _NOTICES_OF else name
    return said + (t(f"（第 {number} 轮）", f" (round {number})") if number else "")


def _if_so(value: Any) -> str:
    """A mark where it is so, nothing where it is not: most orders are in time."""
    return t("是", "yes") if value else ""


_ORDERS: Final = (
    Column("order_no", "督办单号", "Order"),
    Column("state", "状态", "State", say=say_order_state),
    Column("department", "部门", "Department", priority=2, least=8),
    Column("cards", "牌数", "Cards", right=True, priority=3),
    Column("round", "轮次", "Round", right=True, priority=4),
    Column("opened_by", "开具人", "Opened by", priority=4, least=6),
    Column("opened_at", "开具时间", "Opened", say=say_local, priority=4),
    Column("reply_due_at", "反馈期限", "Reply by", say=say_local),
    Column("overdue", "逾期", "Overdue", say=_if_so, priority=2),
    Column("undeliverable", "未能送达", "Undeliverable", say=_if_so, priority=3),
    Column("open_for", "已开", "Open for", say=say_amount, priority=3),
    Column("alarm_since", "告警自", "Alarm since", say=say_local, priority=3),
    Column("result", "结果", "Result", say=coded(_RESULTS), priority=3),
)
_ORDER: Final = (
    *_ORDERS[:7],
    Column("text", "督办内容", "Text"),
    Column("reply_within", "反馈时限", "Reply within", say=say_amount),
    Column("delivered_at", "送达时间", "Delivered", say=say_local),
    *_ORDERS[7:11],
    Column("replied_by", "反馈人", "Replied by"),
    Column("replied_at", "反馈时间", "Replied", say=say_local),
    Column("late", "逾期反馈", "Late", say=_if_so),
    Column("closed_by", "办结人", "Closed by"),
    Column("closed_at", "办结时间", "Closed", say=say_local),
    *_ORDERS[11:],
)
_CARDS: Final = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state),
    Column("case_no", "办件编号", "Case"),
    Column("handler", "承办人", "Handler", priority=3, least=6),
)
_ENTRIES: Final = (
    Column("at", "时间", "At", say=say_local),
    Column("kind", "经过", "What", say=coded(_KINDS)),
    Column("person_id", "人员", "Person", least=6),
    Column("os_user", "系统用户", "System user", priority=3),
    Column("text", "内容", "Text", least=12),
    Column("attachments", "附件", "Attachments", say=say_attachments, priority=2),
)
_NOTICES: Final = (
    Column("kind", "通知", "Notice", say=_notice_words),
    Column("person_id", "收件人", "Person"),
    Column("state", "状态", "State", say=coded(_NOTICE_STATES)),
    Column("sent_at", "送达时间", "Delivered", say=say_local),
)
Within = Annotated[
    str,
    typer.Option(
        "--within",
        metavar="AMOUNT",
        help=t("自送达起的反馈时限", "time to reply, from its delivery"),
    ),
]


@app.command("open", help=t("对一张或几张牌开具督办单", "open an order on cards"))
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
    _say(done, context, output, t("已开具", "opened"), dry_run=dry_run)


@app.command("list", help=t("列出督办单", "list orders"))
def list_orders(
    ctx: typer.Context,
    state: Annotated[OrderWord, typer.Option(help=t("状态", "state"))] = OrderWord.OPEN,
    department: Annotated[str | None, typer.Option(help=t("部门", "department"))] = None,
    output: Output = None,
) -> None:
    """List orders, the earliest deadline first; every one that is not closed, unless asked."""
    from efficiency_monitor.followup.orders import views as order_listing

    emit(
        order_listing.list_orders(context_of(ctx), state=str(state), department=department),
        _ORDERS,
        output,
        empty=t("没有这样的督办单", "no such orders"),
    )


@app.command("show", help=t("显示一张督办单", "show one order"))
def show(ctx: typer.Context, order_no: str, output: Output = None) -> None:
    """Show one order: the cards it is about, what happened to it, who was told."""
    from efficiency_monitor.followup.orders import views as order_listing

    document = order_listing.show_order(context_of(ctx), order_no)
    if output not in (None, Format.TABLE):
        emit_object(document, output)
        return
    emit_object(document, output, columns=filled(_ORDER, _without_no(document)))
    section(t("牌", "Cards"), document["about"], _CARDS, output)
    entries = [{**entry, "text": _entry_text(entry)} for entry in document["entries"]]
    section(t("经过", "What happened"), entries, _ENTRIES, output)
    section(t("通知", "Notices"), document["notices"], _NOTICES, output)


def _entry_text(entry: Mapping[str, Any]) -> str | None:
    """What a person wrote, letter by letter; of what the engine did its code in words."""
    text: str | None = entry["text"]
    return t(*_RESULTS[text]) if entry["kind"] == "closed" and text in _RESULTS else text


def _without_no(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not so: a line that says nothing is not shown."""
    return {name: value for name, value in document.items() if value is not False}


@app.command("reply", help=t("反馈督办单", "reply to an order"))
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
    _say(done, context, output, t("已反馈", "replied"))


@app.command("return", help=t("退回重办", "return a reply for redo"))
def return_order(
    ctx: typer.Context,
    order_no: str,
    within: Annotated[
        str | None,
        typer.Option(
            "--within",
            metavar="AMOUNT",
            help=t("新的反馈时限（默认同前）", "new time to reply (default: as before)"),
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
    _say(done, context, output, t("已退回重办", "returned"), dry_run=dry_run)


@app.command("close", help=t("办结督办单", "close an order"))
def close(
    ctx: typer.Context,
    order_no: str,
    text: Text = None,
    attach: Attach = None,
    close_cards: Annotated[
        bool,
        typer.Option(
            "--close-cards",
            help=t("所涉的牌一并销号", "its reply answers its cards too: close them"),
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
    result = t(*_RESULTS[done.result or "done"])
    _say(done, context, output, t(f"已办结（{result}）", f"closed ({result})"), dry_run=dry_run)


def _say(
    done: "Done", context: "Context", output: Format | None, what: str, *, dry_run: bool = False
) -> None:
    """What became of an order: the document that was asked for, and a line for people."""
    if output is not None:
        emit_object(done.as_json(context.zone), output)
    if done.repeated:
        message(
            t(
                f"{done.order_no}：本人此前已同样办理，未再写入",
                f"{done.order_no}: the same was there already; nothing was written",
            )
        )
        return
    parts = [f"{done.order_no}{t('：', ': ')}{what}"]
    if done.state in ("open", "returned"):
        amount = say_amount(done.reply_within)
        parts.append(t(f"自送达起 {amount}内反馈", f"reply within {amount} of delivery"))
    elif done.state == "replied" and done.reply_due_at is not None:
        at = say_instant(done.reply_due_at, context.zone)
        parts.append(t(f"反馈期限 {at}", f"due by {at}"))
    if done.told:
        parts.append(t("通知 ", "told: ") + t("、", ", ").join(done.told))
    message(t("，", "; ").join(parts))
    if done.late:
        warn(
            t("已超过反馈期限，记为逾期反馈", "the reply came after its deadline, and is marked so")
        )
    if done.closed:
        message(t("已销号：", "closed: ") + t("、", ", ").join(done.closed))
    if done.standing and done.state == "closed":
        message(t("仍有效的牌：", "cards that still stand: ") + t("、", ", ").join(done.standing))
    if dry_run:
        message(t("仅预览，未写入任何内容", "a preview: nothing was written"))
