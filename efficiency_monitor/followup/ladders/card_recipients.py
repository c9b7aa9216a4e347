"""Who was told of a card, and how far its ladder is: what a supervisor looks at before acting."""

from typing import Any

from sqlalchemy import Connection, select

from ...records.matter_tables import NoticeRow
from ...rules.ladders import Chain
from ...time.instants import rfc3339
from ...workspace.context import Context
from . import store as ladders
from .advance import chain_of

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


def told_of(context: Context, connection: Connection, card_no: str) -> list[dict[str, Any]]:
    """Every notice about a card, oldest first; addresses are credentials and stay out."""
    rows = connection.execute(
        select(NOTICE)
        .where(NOTICE.c.subject == f"card:{card_no}")
        .order_by(NOTICE.c.created_at, NOTICE.c.kind, NOTICE.c.person_id)
    )
    return [
        {
            "notice_id": row.notice_id,
            "kind": row.kind,
            "person_id": row.person_id,
            "role": row.role or None,
            "channel": row.channel,
            "state": row.state,
            "held": row.held,
            "sent_at": None if row.sent_at is None else rfc3339(row.sent_at, context.zone),
        }
        for row in rows
    ]


def ladder_of_card(context: Context, connection: Connection, card_no: str) -> dict[str, Any] | None:
    """Where a card's ladder stands; None where it has none: historical, or waiting to be confirmed.

    `next_at` is when it is looked at next; None while it waits for a delivery or an answer.
    """
    run = ladders.runs_of(connection, [card_no]).get(card_no)
    if run is None:
        return None
    chain: Chain = chain_of(run.chain)
    return {
        "ladder": run.ladder_id,
        "version": run.ladder_version,
        "state": run.state,
        "ended_reason": run.ended_reason,
        "step": run.step,
        "turn": run.turn,
        "steps": len(chain.steps),
        "next_at": None if run.next_at is None else rfc3339(run.next_at, context.zone),
    }
