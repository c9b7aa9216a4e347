"""A catalogue that cannot be read stops no message, and lets none leave twice."""

from pathlib import Path

import pytest

from tests.stories.world import PEOPLE, World, instant, town

from .stage import run

CASE = {
    "case_no": "A",
    "item_kind": "promised",
    "department": "住建局",
    "handler": "张经办",
    "promised_limit": "3 working_days",
    "statutory_limit": "90 working_days",
}
EVENT = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.made(tmp_path / "office", "2026-03-06 09:00")
    made.people(PEOPLE)
    made.receive("cases", [CASE])
    made.receive("events", [EVENT])
    assert run(made, "scan").code == 0
    return made


def outbox(world: World) -> list[tuple[object, ...]]:
    return world.tuples("SELECT person_id, state FROM notice ORDER BY person_id")


def attempts(world: World) -> int:
    return int(world.tuples("SELECT COUNT(*) FROM attempt")[0][0])


SENT = [("li", "sent"), ("zhang", "sent")]


def test_faulty_calendar_lets_every_message_leave_once(world: World) -> None:
    world.calendar("town", "x: [")
    first = run(world, "notices deliver")
    assert (first.code, outbox(world), attempts(world)) == (3, SENT, 2), first
    assert "town.yaml" in first.err
    world.now = instant("2026-03-10 09:00")
    assert run(world, "notices deliver").code == 3
    assert attempts(world) == 2
    world.calendar("town", town())
    assert run(world, "notices deliver").code == 0
    # Five working days from the delivery on Friday 6 March, as if nothing had been wrong.
    assert world.tuples("SELECT reply_due_at FROM ladder_run") == [
        (instant("2026-03-13 23:59:59"),)
    ]


def test_order_is_delivered_once_with_a_faulty_calendar(world: World) -> None:
    assert run(world, "notices deliver").code == 0
    opened = run(world, "--as wang orders open '{A CASE yellow}' --text 整改")
    assert opened.code == 0, opened
    world.calendar("town", "x: [")
    assert run(world, "notices deliver").code == 3
    before = attempts(world)
    assert outbox(world) == [("li", "sent"), ("li", "sent"), ("zhang", "sent"), ("zhang", "sent")]
    world.now = instant("2026-03-09 09:00")
    assert run(world, "notices deliver").code == 3
    assert attempts(world) == before
    world.calendar("town", town())
    assert run(world, "notices deliver").code == 0
    assert world.tuples("SELECT reply_due_at FROM supervision_order") == [
        (instant("2026-03-13 23:59:59"),)
    ]


def test_ladder_that_is_missing_stops_no_message(world: World) -> None:
    settings = world.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8").replace('default = "standard"', 'default = "gone"')
    assert '"gone"' in text
    settings.write_text(text, encoding="utf-8")
    ran = run(world, "notices deliver")
    assert (ran.code, outbox(world)) == (2, SENT), ran


def test_scan_that_fails_stops_no_message(world: World) -> None:
    assert run(world, "jobs run").code == 0
    world.receive("cases", [CASE | {"case_no": "B"}])
    world.receive("events", [EVENT | {"case_no": "B"}])
    assert run(world, "scan").code == 0
    assert ("li", "pending") in outbox(world)
    (world.folder / "catalogue" / "packs" / "story" / "CASE.yaml").write_text("id: [", "utf-8")
    world.now = instant("2026-03-07 09:00")
    world.close()
    ran = run(world, "jobs run")
    assert (ran.code, {state for _, state in outbox(world)}) == (3, {"sent"}), ran
