"""A row that tells of the same fact in other words: its cards are the same cards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.cards import lifting
from efficiency_monitor.terms import LiftReason
from tests.matters import desk
from tests.stories.world import World

pytestmark = pytest.mark.both_engines

KEY = {"case_no": "K", "source_key": "accepted-K", "event": "accepted"}
AT = "2026-03-02 10:00"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The desk's people and calendar."""
    made = desk.opened(tmp_path / "ws")
    yield made
    assert made.sound()
    made.close()


def told(world: World, occurred_at: str = AT, **more: str) -> None:
    """The source tells of the acceptance, as one correction of the same row."""
    world.now += 60
    world.receive("events", [{**KEY, "occurred_at": occurred_at, **more}])


def cards(world: World) -> list[tuple[str, str]]:
    return [
        (str(row["card_no"]), str(row["state"]))
        for row in world.rows("SELECT card_no, state FROM card WHERE case_no = 'K' ORDER BY level")
    ]


def begin(world: World, statutory: str = "4 working_days") -> list[tuple[str, str]]:
    """Case K, whose acceptance has a number of its own, and its cards."""
    fields = {"item_kind": "promised", "handler": "张经办", "department": "住建局"}
    limits = {"promised_limit": "3 working_days", "statutory_limit": statutory}
    world.receive("cases", [{"case_no": "K", **fields, **limits}])
    told(world)
    world.scan()
    found = cards(world)
    assert len(found) >= 2
    return found


def test_other_words_change_no_card(world: World) -> None:
    before = begin(world)
    told(world, reason="补录说明", actor="李经办", voucher="S-1")
    report = world.scan()
    assert (sum(report.issued.values()), report.lifted) == (0, 0)
    assert cards(world) == before
    told(world, reason="再改一次")
    report = world.scan()
    assert (sum(report.issued.values()), report.lifted) == (0, 0)
    assert cards(world) == before
    clocks = world.tuples(
        "SELECT DISTINCT episode FROM clock WHERE case_id ="
        " (SELECT id FROM case_file WHERE case_no = 'K') AND episode <> ''"
    )
    assert clocks == world.tuples("SELECT DISTINCT episode FROM card WHERE case_no = 'K'")


def test_a_card_that_was_lifted_by_hand_does_not_come_back(world: World) -> None:
    begin(world, "30 working_days")
    yellow = world.card("K CASE yellow")
    lifting.by_hand(world.acting("wang"), yellow, LiftReason.ISSUED_IN_ERROR, "误发")
    told(world, reason="补录说明")
    report = world.scan()
    assert sum(report.issued.values()) == 0
    assert dict(cards(world))[yellow] == "lifted"


def test_another_time_is_another_fact(world: World) -> None:
    before = begin(world)
    told(world, "2026-03-06 10:00")
    report = world.scan()
    assert report.lifted == len(before)
