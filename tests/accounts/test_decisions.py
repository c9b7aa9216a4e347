"""What is decided on a record: by whom it may be, in which order, and what stays of it."""

import hashlib
import hmac
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from efficiency_monitor.followup.accountability import store as accounts
from efficiency_monitor.followup.accountability.actions import exempt_by_lift
from efficiency_monitor.terms import ExemptionGround
from efficiency_monitor.workspace.transaction import transaction
from tests.cli.command import Ran
from tests.matters.stage import run
from tests.stories.world import World

from .test_records import shown

pytestmark = pytest.mark.both_engines

RED = '"{UP CASE red}"'
UPHELD = ExemptionGround.APPEAL_UPHELD


def keyed(world: World) -> None:
    """Wang, Chen and Zhao hold keys: a red card's exemption takes two of them."""
    for person, by in (("wang", ("wang",)), ("chen", ("chen",)), ("zhao", ("wang", "chen"))):
        file = world.folder / f"{person}.pem"
        public = run(world, f"people key new --out {file}").well().out.strip()
        for signer in by:
            key = "" if signer == person else f"--key {world.folder / f'{signer}.pem'}"
            line = f"--as {signer} {key} people key enrol {person} '{public}'"
            run(world, line).well()


def signed(world: World, person: str, line: str) -> Ran:
    """A command with the person's own key."""
    return run(world, f"--as {person} --key {world.folder / f'{person}.pem'} {line}").well()


def refused(world: World, line: str, *words: str) -> None:
    """A command is refused in one line with these words, and nothing is written."""
    before = world.dump()
    ran = run(world, line)
    assert ran.code == 2, (line, ran)
    for word in words:
        assert word in ran.err, (line, ran.err)
    assert world.dump() == before, line


def entries(world: World, kind: str) -> list[dict[str, object]]:
    """Ledger entries of a type."""
    return [entry for entry in world.entries() if entry["type"] == f"accountability.{kind}"]


def test_from_verification_to_measures(world: World) -> None:
    record = f"--as wang accountability record {RED}"
    assert shown(world, "UP CASE red")["proposals"] == []
    refused(world, f"{record} --measure talk --text x", "to verify", "verified")
    run(world, f"--as wang accountability verify {RED} --text 经核实属实").well()
    proposed = shown(world, "UP CASE red")["proposals"]
    assert [proposal["measure"] for proposal in proposed] == [
        "disciplinary_proceedings", "talk", "delay_of_work", "civil_servant_sanction",
    ]  # fmt: skip
    assert all(p["title"]["zh"].startswith("建议") and p["regulation"] for p in proposed)
    assert all(p["read"] == "partly" and p["unread"] for p in proposed)
    refused(world, f"--as wang accountability verify {RED} --text x", "verified")
    refused(world, f"{record} --measure circular --text x", "not for red cards", "talk")
    refused(world, f"{record} --measure beheading --text x", "no measure 'beheading'", "talk")
    refused(world, f"{record} --measure talk", "note who decided it", "--text")
    run(world, f"{record} --measure talk --text 任免机关3月19日决定").well()
    refused(world, f"{record} --measure talk --text again", "recorded already")
    run(world, f"{record} --measure delay_of_work --text 另案").well()
    done = shown(world, "UP CASE red")
    assert done["status"] == "measure_recorded"
    assert [(d["kind"], d["person_id"], d["ground"], d["text"]) for d in done["decisions"]] == [
        ("verified", "wang", None, "经核实属实"),
        ("measure", "wang", "talk", "任免机关3月19日决定"),
        ("measure", "wang", "delay_of_work", "另案"),
    ]
    (verified,) = entries(world, "verified")
    assert verified["person"] == "wang"
    assert verified["text"]["commitment"] in _commitments(world, "verified")
    assert [entry["measure"] for entry in entries(world, "measure")] == ["talk", "delay_of_work"]
    assert "经核实" not in str(world.entries())
    assert world.sound()


def _commitments(world: World, kind: str) -> set[str]:
    """The text of the entry under every salt that there is: one of them is its own."""
    (row,) = world.rows("SELECT text FROM account_entry WHERE kind = ?", kind)
    salts = world.rows("SELECT salt FROM text_salt")
    return {hmac.new(each["salt"], row["text"].encode(), "sha256").hexdigest() for each in salts}


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("zhang", "named on the card or held the case"),
        ("li", "has no role"),
        ("nobody", "there is no person"),
        ("sun", "has no role"),
    ],
)
def test_only_a_supervisor_of_it_who_is_not_named_verifies(
    world: World, who: str, words: str
) -> None:
    refused(world, f"--as {who} accountability verify {RED} --text x", words)


