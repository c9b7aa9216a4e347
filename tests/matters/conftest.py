"""The office of each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A new workspace."""
    made = Office(tmp_path / "ws")
    yield made
    assert made.world.sound()
    made.world.close()
