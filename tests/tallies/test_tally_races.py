"""Two processes at once, and one that is killed: the same cards of tallies, each once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.stories import laws
from tests.stories.world import World, instant

from .test_tally_stories import town
from .town import Town, rule_text

pytestmark = pytest.mark.both_engines


#: Which writing transaction: those of the tallies always, the others in `make test-all`.
NUMBERS = [
    number if number in (3, 4) else pytest.param(number, marks=pytest.mark.full)
    for number in range(1, 8)
]


class Killed(Exception):
    """The process ends here."""


def before_writing(world: World, number: int, act: Callable[[], object]) -> list[str]:
    """Do something just before the n-th writing transaction; what has begun."""
    begun: list[str] = []

    @event.listens_for(world.context.store.engine, "before_cursor_execute")
    def _between(_1: object, _2: object, statement: str, *_rest: object) -> None:
        if statement == "BEGIN IMMEDIATE" or "LOCK TABLE" in statement:
            begun.append(statement)
            if len(begun) == number:
                act()

    return begun


def prepared(folder: Path) -> Town:
    """A town in which the next scan gives cards of cases, of a quarter and of two months."""
    it = town(folder)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.late("2026-04-02 10:00", "D")
    it.at("2026-05-02 09:00")
    return it


def facts(world: World) -> list[tuple[str, str]]:
    """What the ledger records of cards, in no order."""
    return sorted(fact for fact in laws.facts(world) if fact[0].startswith(("card.", "account")))


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, database_engine: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """What one scan gives."""
    it = prepared(tmp_path_factory.mktemp("undisturbed"))
    it.scan()
    found = it.tallies(), facts(it.world)
    it.world.close()
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_another_scan_in_between(
    tmp_path: Path, number: int, undisturbed: tuple[list[str], list[tuple[str, str]]]
) -> None:
    it = prepared(tmp_path)
    other = World(it.world.folder, it.world.now)
    begun = before_writing(it.world, number, other.scan)
    it.scan()
    assert len(begun) >= number, "there was no such transaction"
    other.close()
    assert (it.tallies(), facts(it.world)) == undisturbed
    laws.hold(it.world, "two scans")
    it.world.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_killed_before_a_transaction_and_scanned_again(
    tmp_path: Path, number: int, undisturbed: tuple[list[str], list[tuple[str, str]]]
) -> None:
    it = prepared(tmp_path)

    def die() -> None:
        raise Killed

    before_writing(it.world, number, die)
    with pytest.raises(Killed):
        it.scan()
    it.world.close()
    it.scan()
    assert (it.tallies(), facts(it.world)) == undisturbed
    laws.hold(it.world, "killed and scanned again")
    it.world.close()


def test_a_scan_as_of_a_later_instant_in_between_is_not_undone(tmp_path: Path) -> None:
    """A slot that is caught up beside a scan by hand: C fell due between their instants."""
    rule = rule_text(
        "XX-ONE",
        {"measure": "count", "of": "cards", "by": "department", "window": "month"},
        ["yellow >= 2 cards", "red >= 3 cards"],
    )
    it = Town(tmp_path / "ws", {"XX-ONE": rule})
    it.late("2026-03-02 10:00", "A", "B")
    it.late("2026-03-09 10:00", "C")
    it.at("2026-03-06 02:10")
    other = World(it.world.folder, instant("2026-03-20 09:00"))
    later: list[list[str]] = []

    def scan() -> None:
        other.scan()
        later.append(it.tallies())

    # The catalogue, the cases, the tally.
    before_writing(it.world, 3, scan)
    it.scan()
    assert later == [
        [
            "organ:住建局 XX-ONE 2026-03-01 red open 3",
            "organ:住建局 XX-ONE 2026-03-01 yellow superseded 3",
        ]
    ]
    assert it.tallies() == later[0]
    it.scan("2026-03-21 09:00")
    assert it.tallies() == later[0]
    assert it.world.rows("SELECT * FROM tally_touch") == []
    laws.hold(it.world, "a later scan and an earlier one")
    other.close()
    it.world.close()
