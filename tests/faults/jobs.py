"""Commands that write, each on a workspace of its own, and how everything stands afterwards."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from efficiency_monitor.ledger import book as ledger_book
from tests.matters import stage
from tests.matters.deaths import key_files
from tests.matters.office import Office
from tests.stories import laws
from tests.stories.world import World, write_csv
from tests.torture import test_import_kills

#: Tables that runs write each time anew; what is of them is compared as facts of the ledger.
CLOCKS = "SELECT case_id, rule_id, episode, state, next_at, next_level, limit_due_at FROM clock"
#: Whether anything stands in the ledger that no checkpoint covers, but what making one leaves.
UNSIGNED = """SELECT COUNT(*) > 0 FROM ledger_entry WHERE type <> 'checkpoint.made'
    AND seq > (SELECT COALESCE(MAX(size), 0) FROM checkpoint)"""
LEVELS = "SELECT case_no, outcome, changed FROM case_file ORDER BY 1"


@dataclass(frozen=True)
class Job:
    """One command, the workspace it is given on, and the exit codes with which it may be repeated.

    Given again it makes everything stand as after a quiet run, or says that it stands so already.
    """

    name: str
    world: World
    line: tuple[str, ...]
    #: Exit code of the command when everything is done already.
    done_already: int = 0

    def copied(self, folder: Path) -> World:
        """A workspace for one trial."""
        return stage.copied(self.world, folder)

    def arguments(self, world: World) -> list[str]:
        """The command's words for that workspace."""
        return [word.replace("{folder}", str(world.folder)) for word in self.line]


def standing(world: World) -> dict[str, object]:
    """All that a quiet run and a disturbed one must have in common."""
    found: dict[str, object] = dict(stage.facts(world))
    found["clocks"] = sorted(world.tuples(CLOCKS), key=repr)
    found["levels"] = world.tuples(LEVELS)
    found |= test_import_kills.received(world)
    found["export on record"] = bool(recorded(world, "export.made"))
    found["backup on record"] = bool(recorded(world, "backup.made"))
    found["unsigned"] = world.tuples(UNSIGNED)
    found["files"] = files(world.folder)
    return found


def recorded(world: World, kind: str) -> int:
    """How many entries of a type the ledger has."""
    return len(world.rows("SELECT seq FROM ledger_entry WHERE type = ?", kind))


#: Files that are there for a while, or only spare somebody a look: when a signature last failed.
PASSING = ("-journal", "-wal", "-shm", ".lock", "checkpoints/failed")


def files(folder: Path) -> list[str]:
    """Names of the files of a workspace that are there to stay."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if not name.endswith(PASSING))


def ledger_of(world: World) -> list[tuple[object, ...]]:
    """The ledger's entries, byte for byte."""
    return world.tuples("SELECT seq, body FROM ledger_entry ORDER BY seq")


def in_order(world: World, before: World, place: str) -> None:
    """What must hold at any moment at all, whatever has happened to a process."""
    database = sqlite3.connect(world.folder / "effmon.db")
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], place
        assert database.execute("PRAGMA foreign_key_check").fetchall() == [], place
    finally:
        database.close()
    kept = ledger_of(before)
    assert ledger_of(world)[: len(kept)] == kept, f"{place}: an entry that was on record is gone"
    laws.hold(world, place)
    for name, kind in (("export", "export.made"), ("backup.tar", "backup.made")):
        assert recorded(world, kind) or not (world.folder / name).exists(), f"{place}: {kind}"
    assert ledger_book.verify(world.context, everything=True)["sound"], place


def _office(folder: Path, cases: int) -> Office:
    office = Office(folder)
    for number in range(cases):
        office.late_case(f"A{number}")
    return office


def scanning(folder: Path) -> Job:
    """Cards of several levels, notices, clocks, accountability, as of now; with a log beside it."""
    office = _office(folder, 4)
    office.at("2026-03-06 09:00")
    office.world.scan()
    office.world.deliver()
    office.late_case("B")
    office.at("2026-03-07 09:00")
    return Job("scan", office.world, ("--log-file", "{folder}/effmon.log", "scan"))


