"""A disk with room for so many bytes: a clean stop, and all of it once there is more room."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.late import say, seeded

from .every_write import Trial
from .jobs import MAKERS
from .processes import Program

NAMES = ("scan", "import", "deliver")


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.close()


def filled(program: Program, name: str, folder: Path, sizes: int) -> None:
    """Limits from too little for the first page to more than enough."""
    random = seeded()
    begun = time.monotonic()
    trial = Trial(program, MAKERS[name](folder / name), folder).prepare()
    longest = (folder / f"{trial.job.name}-quiet" / "effmon.db").stat().st_size
    step = longest / (sizes - 1)
    for number in range(sizes):
        # Also between two pages: the system then writes a part of what it was given.
        size = int(step * number + random.random() * step)
        shutil.rmtree(trial.starve(size))
    ends = ", ".join(f"ended {end} x {count}" for end, count in sorted(trial.ends.items()))
    say(
        f"RELIABILITY disk full during {name}: {sizes} sizes up to {longest >> 10} KB, 0 torn, all "
        f"whole once there was room ({ends}), {time.monotonic() - begun:.0f} s"
    )
    assert trial.ends["70"] >= sizes / 10, "limits that hit nothing prove nothing"


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_few_sizes(program: Program, name: str, tmp_path: Path) -> None:
    filled(program, name, tmp_path, 4)


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
def test_fifty_sizes(program: Program, name: str, tmp_path: Path) -> None:
    filled(program, name, tmp_path, 50)
