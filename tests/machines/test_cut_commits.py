"""The connection is cut at each COMMIT, before it and after it: nothing is lost, nothing doubled."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from efficiency_monitor.core.faults import Disconnected
from tests import engines
from tests.postgres_server import Server
from tests.stories import laws
from tests.stories.world import World

from .conftest import receive, through
from .cutting import Cutting

pytestmark = pytest.mark.full
NUMBER = 12
SALTED = {"card": {"salt"}, "card_entry": {"id"}, "accountability": {"id"}, "clock": {"id"}}


def a_day(world: World) -> None:
    """Import, the open nights with their delivery, and an answer to each card."""
    receive(world, NUMBER)
    world.nights()
    for row in world.rows("SELECT card_no FROM card WHERE state = 'open' ORDER BY card_no"):
        world.answer("replied", row["card_no"], "li", "情况说明")


def patiently(world: World) -> int:
    """The same by somebody who gives a command again when told so; how often."""
    for again in range(20):
        try:
            world.imports = 0
            a_day(world)
        except Disconnected as fault:
            assert fault.exit_code == 75
            assert fault.hint
        else:
            return again
    raise AssertionError("it never came to an end")


def remains(world: World) -> dict[str, object]:
    """All that a day leaves, without random salts and the marks of what was begun twice."""
    found: dict[str, object] = {
        table: sorted(
            repr({name: row[name] for name in row if name not in SALTED.get(table, ())})
            for row in world.rows(f"SELECT * FROM {table}")
        )
        for table in ("card", "card_entry", "accountability", "clock", "case_file", "event")
    }
    found["notices"] = world.tuples("SELECT notice_id, kind, state FROM notice ORDER BY notice_id")
    found["facts"] = sorted(fact for fact in laws.facts(world) if fact[0] != "scan.failed")
    slots = "SELECT scheduled_for, state FROM run ORDER BY 1"
    found["slots"] = world.tuples(slots)
    return found


def test_every_commit_of_a_day(
    postgres: Server,
    cutting: tuple[Cutting, Path],
    late: Callable[[str], World],
    tmp_path: Path,
) -> None:
    knife, folder = cutting
    fresh = late("fresh")
    fresh.close()
    quiet = World(engines.copied(fresh.folder, tmp_path / "day" / "ws"), fresh.now)
    through(quiet, postgres.place, folder)
    knife.arm(0, before=False)
    a_day(quiet)
    commits, wanted = knife.commits, remains(quiet)
    assert commits > 20
    quiet.close()
    again = 0
    for at in range(1, commits + 1):
        for before in (True, False):
            # In the same place: an import is known by the names of its files.
            quiet.folder.rename(tmp_path / f"gone-{at}-{before}")
            world = World(engines.copied(fresh.folder, quiet.folder), fresh.now)
            through(world, postgres.place, folder)
            _ = world.context
            knife.arm(at, before=before)
            again += patiently(world)
            place = f"COMMIT {at} of {commits}, {'before' if before else 'after'}"
            assert knife.cuts == 1, place
            assert remains(world) == wanted, place
            assert world.sound(), place
            world.close()
    sys.stderr.write(
        f"RELIABILITY cut commits: {2 * commits} cuts at {commits} COMMITs, before and after; "
        f"{again} commands were given again; 0 lost, 0 doubled\n"
    )
