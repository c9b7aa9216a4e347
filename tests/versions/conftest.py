"""An office on either engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .bureau import Bureau


@pytest.fixture
def bureau(database_engine: str, tmp_path: Path) -> Iterator[Bureau]:
    """Nobody approves rules yet."""
    made = Bureau(tmp_path / "ws")
    yield made
    made.world.close()
