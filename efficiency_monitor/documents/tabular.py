"""Lists as files: CSV for a spreadsheet, XLSX, JSON Lines.

A file appears whole or not at all: it is written beside its place and then put there. What is there
already stays, unless it may be overwritten.
"""

import csv
import errno
import io
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os
from efficiency_monitor.time.amount import decimal_text

from .columns import Column, Row, as_record
from .text_safety import is_formula, safe, safe_cell

#: What one sheet holds, the heading's row left out, and one cell (Excel specifications).
SHEET_ROWS_MAX: Final = 1_048_575
CELL_CHARACTERS_MAX: Final = 32_767
#: Beyond it a double no longer tells two integers apart.
_EXACT_MAX: Final = 2**53
#: Characters of a decimal that a double holds to the last digit.
_EXACT_DIGITS: Final = 15


class TableKind(StrEnum):
    """Format of a written list, named like the file's ending."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


def write_table(
    path: Path,
    rows: Iterable[Row],
    columns: Sequence[Column],
    kind: TableKind,
    *,
    overwrite: bool = False,
    private: bool = False,
) -> int:
    """Write a list and return the number of its records.

    What is `private`, because names are not masked in it, nobody but its owner may read.

    CSV (UTF-8 with a byte order mark, which Excel needs) and XLSX hold the words people read, in
    the current language; no cell is ever a formula. JSON Lines holds the records as they are.
    Raises ConfigurationError if the place is taken or cannot be written, or if the list does not
    fit into one sheet; then nothing has been changed.
    """
    writer = _WRITERS[kind]
    with put_in_place(path, overwrite=overwrite, mode=0o600 if private else None) as file:
        return writer(file, rows, tuple(columns))


@contextmanager
def put_in_place(
    path: Path, *, overwrite: bool, mode: int | None = None, hint: str | None = None
) -> Iterator[IO[bytes]]:
    """A new file that takes its name only when it is complete and on the disk.

    A symbolic link in its place is never followed: it counts as taken, or is replaced. `mode` are
    the file's rights (else as usual), whatever the process masks. `hint` is what to do where the
    place is taken and the command has no `--overwrite`. ConfigurationError where it is taken or
    cannot be written; then nothing has been changed.
    """
    if not overwrite and os.path.lexists(path):
        raise _taken(path, hint)
    # The name is ours alone, so that two exports at once do not write into one file.
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        file = open(  # noqa: SIM115 - of a path none takes an opener, and it is closed
            beside, "xb", opener=partial(os.open, mode=0o666 if mode is None else mode)
        )
    except OSError as fault:
        raise unwritable(path, fault) from None
    try:
        with file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _place(beside, path, overwrite=overwrite, hint=hint)
    except OSError as fault:
        raise unwritable(path, fault) from None
    finally:
        beside.unlink(missing_ok=True)


def _place(beside: Path, path: Path, *, overwrite: bool, hint: str | None) -> None:
    if overwrite:
        beside.replace(path)
        return
    try:
        try:
            path.hardlink_to(beside)
        except OSError as fault:
            if fault.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            # A file system without hard links (FAT, some shares): claim the name, then fill it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            beside.replace(path)
    except FileExistsError:
        raise _taken(path, hint) from None


def _taken(path: Path, hint: str | None) -> ConfigurationError:
    return ConfigurationError(
        t("{path} exists and is not overwritten", path=path),
        hint or t("choose another name, or overwrite: --overwrite"),
    )


def unwritable(path: Path, fault: OSError) -> ConfigurationError:
    """What is said of a file that cannot be written."""
    return ConfigurationError(
        t("{path} cannot be written: {fault}", path=path, fault=say_os(fault)),
        t("check that the folder exists, that you may write there and that the disk is not full"),
    )


def _write_csv(file: IO[bytes], rows: Iterable[Row], columns: tuple[Column, ...]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(column.title) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([safe_cell(column.words(row)) for column in columns])
        count += 1
    text.detach()
    return count


def _write_jsonl(file: IO[bytes], rows: Iterable[Row], columns: tuple[Column, ...]) -> int:
    count = 0
    for row in rows:
        file.write(json_text(as_record(row, columns)).encode() + b"\n")
        count += 1
    return count


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON values as text that keeps every character and is safe in a terminal.

    Chinese stays readable. What `safe` would mark (and what UTF-8 cannot hold) is escaped, which a
    reader of JSON undoes.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    line = text.replace("\n", "")
    # What Python calls printable may still be invisible: `safe` knows which.
    if safe(line) == line:
        return text
    return "".join(char if char == "\n" or safe(char) == char else _escape(char) for char in text)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1]


def _write_xlsx(file: IO[bytes], rows: Iterable[Row], columns: tuple[Column, ...]) -> int:
    import xlsxwriter  # type: ignore[import-untyped]

    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    # The writer would read the clock here; two exports of one list must be the same bytes.
    book.set_properties({"created": datetime(1980, 1, 1)})
    try:
        count = _fill(book, rows, columns)
    finally:
        # Also when the rows break off: the writer keeps a file of its own until it is closed.
        book.close()
    return count


def _fill(book: Any, rows: Iterable[Row], columns: tuple[Column, ...]) -> int:
    sheet = book.add_worksheet()
    heading = book.add_format({"bold": True, "bottom": 1, "quote_prefix": True})
    quoted = book.add_format({"quote_prefix": True})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _sheet_width(column))
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, safe(column.title), heading)
    count = 0
    for count, row in enumerate(rows, 1):
        if count > SHEET_ROWS_MAX:
            raise ConfigurationError(
                t("more than {sheet_rows_max} records", sheet_rows_max=SHEET_ROWS_MAX),
                t("write CSV instead, or list less"),
            )
        for place, column in enumerate(columns):
            _write_cell(sheet, count, place, column, row, quoted)
    if columns:
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return count


def _write_cell(sheet: Any, line: int, place: int, column: Column, row: Row, quoted: Any) -> None:
    value = column.value(row)
    words = column.words(row)
    # A number that the column says in words of its own (a level, an instant) stays words.
    if type(value) is int and abs(value) <= _EXACT_MAX and words == str(value):
        sheet.write_number(line, place, value)
        return
    if type(value) is Decimal and words == decimal_text(value) and len(words) <= _EXACT_DIGITS:
        sheet.write_number(line, place, float(value))
        return
    text = safe(words)
    if len(text.encode("utf-16-le")) // 2 > CELL_CHARACTERS_MAX:
        note = t("… (too long, whole in JSON)")
        text = text[: CELL_CHARACTERS_MAX // 2] + note
    if text:
        # The prefix keeps a formula a text even when the cell is edited and confirmed.
        sheet.write_string(line, place, text, quoted if is_formula(words) else None)


def _sheet_width(column: Column) -> int:
    """Width of a column in characters, from its heading and hints: the data are not known yet."""
    wide = sum(2 if ord(char) > 0x2E7F else 1 for char in column.title) + 4
    return min(60, max(wide, column.least or 20))


_WRITERS: Final[dict[TableKind, Callable[[IO[bytes], Iterable[Row], tuple[Column, ...]], int]]] = {
    TableKind.CSV: _write_csv,
    TableKind.XLSX: _write_xlsx,
    TableKind.JSONL: _write_jsonl,
}
