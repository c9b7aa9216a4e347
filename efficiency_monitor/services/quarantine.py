"""Quarantine: rows that could not be taken, kept with place, reason and what they held."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ..core.statements import digest
from ..sources.rows import Quarantined
from ..store import cases
from ..store.tables import QuarantineRow
from .context import compact_json

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
    now: int,
) -> None:
    """Write what was refused; a row that stands there already is not written twice."""
    rows = {}
    for bad in refused:
        content = compact_json(dict(bad.cells))
        key = row_key(bad)
        rows[key] = {
            "row_key": key,
            "import_id": import_id,
            "file": bad.file,
            "sheet": bad.sheet,
            "row": bad.number,
            "column": bad.column or None,
            "code": str(bad.refusal),
            "message": bad.value,
            "content": content,
            "mapping": mapping,
            "received_at": now,
            "state": "open",
        }
    for part in cases.chunks(list(rows)):
        found = connection.execute(
            select(QUARANTINE.c.row_key).where(QUARANTINE.c.row_key.in_(part))
        )
        for row in found:
            del rows[row.row_key]
    if rows:
        connection.execute(insert(QUARANTINE), list(rows.values()))


def listed(connection: Connection, state: str | None = "open") -> list[Any]:
    """Rows in quarantine, in the order in which they came."""
    statement = select(QUARANTINE).order_by(QUARANTINE.c.id)
    if state is not None:
        statement = statement.where(QUARANTINE.c.state == state)
    return list(connection.execute(statement))


def leave(connection: Connection, entry: int) -> None:
    """A row that passed, or is refused for another reason now, no longer waits."""
    connection.execute(update(QUARANTINE).where(QUARANTINE.c.id == entry).values(state="retried"))
