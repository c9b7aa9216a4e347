"""CSV in the encodings, delimiters and states of damage in which it comes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.i18n.messages import speaking
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row, say_refusal
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.mapping.facts import read_facts
from efficiency_monitor.intake.model.decide import RowFacts

from .conftest import Reading, Store, context, shipped

CASES = (
    "case_no,item_name,department,applicant\n"
    "A1,食品经营许可,市场监管局,㐂三\n"
    "A2,施工许可,住建局,李四\n"
)


def quarantined(one: object) -> Quarantined:
    assert isinstance(one, Quarantined)
    return one


def taken(one: object) -> RowFacts:
    assert isinstance(one, RowFacts)
    return one


def read(tmp_path: Path, data: bytes) -> list[Row | Quarantined]:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    return list(read_rows(path, name="x.csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_same_rows_in_every_dress(
    reading: Reading, encoding: str, delimiter: str, end: str
) -> None:
    text = CASES.replace(",", delimiter).replace("\n", end)
    first, second = map(taken, reading("canonical", text.encode(encoding)))
    assert first.case is not None
    assert first.case.fields == {
        "item_name": "食品经营许可",
        "department": "市场监管局",
        "applicant": "㐂三",
    }
    assert (first.number, second.number, second.case_no) == (2, 3, "A2")


def test_one_broken_byte_does_not_turn_utf8_into_other_characters(reading: Reading) -> None:
    data = CASES.encode() + "A3,工程".encode()[:-1] + ",住建局,王五\n".encode()
    *good, bad = reading("canonical", data)
    assert [taken(one).cells["department"] for one in good] == ["市场监管局", "住建局"]
    refused = quarantined(bad)
    assert (refused.refusal, refused.number, refused.column) == (
        Refusal.UNDECODABLE, 4, "item_name",
    )  # fmt: skip
    assert not any("\ud800" <= char <= "\udfff" for char in repr(refused.cells))


def test_bad_bytes_in_gb18030_cost_one_row(reading: Reading) -> None:
    data = CASES.encode("gb18030") + b"A3,\x81,x,y\nA4,a,b,c\n"
    answer = reading("canonical", data)
    assert [one.number for one in answer] == [2, 3, 4, 5]
    assert quarantined(answer[2]).refusal is Refusal.UNDECODABLE
    assert taken(answer[3]).case_no == "A4"


def test_a_quoted_cell_may_hold_lines_delimiters_and_quotes(tmp_path: Path) -> None:
    rows = read(tmp_path, b'a,b\n1,"x\ny, ""z"""\n2,w\n')
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].cells == {"a": "1", "b": 'x\ny, "z"'}


def test_a_blank_before_a_quote_is_no_text(tmp_path: Path) -> None:
    (row,) = read(tmp_path, b'a, b\n1, "x, y"\n')
    assert isinstance(row, Row)
    assert row.cells == {"a": "1", "b": "x, y"}


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    lines = [f"{n},ok" for n in range(2000)]
    lines[3] = '3,"never closed'
    answer = read(tmp_path, ("a,b\n" + "\n".join(lines) + "\n").encode())
    bad = [one for one in answer if isinstance(one, Quarantined)]
    assert [(one.number, one.refusal) for one in bad] == [(5, Refusal.UNCLOSED_QUOTE)]
    assert len(answer) == 2000


