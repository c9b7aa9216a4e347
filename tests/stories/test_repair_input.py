"""Rows that no import brought are set aside by a supervisor; what they hid is judged again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.ledger import book
from efficiency_monitor.ops.repair.input import SetAside, repair
from efficiency_monitor.people.keys import enrol
from tests.matters.stage import run

from ..authority.desk import PEOPLE, key_of
from .test_evidence import acting
from .world import World, instant, write_csv

pytestmark = pytest.mark.both_engines
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
#: Copies of rows with other values, as somebody with the database writes them.
FORGED = {
    "event": (
        "INSERT INTO event (case_id, event_key, generation, identity, type, occurred_at, precision,"
        " received_at, due_precision, attributes, import_id, source, wall, unplaced) SELECT"
        " case_id, 'forged', 0, 'forged', 'decided', occurred_at + 60, precision, received_at,"
        " due_precision, attributes, {import_id}, source, '', 0 FROM event WHERE id ="
        " (SELECT min(id) FROM event)"
    ),
    "event_withdrawal": (
        "INSERT INTO event_withdrawal (event_id, received_at, import_id, number) SELECT id,"
        " received_at, {import_id}, 77 FROM event WHERE id = (SELECT min(id) FROM event)"
    ),
    "case_fact": (
        "INSERT INTO case_fact (case_id, digest, fields, received_at, import_id, source) SELECT"
        " case_id, 'forged', '{{}}', received_at, {import_id}, source FROM case_fact"
        " WHERE id = (SELECT min(id) FROM case_fact)"
    ),
    "case_file": (
        "INSERT INTO case_file (case_no, source, owner, calendar, default_calendar, revision,"
        " changed, troubles, open, judged_stale, waits, contested, clocks, clock_mark,"
        " first_received_at, import_id) SELECT 'GHOST', source, owner, calendar,"
        " default_calendar, 1, 1, '[]', 1, 0, 0, '[]', 0, 0, first_received_at, {import_id}"
        " FROM case_file WHERE case_no = 'A'"
    ),
}


def made(folder: Path, *, people: bool = False) -> World:
    world = World.made(folder, "2026-03-02 12:00")
    if people:
        world.people(PEOPLE)
        enrol(acting(world, "wang"), "wang", key_of("wang").public)
    world.receive("cases", [{"case_no": "A", **CASE}])
    world.receive("events", [
        {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
    ])  # fmt: skip
    world.now = instant("2026-03-03 09:00")
    world.scan()
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    begun = made(tmp_path / "ws")
    yield begun
    begun.close()


def forge(world: World, table: str, import_id: str = "'nobody'") -> None:
    world.change(FORGED[table].format(import_id=import_id))
    world.mark_all_changed()


def mend(world: World, **more: bool) -> SetAside:
    with world.by_owner():
        return repair(world.context, "查实为绕过系统写入", **more)


def reds(world: World) -> list[str]:
    return [card for card in world.cards() if card.startswith("A CASE red")]


@pytest.mark.parametrize("import_id", ["'nobody'", "(SELECT min(id) FROM import_run)"])
@pytest.mark.parametrize("table", FORGED)
def test_what_was_put_in_is_set_aside_and_the_card_is_given(
    world: World, table: str, import_id: str
) -> None:
    forge(world, table, import_id)
    world.now = instant("2026-03-20 09:00")
    assert world.scan().not_held
    tried = mend(world, dry_run=True)
    assert tried.rows == {table: 1}
    assert world.tuples("SELECT count(*) FROM set_aside") == [(0,)]
    done = mend(world)
    assert (done.rows, done.left) == ({table: 1}, [])
    assert world.tuples("SELECT table_name FROM set_aside") == [(table,)]
    assert world.scan().not_held == []
    assert reds(world) == ["A CASE red open"]
    with pytest.raises(ConfigurationError, match="no row that no import holds"):
        mend(world)
    assert world.sound()


def test_a_number_that_was_set_aside_is_given_to_no_other_row(world: World) -> None:
    """Whether a row came after a card is told by numbers."""
    forge(world, "event")
    (highest,) = world.tuples("SELECT max(id) FROM event")
    mend(world)
    world.receive("events", [
        {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-03 10:00"},
    ])  # fmt: skip
    assert world.tuples("SELECT max(id) FROM event")[0][0] > highest[0]
    assert world.sound()


@pytest.mark.sqlite_only
def test_nor_after_a_backup_was_restored(world: World, tmp_path: Path) -> None:
    forge(world, "event")
    (highest,) = world.tuples("SELECT max(id) FROM event")
    mend(world)
    run(world, f"backup {tmp_path / 'kept.tar'}").well()
    again = World(tmp_path / "again", world.now + 60)
    run(again, f"restore {tmp_path / 'kept.tar'}").well()
    event = {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-03 10:00"}
    write_csv(tmp_path / "more.csv", [event])
    run(again, f"import {tmp_path / 'more.csv'}").well()
    assert again.tuples("SELECT max(id) FROM event")[0][0] > highest[0]
    again.close()


def test_held_rows_stay_protected(world: World) -> None:
    for table, column in (("event", "id"), ("case_fact", "id")):
        with pytest.raises(Exception, match="append-only"):
            world.change(f"DELETE FROM {table} WHERE {column} = 1")


def test_a_case_of_which_others_speak_is_left(world: World) -> None:
    """A row of an import in between: whose it is nobody can say."""
    world.change("UPDATE case_file SET import_id = 'nobody' WHERE case_no = 'A'")
    with pytest.raises(ConfigurationError, match="no row that no import holds") as caught:
        mend(world)
    assert "backup" in caught.value.hint


def test_it_takes_a_supervisor_with_a_key_where_anybody_supervises(tmp_path: Path) -> None:
    world = made(tmp_path / "ws", people=True)
    forge(world, "event")
    with world.by_owner():
        for who in (acting(world, None), acting(world, "li", "li"), acting(world, "wang")):
            with pytest.raises(NotAllowed):
                repair(who, "x")
        assert repair(acting(world, "wang", "wang"), "x").rows == {"event": 1}
    assert world.sound()
    world.close()


def test_rows_set_aside_without_an_entry_are_named(world: World) -> None:
    world.change(
        "INSERT INTO set_aside (table_name, number, content, at, entry, os_user, host) VALUES"
        " ('event', 1, '{}', 0, 'input.set_aside/1', 'x', 'x')"
    )
    world.change("DELETE FROM event WHERE id = 1")
    assert world.scan().not_held
    said = book.verify(world.context)
    assert any("event" in line for line in [*said["rows"], *said["approvals"]])
    assert any("set aside" in line for line in said["approvals"])


@pytest.mark.sqlite_only
def test_a_held_row_under_another_name_is_not_set_aside(world: World) -> None:
    """Else whoever renames it would get rid of it by one signature."""
    world.now = instant("2026-03-20 09:00")
    world.scan()
    assert reds(world)
    world.change("DROP TRIGGER event_no_update")
    world.change("UPDATE event SET import_id = 'nobody'")
    world.mark_all_changed()
    world.scan()
    with pytest.raises(ConfigurationError, match="no row that no import holds"):
        mend(world)
    world.scan()
    assert reds(world) == ["A CASE red open"]
