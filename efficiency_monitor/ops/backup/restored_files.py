"""The files of a backup, written into a workspace: where each goes, and never out of its folder."""

import os
import re
from pathlib import Path

from ...followup.evidence.attachments import FOLDER as ATTACHMENTS
from ...ledger.workspace_keys import KEYS_FOLDER, state_folder
from ...workspace.context import Context
from . import archive
from .archive import Archive

#: What the signer keeps: nothing else is written where settings name a folder elsewhere.
_NOTE = re.compile(r"(sha256|sm3)\.note|lost-[0-9A-Za-z_-]{1,60}\.(note|txt)")


def own_folders(context: Context, found: Archive) -> set[str]:
    """Folders that a restore makes, beside that of the keys, which may have been there."""
    own = {ATTACHMENTS}
    places = {
        archive.CATALOGUE: catalogue_place(context),
        archive.CALENDARS: calendars_place(context),
    }
    for inner, place in places.items():
        if found.names(inner):
            own.add(str(place) if place.parts[0] == KEYS_FOLDER else place.parts[0])
    return own


def catalogue_place(context: Context) -> Path:
    """Where a backup's catalogue goes, relative to the folder and never out of it.

    Settings may name it by a whole path, or (in an archive that was tampered with) anywhere.
    """
    return _inside(context, context.settings.workspace.rules, archive.CATALOGUE)


def calendars_place(context: Context) -> Path:
    """Where the workspace's own calendars go, as `catalogue_place`."""
    return _inside(context, context.settings.workspace.calendars, archive.CALENDARS)


def _inside(context: Context, named: str | None, default: str) -> Path:
    folder = context.folder.resolve()
    place = (folder / (named or default)).resolve()
    if place.is_relative_to(folder) and place not in (folder, folder / KEYS_FOLDER):
        return place.relative_to(folder)
    return Path(default)


def write_files(context: Context, found: Archive) -> None:
    """Write what stands in a backup as files; a key or note that is there stays."""
    state = state_folder(context.folder, context.settings)
    elsewhere = not state.resolve().is_relative_to(context.folder.resolve())
    places = {
        archive.ATTACHMENTS: (context.folder / ATTACHMENTS, 0o600),
        archive.KEYS: (context.folder / KEYS_FOLDER, 0o600),
        archive.CHECKPOINTS: (state, 0o644),
        archive.CATALOGUE: (context.folder / catalogue_place(context), 0o644),
        archive.CALENDARS: (context.folder / calendars_place(context), 0o644),
    }
    for inner, (folder, mode) in places.items():
        for name in found.names(inner):
            if inner == archive.CHECKPOINTS and elsewhere and not _NOTE.fullmatch(name):
                continue
            path = folder / name
            if path.exists():
                continue  # a key, or a note: what the signer has itself is the newer one
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if mode == 0o600 else 0o755)
            with found.member(f"{inner}/{name}") as content:
                write_file(path, content.read(), mode=mode)


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """A new file with this content, on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
