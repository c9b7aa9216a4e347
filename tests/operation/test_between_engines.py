"""From SQLite to PostgreSQL and back: the same rows, the same ledger, going on where it was."""

from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.cards import answers
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ops.backup import backup as service
from efficiency_monitor.ops.backup import restore
from efficiency_monitor.ops.backup.archive import Archive
from efficiency_monitor.scan import scan
from efficiency_monitor.workspace.context import Context
from tests.postgres_server import server

from . import places

pytestmark = pytest.mark.full
VARIABLE = "EFFMON_DATABASE_URL"


def restored(file: Path, folder: Path, now: int) -> tuple[Context, restore.RestoreReport]:
    """Restore into a folder and the database that the environment names."""
    found = Archive(file)
    report = restore.restore(
        app.open_restored(folder, restore.settings_of(found), clock=lambda: now), found
    )
    return app.open_context(folder, clock=lambda: now), report


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = places.busy(tmp_path / "ws")
    with world.context.store.writing() as connection:
        # A NUL is what PostgreSQL's texts cannot hold; it has a test of its own.
        connection.exec_driver_sql("UPDATE meta SET value = 'plain' WHERE name = 'note'")
    before = places.tables(world.folder / "effmon.db")
    size = len(world.entries())
    world_card = world.card("C CASE red")
    file = places.write(world)
    world.close()

    running = server(durable=False)
    url = running.new_database(empty=True)
    monkeypatch.setenv(VARIABLE, url)
    context, there = restored(file, tmp_path / "there", world.now)
    assert context.store.dialect == "postgresql"
    assert there.sound
    # Numbers go on after those that were put in, the ledger after its last entry.
    with context.store.writing() as connection:
        connection.exec_driver_sql("UPDATE case_file SET changed = 1")
    report = scan.scan(context, as_of=world.now, run_id="R-1")
    assert sum(report.issued.values()) == 0
    answers.answer(
        app.open_context(context.folder, person="gao", clock=context.now),
        world_card,
        "acknowledged",
        None,
    )
    with context.store.reading() as connection:
        added = connection.exec_driver_sql(
            f"SELECT type FROM ledger_entry WHERE seq > {size} ORDER BY seq"
        ).scalars()
        # Who held the cases until now is counted on, and entered for each of their cards.
        assert [kind for kind in added if kind != "accountability.recorded"] == [
            "backup.restored",
            "scan.done",
            "card.acknowledged",
        ]
    assert ledger_book.verify(context)["sound"]
    context.store.close()
    running.drop(url)

    # Once more without anything done there, so that the rows can be compared.
    url = running.new_database(empty=True)
    monkeypatch.setenv(VARIABLE, url)
    context, _ = restored(file, tmp_path / "again", world.now)
    service.backup(context, tmp_path / "back.tar")
    context.store.close()
    running.drop(url)

    monkeypatch.delenv(VARIABLE)
    context, back = restored(tmp_path / "back.tar", tmp_path / "back", world.now)
    assert back.engine == "postgresql"
    assert back.size == size + 1  # with the entry of the restore, without that of the backup
    context.store.close()
    after = places.tables(tmp_path / "back" / "effmon.db")
    for name, rows in before.items():
        if name not in ("ledger_entry", "ledger_head", "meta"):
            assert after[name] == rows, name
    assert set(before["ledger_entry"]) < set(after["ledger_entry"])
    assert places.structure(tmp_path / "back" / "effmon.db") == places.structure(
        world.folder / "effmon.db"
    )


def test_what_postgresql_cannot_hold_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = places.busy(tmp_path / "ws")
    file = places.write(world)
    world.close()
    running = server(durable=False)
    url = running.new_database(empty=True)
    monkeypatch.setenv(VARIABLE, url)
    with pytest.raises(restore.Damaged, match=r"meta, line \d+: a NUL"):
        restored(file, tmp_path / "there", world.now)
    assert not (tmp_path / "there").exists()
    running.drop(url)


def test_a_server_that_has_tables_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = places.busy(tmp_path / "ws")
    file = places.write(world)
    world.close()
    running = server(durable=False)
    url = running.new_database()
    monkeypatch.setenv(VARIABLE, url)
    with pytest.raises(ConfigurationError, match="only into an empty database"):
        restored(file, tmp_path / "there", world.now)
    running.drop(url)
