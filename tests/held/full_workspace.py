"""A workspace with rows in every table, made by commands; one row was written past them, and set
aside."""

from pathlib import Path
from typing import Final

from efficiency_monitor import app
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ops.audit import Command
from tests.matters import bureau
from tests.matters.stage import run
from tests.stories.world import World, instant
from tests.tallies.town import rule_text

_SOURCE: Final = """
[sources.hall]
mapping = "canonical"
[sources.hall.files]
folder = "drop"
[sources.rates]
adds_to = {sources = ["hall"], events = ["rated"]}
[sources.slow]
late_evidence = "confirm"
"""


def made(folder: Path) -> World:
    """Orders, appeals, exemptions, lifts, keys, silences, alarms, pulls, erasures, and the rest."""
    found = bureau.made(folder)
    world = found.world
    ledger_keys.ensure(world.context, b"the seed of these tests' ledger.")
    keys = {person: folder / f"{person}.pem" for person in ("wang", "sun", "zhao", "chen")}

    def give(line: str, by: str | None = None) -> None:
        key = f"--key {keys[by]} " if by in keys else ""
        ran = run(world, (f"--as {by} {key}" if by else "") + line)
        assert ran.code == 0, (line, ran)

    tallied = {"measure": "count", "of": "cards", "by": "department", "window": "month"}
    rule = world.folder / "catalogue" / "packs" / "story" / "XX-EACH.yaml"
    rule.write_text(rule_text("XX-EACH", tallied, ["yellow >= 2 cards"]), encoding="utf-8")
    world.close()
    _received(world)
    run(world, "scan").well()
    _answered(world, folder, give)
    world.now = instant("2026-03-12 10:00")
    world.scan()
    world.deliver()
    _decided(world, give)
    world.now = instant("2026-04-20 10:00")
    _pulled(world)
    _held_back(world, give)
    world.scan()
    world.nights()
    world.deliver()
    run(world, "ledger checkpoint").well()
    for person in ("wang", "sun"):
        give("sources hand-over slow by-hand --text 系统停用", person)
    put_in(world, "E")
    with world.by_owner():
        give("repair input --text 查实为绕过系统写入", "wang")
    _ruled(give)
    _erased(give)
    _recorded(world)
    world.scan()
    run(world, "ledger checkpoint").well()
    world.close()
    return world


def put_in(world: World, case_no: str) -> None:
    """A row of a case's fields that no import has brought."""
    world.change(
        "INSERT INTO case_fact (case_id, digest, fields, received_at, import_id, source) SELECT "
        "id, 'x', '{}', first_received_at, 'nobody', source FROM case_file WHERE case_no = ?",
        case_no,
    )


def _received(world: World) -> None:
    """Applicants, a correction, an event that is withdrawn, an item, a row that is refused."""
    case = {
        "department": "住建局", "handler": "张经办", "reviewer": "李主任", "approver": "陈分管",
        "promised_limit": "3 working_days", "statutory_limit": "4 working_days",
        "item_kind": "promised", "item_code": "X-1",
    }  # fmt: skip
    world.now = instant("2026-03-09 11:00")
    rows = [
        {"case_no": number, "applicant": f"申请人{number}", **case} for number in ("E", "F", "G")
    ]
    world.receive("cases", rows)
    item = {"item_code": "X-1", "item_version": "1", "item_name": "规划许可"}
    world.receive("items", [{**item, "fee_list": "", "stage_list": ""}])
    event = {"case_no": "E", "event": "accepted", "source_key": "k1", "actor": "张经办"}
    more = {"stage": "受理", "department": "住建局", "reason": "材料齐", "note": "甲"}
    world.receive("events", [{**event, **more, "occurred_at": "2026-03-02 10:00"}])
    world.receive("events", [{**event, **more, "occurred_at": "2026-03-02 11:00"}])
    suspended = {
        "case_no": "F", "event": "suspended", "occurred_at": "2026-03-03 10:00", "kind": "听证",
        "amount": "5 working_days", "due_at": "2026-03-20", "recorded_at": "2026-03-03 11:00",
    }  # fmt: skip
    world.receive(
        "events",
        [{"case_no": "F", "event": "accepted", "occurred_at": "2026-03-02 10:00"}, suspended],
    )
    world.receive("events", [{"case_no": "G", "event": "nonsense", "occurred_at": "never"}])


