"""A scan long after the newest entry says so and enters it once, and goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.scan.clock_jump import Jump, jumps

from .world import World, instant

pytestmark = pytest.mark.both_engines
DAY = 86_400


def entered(world: World) -> list[tuple[object, object]]:
    """The jumps in the ledger."""
    return [(one["from"], one["to"]) for one in world.entries() if one["type"] == "clock.jump"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "ws", "2026-03-02 12:00")
    yield made
    made.close()


def test_before_the_first_scan_nothing_is_expected(world: World) -> None:
    world.now = instant("2026-03-20 09:00")
    assert world.scan().jumped == []
    assert entered(world) == []


def test_two_days_are_none_and_a_second_more_is_one(world: World) -> None:
    world.scan()
    world.now += 2 * DAY
    assert world.scan().jumped == []
    world.now += 2 * DAY + 1
    (jump,) = world.scan().jumped
    assert (jump.since, jump.until) == (world.now - 2 * DAY - 1, world.now)
    assert entered(world) == [("2026-03-04T12:00:00+08:00", "2026-03-06T12:00:01+08:00")]
    assert world.scan().jumped == []
    assert world.sound()


def test_an_import_before_the_scan_hides_no_jump(world: World) -> None:
    world.scan()
    world.now += 30 * DAY
    world.receive("cases", [{"case_no": "A", "item_kind": "promised", "department": "住建局"}])
    assert len(world.scan().jumped) == 1
    assert entered(world) == [("2026-03-02T12:00:00+08:00", "2026-04-01T12:00:00+08:00")]


def test_a_clock_set_back_is_no_jump_and_each_hole_is_one() -> None:
    times = [(1, 0), (2, 3 * DAY), (3, DAY), (4, 2 * DAY)]
    assert jumps(times, 5 * DAY) == [Jump(1, 0, 3 * DAY), Jump(4, 2 * DAY, 5 * DAY)]
    assert jumps([], 5 * DAY) == []
