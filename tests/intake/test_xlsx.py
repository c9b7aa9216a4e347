"""XLSX as a spreadsheet saves it, and archives that must not be opened at all."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats import zip_guard
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.terms import Precision

from .conftest import Reading, Sheets
from .test_csv import quarantined, taken

Workbook = Callable[[Sheets], Path]
EVENTS = ("case_no", "event", "occurred_at")


def test_typed_cells_become_texts(workbook: Callable[..., Path]) -> None:
    for options in ({}, {"date_1904": True}):
        path = workbook(
            {
                "a": [
                    ("t", "d", "n", "x", "b", "s"),
                    (datetime(2026, 1, 6, 10, 0, 1), date(2026, 1, 6), 100, 2.5, True, " 终 "),
                    (None, None, None, None, None, "=1+1"),
                ]
            },
            **options,
        )
        first, second = read_rows(path)
        assert list(first.cells.values()) == [
            "2026-01-06 10:00:01", "2026-01-06", "100", "2.5", "true", "终",
        ]  # fmt: skip
        assert second.cells == {"t": "", "d": "", "n": "", "x": "", "b": "", "s": "=1+1"}
        assert (first.number, second.number, first.sheet) == (2, 3, "a")


def test_every_second_of_a_day_survives_the_binary_fraction(workbook: Workbook) -> None:
    times = [datetime(2026, 1, 6, n // 3600, n // 60 % 60, n % 60) for n in range(0, 86400, 97)]
    path = workbook({"a": [("t",), *((time,) for time in times)]})
    texts = [row.cells["t"] for row in read_rows(path)]
    assert texts[1:] == [f"{time:%Y-%m-%d %H:%M:%S}" for time in times[1:]]


def test_a_bare_date_cell_has_precision_day(reading: Reading, workbook: Workbook) -> None:
    path = workbook({"a": [EVENTS, ("A1", "accepted", date(2026, 1, 6)),
                           ("A1", "decided", datetime(2026, 1, 7, 9))]})  # fmt: skip
    day, second = map(taken, reading("canonical", path))
    assert day.events[0].precision is Precision.DAY
    assert second.events[0].precision is Precision.SECOND


def test_titles_blank_rows_and_several_sheets(reading: Reading, workbook: Workbook) -> None:
    path = workbook(
        {
            "办件": [
                (),
                ("某市办件表",),
                ("制表：张三", None, "2026"),
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
    assert taken(answer[2]).events[0].type == "accepted"
    assert quarantined(answer[3]).refusal is Refusal.UNKNOWN_SHEET


def test_a_header_over_two_rows_is_filled_from_above(tmp_path: Path, reading: Reading) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "某市办件表")
        sheet.merge_range(2, 0, 3, 0, "办件编号")
        sheet.merge_range(2, 1, 2, 2, "时限")
        sheet.write_row(3, 1, ["承诺时限", "法定时限"])
        sheet.write_row(4, 0, ["A1", "7 工作日", "20个工作日"])
    (facts,) = reading("canonical", path)
    case = taken(facts).case
    assert case is not None
    assert case.fields == {"promised_limit": "7 working_days", "statutory_limit": "20 working_days"}
    assert facts.number == 5


def test_numbers_that_are_already_rounded_are_refused(reading: Reading, workbook: Workbook) -> None:
    path = workbook({"a": [("case_no", "note"), (430102201805010012, "x"), (123456789012345, "x")]})
    bad, good = reading("canonical", path)
    refused = quarantined(bad)
    assert (refused.refusal, refused.column, refused.number) == (
        Refusal.ROUNDED_NUMBER, "case_no", 2,
    )  # fmt: skip
    assert taken(good).case_no == "123456789012345"


def test_an_error_value_is_not_an_empty_cell(tmp_path: Path, reading: Reading) -> None:
    path = tmp_path / "errors.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("first").write_row(0, 0, ["case_no", "note"])
        sheet = book.add_worksheet("second")
        sheet.write_row(3, 2, [*EVENTS, "reason"])
        sheet.write_row(4, 2, ["A1", "accepted", "2026-01-06", "ok"])
        sheet.write_row(5, 2, ["A1", "decided", "2026-01-07"])
        sheet.write_formula(5, 5, "=VLOOKUP(1,A1:B2,2)", None, "#N/A")
        sheet.write_formula(6, 2, "=1/0", None, "#DIV/0!")
    good, bad, worse = reading("canonical", path)
    assert taken(good).case_no == "A1"
    refused = quarantined(bad)
    assert (refused.refusal, refused.column, refused.number, refused.sheet) == (
        Refusal.ERROR_CELL, "reason", 6, "second",
    )  # fmt: skip
    assert quarantined(worse).number == 7


def test_a_cell_outside_the_header_is_not_dropped(workbook: Workbook) -> None:
    path = workbook({"a": [("a", "b"), (1, 2, 3), (4,)]})
    bad, good = read_rows(path)
    assert quarantined(bad).refusal is Refusal.RAGGED
    assert quarantined(bad).column == "#3"
    assert good.cells == {"a": "4", "b": ""}


def test_no_sheet_fits(reading: Reading, workbook: Workbook) -> None:
    with pytest.raises(EffmonError, match=r"\[x\]: row 2: .*lacks: case_no"):
        reading("canonical", workbook({"x": [(), ("number", "name"), (1, 2)]}))
    with pytest.raises(EffmonError, match="no header"):
        reading("canonical", workbook({"x": []}))


# What an archive may not be. -----------------------------------------------------------------


def sheet_of(xml: bytes, **members: bytes) -> bytes:
    """A workbook of one sheet with this XML, as small as a reader takes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels",
            b'<Relationships><Relationship Id="r0" Type="http://schemas.openxmlformats.org/'
            b'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
            b"</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            b'<workbook xmlns:r="r"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            b"</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            b'<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/'
            b'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
            b"</Relationships>",
        )
        archive.writestr("xl/worksheets/sheet1.xml", xml)
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def cells(*places: str) -> bytes:
    inner = b"".join(
        b'<row r="%s"><c r="%s" t="inlineStr"><is><t>x</t></is></c></row>'
        % (place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").encode(), place.encode())
        for place in places
    )
    return b"<worksheet><sheetData>" + inner + b"</sheetData></worksheet>"


def test_the_small_workbook_of_these_tests_is_one(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet_of(cells("A1", "A2")))
    assert [row.cells for row in read_rows(path) if isinstance(row, Row)] == [{"x": "x"}]


def far_cell(xml: bytes) -> bytes:
    """A workbook of a cell and a row with these further ones."""
    row = b'<row r="2">' + xml + b"</row></sheetData>"
    return sheet_of(cells("A1").replace(b"</sheetData>", row))


def test_a_picture_may_hold_what_looks_like_a_broken_tag(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    picture = b'\x89PNG <c "<row \xff<c r=<'
    path.write_bytes(sheet_of(cells("A1", "A2"), **{"xl/media/image1.png": picture}))
    assert len(list(read_rows(path))) == 1


def lying_size() -> bytes:
    """A member of 300 MB that says it has 1000 bytes."""
    data = bytearray(sheet_of(cells("A1"), **{"xl/big.xml": b" " * 300_000_000}))
    at = data.rfind(b"xl/big.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    struct.pack_into("<I", data, at + 24, 1000)
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(sheet_of(cells("A1")))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def cut_off() -> bytes:
    data = bytearray(sheet_of(cells("A1")))
    at = data.find(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 20, 5)
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    "ratio": lambda: sheet_of(cells("A1"), **{"xl/big.xml": b" " * 3_000_000}),
    "many members": lambda: sheet_of(cells("A1"), **{f"x/{n}": b"" for n in range(2000)}),
    "wide and long": lambda: sheet_of(cells("A1", "XFD1048576")),
    "few cells far apart": lambda: sheet_of(cells("A1", "CV25000")),
    "wide and long, written oddly": lambda: sheet_of(
        cells("A1").replace(
            b"</sheetData>",
            b"<x:row r = '1048576' ><x:c t='>'\nr\n=\n'xfd1048576'/></x:row></sheetData>",
        )
    ),
    "wide without places": lambda: sheet_of(
        b"<worksheet><sheetData><row>"
        + b"<c/>" * 30
        + b'</row><row r="1048576"/></sheetData></worksheet>'
    ),
    "a list that claims its length": lambda: sheet_of(
        cells("A1"), **{"xl/sharedStrings.xml": b'<sst count="1" uniqueCount="199999999999"/>'}
    ),
    "a tag without end": lambda: sheet_of(
        b"<worksheet><sheetData><row r='1'><c " + b"ab" * 700_000 + b"r='XFD1048576'/>"
    ),
    "a place behind a sign in quotes": lambda: far_cell(b'<c s="<" r="XFD1048576"/>'),
    "a place behind both signs": lambda: far_cell(b'<c x=">" y="<" r="XFD1048576"/>'),
    "a place behind another one in quotes": lambda: far_cell(
        b"""<c x=" r='A1' " r="XFD1048576"/>"""
    ),
    "two places": lambda: far_cell(b'<c r="A2" r="XFD1048576"/>'),
    "two places, the far one first": lambda: far_cell(b'<c r="XFD1048576" r="A2"/>'),
    "places that are only text": lambda: far_cell(
        b'<c> r="A1"</c>' * 30 + b'</row><row r="1048576"><c/>'
    ),
    "lying size": lying_size,
    "encrypted": encrypted,
    "cut off": cut_off,
    "path outside": lambda: sheet_of(cells("A1"), **{"../evil": b"x"}),
    "absolute path": lambda: sheet_of(cells("A1"), **{"/etc/evil": b"x"}),
    "name twice": lambda: sheet_of(cells("A1"), **{"XL/workbook.xml": b"x"}),
    "no workbook": lambda: b"PK\x03\x04" + b"\0" * 100,
    "half a file": lambda: sheet_of(cells("A1"))[:-30],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Without a parser nothing but the guard can have refused it.
    monkeypatch.delattr("efficiency_monitor.intake.formats.xlsx_file.CalamineWorkbook")
    path = tmp_path / "x.xlsx"
    path.write_bytes(BOMBS[name]())
    with pytest.raises(EffmonError) as caught:
        list(read_rows(path, name="x.xlsx"))
    assert caught.value.message.startswith("x.xlsx")
    assert "\n" not in caught.value.message
    assert "cannot be read as" not in caught.value.message


def test_unpacking_stops_at_the_limit_whatever_the_archive_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_guard, "MOST_UNPACKED", 4000)
    noise = b"".join(struct.pack(">I", n * 2_654_435_761 % 2**32) for n in range(1500))
    data = bytearray(sheet_of(cells("A1"), **{"xl/noise.bin": noise}))
    struct.pack_into("<I", data, data.rfind(b"xl/noise.bin") - 46 + 24, 10)
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    with pytest.raises(EffmonError, match="too large"):
        list(read_rows(path))


def test_a_file_above_the_packed_size_is_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_guard, "MOST_PACKED", 10)
    path = tmp_path / "x.xlsx"
    path.write_bytes(sheet_of(cells("A1", "A2")))
    with pytest.raises(EffmonError, match="too large"):
        list(read_rows(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    at=st.lists(st.tuples(st.integers(4, 10_000), st.binary(min_size=1, max_size=4)), max_size=8)
)
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path: Path, workbook: Workbook, at: list[tuple[int, bytes]]
) -> None:
    data = bytearray(workbook({"a": [("case_no", "d"), ("A1", date(2026, 1, 6))]}).read_bytes())
    for place, junk in at:
        place %= len(data)
        data[max(place, 4) : max(place, 4) + len(junk)] = junk
    path = tmp_path / "damaged.xlsx"
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
