"""The disk is full just when a message that was taken is to be marked: it leaves once for that."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.notify.channels.channel import Message, Result, Sent
from efficiency_monitor.notify.notices import notices_to, replace_people
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.people.model.people import Person, Role
from tests.stories.world import World

from .receiving import Receiver, recorded, states

#: Notices for each of two people: so many that their entries do not fit into what is free.
EACH = 50


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "ws", "2026-03-02 08:00")
    people = [
        Person(
            person_id=name,
            name=name,
            role=Role.SUPERVISOR,
            channel="webhook",
            address=name,
            hours="any",
        )
        for name in ("sun", "wang")
    ]
    with made.context.store.writing() as connection:
        replace_people(connection, people)
        for n in range(EACH):
            new = notices_to(people, subject=f"key:{n}", kind="key_enrolled", card_no=None)
            outbox.add(connection, new, made.now)
    yield made
    made.close()


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit on the length of files; the soft one is put back at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield hard
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_message_that_cannot_be_marked_leaves_once_and_nothing_follows_it(
    world: World, hard: int
) -> None:
    database = world.folder / "effmon.db"

    def fills_up(message: Message) -> Result:
        resource.setrlimit(resource.RLIMIT_FSIZE, (database.stat().st_size, hard))
        return Sent("taken")

    receiver = Receiver(fills_up)
    for _ in range(4):
        with pytest.raises(EffmonError) as told:
            world.deliver({"webhook": receiver})
        assert told.value.exit_code == 70
        world.now += 30
    assert receiver.recipients == [receiver.recipients[0]], "it left again, or another one did"
    assert states(world) == {"pending": 2 * EACH}
    assert recorded(world, "notice.uncertain") == []

    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    receiver = Receiver()
    world.deliver({"webhook": receiver})
    assert len(receiver.got) == 2
    assert states(world) == {"sent": 2 * EACH}
    assert len(recorded(world, "notice.sent")) == 2 * EACH
    uncertain = recorded(world, "notice.uncertain")
    assert len(uncertain) == EACH
    assert len({entry["notice"] for entry in uncertain}) == EACH
    assert world.sound()
