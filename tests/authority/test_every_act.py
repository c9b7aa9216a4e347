"""Every command by which a person acts: which act it is, and that it asks for the key it takes.

The table here is written from what people are promised, and held against the command line, so that
a command that is added is put into it; then each command is given without the key that it takes.
"""

from collections.abc import Iterator

import pytest
import typer

from cli.main import app
from efficiency_monitor.cards import answers
from efficiency_monitor.cards.manual_cards import issue
from efficiency_monitor.followup.accountability.actions import ask_exemption
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.evidence import views
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.i18n.act_words import say_act
from efficiency_monitor.notify import silences
from efficiency_monitor.people.model.authority import CLAIM_IS_ENOUGH, MAY, Act, needs_key
from efficiency_monitor.people.model.signatures import public_text
from efficiency_monitor.terms import ExemptionGround, Level
from tests.matters.office import Office, key_of
from tests.matters.stage import run
from tests.versions.bureau import Bureau, shortened

#: What each acting command does; `{…}` is put in from the workspace below.
ACTS: dict[str, tuple[tuple[Act, ...], str]] = {
    "accountability exempt": ((Act.ASK_EXEMPTION, Act.EXEMPT), "{red} --decision approve --text x"),
    "accountability record": ((Act.RECORD_MEASURE,), "{red} --measure talk --text x"),
    "accountability verify": ((Act.VERIFY,), "{red} --text x"),
    "appeals decide": (
        (Act.DECIDE_REFERRED, Act.DECIDE_APPEAL),
        "{appeal} --decision return --text x",
    ),
    "appeals file": ((Act.FILE_APPEAL,), "{open} --text x"),
    "calendar import": ((Act.PROPOSE_CHANGE,), ""),
    "cards acknowledge": ((Act.ACKNOWLEDGE,), "{open}"),
    "cards close": ((Act.CLOSE,), "{replied} --text x"),
    "cards confirm": ((Act.CONFIRM,), "{pending}"),
    "cards issue": ((Act.ISSUE,), "A --level yellow --basis y --text x"),
    "cards lift": ((Act.LIFT,), "{open} --reason issued_in_error --text x"),
    "cards reply": ((Act.REPLY,), "{open} --text x"),
    "cases erase-applicant": ((Act.ERASE,), "A --reason x"),
    "evidence accept": ((Act.DECIDE_EVIDENCE,), "{evidence} --text x"),
    "evidence reject": ((Act.DECIDE_EVIDENCE,), "{evidence} --text x"),
    "evidence seen": ((Act.SEE_EVIDENCE,), "--card {fallen}"),
    "import": ((Act.IMPORT_AS_PULLED,), "--source hall {folder}/drop/cases.csv"),
    "notices dismiss": ((Act.DISMISS_NOTICE,), "{notice} --reason x"),
    "orders close": ((Act.CLOSE_ORDER,), "{order} --text x"),
    "orders open": ((Act.OPEN_ORDER,), "{open} --text x"),
    "orders reply": ((Act.REPLY_ORDER,), "{order} --text x"),
    "orders return": ((Act.RETURN_ORDER,), "{order} --text x"),
    "people erase": ((Act.ERASE,), "zhang --reason x"),
    "people import": ((Act.CHANGE_SUPERVISION,), ""),
    "people key enrol": ((Act.ENROL_KEY,), "{key}"),
    "people key revoke": ((Act.REVOKE_KEY,), "wang"),
    "repair input": ((Act.REPAIR_INPUT,), "--text x"),
    "sources hand-over": ((Act.HAND_OVER,), "by-hand hall --text x"),
    "repair clock": ((Act.REPAIR_CLOCK,), "--after 2026-03-01 --text x"),
    "rules approve": ((Act.APPROVE_CHANGE,), "C-0001"),
    "rules propose": ((Act.PROPOSE_CHANGE,), "--reason y"),
    "rules withdraw": ((Act.PROPOSE_CHANGE,), "C-0001 --text x"),
    "silences add": (
        (Act.ADD_SILENCE, Act.SILENCE_SUPERVISORS),
        "--department 住建局 --reason x --until 2026-03-10",
    ),
    "silences end": ((Act.END_SILENCE,), "{silence} --reason x"),
}
#: A source that is pulled, and one whose late evidence somebody confirms.
SOURCE = """
[sources.slow]
late_evidence = "confirm"
[sources.hall]
mapping = "canonical"
[sources.hall.files]
folder = "drop"
"""
#: Personal data unmasked: `--unmask --reason` of commands that look.
UNMASKING = {Act.UNMASK}
#: Nobody's act: looking, files of one's own, and the machinery of a run.
NOBODYS = set(
    """
    accountability export, accountability list, accountability show, appeals list, appeals show,
    audit list, backup, calendar batch, calendar due, calendar elapsed, calendar list, calendar
    show, cards list, cards show, cases explain, cases list, cases show, database roles, demo,
    doctor, evidence list, evidence show, export lake, forecast, init, jobs history, jobs list,
    jobs run, ladders check, ladders list, ladders show, ledger checkpoint, ledger compare,
    ledger export, ledger key new, ledger key read, ledger key rotate, ledger key show, ledger
    list, ledger slip, ledger verify, mappings check, mappings list, metrics, notices deliver,
    notices list, notices retry, orders list, orders show, people check, people disclosures,
    people key list, people key new, people list, pull, quarantine list, quarantine retry,
    quarantine show, restore, rules backtest, rules changes, rules check, rules diff, rules doc,
    rules list, rules new, rules own, rules show, rules test, rules trial, rules use, scan,
    serve, silences list, sources history, sources list, version
    """.replace("\n", " ")
    .replace("    ", "")
    .strip()
    .split(", ")
)
#: Their own tests: a file's rows wait instead, a calendar takes a notice.
ELSEWHERE = {"people import", "calendar import"}
CLAIMED = {"appeals file", "cards acknowledge", "cards reply", "orders reply"}


