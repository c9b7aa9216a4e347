"""Rows of input that no import holds: which they are, as far as their numbers tell.

Of an import that has more rows than its entry says between its first number and its last nobody can
say which are its own; such are left, and named.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, or_, select

from ..model.entries import EntryType
from ..store import held_rows, ledger
from .import_checks import NOTHING, HeldRows, held_by, read


@dataclass(slots=True)
class Strange:
    """Rows that no import holds."""

    #: Numbers of the rows by table.
    numbers: dict[str, list[int]] = field(default_factory=dict)
    #: Tables and imports that have other rows than their entries say, by whichever of them.
    left: list[tuple[str, str]] = field(default_factory=list)


def strange_rows(connection: Connection) -> Strange:
    """Every row of input that no import holds, by what the ledger says of imports."""
    ended: dict[str, dict[str, HeldRows]] = {}
    for body in ledger.rare_since(connection, EntryType.IMPORT_DONE, 0):
        entry = read(body)
        with suppress(KeyError, TypeError):
            ended[entry["import"]] = held_by(entry)
    found = Strange()
    for name, held in held_rows.INPUT.items():
        numbers = sorted(set(_outside(connection, held, name, ended, found)))
        if numbers:
            found.numbers[name] = numbers
    return found


def _outside(
    connection: Connection,
    held: held_rows.Appended,
    name: str,
    ended: Mapping[str, Mapping[str, HeldRows]],
    found: Strange,
) -> Iterator[int]:
    number, of = held.table.c[held.number], held.table.c.import_id
    there = held_rows.counted_by_import(connection, held)
    lacking = {
        import_id: said
        for import_id, tables in ended.items()
        if there.get(import_id, 0) < (said := tables.get(name, NOTHING)).count
    }
    found.left += [(name, import_id) for import_id in sorted(lacking)]
    for import_id, count in there.items():
        mine = of == import_id if import_id is not None else of.is_(None)
        rows = select(number).where(mine)
        if isinstance(import_id, str) and import_id in ended:
            said = ended[import_id].get(name, NOTHING)
            rows = rows.where(or_(number < said.first, number > said.last))
        elif isinstance(import_id, str) and _begun(connection, import_id):
            continue
        outside = list(connection.execute(rows).scalars())
        # What may be a row of an import that lacks some, under another name, is not set aside.
        yield from (
            each for each in outside if not any(said.has(each) for said in lacking.values())
        )
        if isinstance(import_id, str) and import_id in ended and import_id not in lacking:
            said = ended[import_id].get(name, NOTHING)
            found.left += [(name, import_id)] if count - len(outside) != said.count else []


def _begun(connection: Connection, import_id: str) -> bool:
    return bool(ledger.recorded(connection, [f"{EntryType.IMPORT_BEGUN}/{import_id}"]))
