"""Rows of `command_record`: appended, listed; which names and numbers may stand in them."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select

from ..records.change_tables import ChangeProposalRow
from ..records.matter_tables import AppealRow, OrderRow, SilenceRow
from ..records.operation_tables import CommandRow
from ..records.tables import CardRow, PersonRow

COMMAND = CommandRow.__table__  # type: ignore[attr-defined]

_PERSON: Final = PersonRow.__table__  # type: ignore[attr-defined]
#: Columns with numbers that effmon gives: of cards, orders, appeals, silences, changes.
_NUMBERS: Final = (
    CardRow.__table__.c.card_no,  # type: ignore[attr-defined]
    OrderRow.__table__.c.order_no,  # type: ignore[attr-defined]
    AppealRow.__table__.c.appeal_no,  # type: ignore[attr-defined]
    SilenceRow.__table__.c.silence_no,  # type: ignore[attr-defined]
    ChangeProposalRow.__table__.c.change_no,  # type: ignore[attr-defined]
)


def is_person(connection: Connection, name: str) -> bool:
    """Whether the people file has a person of this id."""
    asked = select(_PERSON.c.id).where(_PERSON.c.person_id == name).limit(1)
    return connection.execute(asked).first() is not None


def is_matter(connection: Connection, number: str) -> bool:
    """Whether a card, an order, an appeal, a silence or a change has this number."""
    return any(
        connection.execute(select(column).where(column == number)).first() is not None
        for column in _NUMBERS
    )


def add(connection: Connection, values: Mapping[str, object]) -> None:
    """Append one."""
    connection.execute(insert(COMMAND), [dict(values)])


def listed(connection: Connection, *, failed: bool, since: int | None, most: int) -> list[Row[Any]]:
    """The newest ones, oldest first; those that did not end with 0, or none before an instant."""
    statement = select(COMMAND).order_by(COMMAND.c.id.desc()).limit(most)
    if failed:
        statement = statement.where(COMMAND.c.exit_code != 0)
    if since is not None:
        statement = statement.where(COMMAND.c.at >= since)
    return list(connection.execute(statement))[::-1]


def failed_since(connection: Connection, since: int) -> int:
    """How many commands did not end with 0 since an instant."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(COMMAND)
            .where(COMMAND.c.exit_code != 0, COMMAND.c.at >= since)
        ).scalar_one()
    )
