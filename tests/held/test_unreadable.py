"""Rows that effmon never writes so: one of them takes no other case's card away, and is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matters.stage import run
from tests.stories.world import World, instant

CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
#: What somebody with the database writes, and how the scan calls it.
WRITTEN = {
    "UPDATE event SET type = 'acceptedx' WHERE id = 1": "input_not_held",
    "UPDATE event SET precision = 'secondx' WHERE id = 1": "input_not_held",
    "UPDATE event SET attributes = '{' WHERE id = 1": "input_not_held",
    "UPDATE case_fact SET fields = '{' WHERE id = 1": "input_not_held",
    "UPDATE case_fact SET fields = '7' WHERE id = 1": "input_not_held",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "ws", "2026-03-16 09:00")
    # An import each: of one that was changed since the last scan every case is doubted.
    for number in "AB":
        made.receive("cases", [{"case_no": number, **CASE}])
        accepted = {"event": "accepted", "occurred_at": "2026-03-02 10:00"}
        made.receive("events", [{"case_no": number, **accepted}])
    for table in ("event", "case_fact"):
        made.change(f"DROP TRIGGER {table}_no_update")
    yield made
    made.close()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("statement", WRITTEN)
def test_one_unreadable_row_takes_no_other_card_away(world: World, statement: str) -> None:
    world.change(statement)
    ran = run(world, "scan")
    assert ran.code == 3, ran.err
    assert {card.split()[0] for card in world.cards()} == {"B"}
    assert WRITTEN[statement] in run(world, "scan --output json").out
    for command in ("cases explain A", "cases show A", "cases list", "scan --dry-run"):
        shown = run(world, command)
        assert "Traceback" not in shown.err, (command, shown.err)
        assert shown.code == 0 or "ledger verify" in shown.err, (command, shown.err)


@pytest.mark.sqlite_only
def test_a_type_that_the_vocabulary_has_no_more_stops_no_scan(world: World) -> None:
    """No import takes it, but a vocabulary may lose one that came before."""
    words = world.folder / "catalogue" / "vocabulary.yaml"
    world.receive("events", [
        {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-03 10:00"},
    ])  # fmt: skip
    text = words.read_text(encoding="utf-8")
    assert "contacted" in text
    words.write_text(text.replace("contacted", "reached"), encoding="utf-8")
    world.close()
    world.now = instant("2026-03-16 09:05")
    ran = run(world, "scan")
    assert "Traceback" not in ran.err
    assert {card.split()[0] for card in world.cards()} >= {"B"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("value", ["{", '{"zz": 1}', "7"])
def test_an_unreadable_person_takes_no_card_away_and_is_named(world: World, value: str) -> None:
    world.people([
        {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
        {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    ])  # fmt: skip
    world.change(f"UPDATE person SET value = '{value}' WHERE id = 1")
    assert run(world, "scan").code == 0
    assert {card.split()[0] for card in world.cards()} == {"A", "B"}
    assert "1 rows of people are unreadable" in run(world, "doctor --quick").out
