"""What is asked before anything is restored: the archive, its settings, and the place for it."""

import os
import re
import shlex
from pathlib import Path

from ...faults import ConfigurationError
from ...i18n.language import t
from ...ledger.model import entries as core
from ...ledger.workspace_keys import KEYS_FOLDER
from ...records import schema, table_lines
from ...workspace import settings
from ...workspace.context import Context
from . import archive
from .archive import Archive, Damaged

_REVISION = re.compile(r"[0-9]{4}")


def check(found: Archive, expected: str | None = None) -> None:
    """Whether this release can restore it, and whether its ledger is what its manifest says.

    `expected` is the SHA-256 of the manifest as somebody else has it: on paper, in the ledger.
    """
    manifest = found.manifest
    if expected is not None and expected.lower() != manifest.digest:
        raise Damaged(
            t(
                f"清单的 SHA-256 是 {manifest.digest}，不是所给的值",
                f"its manifest has the SHA-256 {manifest.digest}, not the one that was given",
            )
        )
    if not _REVISION.fullmatch(manifest.schema):
        raise Damaged(t("清单没有数据库版本", "its manifest names no schema"))
    if manifest.schema < schema.FIRST:
        raise schema.too_old(manifest.schema)
    if manifest.schema > schema.HEAD:
        raise ConfigurationError(
            t(
                f"备份由较新的 effmon {manifest.release} 制作（数据库版本 {manifest.schema}，"
                f"本版本只到 {schema.HEAD}）",
                f"the backup was made by effmon {manifest.release} with schema {manifest.schema}, "
                f"this release goes to {schema.HEAD}",
            ),
            t(
                f"安装 effmon {manifest.release} 或更新版本再恢复",
                f"install effmon {manifest.release} or newer and restore with it",
            ),
        )
    if not agrees(found.ledger(), manifest):
        raise Damaged(t("台账与清单的根值不符", "its ledger has other roots than its manifest"))


def agrees(head: core.Head, manifest: archive.Manifest) -> bool:
    """Whether a ledger has the size and the roots that a manifest says."""
    roots = core.root(head)
    return (head.size, roots.sha256.hex(), roots.sm3.hex()) == (
        manifest.size,
        manifest.sha256_root,
        manifest.sm3_root,
    )


def program_of(found: settings.Settings) -> tuple[str, ...]:
    """The program with its arguments that settings let run, empty where they name none."""
    return found.ledger.signer.command


def refuse_program(found: settings.Settings) -> None:
    """ConfigurationError where settings name a program that signs, with its arguments."""
    program = shlex.join(program_of(found))
    if program:
        raise ConfigurationError(
            t(
                f"备份中的设置会运行程序签名：{program}",
                f"the settings in the backup would run a program to sign: {program}",
            ),
            t(
                "确认是本单位的程序（清单的 SHA-256 与纸面或台账一致）后加 --with-program",
                "add --with-program once you know it for yours: the manifest's SHA-256 is the one "
                "on paper or in the ledger",
            ),
        )


def check_place(context: Context, file: Path) -> None:
    """ConfigurationError where there is anything that a restore would write over."""
    folder = context.folder
    settings.refuse_half_restored(folder)
    ours = {KEYS_FOLDER}
    if file.absolute().parent == folder.absolute():
        ours.add(file.name)
    there = sorted(set(os.listdir(folder)) - ours) if folder.is_dir() else []  # noqa: PTH208
    if there or (folder.exists() and not folder.is_dir()):
        what = f"{folder}: {there[0]}" if there else str(folder)
        raise ConfigurationError(
            t(f"只能恢复到空目录，已有 {what}", f"only into an empty folder, and there is {what}"),
            t(
                "用 -C 指定另一个目录，或先移走其内容",
                "name another with -C, or move it away first",
            ),
        )
    database = file_of(context)
    if database is None:
        with context.store.reading() as connection:
            taken = not table_lines.is_empty(connection)
    else:
        taken = database.exists()
    if taken:
        raise ConfigurationError(
            t(
                "只能恢复到空数据库，该数据库已有内容"
                + ("" if database is None else f"：{database}"),
                "only into an empty database, and this one has something in it"
                + ("" if database is None else f": {database}"),
            ),
            t(
                f"用 {settings.DATABASE_VARIABLE} 指定新建的空数据库，或移走该文件",
                f"name a new one with {settings.DATABASE_VARIABLE}, or move the file away",
            ),
        )


def file_of(context: Context) -> Path | None:
    """The file of an SQLite database; None on a server."""
    """The file of an SQLite database."""
    url = context.store.engine.url
    return Path(str(url.database)) if context.store.dialect == "sqlite" else None
