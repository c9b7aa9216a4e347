"""Files as they lie on a disk: packed, in several encodings, told apart, read piece by piece."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats import text_lines
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.mapping.facts import read_facts
from efficiency_monitor.intake.model.decide import RowFacts

from .conftest import Reading, Sheets, context, shipped
from .test_csv import taken

HEAD = ("case_no", "event", "occurred_at", "stage", "source_key")
EVENTS = [
    ("A1", "受理", "2026-01-06 10:00:00", "窗口", "k1"),
    ("A1", "办结", "2026-01-07", "", "k2"),
    ("㐂2", "accepted", "2026-01-08T09:30:00+08:00", "", "k3"),
]


def csv_text() -> str:
    return "\n".join(",".join(row) for row in [HEAD, *EVENTS]) + "\n"


def jsonl_text() -> str:
    return "".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in EVENTS)


def xes_text() -> str:
    def event(row: tuple[str, ...]) -> str:
        inside = "".join(f'<string key="{k}" value="{v}"/>' for k, v in zip(HEAD, row, strict=True))
        return f"<event>{inside}</event>"

    return f"<?xml version='1.0'?><log><trace>{''.join(map(event, EVENTS))}</trace></log>"


def keys(answer: list[RowFacts | Quarantined]) -> list[str]:
    return [event.key for one in answer for event in taken(one).events]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("text", [csv_text, jsonl_text, xes_text])
def test_the_same_events_from_every_text(
    reading: Reading, text: Callable[[], str], packed: bool
) -> None:
    expected = keys(reading("canonical", csv_text()))
    assert len(expected) == 3
    data = text().encode()
    assert keys(reading("canonical", gzip.compress(data) if packed else data, name="x")) == expected


def test_the_same_events_from_a_workbook(
    reading: Reading, workbook: Callable[[Sheets], Path], tmp_path: Path
) -> None:
    import xlwt

    expected = keys(reading("canonical", csv_text()))
    assert keys(reading("canonical", workbook({"a": [HEAD, *EVENTS]}))) == expected
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for row, values in enumerate([HEAD, *EVENTS]):
        for column, value in enumerate(values):
            sheet.write(row, column, value)
    path = tmp_path / "x.xls"
    book.save(str(path))
    assert keys(reading("canonical", path)) == expected


@pytest.mark.full
def test_the_same_events_from_parquet(reading: Reading, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "x.parquet"
    columns = dict(zip(HEAD, zip(*EVENTS, strict=True), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    expected = keys(reading("canonical", csv_text()))
    assert keys(reading("canonical", path, name="x.parquet")) == expected


@pytest.mark.parametrize("text", [csv_text, jsonl_text])
def test_a_cut_off_gzip_is_refused(tmp_path: Path, text: Callable[[], str]) -> None:
    path = tmp_path / "x.gz"
    whole = gzip.compress(text().encode())
    for data in (whole[:-4], whole[:-8] + b"\0" * 4 + whole[-4:], whole[:20]):
        path.write_bytes(data)
        with pytest.raises(EffmonError, match="cut off"):
            list(read_rows(path))


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"])
def test_a_packed_workbook_is_to_be_unpacked(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(start + b"\0" * 100))
    with pytest.raises(EffmonError, match="unpack it"):
        list(read_rows(path))


WESTERN = "case_no,item_name\nA1,Café – Ångström €\nA2,plain\n"


def names(path: Path, *encodings: str) -> list[str | Refusal]:
    rows = read_rows(path, **({"encodings": encodings} if encodings else {}))
    return [row.cells["item_name"] if isinstance(row, Row) else row.refusal for row in rows]


def test_a_western_encoding_is_read_where_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(WESTERN.encode("cp1252"))
    assert names(path, "utf-8", "cp1252") == ["Café – Ångström €", "plain"]
    assert names(path, "cp1252") == ["Café – Ångström €", "plain"]
    assert names(path, "utf-8") == [Refusal.UNDECODABLE, "plain"]
    assert names(path)[0] != "Café – Ångström €", "a Chinese feed is not guessed to be western"
    path.write_bytes(WESTERN.encode())
    assert names(path, "utf-8", "cp1252") == ["Café – Ångström €", "plain"]
    path.write_bytes(WESTERN.encode("utf-8-sig"))
    assert names(path, "cp1252") == ["Café – Ångström €", "plain"]


def test_a_byte_that_a_western_encoding_lacks_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"case_no,item_name\nA1,\x81\nA2,x\n")
    assert names(path, "utf-8", "cp1252") == [Refusal.UNDECODABLE, "x"]


@pytest.mark.parametrize("name", ["nonsense", "utf-16", "rot13", "zlib", "cp037", ""])
def test_what_is_no_encoding_of_tables_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(WESTERN, encoding="utf-8")
    with pytest.raises(EffmonError, match="no encoding"):
        names(path, "utf-8", name)


def test_the_encoding_is_found_out_across_the_pieces_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "_CHUNK", 3)
    path = tmp_path / "x.csv"
    text = "case_no,item_name\nA1,施工许可证核发\n"
    for encoding in ("utf-8", "gb18030"):
        path.write_bytes(text.encode(encoding))
        assert names(path) == ["施工许可证核发"], encoding
    path.write_bytes(text.encode() + b"A2,\xff\n")
    assert names(path) == ["施工许可证核发", Refusal.UNDECODABLE]


def test_line_ends_may_be_mixed_and_stand_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'title\rcase_no,item_name\rA1,"x\ry"\r\nA2,"x\r\ny"\nA3,z\r\r\nA4,w')
    rows = list(read_rows(path, layout=None))
    assert [row.cells["item_name"] for row in rows] == ["x\ry", "x\r\ny", "z", "w"]


def test_a_lone_return_outside_quotes_ends_a_row_and_neither_half_passes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(
        b"case_no,event,occurred_at\nA1,acc\repted,2026-01-06\nA2,accepted,2026-01-06\n"
    )
    answer = list(read_facts(path, shipped("canonical"), context()))
    assert [isinstance(one, RowFacts) for one in answer] == [False, False, True]


@pytest.mark.parametrize("packed", [False, True])
def test_pieces_told_of_add_up_to_the_file(
    tmp_path: Path, packed: bool, workbook: Callable[[Sheets], Path]
) -> None:
    body = "case_no,n\n" + "".join(f"A{n},{n * 7919 % 10007}\n" for n in range(200_000))
    path = tmp_path / "x.csv"
    path.write_bytes(gzip.compress(body.encode()) if packed else body.encode())
    for each in (path, workbook({"a": [("case_no", "n"), ("A1", 1)]})):
        told: list[int] = []
        seen: list[int] = []
        for _ in read_rows(each, bytes_read=told.append):
            seen.append(sum(told))
        assert sum(told) == each.stat().st_size
        assert all(step > 0 for step in told)
    told.clear()
    rows = read_rows(path, bytes_read=told.append)
    next(rows)
    assert 0 < sum(told) < path.stat().st_size, "not all of it is read before the first row"


@pytest.mark.parametrize(
    "start", [b"<html>", b"<!DOCTYPE html>", b"\xef\xbb\xbf\r\n<TABLE>", b"\xff\xfe<\0"]
)
def test_a_page_is_no_table(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(start + b"<tr></tr>")
    with pytest.raises(EffmonError, match=r"web page|UTF-16") as caught:
        list(read_rows(path))
    assert "JSON Lines" in (caught.value.hint or "")
