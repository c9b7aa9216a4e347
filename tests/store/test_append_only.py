"""What was received, issued and recorded cannot be changed or deleted by a statement."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.records.engine import Store
from tests.stories.world import World

from .conftest import Maker

TABLES = {
    "event": "id",
    "event_withdrawal": "event_id",
    "case_fact": "id",
    "item_fact": "id",
    "card_entry": "id",
    "ledger_entry": "seq",
}


@pytest.fixture
def world(late_cases: Maker) -> World:
    """A workspace in which every append-only table has rows."""
    made = late_cases(2)
    made.receive(
        "events",
        [{"case_no": "C000", "event": "contacted", "occurred_at": "2026-03-03", "source_key": "k"}],
    )
    made.receive(
        "events",
        [{"case_no": "C000", "event": "contacted", "occurred_at": "2026-03-04", "source_key": "k"}],
    )
    item = {"item_code": "S1", "item_version": "1", "item_name": "x"}
    made.receive("items", [{**item, "fee_list": "", "stage_list": ""}])
    made.scan()
    return made


def columns(world: World, table: str) -> list[str]:
    """Names of a table's columns."""
    return [row["name"] for row in world.rows(f"PRAGMA table_info({table})")]


def attempts(world: World, table: str) -> list[str]:
    """Statements that would change, delete or replace a row."""
    key = TABLES[table]
    names = columns(world, table)
    other = next(name for name in names if name not in (key, "id"))
    listed = ", ".join(names)
    first = f"(SELECT MIN({key}) FROM {table})"
    copied = ", ".join("'forged'" if name == "import_id" else name for name in names)
    copy = f"INTO {table} ({listed}) SELECT {copied} FROM {table} WHERE {key} = {first}"
    found = [
        f"UPDATE {table} SET {other} = {other}",
        f"UPDATE {table} SET {key} = {key} + 1000 WHERE {key} = {first}",
        f"DELETE FROM {table} WHERE {key} = {first}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE {copy}",
        f"INSERT {copy} ON CONFLICT ({key}) DO UPDATE SET {other} = excluded.{other}",
    ]
    if table == "event":
        new = ", ".join("900" if name == "id" else name for name in names)
        found.append(
            f"INSERT OR REPLACE INTO event ({listed}) SELECT {new} FROM event WHERE id = 1"
        )
    if table == "ledger_entry":
        # Through the other unique column, with the next number: it would delete an older entry.
        new = ", ".join(f"(SELECT MAX(seq) + 1 FROM {table})" if n == "seq" else n for n in names)
        found.append(f"INSERT OR REPLACE INTO {table} ({listed}) SELECT {new} FROM {table} LIMIT 1")
    return found


@pytest.mark.parametrize("table", TABLES)
def test_no_statement_changes_what_stands(world: World, table: str) -> None:
    before = world.tuples(f"SELECT * FROM {table}")
    assert before
    for statement in attempts(world, table):
        refused = pytest.raises(IntegrityError, match=r"append-only|without gaps")
        with refused, world.context.store.writing() as connection:
            connection.exec_driver_sql(statement)
        assert world.tuples(f"SELECT * FROM {table}") == before, statement
    assert world.sound()


@pytest.mark.parametrize("seq", ["0", "-5", "MAX(seq) + 2", "MAX(seq) - 1"])
def test_the_ledger_takes_the_next_number_only(world: World, seq: str) -> None:
    before = len(world.entries())
    refused = pytest.raises(IntegrityError, match=r"without gaps|UNIQUE")
    with refused, world.context.store.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ledger_entry (seq, type, fact, body, sha256, sm3)"
            f" SELECT {seq}, 'card.lifted', 'forged', 'x', 'x', 'x' FROM ledger_entry"
        )
    assert len(world.entries()) == before


def test_without_the_setting_a_replacement_would_pass(world: World, tmp_path: Path) -> None:
    """Shows what `recursive_triggers` is for; if SQLite's default changes, this says so."""
    copy = tmp_path / "copy.db"
    shutil.copy(world.folder / "effmon.db", copy)
    plain = sqlite3.connect(copy)
    with plain:
        plain.execute(
            "INSERT OR REPLACE INTO card_entry (id, card_no, kind, at, os_user)"
            " SELECT id, card_no, 'forged', at, os_user FROM card_entry WHERE id = 1"
        )
    (kind,) = plain.execute("SELECT kind FROM card_entry WHERE id = 1").fetchone()
    plain.close()
    assert kind == "forged"


def test_every_connection_has_the_settings(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    wanted = {
        "recursive_triggers": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 60_000,
        "mmap_size": 0,
    }
    with store.reading() as first, store.reading() as second:
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
            assert found == wanted
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            safe = sqlite3.sqlite_version_info >= (3, 51, 3)
            assert (journal, synchronous) == (("wal", 2) if safe else ("delete", 3))
    store.close()


def test_an_entry_turned_into_text_is_found(world: World, tmp_path: Path) -> None:
    """Who opens the file can drop the triggers and need not keep the column's type."""
    copy = tmp_path / "copy.db"
    shutil.copy(world.context.store.engine.url.database or "", copy)
    with sqlite3.connect(copy) as raw:
        raw.execute("DROP TRIGGER ledger_entry_no_update")
        raw.execute("UPDATE ledger_entry SET body = replace(body, 'seq', 'sek') WHERE seq = 3")
    raw.close()
    store = Store(f"sqlite:///{copy}")
    with store.reading() as connection:
        assert ledger.first_bad_row(connection) == 3
        assert len(list(ledger.bodies(connection))) == ledger.size(connection)
    store.close()
