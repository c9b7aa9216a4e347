"""Makes the kept workspaces: given in a checkout of the release that is to be kept.

    python -m tests.upgrade.make FILE.tar.xz

Two of them. `bureau`, with a backup beside it, has rules and a calendar of its own and every kind
of matter, in some state on its way; `hall` judges cases of GB/T 39046 by the installed catalogue.
Everything is done by commands at a set clock, and all of it is invented.
"""

import csv
import json
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from efficiency_monitor import app
from efficiency_monitor.core.signatures import public_text
from efficiency_monitor.services.authority.key_files import read_key
from efficiency_monitor.services.operation import setup
from tests.matters.stage import run
from tests.stories.world import World, instant, write_csv

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED, DECIDED = "accepted", "decided"
PEOPLE = (
    ("zhang", "张经办", "住建局", "handler"),
    ("li", "李主任", "住建局", "head"),
    ("gao", "高主任", "规划局", "head"),
    ("chen", "陈分管", "", "leader"),
    ("wang", "王监察", "", "supervisor"),
    ("sun", "孙监察", "", "supervisor"),
)
#: Cases by number: when they were accepted, and fields that differ from the others'. The promise
#: is three working days, the law's limit four.
CASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "H": ("2026-02-02 10:00", {}),  # before watching began
    "A": ("2026-03-02 10:00", {}),  # red, acknowledged, with an order that was replied to
    "S": ("2026-03-02 10:00", {}),  # red, lifted by two signatures
    "P": ("2026-03-02 10:00", {}),  # red, one of two signatures given
    "Q": ("2026-03-02 10:00", {}),  # red, appealed against
    "E": ("2026-03-02 10:00", {}),  # red, lifted by late evidence
    "L": ("2026-03-02 10:00", {}),  # red: the evidence has not come yet
    "W": ("2026-03-09 10:00", {}),  # paused by a hearing
    "V": ("2026-03-11 10:00", {"statutory_limit": "40 working_days"}),  # yellow, acknowledged
    "Y": ("2026-03-12 10:00", {"statutory_limit": "40 working_days"}),  # yellow, unanswered
    "R": ("2026-03-18 10:00", {}),  # in time
    "M": ("2026-03-02 10:00", {"item_kind": "forwarded", "watch": "manual"}),  # to be confirmed
    "T1": ("2026-03-03 10:00", {"department": "规划局", "statutory_limit": "40 working_days"}),
    "T2": ("2026-03-03 10:00", {"department": "规划局", "statutory_limit": "40 working_days"}),
    "K": ("2026-03-09 10:00", {"item_kind": "instant", "watch": "asked"}),
    "O": ("2026-03-18 10:00", {"item_kind": "instant", "watch": "own"}),
}
#: Rules that the office wrote itself: a clock, a condition, a tally.
RULES: Mapping[str, Mapping[str, object]] = {
    "OWN": {
        "applies_to": {"attributes": {"watch": "own"}},
        "clock": {"start": "submitted", "stop": "accepted"},
        "limits": {"answer": {"fixed": "1 working_days"}},
        "cards": [{"level": "yellow", "at": "answer"}],
    },
    "ASKED": {
        "applies_to": {"attributes": {"watch": "asked"}},
        "condition": {"measure": "count", "of": "correction_requested"},
        "cards": [{"level": "yellow", "at": "> 1"}],
    },
    "MONTH": {
        "applies_to": {"department": "规划局"},
        "tally": {"measure": "count", "of": "cards", "by": "department", "window": "month"},
        "cards": [{"level": "yellow", "at": ">= 2 cards"}],
    },
}
#: Of the demonstration's cases those of which something is to be seen, one or two of a kind.
HALL = (1, 22, 25, 30, 37, 47, 48, 50, 51, 53, 54, 55, 56, 58, 59, 61)


def main(out: Path) -> None:
    """Make both, and put them into a tar."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _bureau(folder)
        _hall(folder)
        with tarfile.open(out, "w:xz", preset=9) as tar:
            tar.add(folder, arcname=".", filter=_plain)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """A member without what the machine adds to it; none for what belongs to a process."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith(("-wal", "-shm", ".lock")) else entry


class _Office:
    """Gives commands to a workspace, each of which has to succeed."""

    def __init__(self, world: World, keys: Path) -> None:
        self.world = world
        self.keys = keys

    def say(self, line: str, by: str | None = None, code: int = 0) -> None:
        key = self.keys / f"{by}.pem"
        before = (f"--as {by} " if by else "") + (f"--key {key} " if key.exists() else "")
        ran = run(self.world, before + line)
        assert ran.code == code, (line, ran)

    def at(self, text: str, *lines: str) -> None:
        self.world.now = instant(text)
        for line in lines:
            self.say(line)

    def bring(self, name: str, rows: list[dict[str, str]], code: int = 0) -> None:
        """Import a file, which stays beside the workspace: it may be imported again."""
        file = self.keys.parent / "files" / f"{name}.csv"
        file.parent.mkdir(exist_ok=True)
        write_csv(file, rows)
        self.say(f"import {file}", code=code)