def test_who_is_named_on_the_card_does_not_decide_on_it(world: World) -> None:
    plain = '"{PLAIN CASE red}"'
    refused(world, f"--as wang accountability verify {plain} --text x", "named on the card")
    run(world, f"--as chen accountability verify {plain} --text x").well()
    refused(world, f"--as wang accountability record {plain} --measure talk --text x", "named")
    run(world, f"--as li accountability exempt {plain} --ground self_corrected --text x").well()
    refused(world, f"--as wang accountability exempt {plain} --decision approve --text x", "named")
    keyed(world)
    for person in ("chen", "zhao"):
        signed(world, person, f"accountability exempt {plain} --decision approve --text x")
    assert shown(world, "PLAIN CASE red")["status"] == "exempted"


def test_nobody_named_who_acts_is_refused(world: World) -> None:
    for line in (
        f"accountability verify {RED} --text x",
        f"accountability record {RED} --measure talk --text x",
        f"accountability exempt {RED} --ground force_majeure --text x",
    ):
        refused(world, line, "nobody is named who acts", "--as PERSON")


def test_an_exemption_is_asked_by_one_and_decided_by_another(world: World, tmp_path: Path) -> None:
    proof = tmp_path / "暴雨.txt"
    proof.write_text("停工通知", encoding="utf-8")
    ask = f"accountability exempt {RED} --ground force_majeure --text 暴雨停工"
    decide = f"accountability exempt {RED} --decision approve --text 属实"
    refused(world, f"--as chen {decide}", "no exemption", "--ground")
    run(world, f"--as wang {ask} --attach {proof}").well()
    refused(world, f"--as li {ask}", "waits to be decided", "--decision approve")
    refused(world, f"--as wang {decide}", "they asked for it")
    refused(world, f"--as zhang {decide}", "named on the card")
    refused(world, f"--as li {decide}", "has no role")
    (notice,) = {
        (row["kind"], row["subject"], row["about"])
        for row in world.rows("SELECT * FROM notice WHERE kind = 'exemption_asked'")
    }
    card = world.card("UP CASE red")
    assert notice == ("exemption_asked", f"account:{card}", '{"ground":"force_majeure"}')
    asked_of = world.rows("SELECT person_id FROM notice WHERE kind = 'exemption_asked'")
    assert {row["person_id"] for row in asked_of} == {"chen", "zhao"}, "not of who asked"
    assert shown(world, "UP CASE red")["status"] == "to_verify"
    keyed(world)
    assert "1 of 2" in signed(world, "chen", decide).err
    assert shown(world, "UP CASE red")["status"] == "to_verify"
    signed(world, "zhao", decide)
    record = shown(world, "UP CASE red")
    assert record["status"] == "exempted"
    assert record["card_state"] == "open", "an exemption lifts no card"
    assert [(d["kind"], d["person_id"], d["ground"]) for d in record["decisions"]] == [
        ("exemption_asked", "wang", "force_majeure"),
        ("exemption_signed", "chen", "force_majeure"),
        ("exempted", "zhao", "force_majeure"),
    ]
    sum_of = hashlib.sha256(proof.read_bytes()).hexdigest()
    assert [a["sha256"] for a in record["decisions"][0]["attachments"]] == [sum_of]
    (asked,) = entries(world, "exemption_asked")
    assert asked["evidence"] == [{"sha256": sum_of, "size": proof.stat().st_size}]
    (exempted,) = entries(world, "exempted")
    assert (exempted["person"], exempted["ground"]) == ("zhao", "force_majeure")
    approvals = world.rows(
        "SELECT subject, round, decision, person_id FROM approval WHERE act = 'exempt' ORDER BY id"
    )
    said = {"subject": f"account:{card}", "round": 1, "decision": "approve"}
    assert approvals == [{**said, "person_id": "chen"}, {**said, "person_id": "zhao"}]
    told = {row["person_id"] for row in world.rows("SELECT * FROM notice WHERE kind = 'exempted'")}
    assert {"wang", "zhang", "li"} <= told, "who asked, and who was told of the card"
    assert world.sound()


def test_a_refused_exemption_may_be_asked_for_again(world: World) -> None:
    ask = f"--as li accountability exempt {RED} --ground false_material --text 虚假材料"
    run(world, ask).well()
    run(world, f"--as wang accountability exempt {RED} --decision refuse --text 不属实").well()
    assert shown(world, "UP CASE red")["status"] == "to_verify"
    refused(world, f"--as chen accountability exempt {RED} --decision approve --text x", "no exem")
    run(world, ask).well()
    keyed(world)
    for person in ("wang", "chen"):
        signed(world, person, f"accountability exempt {RED} --decision approve --text 补证属实")
    assert shown(world, "UP CASE red")["status"] == "exempted"
    rounds = world.rows("SELECT round, decision FROM approval WHERE act = 'exempt' ORDER BY id")
    approved = {"round": 2, "decision": "approve"}
    assert rounds == [{"round": 1, "decision": "refuse"}, approved, approved]
    kinds = {row["kind"] for row in world.rows("SELECT kind FROM notice")}
    assert {"exemption_asked", "exemption_asked:2"} <= kinds, "the second is told too"
    refused(world, ask, "exempted")


