"""Closing 销号 a card: a supervisor accepts the answer to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..followup.evidence.model import Attachment, attachments_json, for_ledger
from ..followup.ladders import actions as ladders
from ..followup.orders import store as orders
from ..i18n.messages import mark, t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import notices_to, people
from ..notify.recipients import notified
from ..notify.store import outbox
from ..people.acting import approvals, approve, claimed
from ..people.model.authority import Act
from ..people.proof import proof_of
from ..people.recusal import named_on
from ..terms import CardState, Level
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from ..workspace.transaction import transaction
from .card_states import check_state
from .listing import no_card
from .store import cards


@dataclass(slots=True)
class Closed:
    """A card that was closed, and the ids of the persons who are told."""

    card_no: str
    state: str = str(CardState.CLOSED)
    told: list[str] = field(default_factory=list)
    #: True: the same person closed it before, nothing was written.
    repeated: bool = False


def close_card(
    context: Context,
    card_no: str,
    *,
    text: str,
    evidence: Sequence[Attachment] = (),
    dry_run: bool = False,
) -> Closed:
    """Close a card that was replied to, a warning also once it was acknowledged.

    By a supervisor who did not reply to it, is not named on it and did not hold the case; everybody
    who was told of the card is told. A card with an open order is closed with the order. Given
    again by who has closed it, nothing is written.
    """
    require_text(text, t("text", ctx="closing"))
    with transaction(context, dry_run=dry_run) as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        if row.state == CardState.CLOSED and _closed_by(context, connection, row):
            return Closed(card_no, repeated=True)
        allowed: tuple[CardState, ...] = (CardState.REPLIED,)
        if row.level == Level.WARNING:
            allowed = (CardState.ACKNOWLEDGED, CardState.REPLIED)
        check_state(connection, row, allowed, what=mark("closed"))
        order_no = orders.open_about(connection, [card_no]).get(card_no)
        if order_no is not None:
            raise ConfigurationError(
                t(
                    "card {card_no} has the open order {order_no}",
                    card_no=card_no,
                    order_no=order_no,
                ),
                t("close both: effmon orders close {order_no} --close-cards", order_no=order_no),
            )
        return Closed(card_no, told=close_row(context, connection, row, text, evidence))


def _closed_by(context: Context, connection: Connection, row: Any) -> bool:
    """Whether the person of `--as`, who proves to be that person, has closed this card."""
    person = claimed(context)
    given = approvals(connection, subject=f"card:{row.card_no}", act=Act.CLOSE)
    if all(one.person_id != person for one in given):
        return False
    proof_of(context, connection, Act.CLOSE, person)
    return True


def close_row(
    context: Context,
    connection: Connection,
    row: Any,
    text: str,
    evidence: Sequence[Attachment],
    *,
    order_no: str | None = None,
) -> list[str]:
    """Close a card in the caller's transaction, with the order it is about; ids of who is told."""
    known = cards.entries(connection, row.card_no)
    named = named_on(connection, row, people(connection))
    barred = dict.fromkeys(named, t("is named on it or held the case"))
    barred |= {
        entry.person: t("replied to this card")
        for entry in known
        if entry.kind == "replied" and entry.person
    }
    approve(
        context,
        connection,
        act=Act.CLOSE,
        subject=f"card:{row.card_no}",
        decision="close",
        ground=order_no,
        text=text,
        evidence=evidence,
        must_sign=False,
        barred=barred,
    )
    now = context.now()
    cards.happen(
        connection,
        [
            cards.Happening(
                card_no=row.card_no,
                kind="closed",
                at=now,
                actor=context.actor,
                text=text,
                evidence=attachments_json(evidence),
                values={"state": str(CardState.CLOSED)},
            )
        ],
    )
    content: dict[str, object] = {
        "card": row.card_no,
        "state": str(CardState.CLOSED),
        "text": text_commitment(context, connection, text),
        "evidence": for_ledger(evidence),
    }
    if order_no is not None:
        content["order"] = order_no
    kind = EntryType.CARD_CLOSED
    ledger.append(connection, [context.entry(kind, f"{kind}/{row.card_no}/{len(known)}", content)])
    ladders.ended(context, connection, [row.card_no], str(CardState.CLOSED))
    subject = f"card:{row.card_no}"
    new = notices_to(
        notified(connection, subject), subject=subject, kind="closed", card_no=row.card_no
    )
    outbox.add(connection, new, now)
    return sorted({notice.person_id for notice in new})
