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
from efficiency_monitor.cards import answers
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.evidence import attachments
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.ops.backup import backup, restore
from efficiency_monitor.ops.backup.archive import Archive
from efficiency_monitor.workspace.context import Context, set_meta
from tests.matters import desk
from tests.stories.world import World

LAST = "manifest.json"
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
    text = json.loads(found[LAST])
    text["members"] = [
        _said(name, content) for name, content in found.items() if not name.startswith(LAST)
    ]
    if change is not None:
        change(text)
    last = json.dumps(text).encode()
    line = f"{hashlib.sha256(last).hexdigest()}  {LAST}\n".encode()
    with tarfile.open(path, "w") as tar:
        rest = {name: content for name, content in found.items() if not name.startswith(LAST)}
        for name, content in {**rest, LAST: last, f"{LAST}.sha256": line}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def _said(name: str, content: bytes) -> dict[str, Any]:
    """What a manifest says of a member."""
    said: dict[str, Any] = {
        "name": name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if name.startswith("tables/"):
        packed = content.startswith(b"\x1f\x8b")
        said["rows"] = gzip.decompress(content).count(b"\n") - 1 if packed else 0
    return said
