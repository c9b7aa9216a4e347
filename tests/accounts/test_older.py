"""A workspace of the version before: the next scan gives its records their amounts."""

import sqlite3
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config

from efficiency_monitor.services.ledger import ledger_book
from efficiency_monitor.store import schema
from efficiency_monitor.store.engine import Store
from tests.stories.world import World

from .test_records import shown


def as_of_0003(path: Path) -> None:
    """Put the same rows into a database as the version before had it."""
    older = path.with_suffix(".0003")
    store = Store(f"sqlite:///{older}")
    config = Config()
    config.set_main_option("script_location", str(files("efficiency_monitor.store") / "migrations"))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    store.close()
    connection = sqlite3.connect(older)
    connection.execute("ATTACH ? AS newer", (str(path),))
    for (table,) in connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name NOT IN ('alembic_version', 'notice')"
    ).fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
        known = {row[1] for row in connection.execute(f"PRAGMA newer.table_info({table})")}
        names = ", ".join(f'"{name}"' for name in columns if name in known)
        connection.execute(f"DELETE FROM main.{table}")
        connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
    connection.commit()
    connection.close()
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    older.rename(path)


def test_an_upgraded_database_gets_its_amounts_by_the_next_scan(world: World) -> None:
    before = world.rows("SELECT card_no, held_seconds FROM accountability ORDER BY card_no, place")
    world.close()
    as_of_0003(world.folder / "effmon.db")
    store = Store(f"sqlite:///{world.folder / 'effmon.db'}")
    schema.upgrade(store)
    store.close()
    record = shown(world, "UP CASE red")
    assert record["total"]["amount"] is None
    assert record["total"]["held_seconds"] == 83 * 3600
    world.now += 60
    world.scan()
    record = shown(world, "UP CASE red")
    assert record["total"]["amount"]["unit"] == "working_days"
    assert record["total"]["charged_seconds"] == 30 * 3600 + 60
    assert len(world.rows("SELECT * FROM accountability")) == len(before)
    # The entries hold rows that no version of then kept: of the rest nothing is wrong.
    found = ledger_book.verify(world.context)
    assert (found["trees"], found["approvals"], found["checkpoints"]) == (True, [], [])
