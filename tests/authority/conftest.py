"""A workspace with a red card, four supervisors and a department; keys that the tests know."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..stories.world import World
from .desk import PEOPLE, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Nobody has a key yet."""
    world = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made = Desk(world)
    world.people(PEOPLE)
    made.card()
    yield made
    made.close()
