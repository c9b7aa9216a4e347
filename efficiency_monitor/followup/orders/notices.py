"""Who is told of a supervision order, and what becomes of notices about one that has ended."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ...notify.notices import notices_to, people
from ...notify.recipients import notified
from ...notify.store import outbox
from ...notify.voiding import void
from ...people.model.people import Person, Role, recipients, stands_in
from ...terms import OrderState
from ...time.instants import local_date
from ...workspace.context import Context
from . import store as orders
from .model import OWED

#: Who has to answer an order, and who is told that it was not answered in time.
DEPARTMENT = (Role.HEAD, Role.LEADER, Role.HANDLER)
ABOVE = (Role.HEAD, Role.LEADER)


def department_of(
    context: Context,
    connection: Connection,
    cards: Sequence[Any],
    roles: Sequence[Role] = DEPARTMENT,
) -> list[Person]:
    """The people of the department of these cards who are told, each card's handler among them."""
    everybody = people(connection)
    on = today(context)
    return [
        person
        for card in cards
        for person in recipients(
            everybody,
            department=card.department or "",
            region=card.region or "",
            item_code=card.item_code or "",
            roles=_meant(card, roles),
            on=on,
            handler=card.handler or "",
        )
    ]


def _meant(card: Any, roles: Sequence[Role]) -> list[Role]:
    """The roles that can be meant on a card: nobody handles what an organ as a whole is told."""
    if card.case_id is None and not card.handler:
        return [role for role in roles if role is not Role.HANDLER]
    return list(roles)


def opener_of(
    context: Context, connection: Connection, order: Any, cards: Sequence[Any]
) -> list[Person]:
    """The supervisor who opened an order, or who stands in; else the supervisors of the cards."""
    everybody = people(connection)
    rows_of: dict[str, list[Person]] = {}
    for row in everybody:
        rows_of.setdefault(row.person_id, []).append(row)
    there = rows_of.get(stands_in(order.opened_by, rows_of, today(context)), [])
    found = [row for row in there if row.role is Role.SUPERVISOR] or there
    return found or department_of(context, connection, cards, (Role.SUPERVISOR,))


def today(context: Context) -> date:
    """The date of now in the workspace's zone."""
    return date.fromisoformat(local_date(context.now(), context.zone))


def tell(
    context: Context,
    connection: Connection,
    order_no: str,
    kind: str,
    persons: Sequence[Person],
) -> list[str]:
    """Write notices about an order as it stands, in the caller's transaction; ids of persons."""
    order = orders.find(connection, order_no)
    assert order is not None  # the caller has just written it
    new = notices_to(
        persons,
        subject=f"order:{order_no}",
        kind=kind,
        card_no=None,
        about={
            "order": order_no,
            "cards": len(orders.cards_of(connection, order_no)),
            "department": order.department,
            "reply_within": order.reply_within,
            "reply_due_at": order.reply_due_at if order.state in OWED else None,
            "round": order.round,
            "result": order.result,
        },
    )
    outbox.add(connection, new, context.now())
    return sorted({notice.person_id for notice in new})


def end_notices(context: Context, connection: Connection, order_no: str) -> list[str]:
    """Tell everyone who was sent anything about an order that it is closed; ids of persons.

    What is pending about it is void: it would ask for what nobody waits for any more.
    """
    void(context, connection, reason="closed", subjects=[f"order:{order_no}"], keep=())
    order = orders.find(connection, order_no)
    assert order is not None
    persons = [
        *notified(connection, f"order:{order_no}"),
        *opener_of(context, connection, order, orders.cards_of(connection, order_no)),
    ]
    return tell(context, connection, order_no, "order_closed", persons)


def asking_kind(order: Any) -> str:
    """The kind of the notice that asks for a reply in the order's present round."""
    return "order_opened" if order.round == 1 else f"order_returned:{order.round}"


def asks(order: Any, kind: str) -> bool:
    """Whether a notice of this kind asks for the reply that is owed now."""
    return order.state in (OrderState.OPEN, OrderState.RETURNED) and kind == asking_kind(order)
