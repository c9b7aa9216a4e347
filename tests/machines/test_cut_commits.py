"""The connection is cut at each COMMIT, before and after it: nothing is lost, nothing doubled."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from efficiency_monitor.faults import Disconnected
from tests import engines
from tests.postgres_server import Server
from tests.stories import laws
from tests.stories.world import World

from .conftest import receive, through
from .cutting import Cutting

NUMBER = 3
#: Random salts, numbers that a rolled back row has used up, and which import it was.
SALTED = {
    "card": {"salt", "case_id"},
    "card_entry": {"id"},
    "accountability": {"id"},
    "clock": {"id", "case_id"},
    "case_file": {"id", "revision"},
    "event": {"id", "case_id", "import_id"},
}
#: What is recorded once more where a command was cut off and given again.
AGAIN = ("scan.failed", "import.begun", "import.done")


def a_day(world: World) -> None:
    """Import, the open nights with their delivery, and an answer to each card."""
    receive(world, NUMBER)
    world.nights()
    # Not past the product: a COMMIT of ours is not the one to be cut at.
    with world.context.store.reading() as connection:
        asked = "SELECT card_no FROM card WHERE state = 'open' ORDER BY card_no"
        numbers = [row.card_no for row in connection.exec_driver_sql(asked)]
    for number in numbers:
        world.answer("replied", number, "li", "情况说明")


def patiently(world: World) -> int:
    """The same by somebody who gives a command again when told so; how often."""
    for again in range(20):
        try:
            world.imports = 0
            a_day(world)
        except Disconnected:
            continue
        else:
            return again
    raise AssertionError("it never came to an end")


def remains(world: World) -> dict[str, object]:
    """All that a day leaves, without random salts and the marks of what was begun twice."""
    found: dict[str, object] = {
        table: sorted(
            repr({name: row[name] for name in row if name not in SALTED[table]})
            for row in world.rows(f"SELECT * FROM {table}")
        )
        for table in SALTED
    }
    found["notices"] = world.tuples("SELECT notice_id, kind, state FROM notice ORDER BY notice_id")
    found["facts"] = sorted(
        # Of a changed catalogue with the size that the ledger had by then.
        (kind, fact.rpartition("/")[0] if kind == "catalogue.changed" else fact)
        for kind, fact in laws.facts(world)
        if kind not in AGAIN
    )
    slots = "SELECT scheduled_for, state FROM run ORDER BY 1"
    found["slots"] = world.tuples(slots)
    return found


def cut(
    postgres: Server,
    cutting: tuple[Cutting, Path],
    late: Callable[[str], World],
    tmp_path: Path,
    *,
    every: int,
) -> None:
    """Cut at every so many COMMITs, before or after it by turns; at all of them, both ways."""
    knife, folder = cutting
    fresh = late("fresh")
    fresh.close()
    quiet = World(engines.copied(fresh.folder, tmp_path / "day"), fresh.now)
    through(quiet, postgres.place, folder)
    knife.arm(0, before=False)
    a_day(quiet)
    commits, wanted = knife.commits, remains(quiet)
    assert commits > 10
    quiet.close()
    again, cuts = 0, 0
    for at in range(1, commits + 1, every):
        for before in (True, False) if every == 1 else (at // every % 2 == 0,):
            # In the same place: an import is known by the names of its files.
            shutil.rmtree(quiet.folder)
            with engines.chosen(engines.POSTGRESQL):
                world = World(engines.copied(fresh.folder, quiet.folder), fresh.now)
                through(world, postgres.place, folder)
                _ = world.context
                knife.arm(at, before=before)
                again += patiently(world)
                place = f"COMMIT {at} of {commits}, {'before' if before else 'after'}"
                assert knife.cuts == 1, place
                found = remains(world)
                for name, value in wanted.items():
                    assert found[name] == value, (place, name)
                assert world.sound(), place
                world.close()
            cuts += 1
    sys.stderr.write(
        f"RELIABILITY cut commits: {cuts} cuts at {commits} COMMITs; {again} commands were given "
        "again; 0 lost, 0 doubled\n"
    )


@pytest.mark.full
def test_commits_of_a_day(
    postgres: Server, cutting: tuple[Cutting, Path], late: Callable[[str], World], tmp_path: Path
) -> None:
    cut(postgres, cutting, late, tmp_path, every=3)


@pytest.mark.soak
def test_every_commit_of_a_day(
    postgres: Server, cutting: tuple[Cutting, Path], late: Callable[[str], World], tmp_path: Path
) -> None:
    cut(postgres, cutting, late, tmp_path, every=1)
