"""A ledger with a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.world import World

from . import office


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A workspace with a key and a few entries, of which nothing is signed yet; to be copied."""
    made = office.made(tmp_path_factory.mktemp("fresh") / "ws")
    office.add(made, 5)
    made.close()
    return made


@pytest.fixture
def world(fresh: World, tmp_path: Path) -> Iterator[World]:
    """The same for one test alone."""
    made = office.copied(fresh, tmp_path / "ws")
    yield made
    made.close()
