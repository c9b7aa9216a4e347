"""What the terminal shows of appeals. Reads only."""

from collections.abc import Sequence
from typing import Any

from ...cards.store import cards
from ...people.acting import approvals
from ...people.recusal import act_of
from ...terms import AppealState, Level
from ...time.instants import rfc3339
from ...workspace.context import Context
from ..evidence.model import attachments_of
from . import store
from .actions import no_appeal
from .dates import is_late
from .model import WAITING

#: Asked for with `--state open`: those that wait to be decided.
OPEN = "open"


def states_of(word: str) -> Sequence[str] | None:
    """The states that a word of `--state` means; None: all."""
    if word == "all":
        return None
    return [str(state) for state in WAITING] if word == OPEN else [str(AppealState(word))]


def list_appeals(
    context: Context,
    *,
    state: str = OPEN,
    card_no: str | None = None,
    department: str | None = None,
    overdue: bool = False,
) -> list[dict[str, Any]]:
    """Appeals as JSON, what has to be decided first before the others."""
    with context.store.reading() as connection:
        rows = store.listed(
            connection,
            states=states_of(state),
            card_no=card_no,
            department=department,
            overdue_at=context.now() if overdue else None,
        )
        return [_appeal(context, connection, row) for row in rows]


def _appeal(context: Context, connection: Any, row: Any) -> dict[str, Any]:
    zone = context.zone
    waits = row.state in WAITING
    return {
        "appeal_no": row.appeal_no,
        "card_no": row.card_no,
        "level": Level(row.level).word,
        "case_no": row.case_no,
        "department": row.department,
        "state": row.state,
        "round": row.round,
        "filed_by": row.filed_by,
        "filed_at": rfc3339(row.filed_at, zone),
        "late": is_late(context, row, store.first_delivered(connection, row.card_no), row.filed_at),
        "decide_by": None if row.decide_by is None else rfc3339(row.decide_by, zone),
        "overdue": waits and row.decide_by is not None and row.decide_by < context.now(),
        "decided_at": None if row.decided_at is None else rfc3339(row.decided_at, zone),
    }


def show_appeal(context: Context, appeal_no: str) -> dict[str, Any]:
    """One appeal: its text, what happened to it, who has approved what."""
    with context.store.reading() as connection:
        appeal = store.find(connection, appeal_no)
        if appeal is None:
            raise no_appeal(appeal_no)
        (row,) = [
            row
            for row in store.listed(
                connection, states=None, card_no=appeal.card_no, department=None, overdue_at=None
            )
            if row.appeal_no == appeal_no
        ]
        document = _appeal(context, connection, row)
        card = cards.find(connection, appeal.card_no)
        document["card_state"] = None if card is None else card.state
        document["text"] = appeal.text
        document["entries"] = [
            {
                "kind": entry.kind,
                "at": rfc3339(entry.at, context.zone),
                "person_id": entry.person,
                "os_user": entry.os_user,
                "text": entry.text,
                "attachments": [
                    {"name": each.name, "sha256": each.sha256, "size": each.size}
                    for each in attachments_of(entry.evidence)
                ],
            }
            for entry in store.entries(connection, appeal_no)
        ]
        document["approvals"] = [
            {
                "round": round_no,
                "person_id": given.person_id,
                "decision": given.decision,
                "ground": given.ground,
                "at": rfc3339(given.at, context.zone),
                "signed": given.signed,
            }
            for round_no in range(appeal.round + 1)
            for given in approvals(
                connection,
                subject=f"appeal:{appeal_no}",
                act=act_of(round_no),
                round=round_no,
            )
        ]
    return document
