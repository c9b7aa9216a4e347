"""Canaries: names, telephones, numbers that occur nowhere else, from import to appeal and export.

What comes out of effmon is searched for them: the ledger, the notices and what was delivered, the
exports, everything a command prints.
"""

import shutil
from pathlib import Path

from tests.cli.command import Ran
from tests.matters.stage import run
from tests.stories.world import World, instant, write_csv

from .conftest import CASE, MAIL, MORE, accepted

APPLICANT, AGENT, PHONE = "尉迟曌鬰", "赫连皛", "13987651234"
#: GB 11643's own example, and one of 15 digits.
NUMBER, OLD_NUMBER = "11010519491231002X", "110105491231002"
#: Officials: shown masked; on their own messages they stand as the addressee.
OFFICIALS = ("司寇甪", "亓官髙")
ROWS = (
    {"case_no": "K1", "applicant": APPLICANT, "联系电话": PHONE, "邮箱": MAIL, "代办人": AGENT},
    {"case_no": "K2", "applicant": APPLICANT, "note": f"证件 {NUMBER}"},
    {"case_no": "K3", "applicant": APPLICANT, "note": OLD_NUMBER},
    {"case_no": "K4", "applicant": APPLICANT, "promised_limit": f"问{PHONE}"},
    {"case_no": "K5", "applicant": APPLICANT, "note": NUMBER},
)


class Trail:
    """Commands, and all that they print."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.printed: list[str] = []

    def __call__(self, line: str, *codes: int) -> Ran:
        ran = run(self.world, line).well(*codes)
        self.printed.append(f"{line}\n{ran.out}{ran.err}")
        return ran


def worked_through(world: World, trail: Trail) -> None:
    """A red card with all that can follow it."""
    red = "'{K1 CASE red}'"
    trail("cases show K1 -o json")
    trail("cases explain K1 -o json")
    trail(f"--as li cards acknowledge {red}")
    trail(f"--as wang orders open {red} --text 限期办结")
    trail("--as li orders reply '{order}' --text 已办结")
    trail("--as wang orders return '{order}' --text 说明原因")
    trail(f"--as li cards reply {red} --text 材料附后")
    paper = world.folder / "说明.txt"
    paper.write_text(f"申请人{APPLICANT}，电话{PHONE}", encoding="utf-8")
    trail(f"--as li appeals file {red} --text 请复核 --attach {paper}")
    trail("--as wang appeals decide '{appeal}' --decision return --text 维持")
    trail("accountability list -o json")
    trail(f"accountability show {red} -o json")
    for name in ("a.csv", "a.jsonl", "a.xlsx"):
        trail(f"accountability export --out {{folder}}/{name}")
    trail("ledger export --out {folder}/evidence")
    trail("ledger verify {folder}/evidence")
    trail("quarantine list -o json")
    for number in (1, 2, 3):
        trail(f"quarantine show {number} -o json")
    trail("notices list -o json")
    trail("doctor", 0, 1, 2, 3)


def texts(folder: Path) -> dict[str, bytes]:
    """What stands in the files under a folder; the parts of an XLSX by themselves."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found[path.name] = path.read_bytes()
        if path.suffix == ".xlsx":
            unpacked = path.with_suffix(".parts")
            shutil.unpack_archive(path, unpacked, "zip")
            for part in sorted(part for part in unpacked.rglob("*") if part.is_file()):
                found[f"{path.name}/{part.name}"] = part.read_bytes()
    return found


def carrying(found: dict[str, bytes], secrets: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, s) for name, held in found.items() for s in secrets if s.encode() in held]


def test_no_canary_leaves(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-01 12:00")
    names = dict(zip(("张经办", "李主任"), OFFICIALS, strict=True))
    world.people([{**row, "name": names.get(row["name"], row["name"])} for row in MORE])
    world.now = instant("2026-03-03 09:00")
    trail = Trail(world)
    path = world.folder / "canaries.csv"
    write_csv(path, [{**CASE, "联系电话": "", "handler": OFFICIALS[0], **row} for row in ROWS])
    trail(f"import {path} --dry-run", 0)
    trail(f"import {path}")
    assert len(world.rows("SELECT id FROM quarantine")) == 4
    world.receive("events", [accepted("K1") | {"actor": OFFICIALS[0], "备注电话号码": PHONE}])
    # Two refused rows of three are mended; their names were in quarantine.
    world.receive("cases", [{**CASE, "handler": OFFICIALS[0], "case_no": "K5"}])
    world.receive("events", [accepted("K5")])
    world.now = instant("2026-03-06 09:00")
    trail("scan", 0, 1, 3)
    world.deliver()
    trail("--as wang cards lift '{K5 CASE yellow}' --reason issued_in_error --text 误发")
    world.now = instant("2026-03-20 09:00")
    trail("scan", 0, 1, 3)
    world.deliver()
    worked_through(world, trail)
    world.deliver()

    secrets = (APPLICANT, AGENT, PHONE, MAIL, NUMBER, OLD_NUMBER)
    out = world.folder / "outbox"
    delivered = texts(out)
    assert len(delivered) >= 4
    evidence = texts(world.folder / "evidence")
    exports = {n: b for n, b in texts(world.folder).items() if n.split("/")[0][:2] == "a."}
    assert len(exports) >= 6
    ledger = {str(row["seq"]): row["body"] for row in world.rows("SELECT * FROM ledger_entry")}
    assert len(ledger) > 20
    printed = {"printed": "\n".join(trail.printed).encode()}
    notices = {"notice": str(world.rows("SELECT subject, kind, about FROM notice")).encode()}
    for place in (ledger, notices, delivered, evidence, exports, printed):
        assert carrying(place, secrets) == []
    for place in (ledger, notices, evidence, exports, printed):
        assert carrying(place, OFFICIALS) == []
    # An official's name stands on the messages to this official, and in no text of any.
    bodies = {name: held for name, held in delivered.items() if name.endswith(".txt")}
    told = {name: held.split(b"\n\n", 1)[1] for name, held in bodies.items()}
    assert carrying(told, OFFICIALS) == []
    # An event is kept for ever: no telephone in it, whatever its column was called.
    assert PHONE not in str(world.rows("SELECT * FROM event"))
    # The numbers are nowhere at all, the database included.
    assert (
        carrying({"database": (world.folder / "effmon.db").read_bytes()}, (NUMBER, OLD_NUMBER))
        == []
    )
    assert world.sound()
    world.close()
