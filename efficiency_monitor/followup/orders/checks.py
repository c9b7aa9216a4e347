"""What is asked before anything happens to an order: cards, authority, state, deadline."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from ...cards.card_states import check_state
from ...cards.listing import no_card
from ...cards.store import cards
from ...faults import CatalogueError, ConfigurationError, NotAllowed, NotCovered
from ...i18n.language import say_order_state
from ...i18n.messages import mark, t
from ...people.acting import acting, scope_of
from ...people.model.authority import Act
from ...terms import CardState, OrderState
from ...time.amount import Amount
from ...workspace.context import Context
from . import model as core
from . import store as orders
from .views import no_order

#: States of a card about which an order may be opened.
MATTERS = (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED)


def amount_of(text: str) -> Amount:
    try:
        return Amount.parse(text)
    except ValueError as fault:
        raise ConfigurationError(
            t("the time to reply cannot be read: {fault}", fault=fault, text_=text),
            t("such as --within '5 working_days'"),
        ) from None


def deadline(context: Context, calendar: str, since: int, amount: Amount) -> int:
    if calendar not in context.catalogue.calendars:
        raise ConfigurationError(
            t("there is no calendar {calendar!r}", calendar=calendar),
            t("see effmon calendar list"),
        )
    try:
        return core.deadline(context.catalogue.compiled(calendar).table, since, amount)
    except NotCovered:
        raise NotCovered(
            t(
                "{amount} from now lie beyond what the calendar {calendar} covers",
                amount=amount,
                calendar=calendar,
            ),
            t("give less time, or bring the calendar up to date"),
        ) from None


def deadline_or_none(context: Context, order: Any, since: int) -> int | None:
    """A deadline, or None where the calendar does not reach so far or cannot be read.

    It is set when it can be: what has been delivered stays delivered.
    """
    try:
        return deadline(context, order.calendar, since, Amount.parse(order.reply_within))
    except (ConfigurationError, CatalogueError, NotCovered):
        return None


def cards_named(connection: Connection, card_nos: Sequence[str]) -> list[Any]:
    rows = []
    for card_no in sorted(set(card_nos)):
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        rows.append(row)
    return rows


def check_matters(connection: Connection, rows: Sequence[Any]) -> Any:
    """The first of the cards, if one order can be about all of them."""
    for row in rows:
        check_state(connection, row, MATTERS, what=mark("the matter of an order"))
    for row in rows:
        for name, what in (
            ("department", t("department")),
            ("calendar", t("calendar")),
        ):
            first, other = getattr(rows[0], name), getattr(row, name)
            if first != other:
                raise ConfigurationError(
                    t(
                        "the {what} of {card_no} is {first}, of {card_no_2} {other}",
                        what=what,
                        card_no=rows[0].card_no,
                        first=first,
                        card_no_2=row.card_no,
                        other=other,
                    ),
                    t("open one order for each"),
                )
    known = orders.open_about(connection, [row.card_no for row in rows])
    for card_no, order_no in sorted(known.items()):
        raise ConfigurationError(
            t(
                "card {card_no} has the open order {order_no} already",
                card_no=card_no,
                order_no=order_no,
            ),
            t("see effmon orders show {order_no}", order_no=order_no),
        )
    return rows[0]


def common(rows: Sequence[Any], name: str) -> str | None:
    values = {getattr(row, name) for row in rows}
    return values.pop() if len(values) == 1 else None


def may_on_all(
    context: Context,
    connection: Connection,
    act: Act,
    rows: Sequence[Any],
    barred: Mapping[str, str] | None = None,
) -> str:
    """Who acts, if they may do so on every card."""
    persons = {acting(context, connection, act, scope_of(row), barred) for row in rows}
    return persons.pop()  # it is one person: the one of --as


def may_on_one(context: Context, connection: Connection, act: Act, rows: Sequence[Any]) -> str:
    """Who acts, if they may do so on one of the cards: the order is one for all of them."""
    refused: NotAllowed | None = None
    for row in rows:
        try:
            return acting(context, connection, act, scope_of(row))
        except NotAllowed as fault:
            refused = refused or fault
    assert refused is not None  # an order is about a card
    raise refused


def found(connection: Connection, order_no: str) -> tuple[Any, list[Any]]:
    order = orders.find(connection, order_no)
    if order is None:
        raise no_order(order_no)
    return order, orders.cards_of(connection, order_no)


def moved(order: Any, move: core.Move) -> OrderState:
    state = core.after(OrderState(order.state), move)
    if state is None:
        states = t(", ").join(say_order_state(each) for each in core.possible_from(move))
        raise ConfigurationError(
            t(
                "order {order_no} is {state}: it cannot be {what}",
                order_no=order.order_no,
                state=order.state,
                what=t(_MOVES[move]),
                state_2=say_order_state(order.state),
            ),
            t("possible from: {states}", states=states),
        )
    return state


_MOVES = {
    core.Move.REPLIED: mark("replied to"),
    core.Move.RETURNED: mark("returned", ctx="moves"),
    core.Move.CLOSED: mark("closed", ctx="order"),
}