def commands(group: object, before: str = "") -> Iterator[str]:
    """Every command by its words."""
    for name, one in getattr(group, "commands", {}).items():
        words = f"{before} {name}".strip()
        if getattr(one, "commands", None):
            yield from commands(one, words)
        else:
            yield words


def test_every_command_is_somebodys_act_or_nobodys() -> None:
    known = set(commands(typer.main.get_command(app)))
    assert known == ACTS.keys() | NOBODYS
    assert not ACTS.keys() & NOBODYS


def test_every_act_is_some_commands_and_is_said_to_take_a_key_or_not() -> None:
    done = {act for acts, _ in ACTS.values() for act in acts} | UNMASKING
    assert done == set(Act) == set(MAY)
    for act in Act:
        # Before the first key nothing takes one; then all but what a department says for itself.
        assert not needs_key(act, 0)
        assert needs_key(act, 2) == (act not in CLAIM_IS_ENOUGH)
    assert not needs_key(Act.ENROL_KEY, 1)
    assert {str(act) for act in CLAIM_IS_ENOUGH} == {
        "acknowledge",
        "reply",
        "reply_order",
        "file_appeal",
        "ask_exemption",
        "add_silence",
        "unmask",
    }


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, dict[str, str]]]:
    """Something to do for each command; Wang, Sun, Zhao and Chen hold keys."""
    made = Bureau(tmp_path_factory.mktemp("acts") / "ws")
    settings = made.world.folder / "effmon.toml"
    settings.write_text(settings.read_text("utf-8") + SOURCE, encoding="utf-8")
    made.world.close()
    red, free, replied, ordered = (made.red(number) for number in "ABCD")
    fallen, held = _told_late(made)
    wang, li = made.acting("wang"), made.acting("li")
    answers.answer(li, replied, "replied", "材料齐全")
    ask_exemption(li, red, ExemptionGround.FORCE_MAJEURE, "停电")
    given = issue(wang, "A", level=Level.YELLOW, basis="某办法", text="作风粗暴")
    order = orders.open_order(wang, [ordered], text="限期整改").order_no
    orders.reply(li, order, text="已整改")
    until = made.world.now + 86_400
    silence = silences.add_silence(wang, silences.Filters(case_no="A"), reason="演练", until=until)
    drop = made.world.folder / "drop"
    drop.mkdir()
    (drop / "cases.csv").write_text("case_no,department\nP,住建局\n", encoding="utf-8")
    before = (made.rules / "CASE.yaml").read_text("utf-8")
    made.edit("CASE.yaml", shortened)
    made.propose()
    # A card of a rule that has changed stands whatever evidence comes.
    made.edit("CASE.yaml", lambda _: before)
    (notice, *_) = made.world.rows("SELECT notice_id FROM notice ORDER BY notice_id")
    yield (
        made,
        {
            "evidence": held,
            "fallen": fallen,
            "red": red,
            "open": free,
            "replied": replied,
            "pending": given.card_no,
            "order": order,
            "silence": silence,
            "appeal": appeals.file(made.acting("zhang"), red, "申诉").appeal_no,
            "folder": str(made.world.folder),
            "notice": str(notice["notice_id"]),
            "key": f"zhang '{public_text(key_of('zhang').public)}'",
        },
    )
    made.world.close()


def _told_late(made: Bureau) -> tuple[str, str]:
    """A red card that fell by late evidence, and the number of such that is held back."""
    decided = {"event": "decided", "occurred_at": "2026-03-04 10:00"}
    fallen = made.red("E")
    made.world.source = "slow"
    made.red("F")
    made.world.now += 60
    made.world.receive("events", [{"case_no": "F", **decided}])
    made.world.source = "by-hand"
    made.world.receive("events", [{"case_no": "E", **decided}])
    made.world.scan()
    (matter,) = views.list_evidence(made.world.context)
    return fallen, str(matter["evidence"])


@pytest.mark.parametrize("command", sorted(ACTS.keys() - ELSEWHERE - CLAIMED))
def test_without_the_own_key_nobody_acts(
    office: tuple[Office, dict[str, str]], command: str
) -> None:
    made, numbers = office
    before = made.world.rows("SELECT count(*) AS n FROM ledger_entry")
    ran = run(made.world, f"--as sun {command} {ACTS[command][1].format(**numbers)}")
    assert ran.code == 2, ran
    said = ran.err.splitlines()[-2]
    assert said.startswith("error: sun has the key ")
    assert ACTS[command][0][-1] in (act for act in Act if say_act(act) in said), said
    assert "--key FILE" in ran.err
    assert "effmon people key new" in ran.err
    assert made.world.rows("SELECT count(*) AS n FROM ledger_entry") == before


@pytest.mark.parametrize("command", sorted(CLAIMED))
def test_what_a_department_says_takes_a_claim(
    office: tuple[Office, dict[str, str]], command: str
) -> None:
    made, numbers = office
    ran = run(made.world, f"--as li {command} {ACTS[command][1].format(**numbers)}")
    assert ran.code == 0, ran
