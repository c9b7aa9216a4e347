"""What a tally's card was made of, for `cards show`: its window, its numbers, its members."""

from typing import Any

from sqlalchemy import Connection, select

from ...cards.store import cards
from ...intake.store.cases import chunks
from ...terms import Level
from ...time.instants import rfc3339
from ...workspace.context import Context
from . import store as tallies


def sum_json(context: Context, connection: Connection, card_no: str) -> dict[str, Any] | None:
    """The document of a tally's card as it was given; None where the card is no tally's.

    Of members that are cards it says how they stand now.
    """
    content = tallies.sum_of(connection, card_no)
    if content is None:
        return None
    members = content.pop("members")
    known = _cards(connection, [key for key, _ in members]) if content["of"] == "cards" else {}
    return content | {
        "members": [
            {"member": key, "at": rfc3339(at, context.zone), **known.get(key, {})}
            for key, at in members
        ]
    }


def _cards(connection: Connection, card_nos: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(
                cards.CARD.c.card_no, cards.CARD.c.case_no, cards.CARD.c.level, cards.CARD.c.state
            ).where(cards.CARD.c.card_no.in_(part))
        )
        found |= {
            row.card_no: {
                "case_no": row.case_no,
                "level": Level(row.level).word,
                "state": row.state,
            }
            for row in rows
        }
    return found
