"""A backup holds all of a workspace, of one instant, and a restored one is the same workspace."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.ledger.export import LedgerDamaged
from efficiency_monitor.ops.backup import backup
from efficiency_monitor.ops.backup.archive import Archive
from efficiency_monitor.records import table_lines
from efficiency_monitor.scan import scan
from tests.stories.world import World

from . import places

#: Tables in which a restore itself leaves a row, and how many.
CHANGED = {"ledger_entry": 1, "ledger_head": 0, "meta": 2}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A workspace with something in most tables."""
    made = places.busy(tmp_path / "ws")
    yield made
    made.close()


def test_a_restored_workspace_is_the_same(world: World, tmp_path: Path) -> None:
    before = places.tables(world.folder / "effmon.db")
    assert sum(1 for rows in before.values() if rows) >= 20
    report = places.restored(world, places.write(world), tmp_path / "new")
    after = places.tables(tmp_path / "new" / "effmon.db")
    assert places.structure(tmp_path / "new" / "effmon.db") == places.structure(
        world.folder / "effmon.db"
    )
    for name, rows in before.items():
        if name in CHANGED:
            assert len(after[name]) == len(rows) + CHANGED[name], name
            assert name == "ledger_head" or set(rows) < set(after[name]), name
        else:
            assert after[name] == rows, name
    assert report.rows == sum(
        len(rows)
        for name, rows in before.items()
        if name not in ("alembic_version", "sqlite_sequence")
    )
    assert report.sound
    for name in ("effmon.toml", "catalogue/vocabulary.yaml", "catalogue/packs/story/CASE.yaml"):
        assert (tmp_path / "new" / name).read_bytes() == (world.folder / name).read_bytes()


def test_attachments_come_with_it_and_are_sound(world: World, tmp_path: Path) -> None:
    places.restored(world, places.write(world), tmp_path / "new")
    found = {
        path.relative_to(tmp_path / "new"): path.read_bytes()
        for path in (tmp_path / "new" / "attachments").rglob("*")
        if path.is_file()
    }
    assert list(found.values()) == ["办理情况\0说明".encode()]
    assert all((world.folder / name).read_bytes() == content for name, content in found.items())


def test_the_next_scan_of_a_restored_workspace_issues_nothing(world: World, tmp_path: Path) -> None:
    places.restored(world, places.write(world), tmp_path / "new")
    again = World(tmp_path / "new", world.now)
    again.mark_all_changed()
    before = again.cards()
    report = scan.scan(again.context, as_of=again.now, run_id="R-1")
    assert sum(report.issued.values()) == 0
    assert again.cards() == before == world.cards()
    assert again.sound()
    again.close()


def test_it_says_in_the_ledger_that_it_was_made(world: World) -> None:
    size = len(world.entries())
    report = backup.backup(world.context, world.folder.parent / "b.tar")
    (entry,) = world.entries(size)
    assert entry["type"] == "backup.made"
    assert entry["size"] == report.size == size
    assert entry["manifest"] == report.manifest == Archive(report.file).manifest.digest
    assert world.sound()


def test_the_same_state_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    """Two copies of one state, backed up at one instant: nothing else gets into the file."""
    first = places.restored(world, places.write(world), tmp_path / "one")
    second = places.restored(world, tmp_path / "b.tar", tmp_path / "two")
    assert first.sha256_root == second.sha256_root
    files = []
    for name in ("one", "two"):
        copy = World(tmp_path / name, world.now + 5)
        files.append(places.write(copy, f"{name}.tar").read_bytes())
        copy.close()
    assert files[0] == files[1]


def test_only_its_owner_may_read_it(world: World) -> None:
    old = os.umask(0)
    try:
        file = places.write(world)
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("with_keys", [False, True])
def test_private_keys_only_when_asked_for(world: World, tmp_path: Path, with_keys: bool) -> None:
    keys = world.folder / "keys"
    (keys / "checkpoints").mkdir(parents=True)
    (keys / "ledger.key").write_text("PRIVATE")
    note = "example.gov.cn/effmon\n3\nAAAA\n\n— example.gov.cn/effmon AAAA\n"
    (keys / "checkpoints" / "last.note").write_text(note)
    file = places.write(world, with_keys=with_keys)
    assert (b"PRIVATE" in file.read_bytes()) == with_keys
    places.restored(world, file, tmp_path / "new")
    key = tmp_path / "new" / "keys" / "ledger.key"
    assert key.exists() == with_keys
    if with_keys:
        assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new" / "keys" / "checkpoints" / "last.note").read_text() == note
    # What the signer has itself is the newer one.
    newer = tmp_path / "newer" / "keys" / "checkpoints" / "last.note"
    newer.parent.mkdir(parents=True)
    newer.write_text("newer")
    places.restored(world, file, tmp_path / "newer")
    assert newer.read_text() == "newer"


def test_it_replaces_nothing(world: World, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("older")
    with pytest.raises(ConfigurationError, match="exists already"):
        places.write(world)
    assert (tmp_path / "b.tar").read_text() == "older"


def test_where_it_cannot_be_written_nothing_is_left(world: World, tmp_path: Path) -> None:
    size = len(world.entries())
    with pytest.raises(EffmonError, match="cannot be written") as raised:
        backup.backup(world.context, tmp_path / "none" / "b.tar")
    assert raised.value.exit_code == 70
    assert len(world.entries()) == size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "ws"]


def test_what_a_killed_backup_left_is_swept(world: World, tmp_path: Path) -> None:
    (tmp_path / ".abc.effmon-part").write_bytes(b"half")
    places.write(world)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "letter.txt", "ws"]


def test_a_lost_attachment_is_named_and_the_rest_is_kept(world: World, tmp_path: Path) -> None:
    (lost,) = (path for path in (world.folder / "attachments").rglob("*") if path.is_file())
    lost.write_bytes(b"other")
    report = backup.backup(world.context, tmp_path / "b.tar")
    assert report.missing == (lost.name,)
    assert places.restored(world, report.file, tmp_path / "new").missing == (lost.name,)


def test_a_ledger_that_was_changed_is_not_backed_up(world: World, tmp_path: Path) -> None:
    with closing(sqlite3.connect(world.folder / "effmon.db")) as raw, raw:
        raw.execute("DROP TRIGGER ledger_entry_no_update")
        raw.execute("UPDATE ledger_entry SET body = replace(body, 'seq', 'sek') WHERE seq = 3")
    with pytest.raises(LedgerDamaged):
        places.write(world)
    assert not (tmp_path / "b.tar").exists()


def test_others_write_while_it_is_made_and_it_does_not_see_that(world: World) -> None:
    def facts() -> list[list[str]]:
        return [json.loads(line) for line in table_lines.lines(connection, "meta")]

    with table_lines.snapshot(world.context.store, world.folder) as connection:
        before = facts()
        # Does not wait: a backup holds no lock while it packs what it has copied.
        with closing(sqlite3.connect(world.folder / "effmon.db", timeout=0)) as raw, raw:
            raw.execute("INSERT INTO meta VALUES ('later', '1')")
        assert facts() == before
    assert world.rows("SELECT value FROM meta WHERE name = 'later'") == [{"value": "1"}]
