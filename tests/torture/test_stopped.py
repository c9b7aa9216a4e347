"""A scanner that stands still beyond its lease and goes on (a suspended machine) writes nothing."""

import signal
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from efficiency_monitor.intake import ingest
from tests.stories.world import World

from . import late

pytestmark = pytest.mark.both_engines
#: So many that a scan is still at work when it is seen to have begun.
CASES = 4_000
#: What a scan writes. The round that follows a slot is nobody's slot: its delivery goes on.
SCANNED = ("card", "card_entry", "accountability", "clock", "case_file", "run")


def contents(world: World) -> dict[str, object]:
    """Every row of what a scan writes, the notices, and what the ledger says of scans and cards."""
    found: dict[str, object] = {
        name: sorted(repr(row) for row in world.rows(f"SELECT * FROM {name}")) for name in SCANNED
    }
    found["notices"] = world.tuples("SELECT notice_id FROM notice ORDER BY 1")
    found["entries"] = [
        entry
        for entry in world.entries()
        if str(entry["type"]).startswith(("card.", "scan.", "accountability.", "slot."))
    ]
    return found


def lease_ends(world: World) -> bool:
    """Let the lease run out at once; False where the stopped process is within a transaction."""
    try:
        with world.beside() as connection:
            soon = {
                "postgresql": "SET LOCAL lock_timeout = 200",
                "sqlite": "PRAGMA busy_timeout = 200",
            }
            connection.exec_driver_sql(soon[connection.dialect.name])
            connection.exec_driver_sql("UPDATE run SET lease_until = 0")
    except OperationalError:
        return False
    return True


def left(world: World) -> int:
    """Cases that no scan has judged yet."""
    return int(world.tuples("SELECT COUNT(*) FROM case_file WHERE changed = 1")[0][0])


def stand_still(folder: Path, trials: int) -> None:
    """Stop an owner in the middle of its slot, let another take it over, let the first go on.

    An owner that had ended before it was stopped does not count and another is tried.
    """
    fresh = late.workspace(folder / "fresh")
    ingest.import_files(fresh.context, late.write_cases(folder, CASES), "canonical")
    fresh.close()
    in_the_middle = trial = 0
    while in_the_middle < trials and trial < 3 * trials:
        trial += 1
        world = late.copied(fresh, folder / f"{trial}")
        owner = late.started(world, "jobs", "run", "scan")
        while left(world) == CASES and owner.poll() is None:
            time.sleep(0.01)
        owner.send_signal(signal.SIGSTOP)
        while not lease_ends(world):
            owner.send_signal(signal.SIGCONT)
            time.sleep(0.03)
            owner.send_signal(signal.SIGSTOP)
        (row,) = world.rows("SELECT state, owner FROM run")
        in_the_middle += row["state"] == "running"
        world.nights()
        assert left(world) == 0
        (row,) = world.rows("SELECT state, fence FROM run")
        assert row["state"] == "done"
        before = contents(world)
        owner.send_signal(signal.SIGCONT)
        said = owner.communicate()[1]
        assert owner.returncode in (0, 75), said
        assert "Traceback" not in said
        assert contents(world) == before, trial
        assert world.sound()
        world.close()
    late.say(
        f"RELIABILITY stopped owners, {fresh.context.store.dialect}: {trial} stopped and resumed,"
        f" {in_the_middle} of them in the middle of a slot; 0 rows written behind the lease"
    )
    fresh.close()
    assert in_the_middle == trials, "owners that had ended prove nothing"


@pytest.mark.full
def test_a_stopped_owner_writes_nothing(tmp_path: Path) -> None:
    stand_still(tmp_path, 2)


@pytest.mark.soak
def test_a_hundred_stopped_owners_write_nothing(tmp_path: Path) -> None:
    stand_still(tmp_path, 50)
