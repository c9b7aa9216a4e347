"""Two processes between each other's read and write: what was judged on old data is not written."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.scan import scan
from tests.stories import laws
from tests.stories.world import World

from .conftest import Maker

pytestmark = pytest.mark.both_engines


def before_writing(world: World, number: int, act: Callable[[], object]) -> None:
    """Do something just before the workspace's engine begins its n-th writing transaction."""
    begun: list[str] = []

    @event.listens_for(world.context.store.engine, "before_cursor_execute")
    def _between(_1: object, _2: object, statement: str, *_rest: object) -> None:
        if statement == "BEGIN IMMEDIATE" or "LOCK TABLE" in statement:
            begun.append(statement)
            if len(begun) == number:
                act()


@pytest.mark.parametrize("number", range(1, 6))
def test_another_scan_in_between_leaves_nothing_to_write(
    late_cases: Maker, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    undisturbed, world = late_cases(15, "undisturbed"), late_cases(15)
    undisturbed.scan()
    other = World(world.folder, world.now)
    others: list[int] = []
    before_writing(world, number, lambda: others.append(sum(other.scan().issued.values())))
    own = sum(world.scan().issued.values())
    assert own + others[0] == 45
    assert (own > 0) == (number > 3), "the first ones enter settings and catalogue"
    other.close()
    laws.hold(world, "two scans")
    assert laws.facts_of_cards(world) == laws.facts_of_cards(undisturbed)
    assert facts_of_cards(world) == facts_of_cards(undisturbed)


def facts_of_cards(world: World) -> list[tuple[str, str]]:
    """What the ledger records of cards, in no order."""
    kinds = ("card.", "accountability.")
    return sorted(fact for fact in laws.facts(world) if fact[0].startswith(kinds))


def test_what_is_received_in_between_is_judged(late_cases: Maker) -> None:
    """The case turns out to have been decided in time while it is being judged as late."""
    world = late_cases(2)
    other = World(world.folder, world.now, imports=world.imports)
    decided = {"case_no": "C000", "event": "decided", "occurred_at": "2026-03-04 10:00"}
    before_writing(world, 2, lambda: other.receive("events", [decided]))
    world.scan()
    other.close()
    assert {row["case_no"] for row in world.rows("SELECT case_no FROM card")} == {"C001"}
    assert world.rows("SELECT * FROM case_file WHERE changed = 1") == []
    laws.hold(world, "received in between")


def entry(fact: str) -> ledger.NewEntry:
    """An entry that records a fact."""
    return ledger.NewEntry(
        type=EntryType.EXPORT_MADE, fact=fact, at="2026-03-20T09:00:00+08:00", content={}
    )


def test_a_fact_is_recorded_once(late_cases: Maker) -> None:
    world = late_cases(0)
    before = len(world.entries())
    with world.context.store.writing() as connection:
        assert ledger.append(connection, [entry("a"), entry("b"), entry("a")]) == 2
    with world.context.store.writing() as connection:
        assert ledger.append(connection, [entry("b"), entry("c")]) == 1
        assert ledger.append(connection, []) == 0
    facts = [row["fact"] for row in world.rows("SELECT fact FROM ledger_entry ORDER BY seq")]
    assert facts[before:] == ["a", "b", "c"]
    assert world.sound()


def test_an_entry_that_is_not_committed_leaves_no_gap(late_cases: Maker) -> None:
    world = late_cases(0)

    def stop() -> None:
        with world.context.store.writing() as connection:
            ledger.append(connection, [entry("lost")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    with world.context.store.writing() as connection:
        ledger.append(connection, [entry("kept")])
    numbers = [row["seq"] for row in world.rows("SELECT seq FROM ledger_entry ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.sound()