def test_no_measure_is_recorded_while_an_exemption_waits(world: World) -> None:
    run(world, f"--as wang accountability verify {RED} --text x").well()
    run(world, f"--as li accountability exempt {RED} --ground force_majeure --text x").well()
    refused(world, f"--as wang accountability record {RED} --measure talk --text x", "waits")


def test_a_rehearsal_writes_nothing(world: World) -> None:
    before = world.dump()
    ask = f"--as li accountability exempt {RED} --ground force_majeure --text x"
    assert "rehearsal" in run(world, f"{ask} --dry-run").well().err
    assert world.dump() == before
    run(world, ask).well()
    before = world.dump()
    keyed(world)
    before = world.dump()
    decide = f"accountability exempt {RED} --decision approve --text x"
    assert "1 of 2" in signed(world, "wang", f"{decide} --dry-run").err
    assert world.dump() == before
    signed(world, "wang", decide)
    before = world.dump()
    assert "exempted" in signed(world, "chen", f"{decide} --dry-run").err
    assert world.dump() == before
    refused(world, f"--as li {decide} --dry-run", "they asked for it")


def test_ask_or_decide_not_both_and_not_neither(world: World) -> None:
    for given in ("", " --ground force_majeure --decision approve"):
        refused(world, f"--as li accountability exempt {RED}{given} --text x", "--ground")


def test_what_is_exempted_leaves_the_list_and_stays_on_record(world: World) -> None:
    def numbers(options: str = "") -> set[str]:
        rows = run(world, f"accountability list {options} -o json").well().json
        return {row["card_no"] for row in rows}

    card = world.card("UP CASE red")
    assert card in numbers()
    run(world, f"--as li accountability exempt {RED} --ground self_corrected --text x").well()
    keyed(world)
    for person in ("wang", "chen"):
        signed(world, person, f"accountability exempt {RED} --decision approve --text x")
    assert card not in numbers()
    assert card in numbers("--all")
    assert numbers("--status exempted") == {card}
    world.mark_all_changed()
    world.scan()
    assert card not in numbers(), "a scan that writes the parts again keeps the status"


def test_an_upheld_appeal_exempts_in_the_same_transaction(world: World) -> None:
    card, warning = world.card("UP CASE red"), world.card("UP CASE warning")
    run(world, f"--as wang accountability verify {RED} --text x").well()
    before = world.dump()
    with transaction(world.context, dry_run=True) as connection:
        exempt_by_lift(world.context, connection, card, UPHELD)
    assert world.dump() == before
    context = world.acting("chen")
    with context.store.writing() as connection:
        exempt_by_lift(context, connection, card, UPHELD)
        exempt_by_lift(context, connection, card, UPHELD)
        exempt_by_lift(context, connection, warning, UPHELD)
    with context.store.reading() as connection:
        assert accounts.status_of(connection, card) == "exempted"
        assert accounts.status_of(connection, warning) is None
    context.store.close()
    (entry,) = entries(world, "exempted")
    assert (entry["card"], entry["ground"], entry["person"]) == (card, "appeal_upheld", "chen")
    decisions = shown(world, "UP CASE red")["decisions"]
    assert [(d["kind"], d["ground"]) for d in decisions] == [
        ("verified", None),
        ("exempted", "appeal_upheld"),
    ]


def test_nobody_is_accountable_for_a_lifted_card(world: World) -> None:
    with world.context.store.writing() as connection:
        connection.exec_driver_sql("UPDATE card SET state = 'lifted' WHERE level = 3")
    for line in (
        f"--as wang accountability verify {RED} --text x",
        f"--as li accountability exempt {RED} --ground force_majeure --text x",
    ):
        refused(world, line, "was lifted")
    assert shown(world, "UP CASE red")["card_state"] == "lifted"
    listed = run(world, "accountability list -o json").well().json
    assert {row["level"] for row in listed} == {"yellow"}


def test_entries_are_never_changed(world: World) -> None:
    run(world, f"--as wang accountability verify {RED} --text x").well()
    for statement in ("UPDATE account_entry SET text = 'y'", "DELETE FROM account_entry"):
        with pytest.raises(IntegrityError, match="append-only"):
            world.change(statement)
