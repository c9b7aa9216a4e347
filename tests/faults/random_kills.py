"""Nights on which eight scanners run at once and are killed at random moments.

The clock of each night is set, so everything but the grouping of messages must be to the byte as
after the same nights with one scanner that nobody kills.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests import engines
from tests.matters import stage
from tests.matters.office import Office
from tests.stories import laws
from tests.stories.world import World, instant, wall

from .jobs import CLOCKS
from .processes import KILLED, Process, Program

TOGETHER = 8
#: Cases that are accepted on each day.
EACH_DAY = 4
FIRST_DAY = instant("2026-03-02 10:00")
DAY = 86_400
#: Share of the kills that wait from their moment on for a transaction that is being written.
AIMED = 0.5
COMMAND = ("jobs", "run", "scan")


@dataclass
class Counts:
    """What was killed, and when it hit something."""

    kills: int = 0
    #: Kills of scanners whose night was not finished yet.
    unfinished: int = 0
    #: Kills while a transaction was being written.
    writing: int = 0
    ended: int = 0
    nights: int = 0


def full_of_cases(folder: Path, days: int) -> World:
    """A workspace with the cases of so many days, none of them ever decided."""
    office = Office(folder)
    cases, events = [], []
    for n in range(days * EACH_DAY):
        number = f"K{n:05}"
        cases.append(
            {
                "case_no": number,
                "item_kind": "promised",
                "department": "住建局",
                "handler": "张经办",
                "promised_limit": "3 working_days",
                "statutory_limit": "4 working_days",
            }
        )
        at = wall(FIRST_DAY + n // EACH_DAY * DAY)
        events.append({"case_no": number, "event": "accepted", "occurred_at": at})
    office.world.receive("cases", cases)
    office.world.receive("events", events)
    return office.world


def night(number: int) -> int:
    """When the scan of a night is run, from 0."""
    return instant("2026-03-03 06:00") + number * DAY


class Nights:
    """The nights of one workspace, disturbed or quiet."""

    def __init__(
        self,
        program: Program,
        world: World,
    ) -> None:
        self._program = program
        self._world = world
        self._journal = world.folder / "effmon.db-journal"
        self._sqlite = world.url.startswith(engines.SQLITE)
        #: Seconds that a scanner takes among the others, about.
        self._pace = 0.5

    def _started(self, at: int) -> Process:
        return self._program.waiting(*COMMAND, folder=self._world.folder, at=at).go()

    def quiet(self, at: int) -> None:
        """One scanner that nobody disturbs."""
        self._started(at).ran().well()

    def disturbed(self, at: int, random: Random, counts: Counts) -> None:
        """Eight scanners at once, each to be killed at a moment of its own; then a quiet one."""
        begun = time.monotonic()
        running = [
            (begun + random.uniform(0, self._pace), self._started(at)) for _ in range(TOGETHER)
        ]
        for moment, process in sorted(running, key=lambda pair: pair[0]):
            if not process.ended(max(0.0, moment - time.monotonic())):
                writing = self._aimed(process) if random.random() < AIMED else self._writing()
                process.kill()
                counts.writing += writing
            code = process.ran().code
            assert code in (KILLED, 0, 75), code
            counts.kills += code == KILLED
            counts.ended += code != KILLED
            if code == KILLED:
                counts.unfinished += not self._finished()
        # Half of them are to be killed before they are through, however busy the machine is.
        share = counts.unfinished / max(1, counts.kills + counts.ended)
        self._pace = min(5.0, max(0.02, self._pace * (1.2 if share > 0.6 else 0.8)))
        counts.nights += 1
        self.quiet(at)

    def _aimed(self, process: Process) -> bool:
        """Wait until somebody writes, or the process ends."""
        ends = time.monotonic() + 1
        while not self._writing():
            if process.ended(0.0005) or time.monotonic() > ends:
                return False
        return True

    def _writing(self) -> bool:
        """Whether somebody writes at this moment."""
        if self._sqlite:
            return self._journal.exists()
        held = (
            "SELECT 1 AS one FROM pg_locks"
            " WHERE locktype = 'relation' AND mode = 'ExclusiveLock' AND granted"
        )
        return self._world.rows(held) != []

    def _finished(self) -> bool:
        found = self._world.rows("SELECT state FROM run ORDER BY scheduled_for DESC")
        return bool(found) and found[0]["state"] == "done"


def outcome(world: World) -> dict[str, object]:
    """All that must be as after quiet nights: messages may be grouped in another way."""
    found: dict[str, object] = dict(stage.facts(world))
    del found["outbox"]
    found["notice"] = world.tuples(
        "SELECT notice_id, subject, kind, person_id, channel, state, created_at, sent_at"
        " FROM notice ORDER BY notice_id"
    )
    found["clocks"] = sorted(world.tuples(CLOCKS), key=repr)
    found["slots"] = world.tuples(
        "SELECT job, scheduled_for, state FROM run ORDER BY scheduled_for"
    )
    found["scans"] = sorted(
        str(entry["as_of"]) for entry in world.entries() if entry["type"] == "scan.done"
    )
    return found


def one_of_everything(world: World) -> None:
    """One card a key, its notices and entries; the ledger without a gap; messages for all."""
    laws.hold(world, "after the kills")
    (row,) = world.rows(
        "SELECT COUNT(*) AS number, MIN(seq) AS first, MAX(seq) AS last FROM ledger_entry"
    )
    assert (row["first"], row["last"]) == (1, row["number"])
    twice = world.rows(
        "SELECT case_id FROM card GROUP BY case_id, rule_id, episode, level, issue_no"
        " HAVING COUNT(*) > 1"
    )
    assert twice == []
    sent = {row["notice_id"] for row in world.rows("SELECT notice_id FROM notice")}
    entries = [entry for entry in world.entries() if entry["type"] == "notice.sent"]
    assert len(entries) == len(sent) == len({entry["notice"] for entry in entries})
    told = {
        line["notice_id"]
        for message in world.messages()
        for line in message["notices"]  # type: ignore[attr-defined]
    }
    assert told == sent, "every notice is in a message that arrived"
