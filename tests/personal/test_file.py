"""The bytes of the database's file: what was moved or erased is not in it any more (SQLite)."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.matters.stage import run
from tests.stories.world import World

from .conftest import APPLICANT, CASE, MAIL, OTHER, PHONE


def spellings(text: str) -> tuple[bytes, ...]:
    """A text as it may stand in a file."""
    return text.encode(), json.dumps(text).strip('"').encode(), text.encode("utf-16-le")


def files_with(folder: Path, text: str) -> list[str]:
    """Files of the database in which a text stands, its journals with it."""
    return [
        path.name
        for path in sorted(folder.glob("effmon.db*"))
        if any(spelling in path.read_bytes() for spelling in spellings(text))
    ]


def left_behind(world: World, text: str) -> None:
    """Bytes of deleted rows in free space, as an SQLite built without SECURE_DELETE leaves them."""
    connection = sqlite3.connect(world.folder / "effmon.db", isolation_level=None)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE scrap (text TEXT)")
    connection.executemany("INSERT INTO scrap VALUES (?)", [(text * 40,)] * 200)
    connection.execute("DROP TABLE scrap")
    connection.close()


def test_erased_bytes_are_gone_from_the_file(world: World) -> None:
    # Enough to split pages: their old halves keep copies in free space.
    rows = [{**CASE, "case_no": f"N{n:04}", "applicant": f"{OTHER}{n}"} for n in range(400)]
    world.receive("cases", rows)
    world.receive("cases", [{**CASE, "case_no": "A", "邮箱": MAIL}])
    left_behind(world, APPLICANT)
    assert files_with(world.folder, APPLICANT) == ["effmon.db"]
    run(world, "--as wang cases erase-applicant A B --reason x").well()
    for secret in (APPLICANT, MAIL):
        assert files_with(world.folder, secret) == []
    assert files_with(world.folder, OTHER) == ["effmon.db"]
    assert files_with(world.folder, PHONE) == ["effmon.db"], "others' telephone is the same"


def test_a_person_is_gone_from_the_file(world: World) -> None:
    left_behind(world, "周监察")
    assert files_with(world.folder, "周监察") == ["effmon.db"]
    run(world, "--as wang people erase zhou --reason x").well()
    assert files_with(world.folder, "周监察") == []


def test_clearing_up_is_done_by_the_same_command_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process reads, the file cannot be written anew: what was erased stays so."""
    monkeypatch.setattr("efficiency_monitor.records.engine.BUSY_MILLISECONDS", 50)
    world.close()
    reader = sqlite3.connect(world.folder / "effmon.db", isolation_level=None)
    held = reader.execute("BEGIN").connection
    line = "--as wang cases erase-applicant A B --reason x"
    held.execute("SELECT count(*) FROM card").fetchone()
    assert run(world, line).code == 75
    reader.close()
    assert run(world, line).well().code == 0
    assert files_with(world.folder, APPLICANT) == []
