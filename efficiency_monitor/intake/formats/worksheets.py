"""The sheets of a workbook as tables, whatever format the workbook has: title rows, merged
headers, cells that hold no usable value."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, dropwhile, islice
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from ..mapping.times import from_1904
from .headers import MOST_TITLE_ROWS, Header, Layout, find_header, misfit, trimmed
from .rows import Quarantined, Refusal, Row, refuse

Value = int | float | str | bool | time | date | datetime | timedelta

#: Spreadsheets keep fifteen digits; of a whole number with more the last ones are lost.
MOST_EXACT: Final = 10**15


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a sheet: its place from 0, its texts from column 0 on, and the first cell that holds
    no usable value."""

    index: int
    texts: list[str]
    fault: tuple[int, Refusal] | None = None


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A sheet; `merged` are the ranges of merged cells, (row, column) first and last, from 0."""

    name: str
    lines: Iterator[Line]
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()


def read_worksheets(
    sheets: Iterable[Worksheet], file: str, layout: Layout | None, *, since_1904: bool
) -> Iterator[Row | Quarantined]:
    """The data rows of every sheet, in order. A sheet whose header is unknown is quarantined as
    one row; ConfigurationError if there is no other.

    `since_1904`: the workbook counts its days from 1904. Numbers in columns of times are made
    those of the usual count, so that nothing further on needs to know.
    """
    unknown: list[tuple[str, int, list[str]]] = []
    known = False
    for sheet in sheets:
        lines = dropwhile(lambda line: not any(line.texts), sheet.lines)
        head = list(islice(lines, MOST_TITLE_ROWS + 1))
        found = _header(head, sheet, layout)
        if found is None:
            likely = _header(head, sheet, None)
            if likely is not None:
                unknown.append((sheet.name, head[likely[0]].index + 1, likely[1]))
            continue
        known = True
        at, names = found
        number = head[at].index + 1
        header = Header(names, file=file, sheet=sheet.name, number=number)
        table = Row(file=file, sheet=sheet.name, number=number, cells={})
        times: frozenset[str] = frozenset()
        if since_1904 and layout is not None:
            times = layout.times([name for name in header.names if name], sheet.name)
        yield from _data(chain(head[at + 1 :], lines), header, table, times)
    if known:
        for name, number, _ in unknown:
            row = Row(file=file, sheet=name, number=number, cells={})
            yield refuse(row, Refusal.UNKNOWN_SHEET)
    elif unknown and layout is not None:
        name, number, names = unknown[0]
        raise misfit(layout, names, f"{file} [{name}]", number)
    else:
        raise ConfigurationError(
            t("{file}: there is no header", file=file),
            t("see whether the file is empty"),
        )


def _header(
    head: list[Line], sheet: Worksheet, layout: Layout | None
) -> tuple[int, list[str]] | None:
    """The header among the first rows: its place among them, and its names.

    If cells of it are merged with cells of a lower row, that row has the names.
    """
    texts = [list(line.texts) for line in head]
    if layout is None:
        return find_header(texts, sheet.name, None)
    places = {line.index: place for place, line in enumerate(head)}
    for (top, left), (bottom, right) in sheet.merged:
        first = texts[places[top]][left : left + 1] if top in places else []
        for row in range(top, min(bottom, top + MOST_TITLE_ROWS) + 1):
            if first and row in places:
                cells = texts[places[row]]
                width = min(right + 1, len(cells)) - left
                cells[left : left + width] = first * width
    found = find_header(texts, sheet.name, layout)
    if found is None:
        return None
    index = head[found[0]].index
    lowest = max(
        (bottom for (top, _), (bottom, _) in sheet.merged if top <= index <= bottom), default=0
    )
    place = places.get(lowest, found[0])
    if lowest > index and layout.is_header(texts[place], sheet.name):
        return place, texts[place]
    return found


def _data(
    lines: Iterable[Line], header: Header, table: Row, times: frozenset[str]
) -> Iterator[Row | Quarantined]:
    for line in lines:
        if line.fault is not None:
            yield _refused(table, line, header)
            continue
        taken = header.row(line.index + 1, line.texts, whole=False)
        if taken is not None:
            yield _dated(taken, times) if times and isinstance(taken, Row) else taken


def _dated(row: Row, times: frozenset[str]) -> Row:
    cells = {n: from_1904(cell) if n in times else cell for n, cell in row.cells.items()}
    return Row(file=row.file, sheet=row.sheet, number=row.number, cells=cells)


def _refused(table: Row, line: Line, header: Header) -> Quarantined:
    column, refusal = line.fault or (0, Refusal.ERROR_CELL)
    texts = line.texts
    at = Row(
        file=table.file,
        sheet=table.sheet,
        number=line.index + 1,
        cells={name: cell for name, cell in zip(header.names, texts, strict=False) if name},
    )
    name = header.names[column] if column < len(header.names) else ""
    value = texts[column] if column < len(texts) else ""
    return refuse(at, refusal, column=name or f"#{column + 1}", value=value)


def rounded(value: object) -> bool:
    """Whether a cell's number has lost its last digits."""
    return isinstance(value, int | float) and abs(value) >= MOST_EXACT


def text_of(value: Value) -> str:
    """A cell as text. A date without a time stays one; seconds are not rounded up."""
    if isinstance(value, str):
        return trimmed(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, datetime):
        # The file has a fraction of a day; it has been rounded to milliseconds.
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    return str(value)
