"""What is asked before anything is restored: the archive, its settings, and the place for it."""

import os
import re
import shlex
from pathlib import Path

from ...faults import ConfigurationError
from ...i18n.messages import t
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
                "its manifest has the SHA-256 {digest}, not the one that was given",
                digest=manifest.digest,
            )
        )
    if not _REVISION.fullmatch(manifest.schema):
        raise Damaged(t("its manifest names no schema"))
    if manifest.schema < schema.FIRST:
        raise schema.too_old(manifest.schema)
    if manifest.schema > schema.HEAD:
        raise ConfigurationError(
            t(
                "the backup was made by effmon {release} with schema {schema}, this release goes "
                "to {head}",
                release=manifest.release,
                schema=manifest.schema,
                head=schema.HEAD,
            ),
            t("install effmon {release} or newer and restore with it", release=manifest.release),
        )
    if not agrees(found.ledger(), manifest):
        raise Damaged(t("its ledger has other roots than its manifest"))


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
            t("the settings in the backup would run a program to sign: {program}", program=program),
            t(
                "add --with-program once you know it for yours: the manifest's SHA-256 is the one "
                "on paper or in the ledger"
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
            t("only into an empty folder, and there is {what}", what=what),
            t("name another with -C, or move it away first"),
        )
    database = file_of(context)
    if database is None:
        with context.store.reading() as connection:
            taken = not table_lines.is_empty(connection)
    else:
        taken = database.exists()
    if taken:
        raise ConfigurationError(
            t("only into an empty database, and this one has something in it")
            + ("" if database is None else f"{t(': ')}{database}"),
            t(
                "name a new one with {database_variable}, or move the file away",
                database_variable=settings.DATABASE_VARIABLE,
            ),
        )


def file_of(context: Context) -> Path | None:
    """The file of an SQLite database; None on a server."""
    """The file of an SQLite database."""
    url = context.store.engine.url
    return Path(str(url.database)) if context.store.dialect == "sqlite" else None
