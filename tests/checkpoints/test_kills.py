"""Killed at any line of making a checkpoint, and made again: the same checkpoint, once."""

import os
import random
import sys
from pathlib import Path
from types import FrameType

import pytest

from efficiency_monitor.ledger import checkpoints, signer_state
from efficiency_monitor.ledger.book import verify
from efficiency_monitor.ledger.store import checkpoints as store
from efficiency_monitor.ledger.store import ledger
from tests.stories.world import World

from . import office

#: The modules in whose lines a process dies.
WHERE = {module.__file__ for module in (checkpoints, signer_state, store, ledger)}
DIED = 77
QUICK = 25


def run(world: World, stop_at: int | None) -> int:
    """Make a checkpoint in a process of its own that dies at a line; its exit code.

    Without `stop_at` the code says nothing and the number of lines is in the file `lines`.
    """
    world.close()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> object:
        nonlocal count
        if frame.f_code.co_filename not in WHERE:
            return None
        if event == "line":
            if count == stop_at:
                os._exit(DIED)
            count += 1
        return trace

    code = 1
    try:
        sys.settrace(trace)  # type: ignore[arg-type]
        office.make(World(world.folder, world.now))
        sys.settrace(None)
        (world.folder / "lines").write_text(str(count))
        code = 0
    finally:
        os._exit(code)


def trial(base: World, folder: Path, stop_at: int, wanted: list[tuple[object, ...]]) -> None:
    """Die there, once more at the same place, then go on: all is as if nothing had happened."""
    world = office.copied(base, folder)
    assert run(world, stop_at) == DIED
    assert run(world, stop_at) in (DIED, 0)
    made = office.make(world)
    assert office.signed(world) == wanted, stop_at
    assert office.notes(world) == made.notes
    kinds = [entry["type"] for entry in world.entries()]
    assert kinds.count("checkpoint.made") == 2
    assert verify(world.context, everything=True)["sound"], stop_at
    assert not list(office.state(world).glob(".*"))
    assert office.make(world).new is False
    world.close()


def trials(world: World, tmp_path: Path, most: int | None) -> None:
    """Every line, or `most` of them at random."""
    office.make(world)
    office.add(world, 3)
    calm = office.copied(world, tmp_path / "calm")
    assert run(calm, None) == 0
    wanted = office.signed(calm)
    lines = int((calm.folder / "lines").read_text())
    calm.close()
    assert lines > 100
    places = list(range(lines))
    if most is not None:
        seed = int(os.environ.get("EFFMON_SEED", random.SystemRandom().getrandbits(32)))
        places = sorted(random.Random(seed).sample(places, most))
        print(f"EFFMON_SEED={seed}")
    for stop_at in places:
        trial(world, tmp_path / f"at-{stop_at}", stop_at, wanted)
    print(f"{len(places)} of {lines} lines, twice each: one checkpoint, sound")


def test_killed_at_some_lines(world: World, tmp_path: Path) -> None:
    trials(world, tmp_path, QUICK)


@pytest.mark.soak
def test_killed_at_every_line(world: World, tmp_path: Path) -> None:
    trials(world, tmp_path, None)
