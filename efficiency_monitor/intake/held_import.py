"""What an import's entry holds its rows by: per table first and last number, how many, a digest.

The digest is of the rows in order, as they read back in the transaction that wrote them: whoever
changes one before the import has ended is found as well. No other entry takes these rows up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..faults import DoneElsewhere
from ..i18n.messages import t
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType
from ..ledger.model.row_digests import Span
from ..ledger.store import held_rows, ledger
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import text_commitment
from .store import import_runs


@dataclass(slots=True)
class _Rows:
    """Rows of one table that an import has written so far."""

    span: Span = field(default_factory=Span)
    first: int = 0
    last: int = 0


class HeldImport:
    """The rows of one import, digested as they are written; memory does not grow with them."""

    def __init__(self, import_id: str) -> None:
        self.import_id = import_id
        self._tables = {name: _Rows() for name in held_rows.INPUT}
        self._before: dict[str, int] = {}

    def before(self, connection: Connection) -> None:
        """In the transaction of a batch, before it writes.

        DoneElsewhere (75) where another import of the same files has ended this one meanwhile.
        """
        if not import_runs.goes_on(connection, self.import_id):
            raise DoneElsewhere(
                t(
                    "another import of the same files has ended the import {import_id}",
                    import_id=self.import_id,
                ),
                t("import the files again: what is there stays"),
            )
        self._before = {
            name: held_rows.highest(connection, held) for name, held in held_rows.INPUT.items()
        }

    def after(self, connection: Connection) -> None:
        """In the same transaction, after it has written."""
        for name, held in held_rows.INPUT.items():
            self._take(connection, held, self._before[name])

    def all_there_are(self, connection: Connection) -> None:
        """Every row of an import that broke off, as they are now."""
        for held in held_rows.INPUT.values():
            self._take(connection, held, None)

    def _take(self, connection: Connection, held: held_rows.Appended, after: int | None) -> None:
        rows = self._tables[held.name]
        found = held_rows.appended(connection, held, None, after, import_id=self.import_id)
        for number, row in found:
            rows.first = rows.first or number
            rows.last = number
            rows.span.take(row)

    def counts(self) -> dict[str, int]:
        """How many rows of each table."""
        return {name: rows.span.count for name, rows in self._tables.items()}

    def content(self, context: Context, connection: Connection) -> dict[str, object]:
        """The field `rows` of its entry; the salts of the commitments are written beside."""
        return {
            "rows": {
                name: {
                    "first": rows.first,
                    "last": rows.last,
                    "count": rows.span.count,
                    **text_commitment(context, connection, rows.span.hexdigest()),
                }
                for name, rows in self._tables.items()
                if rows.span.count
            }
        }


def begun(
    context: Context,
    connection: Connection,
    import_id: str,
    *,
    mapping: str,
    source: str,
    now: int,
    files: Sequence[import_runs.NamedFile],
) -> None:
    """Enter that an import begins, in the transaction that writes its row.

    Files are named by commitments and known by the digest of their bytes.
    """
    content: dict[str, object] = {
        "import": import_id,
        "mapping": mapping,
        "source": source,
        "received_at": rfc3339(now, context.zone),
        "files": [
            {
                "name": text_commitment(context, connection, file.name),
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in files
        ],
        **binding.row_commitment(context, connection, "import_run", import_id),
    }
    entry = context.entry(EntryType.IMPORT_BEGUN, f"import.begun/{import_id}", content)
    ledger.append(connection, [entry])


def ended(
    context: Context,
    connection: Connection,
    held: HeldImport,
    *,
    content: Mapping[str, object],
    took_up: Sequence[str],
) -> None:
    """Enter that an import has ended, and for each that it took up that this one has, in the
    transaction that writes their rows: from now on what they brought is input."""
    totals = _so_far(connection)
    entries = []
    for other in took_up:
        rows = HeldImport(other)
        rows.all_there_are(connection)
        entries.append(_done(context, connection, rows, {"taken_up_by": held.import_id}, totals))
    entries.append(_done(context, connection, held, content, totals))
    ledger.append(connection, entries)


def _done(
    context: Context,
    connection: Connection,
    held: HeldImport,
    content: Mapping[str, object],
    totals: dict[str, int],
) -> ledger.NewEntry:
    for name, number in held.counts().items():
        totals[name] = totals.get(name, 0) + number
    return context.entry(
        EntryType.IMPORT_DONE,
        f"import.done/{held.import_id}",
        {
            "import": held.import_id,
            **content,
            **held.content(context, connection),
            # Of all imports up to this one: a scan compares it with what the tables have.
            "held": dict(totals),
            **binding.row_commitment(context, connection, "import_run", held.import_id),
        },
    )


def _so_far(connection: Connection) -> dict[str, int]:
    """How many rows of each table the imports so far hold."""
    newest = ledger.newest_rare(connection, EntryType.IMPORT_DONE)
    if newest is None:
        return {}
    return {str(name): int(number) for name, number in json.loads(newest)["held"].items()}
