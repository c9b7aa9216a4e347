"""`effmon backup | restore`."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from efficiency_monitor.i18n.messages import choose, set_language, t

from .render import Column, Format, emit_object, message, warn
from .state import DryRun, Output, context_of, leave, state_of

if TYPE_CHECKING:
    from efficiency_monitor.ops.backup.restore import RestoreReport

_BACKUP: Final = (
    Column("file", "File"),
    Column("bytes", "Bytes"),
    Column("rows", "Rows"),
    Column("attachments", "Attachments"),
    Column("missing", "Missing attachments"),
    Column("keys", "Key files"),
    Column("size", "Ledger entries"),
    Column("sha256_root", "SHA-256 root"),
    Column("sm3_root", "SM3 root"),
    Column("manifest", "SHA-256 of the manifest"),
)
_RESTORE: Final = (
    Column("folder", "Workspace"),
    Column("made_at", "Backup of"),
    Column("engine", "Made on"),
    Column("schema", "Schema"),
    Column("rows", "Rows"),
    Column("attachments", "Attachments"),
    Column("missing", "Missing attachments"),
    Column("pending", "Pending notices"),
    Column("size", "Ledger entries"),
    Column("signed", "Entries signed"),
    Column("sha256_root", "SHA-256 root"),
    Column("sm3_root", "SM3 root"),
    Column("program", "Program that signs"),
    Column("sound", "Sound"),
    Column("manifest", "SHA-256 of the manifest"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("backup", help=t("the whole workspace in one file"))(backup)
    app.command("restore", help=t("a workspace from a backup"))(restore)


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(show_default=False, metavar="FILE")],
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help=t("with the private keys in the folder keys"),
        ),
    ] = False,
    output: Output = None,
) -> None:
    """Write a backup; exit 1 if attachments are lost."""
    from dataclasses import asdict

    from efficiency_monitor.ops.backup import backup as service

    report = service.backup(context_of(ctx), file, with_keys=with_keys)
    shown = {**asdict(report), "file": str(report.file), "missing": list(report.missing)}
    emit_object(shown, output, columns=_shown(_BACKUP, output))
    if report.rules_outside:
        warn(
            t(
                "workspace.rules is outside of the workspace and not in the backup: keep a copy "
                "of it too"
            )
        )
    if report.missing:
        warn(
            t(
                "{n_missing} attachments are lost or changed and not in the backup: effmon doctor",
                n_missing=len(report.missing),
            )
        )
        leave(1)


def _shown(columns: tuple[Column, ...], output: Format | None) -> tuple[Column, ...]:
    return () if output in (Format.JSON, Format.JSONL) else columns


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(show_default=False, metavar="FILE")],
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="SHA256",
            show_default=False,
            help=t("the SHA-256 that its manifest must have"),
        ),
    ] = None,
    with_program: Annotated[
        bool,
        typer.Option(
            "--with-program",
            help=t("let the program that the backup's settings name sign the ledger"),
        ),
    ] = False,
    dry_run: DryRun = False,
    drill: Annotated[
        Path | None,
        typer.Option(
            "--drill",
            metavar="DIR",
            help=t(
                "restore into a temporary workspace under this folder, verify, put it on record"
            ),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Restore a workspace into an empty folder and database, or rehearse it."""
    from efficiency_monitor import app
    from efficiency_monitor.ops.backup import restore as service
    from efficiency_monitor.ops.backup.archive import Archive
    from efficiency_monitor.workspace import settings

    if drill is not None:
        _drill(ctx, file, drill, manifest, output)
        return
    state = state_of(ctx)
    folder = settings.workspace_folder(state.workspace, os.environ)
    found = Archive(file)
    kept = service.settings_of(found)
    set_language(choose(os.environ, kept.workspace.language))
    context = app.open_restored(folder, kept, person=state.person, clock=state.clock or app.now)
    report = service.restore(
        context, found, expected=manifest, dry_run=dry_run, with_program=with_program
    )
    _say(report, output)
    if dry_run:
        message(t("only checked; nothing was written"))
    else:
        message(t("restored into {folder}; next: effmon doctor", folder=folder))
        if os.environ.get(settings.DATABASE_VARIABLE):
            message(
                t(
                    "the database is the one of {database_variable}: keep it set",
                    database_variable=settings.DATABASE_VARIABLE,
                )
            )
    leave(0 if report.sound else 1)


def _drill(
    ctx: typer.Context, file: Path, under: Path, manifest: str | None, output: Format | None
) -> None:
    from efficiency_monitor import app
    from efficiency_monitor.ops.backup import restore as service
    from efficiency_monitor.ops.backup.archive import Archive

    own = context_of(ctx)
    with app.drill_place(under) as (folder, seconds):
        found = Archive(file)
        context = app.open_restored(folder, service.settings_of(found), drill=True, clock=own.now)
        report = service.restore(context, found, expected=manifest, drill=True)
        took = seconds()
    _say(report, output, seconds=took)
    if report.sound:
        service.record_drill(own, found, took)
        message(
            t(
                "the drill went well in {took} s and is in the ledger; the temporary workspace is "
                "gone",
                took=took,
            )
        )
    leave(0 if report.sound else 1)


def _say(report: "RestoreReport", output: Format | None, **more: Any) -> None:
    from dataclasses import asdict

    shown = {
        **asdict(report),
        "folder": str(report.folder),
        "missing": list(report.missing),
        "program": list(report.program),
        "behind": report.behind,
        **more,
    }
    emit_object(shown, output, columns=_shown(_RESTORE, output))
    if report.program:
        warn(
            t(
                "its settings run this program to sign: {program}",
                program=shlex.join(report.program),
            )
        )
    if report.behind:
        warn(
            t(
                "the restored ledger has {size} entries, but a checkpoint of {signed} was signed: "
                "later entries are lost, and whoever holds that note can show it; see "
                "docs/ledger.md",
                size=report.size,
                signed=report.signed,
            )
        )
    if report.pending:
        warn(
            t(
                "{pending} notices wait that may have left after the backup; they leave again "
                "under the same number; look first: effmon notices list",
                pending=report.pending,
            )
        )
    if report.missing:
        warn(
            t("{n_missing} attachments were lost before the backup", n_missing=len(report.missing))
        )
    if not report.sound:
        warn(t("it is not sound: effmon ledger verify"))
