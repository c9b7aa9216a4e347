"""Approvals: written once, never changed (triggers see to it)."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select
from sqlalchemy.engine import Row

from ...records.matter_tables import ApprovalRow

APPROVAL = ApprovalRow.__table__  # type: ignore[attr-defined]


def add(connection: Connection, values: Mapping[str, object]) -> int:
    """Write an approval; its number."""
    made = connection.execute(insert(APPROVAL).values(dict(values))).inserted_primary_key
    return int(made[0]) if made else 0


def given(
    connection: Connection,
    *,
    subject: str,
    act: str,
    round: int,  # noqa: A002  the column's word
) -> list[Row]:  # type: ignore[type-arg]
    """The approvals of one decision, oldest first."""
    return list(
        connection.execute(
            select(APPROVAL)
            .where(APPROVAL.c.subject == subject, APPROVAL.c.act == act, APPROVAL.c.round == round)
            .order_by(APPROVAL.c.id)
        )
    )


def every_approval(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """All of them, oldest first."""
    return list(connection.execute(select(APPROVAL).order_by(APPROVAL.c.id)))
