"""Random kills among eight scanners: exactly one card a key, its notices and its entries."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.matters.stage import copied
from tests.torture.late import say, seeded

from .processes import Program
from .random_kills import Counts, Nights, full_of_cases, night, one_of_everything, outcome

pytestmark = pytest.mark.both_engines


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.close()


def killed_at_random(program: Program, folder: Path, kills: int, random: Random) -> None:
    """Nights until so many scanners were killed, then the same nights undisturbed."""
    begun = time.monotonic()
    world = full_of_cases(folder / "disturbed", kills // 5 + 5)
    quiet = copied(world, folder / "quiet")
    counts, nights = Counts(), Nights(program, world)
    while counts.kills < kills:
        nights.disturbed(night(counts.nights), random, counts)
    undisturbed = Nights(program, quiet)
    for number in range(counts.nights):
        undisturbed.quiet(night(number))
    engine = world.url.partition(":")[0].partition("+")[0]
    cards = world.tuples("SELECT COUNT(*) FROM card")[0][0]
    say(
        f"RELIABILITY random kills of 8 scanners on {engine}: {counts.kills} kills on "
        f"{counts.nights} nights, {counts.unfinished} before the night was through, "
        f"{counts.writing} in the middle of a transaction; {cards} cards, none lost, none twice, "
        f"{time.monotonic() - begun:.0f} s"
    )
    one_of_everything(world)
    assert outcome(world) == outcome(quiet)
    assert counts.unfinished > kills / 5, "kills that hit nothing prove nothing"
    world.close()
    quiet.close()


@pytest.mark.full
def test_forty_kills(program: Program, tmp_path: Path) -> None:
    killed_at_random(program, tmp_path, 40, seeded())


@pytest.mark.soak
def test_a_thousand_kills(program: Program, tmp_path: Path) -> None:
    killed_at_random(program, tmp_path, 1000, seeded())
