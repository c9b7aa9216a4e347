"""A source that is a folder: files that somebody put there, read in the order of their names."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from efficiency_monitor.faults import FeedFailed
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os
from efficiency_monitor.workspace.source_settings import FilesSection

from .spool import Spool


def stamp(path: Path) -> str:
    """What tells one state of a file from another: its size and when it was written."""
    found = path.stat()
    return f"{found.st_size}:{found.st_mtime_ns}"


def waiting(
    source: str, section: FilesSection, folder: Path, *, snapshot: bool, seen: Mapping[str, str]
) -> list[Path]:
    """Files to be read, in the order of their names; none if nothing is new.

    Of a snapshot it is the last file of each pattern, all of them if one is new. `seen` has the
    stamp under which a file was read before. FeedFailed without the folder, and where a part of a
    snapshot is missing: what stands in it would be called vanished.
    """
    place = folder / section.folder
    try:
        names = sorted(
            path.name
            for path in place.iterdir()
            if (path.is_symlink() or path.is_file()) and path.name[0] != "."
        )
    except OSError as fault:
        raise FeedFailed(
            t(
                "source {source}: {place} cannot be read: {fault}",
                source=source,
                place=place,
                fault=say_os(fault),
            ),
            t("check `folder` and its permissions"),
        ) from None
    chosen: set[str] = set()
    for pattern in section.patterns:
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        if snapshot and not fitting and len(section.patterns) > 1:
            raise FeedFailed(
                t(
                    "source {source}: the full snapshot lacks a file {pattern}",
                    source=source,
                    pattern=pattern,
                ),
                t("no case is called vanished; look at the folder"),
            )
        chosen.update(fitting[-1:] if snapshot else fitting)
    for name in chosen:
        shown = name.encode("utf-8", "replace").decode()
        if shown != name:
            raise FeedFailed(
                t(
                    "source {source}: the name of a file is not UTF-8: {shown}",
                    source=source,
                    shown=shown,
                ),
                t("rename it"),
            )
        if (place / name).is_symlink():
            # It would have us read, as the machine's owner of secrets, what it leads to.
            raise FeedFailed(
                t(
                    "source {source}: {name} is a symbolic link and is not followed",
                    source=source,
                    name=name,
                ),
                t("put the file itself there"),
            )
    paths = [place / name for name in sorted(chosen)]
    new = [path for path in paths if seen.get(path.name) != stamp(path)]
    return paths if snapshot and new else new


def _itself(path: str, flags: int) -> int:
    """Open the file, never what a link put in its place leads to, nor a pipe that never ends."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def fetch(source: str, paths: list[Path], spool: Spool, *, snapshot: bool) -> dict[Path, str]:
    """Copy the files into the spool; stamps of those that are whole.

    A file that changes meanwhile is still being written: it is left for the next pull. So is a
    snapshot as a whole: FeedFailed.
    """
    stamps: dict[Path, str] = {}
    for path in paths:
        before = stamp(path)
        spool.table(path.name, path.name)
        with open(path, "rb", opener=_itself) as file, spool.writing(path.name) as copy:
            # No more than it had: a file that grows as fast as it is read would have no end.
            left = os.fstat(file.fileno()).st_size
            while left and (data := file.read(min(left, 1 << 20))):
                copy.write(data)
                left -= len(data)
        if stamp(path) == before:
            stamps[path] = before
            continue
        if snapshot:
            raise FeedFailed(
                t("source {source}: {name} is still being written", source=source, name=path.name),
                t("write it under another name, then rename it"),
            )
        spool.restart(path.name)
    return stamps
