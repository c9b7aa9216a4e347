"""Whole files from a real HTTP server, in every format and encoding."""

import gzip
import importlib
import io
import json
from collections.abc import Callable

import pytest
import xlsxwriter
import xlwt
from pytest_httpserver import HTTPServer

from tests.feeds.conftest import Office, accepted, http

NUMBERS = [f"C{n:02}" for n in range(7)]
EVENTS = [accepted(number, minute) for minute, number in enumerate(NUMBERS)]
Serve = Callable[..., None]
PAGED = 'rows = "data.rows"\npage = {param = "page"}'


def csv_file() -> bytes:
    lines = ["案件,案件,案件", ",".join(EVENTS[0]), *(",".join(row.values()) for row in EVENTS)]
    return "\n".join(lines[1:]).encode()


def xlsx_file() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([list(EVENTS[0]), *(list(r.values()) for r in EVENTS)]):
            sheet.write_row(place, 0, row)
    return made.getvalue()


def xls_file() -> bytes:
    made = io.BytesIO()
    book = xlwt.Workbook()
    sheet = book.add_sheet("events")
    for place, row in enumerate([list(EVENTS[0]), *(list(r.values()) for r in EVENTS)]):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    book.save(made)
    return made.getvalue()


def xes_file() -> bytes:
    events = (
        "".join(f'<string key="{name}" value="{cell}"/>' for name, cell in row.items())
        for row in EVENTS
    )
    traces = "".join(f"<trace><event>{event}</event></trace>" for event in events)
    return f'<?xml version="1.0"?><log>{traces}</log>'.encode()


def jsonl_file() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in EVENTS).encode()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("csv", csv_file()),
        ("csv", gzip.compress(csv_file())),
        ("jsonl", jsonl_file()),
        ("xlsx", xlsx_file()),
        ("xlsx", xls_file()),
        ("xes", xes_file()),
        ("xes", gzip.compress(xes_file(), mtime=0)),
    ],
    ids=["csv", "csv.gz", "jsonl", "xlsx", "xls", "xes", "xes.gz"],
)
def test_whole_files_are_pulled(
    office: Office, httpserver: HTTPServer, kind: str, content: bytes
) -> None:
    httpserver.expect_request("/events").respond_with_data(content)
    office.configure(http(httpserver, f'format = "{kind}"'))
    assert office.pull().document["read"] == 7
    assert office.case_nos() == NUMBERS
    assert office.pull().document["unchanged"] == 7


@pytest.mark.full
def test_a_whole_parquet_file_is_pulled(office: Office, httpserver: HTTPServer) -> None:
    parquet = importlib.import_module("pyarrow.parquet")
    table = importlib.import_module("pyarrow").Table.from_pylist(EVENTS)
    made = io.BytesIO()
    parquet.write_table(table, made)
    httpserver.expect_request("/events").respond_with_data(made.getvalue())
    office.configure(http(httpserver, 'format = "parquet"'))
    assert office.pull().document["read"] == 7
    assert office.case_nos() == NUMBERS
    assert office.pull().document["unchanged"] == 7


def test_a_file_in_the_sources_encoding(office: Office, httpserver: HTTPServer) -> None:
    text = "case_no,event,occurred_at,reason\nA,accepted,2026-03-02 09:00,café\n"
    httpserver.expect_request("/events").respond_with_data(text.encode("cp1252"))
    office.configure(http(httpserver, 'format = "csv"', source='encoding = "cp1252"'))
    office.pull()
    assert office.world.tuples("SELECT reason FROM event") == [("café",)]


def test_a_packed_answer_is_unpacked(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/events").respond_with_data(
        gzip.compress(json.dumps(EVENTS).encode()),
        headers={"Content-Encoding": "gzip"},
        content_type="application/json",
    )
    office.configure(http(httpserver))
    assert office.pull().document["read"] == 7
