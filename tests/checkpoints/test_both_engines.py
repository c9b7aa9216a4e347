"""Checkpoints on either engine: made, found again, compared, rebuilt, sent out, keys replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model import entries as core_ledger
from efficiency_monitor.ops.doctor.checkpoint_check import check_checkpoints
from tests.stories.world import World

from . import office
from .test_anchors import anchored

pytestmark = pytest.mark.both_engines


@pytest.fixture
def world(database_engine: str, tmp_path: Path) -> Iterator[World]:
    """A workspace of its own on the engine."""
    made = office.made(tmp_path / "ws")
    office.add(made, 5)
    yield made
    made.close()


def test_the_life_of_a_ledgers_checkpoints(world: World) -> None:
    anchored(world, "wang", "li")
    first = office.make(world)
    assert office.make(world).new is False
    root = core_ledger.root(core_ledger.rebuild(office.bodies(world)[: first.size]))
    assert [bytes(row[2]) for row in office.signed(world)] == [root.sha256, root.sm3]
    office.add(world)
    world.now += 3600
    report = world.nights(most=0)
    assert report.checkpoint is not None
    assert report.checkpoint.made is not None
    assert {row["state"] for row in world.rows("SELECT state FROM notice")} == {"sent"}
    (line,) = {str(message["text"]).splitlines()[-1] for message in world.messages()}
    assert compare.compare_text(world.context, line).result == compare.EQUAL
    file = world.folder / "keys" / "new.key"
    ledger_keys.new_key(world.context, office.OTHER, file)
    ledger_keys.rotate(world.context, file)
    last = office.make(world)
    assert last.new
    for made in (first, report.checkpoint.made, last):
        for note in made.notes.values():
            assert compare.compare_note(world.context, note.encode()).result == compare.EQUAL
    found = ledger_book.verify(world.context, everything=True)
    assert (found["sound"], found["signed"]) == (True, last.size)
    assert [status for _, status, _ in check_checkpoints(world.context)] == ["ok"]


def test_a_checkpoint_cannot_be_changed_by_a_statement(world: World) -> None:
    office.make(world)
    before = office.signed(world)
    for statement in (
        "UPDATE checkpoint SET size = 1",
        "DELETE FROM checkpoint",
        "DELETE FROM checkpoint WHERE tree = 'sm3'",
    ):
        refused = pytest.raises(Exception, match=r"append-only|may not")
        with refused, world.context.store.writing() as connection:
            connection.exec_driver_sql(statement)
    assert office.signed(world) == before
