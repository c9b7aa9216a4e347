"""Rows whose columns differ from row to row: one that fits no table costs itself."""

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.mapping import facts
from efficiency_monitor.intake.mapping.facts import Plans
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import context
from .test_csv import quarantined
from .test_intake_versions import answers, feed, step


def test_a_row_that_fits_no_table_is_one_bad_row() -> None:
    odd = {"colour": "red", "nr": "A1"}
    answer = answers([step("1"), odd, {"nr": "A2", "accepted": "2026-01-05"}])
    assert [type(one) for one in answer] == [RowFacts, Quarantined, RowFacts]
    bad = quarantined(answer[1])
    assert (bad.refusal, bad.number, dict(bad.cells)) == (Refusal.UNKNOWN_TABLE, 3, odd)
    assert bad.retryable
    with pytest.raises(ConfigurationError, match="colour"):
        answers([odd, odd])
    # Tried again by itself it stays a bad row.
    again = Plans(feed()).read(bad.row, context())
    assert quarantined(again).refusal is Refusal.UNKNOWN_TABLE


def test_of_a_row_that_fits_no_table_nothing_is_kept_that_a_table_leaves_unread() -> None:
    mapping = feed(("    required: [at]\n", "    required: [at]\n    ignored: ['*电话*']\n"))
    answer = answers([step("1"), {"nr": "A1", "申请人电话": "13800000000"}], mapping)
    assert dict(quarantined(answer[1]).cells) == {"nr": "A1"}


def test_two_names_of_one_column_in_one_row_cost_that_row() -> None:
    mapping = feed(("tables:", "columns: {who: [handler]}\ntables:"))
    answer = answers([step("1"), step("2") | {"handler": "李"}], mapping)
    assert [type(one) for one in answer] == [RowFacts, Quarantined]


def test_ever_new_columns_need_no_ever_new_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_MOST_PLANS", 10)
    plans = Plans(feed())
    for number in range(100):
        row = Row(file="f", sheet=None, number=1, cells={**step("1"), f"x{number}": ""})
        assert isinstance(plans.read(row, context()), RowFacts)
        assert len(plans._plans) <= 10
