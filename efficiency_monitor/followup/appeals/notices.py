"""Who is told of an appeal: those who may decide it, and the one who filed it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.notices import notices_to, people
from ...notify.store import outbox
from ...people.acting import approvals
from ...people.model.people import Person
from ...people.recusal import act_of, deciders, who_withdraws
from ...workspace.context import Context


def tell(
    context: Context, connection: Connection, card: Any, appeal: Any, kind: str, *, ask: bool
) -> list[str]:
    """Tell those who may decide it (`ask`), or the appellant; the person ids."""
    everybody = people(connection)
    if ask:
        withdraw = {*who_withdraws(connection, card, everybody, appeal)}
        act = act_of(appeal.round)
        withdraw |= {
            voice
            for given in approvals(
                connection, subject=f"appeal:{appeal.appeal_no}", act=act, round=appeal.round
            )
            for voice in given.voices
        }
        persons: Sequence[Person] = deciders(context, everybody, card, act, withdraw)
    else:
        persons = [person for person in everybody if person.person_id == appeal.filed_by]
    new = notices_to(
        persons,
        subject=f"appeal:{appeal.appeal_no}",
        kind=kind,
        card_no=appeal.card_no,
        about={
            "appeal": appeal.appeal_no,
            "card": appeal.card_no,
            "decide_by": appeal.decide_by,
        },
    )
    outbox.add(connection, new, context.now())
    return sorted({notice.person_id for notice in new})


def nobody(context: Context, connection: Connection, appeal: Any) -> None:
    """Nobody who is known may decide it: on record, and shown by the doctor."""
    ledger.append(
        connection,
        [
            context.entry(
                EntryType.NOBODY_TOLD,
                f"{EntryType.NOBODY_TOLD}/appeal/{appeal.appeal_no}/{appeal.round}",
                {"appeal": appeal.appeal_no, "card": appeal.card_no},
            )
        ],
    )
