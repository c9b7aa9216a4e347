"""`effmon restore`: a workspace from a backup, whole or not at all, and a drill of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DataError, IntegrityError

from ...faults import EffmonError
from ...i18n.messages import t
from ...i18n.os_words import say_os
from ...ledger.book import verify
from ...ledger.model import entries as core
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...ledger.workspace_keys import KEYS_FOLDER, signed_size, state_folder
from ...records import schema, table_lines
from ...records.matter_tables import NoticeRow
from ...time.instants import rfc3339
from ...workspace import settings
from ...workspace.context import Context, set_meta
from . import archive
from .archive import Archive, Damaged
from .restore_checks import agrees, check, check_place, file_of, program_of, refuse_program
from .restored_files import own_folders, write_file, write_files

#: Facts about a workspace that was restored: when, and of when the backup is.
RESTORED_AT, RESTORED_FROM = "restored_at", "restored_from"
_NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored, or would be."""

    folder: Path
    made_at: str
    engine: str
    schema: str
    size: int
    sha256_root: str
    sm3_root: str
    rows: int
    attachments: int
    missing: tuple[str, ...]
    #: Notices that wait: they may have been sent after the backup was made.
    pending: int
    #: Largest ledger that a signed note in the signer's folder speaks of, 0 where there is none.
    signed: int
    #: Whether the ledger, the keys and the approvals were found sound after it.
    sound: bool
    manifest: str
    #: Program that its settings let sign the ledger, as it would be run; empty: none.
    program: tuple[str, ...]

    @property
    def behind(self) -> bool:
        """Whether somebody may hold a note of more entries than there are now."""
        return self.signed > self.size


def settings_of(found: Archive) -> settings.Settings:
    """The settings in a backup; ConfigurationError where they are wrong."""
    with found.member(archive.SETTINGS) as content:
        try:
            text = content.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Damaged(f"{archive.SETTINGS}: UTF-8") from None
    return settings.parse(text, f"{found.path}: {archive.SETTINGS}")


def restore(
    context: Context,
    found: Archive,
    *,
    expected: str | None = None,
    dry_run: bool = False,
    drill: bool = False,
    with_program: bool = False,
) -> RestoreReport:
    """Restore a checked archive into the folder and the database of `context`, or only check.

    Settings that name a program are taken only `with_program`: who made the archive chose it, and
    the next checkpoint would run it. A drill runs none, whatever they say.
    Damaged, ConfigurationError and EffmonError (70) leave the place as it was. A process that is
    killed leaves a folder that every command says to be half restored: the settings get their name
    as the very last step.
    """
    check(found, expected)
    if not (dry_run or drill or with_program):
        refuse_program(context.settings)
    check_place(context, found.path)
    signed = signed_size(state_folder(context.folder, context.settings))
    if dry_run:
        rows = sum(rows for _, rows in found.manifest.tables)
        return _report(context, found, rows=rows, pending=0, signed=signed, sound=True, drill=drill)
    with _undone(context, found):
        _begin(context.folder, found)
        write_files(context, found)
        with context.store.writing() as connection:
            rows, pending = _fill(context, connection, found, drill=drill)
        database = file_of(context)
        if database is not None:
            database.chmod(0o600)
        sound = bool(verify(context)["sound"])
        signed = signed_size(state_folder(context.folder, context.settings))
        context.store.close()
        (context.folder / settings.RESTORING).rename(context.folder / settings.FILE)
        _sync(context.folder)
    return _report(
        context, found, rows=rows, pending=pending, signed=signed, sound=sound, drill=drill
    )


def _report(
    context: Context,
    found: Archive,
    *,
    rows: int,
    pending: int,
    signed: int,
    sound: bool,
    drill: bool,
) -> RestoreReport:
    manifest = found.manifest
    return RestoreReport(
        folder=context.folder,
        made_at=manifest.made_at,
        engine=manifest.engine,
        schema=manifest.schema,
        size=manifest.size,
        sha256_root=manifest.sha256_root,
        sm3_root=manifest.sm3_root,
        rows=rows,
        attachments=len(found.names(archive.ATTACHMENTS)),
        missing=manifest.missing,
        pending=pending,
        signed=signed,
        sound=sound,
        manifest=manifest.digest,
        program=() if drill else program_of(context.settings),
    )


