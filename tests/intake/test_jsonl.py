"""JSON Lines: objects with names of their own, inner ones flattened, numbers to the last digit."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats.headers import trimmed
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.formats.text_lines import MOST_CHARACTERS
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import Reading
from .test_csv import quarantined, taken

Lines = Callable[[str | bytes], list[Row | Quarantined]]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    def read(content: str | bytes) -> list[Row | Quarantined]:
        path = tmp_path / "x.jsonl"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_rows(path, name="x.jsonl"))

    return read


def cells(one: Row | Quarantined) -> dict[str, str]:
    assert isinstance(one, Row), one
    return dict(one.cells)


def test_inner_objects_get_dots_and_lists_stay_json(lines: Lines) -> None:
    (row,) = lines(
        '{"办件编号": " A1 ", "accept": {"time": "2026-01-06", "by": {"name": "张三"}}, '
        '"steps": [1.50, "一", true, null, {"a": [2]}], "none": null, "no": {}, "empty": []}'
    )
    assert cells(row) == {
        "办件编号": "A1",
        "accept.time": "2026-01-06",
        "accept.by.name": "张三",
        "steps": '[1.50,"一",true,null,{"a":[2]}]',
        "none": "",
        "empty": "[]",
    }


@pytest.mark.parametrize(
    "number", ["1.50", "0.1000000000000000055511151231257827", "430102201805010012345678", "-0",
               "1e3", "9" * 5000]
)  # fmt: skip
def test_numbers_are_as_written(lines: Lines, number: str) -> None:
    (row,) = lines(f'{{"n": {number}, "list": [{number}]}}')
    assert cells(row) == {"n": number, "list": f"[{number}]"}


def test_true_and_false_are_words(lines: Lines) -> None:
    (row,) = lines('{"a": true, "b": false}')
    assert cells(row) == {"a": "true", "b": "false"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_same_rows_in_every_dress(reading: Reading, encoding: str, end: str) -> None:
    text = (
        '{"case_no": "A1", "item_name": "食品经营许可"}\n\n{"case_no": "A2", "item_name": "㐂"}\n'
    )
    answer = reading("canonical", text.replace("\n", end).encode(encoding), name="x.jsonl")
    assert [(one.number, taken(one).case_no, one.cells["item_name"]) for one in answer] == [
        (1, "A1", "食品经营许可"), (3, "A2", "㐂"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "refusal", "value"),
    [
        ('{"a": 1', Refusal.BAD_JSON, '{"a": 1'),
        ('{"a": 1} {"a": 2}', Refusal.BAD_JSON, '{"a": 1} {"a": 2}'),
        ('["a"]', Refusal.BAD_JSON, '["a"]'),
        ("17", Refusal.BAD_JSON, "17"),
        ('{"a": 01}', Refusal.BAD_JSON, '{"a": 01}'),
        ("{'a': 1}", Refusal.BAD_JSON, "{'a': 1}"),
        ('{"": 1}', Refusal.BAD_JSON, ""),
        ('{"a": 1, "a": 1}', Refusal.KEY_TWICE, "a"),
        ('{"x": {"a": 1, "a": 2}}', Refusal.KEY_TWICE, "a"),
        ('{"a.b": 1, "a": {"b": 1}}', Refusal.KEY_TWICE, "a.b"),
        ('{"a": 1, " a": 1}', Refusal.KEY_TWICE, "a"),
        ('{"a": NaN}', Refusal.NO_NUMBER, "NaN"),
        ('{"a": [-Infinity]}', Refusal.NO_NUMBER, "-Infinity"),
        ('{"a":' * 65 + "1" + "}" * 65, Refusal.TOO_DEEP, ""),
        ('{"a":' + "[" * 65 + "]" * 65 + "}", Refusal.TOO_DEEP, ""),
        ('{"a":' + "[" * 400_000, Refusal.TOO_DEEP, ""),
        ('{"a": "x\\u0000"}', Refusal.NUL, ""),
        ('{"a": "\\ud800"}', Refusal.UNDECODABLE, ""),
        (json.dumps({f"k{n}": 1 for n in range(2001)}), Refusal.OVER_LONG, ""),
        ('{"a": "%s"}' % ("x" * MOST_CHARACTERS), Refusal.OVER_LONG, None),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(
    lines: Lines, line: str, refusal: Refusal, value: str | None
) -> None:
    first, bad, last = lines(f'{{"a": "first"}}\n{line}\n{{"a": "last"}}\n')
    assert (cells(first), cells(last)) == ({"a": "first"}, {"a": "last"})
    refused = quarantined(bad)
    assert (refused.refusal, refused.number, last.number) == (refusal, 2, 3)
    assert value is None or refused.value == value


def test_depth_64_is_still_read(lines: Lines) -> None:
    (row,) = lines('{"a":' * 64 + "1" + "}" * 64)
    assert cells(row) == {".".join("a" * 64): "1"}


def test_a_broken_byte_costs_its_line(lines: Lines) -> None:
    good, bad = lines('{"a": "中文"}\n'.encode() + b'{"a": "\xff"}\n')
    assert cells(good) == {"a": "中文"}
    assert quarantined(bad).refusal is Refusal.UNDECODABLE


def test_a_missing_key_says_nothing_and_null_empties(reading: Reading) -> None:
    text = (
        '{"case_no": "A1", "handler": "x"}\n{"case_no": "A1"}\n{"case_no": "A1", "handler": null}'
    )
    stated, silent, emptied = (taken(one).case for one in reading("canonical", text, name="x.json"))
    assert stated is not None
    assert silent is not None
    assert emptied is not None
    assert (stated.fields, stated.blank) == ({"handler": "x"}, frozenset())
    assert (silent.fields, silent.blank) == ({}, frozenset())
    assert (emptied.fields, emptied.blank) == ({}, frozenset({"handler"}))


def test_a_name_is_storable_whatever_it_holds(lines: Lines) -> None:
    (row,) = lines('{"\\ud800\\u0000x\\n y": 1}')
    assert cells(row) == {"��x y": "1"}


@pytest.mark.parametrize("text", ['[{"case_no": "A1"}]', "[\n]", '[\n {"case_no":\n"A1"}]'])
def test_an_array_is_refused_with_a_hint(reading: Reading, text: str) -> None:
    with pytest.raises(EffmonError, match="JSON array") as caught:
        reading("canonical", text, name="x.json")
    assert "one object a line" in (caught.value.hint or "")


def test_a_csv_may_begin_like_json(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("[2026] 明细表,\ncase_no,{a}\nA1,x\n", encoding="utf-8")
    (row,) = read_rows(path)
    assert row.cells == {"case_no": "A1", "{a}": "x"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def expected(value: object) -> str:
    """What a value is as a cell, by the standard library."""
    if isinstance(value, str):
        return trimmed(value)
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.dictionaries(st.text("abcd", min_size=1), VALUES))
def test_any_object_is_what_the_standard_library_reads(
    tmp_path: Path, found: dict[str, object]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(found), encoding="utf-8")
    plain = {name: value for name, value in found.items() if not isinstance(value, dict)}
    (row,) = read_rows(path)
    if any("\0" in value for value in row.cells.values()) or isinstance(row, Quarantined):
        assert "\\u0000" in json.dumps(found) or any(isinstance(v, dict) for v in found.values())
        return
    read = {name: row.cells[name] for name in plain}
    assert read == {name: expected(value) for name, value in plain.items()}


@pytest.mark.parametrize("written", ["1e999", "true", "false", "1.0", "1.5", "1E2", "[1]", "NaN"])
def test_what_is_no_text_or_whole_number_is_no_case_number(reading: Reading, written: str) -> None:
    line = f'{{"case_no": {written}, "event": "accepted", "occurred_at": "2026-01-06"}}'
    (row,) = reading("canonical", line, name="x.jsonl")
    assert isinstance(row, Quarantined)
    assert not row.retryable, "a text is kept of it, which would pass"


@pytest.mark.parametrize("written", ['"true"', '"1e999"', "-7", "12345678901234567890123"])
def test_a_text_or_whole_number_is_a_case_number(reading: Reading, written: str) -> None:
    line = f'{{"case_no": {written}, "event": "accepted", "occurred_at": "2026-01-06"}}'
    (row,) = reading("canonical", line, name="x.jsonl")
    assert isinstance(row, RowFacts)
    assert row.case_no == written.strip('"')