def _bureau(folder: Path) -> None:
    keys = folder / "keys"
    keys.mkdir()
    world = World.made(folder / "bureau", "2026-03-01 12:00", watch_from="2026-02-20")
    office = _Office(world, keys)
    for mapping in (world.folder / "catalogue" / "mappings").iterdir():
        if mapping.stem != "canonical":
            mapping.unlink()
    for number, parts in RULES.items():
        _write_rule(world.folder, number, parts)
    people = [
        {"person_id": p, "name": n, "department": d, "role": r, "channel": "file", "address": p}
        for p, n, d, r in PEOPLE
    ]
    write_csv(folder / "people.csv", people)
    office.say(f"people import {folder / 'people.csv'}")
    for person in ("wang", "sun"):
        office.say(f"people key new --out {folder / person}.pem")
    for person in ("wang", "sun"):
        public = public_text(read_key(folder / f"{person}.pem", lambda: None).public)
        office.say(f"--as {person} people key enrol {person} '{public}'")
        (folder / f"{person}.pem").rename(keys / f"{person}.pem")
    office.say("ledger key new")
    _received(office)
    office.at("2026-03-06 10:00", "scan", "notices deliver")
    office.at("2026-03-09 10:00", "scan", "notices deliver")
    _answered(office)
    office.at("2026-03-12 10:00")
    office.bring("late", [_event("E", DECIDED, "2026-03-04 16:00")])
    office.say("scan")
    office.say("notices deliver")
    office.say("ledger checkpoint")
    office.at("2026-03-17 10:00", "scan", "notices deliver")
    office.say("cards acknowledge '{V CASE yellow}'", "li")
    office.at("2026-03-18 10:00", "scan", "notices deliver")
    office.at("2026-03-20 10:00")
    office.bring("new", [_event("R", ACCEPTED, CASES["R"][0]), *_asked()])
    office.say("scan")
    office.say("notices deliver")
    office.say("ledger checkpoint")
    office.say(f"backup {folder / 'bureau.tar'}")
    world.close()


def _write_rule(folder: Path, number: str, parts: Mapping[str, object]) -> None:
    document = {
        "id": number,
        "version": 1,
        "name": number.lower(),
        "title": {"zh": number, "en": number},
        "status": "stable",
        "in_force": {"from": "2026-01-01"},
        "legal_basis": [{"ref": "试", "says": "试 / trial"}],
        "why": "试 / trial",
        **parts,
    }
    path = folder / "catalogue" / "packs" / "story" / f"{number}.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _event(number: str, event: str, at: str, **more: str) -> dict[str, str]:
    return {"case_no": number, "event": event, "occurred_at": at, **more}


def _asked() -> list[dict[str, str]]:
    """Two corrections of one case; an application that was accepted a day too late."""
    return [
        _event("K", "correction_requested", "2026-03-10 10:00"),
        _event("K", "correction_requested", "2026-03-11 10:00"),
        _event("O", "submitted", "2026-03-16 10:00"),
        _event("O", ACCEPTED, CASES["O"][0]),
    ]


def _received(office: _Office) -> None:
    fields = {
        "item_kind": "promised",
        "item_code": "X-1",
        "department": "住建局",
        "handler": "张经办",
        "applicant": "合成申请人",
        "promised_limit": "3 working_days",
        "statutory_limit": "4 working_days",
    }
    late = ("R", "O")
    office.at("2026-03-05 09:00")
    office.bring(
        "cases",
        [
            {"case_no": number, **fields, "promised_limit": _promise(number), **more}
            for number, (_, more) in CASES.items()
        ],
    )
    hearing = _event("W", "suspended", "2026-03-10 10:00", kind="hearing")
    first = [_event(n, ACCEPTED, at) for n, (at, _) in CASES.items() if n not in late]
    office.bring("events", [*first, hearing])


def _promise(number: str) -> str:
    return "2 working_days" if number == "M" else "3 working_days"


def _answered(office: _Office) -> None:
    """What follows a card: answers, an order, an appeal, lifts."""
    office.at("2026-03-09 11:00")
    office.say("cards acknowledge '{A CASE red}'", "li")
    office.say("cards reply '{A CASE red}' --text 已在补办", "li")
    office.say("orders open '{A CASE red}' --text 限期整改", "wang")
    office.say("notices deliver")
    office.say("orders reply {order} --text 已整改", "li")
    for by in ("wang", "sun"):
        office.say("cards lift '{S CASE red}' --reason issued_in_error --text 误发", by)
    office.say("cards lift '{P CASE red}' --reason issued_in_error --text 误发", "wang")
    office.say("appeals file '{Q CASE red}' --text 材料系申请人迟交", "zhang")
    office.say("notices deliver")


def _hall(folder: Path) -> None:
    """Cases of the demonstration, judged by the installed catalogue."""
    world = World(folder / "hall", instant("2026-11-20 18:00"))
    setup.write_settings(
        world.folder,
        name="hall",
        zone="Asia/Shanghai",
        language="en",
        calendar="cn",
        packs=("hunan",),
    )
    setup.record_creation(app.open_context(world.folder, create=True, clock=lambda: world.now))
    files = folder / "files"
    tables = [
        _chosen(path, files)
        for path in sorted((ROOT / "demo" / "synthetic").glob("*.csv"))
        if "late" not in path.name
    ]
    ran = run(world, f"import --mapping gbt39046 {' '.join(map(str, tables))}")
    assert ran.code == 0, ran
    ran = run(world, "scan")
    assert ran.code in (0, 3), ran
    world.close()


def _chosen(table: Path, folder: Path) -> Path:
    """The rows of the chosen cases."""
    wanted = {f"SYN-2026-{number:04}" for number in HALL}
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["办件编号"] in wanted]
    write_csv(folder / table.name, rows)
    return folder / table.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