@contextmanager
def _undone(context: Context, found: Archive) -> Iterator[None]:
    """Take away what was written where the block fails; nothing else was there before."""
    folder = context.folder
    existed = folder.is_dir()
    try:
        yield
    except BaseException as fault:
        context.store.close()
        database = file_of(context)
        for path in () if database is None else (database, Path(f"{database}-journal")):
            path.unlink(missing_ok=True)
        # A folder of keys that was there stays: what the signer had is not ours to take away.
        for name in own_folders(context, found) | (set() if existed else {KEYS_FOLDER}):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / settings.RESTORING).unlink(missing_ok=True)
        if not existed:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(fault, OSError):
            error = EffmonError(
                t("{folder} cannot be restored into: {fault}", folder=folder, fault=say_os(fault)),
                t("check the permissions and the disk's space"),
            )
            error.exit_code = 70
            raise error from fault
        raise


def _begin(folder: Path, found: Archive) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with found.member(archive.SETTINGS) as content:
        write_file(folder / settings.RESTORING, content.read(), mode=0o644)
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(
    context: Context, connection: Connection, found: Archive, *, drill: bool
) -> tuple[int, int]:
    """Tables at the backup's schema, their rows, then the schema of this release: one transaction.

    How many rows there are, and how many notices wait.
    """
    manifest = found.manifest
    schema.migrate(connection, manifest.schema)
    total = 0
    for name, rows in manifest.tables:
        columns = _columns(connection, name)
        if not columns:
            raise Damaged(t("there is no table {name!a}", name=name))
        try:
            count = table_lines.load(connection, name, columns, found.lines(name))
        except table_lines.BadLine as fault:
            raise Damaged(str(fault)) from None
        except (IntegrityError, DataError) as fault:
            raise Damaged(f"{name}: {fault.orig}") from None
        if count != rows:
            raise Damaged(t("table {name} has another number of rows", name=name))
        total += count
    schema.migrate(connection, schema.HEAD)
    table_lines.continue_numbers(connection)
    head = core.rebuild(ledger.bodies(connection))
    try:
        same = head == ledger.read_head_only(connection) and agrees(head, manifest)
    except ledger.HeadDamaged:
        same = False
    if not same or ledger.first_bad_row(connection) is not None:
        raise Damaged(t("the restored ledger has other roots"))
    set_meta(connection, RESTORED_AT, rfc3339(context.now(), context.zone))
    set_meta(connection, RESTORED_FROM, manifest.made_at)
    ledger.append(connection, [entry(context, found, drill=drill)])
    pending = connection.execute(
        select(func.count()).select_from(_NOTICE).where(_NOTICE.c.state == "pending")
    ).scalar_one()
    return total, int(pending)


def _columns(connection: Connection, name: str) -> set[str]:
    """Columns of a table that may be filled, none where there is no such table."""
    asked = inspect(connection)
    if name == "alembic_version" or not asked.has_table(name):
        return set()
    return {str(each["name"]) for each in asked.get_columns(name)}


def entry(
    context: Context, found: Archive, *, drill: bool, seconds: int | None = None
) -> ledger.NewEntry:
    """The ledger entry of a restore, or of a drill, which took so many seconds."""
    manifest = found.manifest
    content: dict[str, object] = {
        "drill": drill,
        "size": manifest.size,
        "sha256_root": manifest.sha256_root,
        "sm3_root": manifest.sm3_root,
        "manifest": manifest.digest,
        "backup_made_at": manifest.made_at,
    }
    if seconds is not None:
        content["seconds"] = seconds
    return context.entry(
        EntryType.BACKUP_RESTORED, f"backup.restored/{manifest.digest}/{context.now()}", content
    )


def record_drill(context: Context, found: Archive, seconds: int) -> None:
    """Record in the workspace's own ledger that a backup was restored elsewhere and was sound."""
    with context.store.writing() as connection:
        ledger.append(connection, [entry(context, found, drill=True, seconds=seconds)])
