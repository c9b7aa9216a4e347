"""XLSX as offices write it: typed cells to texts, title rows, several sheets, error values."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.language import t

from .headers import MOST_TITLE_ROWS, Header, Layout, find_header, misfit, trimmed
from .rows import Quarantined, Refusal, Row, refuse
from .zip_guard import Cell, check_workbook

_Value = int | float | str | bool | time | date | datetime | timedelta

#: Spreadsheets keep fifteen digits; of a whole number with more the last ones are lost.
_MOST_EXACT: Final = 10**15


def read_xlsx(path: Path, file: str, layout: Layout | None) -> Iterator[Row | Quarantined]:
    """The data rows of every sheet, in order; ConfigurationError if the file cannot be opened.

    A sheet whose header is unknown is quarantined as one row, unless there is no other.
    """
    errors = check_workbook(path, file)
    workbook = _opened(path, file)
    unknown: list[tuple[str, int, list[str]]] = []
    known = False
    for place, about in enumerate(workbook.sheets_metadata):
        if about.typ is not SheetTypeEnum.WorkSheet:
            continue
        with _guarded(file):
            sheet = workbook.get_sheet_by_name(about.name)
        rows = dropwhile(_blank, enumerate(_grid(sheet)))
        head = list(islice(rows, MOST_TITLE_ROWS + 1))
        found = _header(head, sheet, layout)
        if found is None:
            likely = _header(head, sheet, None)
            if likely is not None:
                unknown.append((sheet.name, head[likely[0]][0] + 1, likely[1]))
            continue
        known = True
        at, names = found
        number = head[at][0] + 1
        header = Header(names, file=file, sheet=sheet.name, number=number)
        table = Row(file=file, sheet=sheet.name, number=number, cells={})
        faulty = errors.get(place, frozenset())
        yield from _data(chain(head[at + 1 :], rows), header, faulty, table)
    if known:
        for name, number, _ in unknown:
            row = Row(file=file, sheet=name, number=number, cells={})
            yield refuse(row, Refusal.UNKNOWN_SHEET)
    elif unknown and layout is not None:
        name, number, names = unknown[0]
        raise misfit(layout, names, f"{file} [{name}]", number)
    else:
        raise ConfigurationError(
            t(f"{file}：没有表头", f"{file}: there is no header"),
            t("请检查文件是否为空", "see whether the file is empty"),
        )


def _blank(numbered: tuple[int, list[_Value]]) -> bool:
    return not any(_texts(numbered[1]))


def _opened(path: Path, file: str) -> CalamineWorkbook:
    with _guarded(file):
        return CalamineWorkbook.from_path(path)


def _grid(sheet: CalamineSheet) -> Iterator[list[_Value]]:
    """Rows of a sheet from its row 1 and column 1 on."""
    before: list[_Value] = [""] * (sheet.start[1] if sheet.start else 0)
    for values in sheet.iter_rows():
        yield before + values


def _header(
    head: list[tuple[int, list[_Value]]], sheet: CalamineSheet, layout: Layout | None
) -> tuple[int, list[str]] | None:
    """The header among the first rows: its place among them, and its names.

    If cells of it are merged with cells of a lower row, that row has the names.
    """
    texts = [_texts(values) for _, values in head]
    if layout is None:
        return find_header(texts, sheet.name, None)
    merged = sheet.merged_cell_ranges or []
    places = {index: place for place, (index, _) in enumerate(head)}
    for (top, left), (bottom, right) in merged:
        first = texts[places[top]][left : left + 1] if top in places else []
        for row in range(top, min(bottom, top + MOST_TITLE_ROWS) + 1):
            if first and row in places:
                cells = texts[places[row]]
                width = min(right + 1, len(cells)) - left
                cells[left : left + width] = first * width
    found = find_header(texts, sheet.name, layout)
    if found is None:
        return None
    index = head[found[0]][0]
    lowest = max((bottom for (top, _), (bottom, _) in merged if top <= index <= bottom), default=0)
    place = places.get(lowest, found[0])
    if lowest > index and layout.is_header(texts[place], sheet.name):
        return place, texts[place]
    return found


@contextmanager
def _guarded(file: str) -> Iterator[None]:
    """What the parser cannot read is a fault of the file."""
    try:
        yield
    except CalamineError as fault:
        raise _unreadable(file, fault) from None
    except BaseException as fault:
        # A panic in the parser is no Exception.
        if type(fault).__name__ != "PanicException":
            raise
        raise _unreadable(file, fault) from None


def _unreadable(file: str, fault: BaseException) -> ConfigurationError:
    said = " ".join(str(fault).split())
    return ConfigurationError(
        t(f"{file}：无法读取该 XLSX 文件：{said}", f"{file}: cannot be read as XLSX: {said}"),
        t("请重新导出，或另存为 CSV", "export it again, or save it as CSV"),
    )


def _data(
    rows: Iterator[tuple[int, list[_Value]]], header: Header, faulty: frozenset[Cell], row: Row
) -> Iterator[Row | Quarantined]:
    rows_at_fault = {place for place, _ in faulty}
    for index, values in rows:
        number = index + 1
        texts = _texts(values)
        if index in rows_at_fault:
            column = min(place for at, place in faulty if at == index)
            yield _refused(row, number, header, texts, column, Refusal.ERROR_CELL)
            continue
        taken = header.row(number, texts, whole=False)
        if taken is None:
            continue
        rounded = next((n for n, value in enumerate(values) if _rounded(value)), None)
        if rounded is not None:
            taken = _refused(row, number, header, texts, rounded, Refusal.ROUNDED_NUMBER)
        yield taken


def _refused(
    row: Row, number: int, header: Header, texts: list[str], column: int, refusal: Refusal
) -> Quarantined:
    at = Row(
        file=row.file,
        sheet=row.sheet,
        number=number,
        cells={name: cell for name, cell in zip(header.names, texts, strict=False) if name},
    )
    name = header.names[column] if column < len(header.names) else ""
    value = texts[column] if column < len(texts) else ""
    return refuse(at, refusal, column=name or f"#{column + 1}", value=value)


def _rounded(value: _Value) -> bool:
    return isinstance(value, int | float) and abs(value) >= _MOST_EXACT


def _texts(values: list[_Value]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: _Value) -> str:
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
        # The file has a fraction of a day; the parser has rounded it to milliseconds.
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    return str(value)
