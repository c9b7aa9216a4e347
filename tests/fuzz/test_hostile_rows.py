"""Rows that no reader would damage: every column of every shipped mapping, with hostile cells."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.intake.formats.rows import Row
from efficiency_monitor.intake.mapping.mapping import SourceMapping
from tests.lengths import length

from ..intake.conftest import ROOT, shipped
from .accounts import ID_NUMBER, bounded_memory, taken_over
from .test_damaged_files import BUDGET

pytestmark = [pytest.mark.full, pytest.mark.trial]

ROWS_BUDGET = 8_000
MAPPINGS = sorted(path.stem for path in (ROOT / "rules/mappings").glob("*.yaml"))


def test_a_run_has_fifty_thousand_inputs() -> None:
    assert sum(BUDGET.values()) + ROWS_BUDGET == 50_000


HOSTILE = st.sampled_from(
    ["", " ", "A1", "A2", "k1", ID_NUMBER, "11010119900307851x", "2026-01-06", "20260106T100000",
     "2026-02-30", "2026-01-06T10:00:00+99:00", "9999-12-31", "0000-00-00", "46028", "46028.5",
     "60", "1", "2", "9", "99", "01", "-1", "1e999", "NaN", "20 个工作日", "-5 工作日",
     "7 working_days", "9" * 400, "0.0000001 工作日", "承诺件", "办结", "accepted", "NULL", "-",
     "—", "=cmd|'/C'!A0", "\u202e", "\ufeff", "a\nb", "\x7f", "\x1b[31m", "㐂" * 300, "x" * 5000,
     "\U0001f469\u200d\U0001f467", "{", "%s", "\\"]
)  # fmt: skip


def tables(mapping: SourceMapping) -> list[tuple[str, ...]]:
    """Every table's columns, those it is known by first."""
    return [
        tuple(dict.fromkeys((*table.recognised_by, *table.named(), "further 列")))
        for table in mapping.tables
    ]


@pytest.mark.parametrize("name", MAPPINGS)
def test_every_row_has_one_outcome(name: str, tmp_path: Path) -> None:
    mapping = shipped(name)
    columns = tables(mapping)
    files = [f"{Path(t.file.replace('*', 'x')).name if t.file else 'x'}" for t in mapping.tables]
    codes = sorted({code for table in mapping.codes.values() for code in table})
    cell = (HOSTILE | st.sampled_from(codes)) if codes else HOSTILE

    @settings(
        max_examples=length(ROWS_BUDGET, 8) // len(MAPPINGS) + 1,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.integers(0, len(columns) - 1), st.data())
    def each(table: int, data: st.DataObject) -> None:
        known = len(mapping.tables[table].recognised_by)
        extra = data.draw(st.sets(st.sampled_from(columns[table][known:])))
        names = (*columns[table][:known], *sorted(extra))
        cells = data.draw(st.lists(st.lists(cell, min_size=len(names), max_size=len(names)),
                                   min_size=1, max_size=4))  # fmt: skip
        sheet = mapping.tables[table].sheet
        rows = [
            Row(
                file=files[table],
                sheet=sheet.replace("*", "x") if sheet else None,
                number=number,
                cells=dict(zip(names, texts, strict=True)),
            )
            for number, texts in enumerate(cells, start=2)
        ]
        taken_over(rows, mapping)

    with bounded_memory():
        each()
