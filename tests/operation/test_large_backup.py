"""A backup of many cases: how large, how long, and that its drill and its restore are sound.

Prints figures; nothing is asserted of times.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import effmon
from tests.torture import late


def measured(tmp_path: Path, cases: int) -> None:
    """Import, scan, back up while another scan writes, drill, restore, scan again."""
    world = late.workspace(tmp_path / "ws")
    files = late.write_cases(tmp_path, cases)
    for command in (["import", *map(str, files)], ["scan"]):
        process = late.started(world, *command)
        said = process.communicate()[1]
        assert process.returncode in (0, 3), said
    cards = len(world.cards())
    world.mark_all_changed()
    beside = late.started(world, "scan")
    begun = time.monotonic()
    made = effmon("-C", world.folder, "backup", tmp_path / "b.tar", "-o", "json").well().json
    took = time.monotonic() - begun
    beside.communicate()
    assert beside.returncode in (0, 3)
    size = (world.folder / "effmon.db").stat().st_size
    print(
        f"{cases} cases, {made['rows']} rows, database {size / 1e6:.0f} MB: "
        f"backup {made['bytes'] / 1e6:.1f} MB in {took:.1f} s beside a scan"
    )
    begun = time.monotonic()
    drill = effmon(
        "-C", world.folder, "restore", tmp_path / "b.tar", "--drill", tmp_path / "d", "-o", "json"
    ).well()
    print(f"drill in {time.monotonic() - begun:.1f} s")
    assert drill.json["sound"] is True
    effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar").well()
    with closing(sqlite3.connect(tmp_path / "new" / "effmon.db")) as raw, raw:
        raw.execute("UPDATE case_file SET changed = 1, revision = revision + 1")
    restored = type(world)(tmp_path / "new", world.now)
    process = late.started(restored, "scan")
    said = process.communicate()[1]
    assert process.returncode in (0, 3), said
    assert len(restored.cards()) == cards
    assert restored.sound()
    restored.close()
    world.close()
    print(f"the next scan of the restored workspace issued none: {cards} cards as before")


@pytest.mark.full
def test_a_backup_of_some_cases(tmp_path: Path) -> None:
    measured(tmp_path, 1_000)


@pytest.mark.soak
def test_a_backup_of_many_cases(tmp_path: Path) -> None:
    measured(tmp_path, 100_000)
