"""Calendars as they were: the files of every version that judged are kept, and made again from.

A card that would fall because one person amended a calendar stays until persons agree: its case is
judged by the calendar of before (docs/sources.md).
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import Connection

from ..faults import CatalogueError, EffmonError
from ..time.calendar import Calendar
from ..time.calendar_file import CalendarFile
from ..workspace.context import Context, compact_json, meta, set_meta
from . import kept_texts
from .calendar_documents import built

#: Where in `meta` it stands of which files a version of a calendar was made.
_FILES = "calendar_files/{}"


def keep(context: Context, connection: Connection) -> None:
    """Keep the files of every calendar that judges, in a transaction that writes."""
    files = context.catalogue.calendar_files
    known = meta(connection)
    for name, calendar in context.catalogue.calendars.items():
        mark = _FILES.format(calendar.version)
        if mark in known:
            continue
        texts = [kept_texts.of_calendar(files[each], "") for each in _line(files, name)]
        kept_texts.keep(connection, texts, context.now())
        set_meta(connection, mark, compact_json({text.key.name: text.sha256 for text in texts}))


def _line(files: Mapping[str, CalendarFile], name: str) -> list[str]:
    """The calendar and those that it extends."""
    line = [name]
    while (parent := files[line[-1]].extends) is not None:
        line.append(parent)
    return line


def made(connection: Connection, name: str, version: str) -> Calendar | None:
    """A calendar as it was under a version; None where its files were not kept or were changed.

    What is made is of that version, whatever `meta` says: the version is a digest of it.
    """
    with suppress(CatalogueError, EffmonError, ValueError, KeyError, AttributeError):
        digests = json.loads(meta(connection)[_FILES.format(version)])
        texts = kept_texts.read(connection, digests.values())
        files = {each: kept_texts.calendar_of(texts[sha]) for each, sha in digests.items()}
        calendar = built(files)[name]
        return calendar if calendar.version == version else None
    return None
