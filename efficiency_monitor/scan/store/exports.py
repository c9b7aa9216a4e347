"""What an export of cases and events asks besides the cases themselves."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from ...intake.store.cases import CASE, EVENT, WITHDRAWN, chunks


class Revision(NamedTuple):
    """A case by its row, how often something was received or amended for it, and its source."""

    case_id: int
    revision: int
    source: str


class Withdrawal(NamedTuple):
    """An event that its source no longer states; instants in epoch seconds."""

    case_id: int
    key: str
    type: str
    occurred_at: int
    received_at: int
    withdrawn_at: int


def revisions(connection: Connection) -> list[Revision]:
    """Every case, in the order of the rows."""
    rows = connection.execute(select(CASE.c.id, CASE.c.revision, CASE.c.owner).order_by(CASE.c.id))
    return [Revision(*row) for row in rows]


def withdrawals(connection: Connection, case_ids: Sequence[int]) -> list[Withdrawal]:
    """The events of these cases that were withdrawn, by case and row."""
    found: list[Withdrawal] = []
    for part in chunks(sorted(case_ids)):
        rows = connection.execute(
            select(
                EVENT.c.case_id,
                EVENT.c.event_key,
                EVENT.c.type,
                EVENT.c.occurred_at,
                EVENT.c.received_at,
                WITHDRAWN.c.received_at,
            )
            .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
            .where(EVENT.c.case_id.in_(part))
            .order_by(EVENT.c.case_id, EVENT.c.id)
        )
        found.extend(Withdrawal(*row) for row in rows)
    return found
