"""The workspace's own calendar files: written from what was approved, and only from that.

The approval is the database's; the file follows it. A process that dies in between leaves an
approved calendar without its file: whoever comes next (the same command again, a scan) writes it.
"""

import os
import tempfile
from pathlib import Path

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..time.calendar_change import file_text
from ..workspace.context import Context, meta, set_meta
from . import kept_texts
from . import store as changes
from .rule_files import own_calendars, parts_of

_PUT = "calendar.put/"


def settle(context: Context) -> list[Path]:
    """Write the files of calendars that were approved and not written yet; their paths.

    A file is written once for an approval: whoever changes it by hand afterwards is not corrected.
    """
    with context.store.reading() as connection:
        done = {name for name in meta(connection) if name.startswith(_PUT)}
        texts: dict[str, str] = {}
        marks = []
        for row in changes.approved(connection):
            for part in parts_of(row.parts):
                if part.notice is not None and part.after is not None:
                    mark = f"{_PUT}{row.change_no}"
                    if mark not in done:
                        marks.append(mark)
                        texts[part.key.name] = part.after
        contents = kept_texts.read(connection, texts.values())
    paths = []
    for name, sha256 in texts.items():
        file = kept_texts.calendar_of(contents[sha256])
        paths.append(_write(own_calendars(context) / f"{name}.yaml", file_text(file)))
    if marks:
        with context.store.writing() as connection:
            for mark in marks:
                set_meta(connection, mark, "1")
    return paths


def _write(path: Path, text: str) -> Path:
    """The whole file or none of it: in a file beside it, renamed into place."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as fault:
        raise ConfigurationError(
            t("{path}: {fault}", path=path, fault=say_os(fault)),
            t("the calendar is approved; mend it and give the command again to write the file"),
        ) from None
    return path
