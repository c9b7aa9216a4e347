"""How far rows reach: held against a plain reading of the same rule."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.intake.formats.rows import Row
from efficiency_monitor.intake.mapping.contents import higher, reach_of
from efficiency_monitor.intake.mapping.mapping import SourceMapping, load_mapping
from efficiency_monitor.workspace.source_settings import Since
from tests.cli.command import ROOT

BASE = datetime(2026, 3, 2, 10)
NOW = 1772424000
MAPPING: SourceMapping = load_mapping(
    (ROOT / "rules" / "mappings" / "canonical.yaml").read_text(encoding="utf-8"), "canonical.yaml"
)


def row(number: int, text: str) -> Row:
    return Row(file="x", sheet=None, number=number, cells={"case_no": "A", "Stored ": text})


#: Seconds after BASE, or a text that is no time.
VALUES = st.lists(st.integers(-4000, 4000) | st.sampled_from(["", "soon", 10_000_000]), max_size=40)


def written(value: int | str) -> str:
    return (
        value if isinstance(value, str) else f"{BASE + timedelta(seconds=value):%Y-%m-%d %H:%M:%S}"
    )


@given(VALUES, st.integers(1, 3000))
def test_the_highest_time_that_is_an_overlap_older_than_the_newest(
    values: list[int | str], overlap: int
) -> None:
    since = Since(column="stored", overlap=f"{overlap} calendar_seconds")
    rows = [row(number, written(value)) for number, value in enumerate(values)]
    found = reach_of(rows, MAPPING, since, zone="Asia/Shanghai", now=NOW)
    times = [value for value in values if isinstance(value, int) and value < 5000]
    old = [value for value in times if value <= max(times) - overlap]
    assert found.value == (written(max(old)) if old else None)
    assert found.left_out == len(values) - len(times)


@given(st.lists(st.integers(0, 10**20).map(str) | st.sampled_from(["", "-1", "1.5", "٣"])))
def test_the_highest_number(values: list[str]) -> None:
    since = Since(column="Stored", order="number")
    rows = [row(number, value) for number, value in enumerate(values)]
    found = reach_of(rows, MAPPING, since, zone="Asia/Shanghai", now=NOW)
    numbers = [int(value) for value in values if value.isascii() and value.isdecimal()]
    assert found.value == (str(max(numbers)) if numbers else None)
    assert found.left_out == len(values) - len(numbers)


def test_a_cursor_never_goes_back() -> None:
    since = Since(column="stored")
    zone = "Asia/Shanghai"
    # As texts they would stand the other way round.
    early, late = "2026-3-2 9:00", "2026-03-02 10:00:00"
    assert higher(late, early, MAPPING, since, zone) == late
    assert higher(early, late, MAPPING, since, zone) == late
    assert higher(None, early, MAPPING, since, zone) == early
    assert higher(early, None, MAPPING, since, zone) == early
    numbers = Since(column="stored", order="number")
    assert higher("9", "10", MAPPING, numbers, zone) == "10"
