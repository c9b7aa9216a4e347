"""What the terminal shows of supervision orders. Reads only."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from sqlalchemy import Connection

from ...engine.questions import Counting, elapsed
from ...faults import ConfigurationError, NotCovered
from ...i18n.messages import t
from ...terms import Level, OrderState
from ...time.amount import Amount, Unit, decimal_text
from ...time.instants import rfc3339
from ...workspace.context import Context
from ..evidence.model import attachments_of
from . import model as core
from . import store as orders


def list_orders(
    context: Context, *, state: str = "open", department: str | None = None
) -> list[dict[str, Any]]:
    """Orders, the earliest deadline first: `open`, `overdue`, `closed` or `all` of them."""
    now = context.now()
    query = orders.OrderQuery(state=state, department=department, now=now)
    with context.store.reading() as connection:
        rows = orders.listed(connection, query)
        alarms = orders.alarmed(connection)
        lost = set(orders.undelivered(connection))
    return [_order(context, row, now, alarms, lost) for row in rows]


def show_order(context: Context, order_no: str) -> dict[str, Any]:
    """One order, the cards that it is about, what happened to it, who was told."""
    now = context.now()
    with context.store.reading() as connection:
        query = orders.OrderQuery(state="all", order_no=order_no, now=now)
        found = orders.listed(connection, query)
        if not found:
            raise no_order(order_no)
        (row,) = found
        alarms = orders.alarmed(connection)
        lost = set(orders.undelivered(connection))
        document = _order(context, row, now, alarms, lost)
        document["text"] = row.text
        document["about"] = [
            {
                "card_no": card.card_no,
                "level": Level(card.level).word,
                "state": card.state,
                "case_no": card.case_no,
                "handler": card.handler,
            }
            for card in orders.cards_of(connection, order_no)
        ]
        document["entries"] = _entries(context, connection, order_no)
        document["notices"] = [
            {
                "notice_id": notice.notice_id,
                "kind": notice.kind,
                "person_id": notice.person_id,
                "state": notice.state,
                "sent_at": _at(context, notice.sent_at),
            }
            for notice in orders.notices_about(connection, order_no)
        ]
    return document


def no_order(order_no: str) -> ConfigurationError:
    """The fault of an order number that nobody knows."""
    return ConfigurationError(
        t("there is no order {order_no!r}", order_no=order_no),
        t("effmon orders list --state all shows the numbers"),
    )


def orders_of_card(context: Context, connection: Connection, card_no: str) -> list[dict[str, Any]]:
    """The orders about a card, oldest first, in short."""
    return [
        {
            "order_no": row.order_no,
            "state": row.state,
            "opened_by": row.opened_by,
            "opened_at": _at(context, row.opened_at),
            "reply_due_at": _at(context, row.reply_due_at),
            "result": row.result,
        }
        for row in orders.of_card(connection, card_no)
    ]


def _order(
    context: Context, row: Any, now: int, alarms: dict[str, int], lost: set[str]
) -> dict[str, Any]:
    until = now if row.closed_at is None else row.closed_at
    return {
        "order_no": row.order_no,
        "state": row.state,
        "department": row.department,
        "cards": row.cards,
        "round": row.round,
        "opened_by": row.opened_by,
        "opened_at": _at(context, row.opened_at),
        "reply_within": Amount.parse(row.reply_within).as_json(),
        "delivered_at": _at(context, row.delivered_at),
        "reply_due_at": _at(context, row.reply_due_at),
        "overdue": core.overdue(OrderState(row.state), row.reply_due_at, now),
        "undeliverable": row.order_no in lost,
        "replied_by": row.replied_by,
        "replied_at": _at(context, row.replied_at),
        "late": row.replied_at is not None and core.late(row.replied_at, row.reply_due_at),
        "open_for": _open_for(context, row.calendar, row.opened_at, until),
        "closed_at": _at(context, row.closed_at),
        "closed_by": row.closed_by,
        "result": row.result,
        "alarm_since": _at(context, alarms.get(row.order_no)),
    }


def _open_for(context: Context, calendar: str, since: int, until: int) -> dict[str, str] | None:
    """Working days since it was opened, whole ones; None where the calendar does not say."""
    if calendar not in context.catalogue.calendars:
        return None
    table = context.catalogue.compiled(calendar).table
    try:
        days = elapsed(table, since, until, Unit.WORKING_DAYS, counting=Counting(), pauses=[])
    except NotCovered:
        return None
    whole = days.quantize(Decimal(1), rounding=ROUND_DOWN)
    return {"value": decimal_text(whole), "unit": str(Unit.WORKING_DAYS)}


def _entries(context: Context, connection: Connection, order_no: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": entry.kind,
            "at": _at(context, entry.at),
            "person_id": entry.person,
            "os_user": entry.os_user,
            "text": entry.text,
            "attachments": attachments_json_of(entry.evidence),
        }
        for entry in orders.entries(connection, order_no)
    ]


def attachments_json_of(evidence: str | None) -> list[dict[str, object]]:
    """The attachments of an entry, as documents show them."""
    return [
        {"name": each.name, "sha256": each.sha256, "size": each.size}
        for each in attachments_of(evidence)
    ]


def _at(context: Context, instant: int | None) -> str | None:
    return None if instant is None else rfc3339(instant, context.zone)
