"""The migrations make the tables that the code describes, and nothing else."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.records import schema
from efficiency_monitor.records.engine import Store
from efficiency_monitor.records.every_table import metadata

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
OF_ALEMBIC = "alembic_version"


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Store]:
    """A database as `effmon init` makes it."""
    store = Store(f"sqlite:///{tmp_path / 'migrated.db'}")
    schema.upgrade(store)
    yield store
    store.close()


def described(path: Path) -> dict[str, object]:
    """Columns, keys, indexes and checks of a database, as SQLite itself says."""
    connection = sqlite3.connect(path)
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        if row[0] != OF_ALEMBIC
    ]
    found: dict[str, object] = {}
    for name in names:
        indexes = {}
        for index in connection.execute(f"PRAGMA index_list({name})").fetchall():
            columns = [row[2] for row in connection.execute(f"PRAGMA index_info({index[1]})")]
            (text,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", (index[1],)
            ).fetchone()
            where = (text or "").partition(" WHERE ")[2]
            indexes[index[1]] = (columns, bool(index[2]), index[3], where)
        found[name] = (
            connection.execute(f"PRAGMA table_xinfo({name})").fetchall(),
            sorted(connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()),
            indexes,
        )
    connection.close()
    return found


def test_migrations_and_classes_describe_the_same_tables(migrated: Store, tmp_path: Path) -> None:
    made = Store(f"sqlite:///{tmp_path / 'made.db'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    made.close()
    by_migrations = described(tmp_path / "migrated.db")
    by_classes = described(tmp_path / "made.db")
    assert len(by_classes) >= 15
    assert by_migrations == by_classes


def test_the_newest_migration_is_the_one_that_the_release_asks_for(migrated: Store) -> None:
    newest = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    assert newest == schema.HEAD
    with migrated.reading() as connection:
        assert schema.revision(connection) == newest
    schema.check(migrated)


def test_upgrading_twice_changes_nothing(migrated: Store, tmp_path: Path) -> None:
    before = described(tmp_path / "migrated.db")
    schema.upgrade(migrated)
    assert described(tmp_path / "migrated.db") == before


def test_a_database_of_a_trial_release_is_refused_and_left_as_it_is(
    migrated: Store, tmp_path: Path
) -> None:
    before = described(tmp_path / "migrated.db")
    with migrated.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {OF_ALEMBIC} SET version_num = '0011'")
    with pytest.raises(ConfigurationError, match="0011") as raised:
        schema.upgrade(migrated)
    assert "effmon init" in raised.value.hint
    assert described(tmp_path / "migrated.db") == before


@pytest.mark.parametrize("found", ["0000", None], ids=["another release", "no release"])
def test_a_database_of_another_release_is_refused(migrated: Store, found: str | None) -> None:
    with migrated.writing() as connection:
        if found is None:
            connection.exec_driver_sql(f"DELETE FROM {OF_ALEMBIC}")
        else:
            connection.exec_driver_sql(f"UPDATE {OF_ALEMBIC} SET version_num = ?", (found,))
    with pytest.raises(ConfigurationError) as raised:
        schema.check(migrated)
    assert "effmon init" in raised.value.hint


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear Sir or Madam, " * 100)
    store = Store(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match="no intact SQLite database"):
        schema.check(store)
    store.close()
    assert path.read_bytes().startswith(b"Dear Sir")
