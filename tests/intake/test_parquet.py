"""Parquet: typed values to exact texts, only the columns that are read, and damage."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats import parquet_file
from efficiency_monitor.intake.formats.rows import Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.mapping.facts import layout_of, read_facts
from efficiency_monitor.intake.mapping.mapping import load_mapping

from .conftest import context, shipped
from .test_csv import quarantined, taken

Frame = Callable[[dict[str, Any]], Path]


def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(EffmonError, match="pyarrow") as caught:
        list(read_rows(path))
    assert caught.value.hint == "install the extra parquet (deploy/README.md)"


@pytest.fixture
def frame(tmp_path: Path) -> Frame:
    import pyarrow
    import pyarrow.parquet

    def make(columns: dict[str, Any], **options: Any) -> Path:
        path = tmp_path / "x.parquet"
        pyarrow.parquet.write_table(pyarrow.table(columns), path, **options)
        return path

    return make


def texts(path: Path) -> list[dict[str, str]]:
    rows = list(read_rows(path))
    assert all(isinstance(row, Row) for row in rows), rows
    return [dict(row.cells) for row in rows]


SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.full
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" 办结 ", "办结"),
        (2**62, str(2**62)),
        (-7, "-7"),
        (True, "true"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (-999_999_999_999_999.0, "-999999999999999"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 6), "2026-01-06"),
        (datetime(2026, 1, 6), "2026-01-06 00:00:00"),
        (datetime(2026, 1, 6, 10, 0, 1), "2026-01-06 10:00:01"),
        (datetime(2026, 1, 6, 10, 0, 1, 500_000), "2026-01-06 10:00:01.5"),
        (datetime(2026, 1, 6, 2, 0, 1, tzinfo=UTC), "2026-01-06T02:00:01Z"),
        (datetime(2026, 1, 6, 10, 0, 1, tzinfo=SHANGHAI), "2026-01-06T02:00:01Z"),
        (time(9, 30), "09:30:00"),
        (timedelta(days=1, seconds=3), "1 day, 0:00:03"),
        ([1, None, 2], "[1,null,2]"),
        ([{"a": Decimal("1.10"), "b": date(2026, 1, 6)}], '[{"a":"1.10","b":"2026-01-06"}]'),
        ([["一"]], '[["一"]]'),
    ],
)
def test_a_value_and_nothing_are_exact_texts(frame: Frame, value: Any, text: str) -> None:
    assert texts(frame({"x": [value, None]})) == [{"x": text}, {"x": ""}]


@pytest.mark.full
def test_further_types_and_inner_columns(frame: Frame) -> None:
    import pyarrow

    day = datetime(2026, 1, 6)
    found = texts(
        frame(
            {
                "c": pyarrow.array(["b", None]).dictionary_encode(),
                "u": pyarrow.array([255, None], pyarrow.uint8()),
                "f": pyarrow.array([0.1, None], pyarrow.float32()),
                "n": pyarrow.nulls(2),
                "ns": pyarrow.array([day, None], pyarrow.timestamp("ns")),
                "late": pyarrow.array([10**9 + 1, None], pyarrow.timestamp("ns")),
                "v": pyarrow.array(["x", None], pyarrow.large_string()),
                "m": pyarrow.array([[("k", 1)], None], pyarrow.map_("string", "int32")),
                "s": [{"a": 1, "b": {"c": "x"}}, None],
            }
        )
    )
    assert found[0] == {
        "c": "b", "u": "255", "f": "0.1", "n": "", "ns": "2026-01-06 00:00:00",
        "late": "1970-01-01 00:00:01.000000001", "v": "x", "m": '[["k",1]]',
        "s.a": "1", "s.b.c": "x",
    }  # fmt: skip
    assert set(found[1].values()) == {""}
    assert found[1].keys() == found[0].keys()


@pytest.mark.full
@pytest.mark.parametrize(
    ("value", "refusal", "text"),
    [
        (1e15, Refusal.ROUNDED_NUMBER, "1000000000000000"),
        (float("nan"), Refusal.NO_NUMBER, "nan"),
        ([float("nan")], Refusal.NO_NUMBER, "NaN"),
        (float("-inf"), Refusal.NO_NUMBER, "-inf"),
        (b"\xff", Refusal.BINARY, ""),
        ([b"\xff"], Refusal.BINARY, ""),
        ("a\0b", Refusal.NUL, ""),
    ],
)
def test_what_is_no_exact_text_costs_its_row(
    frame: Frame, value: Any, refusal: Refusal, text: str
) -> None:
    bad, good = read_rows(frame({"a": ["1", "2"], "x": [value, None]}))
    refused = quarantined(bad)
    assert (refused.refusal, refused.column, refused.value, refused.number) == (
        refusal, "x", text, 1,
    )  # fmt: skip
    assert good.cells == {"a": "2", "x": ""}


@pytest.mark.full
def test_single_precision_loses_digits_earlier(frame: Frame) -> None:
    import pyarrow

    path = frame({"x": pyarrow.array([16_777_215.0, 16_777_216.0], pyarrow.float32())})
    good, bad = read_rows(path)
    assert good.cells == {"x": "16777215"}
    assert quarantined(bad).refusal is Refusal.ROUNDED_NUMBER


MAPPING = """
id: narrow
title: {zh: 窄, en: narrow}
tables:
  - name: events
    recognised_by: [case_no, at]
    without: [other]
    case_no: case_no
    events:
      - type: accepted
        at: at
