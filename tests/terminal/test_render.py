"""One way to the screen, to a pipe and to other programs; nothing cut, nothing from data obeyed."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli.layout import RECORDS_BELOW
from cli.render import Column, Format, emit, emit_object, fail, message, warn
from efficiency_monitor.documents.columns import coded
from efficiency_monitor.faults import ConfigurationError, Locked
from efficiency_monitor.i18n.messages import set_language
from efficiency_monitor.terms import CardState, Level
from efficiency_monitor.time.amount import Amount

from .hostile import NASTY, storable, texts, unprintable
from .samples import CARD_COLUMNS, cards, printed, without_escapes

WIDTHS = (60, 80, 100, 140)
TEXT_COLUMNS = (
    Column("case_no", "办件"),
    Column("item", "事项", least=8),
    Column("note", "说明", least=8, priority=2),
)
records = st.lists(
    st.fixed_dictionaries({"case_no": texts, "item": texts, "note": texts | st.none()}), max_size=4
)


def listed(
    rows: Sequence[Any],
    fmt: Format | None = None,
    columns: tuple[Column, ...] = CARD_COLUMNS,
    **how: Any,
) -> Callable[[], None]:
    return lambda: emit(rows, columns, fmt, **how)


# What data may do.


@given(records, st.sampled_from([None, 40, 60, 100]))
def test_nothing_from_data_reaches_the_screen_or_a_pipe(
    rows: list[dict[str, Any]], width: int | None
) -> None:
    out, err = printed(listed(rows, columns=TEXT_COLUMNS), width=width, NO_COLOR="1")
    assert unprintable(out) <= {"\n", "\t"}
    assert unprintable(err) <= {"\n"}
    if width is None:
        assert [line.count("\t") for line in out[:-1].split("\n")] == [2] * (len(rows) + 1)


@given(records)
def test_colours_change_nothing_but_colours(rows: list[dict[str, Any]]) -> None:
    dull, _ = printed(listed(rows, columns=TEXT_COLUMNS, title="x"), width=80, NO_COLOR="1")
    bright, _ = printed(listed(rows, columns=TEXT_COLUMNS, title="x"), width=80)
    assert without_escapes(bright) == dull


@given(st.lists(st.dictionaries(storable, storable | st.none() | st.integers(), max_size=3)))
def test_json_gives_the_data_back_unchanged(rows: list[dict[str, Any]]) -> None:
    for fmt in (Format.JSON, Format.JSONL):
        out, _ = printed(listed(rows, fmt, ()), width=100)
        # Safe in a terminal all the same: what would steer it is escaped.
        assert unprintable(out) <= {"\n"}
        lines = out.split("\n")[:-1]
        found = json.loads(out) if fmt is Format.JSON else [json.loads(line) for line in lines]
        assert found == rows


def test_json_holds_half_a_surrogate_pair() -> None:
    out, _ = printed(listed([{"a": "x\ud83d"}], Format.JSONL, ()))
    assert json.loads(out) == {"a": "x\ud83d"}


@given(st.lists(st.tuples(storable, storable), max_size=4))
def test_raw_csv_gives_the_data_back_unchanged(pairs: list[tuple[str, str]]) -> None:
    rows = [{"a": a, "b": b} for a, b in pairs]
    columns = (Column("a", "甲"), Column("b", "乙"))
    out, _ = printed(listed(rows, Format.CSV, columns, raw=True))
    assert list(csv.reader(io.StringIO(out, newline=""))) == [["a", "b"], *map(list, pairs)]


@given(records)
def test_csv_for_people_steers_nothing(rows: list[dict[str, Any]]) -> None:
    out, _ = printed(listed(rows, Format.CSV, TEXT_COLUMNS))
    assert unprintable(out) <= {"\n"}
    cells = [cell for line in csv.reader(io.StringIO(out)) for cell in line]
    assert not [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))]


@pytest.mark.parametrize("text", NASTY)
def test_messages_are_one_harmless_line(text: str) -> None:
    for say in (message, warn, lambda words: fail(ConfigurationError(words))):
        out, err = printed(partial(say, text))
        assert out == ""
        assert err.count("\n") == 1
        assert unprintable(err) == {"\n"}


# How a table fits.


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("code", ["zh", "en"])
def test_all_lines_of_a_table_are_equally_wide(width: int, code: str) -> None:
    set_language(code)
    out, _ = printed(listed(cards(24)), width=width, NO_COLOR="1")
    lines = out.splitlines()
    assert len(lines) >= 26
    assert {cell_len(line) for line in lines} == {cell_len(lines[0])}
    assert cell_len(lines[0]) <= width


@given(records.filter(bool), st.sampled_from(WIDTHS))
def test_tables_of_any_text_are_equally_wide(rows: list[dict[str, Any]], width: int) -> None:
    numbered = [{**row, "case_no": str(number)} for number, row in enumerate(rows)]
    out, _ = printed(listed(numbered, columns=TEXT_COLUMNS), width=width, NO_COLOR="1")
    wide = {cell_len(line) for line in out.split("\n")[:-1]}
    assert len(wide) == 1
    assert max(wide) <= width


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (140, set()),
        (100, {"到期"}),
        (79, {"到期", "已用", "状态"}),
        (59, {"到期", "已用", "状态", "事项"}),
    ],
)
def test_less_important_columns_go_first_and_are_named(width: int, left_out: set[str]) -> None:
    out, err = printed(listed(cards(4)), width=width, NO_COLOR="1")
    heading = out.splitlines()[0].split()
    assert heading == [c.title for c in CARD_COLUMNS if c.title not in left_out]
    assert {column.title for column in CARD_COLUMNS if column.title in err} == left_out
    # The levels are said in words at every width.
    assert all(word in out for word in ("预警", "黄牌", "红牌"))


def test_a_narrow_window_gets_one_record_per_block() -> None:
    out, err = printed(listed(cards(2)), width=RECORDS_BELOW - 1, NO_COLOR="1")
    blocks = out.removesuffix("\n").split("\n\n")
    assert len(blocks) == 2
    assert blocks[1].splitlines() == [
        "编号：2026-0001",
        "级别：黄牌",
        "办件：XK-2026-00001",
        "事项：企业设立登记",
        "部门：市市场监督管理局",
        "已用：18个工作日",
        "超期：1.5个工作日",
        "到期：2026-03-30 23:59:59",
        "状态：待签收",
    ]
    assert err == ""


def test_a_small_table_stays_a_table_in_a_narrow_window() -> None:
    columns = (Column("a", "甲"), Column("b", "乙"))
    out, _ = printed(listed([{"a": 1, "b": 2}], columns=columns), width=20, NO_COLOR="1")
    assert out == "甲  乙\n──────\n1   2 \n"


@pytest.mark.parametrize("width", [30, 60, 100])
def test_a_table_folds_and_never_cuts(width: int) -> None:
    long = "".join(chr(0x3400 + number) for number in range(300))
    rows = [{"case_no": "1", "item": long, "note": "x" * 90}]
    out, _ = printed(listed(rows, columns=TEXT_COLUMNS), width=width, NO_COLOR="1")
    assert "…" not in out
    assert [char for char in out if char in long] == list(long)


def test_a_long_list_has_one_heading() -> None:
    out, _ = printed(listed(cards(1201)), width=140, NO_COLOR="1")
    lines = out.splitlines()
    assert len(lines) == 1203
    assert [number for number, line in enumerate(lines) if "编号" in line] == [0]
    assert len({cell_len(line) for line in lines}) == 1


def test_styles_follow_the_value() -> None:
    out, _ = printed(listed(cards(3)), width=140)
    assert "\x1b[1;31m红牌" in out
    assert "\x1b[33m黄牌" in out
    assert "\x1b[1;31m黄牌" not in out


# Forms.


def test_a_pipe_gets_tabs_words_and_whole_values() -> None:
    rows = [{**cards(3)[2], "item": "很长" * 200}]
    out, _ = printed(listed(rows, title="标题"))
    heading, line = out.splitlines()
    assert heading.split("\t") == [column.title for column in CARD_COLUMNS]
    assert line.split("\t")[1] == "红牌"
    assert line.split("\t")[3] == "很长" * 200


def test_json_has_the_columns_first_and_always() -> None:
    rows = [
        {
            "extra": [Level.RED, CardState.OPEN],
            "level": Level.RED,
            "over": Amount.parse("2 working_days"),
        }
    ]
    out, _ = printed(listed(rows, Format.JSON))
    (found,) = json.loads(out)
    assert list(found) == [*(column.key for column in CARD_COLUMNS), "extra"]
    assert found["level"] == "red"
    assert found["card_no"] is None
    assert found["over"] == {"value": "2", "unit": "working_days"}
    assert found["extra"] == ["red", "open"]


def test_csv_has_keys_and_codes() -> None:
    out, _ = printed(listed(cards(3)[2:], Format.CSV))
    heading, line = csv.reader(io.StringIO(out))
    assert heading == [column.key for column in CARD_COLUMNS]
    assert line[1] == "red"
    assert line[6] == "2.5 working_days"


def test_negative_numbers_are_numbers_and_negative_texts_are_guarded() -> None:
    columns = (Column("a", "甲"), Column("b", "乙"))
    out, _ = printed(listed([{"a": -1, "b": "-1"}], Format.CSV, columns))
    assert out == "a,b\n-1,'-1\n"


def test_an_empty_list_says_so_beside_the_data() -> None:
    for fmt, width, expected in [
        (None, 80, ""),
        (None, None, "\t".join(c.title for c in CARD_COLUMNS) + "\n"),
        (Format.JSON, None, "[]\n"),
        (Format.JSONL, None, ""),
    ]:
        out, err = printed(listed([], fmt, empty="没有牌"), width=width)
        assert out == expected
        assert err == ("" if fmt else "没有牌\n")


@dataclass(frozen=True, slots=True)
class _Standing:
    level: Level
    fell_due_at: datetime
    over: Amount


def test_records_may_be_dataclasses() -> None:
    """The words are the same as for the JSON form of the record."""
    due = datetime(2026, 3, 30, 23, 59, 59, tzinfo=UTC)
    card = _Standing(Level.YELLOW, due, Amount.parse("2 working_days"))
    wanted = [column for column in CARD_COLUMNS if column.key in ("level", "over", "fell_due_at")]
    out, _ = printed(listed([card], columns=tuple(wanted)))
    assert out.splitlines()[1] == "黄牌\t2个工作日\t2026-03-30 23:59:59"


def test_a_column_of_codes_has_words_for_them() -> None:
    columns = (Column("status", "结果", coded({"ok": "正常"})),)
    out, _ = printed(listed([{"status": "ok"}, {"status": "odd"}], columns=columns))
    assert out == "结果\n正常\nodd\n"


def test_a_column_reaches_into_records() -> None:
    columns = (Column("cards.red", "红"), Column("cards.none.deep", "无"))
    out, _ = printed(listed([{"cards": {"red": 3}}], columns=columns))
    assert out == "红\t无\n3\t\n"


def test_one_document() -> None:
    scan = {
        "run_id": "r1",
        "cards": {"issued": {"red": 2}},
        "late": {"value": "1", "unit": "working_days"},
    }
    out, _ = printed(lambda: emit_object(scan, Format.JSON))
    assert json.loads(out) == scan
    out, _ = printed(lambda: emit_object(scan))
    assert out == "run_id\tr1\ncards.issued.red\t2\nlate\t1个工作日\n"
    out, _ = printed(lambda: emit_object(scan, Format.CSV))
    assert out == "run_id,cards.issued.red,late\nr1,2,1 working_days\n"
    columns = (Column("run_id", "编号"), Column("cards.issued.red", "红牌"))
    out, _ = printed(
        lambda: emit_object(scan, columns=columns, title="巡检"), width=80, NO_COLOR="1"
    )
    assert out == "巡检\n编号：r1\n红牌：2\n"


# Faults.


def test_a_fault_is_a_line_a_hint_and_a_code() -> None:
    codes = []
    _, err = printed(lambda: codes.append(fail(Locked("另一个巡检正在运行", "稍后再试"))))
    assert err == "错误：另一个巡检正在运行\n办法：稍后再试\n"
    assert codes == [75]
    set_language("en")
    _, err = printed(lambda: fail(ConfigurationError("no such file")), width=80)
    assert err == "\x1b[1;31merror: \x1b[0mno such file\n"
