"""Supervision orders 督办单 as values: what may happen to one, its number, its deadline."""

import hashlib
from base64 import b32encode
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from ...engine.business_time import Table
from ...engine.questions import Counting, due
from ...terms import OrderState
from ...time.amount import Amount


class Move(StrEnum):
    """What happens to an order; the words are those of its entries."""

    REPLIED = "replied"
    RETURNED = "returned"
    CLOSED = "closed"
    #: Every card that it is about was lifted.
    CARDS_LIFTED = "cards_lifted"


class Result(StrEnum):
    """How an order ended."""

    #: A supervisor accepted the reply.
    DONE = "done"
    #: A supervisor closed it without a reply: opened in error, or settled otherwise.
    WITHDRAWN = "withdrawn"
    CARDS_LIFTED = "cards_lifted"


_AFTER: Final = {
    (OrderState.OPEN, Move.REPLIED): OrderState.REPLIED,
    (OrderState.OPEN, Move.CLOSED): OrderState.CLOSED,
    (OrderState.OPEN, Move.CARDS_LIFTED): OrderState.CLOSED,
    # A reply may be added to; what was said stays.
    (OrderState.REPLIED, Move.REPLIED): OrderState.REPLIED,
    (OrderState.REPLIED, Move.RETURNED): OrderState.RETURNED,
    (OrderState.REPLIED, Move.CLOSED): OrderState.CLOSED,
    (OrderState.REPLIED, Move.CARDS_LIFTED): OrderState.CLOSED,
    (OrderState.RETURNED, Move.REPLIED): OrderState.REPLIED,
    (OrderState.RETURNED, Move.CLOSED): OrderState.CLOSED,
    (OrderState.RETURNED, Move.CARDS_LIFTED): OrderState.CLOSED,
}
#: States in which the department has to answer.
OWED: Final = (OrderState.OPEN, OrderState.RETURNED)


def after(state: OrderState, move: Move) -> OrderState | None:
    """State of an order after a move; None where the move is not possible."""
    return _AFTER.get((state, move))


def possible_from(move: Move) -> tuple[OrderState, ...]:
    """States from which a move is possible, in the order of an order's life."""
    return tuple(state for state in OrderState if (state, move) in _AFTER)


def result_of(state: OrderState, move: Move) -> Result | None:
    """How an order in this state ends by a move that closes it; None for other moves."""
    if move is Move.CARDS_LIFTED:
        return Result.CARDS_LIFTED
    if move is not Move.CLOSED:
        return None
    return Result.DONE if state is OrderState.REPLIED else Result.WITHDRAWN


def order_number(card_nos: Sequence[str], earlier: int) -> str:
    """Number of an order about these cards: the same command twice makes the same number.

    `earlier` counts the orders that any of these cards had before: once they are closed, another
    one has another number.
    """
    key = "\x1f".join(("order", *sorted(set(card_nos)), str(earlier)))
    return f"D-{b32encode(hashlib.sha256(key.encode()).digest())[:12].decode()}"


def deadline(table: Table, delivered_at: int, within: Amount) -> int:
    """Instant by which the department has to reply, in time at it; NotCovered by the calendar.

    Counted from the delivery, days as whole days, anything finer to the second (docs/time.md 6, 8).
    """
    instant = due(table, delivered_at, within, counting=Counting(), pauses=[])
    assert instant is not None  # there is no pause that could withhold it
    return instant


def late(replied_at: int, reply_due_at: int | None) -> bool:
    """Whether a reply came after its deadline; one without a deadline is never late."""
    return reply_due_at is not None and replied_at > reply_due_at


def overdue(state: OrderState, reply_due_at: int | None, now: int) -> bool:
    """Whether a reply is owed and its deadline has passed."""
    return state in OWED and late(now, reply_due_at)