"""


@pytest.mark.full
def test_only_columns_that_the_mapping_names_are_read(frame: Frame) -> None:
    """The values of the others are not even looked at: bytes there refuse no row."""
    path = frame({"case_no": ["A1"], "at": [date(2026, 1, 6)], "photo": [b"\xff"], "n": [1]})
    mapping = load_mapping(MAPPING, "narrow.yaml")
    (row,) = read_rows(path, layout=layout_of(mapping, "x.parquet"))
    assert row.cells == {"case_no": "A1", "at": "2026-01-06"}
    (facts,) = read_facts(path, mapping, context(), name="x.parquet")
    assert taken(facts).events[0].precision.value == "day"
    further = load_mapping(MAPPING + "    further: attributes\n    ignored: [ph*]\n", "x.yaml")
    (row,) = read_rows(path, layout=layout_of(further, "x.parquet"))
    assert row.cells == {"case_no": "A1", "at": "2026-01-06", "n": "1"}


@pytest.mark.full
def test_a_table_that_fits_nothing_is_refused(frame: Frame) -> None:
    path = frame({"number": [1]})
    with pytest.raises(EffmonError, match=r"x\.parquet: row 1: .*lacks: case_no"):
        list(read_facts(path, shipped("canonical"), context(), name="x.parquet"))
    with pytest.raises(EffmonError, match="columns 1 and 2"):
        list(read_rows(frame({"a": [1], "A ": [2]})))
    with pytest.raises(EffmonError, match="columns 1 and 2"):
        list(read_rows(frame({"s.a": [1], "s": [{"a": 2}]})))


@pytest.mark.full
def test_a_name_may_begin_like_another_one(frame: Frame) -> None:
    assert texts(frame({"a.b": ["x"], "a": [{"c": 1}], "a.c.d": ["y"]})) == [
        {"a.b": "x", "a.c": "1", "a.c.d": "y"}
    ]


@pytest.mark.full
def test_a_day_beyond_the_calendar_and_bytes_that_are_no_text_cost_their_row(frame: Frame) -> None:
    import pyarrow

    text = pyarrow.array([b"ok", b"\xff"]).cast(pyarrow.string(), safe=False)
    for column, refusal in (
        (pyarrow.array([0, 2**30], pyarrow.int32()).cast(pyarrow.date32()), Refusal.NO_SUCH_TIME),
        (pyarrow.array([0, 2**60]).cast(pyarrow.timestamp("ms")), Refusal.NO_SUCH_TIME),
        (pyarrow.StringArray.from_buffers(2, *text.buffers()[1:]), Refusal.UNDECODABLE),
    ):
        good, bad = read_rows(frame({"x": column}))
        assert isinstance(good, Row)
        assert quarantined(bad).refusal is refusal


@pytest.mark.full
def test_a_row_that_holds_nothing_is_a_row_and_slices_join(
    frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "_SLICE", 7)
    path = frame({"x": [None if n % 5 == 0 else n for n in range(50)]}, row_group_size=11)
    rows = list(read_rows(path))
    assert [row.cells["x"] for row in rows] == [str(n) if n % 5 else "" for n in range(50)]
    assert [row.number for row in rows] == list(range(1, 51))


@pytest.mark.full
@pytest.mark.parametrize("kept", [4, 60, -10, -1])
def test_a_damaged_file_is_refused_in_one_line(frame: Frame, kept: int) -> None:
    path = frame({"case_no": ["A1", "A2"]})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EffmonError, match="Parquet") as caught:
        list(read_rows(path))
    assert "\n" not in caught.value.message


@pytest.mark.full
def test_a_page_whose_checksum_is_wrong_is_not_believed(frame: Frame) -> None:
    path = frame(
        {"x": ["unmistakable"]}, write_page_checksum=True, compression="NONE", use_dictionary=False
    )
    data = path.read_bytes()
    # As it stands in the page, behind its length; in the statistics it stands without.
    at = data.index(b"\x0c\0\0\0unmistakable") + 4
    path.write_bytes(data[:at] + b"U" + data[at + 1 :])
    with pytest.raises(EffmonError, match="Parquet"):
        list(read_rows(path))
