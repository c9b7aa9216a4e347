"""Rows of input that were set aside: kept as they stood, and taken out of their tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.engine import Row

from ...records.every_table import metadata
from ...records.set_aside_table import HOLDS, SetAsideRow
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks

SET_ASIDE = SetAsideRow.__table__  # type: ignore[attr-defined]
#: In the order in which they are taken out: what refers to another row first.
ORDER = ("event_withdrawal", "event", "case_fact", "item_fact", "waiting_event", "case_file")
#: What scans and imports keep of a case beside its input: it goes with a case that is set aside.
_DERIVED = ("clock", "case_span", "trial_finding", "row_version", "personal_value")


def rows_of(connection: Connection, table: str, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """These rows of a table of input, with all their columns."""
    here = metadata.tables[table]
    for part in chunks(list(numbers)):
        statement = select(here).where(here.c[HOLDS[table]].in_(part))
        for row in connection.execute(statement.order_by(here.c[HOLDS[table]])).mappings():
            yield dict(row)


def take_out(
    connection: Connection, rows: Sequence[Mapping[str, Any]], numbers: Mapping[str, Sequence[int]]
) -> None:
    """Write the rows that are set aside, then take them out of their tables."""
    for part in chunks(list(rows)):
        connection.execute(insert(SET_ASIDE), [dict(row) for row in part])
    for name in _DERIVED:
        here = metadata.tables[name]
        for some in chunks(list(numbers.get("case_file", ()))):
            connection.execute(delete(here).where(here.c.case_id.in_(some)))
    for name in ORDER:
        here = metadata.tables[name]
        for some in chunks(list(numbers.get(name, ()))):
            connection.execute(delete(here).where(here.c[HOLDS[name]].in_(some)))


def still_named(connection: Connection, numbers: Mapping[str, Sequence[int]]) -> set[int]:
    """Those of these events that a withdrawal names which stays: an import holds it."""
    going = set(numbers.get("event_withdrawal", ()))
    found: set[int] = set()
    for part in chunks(list(numbers.get("event", ()))):
        rows = connection.execute(
            select(WITHDRAWN.c.event_id, WITHDRAWN.c.number).where(WITHDRAWN.c.event_id.in_(part))
        )
        found |= {row.event_id for row in rows if row.number not in going}
    return found


def still_needed(connection: Connection, numbers: Mapping[str, Sequence[int]]) -> set[int]:
    """Those of these cases of which other rows stay: input of imports, cards, decisions."""
    found: set[int] = set()
    for table in metadata.tables.values():
        columns = [
            column
            for column in table.columns
            if any(key.column.table.name == "case_file" for key in column.foreign_keys)
        ]
        if table.name in _DERIVED:
            continue
        going = list(numbers.get(table.name, ()))
        for column in columns:
            for part in chunks(list(numbers.get("case_file", ()))):
                asked = select(column).where(column.in_(part)).distinct()
                if table.name in HOLDS and going:
                    asked = asked.where(table.c[HOLDS[table.name]].not_in(going))
                found.update(connection.execute(asked).scalars())
    return found


def cases_of(connection: Connection, numbers: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """The cases that these rows are about, by id."""
    ids: set[int] = set()
    for table in (FACT, EVENT):
        for part in chunks(list(numbers.get(table.name, ()))):
            ids.update(
                connection.execute(select(table.c.case_id).where(table.c.id.in_(part))).scalars()
            )
    for part in chunks(list(numbers.get(WITHDRAWN.name, ()))):
        rows = (
            select(EVENT.c.case_id)
            .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
            .where(WITHDRAWN.c.number.in_(part))
        )
        ids.update(connection.execute(rows).scalars())
    found: dict[int, str] = {}
    for part in chunks(sorted(ids)):
        named = connection.execute(select(CASE.c.id, CASE.c.case_no).where(CASE.c.id.in_(part)))
        found |= {row.id: row.case_no for row in named}
    return found


def with_items(connection: Connection, codes: Sequence[str]) -> dict[int, str]:
    """The cases that have items of these codes."""
    found: dict[int, str] = {}
    for part in chunks(list(codes)):
        rows = connection.execute(
            select(CASE.c.id, CASE.c.case_no).where(CASE.c.item_code.in_(part))
        )
        found |= {row.id: row.case_no for row in rows}
    return found


def listed(connection: Connection) -> list[Row[Any]]:
    """All rows that were set aside, in their order."""
    return list(connection.execute(select(SET_ASIDE).order_by(SET_ASIDE.c.id)))
