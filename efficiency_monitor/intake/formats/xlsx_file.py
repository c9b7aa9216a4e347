"""XLSX as offices write it: typed cells to texts, several sheets, error values."""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum

from .headers import Layout
from .parsing import parsing
from .rows import Quarantined, Refusal, Row
from .worksheets import Line, Value, Worksheet, read_worksheets, rounded, text_of
from .zip_guard import Checked, check_workbook


def read_xlsx(path: Path, file: str, layout: Layout | None) -> Iterator[Row | Quarantined]:
    """The data rows of every sheet, in order; ConfigurationError if the file cannot be opened."""
    checked = check_workbook(path, file)
    with parsing(file, "XLSX"):
        workbook = CalamineWorkbook.from_path(path)
    sheets = _sheets(workbook, checked, file)
    yield from read_worksheets(sheets, file, layout, since_1904=checked.since_1904)


def _sheets(workbook: CalamineWorkbook, checked: Checked, file: str) -> Iterator[Worksheet]:
    for place, about in enumerate(workbook.sheets_metadata):
        if about.typ is not SheetTypeEnum.WorkSheet:
            continue
        with parsing(file, "XLSX"):
            sheet = workbook.get_sheet_by_name(about.name)
            merged = sheet.merged_cell_ranges or []
        first: dict[int, int] = {}
        for row, column in checked.errors.get(place, ()):
            first[row] = min(column, first.get(row, column))
        yield Worksheet(sheet.name, _lines(sheet, first), merged)


def _lines(sheet: CalamineSheet, errors: dict[int, int]) -> Iterator[Line]:
    """Rows of a sheet from its row 1 and column 1 on."""
    before: list[Value] = [""] * (sheet.start[1] if sheet.start else 0)
    for index, row in enumerate(sheet.iter_rows()):
        values = before + row
        fault = None
        if index in errors:
            fault = errors[index], Refusal.ERROR_CELL
        else:
            place = next((n for n, value in enumerate(values) if rounded(value)), None)
            if place is not None:
                fault = place, Refusal.ROUNDED_NUMBER
        yield Line(index, [text_of(value) for value in values], fault)
