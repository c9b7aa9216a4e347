"""Whether rows that are only added are those that entries hold: none changed, missing or put in.

One pass over each table in its order; of memory a span each. Rows newer than the newest entry that
holds any are held by nothing yet.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...i18n.messages import t
from ..model.entries import commitment
from ..model.row_digests import Span
from ..store import held_rows
from ..store.held_rows import Appended

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Held:
    """What an entry says of a table's rows after one number up to another."""

    seq: int
    after: int
    to: int
    count: int
    commitment: str


@dataclass(slots=True)
class Rows:
    """What the ledger has said so far of rows."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    held: dict[str, list[_Held]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may hold rows."""
        for table, said in entry.get("spans", {}).items():
            self.held.setdefault(table, []).append(
                _Held(entry["seq"], said["after"], said["to"], said["count"], said["commitment"])
            )

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: whoever reads is shown neither personal columns
        nor salts, and it is only said whether as many rows are there as entries hold."""
        for table, spans in self.held.items():
            held = held_rows.APPENDED.get(table)
            if held is None:
                number = spans[0].seq
                yield t(
                    "entry {number} of the ledger: there is no table {table!a}",
                    number=number,
                    table=table,
                )
            else:
                yield from _meet(table, spans)
                yield from self._compare(connection, held, spans, masked=masked)

    def _compare(
        self, connection: Connection, held: Appended, spans: list[_Held], *, masked: bool
    ) -> Iterator[str]:
        last = max(span.to for span in spans)
        with closing(held_rows.appended(connection, held, last)) as rows:
            yield from self._spans(held, spans, rows, masked=masked)

    def _spans(
        self,
        held: Appended,
        spans: list[_Held],
        rows: Iterator[tuple[Any, dict[str, object]]],
        *,
        masked: bool,
    ) -> Iterator[str]:
        waiting = next(rows, None)
        first = spans[0].after
        if waiting is not None and _before(waiting[0], first + 1):
            yield t(
                "table {name}: a row before number {value} is none of effmon's",
                name=held.name,
                value=first + 1,
            )
            while waiting is not None and _before(waiting[0], first + 1):
                waiting = next(rows, None)
        for said in spans:
            span = Span()
            while waiting is not None and _before(waiting[0], said.to + 1):
                with suppress(TypeError, ValueError):  # who tampers need not keep to types
                    span.take(waiting[1])
                waiting = next(rows, None)
            if masked:
                if span.count != said.count:
                    yield _said(held.name, said, span.count, lost=False)
                continue
            salt = self.salt_of(said.commitment)
            made = "" if salt is None else commitment(salt, span.hexdigest())
            if (span.count, made) != (said.count, said.commitment):
                yield _said(held.name, said, span.count, lost=salt is None)


def _before(number: object, end: int) -> bool:
    """Whether a row's number, whatever somebody made of it, is below another one."""
    return not isinstance(number, int) or number < end


def _meet(table: str, spans: list[_Held]) -> Iterator[str]:
    """Spans have to begin where the one before ended."""
    end = 0
    for said in spans:
        if said.after != end or said.to <= said.after:
            yield t(
                "table {table}: the rows that entry {seq} holds do not follow those before",
                table=table,
                seq=said.seq,
            )
        end = said.to


def _said(table: str, said: _Held, count: int, *, lost: bool) -> str:
    first, last, seq = said.after + 1, said.to, said.seq
    if lost:
        return t(
            "table {table}, rows {first} to {last}: the salt of entry {seq}'s commitment is gone",
            table=table,
            first=first,
            last=last,
            seq=seq,
        )
    if count != said.count:
        return t(
            "table {table}, rows {first} to {last}: there are {count}, entry {seq} of the ledger "
            "says {count_2}",
            table=table,
            first=first,
            last=last,
            count=count,
            seq=seq,
            count_2=said.count,
        )
    return t(
        "table {table}, rows {first} to {last}: they are not what entry {seq} of the ledger holds",
        table=table,
        first=first,
        last=last,
        seq=seq,
    )
