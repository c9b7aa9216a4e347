"""Stories that together write an entry of every type, each on a workspace of its own, by commands.

A folder is named from where the process stands: an import is numbered by the paths that it was
given.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

from cli.main import main
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.notify.channels.channel import Message, Refused, Result
from efficiency_monitor.people.key_files import read_key
from efficiency_monitor.people.model.signatures import public_text
from efficiency_monitor.time.instants import rfc3339
from efficiency_monitor.workspace.settings import DATABASE_VARIABLE
from tests import engines
from tests.delivery.receiving import Receiver, notices, red_and_warning
from tests.held import full_workspace
from tests.matters import bureau
from tests.matters.stage import Killed, run
from tests.postgres_server import server
from tests.stories.world import PEOPLE, World, instant, write_csv

#: A seed of a key that signs the ledger.
_SEED: Final = b"the seed of these tests' ledger."
#: What the story `failures` leaves beside its workspace.
SLIP: Final = "slip.json"
EXPORT: Final = "export"
_HALL: Final = """
[sources.hall]
mapping = "canonical"
snapshot = true
[sources.hall.files]
folder = "drop"
"""


def matters(folder: Path) -> list[World]:
    """An appeal that goes up and comes back, one that is settled; cards closed, lifted, revived."""
    found = bureau.made(folder)
    world = found.world

    def give(line: str, by: str) -> None:
        key = folder / f"{by}.pem"
        run(world, f"--as {by} {f'--key {key} ' if key.exists() else ''}{line}").well()

    # Up to the leader, who lets the card stand; filed again; a pause comes to light that lifts it,
    # and the yellow card under it stands again by the scan.
    give("appeals file '{A CASE red}' --text 材料系申请人迟交", "zhang")
    world.now += 60
    give("appeals decide {appeal} --decision refer --text 请分管领导裁决", "wang")
    world.now += 60
    give("appeals decide {appeal} --decision return --text 理由不成立", "chen")
    world.now += 60
    give("appeals file '{A CASE red}' --text 听证期间不计时", "li")
    give("orders open '{A CASE red}' --text 限期整改 --within '2 working_days'", "sun")
    world.now += 60
    world.receive("events", _hearing("A", until="2026-03-04 10:00"))
    run(world, "scan").well()
    world.now = instant("2026-03-16 10:00")
    run(world, "scan").well()
    run(world, "notices deliver").well()
    # The red card of another case falls by two signatures, and the yellow one stands by them.
    world.receive("cases", [bureau.case_rows("D"), bureau.case_rows("E")])
    begun = [bureau.accepted(number, "2026-03-02 10:00") for number in "DE"]
    world.receive("events", begun)
    run(world, "scan").well()
    world.now += 60
    run(world, "notices deliver").well()
    for person in ("wang", "sun"):
        give("cards lift '{D CASE red}' --reason issued_in_error --text 规则有误", person)
    give("cards lift '{M CHECKED red}' --reason not_confirmed --text 不属实", "wang")
    give("cards acknowledge '{D CASE yellow}'", "zhang")
    give("cards reply '{D CASE yellow}' --text 已办结", "zhang")
    give("cards close '{D CASE yellow}' --text 同意销号", "sun")
    give("orders open '{E CASE red}' --text 逾期未办", "wang")
    run(world, "notices deliver").well()
    # Weeks later the supervisors are alarmed of what they did not follow up; some of it ends.
    world.now = instant("2026-03-27 10:00")
    run(world, "notices deliver").well()
    give("orders reply {order} --text 已办结", "li")
    give("orders close {order} --text 同意 --close-cards", "wang")
    give("orders open '{B CASE red}' --text 逾期未办", "sun")
    run(world, "notices deliver").well()
    # Nobody is left who may decide, or be told.
    write_csv(folder / "few.csv", [{**PEOPLE[0], "channel": "file", "address": "zhang"}])
    give(f"people import {folder / 'few.csv'}", "wang")
    give(f"people import {folder / 'few.csv'}", "sun")
    give("appeals file '{B CASE yellow}' --text 申诉", "zhang")
    world.now = instant("2026-04-20 10:00")
    run(world, "scan").well()
    run(world, "notices deliver").well()
    # Last, for the record of a command holds how long it took, and a scan would commit to that.
    mine = world.card("B CASE red")
    _refused(world, "--as", "zhang", "cards", "lift", mine, "--reason", "exemption", "--text", "免")
    return [world]


def _hearing(case_no: str, until: str = "") -> list[dict[str, str]]:
    """Rows of a hearing that began on 3 March, which stops the clock."""
    row = {"case_no": case_no, "kind": "hearing"}
    begun = {**row, "event": "suspended", "occurred_at": "2026-03-03 10:00"}
    return [begun, {**row, "event": "resumed", "occurred_at": until}] if until else [begun]


def _refused(world: World, *words: str) -> None:
    """A command as the shell gives it, which is not allowed: the program puts that on record."""
    world.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["effmon", "-C", str(world.folder), *words])
        with redirect_stderr(StringIO()), pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2


def delivery(folder: Path) -> list[World]:
    """Notices that may have arrived, die, are tried again, die again and are let be."""
    world = red_and_warning(folder / "ws", people=[{**row, "hours": "any"} for row in PEOPLE])

    def cut_off(_message: Message) -> Result:
        raise Killed

    with pytest.raises(Killed):
        world.deliver({"file": Receiver(cut_off)})
    _until_dead(world)
    run(world, "notices retry").well()
    _until_dead(world)
    dead = [row["notice_id"] for row in notices(world) if row["state"] == "dead"]
    run(world, f"--as wang notices dismiss {dead[0]} --reason 已当面告知").well()
    run(world, "notices retry").well()
    world.now += 60
    run(world, "notices deliver").well()
    return [world]


def _until_dead(world: World) -> None:
    """Everybody refuses everything until nothing is tried any more."""
    refusing = {"file": Receiver(lambda _message: Refused("no such robot"))}
    asked = "SELECT MIN(next_attempt_at) AS at FROM notice WHERE state = 'pending'"
    while (at := world.rows(asked)[0]["at"]) is not None:
        # Once a day is enough: what was tried for three days is dead.
        world.now = max(world.now + 86_400, int(at))
        world.deliver(refusing)


def sources(folder: Path) -> list[World]:
    """Pulls of a snapshot: cases that are gone and come back, and a pull that fails."""
    world = World.made(folder / "ws", "2026-03-01 12:00")
    world.people(PEOPLE)
    settings = world.folder / "effmon.toml"
    settings.write_text(settings.read_text("utf-8") + _HALL, encoding="utf-8")
    world.close()
    drop = world.folder / "drop"
    drop.mkdir()
    for day, numbers in enumerate(("PQR", "P", "PR", "")):
        world.now = instant(f"2026-03-0{day + 2} 10:00")
        rows = [{"case_no": number, "department": "住建局"} for number in numbers]
        write_csv(drop / "cases.csv", rows or [{"case_no": "", "department": ""}])
        if not rows:
            (drop / "cases.csv").write_text("case_no,department\n", encoding="utf-8")
        os.utime(drop / "cases.csv", (world.now, world.now))
        run(world, "pull hall").well(*(() if rows else (3,)))
        if rows:
            run(world, "scan").well()
    return [world]


def failures(folder: Path) -> list[World]:
    """What was before the workspace watches; a night that fails, a clock that is gone, keys."""
    world = World.made(folder / "ws", "2026-03-09 09:00", watch_from="2026-03-09")
    ledger_keys.ensure(world.context, _SEED)
    world.people(PEOPLE)
    for number, at in (("A", "2026-03-02 10:00"), ("B", "2026-03-09 10:00")):
        world.receive("cases", [bureau.case_rows(number)])
        world.receive("events", [bureau.accepted(number, at)])
    run(world, "scan").well()
    key = folder / "wang.pem"
    run(world, f"people key new --out {key}").well()
    public = public_text(read_key(key, lambda: None).public)
    run(world, f"--as wang --key {key} people key enrol wang '{public}'").well()
    world.now = instant("2026-03-10 10:00")
    kept = (world.folder / "catalogue" / "calendars" / "town.yaml").read_text("utf-8")
    world.calendar("town", "id: town\nzone: Nowhere/Nothing\n")
    run(world, "jobs run").well(3)
    world.calendar("town", kept)
    world.change("DELETE FROM clock WHERE case_id = 2")
    world.now = instant("2026-03-16 10:00")
    run(world, "scan").well(3)
    run(world, "ledger checkpoint").well()
    for name in ("second", "third"):
        run(world, f"ledger key new --out {world.folder / name}").well()
    run(world, f"ledger key rotate {world.folder / 'second'}").well()
    run(world, "ledger checkpoint").well()
    (world.folder / "keys" / "ledger.key").unlink()
    run(world, f"ledger key rotate {world.folder / 'third'} --lost 磁盘损坏").well()
    run(world, "ledger checkpoint --after-loss 签名机更换").well()
    run(world, f"ledger slip '{{B CASE red}}' --out {folder / SLIP}").well()
    run(world, f"ledger export --out {folder / EXPORT}").well()
    return [world]


def repairs(folder: Path) -> list[World]:
    """A clock that ran ahead and is repaired; a case that nothing woke, found by the rotation."""
    world = bureau.made(folder).world
    settings = world.folder / "effmon.toml"
    text = settings.read_text("utf-8").replace("[jobs.scan]", "[jobs.scan]\nrotation_nights = 1")
    settings.write_text(text, encoding="utf-8")
    world.close()
    run(world, "scan").well()
    right = world.now
    world.now += 30 * 86_400
    run(world, "scan").well()
    world.now = right + 3600
    for person in ("wang", "sun"):
        sign = f"--as {person} --key {folder / f'{person}.pem'}"
        run(world, f"{sign} repair clock --after {wall_of(right)} --text 时钟快了一个月").well()
    run(world, "scan").well()
    world.receive("cases", [bureau.case_rows("R")])
    world.receive("events", [bureau.accepted("R", "2026-03-10 09:00")])
    run(world, "scan").well()
    gone = "(SELECT id FROM case_file WHERE case_no = 'R')"
    world.change(f"DELETE FROM clock WHERE case_id = {gone}")
    world.change(f"UPDATE case_file SET open = 0, clocks = 0, clock_mark = 0 WHERE id = {gone}")
    world.now += 86_400
    run(world, "jobs run").well(3)
    full_workspace.put_in(world, "R")
    sign = f"--as wang --key {folder / 'wang.pem'}"
    with world.by_owner():
        run(world, f"{sign} repair input --text 查实为绕过系统写入").well()
    return [world]


def wall_of(at: int) -> str:
    """An instant as the command line takes it."""
    return rfc3339(at, "Asia/Shanghai")


def copies(folder: Path) -> list[World]:
    """A backup, a drill with it, and a workspace that was restored from it."""
    world = red_and_warning(folder / "ws")
    ledger_keys.ensure(world.context, _SEED)
    run(world, f"backup {folder / 'kept.tar'}").well()
    run(world, f"restore {folder / 'kept.tar'} --drill {folder / 'drills'}").well()
    again = World(folder / "again", world.now + 60)
    with _another_database(world, again):
        run(again, f"restore {folder / 'kept.tar'}").well()
    return [world, again]


@contextmanager
def _another_database(world: World, again: World) -> Iterator[None]:
    """On PostgreSQL a workspace is restored into a database that is named, and empty."""
    if world.url.startswith(engines.SQLITE):
        yield
        return
    url = server().new_database(empty=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE_VARIABLE, url)
        yield
    settings = again.folder / "effmon.toml"
    settings.write_text(settings.read_text("utf-8").replace(world.url, url), encoding="utf-8")


def everything(folder: Path) -> list[World]:
    """The workspace with rows in every table."""
    return [full_workspace.made(folder)]


#: Every story by its name. Each gets a folder of its own and gives the workspaces that it leaves.
STORIES: Final[Mapping[str, Callable[[Path], list[World]]]] = {
    "everything": everything,
    "matters": matters,
    "delivery": delivery,
    "sources": sources,
    "failures": failures,
    "copies": copies,
    "repairs": repairs,
}
