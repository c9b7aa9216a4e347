"""A record brought up to date: an open case is not judged every night, and its overrun grows."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ...cards.card_rows import walk_of
from ...cards.late_evidence import Weighing
from ...cards.store import cards
from ...intake.store import cases
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...terms import Level
from ...workspace.context import Context
from . import store as accounts
from .checks import recorded
from .holdings import holdings


def bring_up_to_date(context: Context, connection: Connection, card: Row[Any]) -> bool:
    """Count a card's record until now, in the caller's transaction; whether anything is different.

    The record stays as it is where its clock cannot be told any more (its rule is gone, the
    calendar has ended), or where the card was given by hand.
    """
    now = context.now()
    if card.case_id is None:
        return False
    (case,) = cases.read_cases(connection, [card.case_id])
    weighed = Weighing(context, connection, now, None).one(case)
    case, found = weighed.case, weighed.found
    for episode in found.episodes:
        if (episode.bound.rule.id, episode.key) == (card.rule_id, card.episode):
            break
    else:
        return False
    walked = walk_of(context, case, episode, now)
    shares = holdings(context, case, episode, walked, now, Level(card.level))
    if any(share.amount is None for share in shares):
        return False
    if not accounts.write(connection, {card.card_no: shares}, now):
        return False
    size = ledger.read_head(connection).size
    entry = context.entry(
        EntryType.ACCOUNTABILITY_RECORDED,
        f"accountability/{card.card_no}/{now}/{size}",
        recorded(
            card.card_no,
            shares,
            as_of=now,
            zone=context.zone,
            final=episode.stop is not None,
            salt=cards.salts_of(connection, [card.card_no]).get(card.card_no),
        ),
    )
    ledger.append(connection, [entry])
    return True