def delivering(folder: Path) -> Job:
    """Notices of cards to five people, each by two files."""
    office = _office(folder, 1)
    office.at("2026-03-07 09:00")
    office.world.scan()
    return Job("deliver", office.world, ("notices", "deliver"))


def importing(folder: Path) -> Job:
    """New cases, a correction of known ones, rows that go into quarantine."""
    office = _office(folder, 2)
    cases = [
        {"case_no": f"N{n}", "item_kind": "promised", "promised_limit": f"{n + 1} working_days"}
        for n in range(12)
    ]
    cases.append({"case_no": "A0", "item_kind": "promised", "promised_limit": "9 working_days"})
    cases.append({"case_no": "", "item_kind": "promised", "promised_limit": "1 working_days"})
    at = "2026-03-03 10:00"
    events = [{"case_no": f"N{n}", "event": "accepted", "occurred_at": at} for n in range(12)]
    events.append({"case_no": "N1", "event": "greeted", "occurred_at": at})
    files = [folder / "in-cases.csv", folder / "in-events.csv"]
    for file, rows in zip(files, (cases, events), strict=True):
        write_csv(file, rows)
    line = ("import", *(f"{{folder}}/{file.name}" for file in files))
    return Job("import", office.world, line)


def _red(folder: Path) -> tuple[Office, str, str]:
    office = Office(folder)
    number = office.red()
    return office, number, str(key_files(folder / "personal"))


def _lift(by: str, number: str, keys: str) -> tuple[str, ...]:
    key = f"{keys}/{by}.pem"
    words = ("--as", by, "--key", key, "cards", "lift", number)
    return (*words, "--reason", "exemption", "--text", "免责")


def lift_asked(folder: Path) -> Job:
    """The first of two signatures under a lift."""
    office, number, keys = _red(folder)
    return Job("lift, first signature", office.world, _lift("wang", number, keys))


def lift_approved(folder: Path) -> Job:
    """The second signature: the card is lifted, and everything that follows from it."""
    office, number, keys = _red(folder)
    assert stage.run(office.world, " ".join(_lift("wang", number, keys))).code == 0
    return Job("lift, second signature", office.world, _lift("sun", number, keys))


def replying(folder: Path) -> Job:
    """A reply with an attachment: a file beside the database."""
    office, number, _ = _red(folder)
    (folder / "proof.txt").write_text("凭证" * 3000, encoding="utf-8")
    words = ("--as", "li", "cards", "reply", number, "--text", "已办结")
    return Job("reply", office.world, (*words, "--attach", "{folder}/proof.txt"))


def exporting(folder: Path) -> Job:
    """The ledger as a folder for an auditor."""
    office, _, _ = _red(folder)
    return Job("export", office.world, ("ledger", "export", "--out", "{folder}/export"), 2)


def signing(folder: Path) -> Job:
    """A checkpoint in both trees: the signer's memory outside the database, then the rows."""
    office, number, _ = _red(folder)
    assert stage.run(office.world, "ledger key new").code == 0
    assert stage.run(office.world, "ledger checkpoint").code == 0
    assert stage.run(office.world, f"--as li cards reply {number} --text 已办结").code == 0
    return Job("checkpoint", office.world, ("ledger", "checkpoint"))


def backing_up(folder: Path) -> Job:
    """The whole workspace in one file."""
    office, _, _ = _red(folder)
    return Job("backup", office.world, ("backup", "{folder}/backup.tar"), 2)


MAKERS: dict[str, Callable[[Path], Job]] = {
    "scan": scanning,
    "deliver": delivering,
    "import": importing,
    "lift-asked": lift_asked,
    "lift-approved": lift_approved,
    "reply": replying,
    "export": exporting,
    "checkpoint": signing,
    "backup": backing_up,
}
