"""One prepared workspace for all tests that only look, and a copy for those that write."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .command import effmon, stop_warm
from .places import copied, fill_workspace, make_workspace


@pytest.fixture(scope="session", autouse=True)
def _warm_server() -> Iterator[None]:
    yield
    stop_warm()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without cases. Not to be written."""
    return make_workspace(tmp_path_factory.mktemp("empty") / "ws")


@pytest.fixture(scope="session")
def unscanned(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Path:
    """A workspace with people, cases and events. Not to be written."""
    return fill_workspace(copied(empty, tmp_path_factory.mktemp("unscanned") / "ws"))


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, unscanned: Path) -> Path:
    """A workspace that was scanned once. Not to be written."""
    folder = copied(unscanned, tmp_path_factory.mktemp("office") / "ws")
    effmon("-C", folder, "scan").well()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Callable[[Path], Path]:
    """Makes a copy of a workspace that the test may write."""
    return lambda workspace: copied(workspace, tmp_path / "own")
