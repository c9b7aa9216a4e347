"""Slots: one process runs each; when it is gone another takes over, and it writes nothing more."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.faults import Disconnected, DoneElsewhere, EffmonError, Locked
from efficiency_monitor.notify.channels.channel import Channel
from efficiency_monitor.people.operating_user import machine
from efficiency_monitor.records.engine import Store
from efficiency_monitor.scan import nights, scan
from efficiency_monitor.scan.store import runs
from efficiency_monitor.time.instants import rfc3339
from tests.stories import laws
from tests.stories.world import World, instant, town, wall

from .conftest import Maker

pytestmark = pytest.mark.both_engines

JOB = nights.JOB
SLOT = instant("2026-03-20 02:10")
LEASE = 300


@pytest.fixture
def store(late_cases: Maker) -> Store:
    """An empty database."""
    return late_cases(0).context.store


def take(store: Store, owner: str, now: int, gone: str = "") -> runs.Claim | None:
    """Claim the slot in a transaction of its own."""
    with store.writing() as connection:
        return runs.claim(
            connection, job=JOB, slot=SLOT, run_id=f"R-{owner}", owner=owner, now=now,
            lease=LEASE, gone=gone,
        )  # fmt: skip


def finish(store: Store, claim: runs.Claim, state: str, now: int) -> bool:
    """Close the slot in a transaction of its own."""
    with store.writing() as connection:
        return runs.finish(connection, claim, state=state, now=now, totals="{}", message=None)


def test_a_slot_is_run_by_one(store: Store) -> None:
    first = take(store, "a", 1000)
    assert first == runs.Claim(JOB, SLOT, "a", 1)
    assert take(store, "b", 1000) is None
    assert take(store, "b", 1000 + LEASE) is None, "the lease ends after its last second"


def test_a_slot_whose_lease_has_run_out_changes_hands(store: Store) -> None:
    first = take(store, "a", 1000)
    second = take(store, "b", 1001 + LEASE)
    assert first is not None
    assert second == runs.Claim(JOB, SLOT, "b", 2)
    with pytest.raises(DoneElsewhere) as raised, store.writing() as connection:
        runs.hold(connection, first, 9999)
    assert raised.value.exit_code == 75
    assert not finish(store, first, "done", 1400)
    assert finish(store, second, "done", 1401)
    with store.reading() as connection:
        (row,) = runs.history(connection, JOB, 9)
    assert (row.state, row.owner, row.fence, row.finished_at) == ("done", "b", 2, 1401)


def test_a_held_lease_goes_on(store: Store) -> None:
    first = take(store, "a", 1000)
    assert first is not None
    with store.writing() as connection:
        runs.hold(connection, first, 5000)
    assert take(store, "b", 5000) is None
    assert take(store, "b", 5001) is not None


@pytest.mark.parametrize("state", ["done", "skipped"])
def test_a_finished_slot_is_never_run_again(store: Store, state: str) -> None:
    first = take(store, "a", 1000)
    assert first is not None
    finish(store, first, state, 1001)
    assert take(store, "b", 10**10, gone="a") is None
    with pytest.raises(Locked), store.writing() as connection:
        runs.hold(connection, first, 9999)


def test_a_failed_slot_is_run_again_at_once(store: Store) -> None:
    first = take(store, "a", 1000)
    assert first is not None
    finish(store, first, "failed", 1001)
    assert take(store, "b", 1002) == runs.Claim(JOB, SLOT, "b", 2)


def test_what_is_done_does_not_fail_afterwards(store: Store) -> None:
    """Its COMMIT arrived, the answer did not: whoever ran it believes that it failed."""
    claim = take(store, "a", 1000)
    assert claim is not None
    assert finish(store, claim, "done", 1001)
    assert not finish(store, claim, "failed", 1002)
    assert take(store, "b", 10**10) is None


def test_only_the_named_owner_is_taken_for_gone(store: Store) -> None:
    take(store, "a", 1000)
    assert take(store, "b", 1001, gone="c") is None
    assert take(store, "b", 1001, gone="a") == runs.Claim(JOB, SLOT, "b", 2)


def test_old_slots_are_skipped_once_and_never_a_done_or_held_one(store: Store) -> None:
    claimed = take(store, "a", 1000)
    assert claimed is not None

    def skip(now: int) -> list[int]:
        with store.writing() as connection:
            return runs.skip(
                connection, job=JOB, slots=[SLOT - 86_400, SLOT], run_id="R-x", now=now
            )

    assert skip(1100) == [SLOT - 86_400], "the other is held"
    assert skip(1001 + LEASE) == [SLOT], "left behind by a process that died"
    assert skip(10**10) == []
    with pytest.raises(Locked), store.writing() as connection:
        runs.hold(connection, claimed, 9999)


def open_slots(world: World) -> list[str]:
    """Slots that are not finished."""
    rows = world.rows("SELECT scheduled_for, state FROM run WHERE state NOT IN ('done', 'skipped')")
    return [f"{wall(row['scheduled_for'])} {row['state']}" for row in rows]


def issued_in_slots(world: World) -> dict[int, int]:
    """How many cards each slot was closed with: in the ledger and in the history, as given."""
    said = {
        entry["as_of"]: entry["issued"] for entry in world.entries() if entry["type"] == "scan.done"
    }
    slots = {}
    for row in world.rows("SELECT scheduled_for, totals FROM run WHERE state = 'done'"):
        slot = row["scheduled_for"]
        issued = json.loads(row["totals"])["cards"]["issued"]
        assert said[rfc3339(slot, "Asia/Shanghai")] == issued
        slots[slot] = sum(issued.values())
        given = world.rows("SELECT 1 FROM card WHERE as_of = ?", slot)
        assert slots[slot] == len(given), wall(slot)
    return slots


def test_a_slot_that_was_cut_off_is_closed_with_all_that_was_done_for_it(
    late_cases: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    world = late_cases(20)
    real = scan.scan
    cut_off: list[bool] = []

    def cut(_size: int) -> None:
        if len(world.cards()) == 10 and not cut_off:
            cut_off.append(True)
            raise Disconnected("gone", "try again")

    monkeypatch.setattr(
        nights, "scan", lambda context, **more: real(context, **{**more, "progress": cut})
    )
    world.nights()
    assert sum(issued_in_slots(world).values()) == len(world.cards()) == 60
    assert len([entry for entry in world.entries() if entry["type"] == "scan.failed"]) == 1
    laws.hold(world, "cut off")


def owner(pid: int) -> str:
    """An owner as a run of this machine writes it."""
    return f"{machine('').processes}:{pid}:R-1"


def test_a_slot_of_a_dead_process_is_taken_over_at_once(late_cases: Maker) -> None:
    world = late_cases(2)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    take(world.context.store, owner(int(dead.stdout)), world.now)
    report = world.nights()
    assert report.held == []
    assert SLOT in [done.as_of for done in report.scans]
    assert open_slots(world) == []
    (row,) = world.rows("SELECT * FROM run WHERE scheduled_for = ?", SLOT)
    assert (row["fence"], row["state"]) == (2, "done")


def namesake(pid: int) -> str:
    """An owner on another machine of the same name."""
    return f"{replace(machine(''), boot='another').processes}:{pid}:R-1"


#: Numbers of processes end below it: there is none.
NOBODY = 1 << 22


@pytest.mark.parametrize(
    "name",
    [owner(os.getppid()), "another-machine:1:R-1", namesake(NOBODY), f"host:{NOBODY}:R-1", "odd"],
    ids=["alive", "far", "namesake", "before", "odd"],
)
def test_a_slot_of_a_living_process_is_helped_with_and_left_to_it(
    late_cases: Maker, name: str
) -> None:
    world = late_cases(2)
    held = take(world.context.store, name, world.now)
    assert held is not None
    # By the server's clock, where there is one, it would have run out long ago or not for long.
    world.change("UPDATE run SET lease_until = ?", 2**40)
    report = world.nights()
    assert report.held == [SLOT]
    assert SLOT not in [done.as_of for done in report.scans]
    assert open_slots(world) == [f"{wall(SLOT)} running"]
    # The owner finds nothing left to judge, records the scan and closes the slot.
    done = scan.scan(world.context, as_of=SLOT, run_id="R-own", slot=held)
    assert (done.evaluated, open_slots(world)) == (0, [])
    laws.hold(world, "helped")


def test_two_processes_share_a_slot(late_cases: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has judged its first batch when the helper comes and judges the rest."""
    monkeypatch.setattr(scan, "BATCH", 5)
    undisturbed, world = late_cases(20, "undisturbed"), late_cases(20)
    claim = take(world.context.store, "a", world.now)
    batches: list[int] = []

    def helped(size: int) -> None:
        batches.append(size)
        if len(batches) == 1:
            helper = runs.Helper(JOB, SLOT)
            scan.scan(world.acting("x"), as_of=SLOT, run_id="R-help", slot=helper, start_at=7)

    done = scan.scan(world.context, as_of=SLOT, run_id="R-own", slot=claim, progress=helped)
    issuers = {str(entry["run"]): 0 for entry in world.entries() if entry["type"] == "card.issued"}
    assert set(issuers) == {"R-own", "R-help"}
    assert sum(done.issued.values()) == issued_in_slots(world)[SLOT] == 60
    assert done.totals == {"judged": 20}
    assert [entry["run"] for entry in world.entries() if entry["type"] == "scan.done"] == ["R-own"]
    scan.scan(
        undisturbed.context, as_of=SLOT, run_id="R-1", slot=take(undisturbed.context.store, "a", 1)
    )
    assert keys(world) == keys(undisturbed)
    laws.hold(world, "shared")


