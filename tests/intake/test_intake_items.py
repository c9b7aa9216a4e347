"""Rows that speak of items: read whole, and new, unchanged, corrected or in conflict."""

from efficiency_monitor.intake.formats.rows import Refusal
from efficiency_monitor.intake.model.decide import Counts

from .conftest import Store
from .test_csv import quarantined, taken
from .test_intake_versions import answers, feed


def item(days: str, **cells: str) -> dict[str, str]:
    plain = {"code": "S1", "id": "i1", "ver": "1", "name": "许可", "op": "U", "cd_time": "1"}
    return {**plain, "days": days, **cells}


def test_a_row_of_an_item() -> None:
    (answer,) = answers([item("7 working_days", remark="x")])
    said = taken(answer)
    assert said.case_no == ""
    assert said.case is None
    assert said.events == ()
    assert said.item is not None
    assert (said.item.item_code, said.item.item_version) == ("S1", "1")
    assert said.item.fields == {
        "item_name": "许可", "promised_limit": "7 working_days", "remark": "x"
    }  # fmt: skip
    for cells, refusal in (({"days": "7"}, Refusal.UNKNOWN_UNIT), ({"code": ""}, Refusal.MISSING),
                           ({"code": "S" * 201}, Refusal.BAD_ITEM_CODE)):  # fmt: skip
        (answer,) = answers([item("7 working_days") | cells])
        assert quarantined(answer).refusal is refusal


def test_items_are_new_unchanged_corrected_or_in_conflict() -> None:
    store = Store()
    rows = [item("7 working_days"), item("9 working_days", ver="2", id="i2")]
    assert store.take(answers(rows))[0] == Counts(imported=2)
    assert store.take(answers(rows))[0] == Counts(unchanged=2)
    assert store.take(answers([item("8 working_days", cd_time="2")]))[0] == Counts(imported=1)
    assert store.take(answers(rows))[0] == Counts(unchanged=2)
    assert store.take(answers([item("8 working_days", cd_time="3", op="D")]))[0].imported == 1
    assert store.take(answers([item("", cd_time="4", op="D", ver="9", id="i9")]))[0].unchanged == 1
    plain = feed(
        ('    version: cd_time\n    source_key: id\n    deleted: [{column: op, is: ["D"]}]\n', "")
    )
    both = [item("7 working_days"), item("8 working_days")]
    counts, decisions = Store().take(answers(both, plain))
    assert counts == Counts(quarantined=2)
    assert {decision.dispute for decision in decisions} == {"item"}
