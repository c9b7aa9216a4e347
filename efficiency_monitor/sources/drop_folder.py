"""A source that is a folder: files that somebody put there, read in the order of their names."""

import shutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from efficiency_monitor.core.faults import FeedFailed
from efficiency_monitor.language import t
from efficiency_monitor.source_settings import FilesSection

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
    stamp under which a file was read before. FeedFailed without the folder.
    """
    place = folder / section.folder
    try:
        names = sorted(
            path.name for path in place.iterdir() if path.is_file() and path.name[0] != "."
        )
    except OSError as fault:
        raise FeedFailed(
            t(
                f"数据源 {source}：{place} 无法读取：{fault.strerror}",
                f"source {source}: {place} cannot be read: {fault.strerror}",
            ),
            t("检查 folder 和权限", "check `folder` and its permissions"),
        ) from None
    chosen: set[str] = set()
    for pattern in section.patterns:
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        chosen.update(fitting[-1:] if snapshot else fitting)
    paths = [place / name for name in sorted(chosen)]
    new = [path for path in paths if seen.get(path.name) != stamp(path)]
    return paths if snapshot and new else new


def fetch(paths: list[Path], spool: Spool) -> dict[str, str]:
    """Copy the files into the spool; their stamps by name.

    A file that changes meanwhile is still being written: it is left for the next pull.
    """
    stamps: dict[str, str] = {}
    for path in paths:
        before = stamp(path)
        spool.table(path.name, path.name)
        with path.open("rb") as file, spool.writing(path.name) as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        if stamp(path) == before:
            stamps[path.name] = before
        else:
            spool.restart(path.name)
    return stamps
