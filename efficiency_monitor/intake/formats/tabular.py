"""Tables in files, told apart by their content: CSV, XLSX, XLS, JSON Lines, Parquet, XES.

A name decides only between texts: what is called `.jsonl` is JSON Lines however it begins.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os

from .csv_file import read_csv
from .file_bytes import GZIP, BytesRead, CutOff, Meter, opened
from .headers import Layout
from .jsonl_file import read_jsonl
from .rows import Quarantined, Row
from .text_lines import ENCODINGS, check_encodings
from .xes_file import read_xes

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET: Final = b"PAR1"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_PAGE: Final = (b"<html", b"<!doctype", b"<table")
_XML: Final = (b"<?xml", b"<log", b"<!--")
_OBJECT: Final = re.compile(rb'\{\s*(?:["}]|$)')
_ARRAY: Final = re.compile(rb'\[\s*(?:[\[{"\]]|$)')
_JSON_LINES: Final = frozenset((".jsonl", ".ndjson"))


def read_rows(
    path: Path,
    *,
    layout: Layout | None = None,
    name: str | None = None,
    encodings: Sequence[str] = ENCODINGS,
    bytes_read: BytesRead | None = None,
) -> Iterator[Row | Quarantined]:
    """The data rows of a file as a stream; blank rows are left out. A text or XES may be a gzip.

    `layout` recognises the header among the first rows of a table; without it the first row with
    two texts is taken. Of JSON Lines and XES every row brings its own names. `name` is what the
    file is called in what is said of it (default: the path). `encodings` are those of texts
    without a byte-order mark: UTF-8 if it is that, else the next one named. `bytes_read` is told
    of every further piece of the file; the pieces add up to its size.
    Bad rows come as `Quarantined`; ConfigurationError, one line, if the file as a whole cannot be
    read, or is cut off, damaged from a place on or packed beyond belief: that may show only after
    rows of it were given, which then must not be taken either.
    """
    file = str(path) if name is None else name
    check_encodings(encodings, file)
    try:
        if not path.exists():
            raise _unreadable(file, t("there is no such file"))
        if not path.is_file():
            raise _unreadable(file, t("is no regular file"))
        meter = Meter(path.stat().st_size, bytes_read)
        yield from _rows(path, file, layout, encodings, meter)
        meter.at(meter.size)
    except CutOff as fault:
        raise _cut_off(file, fault) from None
    except OSError as fault:
        raise _unreadable(file, say_os(fault)) from None


def _rows(
    path: Path, file: str, layout: Layout | None, encodings: Sequence[str], meter: Meter
) -> Iterator[Row | Quarantined]:
    """By the reader of the file's format."""
    start, packed = _start(path, file)
    if start.startswith(_UTF16):
        raise _unreadable(file, t("is encoded in UTF-16"))
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t")
    if plain.lower().startswith(_PAGE):
        raise _unreadable(file, t("is a web page, no table"))
    if packed and start.startswith((_ZIP, _OLE, _PARQUET)):
        raise _unreadable(
            file,
            t("is a packed workbook or Parquet: unpack it"),
        )
    if start.startswith((_ZIP, _OLE)):
        # Loading the parsers takes time; who imports texts does without.
        if start.startswith(_ZIP):
            from .xlsx_file import read_xlsx as read
        else:
            from .xls_file import read_xls as read
        yield from read(path, file, layout)
    elif start.startswith(_PARQUET):
        from .parquet_file import read_parquet

        yield from read_parquet(path, file, layout, meter)
    elif plain.lower().startswith(_XML):
        yield from read_xes(path, file, meter)
    elif _OBJECT.match(plain) or _JSON_LINES & set(map(str.lower, Path(file).suffixes)):
        yield from read_jsonl(path, file, encodings, meter)
    elif _ARRAY.match(plain):
        raise ConfigurationError(
            t("{file}: is one JSON array", file=file),
            t("make it JSON Lines, one object a line"),
        )
    else:
        yield from read_csv(path, file, layout, encodings, meter)


def _start(path: Path, file: str) -> tuple[bytes, bool]:
    """How the content begins, unpacked, and whether it is packed."""
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP)) == GZIP
    with opened(path, Meter(0, None)) as content:
        start = content.read(64)
    if not start:
        raise _unreadable(file, t("row 1: the file is empty"))
    return start, packed


def _cut_off(file: str, fault: CutOff) -> ConfigurationError:
    row = fault.row or 1
    return ConfigurationError(
        t(
            "{file}: from row {row} on damaged, cut off or packed beyond belief: {fault}; nothing "
            "of it is taken",
            file=file,
            row=row,
            fault=fault,
        ),
        t("export or transfer it again; the other files of this import are not taken either"),
    )


def _unreadable(file: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        t("{file}: {what}", file=file, what=what),
        t("give a CSV, XLSX, XLS, JSON Lines, Parquet or XES file"),
    )
