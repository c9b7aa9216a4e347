"""Which card may be answered or acted on, and which one stands in its place if it may not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..i18n.language import say_state
from ..i18n.messages import t
from ..terms import CardState
from .store import cards


def check_state(
    connection: Connection, row: Any, allowed: Sequence[CardState], *, what: str
) -> None:
    """ConfigurationError where the card is in none of the states; of a superseded one which stands.

    `what` is a marked message of what cannot be done: `acknowledged`.
    """
    if row.state in allowed:
        return
    said = ConfigurationError(
        t(
            "card {card_no} is {state}: it cannot be {what}",
            card_no=row.card_no,
            state=row.state,
            what=t(what),
            state_2=say_state(row.state),
        )
    )
    standing = cards.stands_instead(connection, row) if row.state == CardState.SUPERSEDED else None
    if standing is not None:
        said.hint = t(
            "{card_no} stands in its place ({state})",
            card_no=standing.card_no,
            state=standing.state,
            state_2=say_state(standing.state),
        )
    else:
        states = t(", ").join(say_state(state) for state in allowed)
        said.hint = t("possible from: {states}", states=states)
    raise said
