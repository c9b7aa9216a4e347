"""`effmon backup | restore`."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from efficiency_monitor.i18n.language import choose, set_language, t

from .render import Column, Format, emit_object, message, warn
from .state import DryRun, Output, context_of, leave, state_of

if TYPE_CHECKING:
    from efficiency_monitor.ops.backup.restore import RestoreReport

_BACKUP: Final = (
    Column("file", "文件", "File"),
    Column("bytes", "字节", "Bytes"),
    Column("rows", "行", "Rows"),
    Column("attachments", "附件", "Attachments"),
    Column("missing", "缺失附件", "Missing attachments"),
    Column("keys", "密钥文件", "Key files"),
    Column("size", "台账条目", "Ledger entries"),
    Column("sha256_root", "SHA-256 根", "SHA-256 root"),
    Column("sm3_root", "SM3 根", "SM3 root"),
    Column("manifest", "清单的 SHA-256", "SHA-256 of the manifest"),
)
_RESTORE: Final = (
    Column("folder", "工作区", "Workspace"),
    Column("made_at", "备份时间", "Backup of"),
    Column("engine", "原数据库", "Made on"),
    Column("schema", "数据库版本", "Schema"),
    Column("rows", "行", "Rows"),
    Column("attachments", "附件", "Attachments"),
    Column("missing", "缺失附件", "Missing attachments"),
    Column("pending", "待发通知", "Pending notices"),
    Column("size", "台账条目", "Ledger entries"),
    Column("signed", "已签条目", "Entries signed"),
    Column("sha256_root", "SHA-256 根", "SHA-256 root"),
    Column("sm3_root", "SM3 根", "SM3 root"),
    Column("program", "签名程序", "Program that signs"),
    Column("sound", "完好", "Sound"),
    Column("manifest", "清单的 SHA-256", "SHA-256 of the manifest"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("backup", help=t("把工作区备份为一个文件", "the whole workspace in one file"))(
        backup
    )
    app.command("restore", help=t("从备份恢复工作区", "a workspace from a backup"))(restore)


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(show_default=False, metavar="FILE")],
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help=t("连同 keys 目录中的私钥", "with the private keys in the folder keys"),
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
                "workspace.rules 在工作区之外，不在备份中，请另行备份",
                "workspace.rules is outside of the workspace and not in the backup: "
                "keep a copy of it too",
            )
        )
    if report.missing:
        warn(
            t(
                f"{len(report.missing)} 个附件缺失或被改动，不在备份中：effmon doctor",
                f"{len(report.missing)} attachments are lost or changed and not in the backup: "
                "effmon doctor",
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
            help=t("清单须有此 SHA-256", "the SHA-256 that its manifest must have"),
        ),
    ] = None,
    with_program: Annotated[
        bool,
        typer.Option(
            "--with-program",
            help=t(
                "允许备份中的设置所指定的签名程序",
                "let the program that the backup's settings name sign the ledger",
            ),
        ),
    ] = False,
    dry_run: DryRun = False,
    drill: Annotated[
        Path | None,
        typer.Option(
            "--drill",
            metavar="DIR",
            help=t(
                "演练：恢复到该目录下的临时工作区并核验，记入台账",
                "restore into a temporary workspace under this folder, verify, put it on record",
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
        message(t("只检查，没有写入", "only checked; nothing was written"))
    else:
        message(
            t(
                f"已恢复到 {folder}；下一步：effmon doctor",
                f"restored into {folder}; next: effmon doctor",
            )
        )
        if os.environ.get(settings.DATABASE_VARIABLE):
            message(
                t(
                    f"数据库由 {settings.DATABASE_VARIABLE} 指定：今后也须设置它",
                    f"the database is the one of {settings.DATABASE_VARIABLE}: keep it set",
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
                f"演练成功，用时 {took} 秒，已记入台账；临时工作区已删除",
                f"the drill went well in {took} s and is in the ledger; "
                "the temporary workspace is gone",
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
                f"其设置运行此程序签检查点：{shlex.join(report.program)}",
                f"its settings run this program to sign: {shlex.join(report.program)}",
            )
        )
    if report.behind:
        warn(
            t(
                f"恢复的台账只有 {report.size} 条，而已签名公布过 {report.signed} 条的检查点："
                "其后的条目已丢失，他人手中的检查点可以证明；见 docs/ledger.md",
                f"the restored ledger has {report.size} entries, but a checkpoint of "
                f"{report.signed} was signed: later entries are lost, and whoever holds that note "
                "can show it; see docs/ledger.md",
            )
        )
    if report.pending:
        warn(
            t(
                f"{report.pending} 份待发通知可能在备份之后已发出，会以同一编号再发；"
                "先看 effmon notices list",
                f"{report.pending} notices wait that may have left after the backup; they leave "
                "again under the same number; look first: effmon notices list",
            )
        )
    if report.missing:
        warn(
            t(
                f"{len(report.missing)} 个附件在备份时已缺失",
                f"{len(report.missing)} attachments were lost before the backup",
            )
        )
    if not report.sound:
        warn(t("核验未通过：effmon ledger verify", "it is not sound: effmon ledger verify"))
