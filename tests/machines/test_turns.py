"""Two machines, one database: one of them delivers and pulls at a time, and none twice."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from efficiency_monitor.faults import Locked
from efficiency_monitor.notify.deliver import deliver
from efficiency_monitor.records import leases
from efficiency_monitor.workspace import one_at_a_time
from tests.stories.world import World

from .conftest import receive

pytestmark = pytest.mark.full


def another(world: World, folder: Path) -> World:
    """The same database, seen from another machine's folder."""
    shutil.copytree(world.folder, folder)
    return World(folder, world.now)


@pytest.fixture
def two(late: Callable[[str], World], tmp_path: Path) -> tuple[World, World]:
    one = late("one")
    receive(one, 2)
    one.scan()
    return one, another(one, tmp_path / "two")


def test_the_other_machine_waits_and_then_finds_nothing(two: tuple[World, World]) -> None:
    one, other = two
    with one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None):
        with pytest.raises(Locked):
            deliver(other.context, {}, patience=0)
        assert other.messages() == []
    other.deliver()
    sent = [row["notice_id"] for row in one.rows("SELECT * FROM notice WHERE state = 'sent'")]
    told = [str(n["notice_id"]) for m in other.messages() for n in m["notices"]]  # type: ignore[attr-defined]
    assert sorted(told) == sorted(sent) != []
    one.deliver()
    assert one.messages() == []


def test_who_was_overtaken_writes_nothing(two: tuple[World, World]) -> None:
    one, other = two
    with one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None) as mine:
        one.change("UPDATE lease SET lease_until = 0")
        other.deliver()
        with pytest.raises(Locked), mine.writing() as connection:
            connection.exec_driver_sql("UPDATE notice SET state = 'dead'")
    assert one.rows("SELECT * FROM notice WHERE state = 'dead'") == []
    (lease,) = one.rows("SELECT * FROM lease")
    assert (lease["fence"], lease["lease_until"]) == (2, 0)


def test_a_lease_goes_by_the_database_clock(two: tuple[World, World]) -> None:
    """A machine whose clock is a year ahead takes nobody's work."""
    one, other = two
    ahead = replace(other.context, now=lambda: one.now + 366 * 86_400)
    with (
        one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None),
        pytest.raises(Locked),
        one_at_a_time.turn(ahead, "deliver", other.folder, 0, lambda _: None),
    ):
        raise AssertionError("it must not have the turn")


def test_a_machine_that_died_is_waited_for_until_its_lease_ends(two: tuple[World, World]) -> None:
    one, other = two
    with one.context.store.writing() as connection:
        now = one_at_a_time.lease_now(one.context, connection)
        gone = leases.take(
            connection, name="deliver", place="gone:/ws", process="1", now=now, seconds=60
        )
    assert gone is not None
    waited = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        one.change("UPDATE lease SET lease_until = lease_until - 30")

    with one_at_a_time.turn(other.context, "deliver", other.folder, 5, pause) as mine:
        assert mine.lease is not None
        assert mine.lease.fence == gone.fence + 1
    assert len(waited) in (2, 3)


def test_what_died_in_the_same_folder_is_not_waited_for(two: tuple[World, World]) -> None:
    one, _ = two
    left = one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None)
    left.__enter__()  # a process that is killed gives nothing back
    with one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None) as mine:
        assert mine.lease is not None
        assert mine.lease.fence == 2


def test_machines_of_one_name_and_one_folder_are_two(two: tuple[World, World]) -> None:
    """Such as copies of one machine: by the name alone each would pass for the other's dead."""
    one, _ = two
    machine = replace(one.context.machine, boot="0c9a5f6e-0000-4000-8000-000000000000")
    namesake = replace(one.context, machine=machine)
    with one_at_a_time.turn(one.context, "deliver", one.folder, 0, lambda _: None) as mine:
        with (
            pytest.raises(Locked),
            one_at_a_time.turn(namesake, "deliver", one.folder, 0, lambda _: None),
        ):
            raise AssertionError("it must not have the turn")
        with mine.writing() as connection:
            connection.exec_driver_sql("UPDATE notice SET attempts = attempts")


def test_folders_of_one_name_on_two_volumes_are_two(two: tuple[World, World]) -> None:
    """Containers under one kernel: the lock on a file of one says nothing of the other's."""
    one, _ = two
    kept = one.folder.rename(one.folder.with_name("kept"))
    with one_at_a_time.turn(one.context, "deliver", kept, 0, lambda _: None):
        taken = kept.rename(kept.with_name("first"))
        shutil.copytree(taken, kept)
        with (
            pytest.raises(Locked),
            one_at_a_time.turn(one.context, "deliver", kept, 0, lambda _: None),
        ):
            raise AssertionError("it must not have the turn")
