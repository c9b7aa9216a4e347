"""Killed, or refused by the disk, at every write: nothing is lost, doubled or left half done."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.torture.late import say, seeded

from .every_write import Trial, spread
from .jobs import MAKERS
from .processes import Program

#: Points of each command in the quick trial.
QUICK = 6


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.close()


def disturbed(
    program: Program, name: str, folder: Path, *, most: int | None, random: Random
) -> None:
    """One fault at so many of the writes of a command; without a number every fault at each."""
    begun = time.monotonic()
    trial = Trial(program, MAKERS[name](folder / name), folder).prepare()
    hit = 0
    places = range(len(trial.points))
    for index in spread(trial.points, most, random) if most else places:
        faults = trial.faults(index)
        for fault in faults if most is None else [random.choice(faults)]:
            shutil.rmtree(trial.disturb(index, fault))
            hit += 1
    ends = ", ".join(f"{end} x {number}" for end, number in sorted(trial.ends.items()))
    say(
        f"RELIABILITY faults at the writes of {name}: {hit} faults at {len(trial.points)} places, "
        f"0 lost, 0 doubled, 0 torn ({ends}; {trial.left_behind} temporary files left by the "
        f"killed), {time.monotonic() - begun:.0f} s"
    )
    assert hit >= (most or len(trial.points))


@pytest.mark.full
@pytest.mark.parametrize("name", MAKERS)
def test_a_fault_at_some_writes(program: Program, name: str, tmp_path: Path) -> None:
    disturbed(program, name, tmp_path, most=QUICK, random=seeded())


@pytest.mark.soak
@pytest.mark.parametrize("name", MAKERS)
def test_every_fault_at_every_write(program: Program, name: str, tmp_path: Path) -> None:
    disturbed(program, name, tmp_path, most=None, random=Random(0))
