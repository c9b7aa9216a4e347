"""What entries hold rows by: spans of rows that are only added, and rows as they stand.

Each span begins where the one before ended, so that none can be left out. Entries of scans,
imports and checkpoints carry them. A digest may be of very little, and rows hold names: the ledger
has a commitment to it, whose salt stands beside the texts' ones.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection

from ..workspace.context import Context, compact_json, meta, set_meta
from ..workspace.required_texts import text_commitment
from .model import entries as core_ledger
from .model.row_digests import Span, row_digest
from .store import held_rows

#: Where in `meta` it is noted how far each table's rows are held.
MARK: Final = "rows_held"
Marks = dict[str, int]


class Bound:
    """Spans of the rows that no entry holds yet, as one state of the database has them.

    Made before the transaction that writes the entry, which would let others wait: rows that are
    there do not change. What is added in between the next entry holds.
    """

    def __init__(self, connection: Connection) -> None:
        self.marks = _marks(connection)
        self.spans: dict[str, tuple[int, Span]] = {}
        for name, held in held_rows.APPENDED.items():
            after, to = self.marks.get(name, 0), held_rows.highest(connection, held)
            if to <= after:
                continue
            span = Span()
            for _, row in held_rows.appended(connection, held, to, after):
                span.take(row)
            self.spans[name] = to, span


def pending_spans(context: Context) -> Bound:
    """The spans that the next entry is to hold."""
    with context.store.reading() as connection:
        return Bound(connection)


def commit_spans(context: Context, connection: Connection, bound: Bound) -> dict[str, object]:
    """The field `spans` of an entry, in the transaction that appends it; empty: all are held.

    Where another entry has held rows since `bound` was made, it is made again here.
    """
    if _marks(connection) != bound.marks:
        bound = Bound(connection)
    if not bound.spans:
        return {}
    rows = {
        name: {
            "after": bound.marks.get(name, 0),
            "to": to,
            "count": span.count,
            **text_commitment(context, connection, span.hexdigest()),
        }
        for name, (to, span) in bound.spans.items()
    }
    marks = bound.marks | {name: to for name, (to, _) in bound.spans.items()}
    set_meta(connection, MARK, compact_json(marks))
    return {"spans": rows}


def _marks(connection: Connection) -> Marks:
    """How far rows are held; whoever changes it is found by the spans that do not meet."""
    with suppress(ValueError, AttributeError):
        found = json.loads(meta(connection).get(MARK, "{}"))
        return {str(name): to for name, to in found.items() if type(to) is int}
    return {}


def row_commitment(
    context: Context, connection: Connection, table: str, key: str
) -> dict[str, object]:
    """The field `row` of an entry about a row as it stands, in the transaction that writes both."""
    row = held_rows.standing_row(connection, held_rows.STANDING[table], key)
    return {} if row is None else {"row": text_commitment(context, connection, row_digest(row))}


def of_card(row: Mapping[str, Any], salt: bytes) -> dict[str, object]:
    """The field `row` of the entry that issues a card, under the card's own salt."""
    columns = held_rows.STANDING["card"].columns
    made = core_ledger.commitment(salt, row_digest({name: row.get(name) for name in columns}))
    return {"row": {"commitment": made}}
