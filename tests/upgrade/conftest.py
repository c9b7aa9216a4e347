"""The kept workspaces, unpacked and brought to this release, in both ways that there are."""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.matters.stage import run
from tests.stories.world import World, instant

KEPT = Path(__file__).parent / "0010.tar.xz"
#: When the former release was used last.
LEFT = instant("2026-03-20 10:00")
HALL_LEFT = instant("2026-11-20 18:00")


def unpacked(folder: Path) -> Path:
    """What is kept, in a folder."""
    with tarfile.open(KEPT) as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both workspaces as they were left. Not to be written."""
    return unpacked(tmp_path_factory.mktemp("kept"))


def in_place(kept: Path, folder: Path) -> World:
    """The bureau in a new folder, its database brought to this release."""
    shutil.copytree(kept, folder)
    world = World(folder / "bureau", LEFT)
    run(world, "init").well()
    return world


def restored(kept: Path, folder: Path) -> World:
    """From the former release's backup; the ledger's key is kept elsewhere, and put there first."""
    shutil.copytree(kept, folder, ignore=shutil.ignore_patterns("bureau", "hall"))
    world = World(folder / "bureau", LEFT)
    shutil.copytree(kept / "bureau" / "keys", world.folder / "keys")
    run(world, f"restore {kept / 'bureau.tar'}").well()
    return world


@pytest.fixture(scope="module", params=[in_place, restored])
def upgraded(
    request: pytest.FixtureRequest, kept: Path, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """The bureau under this release, and nothing done yet. Not to be written."""
    make: Callable[[Path, Path], World] = request.param
    world = make(kept, tmp_path_factory.mktemp("upgraded") / "all")
    world.close()
    return world


@pytest.fixture
def bureau(upgraded: World, tmp_path: Path) -> Iterator[World]:
    """A copy that the test may write, five minutes after the former release was left."""
    shutil.copytree(upgraded.folder.parent, tmp_path / "all")
    world = World(tmp_path / "all" / "bureau", LEFT + 300)
    yield world
    world.close()


@pytest.fixture
def hall(kept: Path, tmp_path: Path) -> Iterator[World]:
    """The hall under this release, at the instant at which it was left."""
    shutil.copytree(kept, tmp_path / "all")
    world = World(tmp_path / "all" / "hall", HALL_LEFT)
    run(world, "init").well()
    yield world
    world.close()
