"""`mappings check`: what a file becomes, said before anything is imported."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from .command import ROOT, effmon, on_terminal
from .test_mapping_feeds import FEED, SAMPLES, Feed, new_workspace

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
BLOCK = SAMPLES / "ten-message/5.csv"


def checked(mapping: str, path: Path, *more: str) -> Any:
    return effmon("mappings", "check", mapping, path, "-o", "json", *more).well().json


@FEED
def test_a_check_foretells_the_import(feed: Feed, tmp_path: Path) -> None:
    place = new_workspace(feed, tmp_path / "ws")
    for path in feed.paths:
        found = checked(feed.mapping, path)
        assert found["read"] == found["taken"] + found["quarantined"]
        assert found["read"] == sum(table["rows"] for table in found["tables"])
        assert found["quarantined"] == sum(table["quarantined"] for table in found["tables"])
        assert found["quarantined"] == sum(reason["rows"] for reason in found["reasons"])
        ran = effmon("-C", place, "import", path, "-m", feed.mapping, "-o", "json").well().json
        assert (found["read"], found["quarantined"]) == (ran["read"], ran["quarantined"])
        listed = effmon("-C", place, "quarantine", "list", "-o", "json").well().json
        refused = {(row["row"], row["code"]) for row in listed if row["file"] == path.name}
        assert {(reason["first"], reason["code"]) for reason in found["reasons"]} == refused


def test_it_needs_no_workspace_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shutil.copy(BLOCK, tmp_path / "data.csv")
    ran = effmon("mappings", "check", "ten-message", "data.csv", folder=tmp_path).well()
    assert "nothing was written" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_it_writes_nothing_into_a_workspace_either(empty: Path) -> None:
    before = {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()}
    effmon("-C", empty, "mappings", "check", "ten-message", BLOCK).well()
    assert {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()} == before


def test_what_becomes_of_columns_and_rows() -> None:
    found = checked("ten-message", BLOCK)
    (table,) = found["tables"]
    assert (table["table"], table["sheet"], table["rows"]) == ("5 特别程序申请", None, 3)
    uses = {use["column"]: (use["use"], use["becomes"]) for use in table["columns"]}
    assert uses["SBLSH"] == ("used", ["case_no"])
    assert uses["SJBBH"] == ("used", ["version"])
    assert uses["TBCXPZR"] == ("used", ["special.approver", "condition"])
    assert uses["TBCXSXDW"] == ("used", ["special.amount"])
    assert uses["BZ"] == ("unknown", [])
    assert found["rows"][0] == {
        "row": 2,
        "sheet": None,
        "table": "5 特别程序申请",
        "subject": "M-PAUSED",
        "what": "suspended",
        "at": "2024-03-05T09:00:00+08:00",
        "detail": {
            "kind": "hearing",
            "amount": "10 working_days",
            "reason": "申请人要求",
            "approver": "李**",
        },
    }
    assert [(row["what"], row["subject"], row["row"]) for row in found["rows"][1:]] == [
        ("quarantined", "M-FAULT", 3),
        ("quarantined", "M-FAULT", 4),
    ]
    assert found["reasons"][0] == {
        "code": "unknown_code",
        "column": "TBCXZL",
        "message": "unknown code 听…证 (2 characters)",
        "sheet": None,
        "first": 3,
        "rows": 1,
    }


def test_columns_that_are_ignored_missing_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("case_no,promised_due,colour\nA1,2024-03-11 17:00,red\n", encoding="utf-8")
    found = checked("canonical", path)
    (table,) = found["tables"]
    uses = {use["column"]: use["use"] for use in table["columns"]}
    assert (uses["colour"], uses["case_no"], uses["department"]) == ("kept", "used", "missing")
    # A due time is told in the zone of the case, whatever the file's spelling.
    assert found["rows"][0]["detail"] == {
        "promised_due": "2024-03-11T17:00:00+08:00",
        "colour": "red",
    }
    accept = checked("up-pro", SAMPLES / "up-pro/up_pro_accept.csv")["tables"][0]
    ignored = {use["column"] for use in accept["columns"] if use["use"] == "ignored"}
    assert ignored == {"applyer_page_code", "org_code"}


def test_a_workbook_and_a_file_of_messages_have_several_tables() -> None:
    book = checked("gbt39046", SAMPLES / "gbt39046/办件.xlsx")
    assert [table["sheet"] for table in book["tables"]] == [
        "申请", "受理", "办理", "特别程序", "办结",
    ]  # fmt: skip
    messages = checked("ten-message", SAMPLES / "ten-message/messages.jsonl", "--rows", "1")
    assert [table["table"][0] for table in messages["tables"]] == [*"0123456789"]
    # One row of each table, a case and an event of two of them.
    assert [row["what"] for row in messages["rows"]].count("case") == 2
    assert {row["row"] for row in messages["rows"]} == {1, 10, 12, 21, 24, 33, 36, 38, 39, 40}


def test_items_and_deleted_rows() -> None:
    items = checked("up-pro", SAMPLES / "up-pro/up_task_general_basic.csv")
    assert {reason["code"] for reason in items["reasons"]} == {"unknown_unit"}
    city = str(SAMPLES / "up-pro/city.yaml")
    first = checked(city, SAMPLES / "up-pro/up_task_general_basic.csv")["rows"][0]
    assert (first["what"], first["subject"]) == ("item", "T-100")
    assert first["detail"]["promised_limit"] == "5 working_days"
    assert first["detail"]["item_version"] == "1"
    rows = checked(city, SAMPLES / "up-pro/up_pro_accept.csv")["rows"]
    assert [row["row"] for row in rows if row["what"] == "deleted"] == [8]


def test_rows_tells_how_many_and_the_whole_file_is_counted() -> None:
    found = checked("ten-message", BLOCK, "--rows", "0")
    assert (found["rows"], found["read"], found["quarantined"]) == ([], 3, 2)
    assert effmon("mappings", "check", "ten-message", BLOCK, "--rows", "-1").code == 2


def test_strict_ends_with_3_where_a_row_is_refused() -> None:
    asked = ("mappings", "check", "ten-message")
    effmon(*asked, BLOCK).well(0)
    effmon(*asked, BLOCK, "--strict").well(3)
    effmon(*asked, SAMPLES / "ten-message/0.csv", "--strict").well(0)


def test_faults_are_one_line_with_a_way_to_mend_them(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("colour,size\nred,3\n", encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: mine\ntitle: {zh: 我, en: me}\nextends: nothing\n", encoding="utf-8")
    for asked, code, said in (
        (("nowhere", BLOCK), 2, "no mapping 'nowhere'"),
        (("ten-message", tmp_path / "none.csv"), 2, "no such file"),
        (("ten-message", foreign), 2, "lacks: SBLSH"),
        ((broken, BLOCK), 3, f"{broken}:3:10"),
    ):
        ran = effmon("mappings", "check", *asked).well(code)
        assert said in ran.err.splitlines()[0]
        assert ran.err.splitlines()[1].startswith("hint: ")
        assert (ran.out, len(ran.err.splitlines())) == ("", 2)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "would be quarantined"), ("zh", "将被隔离")]
)
@pytest.mark.parametrize("feed", ["up-pro/up_pro_accept.csv", "ten-message/5.csv"])
def test_it_fits_a_narrow_terminal_in_both_languages(feed: str, language: str, words: str) -> None:
    asked = ("mappings", "check", feed.split("/")[0], SAMPLES / feed)
    ran = on_terminal(*asked, width=60, NO_COLOR="1", EFFMON_LANG=language).well()
    shown = ESCAPES.sub("", ran.out).replace("\r", "\n").splitlines()
    tables = [line for line in shown if not line.startswith(("reading", "读取", "read "))]
    assert max(map(cell_len, tables)) <= 60
    assert words in ran.out


def test_a_pipe_gets_lines_that_are_never_cut() -> None:
    ran = effmon("mappings", "check", "up-pro", SAMPLES / "up-pro/up_pro_accept.csv").well()
    tables, columns, rows, reasons = ran.out.split("\n\n")
    assert tables.splitlines()[0] == "Table\tRows\tQuarantined"
    assert columns.splitlines()[0] == "Table\tColumn\tUse\tBecomes"
    assert "up_pro_accept\tpromise_date\tused\tpromised_due" in columns.splitlines()
    assert "Promised for: 2024-03-11 17:00:00" in rows
    assert reasons.splitlines()[1] == "11\t1\tproject_type\tunknown code 4 (1 character)"


def test_the_machine_forms_hold_the_rows() -> None:
    asked = ("mappings", "check", "ten-message", BLOCK, "-o")
    assert effmon(*asked, "jsonl").well().lines == checked("ten-message", BLOCK)["rows"]
    rows = effmon(*asked, "csv").well().rows
    assert [(row["row"], row["what"]) for row in rows] == [
        ("2", "suspended"), ("3", "quarantined"), ("4", "quarantined"),
    ]  # fmt: skip


def test_every_mapping_of_the_catalogue_is_listed_with_its_tables() -> None:
    listed = {
        entry["id"]: entry["tables"] for entry in effmon("mappings", "list", "-o", "json").json
    }
    names = {path.stem for path in (ROOT / "rules/mappings").glob("*.yaml")}
    assert set(listed) == names
    assert len(listed["ten-message"]) == 10
