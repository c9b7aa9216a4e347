"""The time to reply to an order: it begins with the delivery, and its end does not pass unseen."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ...notify.notices import nth, people
from ...notify.recipients import as_reached_now
from ...terms import OrderState
from ...workspace.context import Context
from . import notices as order_notices
from . import store as orders
from .checks import deadline_or_none, found


def delivered(context: Context, connection: Connection, notices: Sequence[Any], now: int) -> None:
    """Begin the time to reply of orders whose notice was delivered now, in that transaction."""
    for order in _asked_by(connection, notices):
        if order.delivered_at is None:
            due = deadline_or_none(context, order, now)
            orders.change(connection, order.order_no, {"delivered_at": now, "reply_due_at": due})
    tell_end(context, connection, notices)


def tell_end(context: Context, connection: Connection, notices: Sequence[Any]) -> None:
    """What was on its way while its order was closed: whoever it reached is told of that too."""
    for notice in notices:
        kind, _, order_no = notice.subject.partition(":")
        if kind != "order" or notice.kind == "order_closed":
            continue
        order = orders.find(connection, order_no)
        if order is not None and order.state == str(OrderState.CLOSED):
            person = as_reached_now(people(connection), notice)
            order_notices.tell(context, connection, order_no, "order_closed", [person])


def undeliverable(
    context: Context, connection: Connection, notices: Sequence[Any], now: int
) -> None:
    """Begin the time to reply of orders of which no notice arrived or will arrive any more.

    It does not stand still because nobody could be reached: the order is reported, and overdue.
    """
    lost = set(orders.undelivered(connection))
    for order in _asked_by(connection, notices):
        if order.order_no in lost and order.reply_due_at is None:
            due = deadline_or_none(context, order, now)
            orders.change(connection, order.order_no, {"reply_due_at": due})


def overdue(context: Context) -> list[str]:
    """Tell, once a round, of orders whose time to reply has passed; their numbers.

    Told are the department's head and leader and whoever opened it. Each in a transaction of its
    own, which looks again: a reply that came in between is not overdue.
    """
    with context.store.reading() as connection:
        waiting = orders.owed(connection)
        late = orders.overdue_untold(connection, context.now())
    if any(_start_of(context, order) is not None for order in waiting):
        late = _set_deadlines(context, [order.order_no for order in waiting])
    told = []
    for order_no in late:
        with context.store.writing() as connection:
            if order_no not in orders.overdue_untold(connection, context.now()):
                continue
            order, rows = found(connection, order_no)
            now = context.now()
            happening = orders.Happening(
                order_no=order_no,
                kind="overdue",
                at=now,
                actor=context.actor,
                values={"overdue_told_at": now},
            )
            orders.happen(connection, happening)
            persons = [
                *order_notices.department_of(context, connection, rows, order_notices.ABOVE),
                *order_notices.opener_of(context, connection, order, rows),
            ]
            kind = nth(f"order_overdue:{order.round}", _times_told(connection, order_no))
            order_notices.tell(context, connection, order_no, kind, persons)
            told.append(order_no)
    return told


def take_back(context: Context, connection: Connection, after: int) -> None:
    """Let orders' deadlines count anew where a clock had run ahead after an instant.

    What was delivered later than now was delivered by now; what was said to be overdue is told
    again when it is.
    """
    now = context.now()
    for order in orders.touched_after(connection, after):
        values: dict[str, object] = {}
        if order.delivered_at is not None and order.delivered_at > now:
            due = deadline_or_none(context, order, now)
            values |= {"delivered_at": now, "reply_due_at": due}
        if order.overdue_told_at is not None and order.overdue_told_at > after:
            values["overdue_told_at"] = None
        if values:
            orders.change(connection, order.order_no, values)


def _times_told(connection: Connection, order_no: str) -> int:
    """How often it was told in this round that an order is overdue: more than once only where a
    clock that had run ahead was repaired."""
    kinds = [each.kind for each in orders.entries(connection, order_no)]
    since = max((place for place, kind in enumerate(kinds) if kind == "returned"), default=0)
    return kinds[since:].count("overdue")


def _set_deadlines(context: Context, order_nos: Sequence[str]) -> list[str]:
    """Set deadlines that the calendar did not cover when the notice was delivered."""
    with context.store.writing() as connection:
        for order_no in order_nos:
            order, _ = found(connection, order_no)
            since = _start_of(context, order)
            if since is not None and order.reply_due_at is None:
                due = deadline_or_none(context, order, since)
                orders.change(connection, order_no, {"reply_due_at": due})
        return orders.overdue_untold(connection, context.now())


def _start_of(context: Context, order: Any) -> int | None:
    """Where the time to reply began that has no deadline yet but could have one; else None."""
    since: int | None = order.delivered_at
    if since is None or deadline_or_none(context, order, since) is None:
        return None
    return since


def _asked_by(connection: Connection, notices: Sequence[Any]) -> list[Any]:
    """The orders to which these notices ask for a reply that is still owed."""
    found: dict[str, Any] = {}
    for notice in notices:
        kind, _, order_no = notice.subject.partition(":")
        if kind == "order":
            order = orders.find(connection, order_no)
            if order is not None and order_notices.asks(order, notice.kind):
                found[order_no] = order
    return list(found.values())
