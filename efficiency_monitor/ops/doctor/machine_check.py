"""What the doctor says of the machine: room, versions, who may read and write the files."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from ... import __version__
from ...i18n.messages import t
from ...ledger.model import entries as core_ledger
from ...ledger.workspace_keys import KEYS_FOLDER
from ...people.operating_user import name_of
from ...workspace.context import Context
from ...workspace.settings import FILE, database_file

GOOD, LOOK, BAD = "ok", "look", "bad"
Finding = tuple[str, str, str]
#: Bytes that must be free, whatever the size of the database.
LEAST_FREE = 500_000_000
#: A restore, a migration and a backup each take as much room again as the database has.
TIMES_DATABASE = 2


def check_machine(context: Context) -> Iterator[Finding]:
    """Room on the disk, encoding, SM3, versions, rights of the files."""
    yield _disk(context)
    encoding = (sys.stdout.encoding or "").lower()
    yield "encoding", GOOD if encoding.startswith("utf") else LOOK, encoding or "unknown"
    yield "sm3", GOOD, core_ledger.sm3_by()
    yield "versions", GOOD, f"effmon {__version__}, Python {platform.python_version()}"
    yield from _files(context)


def database_path(context: Context) -> Path | None:
    """The file of an SQLite database."""
    if context.store.dialect != "sqlite":
        return None
    return database_file(f"sqlite:///{context.store.engine.url.database}")


def _disk(context: Context) -> Finding:
    file = database_path(context)
    size = 0 if file is None else file.stat().st_size
    free = shutil.disk_usage(context.folder if file is None else file.parent).free
    said = t("{value} MB free", value=free // 1_000_000)
    if free <= LEAST_FREE:
        return "disk", BAD, said
    if free < TIMES_DATABASE * size:
        return (
            "disk",
            LOOK,
            said
            + t(
                ", less than {times_database} times the database ({value} MB): make room",
                times_database=TIMES_DATABASE,
                value=size // 1_000_000,
            ),
        )
    return "disk", GOOD, said


def _files(context: Context) -> Iterator[Finding]:
    """Who may read the database and the keys, and who may write the settings."""
    wrong: list[tuple[str, Path, str]] = []
    keys = context.folder / KEYS_FOLDER
    private = [
        path for path in sorted(keys.rglob("*.key") if keys.is_dir() else ()) if path.is_file()
    ]
    file = database_path(context)
    secret = [*private, *([] if file is None else [file])]
    for path in secret:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            wrong.append((BAD if path in private else LOOK, path, f"chmod 600 {path}"))
    for path in (context.folder / FILE, context.folder):
        if path.stat().st_mode & stat.S_IWOTH:
            wrong.append((BAD, path, f"chmod o-w {path}"))
    ours = os.geteuid()
    for path in (context.folder / FILE, *secret):
        owner = path.stat().st_uid
        if owner not in (ours, 0) and ours != 0:
            wrong.append((LOOK, path, t("belongs to {owner}", owner=name_of(owner))))
    if not wrong:
        yield "file rights", GOOD, t("database and keys are their owner's")
    for status, path, what in wrong:
        yield (
            "file rights",
            status,
            t("{name} is open to others: {what}", name=path.name, what=what),
        )
