"""Where an erased name still stands: texts and facts that are kept for ever. Counted, not shown.

Also what waits for a case that is not there yet, and names of files: the row of an import is held
by its entry, so a name in it cannot be blanked; in quarantine a file's name is half of how the
same bad row is known again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlmodel import SQLModel

from ..intake.store.cases import EVENT, FACT
from ..intake.store.set_aside import SET_ASIDE
from ..intake.store.waiting import WAITING
from ..records.matter_tables import AccountEntry, AppealEntry, ApprovalRow, OrderEntry, SilenceRow
from ..records.tables import AccountabilityRow, CardEntry, CardRow, ImportRow, QuarantineRow

_CARD: Final = CardRow.__table__  # type: ignore[attr-defined]
_HELD: Final = AccountabilityRow.__table__  # type: ignore[attr-defined]
_IMPORT: Final = ImportRow.__table__  # type: ignore[attr-defined]
_QUARANTINE: Final = QuarantineRow.__table__  # type: ignore[attr-defined]
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
    """How often values of a case stand in its events, in events that wait for any case, in names
    of files, and in what people wrote anywhere."""
    found = {
        "event": _count(
            connection,
            EVENT.c.id,
            EVENT.c.case_id == case_id,
            _says(values, EVENT.c.reason, EVENT.c.actor, EVENT.c.attributes),
        )
    }
    return _counted(connection, values, found)


def remains_of_person(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """How often names stand in cards, cases and events, also in events that wait for a case, in
    names of files, and in what people wrote anywhere."""
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
    return _counted(connection, names, found)


def _counted(
    connection: Connection, values: Sequence[str], found: Mapping[str, int]
) -> dict[str, int]:
    """What was found, and what else is looked for of whomever it is; without what is nowhere."""
    texts = {name: _count(connection, column, _says(values, column)) for name, column in _TEXTS}
    more = {
        "waiting_event": _count(connection, WAITING.c.id, _says(values, WAITING.c.content)),
        "set_aside": _count(connection, SET_ASIDE.c.id, _says(values, SET_ASIDE.c.content)),
        "import_run": _count(connection, _IMPORT.c.id, _says(values, _IMPORT.c.files)),
        "quarantine": _count(connection, _QUARANTINE.c.id, _says(values, _QUARANTINE.c.file)),
    }
    return {place: number for place, number in {**found, **texts, **more}.items() if number}


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
