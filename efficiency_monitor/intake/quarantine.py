"""Quarantine: rows that could not be taken, kept with place, reason and what they held."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ..faults import EffmonError
from ..people.model.id_numbers import masked
from ..people.model.personal import is_personal
from ..records.tables import QuarantineRow
from ..workspace.context import Context, compact_json
from .formats.headers import folded
from .formats.rows import Quarantined, Refusal
from .mapping import mapping_files
from .model.statements import digest
from .store import cases, import_runs

_NAMED = frozenset(("handler", "reviewer", "approver"))

QUARANTINE = QuarantineRow.__table__  # type: ignore[attr-defined]


def row_key(bad: Quarantined) -> str:
    """The same row refused for the same reason has the same key."""
    content = compact_json(dict(bad.cells))
    return digest(bad.file, bad.sheet, bad.number, str(bad.refusal), bad.column, bad.value, content)


def keep(
    connection: Connection,
    refused: Sequence[Quarantined],
    import_id: str,
    mapping: str,
    source: str,
    received: Sequence[int],
) -> None:
    """Write what was refused, each received at its instant. A row that stands there already is not
    written twice: it was received again, and if it had left, it waits again.
    """
    rows: dict[str, dict[str, Any]] = {}
    for bad, at in zip(refused, received, strict=True):
        content = compact_json(dict(bad.cells))
        key = row_key(bad)
        rows[key] = {
            "row_key": key,
            "import_id": import_id,
            "file": bad.file,
            "sheet": None if bad.sheet is None else masked(bad.sheet),
            "row": bad.number,
            "column": bad.column or None,
            "code": str(bad.refusal),
            "message": bad.value,
            "content": content,
            "mapping": mapping,
            "source": source,
            "received_at": at,
            "state": "open",
        }
    for part in cases.chunks(list(rows)):
        found = connection.execute(
            select(QUARANTINE.c.row_key, QUARANTINE.c.state, QUARANTINE.c.received_at).where(
                QUARANTINE.c.row_key.in_(part)
            )
        )
        for row in found.all():
            at = max(rows.pop(row.row_key)["received_at"], row.received_at)
            if (row.state, row.received_at) != ("open", at):
                connection.execute(
                    update(QUARANTINE)
                    .where(QUARANTINE.c.row_key == row.row_key)
                    .values(state="open", received_at=at)
                )
    if rows:
        connection.execute(insert(QUARANTINE), list(rows.values()))


def named_columns(context: Context, mapping: str, columns: Sequence[str]) -> frozenset[str]:
    """Columns of a row that hold names or other data of persons, as its mapping says.

    All of them where the mapping is not there any more.
    """
    try:
        found = mapping_files.find_mapping(mapping, context.catalogue.folder / "mappings")
    except EffmonError:
        return frozenset(columns)
    named: set[str] = set()
    for table in found.tables:
        cells = [
            cell
            for name, cell in (*table.fields.items(), *table.attributes.items())
            if name in _NAMED or is_personal(name)
        ]
        cells += [event.actor for event in table.events if event.actor is not None]
        for cell in cells:
            wanted = {
                folded(name)
                for name in (cell.column or "", *found.columns.get(cell.column or "", ()))
            }
            named.update(column for column in columns if folded(column) in wanted)
    return frozenset(named)


def listed(connection: Connection, state: str | None = "open") -> list[Any]:
    """Rows in quarantine, in the order in which they came."""
    statement = select(QUARANTINE).order_by(QUARANTINE.c.id)
    if state is not None:
        statement = statement.where(QUARANTINE.c.state == state)
    return list(connection.execute(statement))


def waiting(connection: Connection) -> list[tuple[str, str | None]]:
    """The mappings and sources whose rows wait, in order."""
    asked = select(QUARANTINE.c.mapping, QUARANTINE.c.source).where(QUARANTINE.c.state == "open")
    found = [(row.mapping, row.source) for row in connection.execute(asked.distinct())]
    return sorted(found, key=lambda pair: (pair[0], pair[1] or ""))


def files_of(
    connection: Connection, mapping: str, source: str | None
) -> list[import_runs.NamedFile]:
    """The files that rows of a mapping and a source that wait came from, as they were then."""
    asked = (
        select(QUARANTINE.c.file, QUARANTINE.c.import_id)
        .where(
            QUARANTINE.c.state == "open",
            QUARANTINE.c.mapping == mapping,
            QUARANTINE.c.source.is_(None) if source is None else QUARANTINE.c.source == source,
        )
        .order_by(QUARANTINE.c.id)
    )
    rows = connection.execute(asked).all()
    runs = import_runs.by_id(connection, {row.import_id for row in rows})
    found: dict[str, import_runs.NamedFile] = {}
    for row in rows:
        known = (
            {file.name: file for file in runs[row.import_id].files} if row.import_id in runs else {}
        )
        # Of two files of one name it is not said which: the newest row's.
        found[row.file] = known.get(row.file, import_runs.NamedFile(row.file, None, None))
    return list(found.values())


def waiting_rows(
    connection: Connection, mapping: str, source: str | None, *, after: int, most: int
) -> list[Any]:
    """The next rows that wait, in the order in which they came."""
    statement = (
        select(QUARANTINE)
        .where(
            QUARANTINE.c.state == "open",
            QUARANTINE.c.mapping == mapping,
            QUARANTINE.c.source.is_(None) if source is None else QUARANTINE.c.source == source,
            QUARANTINE.c.id > after,
        )
        .order_by(QUARANTINE.c.id)
        .limit(most)
    )
    return list(connection.execute(statement))


def as_refused(entry: Any) -> Quarantined:
    """A row of the quarantine as it was refused."""
    return Quarantined(
        file=entry.file,
        sheet=entry.sheet,
        number=entry.row,
        refusal=Refusal(entry.code),
        column=entry.column or "",
        value=entry.message,
        cells=json.loads(entry.content),
    )


def leave(connection: Connection, entries: Sequence[int]) -> None:
    """Rows that passed, or are refused for another reason now, no longer wait."""
    for part in cases.chunks(entries):
        connection.execute(
            update(QUARANTINE).where(QUARANTINE.c.id.in_(part)).values(state="retried")
        )
