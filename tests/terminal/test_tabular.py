"""Lists as files: no formula, nothing half written, nothing overwritten unasked."""

import csv
import json
import re
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from efficiency_monitor.documents import tabular
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.documents.tabular import TableKind, put_in_place, write_table
from efficiency_monitor.documents.text_safety import safe, safe_cell
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import set_language

from .hostile import NASTY, storable
from .samples import CARD_COLUMNS, cards
from .test_text_safety import FORMULAS

TEXT = (Column("text", "文字"), Column("number", "数"))


def sheet(path: Path) -> list[list[Any]]:
    """The cells of the first sheet, as another program reads them."""
    book = CalamineWorkbook.from_path(str(path))
    return [list(row) for row in book.get_sheet_by_index(0).to_python()]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def sheet_xml(path: Path) -> str:
    with zipfile.ZipFile(path) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "cards.xlsx"
    texts = (*FORMULAS, *NASTY)
    rows = [{"text": text, "number": 1} for text in texts]
    assert write_table(path, rows, TEXT, TableKind.XLSX) == len(rows)
    xml = sheet_xml(path)
    assert "<f" not in re.sub(r"<f(onts|ills)", "", xml)
    assert "hyperlink" not in xml
    book = CalamineWorkbook.from_path(str(path))
    # Only white space at the ends is the reader's own affair.
    read = [row[0] for row in sheet(path)[1:]]
    assert [str(cell).strip() for cell in read] == [safe(text).strip() for text in texts]
    assert book.sheet_names == ["Sheet1"]


def test_a_formula_that_is_edited_stays_a_text(tmp_path: Path) -> None:
    """quotePrefix, as if the user had typed an apostrophe that is not part of the text."""
    path = tmp_path / "a.xlsx"
    write_table(path, [{"text": "=1+1"}, {"text": "甲"}], TEXT, TableKind.XLSX)
    styles = dict(re.findall(r'<c r="(A\d)" (?:s="(\d)" )?t="', sheet_xml(path)))
    with zipfile.ZipFile(path) as book:
        formats = book.read("xl/styles.xml").decode().split("<cellXfs")[1].split("<xf ")[1:]
    assert 'quotePrefix="1"' in formats[int(styles["A2"])]
    assert styles["A3"] == ""


def test_a_workbook_is_ready_to_read(tmp_path: Path) -> None:
    path = tmp_path / "cards.xlsx"
    write_table(path, cards(3), CARD_COLUMNS, TableKind.XLSX)
    heading, *lines = sheet(path)
    assert heading == [column.title for column in CARD_COLUMNS]
    assert lines[2][1] == "红牌"
    # Times are text: another time zone or locale of the reader cannot change them.
    assert lines[0][7] == "2026-03-30 23:59:59"
    xml = sheet_xml(path)
    assert '<autoFilter ref="A1:I4"/>' in xml
    assert 'state="frozen"' in xml


def test_numbers_are_numbers_as_far_as_a_sheet_can_hold_them(tmp_path: Path) -> None:
    path = tmp_path / "n.xlsx"
    rows = [{"number": 7}, {"number": 2**60}, {"number": True}, {"number": "007"}]
    write_table(path, rows, TEXT, TableKind.XLSX)
    assert [row[1] for row in sheet(path)[1:]] == [7, str(2**60), "是", "007"]


def test_the_same_list_is_the_same_file(tmp_path: Path) -> None:
    one, two = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    for path in (one, two):
        write_table(path, cards(5), CARD_COLUMNS, TableKind.XLSX)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as book:
        assert set(re.findall(r"\d{4}-\d\d-\d\dT", book.read("docProps/core.xml").decode())) == {
            "1980-01-01T"
        }


def test_a_text_too_long_for_a_cell_says_so(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    write_table(path, [{"text": "字" * 40_000}], TEXT, TableKind.XLSX)
    cell = sheet(path)[1][0]
    assert cell.startswith("字" * 10_000)
    assert cell.endswith("全文见 JSON）")


def test_a_list_too_long_for_a_sheet_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "SHEET_ROWS_MAX", 3)
    write_table(tmp_path / "three.xlsx", cards(3), CARD_COLUMNS, TableKind.XLSX)
    with pytest.raises(ConfigurationError, match="3 行") as caught:
        write_table(tmp_path / "four.xlsx", cards(4), CARD_COLUMNS, TableKind.XLSX)
    assert "CSV" in caught.value.hint
    assert names_in(tmp_path) == ["three.xlsx"]


