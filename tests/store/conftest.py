"""A workspace with a few late cases, for the tests of the store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stories.world import PEOPLE, World, instant

Maker = Callable[..., World]


@pytest.fixture
def late_cases(tmp_path: Path) -> Iterator[Maker]:
    """Makes workspaces, each with so many cases that are long past every limit, not yet scanned."""
    made: list[World] = []

    def make(number: int, name: str = "ws") -> World:
        world = World.made(tmp_path / name, "2026-03-01 12:00")
        made.append(world)
        world.people(PEOPLE)
        world.now = instant("2026-03-20 09:00")
        case = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
        numbers = [f"C{n:03}" for n in range(number)]
        if not numbers:
            return world
        world.receive("cases", [{"case_no": number, **case} for number in numbers])
        world.receive(
            "events",
            [
                {"case_no": number, "event": "accepted", "occurred_at": "2026-03-02 10:00"}
                for number in numbers
            ],
        )
        return world

    yield make
    for world in made:
        world.close()
