"""Whatever is killed whenever: exactly the cards, notices and ledger facts of one quiet scan."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lengths import length
from tests.stories import laws
from tests.stories.world import World

from . import late

pytestmark = [pytest.mark.full, pytest.mark.trial]
CASES = length(20_000, 4)
KILLS = length(50, 2)
#: Share of the work that the killed processes are let do, about.
SHARE = 0.5
TOGETHER = 4


@dataclass(frozen=True)
class Quiet:
    """A workspace to be copied for each trial, and what one undisturbed scan makes of it."""

    unscanned: World
    scanned: World
    seconds: float
    start_seconds: float


@pytest.fixture(scope="module")
def quiet(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """Import once, scan once without any disturbance."""
    folder = tmp_path_factory.mktemp("quiet")
    unscanned = late.workspace(folder / "unscanned")
    files = late.write_cases(folder, CASES)
    importing = late.started(unscanned, "import", *map(str, files))
    said = importing.communicate()[1]
    assert importing.returncode == 0, said
    start_seconds = min(seconds_to_start(unscanned) for _ in range(3))
    scanned = late.copied(unscanned, folder / "scanned")
    begun = time.monotonic()
    scanning = late.started(scanned, "jobs", "run", "scan")
    said = scanning.communicate()[1]
    assert scanning.returncode == 0, said
    seconds = time.monotonic() - begun
    late.say(f"start {start_seconds:.2f} s, scan and delivery {seconds:.1f} s")
    return Quiet(unscanned, scanned, seconds, start_seconds)


def seconds_to_start(world: World) -> float:
    """How long a process needs before it does anything."""
    begun = time.monotonic()
    late.started(world, "jobs", "list").communicate()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "command", [("jobs", "run", "scan"), ("scan",)], ids=["one open slot", "as of now"]
)
def test_scans_that_are_killed_and_run_together(
    quiet: Quiet, command: tuple[str, ...], tmp_path: Path
) -> None:
    world = late.copied(quiet.unscanned, tmp_path / "ws")
    random = late.seeded()
    left, pace = CASES, 1.0
    for kill in range(1, KILLS + 1):
        rest = quiet.seconds * left / CASES
        work = min(SHARE * quiet.seconds / KILLS, rest / 8)
        moment = random.uniform(0, 2 * pace * (quiet.start_seconds + work))
        assert late.killed(late.started(world, *command), moment), "it had ended by itself"
        left = world.tuples("SELECT COUNT(*) FROM case_file WHERE changed = 1")[0][0]
        # The machine is not always equally fast, starting included: keep to the share, some way
        # through the work.
        ahead = CASES - left > SHARE * CASES * kill / KILLS
        pace = max(0.2, pace * 0.8) if ahead else min(2.0, pace * 1.15)
    before = len(world.entries())
    late.say(f"{left} of {CASES} cases left after {KILLS} kills")
    assert 0.05 * CASES < left < CASES, "kills that hit nothing prove nothing"

    together = [late.started(world, *command) for _ in range(TOGETHER)]
    for process in together:
        said = process.communicate()[1]
        assert process.returncode in (0, 75), said
        assert "Traceback" not in said
    runs = Counter(
        entry["run"] for entry in world.entries(before) if entry["type"] == "card.issued"
    )
    late.say(f"cards by run in the part with {TOGETHER} at once: {sorted(runs.values())}")
    assert len(runs) >= 2, "several processes must have committed cards"

    if command == ("scan",):
        same_but_for_the_instant(world, quiet.scanned)
    else:
        same_to_the_byte(world, quiet.scanned)
    laws.hold(world, "after the kills")
    (row,) = world.rows(
        "SELECT COUNT(*) AS rows, MIN(seq) AS first, MAX(seq) AS last FROM ledger_entry"
    )
    assert (row["first"], row["last"]) == (1, row["rows"])
    world.close()


def columns(world: World, table: str, *without: str) -> list[tuple[object, ...]]:
    """Rows of a table without some of its columns, sorted."""
    rows = world.rows(f"SELECT * FROM {table}")
    return sorted(tuple(str(row[name]) for name in row if name not in without) for row in rows)


def facts(world: World, *without: str) -> list[tuple[str, str]]:
    """What the ledger records, in no order, some types left out."""
    return sorted(fact for fact in laws.facts(world) if fact[0] not in without)


def same_to_the_byte(world: World, other: World) -> None:
    """Everything but random salts and the true clock's instants is as after one quiet scan."""
    for table, without in (
        ("card", ("salt", "issued_at")),
        ("card_entry", ("id", "at")),
        ("accountability", ("id",)),
        ("clock", ("id",)),
        ("notice", ("created_at", "next_attempt_at", "sent_at", "message_id", "number")),
    ):
        assert columns(world, table, *without) == columns(other, table, *without), table
    assert facts(world) == facts(other)
    done = [entry for entry in world.entries() if entry["type"] == "scan.done"]
    assert len(done) == 1, "one slot, one entry"
    assert world.rows("SELECT * FROM run WHERE state <> 'done'") == []


def same_but_for_the_instant(world: World, other: World) -> None:
    """Each process judged as of its own instant; the cards and notices are the same."""
    moved = ("salt", "issued_at", "as_of", "elapsed", "over")
    assert columns(world, "card", *moved) == columns(other, "card", *moved)
    kept = ("id", "at")
    assert columns(world, "card_entry", *kept) == columns(other, "card_entry", *kept)
    asked = "SELECT notice_id, card_no, kind, person_id, channel FROM notice ORDER BY 1"
    assert world.tuples(asked) == other.tuples(asked)
    # Each pass that looks at open cases anew says how many, and the last says when all were.
    rounds = ("rotation.found", "rotation.done")
    assert facts(world, *rounds) == facts(other, "notice.sent", *rounds)
