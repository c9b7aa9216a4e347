"""What follows when notices have reached their recipients, or never will: deadlines begin."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from .context import Context


def delivered(context: Context, connection: Connection, notices: Sequence[Any], now: int) -> None:
    """Note, in the transaction that marks them, that these rows of the outbox were delivered."""


def undeliverable(
    context: Context, connection: Connection, notices: Sequence[Any], now: int
) -> None:
    """Note, in the transaction that marks them, that these rows will not be delivered any more."""
