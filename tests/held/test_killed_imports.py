"""An import whose process is killed between two batches, or between the last one and its entry,
and that is given again: nothing is lost or doubled, and entries hold every row there is."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.intake import ingest
from efficiency_monitor.ledger.store import held_rows
from tests.stories.world import World, instant, write_csv
from tests.torture.test_import_kills import received

from . import killed as program

#: Rows of the two files: what is imported in batches of one.
CASES = [
    {"case_no": number, "item_kind": "promised", "promised_limit": "3 working_days"}
    for number in ("A", "B")
]
#: The correction of an event that was known, two others, one that is refused.
EVENTS = [
    {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 11:00", "source_key": "k"},
    {"case_no": "B", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
    {"case_no": "B", "event": "decided", "occurred_at": "2026-03-03 10:00"},
    {"case_no": "B", "event": "nonsense", "occurred_at": "2026-03-03 10:00"},
]
ALL = len(CASES) + len(EVENTS)


def begun(folder: Path) -> tuple[World, list[Path]]:
    """A workspace that knows case A, which has been accepted; and the files that come next."""
    world = World.made(folder, "2026-03-01 12:00")
    world.receive("cases", [{**CASES[0], "promised_limit": "5 working_days"}])
    world.receive("events", [{**EVENTS[0], "occurred_at": "2026-03-02 10:00"}])
    files = [world.folder / "in-cases.csv", world.folder / "in-events.csv"]
    for file, rows in zip(files, (CASES, EVENTS), strict=True):
        write_csv(file, rows)
    world.now = instant("2026-06-01 09:00")
    return world, files


def imported(world: World, files: list[Path], after: int = 0) -> int:
    """Import in a process of its own, which is killed after so many batches; its exit code."""
    world.close()
    words = [str(world.folder), str(world.now), str(after), *map(str, files)]
    command = [sys.executable, "-m", program.__name__, *words]
    return subprocess.run(command, capture_output=True, check=False).returncode


def entries_hold_every_row(world: World) -> None:
    """Of each import one entry that it began, one that it ended; together they say of each table
    as many rows as it has, and the last one says so too."""
    entries = world.entries()
    ids = sorted(row["id"] for row in world.rows("SELECT id FROM import_run"))
    done: list[dict[str, Any]] = [each for each in entries if each["type"] == "import.done"]
    assert sorted(str(each["import"]) for each in done) == ids
    assert sorted(str(e["import"]) for e in entries if e["type"] == "import.begun") == ids
    for table in held_rows.INPUT:
        (there,) = world.rows(f"SELECT count(*) AS n FROM {table}")
        assert sum(each["rows"].get(table, {}).get("count", 0) for each in done) == there["n"]
        assert done[-1]["held"].get(table, 0) == there["n"]
    assert world.sound()


@pytest.mark.parametrize(
    "kills",
    [[1], [ALL // 2], [ALL], [1, ALL // 2, ALL]],
    ids=["first", "between", "before its entry", "thrice"],
)
def test_an_import_that_is_killed_and_given_again(
    tmp_path: Path, kills: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 1)
    quiet, files = begun(tmp_path / "quiet")
    told: list[int] = []
    whole = ingest.import_files(quiet.context, files, "canonical", progress=told.append)
    assert len(told) == ALL
    world, files = begun(tmp_path / "ws")
    for after in kills:
        assert imported(world, files, after) == -9
        # What it has written so far is no input: nobody is judged by it.
        assert [each["state"] for each in _states(world)][-1] is None
        assert world.scan().not_held == []
        assert world.cards() == []
        assert world.sound()
    assert imported(world, files) == 0
    assert received(world) == received(quiet)
    took = [e for e in world.entries() if e["type"] == "import.done" and "taken_up_by" in e]
    assert len(took) == len(kills)
    entries_hold_every_row(world)
    (last,) = {e["taken_up_by"] for e in took}
    assert last == world.entries()[-1]["import"]
    assert whole.total.read == ALL
    quiet.scan()
    report = world.scan()
    assert not [problem for problem in report.problems if "half_import" in problem]
    assert world.cards() == quiet.cards()
    quiet.close()
    world.close()


def _states(world: World) -> list[dict[str, Any]]:
    """When each import ended, in the order in which they began."""
    return world.rows("SELECT finished_at AS state FROM import_run ORDER BY rowid")
