"""Whoever changes one value past effmon is found, in every column of every table but those listed.

The list is held as well: of a column that is in it a change goes unseen.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, LargeBinary, Table, UniqueConstraint, select, text

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.records.every_table import metadata
from tests.stories.world import World

from . import full_workspace
from .unseen import EMPTY, NOT_MISSED, NOT_STRANGE, UNSEEN

#: Tables that are held by `ledger verify --rebuild`; the others by `ledger verify` and the doctor.
_BY_REBUILD = ("checkpoint", "ledger_entry", "ledger_head")
#: Rows that are looked for where a table has several sorts.
_CHOSEN = {
    "notice": "state = 'sent' AND address <> ''",
    "card": "state = 'replied'",
    "checkpoint": "tree = 'sha256'",
    "case_fact": "fields LIKE '%~%'",
    # That of a commitment which a newer one has replaced is asked no more.
    "text_salt": "commitment IN (SELECT json_extract(CAST(body AS TEXT), '$.text.commitment')"
    " FROM ledger_entry WHERE type = 'card.replied')",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = full_workspace.made(tmp_path_factory.mktemp("full"))
    with made.beside() as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for name in connection.exec_driver_sql(triggers).scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield made
    made.close()


def faults_after(world: World, change: Callable[[Connection], None], *, whole: bool) -> list[str]:
    """What a verification says after a change by the owner of the file, which is taken back."""
    store = world.context.store
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        change(connection)
        found = ledger_book.examine(world.context, connection, everything=whole, masked=False)
        connection.exec_driver_sql("ROLLBACK")
    said = [*found["approvals"], *found["rows"], *found["checkpoints"]]
    assert found["sound"] is (not said and found["trees"])
    return said if found["trees"] else [*said, "the trees"]


def other(value: Any, column: Column[Any]) -> Any:
    """Another value that the column takes, and a reader too."""
    if isinstance(column.type, LargeBinary) or isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
    if isinstance(value, int):
        return value + (1_000_000 if column.primary_key else 1)
    if isinstance(value, str) and value[:1] in ("{", "["):
        parsed = json.loads(value)
        if isinstance(parsed, dict):
            return json.dumps({**parsed, "zz": "1"}, ensure_ascii=False, sort_keys=True)
        more = {"name": "z", "sha256": "0" * 64, "size": 1}
        return json.dumps([*parsed, more], ensure_ascii=False, separators=(",", ":"))
    if value is None:
        return 1 if column.type.python_type is int else "x"
    return f"{value}x"


def row_of(connection: Connection, table: Table, column: Column[Any]) -> Any:
    """The oldest row in which the column says something, if any does."""
    keys = list(table.primary_key)
    chosen = select(table).order_by(*keys).where(text(_CHOSEN.get(table.name, "1 = 1")))
    said = connection.execute(chosen.where(column.is_not(None))).first()
    return said or connection.execute(chosen).first()


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_every_column(world: World, name: str) -> None:
    table = metadata.tables[name]
    unseen = UNSEEN.get(name, {})
    assert set(unseen) <= set(table.columns.keys())
    if name in EMPTY:
        assert not world.rows(f"SELECT * FROM {name}")
        assert name == "card_sum" or set(unseen) == set(table.columns.keys())
        return
    missed = set()
    for column in table.columns:

        def change(connection: Connection, column: Column[Any] = column) -> None:
            row = row_of(connection, table, column)
            here = [key == getattr(row, key.name) for key in table.primary_key]
            value = other(getattr(row, column.name), column)
            done = connection.execute(table.update().where(*here).values({column.name: value}))
            assert done.rowcount == 1

        if not faults_after(world, change, whole=name in _BY_REBUILD):
            missed.add(column.name)
    assert missed == set(unseen), (missed - set(unseen), set(unseen) - missed)
    assert all(unseen.values())


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_row_that_is_taken_away(world: World, name: str) -> None:
    table = metadata.tables[name]

    def change(connection: Connection) -> None:
        row = row_of(connection, table, next(iter(table.primary_key)))
        here = [key == getattr(row, key.name) for key in table.primary_key]
        assert connection.execute(table.delete().where(*here)).rowcount == 1

    if name not in EMPTY:
        assert bool(faults_after(world, change, whole=name in _BY_REBUILD)) is (
            name not in NOT_MISSED
        )


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_a_row_that_is_put_in_among_the_others(world: World, name: str) -> None:
    table = metadata.tables[name]

    def change(connection: Connection) -> None:
        row = row_of(connection, table, next(iter(table.primary_key)))._asdict()
        unique = {
            column.name
            for each in (*table.indexes, *table.constraints)
            if getattr(each, "unique", False) or isinstance(each, UniqueConstraint)
            for column in each.columns
        }
        for column in table.columns:
            if column.primary_key and isinstance(row[column.name], int):
                row[column.name] = -1
            elif column.primary_key or column.name in unique:
                row[column.name] = other(row[column.name], column)
        connection.execute(table.insert().values(row))

    if name not in EMPTY:
        assert bool(faults_after(world, change, whole=name in _BY_REBUILD)) is (
            name not in NOT_STRANGE
        )
