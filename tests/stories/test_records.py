"""What the record says of persons: by what was known at the time, and again when it changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import PEOPLE, World, instant

pytestmark = pytest.mark.both_engines

CASE = {"case_no": "A", "item_kind": "promised", "department": "住建局"}
ACCEPTED = {
    "case_no": "A",
    "event": "accepted",
    "occurred_at": "2026-03-02 10:00",
    "actor": "钱受理",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A workspace with a case that no field gives to a handler."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(PEOPLE)
    made.receive("cases", [{**CASE, "promised_limit": "3 working_days"}])
    yield made
    made.close()


def accounts(world: World) -> list[dict[str, object]]:
    """Accountability entries of the ledger."""
    return [entry for entry in world.entries() if entry["type"] == "accountability.recorded"]


def test_the_handler_on_a_card_is_who_had_the_case_then(world: World) -> None:
    ahead = {"case_no": "A", "event": "assigned", "occurred_at": "2026-03-20 10:00", "actor": "赵"}
    world.receive("events", [ACCEPTED, ahead])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert {row["handler"] for row in world.rows("SELECT handler FROM card")} == {"钱受理"}
    world.now = instant("2026-03-23 09:00")
    world.scan()
    (red,) = world.rows("SELECT handler, fell_due_at FROM card WHERE level = 3")
    assert red["fell_due_at"] == instant("2026-03-12 23:59:59")
    assert red["handler"] == "赵", "who has it when the card is issued"


def test_the_final_account_is_recorded_again_when_the_end_is_corrected(world: World) -> None:
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert [entry["final"] for entry in accounts(world)] == [False]
    decided = {"case_no": "A", "event": "decided", "source_key": "d"}
    for day in ("09", "11", "09"):
        world.now += 86_400 * 5
        world.receive("events", [{**decided, "occurred_at": f"2026-03-{day} 16:00"}])
        world.scan()
        world.now += 3600
        world.mark_all_changed()
        world.scan()
    finals = [entry for entry in accounts(world) if entry["final"]]
    held = [sum(part["held_seconds"] for part in entry["parts"]) for entry in finals]  # type: ignore[attr-defined]
    # 5 hours on the 2nd, 6 on every day after it, 5 on the last: 9 March, 11 March, 9 March again.
    assert [seconds / 3600 for seconds in held] == [34, 46, 34]
    (row,) = world.rows("SELECT SUM(held_seconds) AS held FROM accountability")
    assert row["held"] == 34 * 3600
    assert world.sound()
