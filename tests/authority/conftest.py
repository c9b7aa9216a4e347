"""A workspace with a red card, four supervisors and a department; keys that the tests know."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.followup.evidence.model import Attachment
from efficiency_monitor.people.keys import enrol, revoke
from efficiency_monitor.people.model.authority import Act

from .. import engines
from ..stories.world import World
from .desk import PEOPLE, Desk, key_of

PROOF = Attachment("说明.pdf", "ab" * 32, 7)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Nobody has a key yet."""
    world = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made = Desk(world)
    world.people(PEOPLE)
    made.card()
    yield made
    made.close()


@pytest.fixture(scope="module")
def template(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that were begun with, approved, replaced and revoked; approvals of every sort."""
    desk = Desk(World.made(tmp_path_factory.mktemp("busy") / "ws", "2026-03-01 12:00"))
    desk.world.people([*PEOPLE, {"person_id": "he", "name": "何", "role": "supervisor"}])
    desk.card()
    # Before keys are in use, a claim is enough for what needs no signature.
    desk.approve("he", act=Act.CONFIRM)
    for person in ("wang", "chen"):
        enrol(desk.acting(person), person, key_of(person).public)
    for name, person in (("zhao", "zhao"), ("sun", "sun"), ("wang/2", "wang")):
        first = "zhao" if person == "wang" else "wang"
        enrol(desk.acting(first, first), person, key_of(name).public)
        enrol(desk.acting("chen", "chen"), person, key_of(name).public)
    revoke(desk.acting("sun", "sun"), "sun", "遗失")
    desk.approve("wang", "wang/2", ground="force_majeure", text="属实", evidence=[PROOF])
    desk.approve("chen", "chen", decision="return")
    assert desk.world.sound()
    desk.close()
    return desk.world.folder


@pytest.fixture
def busy(template: Path, tmp_path: Path) -> Iterator[Desk]:
    """The same, to be tampered with."""
    engines.copied(template, tmp_path / "ws")
    desk = Desk(World(tmp_path / "ws", 1_773_622_800))
    yield desk
    desk.close()
