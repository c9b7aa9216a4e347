"""What follows when notices have reached their recipients, or never will: deadlines begin."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ..cards import lift_effects as aftermath
from ..followup.ladders import actions as ladders
from ..followup.orders import deadlines as order_deadlines
from ..workspace.context import Context


def delivered(context: Context, connection: Connection, notices: Sequence[Any], now: int) -> None:
    """Note, in the transaction that marks them, that these rows of the outbox were delivered."""
    ladders.delivered(context, connection, notices, now)
    aftermath.delivered(context, connection, notices, now)
    order_deadlines.delivered(context, connection, notices, now)


def undeliverable(
    context: Context, connection: Connection, notices: Sequence[Any], now: int
) -> None:
    """Note, in the transaction that marks them, that these rows will not be delivered any more."""
    ladders.undeliverable(context, connection, notices, now)
    order_deadlines.undeliverable(context, connection, notices, now)


def perhaps_delivered(
    context: Context, connection: Connection, notices: Sequence[Any], now: int
) -> None:
    """Note that these rows were tried and then found void: the answer alone may have been lost."""
    aftermath.delivered(context, connection, notices, now)
    order_deadlines.tell_end(context, connection, notices)
