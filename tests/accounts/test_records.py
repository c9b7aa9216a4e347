"""What a record says: parts whose sum is what has elapsed, whose overrun, kept by every scan."""

from decimal import Decimal
from typing import Any

import pytest

from tests.matters.stage import run
from tests.stories.world import World, instant

from .conftest import event

pytestmark = pytest.mark.both_engines


def shown(world: World, card: str) -> Any:
    """`accountability show` as JSON."""
    return run(world, f'accountability show "{{{card}}}" -o json').well().json


def parts(document: Any, kind: str = "parts") -> list[str]:
    """Parts as `stage department holder amount over hours charged`."""
    return [
        f"{part['stage'] or '-'} {part['department']} {part['holder'] or '-'} "
        f"{part['amount']['value']} {part['over']['value'] if part['over'] else '-'} "
        f"{part['held_seconds'] / 3600:g} {part['charged_seconds'] / 3600:g}"
        for part in document[kind]
    ]


def test_time_above_is_charged_above_and_the_parts_add_up(world: World) -> None:
    """The worked example of docs/accountability.md."""
    record = shown(world, "UP CASE red")
    assert parts(record) == [
        "- 住建局 张** 0.666666 0 9 0",
        "- 住建局 李* 1.5 0 9 0",
        "- 省厅 - 4.666667 0 28 28",
        "- 住建局 李* 6.166667 5 37 2",
    ]
    assert record["total"] == {
        "amount": {"value": "13", "unit": "working_days"},
        "over": {"value": "5", "unit": "working_days"},
        "held_seconds": 83 * 3600,
        "overrun_seconds": 30 * 3600,
        "charged_seconds": 30 * 3600,
    }
    assert record["whose"] == {
        "stage": None, "department": "省厅", "holder": None, "charged_seconds": 28 * 3600,
    }  # fmt: skip
    assert record["organs"] == []


def test_of_organs_at_work_the_last_to_answer_held_the_case_up(world: World) -> None:
    """The worked example of docs/accountability.md."""
    record = shown(world, "JOINT CASE red")
    assert parts(record) == [
        "- 住建局 张** 0 0 5 0",
        "- 规划局 - 0.333333 0 2 0",
        "会审 消防局 - 5.333333 0 32 0",
        "- 住建局 张** 7.333334 5 44 30",
    ]
    assert parts(record, "organs") == [
        "- 规划局 - 2.833333 - 23 0",
        "会审 消防局 - 4.666666 2.666666 32 0",
    ]
    assert record["organs"][1]["overrun_seconds"] == 16 * 3600
    assert record["total"]["amount"]["value"] == "13"


@pytest.mark.parametrize("case", ["UP", "JOINT", "PLAIN"])
def test_the_sum_is_what_explain_and_the_card_say(world: World, case: str) -> None:
    record = shown(world, f"{case} CASE red")
    (clock,) = run(world, f"cases explain {case} -o json").well().json["clocks"]
    held = [part for part in clock["holders"] if part["part"] == "held"]
    assert sum(Decimal(part["amount"]["value"]) for part in held) == Decimal(
        clock["elapsed"]["value"]
    )
    assert record["total"]["amount"] == clock["elapsed"]
    (card,) = run(world, f"cards list --case {case} --level red -o json").well().json
    assert (record["total"]["amount"], record["total"]["over"]) == (card["elapsed"], card["over"])
    page = run(world, f"cases explain {case} -o table").well().out
    assert ("total" in page) is (len(held) > 1)
    assert "13 working days" in page


def test_a_later_scan_brings_the_parts_up_to_date_and_keeps_what_was_decided(world: World) -> None:
    run(world, '--as wang accountability verify "{UP CASE red}" --text seen').well()
    world.now = instant("2026-03-23 12:00")
    world.receive("events", [event("UP", "assigned", "20 14:00", actor="王五")])
    world.scan()
    record = shown(world, "UP CASE red")
    assert parts(record)[-2:] == ["- 住建局 李* 6.666667 5.5 40 5", "- 住建局 王* 1 1 6 6"]
    assert record["status"] == "verified"
    assert [decision["kind"] for decision in record["decisions"]] == ["verified"]
    world.receive("events", [event("UP", "decided", "23 11:00")])
    world.scan()
    assert shown(world, "UP CASE red")["status"] == "verified"


