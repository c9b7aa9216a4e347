"""Every table as JSON lines, out and in: what a backup holds, the same for both engines.

The first line of a table names its columns and says which of them are bytes; every further line is
one row, an array in that order, bytes as base64. Numbers and texts are JSON's own.
"""

import base64
import binascii
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    LargeBinary,
    StaticPool,
    Table,
    column,
    create_engine,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)

from ..faults import EffmonError
from ..i18n.messages import t
from .engine import Store
from .every_table import metadata
from .set_aside_table import SetAsideRow

SET_ASIDE = SetAsideRow.__table__  # type: ignore[attr-defined]

_BATCH = 1000
BYTES, PLAIN = "bytes", "plain"


class BadLine(ValueError):
    """A line of a table that is none of ours: where, and why."""


@contextmanager
def snapshot(store: Store, beside: Path) -> Iterator[Connection]:
    """A connection that sees one state of the whole database while others write.

    On SQLite that is a copy in the folder `beside`, made by SQLite's own backup in one step:
    writers wait for the copying alone, where reading row by row would make them wait for all of
    it. The copy has no name and is gone with the process, however that ends. `OSError` and
    EffmonError (70) where it cannot be made.
    """
    if store.engine.dialect.name != "sqlite":
        with store.reading() as connection:
            yield connection
        return
    descriptor, name = tempfile.mkstemp(prefix=".effmon-snapshot-", dir=beside)
    os.close(descriptor)
    with closing(sqlite3.connect(name, check_same_thread=False)) as copy:
        # Nobody else finds it, so it needs no journal to come back from.
        copy.execute("PRAGMA journal_mode=OFF")
        os.unlink(name)  # noqa: PTH108 - the name alone; the file stays while it is open
        _copy(str(store.engine.url.database), copy)
        engine = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool)
        with engine.connect() as connection:
            yield connection


def _copy(name: str, into: sqlite3.Connection) -> None:
    source = f"{Path(name).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(source, uri=True)) as ours:
            ours.backup(into)
    except sqlite3.DatabaseError as fault:
        error = EffmonError(
            t("the database could not be copied: {fault}", fault=fault),
            t("the disk of the backup needs free space of the database's size; run: effmon doctor"),
        )
        error.exit_code = 70
        raise error from fault


def names() -> list[str]:
    """The tables in an order in which each comes after those that it refers to."""
    return [each.name for each in metadata.sorted_tables]


def lines(connection: Connection, name: str) -> Iterator[bytes]:
    """A table's lines, heading first, rows by primary key."""
    found = _described(name)
    bytes_at = [place for place, each in enumerate(found.columns) if _is_bytes(each)]
    yield _line([[each.name, BYTES if _is_bytes(each) else PLAIN] for each in found.columns])
    rows = connection.execute(
        select(found).order_by(*found.primary_key.columns).execution_options(yield_per=_BATCH)
    )
    for row in rows:
        values = list(row)
        for place in bytes_at:
            if values[place] is not None:
                values[place] = base64.b64encode(_as_bytes(values[place])).decode()
        yield _line(values)


def _described(name: str) -> Table:
    return metadata.tables[name]


def _is_bytes(found: Any) -> bool:
    return isinstance(found.type, LargeBinary)


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, name: str, columns: set[str], given: Iterable[bytes]) -> int:
    """Insert a table's lines; how many rows there were. BadLine says what is wrong with one.

    The columns are those of the lines, which must be among `columns`: the schema may be an older
    one than this release's.
    """
    rows = iter(given)
    heading = parsed(next(rows, b""), name, 1)
    try:
        kinds = [(str(each), kind == BYTES) for each, kind in heading]
    except (TypeError, ValueError):
        raise BadLine(f"{name}: the first line does not name the columns") from None
    if not {each for each, _ in kinds} <= columns:
        raise BadLine(f"{name}: other columns than the table has")
    target = table(name, *(column(each, LargeBinary if raw else None) for each, raw in kinds))
    no_nul = connection.dialect.name == "postgresql"
    count = 0
    numbered = enumerate(rows, start=2)
    while batch := list(islice(numbered, _BATCH)):
        values = []
        for number, line in batch:
            row = parsed(line, name, number)
            if not isinstance(row, list) or len(row) != len(kinds):
                raise BadLine(f"{name}, line {number}: not as many values as columns")
            values.append(
                {
                    each: _value(value, raw, no_nul, f"{name}, line {number}")
                    for (each, raw), value in zip(kinds, row, strict=True)
                }
            )
        connection.execute(insert(target), values)
        count += len(values)
    return count


def parsed(line: bytes, name: str, number: int) -> Any:
    """A line's value; BadLine where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine(f"{name}, line {number}: not JSON") from None


def _value(value: Any, raw: bool, no_nul: bool, where: str) -> Any:
    if raw and value is not None:
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise BadLine(f"{where}: not base64") from None
    if no_nul and isinstance(value, str) and "\0" in value:
        raise BadLine(f"{where}: a NUL character, which PostgreSQL does not take")
    if isinstance(value, (list, dict)):
        raise BadLine(f"{where}: a value that no column holds")
    return value


#: Nobody but SQLite has this table; a table of which no row was put in has no row there.
_GIVEN: Final = (
    text("UPDATE sqlite_sequence SET seq = MAX(seq, :highest) WHERE name = :name"),
    text(
        "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :highest WHERE NOT EXISTS "
        "(SELECT 1 FROM sqlite_sequence WHERE name = :name)"
    ),
)


def continue_numbers(connection: Connection) -> None:
    """Let numbers go on after the highest that was put in or that was set aside before.

    On SQLite those of input alone: others may be given again.
    """
    aside = select(SET_ASIDE.c.table_name, func.max(SET_ASIDE.c.number).label("highest"))
    given = {
        row.table_name: row.highest
        for row in connection.execute(aside.group_by(SET_ASIDE.c.table_name))
    }
    if connection.dialect.name != "postgresql":
        for name, highest in given.items():
            for statement in _GIVEN:
                connection.execute(statement, {"name": name, "highest": highest})
        return
    for each in metadata.sorted_tables:
        keys = list(each.primary_key.columns)
        if len(keys) != 1 or not isinstance(keys[0].type, (Integer, BigInteger)):
            continue
        sequence = connection.execute(
            select(func.pg_get_serial_sequence(each.name, keys[0].name))
        ).scalar()
        highest = connection.execute(select(func.max(keys[0]))).scalar()
        highest = max(highest or 0, given.get(each.name, 0)) or None
        if sequence is not None and highest is not None:
            connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :highest)"),
                {"sequence": sequence, "highest": highest},
            )


def is_empty(connection: Connection) -> bool:
    """Whether the database has no table at all."""
    return not inspect(connection).get_table_names()
