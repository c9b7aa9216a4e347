"""Whether the rows that cases are judged by are those that entries of imports hold.

One pass over each table in the order of its numbers; of memory a digest each import and table.
Rows of an import that has begun and not ended are no input yet, and nothing holds them.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...i18n.messages import t
from ...intake.store import cases
from ..model.entries import EntryType, commitment
from ..model.row_digests import Span
from ..store import held_rows
from ..store.held_rows import Appended

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldRows:
    """What an import's entry says of its rows in one table."""

    first: int
    last: int
    count: int
    commitment: str

    def has(self, number: object) -> bool:
        """Whether a row's number, whatever somebody made of it, lies among them."""
        return type(number) is int and self.first <= number <= self.last


NOTHING = HeldRows(0, -1, 0, "")


def held_by(entry: Entry) -> dict[str, HeldRows]:
    """What an entry `import.done` holds, by table; KeyError, TypeError where it is none."""
    return {
        str(name): HeldRows(said["first"], said["last"], said["count"], said["commitment"])
        for name, said in entry.get("rows", {}).items()
    }


@dataclass(slots=True)
class Imports:
    """What the ledger has said so far of imports."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    begun: set[str] = field(default_factory=set)
    #: By import: number of its entry, and what it holds.
    done: dict[str, tuple[int, dict[str, HeldRows]]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may begin or end an import."""
        if entry["type"] == EntryType.IMPORT_BEGUN:
            self.begun.add(entry["import"])
        elif entry["type"] == EntryType.IMPORT_DONE:
            self.done[entry["import"]] = entry["seq"], held_by(entry)

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: whoever reads is shown neither personal columns
        nor salts, and it is only said whether as many rows are there as entries hold."""
        for held in held_rows.INPUT.values():
            yield from self._table(connection, held, masked=masked)
        yield from _states(connection)

    def _table(self, connection: Connection, held: Appended, *, masked: bool) -> Iterator[str]:
        spans: dict[str, Span] = {}
        strange: Counter[str] = Counter()
        with closing(held_rows.appended(connection, held, None)) as rows:
            for number, row in rows:
                import_id = row["import_id"]
                if not isinstance(import_id, str) or import_id not in self.begun:
                    strange[t("no import has brought")] += 1
                    continue
                if import_id not in self.done:
                    continue
                span = spans.setdefault(import_id, Span())
                if not self.done[import_id][1].get(held.name, NOTHING).has(number):
                    strange[
                        t("lie outside the numbers of the import {import_id}", import_id=import_id)
                    ] += 1
                    continue
                with suppress(TypeError, ValueError):  # who tampers need not keep to types
                    span.take(row)
        for why, number in strange.items():
            yield t(
                "table {name}: {number} rows that {why}", name=held.name, number=number, why=why
            )
        for import_id, (seq, tables) in self.done.items():
            said = tables.get(held.name, NOTHING)
            fault = self._compared(said, spans.get(import_id, Span()), masked=masked)
            if fault:
                yield t(
                    "table {name}, import {import_id}: {fault} (entry {seq} of the ledger)",
                    name=held.name,
                    import_id=import_id,
                    fault=fault,
                    seq=seq,
                )

    def _compared(self, said: HeldRows, found: Span, *, masked: bool) -> str:
        if found.count != said.count:
            return t(
                "there are {count} rows, its entry says {count_2}",
                count=found.count,
                count_2=said.count,
            )
        if masked or not said.count:
            return ""
        salt = self.salt_of(said.commitment)
        if salt is None:
            return t("the salt of its commitment is gone")
        if commitment(salt, found.hexdigest()) != said.commitment:
            return t("the rows are not those that its entry holds")
        return ""


def _states(connection: Connection) -> Iterator[str]:
    """Cases that would not be looked at again, although nothing has ended them."""
    for _, case_no in cases.clocks_lost(connection):
        yield t(
            "case {case_no!a}: its clocks (table clock) are not those that its last judgement "
            "left; the next scan makes them good",
            case_no=case_no,
        )
    for case_no in cases.closed_and_running(connection):
        yield t(
            "case {case_no!a}: it is marked closed, but clocks of it (table clock) still run",
            case_no=case_no,
        )


def read(body: bytes) -> dict[str, Any]:
    """An entry's content; empty where nobody can read it: its leaves tell of that."""
    with suppress(ValueError, RecursionError):
        found = json.loads(body)
        if isinstance(found, dict):
            return found
    return {}
