"""Where an erased name still stands: texts and facts that are kept for ever. Counted, not shown."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlmodel import SQLModel

from ...store.cases import EVENT, FACT
from ...store.matter_tables import AccountEntry, AppealEntry, ApprovalRow, OrderEntry, SilenceRow
from ...store.tables import AccountabilityRow, CardEntry, CardRow

_CARD: Final = CardRow.__table__  # type: ignore[attr-defined]
_HELD: Final = AccountabilityRow.__table__  # type: ignore[attr-defined]
_TEXTS: Final[tuple[tuple[str, Any], ...]] = tuple(
    (model.__tablename__, SQLModel.metadata.tables[str(model.__tablename__)].c[column])
    for model, column in (
        (CardEntry, "text"),
        (OrderEntry, "text"),
        (AppealEntry, "text"),
        (AccountEntry, "text"),
        (ApprovalRow, "text"),
        (SilenceRow, "reason"),
    )
)


def remains_of_applicant(
    connection: Connection, case_id: int, values: Sequence[str]
) -> dict[str, int]:
    """How often values of a case stand in its events, and in what people wrote anywhere."""
    found = {
        "event": _count(
            connection,
            EVENT.c.id,
            EVENT.c.case_id == case_id,
            _says(values, EVENT.c.reason, EVENT.c.actor, EVENT.c.attributes),
        )
    }
    return {
        place: number for place, number in (found | _texts(connection, values)).items() if number
    }


def remains_of_person(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """How often names stand in cards, cases and events, and in what people wrote anywhere."""
    found = {
        "card": _count(
            connection,
            _CARD.c.card_no,
            _says(names, _CARD.c.handler, _CARD.c.reviewer, _CARD.c.approver),
        ),
        "accountability": _count(connection, _HELD.c.id, _says(names, _HELD.c.holder)),
        "case_fact": _count(connection, FACT.c.id, _says(names, FACT.c.fields)),
        "event": _count(connection, EVENT.c.id, _says(names, EVENT.c.actor, EVENT.c.reason)),
    }
    return {
        place: number for place, number in (found | _texts(connection, names)).items() if number
    }


def _texts(connection: Connection, values: Sequence[str]) -> dict[str, int]:
    return {name: _count(connection, column, _says(values, column)) for name, column in _TEXTS}


def _says(values: Sequence[str], *columns: Any) -> ColumnElement[bool]:
    # A single character would be found everywhere.
    told = [
        column.contains(value, autoescape=True)
        for column in columns
        for value in values
        if len(value) > 1
    ]
    return or_(*told) if told else func.length("") > 0


def _count(connection: Connection, column: Any, *conditions: ColumnElement[bool]) -> int:
    asked = select(func.count(column)).where(*conditions)
    return int(connection.execute(asked).scalar_one())
