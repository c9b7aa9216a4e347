"""Small feeds in every format, valid before somebody damages them. All of it is synthetic."""

import gzip
import io
import json
from functools import cache
from typing import Final
from xml.sax.saxutils import quoteattr

HEAD: Final = ("case_no", "event", "occurred_at", "stage", "reason", "source_key")
ROWS: Final = (
    ("A1", "受理", "2026-01-06 10:00:00", "窗口", '说"明", 一', "k1"),
    ("A1", "办结", "2026-01-07", "", "", "k2"),
    ("㐂2", "accepted", "2026-01-08T09:30:00+08:00", "x", "a\nb", "k3"),
    ("A3", "suspended", "2026/1/9 9:05", "环节", "café", ""),
    ("A3", "nonsense", "2026-02-30", "", "", "k5"),
)


@cache
def csv(encoding: str = "utf-8", end: str = "\n") -> bytes:
    """Cells in quotes where they need them; what the encoding lacks is left out."""
    lines = [
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\n') else cell
                 for cell in row)
        for row in (HEAD, *ROWS)
    ]  # fmt: skip
    return (end.join(lines) + end).encode(encoding, "ignore")


@cache
def jsonl() -> bytes:
    """With inner objects, lists and numbers."""
    further = {"n": 1.5, "in": {"a": [1, {"b": None}], "c": True}}
    return "".join(
        json.dumps(dict(zip(HEAD, row, strict=True)) | further, ensure_ascii=False) + "\n"
        for row in ROWS
    ).encode()


@cache
def xes() -> bytes:
    """Two traces, one without events, nested attributes and a list."""
    events = "".join(
        "<event>"
        + "".join(
            f"<string key={quoteattr(name)} value={quoteattr(cell)}/>"
            for name, cell in zip(HEAD, row, strict=True)
        )
        + '<list key="l"><values><int key="i" value="1"/><int key="i" value="2"/></values></list>'
        + "</event>\n"
        for row in ROWS * 4
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">'
        '<extension name="Concept"/><global scope="event"><string key="a" value="b"/></global>\n'
        f'<trace><string key="concept:name" value="一"><id key="in" value="1"/></string>{events}'
        '</trace>\n<trace><string key="concept:name" value="2"/></trace></log>'
    ).encode()


@cache
def packed(data: bytes) -> bytes:
    """As a gzip."""
    return gzip.compress(data, mtime=0)


@cache
def xlsx() -> bytes:
    """Two sheets, a title, merged cells, dates, numbers, an error value."""
    from datetime import datetime

    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": True}) as book:
        sheet = book.add_worksheet("办件")
        sheet.merge_range(0, 0, 0, 5, "某市办件表")
        form = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for place, row in enumerate((HEAD, *ROWS), start=1):
            sheet.write_row(place, 0, row)
        sheet.write_datetime(2, 2, datetime(2026, 1, 6, 10), form)
        sheet.write_formula(5, 4, "=1/0", None, "#DIV/0!")
        sheet.write_row(7, 0, ["A9", "受理", 44566.5, True, 1e17])
        book.add_worksheet("说明").write_row(0, 0, ["填表说明", "第一条"])
    return out.getvalue()


@cache
def xls() -> bytes:
    """The same, as a spreadsheet of before 2007 has it."""
    from datetime import datetime

    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("办件")
    sheet.write_merge(0, 0, 0, 5, "某市办件表")
    for place, row in enumerate((HEAD, *ROWS), start=1):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    form = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    sheet.write(7, 0, "A9")
    sheet.write(7, 2, datetime(2026, 1, 6, 10), form)
    sheet.write(7, 3, True)
    sheet.write(7, 4, 1e17)
    sheet.row(8).set_cell_error(1, 0x2A)
    sheet.write(9, 1, xlwt.Formula('"a"&"b"'))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@cache
def parquet() -> bytes:
    """Texts, times with and without a zone, a decimal, a list, a struct; two groups of rows."""
    from datetime import UTC, datetime
    from decimal import Decimal

    import pyarrow
    import pyarrow.parquet

    size = len(ROWS)
    columns = {
        **{name: [row[place] for row in ROWS] for place, name in enumerate(HEAD)},
        "at": [datetime(2026, 1, 6, 10, n, tzinfo=UTC) for n in range(size)],
        "plain": [datetime(2026, 1, 6, 10, n) for n in range(size)],
        "limit": [Decimal("1.50")] * size,
        "n": [n * 1.5 if n else None for n in range(size)],
        "list": [list(range(n)) for n in range(size)],
        "in": [{"a": n, "b": {"c": str(n)}} for n in range(size)],
        "raw": [None, b"\xff", None, None, None],
    }
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out, row_group_size=3)
    return out.getvalue()
