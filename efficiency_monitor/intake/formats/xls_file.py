"""XLS, the binary workbook of before 2007: typed cells to texts, error values, dates."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any, Final

import xlrd

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from ..mapping.times import from_1904, serial_wall
from .headers import Layout
from .parsing import parsing, unreadable
from .rows import Quarantined, Refusal, Row
from .worksheets import Line, Worksheet, read_worksheets, rounded, text_of

MEGABYTE: Final = 1_000_000
#: The format does not pack: a cell takes two bytes or more, and 20 to 50 when it is read.
MOST_BYTES: Final = 50 * MEGABYTE
#: Stream of a workbook with a password, as its name is written in the file.
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


def read_xls(path: Path, file: str, layout: Layout | None) -> Iterator[Row | Quarantined]:
    """The data rows of every sheet, in order; ConfigurationError if the file cannot be opened."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ConfigurationError(
            t(
                "{file}: too large: {value:.0f} MB > {value_2} MB",
                file=file,
                value=size / MEGABYTE,
                value_2=MOST_BYTES // MEGABYTE,
            ),
            t("split it, or save it as CSV"),
        )
    data = path.read_bytes()
    if _ENCRYPTED in data:
        raise unreadable(file, "XLS", t("it has a password"))
    with parsing(file, "XLS"):
        book = xlrd.open_workbook(
            file_contents=data,
            # Merged cells are read only with the formats; rows are as long as what is in them.
            formatting_info=True,
            ragged_rows=True,
            logfile=_Silence(),
        )
        sheets = [_worksheet(sheet, book.datemode) for sheet in book.sheets()]
    del data
    yield from read_worksheets(sheets, file, layout, since_1904=book.datemode == 1)


class _Silence:
    """Where the parser's remarks go."""

    def write(self, _text: str) -> None: ...

    def flush(self) -> None: ...


def _worksheet(sheet: Any, datemode: int) -> Worksheet:
    merged = [((top, left), (end - 1, right - 1)) for top, end, left, right in sheet.merged_cells]
    return Worksheet(str(sheet.name), _lines(sheet, datemode), merged)


def _lines(sheet: Any, datemode: int) -> Iterator[Line]:
    for index in range(sheet.nrows):
        texts: list[str] = []
        fault: tuple[int, Refusal] | None = None
        for column, cell in enumerate(sheet.row(index)):
            text, refusal = _cell(cell.ctype, cell.value, datemode)
            texts.append(text)
            if refusal is not None and fault is None:
                fault = column, refusal
        yield Line(index, texts, fault)


def _cell(kind: int, value: Any, datemode: int) -> tuple[str, Refusal | None]:
    """The text of a cell, and why it cannot be used."""
    if kind == xlrd.XL_CELL_ERROR:
        return "", Refusal.ERROR_CELL
    if kind == xlrd.XL_CELL_BOOLEAN:
        return text_of(bool(value)), None
    if kind in (xlrd.XL_CELL_DATE, xlrd.XL_CELL_NUMBER):
        number = float(value)
        if not isfinite(number):
            return "", Refusal.NO_NUMBER
        text = _date(number, datemode) if kind == xlrd.XL_CELL_DATE else text_of(number)
        return text, Refusal.ROUNDED_NUMBER if rounded(number) else None
    return text_of(str(value)), None


def _date(days: float, datemode: int) -> str:
    """A date, a time of day (less than a day), or the number if it is neither."""
    plain = text_of(days)
    if 0 <= days < 1:
        second = min(round(days * 86_400_000), 86_399_999) // 1000
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    wall = serial_wall(from_1904(plain) if datemode == 1 else plain)
    if wall is None:
        return plain
    return wall.date().isoformat() if days.is_integer() else f"{wall:%Y-%m-%d %H:%M:%S}"
