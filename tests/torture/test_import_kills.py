"""An import that is killed and run again leaves the rows and the totals of a quiet one."""

import json
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from tests.lengths import length
from tests.stories.world import World

from . import late

pytestmark = [pytest.mark.full, pytest.mark.trial]
CASES = 5_000
KILLS = length(20, 2)


def imported(world: World, files: list[Path]) -> dict[str, int]:
    """Totals of an import that nobody kills."""
    process = late.started(world, "import", *map(str, files), "-o", "json")
    out, said = process.communicate()
    assert process.returncode == 0, said
    return {name: count for name, count in json.loads(out).items() if type(count) is int}


ASKED = {
    "cases": """SELECT case_no, source, calendar, default_calendar, changed FROM case_file
        ORDER BY 1""",
    "fields": """SELECT case_no, digest, fields FROM case_fact f
        JOIN case_file c ON c.id = f.case_id ORDER BY 1, f.id""",
    "events": """SELECT case_no, event_key, generation, identity, type, occurred_at FROM event e
        JOIN case_file c ON c.id = e.case_id ORDER BY 1, 2, 3""",
    "withdrawals": """SELECT case_no, event_key, generation FROM event_withdrawal w
        JOIN event e ON e.id = w.event_id JOIN case_file c ON c.id = e.case_id ORDER BY 1, 2, 3""",
    "quarantine": "SELECT file, row, code, message, content, state FROM quarantine ORDER BY 1, 2",
}


def in_store(world: World) -> int:
    """How many events are in the database."""
    (row,) = world.rows("SELECT COUNT(*) AS number FROM event")
    return int(row["number"])


def killed_behind(
    world: World, process: "subprocess.Popen[str]", events: int, random: Random
) -> bool:
    """Kill an import soon after so many events are in store; False if it ended before.

    A kill at a moment of the clock hits nothing where the machine is faster or slower than it was.
    """
    while process.poll() is None and in_store(world) < events:
        time.sleep(0.01)
    return late.killed(process, random.uniform(0, 0.2))


def received(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Everything that came in, without row numbers, times and import ids."""
    return {name: world.tuples(statement) for name, statement in ASKED.items()}


def test_imports_that_are_killed(tmp_path: Path) -> None:
    random = late.seeded()
    files = late.write_cases(tmp_path, CASES)
    empty = late.workspace(tmp_path / "empty")
    quiet = late.copied(empty, tmp_path / "quiet")
    whole = imported(quiet, files)
    late.say(f"{whole}")
    events = in_store(quiet)
    assert events == whole["imported"] - CASES
    assert whole["quarantined"] == CASES // 100
    again = imported(quiet, files)
    assert again["read"] == again["unchanged"] + again["quarantined"] == whole["read"]

    kills = worlds = partly = 0
    while kills < KILLS:
        worlds += 1
        world = late.copied(empty, tmp_path / f"ws{worlds}")
        for _ in range(4):
            process = late.started(world, "import", *map(str, files))
            there = in_store(world)
            reached = there + random.randrange(1, max(2, (events - there) // 2))
            if not killed_behind(world, process, reached, random):
                break
            kills += 1
            partly += 0 < in_store(world) < events
        total = imported(world, files)
        assert total["read"] == whole["read"]
        assert total["quarantined"] == whole["quarantined"]
        assert total["imported"] + total["unchanged"] == whole["imported"]
        assert received(world) == received(quiet)
        assert world.sound()
        world.close()
    late.say(f"{kills} kills, {partly} of them between two batches")
    assert partly >= 2, "kills that hit nothing prove nothing"
