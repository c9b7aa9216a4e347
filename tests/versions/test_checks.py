"""Whoever changes rules past effmon is found: rows, texts, entries, the second signature."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.ledger import book as ledger_book
from tests.matters.stage import run

from .bureau import Bureau

TRIGGERS = ("kept_text", "change_proposal", "change_end", "approval")


def faults(bureau: Bureau) -> str:
    """What the verification says of approvals and changes."""
    return "\n".join(ledger_book.verify(bureau.world.context)["approvals"])


def free(bureau: Bureau) -> None:
    """Take the triggers away, as the owner of the file can."""
    for table in TRIGGERS:
        for verb in ("update", "delete"):
            bureau.world.change(f"DROP TRIGGER {table}_no_{verb}")


@pytest.fixture
def adopted(bureau: Bureau) -> Bureau:
    """Everything is approved; the triggers are gone."""
    bureau.demand()
    bureau.adopt()
    assert faults(bureau) == ""
    free(bureau)
    return bureau


def test_a_text_that_was_changed_judges_nothing(adopted: Bureau) -> None:
    adopted.late_case()
    adopted.world.change(
        "UPDATE kept_text SET content = REPLACE(content, '8 working_days', '9 working_days')"
        " WHERE name = 'CASE'"
    )
    adopted.world.close()
    with pytest.raises(EffmonError, match="lost or changed"):
        adopted.world.scan()
    assert "the kept text CASE" in faults(adopted)


def test_a_text_that_is_lost_judges_nothing(adopted: Bureau) -> None:
    adopted.world.change("DELETE FROM kept_text WHERE name = 'CASE'")
    adopted.world.close()
    with pytest.raises(EffmonError, match="lost or changed"):
        adopted.world.scan()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE change_proposal SET person = 'sun'", "it is not what the ledger says"),
        ("UPDATE change_proposal SET parts = '[]'", "it is not what the ledger says"),
        ("DELETE FROM change_end", "how it ended"),
        ("UPDATE change_end SET kind = 'withdrawn'", "how it ended"),
        ("UPDATE change_end SET mode = 'none'", "how it ended"),
        ("UPDATE change_end SET person = 'wang'", "how it ended"),
        ("DELETE FROM approval WHERE act = 'approve_change'", "has lost it"),
    ],
)
def test_a_row_that_was_changed(adopted: Bureau, statement: str, said: str) -> None:
    adopted.world.change(statement)
    assert said in faults(adopted)


def test_a_proposal_of_which_the_ledger_knows_nothing(adopted: Bureau) -> None:
    adopted.world.change(
        "INSERT INTO change_proposal (id, change_no, at, person, os_user, reason, sha256, parts)"
        " SELECT 99, 'C-0099', at, person, os_user, reason, sha256, parts FROM change_proposal"
    )
    assert "change C-0099: the ledger does not know it" in faults(adopted)


def forged(bureau: Bureau, **fields: object) -> None:
    """An end with an entry that fits it, past every question; the trees are as they have to be."""
    from efficiency_monitor.catalogue import store as changes
    from efficiency_monitor.ledger.model.entries import EntryType
    from efficiency_monitor.ledger.store import ledger

    context = bureau.acting("wang")
    change = bureau.propose()
    with context.store.writing() as connection:
        said = {"change": change.change_no, "person": "sun", "sha256": change.sha256, **fields}
        seq = ledger.read_head(connection).size + 1
        entry = context.entry(EntryType.CHANGE_APPROVED, f"change.ended/{change.change_no}", said)
        ledger.append(connection, [entry])
        changes.end(
            connection,
            {
                "change_no": change.change_no,
                "kind": "approved",
                "at": context.now(),
                "person": "sun",
                "os_user": "root",
                "host": None,
                "tty": None,
                "text": None,
                "mode": said["mode"],
                "seq": seq,
            },
        )


def test_an_end_that_nobody_approved(bureau: Bureau) -> None:
    bureau.demand()
    forged(bureau, mode="second_person")
    assert "nobody approved it" in faults(bureau)


def test_an_approval_by_the_one_who_proposed(bureau: Bureau) -> None:
    """As where one person was enough, and the entry says that a second one was asked for."""
    change = bureau.propose()
    bureau.approve(change.change_no, "wang")
    entries = [e for e in bureau.world.entries() if e["type"] == "change.approved"]
    assert json.dumps(entries[0]["mode"]) == '"none"'
    from efficiency_monitor.ledger.checks.change_checks import Changes

    known = Changes()
    for entry in bureau.world.entries():
        if entry["type"] == "approval.given":
            known.approval(entry)
        if entry["type"] == "change.proposed":
            assert list(known.take(entry)) == []
        if entry["type"] == "change.approved":
            assert list(known.take(entry)) == []
            assert list(known.take({**entry, "mode": "second_person"})) != []


def verified(bureau: Bureau, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the file in an export says of that export, alone and without anything of ours."""
    assert run(bureau.world, f"ledger export --out {folder}").code == 0
    command = [sys.executable, "-I", str(folder / "verify.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_auditor_sees_that_another_person_signed(bureau: Bureau, tmp_path: Path) -> None:
    bureau.demand()
    bureau.adopt()
    done = verified(bureau, tmp_path / "out")
    assert "took effect without" not in done.stdout + done.stderr
    assert done.returncode in (0, 3), done.stdout


def test_an_auditor_sees_that_nobody_did(bureau: Bureau, tmp_path: Path) -> None:
    bureau.demand()
    forged(bureau, mode="second_person")
    done = verified(bureau, tmp_path / "out")
    assert done.returncode == 1
    assert "the change C-0001 took effect without another person's signature" in (
        done.stdout + done.stderr
    )