def test_the_ledger_says_amounts_and_charges_and_no_name(world: World) -> None:
    (entry,) = [
        entry
        for entry in world.entries()
        if entry["type"] == "accountability.recorded" and entry["card"] == world.card("UP CASE red")
    ]
    above = entry["parts"][2]  # type: ignore[index]
    assert above == {
        "part": "held", "stage": None, "department": "省厅", "held_seconds": 28 * 3600,
        "overrun_seconds": 0, "charged_seconds": 28 * 3600, "amount": "4.666667", "over": "0",
        "unit": "working_days", "since": "2026-03-05T10:00:00+08:00",
        "until": "2026-03-11T16:00:00+08:00",
    }  # fmt: skip
    assert "李四" not in str(world.entries())
    assert "张经办" not in str(world.entries())


def test_records_without_an_amount_are_shown_and_the_next_scan_fills_them(world: World) -> None:
    world.change(
        "UPDATE accountability SET amount = NULL, over = NULL, unit = NULL, charged_seconds = 0"
    )
    record = shown(world, "UP CASE red")
    assert record["total"]["amount"] is None
    assert record["total"]["held_seconds"] == 83 * 3600
    listed = run(world, "accountability list -o table").well().out
    assert "住建局" in listed
    run(world, "accountability export --out {folder}/old.xlsx").well()
    world.mark_all_changed()
    world.scan()
    assert shown(world, "UP CASE red")["total"]["amount"]["value"] == "13"


def test_what_is_verified_is_the_record_as_it_stands_now(world: World) -> None:
    world.now = instant("2026-03-24 12:00")
    assert shown(world, "UP CASE red")["as_of"].startswith("2026-03-20")
    run(world, '--as wang accountability verify "{UP CASE red}" --text seen').well()
    record = shown(world, "UP CASE red")
    assert record["as_of"] == "2026-03-24T12:00:00+08:00"
    (clock,) = run(world, "cases explain UP -o json").well().json["clocks"]
    assert record["total"]["amount"] == clock["elapsed"] == {
        "value": "15.5", "unit": "working_days",
    }  # fmt: skip
    (first, again) = [
        entry
        for entry in world.entries()
        if entry["type"] == "accountability.recorded" and entry["card"] == world.card("UP CASE red")
    ]
    assert (first["as_of"], again["as_of"]) == (
        "2026-03-20T09:00:00+08:00",
        "2026-03-24T12:00:00+08:00",
    )
    assert world.sound()


def test_a_record_that_cannot_be_counted_any_more_stays_as_it_was(world: World) -> None:
    world.now = instant("2028-03-24 12:00")  # the calendar ends with 2027
    before = shown(world, "UP CASE red")
    run(world, '--as wang accountability verify "{UP CASE red}" --text seen').well()
    after = shown(world, "UP CASE red")
    assert (after["parts"][0] | {"status": ""}, after["total"]) == (
        before["parts"][0] | {"status": ""},
        before["total"],
    )
    assert after["status"] == "verified"


def test_a_card_without_a_record_says_so(world: World) -> None:
    ran = run(world, 'accountability show "{UP CASE warning}"')
    assert ran.code == 2
    assert "has no accountability record" in ran.err
    ran = run(world, "accountability show R-NONE")
    assert ran.code == 2
    assert "R-NONE" in ran.err


def test_a_card_given_by_hand_has_a_record_without_amounts(world: World) -> None:
    card = world.card("UP CASE red")
    world.change("DELETE FROM accountability WHERE card_no = ? AND place > 0", card)
    world.change(
        "UPDATE accountability SET amount = NULL, over = NULL, unit = NULL, held_seconds = 0,"
        " overrun_seconds = 0, charged_seconds = 0, until = since"
    )
    record = shown(world, "UP CASE red")
    assert record["total"]["amount"] is None
    assert record["whose"] is None
    for code in ("table", "csv"):
        assert run(world, f'accountability show "{{UP CASE red}}" -o {code}').well().out
