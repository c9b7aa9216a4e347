"""`effmon backup`: the whole workspace in one file, of one instant, while others go on working."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from ... import __version__
from ...faults import ConfigurationError, EffmonError
from ...followup.evidence.attachments import FOLDER as ATTACHMENTS
from ...followup.evidence.attachments import handed_in, whole
from ...i18n.messages import t
from ...i18n.os_words import say_os
from ...ledger.export import LedgerDamaged
from ...ledger.model import entries as core
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...ledger.workspace_keys import KEYS_FOLDER, state_folder
from ...people.signing import workspace_id
from ...records import schema, table_lines
from ...time.instants import rfc3339
from ...workspace.context import Context
from ...workspace.file_lock import taken
from ...workspace.settings import FILE
from . import archive

_PART = ".effmon-part"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written."""

    file: Path
    #: Size of the file in bytes.
    bytes: int
    rows: int
    attachments: int
    #: Digests of attachments that are lost or were changed: they are not in it.
    missing: tuple[str, ...]
    #: Rules of their own stand outside of the workspace: they are not in it.
    rules_outside: bool
    keys: int
    size: int
    sha256_root: str
    sm3_root: str
    #: SHA-256 of the archive's manifest, as the ledger has it.
    manifest: str


def backup(context: Context, out: Path, *, with_keys: bool = False) -> BackupReport:
    """Write the archive `out` (0600), bring it to the disk, and record that it was made.

    ConfigurationError where there is something at `out` or it cannot be written, LedgerDamaged (1)
    where the ledger is not sound: a good backup must not be followed by a bad one. What cannot be
    written for want of space is an EffmonError with 70; then nothing stands at `out`.
    """
    if out.exists() or out.is_symlink():
        raise ConfigurationError(
            t("{out} exists already", out=out),
            t("a backup replaces nothing: choose another name, with the date in it"),
        )
    # Before anything is read: masks would be restored as what they stand for.
    context.store.ensure_unmasked()
    made_at = context.now()
    try:
        with _part(out) as file:
            with table_lines.snapshot(context.store, out.parent) as connection:
                report = _write(context, connection, file, out, made_at, with_keys=with_keys)
            file.flush()
            os.fsync(file.fileno())
            # On record before it can be had: no copy is about that the ledger does not know of.
            _record(context, report)
    except OSError as fault:
        error = EffmonError(
            t("{out} cannot be written: {fault}", out=out, fault=say_os(fault)),
            t("check the folder, its permissions and the disk's space"),
        )
        error.exit_code = 70
        raise error from None
    return report


def _record(context: Context, report: BackupReport) -> None:
    content = {
        "size": report.size,
        "sha256_root": report.sha256_root,
        "sm3_root": report.sm3_root,
        "manifest": report.manifest,
        "keys": report.keys > 0,
        "missing": len(report.missing),
    }
    entry = context.entry(EntryType.BACKUP_MADE, f"backup.made/{report.manifest}", content)
    with context.store.writing() as connection:
        ledger.append(connection, [entry])


@contextmanager
def _part(out: Path) -> Iterator[IO[bytes]]:
    """A file beside `out` that becomes `out` when the block ends well, and is gone otherwise."""
    for left in out.parent.glob(f".*{_PART}"):
        _sweep(left)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=_PART, dir=out.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            taken(file)  # nobody else knows of it yet
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.rename(out)
        folder = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _sweep(left: Path) -> None:
    """Remove what a backup left that was killed: nobody holds it any more."""
    with suppress(OSError), left.open("rb") as file:
        if taken(file):
            left.unlink()


def _write(
    context: Context,
    connection: Connection,
    file: IO[bytes],
    out: Path,
    made_at: int,
    *,
    with_keys: bool,
) -> BackupReport:
    head = _sound(connection)
    writer = archive.Writer(file, made_at)
    with (context.folder / FILE).open("rb") as settings:
        writer.add(archive.SETTINGS, settings)
    catalogue = _catalogue(context)
    for inner, path in _files(catalogue):
        _add(writer, f"{archive.CATALOGUE}/{inner}", path)
    for inner, path in _files(context.folder / context.settings.workspace.calendars):
        # Of an own folder that is the catalogue's, or anything else, only what a calendar is.
        if path.suffix == ".yaml":
            _add(writer, f"{archive.CALENDARS}/{inner}", path)
    for inner, path in _files(state_folder(context.folder, context.settings)):
        if path.suffix in (".note", ".txt"):
            _add(writer, f"{archive.CHECKPOINTS}/{inner}", path)
    before = len(writer.members)
    if with_keys:
        for inner, path in _files(context.folder / KEYS_FOLDER):
            if not path.is_relative_to(state_folder(context.folder, context.settings)):
                _add(writer, f"{archive.KEYS}/{inner}", path)
    keys = len(writer.members) - before
    known = handed_in(connection)
    missing = tuple(name for name in sorted(known) if not whole(context, known[name]))
    for name in sorted(known.keys() - set(missing)):
        inner = f"{name[:2]}/{name}"
        _add(writer, f"{archive.ATTACHMENTS}/{inner}", context.folder / ATTACHMENTS / inner)
    with tempfile.TemporaryFile(dir=out.parent) as scratch:
        rows = sum(
            writer.add_table(name, table_lines.lines(connection, name), scratch)
            for name in table_lines.names()
        )
    roots = core.root(head)
    manifest = writer.finish(
        {
            "schema": schema.revision(connection),
            "release": __version__,
            "engine": context.store.engine.dialect.name,
            "workspace": context.settings.workspace.name,
            "workspace_id": workspace_id(connection) or "",
            "made_at": rfc3339(made_at, context.zone),
            "size": head.size,
            "sha256_root": roots.sha256.hex(),
            "sm3_root": roots.sm3.hex(),
            "keys": keys > 0,
            "missing": list(missing),
        }
    )
    return BackupReport(
        file=out,
        bytes=file.tell(),
        rows=rows,
        attachments=len(known) - len(missing),
        missing=missing,
        rules_outside=catalogue is None and context.settings.workspace.rules is not None,
        keys=keys,
        size=head.size,
        sha256_root=roots.sha256.hex(),
        sm3_root=roots.sm3.hex(),
        manifest=manifest,
    )


def _sound(connection: Connection) -> core.Head:
    """The ledger's head, computed again from its rows; LedgerDamaged where it is another."""
    head = ledger.read_head_only(connection)
    bad = ledger.first_bad_row(connection)
    if bad is not None or core.rebuild(ledger.bodies(connection)) != head:
        raise LedgerDamaged(
            t("the ledger was changed; no backup was made"),
            t("run: effmon ledger verify; keep the earlier backups"),
        )
    return head


def _catalogue(context: Context) -> Path | None:
    """The workspace's own catalogue where it stands inside the workspace."""
    own = context.settings.workspace.rules
    if own is None:
        return None
    folder = (context.folder / own).resolve()
    return folder if folder.is_relative_to(context.folder.resolve()) else None


def _files(folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Files under a folder by their way there, sorted; no links to elsewhere."""
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


def _add(writer: archive.Writer, name: str, path: Path) -> None:
    with path.open("rb") as content:
        writer.add(name, content)
