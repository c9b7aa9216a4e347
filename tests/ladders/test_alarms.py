"""Alarms on supervisors: raised once, told to the leaders, ended with their reason."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.followup.alarms import actions as alarms
from efficiency_monitor.scan.housekeeping import RoundReport, run
from efficiency_monitor.terms import AlarmKind
from tests.stories.world import Row, World, instant

pytestmark = pytest.mark.both_engines

CARD = {
    "person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler",
}  # fmt: skip
LEADER = {"person_id": "chen", "name": "陈分管", "department": "住建局", "role": "leader"}
OTHER = {"person_id": "sun", "name": "孙分管", "department": "教育局", "role": "leader"}
WANG = {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"}
ZHAO = {"person_id": "zhao", "name": "赵监察", "department": "住建局", "role": "supervisor"}


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """Workspaces that a test makes; they are closed after it."""
    made: list[World] = []
    yield made
    for world in made:
        world.close()


def red(worlds: list[World], folder: Path, people: Sequence[Row], **case: str) -> World:
    """A workspace with a red card of case A, delivered on Friday 6 March at 09:00."""
    world = World.made(folder / "w", "2026-03-01 12:00")
    worlds.append(world)
    world.people(people)
    world.now = instant("2026-03-06 09:00")
    limits = {"promised_limit": "2 working_days", "statutory_limit": "3 working_days"}
    world.receive(
        "cases",
        [{"case_no": "A", "item_kind": "promised", "department": "住建局", **limits, **case}],
    )
    world.receive(
        "events", [{"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    world.scan()
    go(world, "2026-03-06 09:00")
    return world


def go(world: World, at: str) -> RoundReport:
    world.now = instant(at)
    return run(world.context, app.channels(world.context))


def told(world: World) -> list[str]:
    """Who was told of alarms."""
    rows = world.rows("SELECT person_id, about FROM notice WHERE kind = 'alarm' ORDER BY person_id")
    return [f"{row['person_id']} {json.loads(row['about'])['kind']}" for row in rows]


def standing(world: World) -> list[str]:
    return [f"{row['kind']} {row['person_id']}" for row in alarms.listing(world.context)]


def test_the_leader_of_the_department_hears_once(worlds: list[World], tmp_path: Path) -> None:
    world = red(worlds, tmp_path, (CARD, LEADER, OTHER, WANG))
    assert go(world, "2026-03-13 23:59:59").alarms == []
    (raised,) = go(world, "2026-03-14 00:00:00").alarms
    assert (raised.kind, raised.person_id, raised.told) == (AlarmKind.NOT_FOLLOWED_UP, "wang", 1)
    assert raised.since == instant("2026-03-06 09:00")
    assert raised.due_at == instant("2026-03-13 23:59:59")
    assert go(world, "2026-03-20 00:00:00").alarms == []
    assert told(world) == ["chen not_followed_up"]
    assert standing(world) == ["not_followed_up wang"]
    (entry,) = [entry for entry in world.entries() if entry["type"] == "alarm.raised"]
    assert entry["about"] == f"card:{world.card('A CASE red')}"


def test_without_a_leader_the_other_supervisors_hear(worlds: list[World], tmp_path: Path) -> None:
    """Not the one in question, although that one is nearest to the department."""
    world = red(worlds, tmp_path, (CARD, OTHER, WANG, ZHAO))
    assert world.tuples("SELECT person_id FROM notice WHERE role = 'supervisor'") == [("zhao",)]
    go(world, "2026-03-14 00:00:00")
    assert told(world) == ["wang not_followed_up"]


def test_with_nobody_else_the_alarm_stands_and_is_reported(
    worlds: list[World], tmp_path: Path
) -> None:
    world = red(worlds, tmp_path, (CARD, WANG))
    (raised,) = go(world, "2026-03-14 00:00:00").alarms
    assert raised.told == 0
    assert standing(world) == ["not_followed_up wang"]
    nobody = [entry for entry in world.entries() if entry["type"] == "nobody.told"]
    assert {entry["about"] for entry in nobody} >= {f"alarm:{raised.alarm_no}"}


@pytest.mark.parametrize("what", ["replied", "acknowledged"])
def test_a_reply_is_followed_up_an_acknowledgement_is_not(
    worlds: list[World], tmp_path: Path, what: str
) -> None:
    world = red(worlds, tmp_path, (CARD, LEADER, WANG))
    world.now = instant("2026-03-09 09:00")
    world.answer(what, world.card("A CASE red"), "zhang", "情况说明")
    go(world, "2026-03-14 00:00:00")
    assert standing(world) == ([] if what == "replied" else ["not_followed_up wang"])


def test_an_alarm_ends_when_the_card_no_longer_waits(worlds: list[World], tmp_path: Path) -> None:
    world = red(worlds, tmp_path, (CARD, LEADER, WANG))
    go(world, "2026-03-14 00:00:00")
    world.receive(
        "events",
        [
            {
                "case_no": "A",
                "event": "suspended",
                "kind": "hearing",
                "occurred_at": "2026-03-03 10:00",
            }
        ],
    )
    world.scan()
    go(world, "2026-03-16 09:00")
    assert standing(world) == []
    (row,) = alarms.listing(world.context, everything=True)
    assert row["ended_reason"] == "lifted"
    (entry,) = [entry for entry in world.entries() if entry["type"] == "alarm.ended"]
    assert (entry["alarm"], entry["reason"]) == (row["alarm"], "lifted")


def test_a_card_that_waits_to_be_confirmed_is_followed_up_too(
    worlds: list[World], tmp_path: Path
) -> None:
    world = red(worlds, tmp_path, (CARD, LEADER, WANG), item_kind="forwarded", watch="manual")
    assert "A CHECKED yellow pending" in world.cards()
    go(world, "2026-03-14 00:00:00")
    assert standing(world) == ["not_followed_up wang"]


def test_warnings_raise_no_alarm(worlds: list[World], tmp_path: Path) -> None:
    """The handler is gone, so the supervisor hears of a warning; that is nothing to follow up."""
    world = World.made(tmp_path / "w", "2026-03-01 12:00")
    worlds.append(world)
    world.people((WANG, LEADER))
    world.now = instant("2026-03-05 09:00")
    limits = {"promised_limit": "3 working_days", "statutory_limit": "90 working_days"}
    case = {"case_no": "A", "item_kind": "promised", "department": "住建局"}
    world.receive("cases", [{**case, **limits}])
    world.receive(
        "events", [{"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    world.scan()
    go(world, "2026-03-05 09:00")
    assert world.tuples("SELECT person_id, state FROM notice") == [("wang", "sent")]
    assert go(world, "2026-06-05 09:00").alarms == []


def test_an_order_that_stays_open(worlds: list[World], tmp_path: Path) -> None:
    world = red(worlds, tmp_path, (CARD, LEADER, WANG, ZHAO))
    world.change(
        "INSERT INTO supervision_order (order_no, department, calendar, text, opened_by,"
        " opened_at, state, round, reply_within) VALUES ('D-AAAAAAAAAAAA', '住建局', 'town',"
        " '', 'wang', ?, 'open', 1, '90 working_days')",
        instant("2026-03-06 10:00"),
    )
    world.change("INSERT INTO order_card VALUES ('D-AAAAAAAAAAAA', ?)", world.card("A CASE red"))
    # Twenty working days from Friday 6 March: Friday 3 April.
    assert go(world, "2026-04-03 23:59:59").alarms == []
    (raised,) = go(world, "2026-04-04 00:00:00").alarms
    assert (raised.kind, raised.person_id) == (AlarmKind.ORDER_OPEN, "wang")
    assert told(world) == ["chen order_open"]
    world.change("UPDATE supervision_order SET state = 'closed'")
    go(world, "2026-04-04 09:00")
    (row,) = alarms.listing(world.context, everything=True)
    assert row["ended_reason"] == "order_closed"


def test_numbers_are_the_same_for_ever() -> None:
    first = alarms.alarm_number(AlarmKind.ORDER_OPEN, "order:D-A", "wang")
    assert first == alarms.alarm_number(AlarmKind.ORDER_OPEN, "order:D-A", "wang")
    assert first != alarms.alarm_number(AlarmKind.ORDER_OPEN, "order:D-A", "zhao")
    assert len(first) == 15
