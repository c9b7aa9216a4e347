"""A process that dies while a message is on its way: it may have arrived."""

import contextlib
from pathlib import Path

import pytest

from tests.stories.world import PEOPLE, World, instant

from .stage import Killed, killed_at, run

pytestmark = pytest.mark.both_engines


def test_whoever_a_message_may_have_reached_hears_of_the_lift(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-01 12:00")
    world.people(PEOPLE)
    world.now = instant("2026-03-07 09:00")
    world.receive("cases", [{"case_no": "A", "item_kind": "promised", "department": "住建局",
                             "handler": "张经办", "promised_limit": "3 working_days",
                             "statutory_limit": "4 working_days"}])  # fmt: skip
    world.receive(
        "events", [{"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    run(world, "scan").well()
    left = []
    for commit in range(1, 20):
        with killed_at(commit, before=False), contextlib.suppress(Killed):
            run(world, "notices deliver")
        left = world.tuples("SELECT person_id, state FROM notice WHERE message_id IS NOT NULL")
        if left:
            break
    # Its message was about to leave when the process died: nothing says whether it did.
    assert left == [("li", "pending")]
    world.receive(
        "events", [{"case_no": "A", "event": "decided", "occurred_at": "2026-03-04 10:00"}]
    )
    run(world, "scan").well()
    told = world.tuples("SELECT DISTINCT person_id FROM notice WHERE kind = 'lifted' ORDER BY 1")
    # Who supervises is told of every card that falls by evidence.
    assert told == [("li",), ("wang",)]
    assert world.sound()
    world.close()