def keys(world: World) -> list[tuple[object, ...]]:
    """What identifies a card, and its state."""
    asked = "SELECT card_no, state, as_of, fell_due_at FROM card ORDER BY card_no"
    return world.tuples(asked)


@pytest.mark.parametrize("after", [1, 2, 4], ids=["first batch", "second batch", "last batch"])
def test_a_stopped_owner_writes_nothing_behind_its_lease(
    late_cases: Maker, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    world = late_cases(20)
    stopped = take(world.context.store, "a", world.now)
    taken: list[runs.Claim | None] = []
    batches: list[int] = []
    frozen: list[tuple[object, ...]] = []

    def stop(size: int) -> None:
        batches.append(size)
        if len(batches) == after:
            # Its lease goes by the server's clock where there is one: no test waits for that.
            world.change("UPDATE run SET lease_until = 0")
            taken.append(take(world.context.store, "b", world.now))
            frozen.append((world.dump(),))

    with pytest.raises(DoneElsewhere, match="taken over"):
        scan.scan(world.context, as_of=SLOT, run_id="R-a", slot=stopped, progress=stop)
    assert frozen == [(world.dump(),)]
    assert len(world.cards()) == 15 * after
    done = scan.scan(world.context, as_of=SLOT, run_id="R-b", slot=taken[0])
    assert sum(done.issued.values()) == issued_in_slots(world)[SLOT] == 60, (
        "also before it was stopped"
    )
    assert [entry["run"] for entry in world.entries() if entry["type"] == "scan.done"] == ["R-b"]
    laws.hold(world, "taken over")


def test_a_helper_stops_when_the_slot_is_finished(
    late_cases: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    world = late_cases(20)
    claim = take(world.context.store, "a", world.now)
    assert claim is not None
    frozen: list[str] = []

    def finished(_size: int) -> None:
        finish(world.context.store, claim, "failed", world.now)
        frozen.append(world.dump())

    with pytest.raises(DoneElsewhere, match="finished"):
        scan.scan(
            world.context, as_of=SLOT, run_id="R-h", slot=runs.Helper(JOB, SLOT), progress=finished
        )
    assert frozen == [world.dump()]


def test_a_scan_that_fails_says_so_and_is_run_again(late_cases: Maker) -> None:
    world = late_cases(2)
    world.calendar("town", "id: town\nzone: Nowhere/Nothing\n")
    with pytest.raises(EffmonError, match=r"town\.yaml") as raised:
        world.nights()
    assert raised.value.exit_code == 3
    (row,) = world.rows("SELECT * FROM run")
    assert row["state"] == "failed"
    assert "town.yaml" in row["message"]
    assert [entry["type"] for entry in world.entries()][-1] == "scan.failed"

    world.calendar("town", town())
    report = world.nights()
    assert open_slots(world) == []
    assert report.scans[0].as_of == row["scheduled_for"]
    laws.hold(world, "mended")


def test_a_slot_that_failed_long_ago_does_not_stand_in_the_way(late_cases: Maker) -> None:
    world = late_cases(2)
    world.calendar("town", "id: town\nzone: Nowhere/Nothing\n")
    with pytest.raises(EffmonError, match=r"town\.yaml"):
        world.nights()
    world.calendar("town", town())
    world.now += 40 * 86_400
    report = world.nights()
    # The failed one and those after it that are older than 31 days.
    assert report.skipped[0] == instant("2026-03-02 02:10")
    assert len(report.scans) == 31
    assert open_slots(world) == []
    skipped = [entry for entry in world.entries() if entry["type"] == "slot.skipped"]
    assert len(skipped) == len(report.skipped)
    assert world.nights().skipped == []
    laws.hold(world, "long after")


def test_the_list_of_slots_keeps_counts_only(late_cases: Maker, tmp_path: Path) -> None:
    world = late_cases(3)
    world.nights()
    totals = [row["totals"] for row in world.rows("SELECT totals FROM run ORDER BY scheduled_for")]
    assert '"red":3' in "".join(totals)
    assert all(len(text) < 400 for text in totals)


@pytest.mark.parametrize("when", ["in the slot", "before it"])
def test_a_lock_that_is_not_given_in_time_is_no_takeover(late_cases: Maker, when: str) -> None:
    """Told as what it is, and not left to another that is not there; the next ring does it."""
    world = late_cases(2)
    hasty, other = Store(world.url, patience=100), Store(world.url)
    context = replace(world.context, store=hasty)
    held = ExitStack()

    def block(*_: int) -> int:
        held.enter_context(other.writing())
        return 0

    def nothing(*_: int) -> int:
        return 0

    def freed() -> dict[str, Channel]:
        held.close()
        return {}

    def ring(turn: Callable[[], int], progress: Callable[[int], object]) -> nights.NightReport:
        return nights.run_due(
            context, freed, lambda _s, _n: ((SLOT,), ()),
            new_id=app.run_id, turn=turn, progress=progress,  # type: ignore[arg-type]
        )  # fmt: skip

    with pytest.raises(Locked, match=r"(holds|writes to) the database") as raised:
        ring(*((nothing, block) if when == "in the slot" else (block, nothing)))
    assert not isinstance(raised.value, DoneElsewhere)
    report = ring(nothing, nothing)
    assert report.held == []
    assert SLOT in [done.as_of for done in report.scans]
    (row,) = world.rows("SELECT * FROM run WHERE scheduled_for = ?", SLOT)
    assert row["state"] == "done"
    hasty.close()
    other.close()
