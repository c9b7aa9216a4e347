"""Which card may be answered or acted on, and which one stands in its place if it may not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..i18n.language import say_state, t
from ..terms import CardState
from .store import cards


def check_state(
    connection: Connection, row: Any, allowed: Sequence[CardState], *, zh: str, en: str
) -> None:
    """ConfigurationError where the card is in none of the states; of a superseded one which stands.

    `zh` and `en` say what cannot be done: `签收` and `acknowledged`.
    """
    if row.state in allowed:
        return
    said = ConfigurationError(
        t(
            f"{row.card_no} 的状态是{say_state(row.state)}，不能{zh}",
            f"card {row.card_no} is {row.state}: it cannot be {en}",
        )
    )
    standing = cards.stands_instead(connection, row) if row.state == CardState.SUPERSEDED else None
    if standing is not None:
        said.hint = t(
            f"现行有效的是 {standing.card_no}（{say_state(standing.state)}）",
            f"{standing.card_no} stands in its place ({standing.state})",
        )
    else:
        states = t("、", ", ").join(say_state(state) for state in allowed)
        said.hint = t(f"只有这些状态可以：{states}", f"possible from: {states}")
    raise said
