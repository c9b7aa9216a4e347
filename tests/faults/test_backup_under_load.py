"""Backups while four processes import and scan: each is one state of the ledger, and goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.matters.office import Office
from tests.stories import laws
from tests.stories.world import World, wall, write_csv
from tests.torture.late import say

from .jobs import ledger_of
from .processes import Process, Program
from .random_kills import COMMAND, DAY, FIRST_DAY, night

TOGETHER = 4
EACH_FILE = 3
KEYS = "SELECT case_no, rule_id, episode, level, issue_no, card_no FROM card ORDER BY 1, 2, 3, 4, 5"


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.close()


class Load:
    """Processes that import the cases of a day or scan a night, one after another."""

    def __init__(self, program: Program, world: World) -> None:
        self._program = program
        self._world = world
        self.day = 0
        self.done = 0
        self._running: list[Process] = []

    def keep_up(self) -> None:
        """Start others for those that have ended."""
        left = []
        for process in self._running:
            if process.ended(0):
                _went_well(process.ran())
                self.done += 1
            else:
                left.append(process)
        self._running = left
        while len(self._running) < TOGETHER:
            self._running.append(self._next())

    def finish(self) -> None:
        """Let everybody end, import what has been written, scan the last night."""
        for process in self._running:
            _went_well(process.ran())
        self._running = []
        for files in self.files():
            self._run("import", *files)
        self._run(*COMMAND)

    def _run(self, *command: object) -> None:
        at = night(self.day)
        self._program.run(*command, folder=self._world.folder, at=at).well()

    def _next(self) -> Process:
        if len(self._running) % 2:
            command: tuple[object, ...] = COMMAND
        else:
            self.day += 1
            command = ("import", *_written(self._world.folder, self.day))
        at = night(self.day)
        return self._program.waiting(*command, folder=self._world.folder, at=at).go()

    def files(self) -> list[list[Path]]:
        """All that was imported, in order."""
        return [_written(self._world.folder, day + 1) for day in range(self.day)]


def _went_well(ran: Ran) -> None:
    """Beside an import that has not ended a scan has cases that it cannot judge: it says so (3)."""
    if ran.code == 3:
        assert "an import of it has not ended" in ran.err, ran
    else:
        ran.well(0, 75)


def _written(folder: Path, day: int) -> list[Path]:
    """The files with the cases of a day."""
    numbers = [f"L{day:03}-{n}" for n in range(EACH_FILE)]
    limits = {"promised_limit": "3 working_days", "statutory_limit": "4 working_days"}
    cases = [
        {"case_no": number, "item_kind": "promised", "department": "住建局", **limits}
        for number in numbers
    ]
    # Long ago enough that there is something to be told in every night.
    at = wall(FIRST_DAY - 10 * DAY + day * DAY)
    events = [{"case_no": n, "event": "accepted", "occurred_at": at} for n in numbers]
    files = [folder / f"{day:03}-{kind}.csv" for kind in ("c", "e")]
    for file, rows in zip(files, (cases, events), strict=True):
        if not file.exists():
            write_csv(file, rows)
    return files


def backed_up(program: Program, folder: Path, number: int) -> None:
    """So many backups under load; each restored, verified, and scanned on from there."""
    begun = time.monotonic()
    office = Office(folder / "ws")
    world = office.world
    load = Load(program, world)
    files = [folder / f"backup-{n}.tar" for n in range(number)]
    for file in files:
        writing = program.waiting("backup", file, folder=world.folder, at=night(load.day)).go()
        while not writing.ended(0.01):
            load.keep_up()
        writing.ran().well()
    load.finish()
    last = night(load.day)
    history, keys = ledger_of(world), world.tuples(KEYS)
    sizes = set()
    for n, file in enumerate(files):
        restored = World(folder / f"restored-{n}", last)
        restored.folder.mkdir()
        program.run("restore", file, folder=restored.folder, at=last).well()
        kept = [row for row in ledger_of(restored) if row in history]
        assert kept == history[: len(kept)], "no state that there ever was"
        added = [row for row in ledger_of(restored) if row not in history]
        assert [b'"backup.restored"' in bytes(row[1]) for row in added] == [True]  # type: ignore[call-overload]
        laws.hold(restored, f"backup {n}")
        before = restored.tuples(KEYS)
        assert set(before) <= set(keys)
        for imported in load.files():
            program.run("import", *imported, folder=restored.folder, at=last).well()
        program.run(*COMMAND, folder=restored.folder, at=last).well()
        laws.hold(restored, f"backup {n}, scanned on")
        assert {row[:5] for row in restored.tuples(KEYS)} >= {row[:5] for row in before}
        issued = [row[:5] for row in restored.tuples(KEYS)]
        assert len(issued) == len(set(issued)), "the next scan gave a card twice"
        sizes.add(len(kept))
        restored.close()
    say(
        f"RELIABILITY backups under load: {number} while {TOGETHER} processes import and scan "
        f"({load.done} runs), {len(sizes)} different states, each restored, verified and scanned "
        f"on without a second card, {time.monotonic() - begun:.0f} s"
    )
    assert load.done >= number, "a backup at rest proves nothing"
    world.close()


@pytest.mark.full
def test_a_few_backups(program: Program, tmp_path: Path) -> None:
    backed_up(program, tmp_path, 3)


@pytest.mark.soak
def test_twenty_backups(program: Program, tmp_path: Path) -> None:
    backed_up(program, tmp_path, 20)
