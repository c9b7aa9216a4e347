"""An auditor checks what persons signed, with one file and nothing of ours."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.verifier import verify

from .. import engines
from ..stories.world import World
from .desk import Desk, key_of
from .test_lift_checks import slip_in
from .test_signatures import SMALL, VECTORS

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def exported(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the busy workspace."""
    folder = tmp_path_factory.mktemp("export")
    engines.copied(template, folder / "ws")
    world = World(folder / "ws", 1_773_622_800)
    ledger_book.export(world.context, folder / "out", words={})
    world.close()
    return folder / "out"


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """The same, to be tampered with."""
    shutil.copytree(exported, tmp_path / "out")
    return tmp_path / "out"


def lines_of(folder: Path) -> Lines:
    text = (folder / "approvals.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def write(folder: Path, lines: Lines) -> None:
    text = "".join(verify.jcs(line) + "\n" for line in lines)
    (folder / "approvals.jsonl").write_text(text, encoding="utf-8")


def fault(folder: Path, code: int = 1) -> str:
    said, found = ledger_book.verify_export(folder)
    assert found == code, said
    assert verify.main(["--", str(folder)]) == code
    return str(said.get("fault", ""))


def test_as_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fault(folder, 0) == ""
    lines = lines_of(folder)
    signed = [line for line in lines if line["signature"]]
    assert f"approvals: {len(lines)}" in (out := capsys.readouterr().out)
    assert f"with a signature that holds: {len(signed)}" in out
    assert (len(lines), len(signed)) == (12, 9)
    # What people wrote, and what their files are called, is not handed out.
    text = (folder / "approvals.jsonl").read_text(encoding="utf-8")
    assert "属实" not in text
    assert "说明" not in text


TAMPERED: dict[str, Callable[[Lines], object]] = {
    "a line lost": lambda lines: lines.pop(4),
    "the last line lost": lambda lines: lines.pop(),
    "a line doubled": lambda lines: lines.append(lines[-1]),
    "another order": lambda lines: lines.reverse(),
    "a signature gone": lambda lines: lines[-1].update(signature=None),
    "another signature": lambda lines: lines[-1].update(signature=lines[-3]["signature"]),
    "what nobody signed": lambda lines: lines[-1].update(
        statement=lines[-1]["statement"].replace("2026", "2025")
    ),
    "a statement of another": lambda lines: lines[-1].update(statement=lines[-3]["statement"]),
    "no statement": lambda lines: lines[-1].pop("statement"),
    "a statement that is none": lambda lines: lines[-1].update(statement=7),
    "another seq": lambda lines: lines[-1].update(seq=1),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_whoever_changes_what_was_signed_is_found(folder: Path, how: str) -> None:
    lines = lines_of(folder)
    TAMPERED[how](lines)
    write(folder, lines)
    assert fault(folder)


@pytest.mark.parametrize(
    "name",
    ["act", "subject", "round", "decision", "ground", "text", "evidence", "person", "at", "key",
     "on_behalf_of", "workspace", "ledger", "domain"],
)  # fmt: skip
def test_no_field_of_a_statement_is_changed(folder: Path, name: str) -> None:
    lines = lines_of(folder)
    said = json.loads(lines[-1]["statement"])
    lines[-1]["statement"] = verify.jcs({**said, name: "other"})
    write(folder, lines)
    assert "approvals.jsonl" in fault(folder)


def test_the_file_is_missed(folder: Path) -> None:
    (folder / "approvals.jsonl").unlink()
    assert "approvals.jsonl" in fault(folder, 2)


def test_a_row_that_was_lost_is_missed_in_the_export(busy: Desk, tmp_path: Path) -> None:
    for verb in ("update", "delete"):
        busy.sql(f"DROP TRIGGER approval_no_{verb}")
    busy.sql("DELETE FROM approval WHERE act = 'lift' AND person_id = 'wang'")
    ledger_book.export(busy.world.context, tmp_path / "out", words={})
    assert "missing or out of order" in fault(tmp_path / "out")


def rewritten(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite entries and head together, as who owns everything can."""
    path = folder / "entries.jsonl"
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for entry in entries:
        change(entry)
    path.write_text("".join(verify.jcs(entry) + "\n" for entry in entries), encoding="utf-8")
    read = verify.read_entries(folder)
    head = {"size": read.size, "sha256_root": read.roots.sha256, "sm3_root": read.roots.sm3}
    (folder / "head.json").write_text(verify.jcs(head) + "\n", encoding="utf-8")


def test_who_rewrites_everything_still_has_no_signature(folder: Path) -> None:
    """Only what no person signed can be rewritten without an outside root."""
    lines = lines_of(folder)
    said = json.loads(lines[-1]["statement"])
    assert said["decision"] == "return"
    statement = verify.jcs({**said, "decision": "lift"})
    lines[-1]["statement"] = statement
    write(folder, lines)

    def change(entry: dict[str, Any]) -> None:
        if entry["seq"] == lines[-1]["seq"]:
            entry["decision"] = "lift"
            entry["statement"] = {"sha256": verify.hashlib.sha256(statement.encode()).hexdigest()}

    rewritten(folder, change)
    assert "its signature does not hold" in fault(folder)


def forge(folder: Path, number: int, *, signer: str = "", **change: Any) -> None:
    """One approval said to be another, with statement, digest, entry and roots that fit.

    `signer`: a key that signs it, whosever it is.
    """
    lines = lines_of(folder)
    line = lines[number]
    line["statement"] = verify.jcs({**json.loads(line["statement"]), **change})
    if signer:
        line["signature"] = key_of(signer).sign(line["statement"].encode()).hex()
    elif "key" in change:
        line["signature"] = None
    write(folder, lines)

    def follow(entry: dict[str, Any]) -> None:
        if entry["seq"] == line["seq"]:
            digest = verify.hashlib.sha256(line["statement"].encode()).hexdigest()
            entry.update(change, statement={"sha256": digest}, signature=line["signature"])

    rewritten(folder, follow)


def test_what_nobody_signed_is_held_by_the_signatures_that_came_later(folder: Path) -> None:
    """Of before the first key: each signature names the ledger on which it was given."""
    forge(folder, 0, decision="other")
    assert "does not hold" in fault(folder)


def test_who_has_a_key_does_not_approve_without_it(folder: Path) -> None:
    forge(folder, -1, key=None)
    assert "its signature is missing" in fault(folder)


@pytest.mark.parametrize(
    ("person", "signer"), [("zhao", "chen"), ("wang", "wang"), ("sun", "sun"), ("he", "attacker")]
)
def test_nobody_signs_with_a_key_that_is_not_theirs_or_was_revoked(
    folder: Path, person: str, signer: str
) -> None:
    forge(folder, -1, signer=signer, person=person, key=key_of(signer).key_id)
    assert "the key was not that person's at that time" in fault(folder)


def test_an_entry_says_what_its_statement_says(folder: Path) -> None:
    def change(entry: dict[str, Any]) -> None:
        if entry["seq"] == lines_of(folder)[-1]["seq"]:
            entry.update(decision="other")

    rewritten(folder, change)
    assert "it says something else than the ledger" in fault(folder)


def test_a_signature_of_another_workspace_is_none_here(folder: Path) -> None:
    """Card numbers are the same in every workspace with the same cases, as the keys may be."""
    forge(folder, -1, signer="chen", workspace="0" * 64)
    assert "it is of another workspace" in fault(folder)


def test_what_was_rewritten_before_a_signature_is_missed_by_the_signature(folder: Path) -> None:
    """Who signs vouches for the ledger up to there: no root from outside is needed for that."""

    def change(entry: dict[str, Any]) -> None:
        if entry["type"] == "card.issued":
            entry["department"] = "交通局"

    rewritten(folder, change)
    assert "the ledger that it was signed on is not this one" in fault(folder)


def test_a_signature_is_not_on_a_ledger_of_later(folder: Path) -> None:
    lines = lines_of(folder)
    seq = lines[-1]["seq"]
    head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    said = {"size": head["size"], "sha256_root": head["sha256_root"]}
    assert head["size"] >= seq
    forge(folder, -1, signer="chen", ledger=said)
    assert "the ledger that it was signed on is not this one" in fault(folder)


@pytest.mark.parametrize("signed", [(), ("wang",), ("wang", "chen")])
@pytest.mark.parametrize("reason", ["exemption", "appeal"])
def test_an_auditor_sees_a_red_card_that_was_slipped_away(
    desk: Desk, tmp_path: Path, reason: str, signed: tuple[str, ...]
) -> None:
    """With the export alone: row and entry fit each other, the signatures are what is missing."""
    desk.enrolled("wang", "chen")
    for person in signed:
        desk.approve(person, person, ground=reason, must_sign=True)
    slip_in(desk, reason)
    ledger_book.export(desk.world.context, tmp_path / "out", words={})
    if len(signed) == 2:
        assert fault(tmp_path / "out", 0) == ""
    else:
        assert "without two persons' signatures" in fault(tmp_path / "out")


def test_an_auditor_takes_what_two_persons_or_a_scan_lifted(desk: Desk, tmp_path: Path) -> None:
    desk.enrolled("wang", "chen")
    appeal = appeals.file(desk.acting("zhang"), desk.card(), "材料迟交").appeal_no
    for person in ("wang", "chen"):
        appeals.decide(desk.acting(person, person), appeal, Decision.LIFT, "属实")
    ledger_book.export(desk.world.context, tmp_path / "out", words={})
    assert fault(tmp_path / "out", 0) == ""


@pytest.mark.parametrize(("reason", "code"), [("late_evidence", 0), ("amended", 1)])
def test_what_a_scan_lifts_takes_no_signature_in_an_export(
    desk: Desk, tmp_path: Path, reason: str, code: int
) -> None:
    slip_in(desk, reason)
    ledger_book.export(desk.world.context, tmp_path / "out", words={})
    fault(tmp_path / "out", code)


def test_a_key_in_anothers_place(folder: Path) -> None:
    own = key_of("attacker")

    def change(entry: dict[str, Any]) -> None:
        if entry["type"] == "key.enrolled" and entry["person"] == "zhao":
            entry.update(key=own.key_id, public_key=own.public.hex())

    rewritten(folder, change)
    assert "the key's enrolment does not hold" in fault(folder)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_a_key_that_nobody_approved(folder: Path, bootstrap: bool) -> None:
    own = key_of("attacker")

    def change(entry: dict[str, Any]) -> None:
        if entry["type"] == "key.revoked" and entry["person"] == "sun":
            entry.update(type="key.enrolled", key=own.key_id, public_key=own.public.hex(),
                         bootstrap=bootstrap, recovery=False)  # fmt: skip

    rewritten(folder, change)
    assert "the key's enrolment does not hold" in fault(folder)


@pytest.mark.parametrize("vector", VECTORS, ids=["RFC 8032 1", "RFC 8032 2", "RFC 8032 3"])
def test_the_vectors_of_the_standard(vector: tuple[str, ...]) -> None:
    _, public, message, signature = (bytes.fromhex(part) for part in vector)
    assert verify.signature_holds(public, message, signature)
    assert not verify.signature_holds(public, message + b"x", signature)


@pytest.mark.parametrize("public", SMALL)
def test_keys_that_sign_anything(public: str) -> None:
    neutral = bytes([1]) + bytes(63)
    assert not verify.signature_holds(bytes.fromhex(public), b"x", neutral)


@settings(max_examples=30)
@given(st.binary(max_size=40), st.integers(0, 9), st.integers(0, 511))
def test_it_agrees_with_the_library(message: bytes, number: int, bit: int) -> None:
    key = key_of(f"k{number}")
    signature = bytearray(key.sign(message))
    assert verify.signature_holds(key.public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify.signature_holds(key.public, message, bytes(signature))


def test_a_signature_has_one_form() -> None:
    """S and S + L would both fit the equation: the larger one is refused (RFC 8032 5.1.7)."""
    key = key_of("k")
    signature = key.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    other = int.from_bytes(signature[32:], "little") + order
    assert not verify.signature_holds(
        key.public, b"x", signature[:32] + other.to_bytes(32, "little")
    )
    assert not verify.signature_holds(key.public, b"x", signature[:63])
    assert not verify.signature_holds(key.public[:31], b"x", signature)
