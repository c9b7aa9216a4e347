"""Rows of a case that came after a card of it was given, and how they came."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from ...intake.store import owners
from ...intake.store.cases import CASE, EVENT, FACT, WITHDRAWN
from ...intake.store.evidence import HeldBack
from ...intake.store.import_runs import IMPORT
from ...intake.store.items import ITEM

TABLES: Final = ("event", "event_withdrawal", "case_fact", "item_fact")
#: How an entry of a card names how far each of them was received (`held_rows.received`).
_WORDS: Final[Mapping[str, str]] = dict(
    zip(TABLES, ("events", "withdrawals", "facts", "items"), strict=True)
)


@dataclass(frozen=True, slots=True)
class LateRow:
    """An event, a withdrawal of one, a version of a case's fields or a fact of its item."""

    table: str
    #: Row id; of a withdrawal that of the event.
    row: int
    #: Key of the event, digest of the fields, key of the fact.
    key: str
    #: When what an event says happened; None for fields and facts.
    occurred_at: int | None
    received_at: int
    import_id: str
    #: Source that said so, whether it was pulled, and the source that the case belongs to.
    source: str
    pulled: bool
    owner: str

    def states_up_to(self, instant: int) -> bool:
        """Whether it says something of what was by an instant."""
        return self.occurred_at is None or self.occurred_at <= instant


def after(
    connection: Connection, case_id: int, known: Mapping[str, int], known_by: int | None
) -> Iterator[LateRow]:
    """Rows of a case with higher numbers than these, by table, in the order in which they came.

    By numbers and not by instants: a clock may have been set back.
    """
    source = connection.execute(select(CASE.c.source).where(CASE.c.id == case_id)).scalar_one()
    owner = owners.of_cases(connection, {case_id: source}, known_by)[case_id].owner
    places = {
        "event": (EVENT, EVENT.c.id, EVENT.c.id, EVENT.c.event_key, EVENT.c.occurred_at),
        "event_withdrawal": (
            WITHDRAWN.join(EVENT, EVENT.c.id == WITHDRAWN.c.event_id),
            WITHDRAWN.c.number,
            WITHDRAWN.c.event_id,
            EVENT.c.event_key,
            EVENT.c.occurred_at,
        ),
        "case_fact": (FACT, FACT.c.id, FACT.c.id, FACT.c.digest, None),
    }
    for name, (table, number, row_id, key, at) in places.items():
        own: Any = WITHDRAWN if name == "event_withdrawal" else table
        of_case = FACT.c.case_id if name == "case_fact" else EVENT.c.case_id
        columns = [row_id.label("row"), key.label("key"), own.c.received_at, own.c.import_id]
        if at is not None:
            columns.append(at.label("at"))
        speaker: Any = FACT.c.source if name == "case_fact" else EVENT.c.source
        if name == "event_withdrawal":
            # Since a hand-over another source may withdraw it than the one that told it.
            speaker = func.coalesce(IMPORT.c.source, EVENT.c.source)
        # What waited for its case was told by an earlier import than the one that wrote it.
        told = own.c.import_id
        if name == "event":
            told = func.coalesce(EVENT.c.told_import, EVENT.c.import_id)
        statement = (
            select(*columns, speaker.label("source"), IMPORT.c.pulled)
            .select_from(table.outerjoin(IMPORT, IMPORT.c.id == told))
            .where(of_case == case_id, number > known.get(_WORDS[name], 0))
        )
        if known_by is not None:
            statement = statement.where(own.c.received_at <= known_by)
        for row in connection.execute(statement.order_by(number)):
            yield LateRow(
                table=name,
                row=row.row,
                key=row.key,
                occurred_at=None if at is None else row.at,
                received_at=row.received_at,
                import_id=row.import_id,
                source=row.source,
                pulled=bool(row.pulled),
                owner=owner,
            )
    yield from _of_items(connection, case_id, known.get("items", 0), known_by, owner)


def imports_of(connection: Connection, rows: HeldBack) -> dict[tuple[str, int], str]:
    """The imports that brought rows, by table and row; of a withdrawal, its own."""
    places: Any = {
        "event": (EVENT.c.id, EVENT.c.import_id),
        "event_withdrawal": (WITHDRAWN.c.event_id, WITHDRAWN.c.import_id),
        "case_fact": (FACT.c.id, FACT.c.import_id),
        "item_fact": (ITEM.c.id, ITEM.c.import_id),
    }
    found: dict[tuple[str, int], str] = {}
    for table, numbers in rows.rows().items():
        number, import_id = places[table]
        asked = select(number, import_id).where(number.in_(numbers)).order_by(number)
        found |= {(table, row[0]): row[1] for row in connection.execute(asked)}
    return found


def _of_items(
    connection: Connection, case_id: int, known: int, known_by: int | None, owner: str
) -> Iterator[LateRow]:
    """What came of the items that a case names or named."""
    told = select(FACT.c.fields).where(FACT.c.case_id == case_id)
    codes = {json.loads(fields).get("item_code") for fields in connection.execute(told).scalars()}
    statement = (
        select(ITEM, IMPORT.c.pulled)
        .select_from(ITEM.outerjoin(IMPORT, IMPORT.c.id == ITEM.c.import_id))
        .where(ITEM.c.item_code.in_(sorted(codes - {None})), ITEM.c.id > known)
    )
    if known_by is not None:
        statement = statement.where(ITEM.c.received_at <= known_by)
    for row in connection.execute(statement.order_by(ITEM.c.id)):
        yield LateRow(
            table="item_fact",
            row=row.id,
            key=row.fact_key,
            occurred_at=None,
            received_at=row.received_at,
            import_id=row.import_id,
            source=row.source,
            pulled=bool(row.pulled),
            owner=owner,
        )