@pytest.mark.parametrize(
    ("line", "refusal", "column"),
    [
        ('1,"x"y,3', Refusal.BAD_QUOTES, ""),
        ("1,x", Refusal.RAGGED, ""),
        ("1,x,3,4", Refusal.RAGGED, "#4"),
        ("1,a\0b,3", Refusal.NUL, "b"),
        (f"1,{'x' * 140_000},3", Refusal.OVER_LONG, ""),
        (f"1,{'x' * 2_500_000},3", Refusal.OVER_LONG, ""),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(
    tmp_path: Path, line: str, refusal: Refusal, column: str
) -> None:
    first, bad, last = read(tmp_path, f"a,b,c\n0,x,y\n{line}\n2,x,y\n".encode())
    refused = quarantined(bad)
    assert (refused.refusal, refused.number, refused.column) == (refusal, 3, column)
    assert refused.where.startswith("x.csv")
    assert (first.number, last.number) == (2, 4)
    assert last.cells["a"] == "2"


def test_trailing_empty_cells_and_blank_rows_are_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, b"a,b,\n1,2,,\n\n,,\n3,4,\n")
    assert [(row.number, dict(row.cells)) for row in rows] == [
        (2, {"a": "1", "b": "2"}),
        (5, {"a": "3", "b": "4"}),
    ]


def test_title_rows_stand_above_the_header(reading: Reading) -> None:
    text = f"某市办件明细表,,,\n制表单位：政务服务局,,日期：2026-01-06,\n{CASES}"
    answer = reading("canonical", text)
    assert [(one.number, taken(one).case_no) for one in answer] == [(4, "A1"), (5, "A2")]


def test_text_that_looks_like_a_formula_stays_text(reading: Reading) -> None:
    (facts,) = reading("canonical", "case_no,item_name\nA1,\"=cmd|'/C calc'!A0\"\n")
    assert facts.cells["item_name"] == "=cmd|'/C calc'!A0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "no header"),
        (b"case_no,note,Note \nA1,x,y\n", "columns 2 and 3"),
        (b"number,name\n1,x\n", "lacks"),
        (b"case_no,event\nA1,accepted\n", "occurred_at"),
        (b"case_no,\xb0\xec\xbc\xfe\xb1\xe0\xba\xc5\nA1,A1\n", "are the same"),
        ("case_no,a\nA1,x\n".encode("utf-16"), "UTF-16"),
        (b"<html><table><tr><td>case_no</td></tr></table>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "XLS"),
        (b"PK\x03\x04 and nothing more", "XLSX"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(
    reading: Reading, content: bytes, said: str
) -> None:
    with pytest.raises(EffmonError) as caught:
        reading("canonical", content)
    assert said in caught.value.message
    assert caught.value.message.startswith("cases.csv")
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_path_that_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(EffmonError, match=r"no such file|no regular file"):
        list(read_rows(tmp_path / name))


def test_every_reason_is_said_in_both_languages() -> None:
    for refusal in Refusal:
        with speaking("zh"):
            zh = say_refusal(refusal, "X")
        with speaking("en"):
            en = say_refusal(refusal, "X")
        assert zh != en
        assert "{" not in zh + en
    assert say_refusal("of-a-newer-version") == "of-a-newer-version"


def totals(path: Path, mapping: str) -> int | None:
    """How many rows were read, None if the file was refused; twice, and nothing is lost."""
    refused: EffmonError | None = None
    try:
        answer = list(read_facts(path, shipped(mapping), context(), name="x"))
    except EffmonError as fault:
        refused = fault
    if refused is not None:
        assert "\n" not in refused.message
        return None
    store = Store()
    counts, decisions = store.take(answer)
    assert counts.read == len(answer)
    assert counts.imported + counts.unchanged + counts.quarantined == counts.read
    before = dict(store.cases)
    again, _ = store.take(answer)
    assert again.imported == 0
    assert again.quarantined == counts.quarantined
    assert store.cases == before
    for one in answer:
        if isinstance(one, Quarantined):
            assert one.message
            repr(one.cells).encode()
    assert len(decisions) + sum(isinstance(one, Quarantined) for one in answer) == counts.read
    return counts.read


HEADERS = st.sampled_from(
    ["case_no,event,occurred_at,actor,source_key\n", "case_no,item_kind,promised_limit\n", ""]
)
WORDS = st.sampled_from(
    ["A1", "A2", "accepted", "办结", "2026-01-06", "2026-01-06 10:00",
     '"', '""', ",", "\n", "\r\n",
     ";", "\t", "\0", "7 working_days", "promised", "承诺件", "", "k1", "k2",
     "\ufeff", "2026-02-30"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(header=HEADERS, body=st.binary(max_size=200))
@example(header="", body=b"\xff\xfe\x00")
@example(header="case_no\n", body=b'"\x00')
def test_arbitrary_bytes_are_read_or_refused(tmp_path: Path, header: str, body: bytes) -> None:
    path = tmp_path / "garbage.csv"
    path.write_bytes(header.encode() + body)
    totals(path, "canonical")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    header=HEADERS,
    words=st.lists(WORDS, max_size=60),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
)
def test_arbitrary_rows_add_up_and_a_second_import_changes_nothing(
    tmp_path: Path, header: str, words: list[str], encoding: str
) -> None:
    path = tmp_path / "garbage.csv"
    path.write_bytes((header + ",".join(words).replace(",\n,", "\n")).encode(encoding))
    totals(path, "canonical")