def test_csv_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "cards.csv"
    set_language("en")
    write_table(path, cards(3), CARD_COLUMNS, TableKind.CSV)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    heading, *lines = csv.reader(data.decode("utf-8-sig").splitlines())
    assert heading == [column.title for column in CARD_COLUMNS]
    assert lines[2][1] == "red"
    assert data.count(b"\r\n") == 4


def test_csv_disarms_formulas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_table(path, [{"text": text} for text in FORMULAS], TEXT, TableKind.CSV)
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [line[0] for line in csv.reader(file)][1:]
    assert cells == [safe_cell(text) for text in FORMULAS]
    assert all(cell.startswith("'") for cell in cells)


@given(st.lists(st.dictionaries(storable, storable, max_size=3), max_size=4))
def test_json_lines_keep_the_data(rows: list[dict[str, str]]) -> None:
    lines = [tabular.json_text(row) for row in rows]
    assert [json.loads(line) for line in lines] == rows
    assert not any("\n" in line for line in lines)


def test_json_lines_file(tmp_path: Path) -> None:
    path = tmp_path / "cards.jsonl"
    assert write_table(path, cards(3), CARD_COLUMNS, TableKind.JSONL) == 3
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == cards(3)


# The file's place.


@pytest.mark.parametrize("kind", TableKind)
def test_what_is_there_stays(tmp_path: Path, kind: TableKind) -> None:
    path = tmp_path / "x"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="已存在") as caught:
        write_table(path, cards(1), CARD_COLUMNS, kind)
    assert "--overwrite" in caught.value.hint
    assert path.read_text() == "mine"
    write_table(path, cards(1), CARD_COLUMNS, kind, overwrite=True)
    assert path.read_bytes() != b"mine"
    assert names_in(tmp_path) == ["x"]


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link.csv"
    link.symlink_to(target)
    with pytest.raises(ConfigurationError, match="已存在"):
        write_table(link, cards(1), CARD_COLUMNS, TableKind.CSV)
    target.write_text("mine")
    write_table(link, cards(1), CARD_COLUMNS, TableKind.CSV, overwrite=True)
    assert target.read_text() == "mine"
    assert not link.is_symlink()


class Torn(Exception):
    """The source of the rows failed."""


@pytest.mark.parametrize("kind", TableKind)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_list_that_breaks_off_leaves_no_file(
    tmp_path: Path, kind: TableKind, *, overwrite: bool
) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield cards(1)[0]
        raise Torn

    if overwrite:
        (tmp_path / "x").write_text("mine")
    with pytest.raises(Torn):
        write_table(tmp_path / "x", broken(), CARD_COLUMNS, kind, overwrite=overwrite)
    assert [path.read_text() for path in tmp_path.iterdir()] == (["mine"] if overwrite else [])


def test_whoever_comes_first_keeps_the_name(tmp_path: Path) -> None:
    """Two exports to one name at once: the second is told, and the first one's file stands."""
    path = tmp_path / "x.csv"

    def slow() -> Iterator[dict[str, Any]]:
        yield from cards(1)
        path.write_text("the other's")

    with pytest.raises(ConfigurationError, match="已存在"):
        write_table(path, slow(), CARD_COLUMNS, TableKind.CSV)
    assert path.read_text() == "the other's"


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    write_table(tmp_path / "x.jsonl", cards(2), CARD_COLUMNS, TableKind.JSONL)
    assert len((tmp_path / "x.jsonl").read_text("utf-8").splitlines()) == 2
    assert names_in(tmp_path) == ["x.jsonl"]


@pytest.mark.parametrize("place", ["none/x.csv", "file/x.csv", "x" * 300 + ".csv"])
def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="无法写入"):
        write_table(tmp_path / place, cards(1), CARD_COLUMNS, TableKind.CSV)


def test_what_cannot_be_written_whole_takes_no_name(tmp_path: Path) -> None:
    """Keys, slips and rules are written so too: a part of one would bar its name."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with (
            pytest.raises(ConfigurationError, match="无法写入") as raised,
            put_in_place(tmp_path / "x", overwrite=False, hint="另选") as file,
        ):
            file.write(b"x" * 101)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names_in(tmp_path) == []
    assert "另选" not in raised.value.hint, "it is not taken"
    (tmp_path / "x").write_text("mine")
    with (
        pytest.raises(ConfigurationError, match="不会覆盖") as raised,
        put_in_place(tmp_path / "x", overwrite=False, hint="另选"),
    ):
        pass
    assert raised.value.hint == "另选"
    assert (tmp_path / "x").read_text() == "mine"


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(ConfigurationError, match="无法写入"):
        write_table(tmp_path / "x", cards(1), CARD_COLUMNS, TableKind.CSV, overwrite=True)
    assert names_in(tmp_path) == ["x"]