def _answered(world: World, folder: Path, give) -> None:  # type: ignore[no-untyped-def]
    letter = folder / "letter.txt"
    letter.write_text("说明", encoding="utf-8")
    give("cards acknowledge '{A CASE red}'", "li")
    world.now += 60
    give(f"cards reply '{{A CASE red}}' --text 已在补办 --attach {letter}", "li")
    give("orders open '{A CASE red}' --text 限期整改", "wang")
    world.deliver()
    give(f"orders reply {{order}} --text 已整改 --attach {letter}", "li")
    give("orders return {order} --text 不全", "wang")
    give("orders reply {order} --text 补全", "li")
    give("orders close {order} --text 同意", "wang")
    give("silences add --department 住建局 --reason 演练 --until 2026-03-30", "wang")
    give("silences end {silence} --reason 结束", "wang")
    give("cards issue A --level yellow --basis '某办法 第三条' --text 作风粗暴", "wang")
    give("cards confirm '{A MANUAL yellow}' --text 属实", "sun")


def _decided(world: World, give) -> None:  # type: ignore[no-untyped-def]
    give("accountability verify '{A CASE red}' --text 属实", "wang")
    give("accountability record '{A CASE red}' --measure talk --text 已约谈", "sun")
    give("accountability exempt '{E CASE red}' --ground force_majeure --text 停电", "li")
    give("accountability exempt '{E CASE red}' --decision approve --text 同意", "sun")
    give("accountability exempt '{E CASE red}' --decision approve --text 属实", "wang")
    give("appeals file '{B CASE red}' --text 申诉", "zhang")
    give("appeals decide {appeal} --decision lift --text 属实", "wang")
    give("appeals decide {appeal} --decision lift --text 同意", "sun")
    give("appeals file '{A CASE red}' --text 再申诉", "zhang")
    give("cases show E --unmask --reason 核对", "wang")


def _pulled(world: World) -> None:
    """A pull from a folder, which leaves a cursor where the source has one; an event that waits."""
    settings = world.folder / "effmon.toml"
    settings.write_text(settings.read_text("utf-8") + _SOURCE, encoding="utf-8")
    drop = world.folder / "drop"
    drop.mkdir()
    (drop / "cases.csv").write_text("case_no,department\nP,住建局\n", encoding="utf-8")
    world.close()
    run(world, "pull hall").well()
    rated = {"case_no": "NEW", "event": "rated", "occurred_at": "2026-03-04 10:00"}
    world.source = "rates"
    world.receive("events", [{**rated, "source_key": "r1", "kind": "5"}])
    world.source = "by-hand"


def _held_back(world: World, give) -> None:  # type: ignore[no-untyped-def]
    """Evidence that waits and is accepted, and a red card that falls by it."""
    case = {"case_no": "H", "department": "住建局", "item_kind": "promised"}
    limits = {"promised_limit": "3 working_days", "statutory_limit": "4 working_days"}
    world.source = "slow"
    world.receive("cases", [{**case, **limits}])
    world.receive(
        "events", [{"case_no": "H", "event": "accepted", "occurred_at": "2026-04-01 10:00"}]
    )
    run(world, "scan")
    world.now += 60
    world.receive(
        "events", [{"case_no": "H", "event": "decided", "occurred_at": "2026-04-02 10:00"}]
    )
    world.source = "by-hand"
    run(world, "scan")
    give("evidence accept {evidence} --text 与原件核对一致", "wang")
    give("evidence accept {evidence} --text 同意", "sun")
    world.now += 60
    run(world, "scan")
    give("evidence seen --card '{H CASE red}'", "zhao")


def _ruled(give) -> None:  # type: ignore[no-untyped-def]
    give("rules propose --reason 备案", "wang")
    give("rules withdraw C-0001 --text 写错", "wang")
    give("rules propose --reason 备案", "wang")
    give("rules approve C-0002 --text 同意", "sun")


def _erased(give) -> None:  # type: ignore[no-untyped-def]
    give("people key revoke zhao", "zhao")
    give("cases erase-applicant F --reason 依申请删除", "wang")
    give("people erase li --reason 离职", "wang")


def _recorded(world: World) -> None:
    """What the command line itself writes after each command."""
    command = Command(
        path="cards lift", options=("--reason",), subject="R-1", exit_code=2, fault="X y", took=7
    )
    app.record_command(world.folder, world.context.settings, "wang", command)
