"""XLS, the workbook of before 2007, as a spreadsheet saves it."""

import struct
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats import xls_file
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.mapping.facts import apply, read_facts
from efficiency_monitor.intake.mapping.mapping import load_mapping
from efficiency_monitor.terms import Precision

from .conftest import Reading, Sheets, context
from .test_csv import quarantined, taken
from .test_xlsx import EVENTS

Book = Callable[..., Path]
#: Code of #N/A in the file.
NOT_AVAILABLE = 0x2A


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A workbook with these sheets; dates and times become cells with such a format."""

    def make(sheets: Sheets, *, merged: tuple[tuple[int, ...], ...] = (), since_1904: bool = False
             ) -> Path:  # fmt: skip
        made = xlwt.Workbook(encoding="utf-8")
        made.dates_1904 = since_1904
        forms = {
            datetime: xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"),
            date: xlwt.easyxf(num_format_str="yyyy-mm-dd"),
            time: xlwt.easyxf(num_format_str="hh:mm:ss"),
        }
        for name, rows in sheets.items():
            sheet = made.add_sheet(name)
            for top, bottom, left, right in merged:
                sheet.merge(top, bottom, left, right)
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    write(sheet, row, column, value, forms)
        path = tmp_path / "book.xls"
        made.save(str(path))
        return path

    return make


def write(sheet: Any, row: int, column: int, value: Any, forms: dict[type, Any]) -> None:
    if value == "#N/A":
        sheet.row(row).set_cell_error(column, NOT_AVAILABLE)
    elif value is not None:
        style = forms.get(type(value))
        sheet.write(row, column, value, *([style] if style is not None else []))


def test_typed_cells_become_texts(book: Book) -> None:
    path = book(
        {
            "a": [
                ("t", "d", "h", "n", "x", "b", "s"),
                (datetime(2026, 1, 6, 10, 0, 1), date(2026, 1, 6), time(9, 30), 100, 2.5, True,
                 " 终 "),
                (None, None, None, None, None, None, "=1+1"),
            ]
        }
    )  # fmt: skip
    first, second = read_rows(path)
    assert list(first.cells.values()) == [
        "2026-01-06 10:00:01", "2026-01-06", "09:30:00", "100", "2.5", "true", "终",
    ]  # fmt: skip
    assert list(second.cells.values()) == ["", "", "", "", "", "", "=1+1"]
    assert (first.number, second.number, first.sheet) == (2, 3, "a")


def test_every_second_of_a_day_survives_the_binary_fraction(book: Book) -> None:
    times = [datetime(2026, 1, 6, n // 3600, n // 60 % 60, n % 60) for n in range(1, 86400, 97)]
    path = book({"a": [("t",), *((time,) for time in times)]})
    texts = [row.cells["t"] for row in read_rows(path)]
    assert texts == [f"{time:%Y-%m-%d %H:%M:%S}" for time in times]


def test_a_bare_date_cell_has_precision_day(reading: Reading, book: Book) -> None:
    path = book({"a": [EVENTS, ("A1", "accepted", date(2026, 1, 6)),
                       ("A1", "decided", datetime(2026, 1, 7, 9))]})  # fmt: skip
    day, second = map(taken, reading("canonical", path))
    assert day.events[0].precision is Precision.DAY
    assert second.events[0].precision is Precision.SECOND


def test_days_since_1904_are_the_dates_that_were_written(book: Book) -> None:
    values = (date(2026, 1, 6), datetime(2026, 1, 6, 9), time(9), 46028)
    path = book({"a": [("d", "t", "h", "n"), values]}, since_1904=True)
    (row,) = read_rows(path)
    assert list(row.cells.values()) == ["2026-01-06", "2026-01-06 09:00:00", "09:00:00", "46028"]


def test_titles_blank_rows_and_several_sheets(reading: Reading, book: Book) -> None:
    path = book(
        {
            "办件": [
                (),
                ("某市办件表",),
                (None, "制表：张三", "2026"),
                (),
                (None, "办件编号", "办件类型"),
                (None, "A1", "承诺件"),
                (),
                (None, 100, "即办件"),
            ],
            "说明": [("填表说明", "第一条")],
            "空": [],
            "事件": [("case_no*", "event*", "occurred_at*"), ("A1", "受理", "2026-01-06 10:00")],
        }
    )
    answer = reading("canonical", path)
    assert [(one.sheet, one.number) for one in answer] == [
        ("办件", 6), ("办件", 8), ("事件", 2), ("说明", 1),
    ]  # fmt: skip
    assert [taken(one).case_no for one in answer[:3]] == ["A1", "100", "A1"]
    assert quarantined(answer[3]).refusal is Refusal.UNKNOWN_SHEET


def test_a_header_over_two_rows_is_filled_from_above(reading: Reading, book: Book) -> None:
    path = book(
        {
            "a": [
                ("某市办件表",),
                (),
                ("办件编号", "时限"),
                (None, "承诺时限", "法定时限"),
                ("A1", "7 工作日", "20个工作日"),
            ]
        },
        merged=((0, 0, 0, 2), (2, 3, 0, 0), (2, 2, 1, 2)),
    )
    (facts,) = reading("canonical", path)
    case = taken(facts).case
    assert case is not None
    assert case.fields == {"promised_limit": "7 working_days", "statutory_limit": "20 working_days"}


def test_an_error_value_is_not_an_empty_cell(reading: Reading, book: Book) -> None:
    path = book(
        {
            "a": [
                (*EVENTS, "reason"),
                ("A1", "accepted", "2026-01-06", "ok"),
                ("A1", "decided", "2026-01-07", "#N/A"),
                ("#N/A",),
            ]
        }
    )
    good, bad, worse = reading("canonical", path)
    assert taken(good).case_no == "A1"
    refused = quarantined(bad)
    assert (refused.refusal, refused.column, refused.number) == (Refusal.ERROR_CELL, "reason", 3)
    assert quarantined(worse).number == 4


def test_numbers_that_are_already_rounded_are_refused(reading: Reading, book: Book) -> None:
    path = book({"a": [("case_no", "note"), (430102201805010012, "x"), (123456789012345, "x")]})
    bad, good = reading("canonical", path)
    assert quarantined(bad).refusal is Refusal.ROUNDED_NUMBER
    assert taken(good).case_no == "123456789012345"


def test_the_29th_of_february_1900_stays_a_number(book: Book) -> None:
    form = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    made = xlwt.Workbook()
    sheet = made.add_sheet("a")
    for row, value in enumerate(["d", 59, 60, 61]):
        sheet.write(row, 0, value, form)
    path = book({"a": []}).with_name("days.xls")
    made.save(str(path))
    assert [row.cells["d"] for row in read_rows(path)] == ["1900-02-28", "60", "1900-03-01"]


def test_no_sheet_fits(reading: Reading, book: Book) -> None:
    with pytest.raises(EffmonError, match=r"\[x\]: row 2: .*lacks: case_no"):
        reading("canonical", book({"x": [(), ("number", "name"), (1, 2)]}))
    with pytest.raises(EffmonError, match="no header"):
        reading("canonical", book({"x": []}))


def test_a_password_is_named(tmp_path: Path, book: Book) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(EffmonError, match="it has a password"):
        list(read_rows(path))
    # FILEPASS, right after the beginning of the workbook's stream.
    data = book({"a": [("case_no",), ("A1",)]}).read_bytes()
    at = data.index(struct.pack("<HHH", 0x809, 16, 0x600)) + 20
    path.write_bytes(data[:at] + struct.pack("<HHHHH", 0x2F, 6, 1, 1, 1) + data[at + 10 :])
    with pytest.raises(EffmonError, match="encrypted"):
        list(read_rows(path))


def test_a_file_above_the_size_is_not_even_opened(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book({"a": [("case_no",), ("A1",)]})
    monkeypatch.setattr(xls_file, "MOST_BYTES", 1000)
    monkeypatch.delattr("efficiency_monitor.intake.formats.xls_file.xlrd")
    with pytest.raises(EffmonError, match="too large"):
        list(read_rows(path))


@pytest.mark.parametrize("kept", [8, 512, 1000, 3000])
def test_a_cut_off_file_is_refused_in_one_line(book: Book, kept: int) -> None:
    path = book({"a": [("case_no", "d"), ("A1", date(2026, 1, 6))]})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EffmonError, match="XLS") as caught:
        list(read_rows(path))
    assert "\n" not in caught.value.message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    at=st.lists(st.tuples(st.integers(8, 10_000), st.binary(min_size=1, max_size=4)), max_size=8)
)
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path: Path, book: Book, at: list[tuple[int, bytes]]
) -> None:
    data = bytearray(book({"a": [("case_no", "d"), ("A1", date(2026, 1, 6))]}).read_bytes())
    for place, junk in at:
        data[max(place % len(data), 8) : place % len(data) + len(junk)] = junk
    path = tmp_path / "damaged.xls"
    path.write_bytes(data)
    refused: EffmonError | None = None
    try:
        rows = list(read_rows(path))
    except EffmonError as fault:
        refused = fault
    if refused is not None:
        assert "\n" not in refused.message
    else:
        assert all(isinstance(row, Row | Quarantined) for row in rows)


SERIAL_MAPPING = """
id: serial
title: {zh: 序号, en: serial}
times: [standard, serial]
tables:
  - name: events
    recognised_by: [case_no, at]
    case_no: case_no
    events:
      - type: accepted
        at: at
        attributes: {amount: amount}
