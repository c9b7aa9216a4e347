"""A workspace with something in most tables, and what tests of backups ask of one."""

import gzip
import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from efficiency_monitor import app
from efficiency_monitor.services import answers, appeals, attachments, backup, orders, restore
from efficiency_monitor.services.archive import Archive
from efficiency_monitor.services.context import Context, set_meta
from tests.matters import desk
from tests.stories.world import World

Members = dict[str, bytes]


def busy(folder: Path) -> World:
    """Cards that were answered with a file, an order, an appeal, notices that wait."""
    world = desk.opened(folder)
    letter = folder.parent / "letter.txt"
    letter.write_text("办理情况\0说明", encoding="utf-8")
    kept = attachments.keep(world.context, [letter])
    answers.answer(world.acting("li"), world.card("A CASE red"), "replied", "已办", kept)
    world.now += 60
    orders.open_order(world.acting("wang"), [world.card("B CASE red")], text="请办结")
    appeals.file(world.acting("gao"), world.card("C CASE red"), "材料系申请人迟交")
    with world.context.store.writing() as connection:
        set_meta(connection, "note", 'nul \0, quote " and 甲')
    return world


def write(world: World, name: str = "b.tar", **more: bool) -> Path:
    """A backup beside the workspace."""
    out = world.folder.parent / name
    backup.backup(world.context, out, **more)
    return out


def place_of(world: World, file: Path, folder: Path, **more: bool) -> tuple[Context, Archive]:
    """A context to restore into."""
    found = Archive(file)
    kept = restore.settings_of(found)
    return app.open_restored(folder, kept, clock=lambda: world.now, **more), found


def restored(world: World, file: Path, folder: Path, **more: Any) -> restore.RestoreReport:
    """Restore a backup into a folder."""
    context, found = place_of(world, file, folder)
    return restore.restore(context, found, **more)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of every table of an SQLite file, sorted by their text."""
    connection = sqlite3.connect(path)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
        }
    finally:
        connection.close()


def structure(path: Path) -> list[tuple[Any, ...]]:
    """Tables, indexes and triggers as SQLite has them."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
    finally:
        connection.close()


def members(path: Path) -> Members:
    """Members of a tar in their order."""
    with tarfile.open(path, "r:") as tar:
        return {
            entry.name: content.read()
            for entry in tar
            if (content := tar.extractfile(entry)) is not None
        }


def write_members(path: Path, found: Members, change: Callable[[Any], None] | None = None) -> Path:
    """A tar of these members, its manifest made to agree with them: what a forger does."""
    text = json.loads(found["manifest.json"])
    for each in text["members"]:
        content = found.get(each["name"], b"")
        each["bytes"] = len(content)
        each["sha256"] = hashlib.sha256(content).hexdigest()
        if each["name"].endswith(".gz") and content:
            each["rows"] = gzip.decompress(content).count(b"\n") - 1
    text["members"] = [each for each in text["members"] if each["name"] in found]
    if change is not None:
        change(text)
    with tarfile.open(path, "w") as tar:
        for name, content in {**found, "manifest.json": json.dumps(text).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path