"""


@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize("form", ["xls", "xlsx"])
def test_a_bare_number_is_a_date_as_its_workbook_counts(
    tmp_path: Path, book: Book, form: str, since_1904: bool
) -> None:
    days = 44566.5 if since_1904 else 46028.5
    rows = [("case_no", "at", "amount"), ("A1", days, days)]
    path = tmp_path / "x.xlsx"
    if form == "xls":
        path = book({"a": rows}, since_1904=since_1904)
    else:
        with xlsxwriter.Workbook(str(path), {"date_1904": since_1904}) as made:
            sheet = made.add_worksheet()
            for place, values in enumerate(rows):
                sheet.write_row(place, 0, values)
    mapping = load_mapping(SERIAL_MAPPING, "serial.yaml")
    (facts,) = read_facts(path, mapping, context())
    (event,) = taken(facts).events
    assert event.occurred_at == 1_767_672_000, "2026-01-06 12:00 in Shanghai"
    assert event.attributes == {"amount": str(days)}, "a number that is no time stays as it is"
    (again,) = apply(mapping, [Row(file="x", sheet=None, number=1, cells=facts.cells)], context())
    assert taken(again).events == (event,), "what is kept of a row no longer needs its workbook"


def test_the_mapping_must_ask_for_numbers_of_days(reading: Reading, book: Book) -> None:
    (bad,) = reading("canonical", book({"a": [EVENTS, ("A1", "accepted", 46028.5)]}))
    assert quarantined(bad).refusal is Refusal.SERIAL_NUMBER
