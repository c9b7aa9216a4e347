"""Approvals: who may give them, what is signed, what the ledger says of them."""

import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.followup.evidence.model import Attachment
from efficiency_monitor.people.acting import approvals
from efficiency_monitor.people.model.authority import Act

from .desk import PEOPLE, Desk, key_of

pytestmark = pytest.mark.both_engines

PROOF = Attachment("张三的说明.pdf", "ab" * 32, 7)


OF_CARDS = "SELECT * FROM approval WHERE subject LIKE 'card:%'"


def said(desk: Desk, person: str, key: str | None = None, **more: object) -> str:
    with pytest.raises(NotAllowed) as caught:
        desk.approve(person, key, **more)
    found = desk.world.rows(f"{OF_CARDS} AND person_id = ?", person)
    assert found == []
    return caught.value.message


def committed(desk: Desk, text: str) -> str:
    """The only commitment that there is to a text, by the salt that stands beside it."""
    made = [
        row["commitment"]
        for row in desk.world.rows("SELECT commitment, salt FROM text_salt")
        if hmac.new(row["salt"], text.encode(), "sha256").hexdigest() == row["commitment"]
    ]
    assert len(made) == 1
    return str(made[0])


def test_a_signed_approval_can_be_checked_by_anybody(desk: Desk) -> None:
    desk.enrolled("wang")
    before = len(desk.world.entries())
    desk.approve("wang", "wang", ground="force_majeure", text="属实，王五", evidence=[PROOF])
    (row,) = desk.world.rows(OF_CARDS)
    statement, signature = row["statement"], row["signature"]
    # Raises unless it holds.
    Ed25519PublicKey.from_public_bytes(key_of("wang").public).verify(signature, statement)
    first = desk.world.rows("SELECT body FROM ledger_entry WHERE seq = 1")[0]["body"]
    assert json.loads(statement) == {
        "domain": "effmon/approval/v1",
        "workspace": hashlib.sha256(first).hexdigest(),
        "act": "lift",
        "subject": f"card:{desk.card()}",
        "round": 0,
        "decision": "lift",
        "ground": "force_majeure",
        "text": {"commitment": committed(desk, "属实，王五")},
        "evidence": [{"sha256": "ab" * 32, "size": 7}],
        "person": "wang",
        "on_behalf_of": None,
        "at": "2026-03-16T09:00:00+08:00",
        "ledger": {"size": before, "sha256_root": root(desk, before)},
        "key": key_of("wang").key_id,
    }
    (entry,) = desk.world.entries(before)
    assert entry["type"] == "approval.given"
    assert entry["statement"] == {"sha256": hashlib.sha256(statement).hexdigest()}
    assert entry["signature"] == signature.hex()
    assert (entry["person"], entry["decision"]) == ("wang", "lift")
    # Neither what was written nor a file's name is in the ledger.
    assert "王五" not in json.dumps(entry, ensure_ascii=False)
    assert "张三" not in json.dumps(entry, ensure_ascii=False)
    assert desk.world.sound()


def root(desk: Desk, size: int) -> str:
    """RFC 6962 section 2.1, as it is written there."""

    def tree(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()

    rows = desk.world.rows("SELECT body FROM ledger_entry WHERE seq <= ? ORDER BY seq", size)
    return tree([row["body"] for row in rows]).hex()


def test_without_a_key_an_approval_is_unsigned_where_that_is_enough(desk: Desk) -> None:
    assert not desk.approve("wang").signed
    (row,) = desk.world.rows(OF_CARDS)
    assert (row["signature"], row["key_id"]) == (None, None)
    (entry,) = [entry for entry in desk.world.entries() if entry["type"] == "approval.given"]
    assert (entry["signature"], entry["key"]) == (None, None)


def test_where_a_signature_is_needed_a_key_is(desk: Desk) -> None:
    assert "wang has no enrolled key" in said(desk, "wang", must_sign=True)


def test_who_has_a_key_signs_with_it(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    assert "has to sign with it" in said(desk, "wang")
    assert "is not wang's" in said(desk, "wang", "chen")
    assert "is not wang's" in said(desk, "wang", "unknown")
    assert desk.approve("wang", "wang").signed


def test_a_key_that_is_nobodys_is_not_taken_for_one_that_is_not_needed(desk: Desk) -> None:
    assert "wang has no enrolled key" in said(desk, "wang", "wang")


def test_nobody_approves_without_a_right_to_it(desk: Desk) -> None:
    assert "no role" in said(desk, "li")
    assert "no role" in said(desk, "sun")
    assert "issued it" in said(desk, "wang", barred={"wang": "wang issued it"})


def test_nobody_approves_twice(desk: Desk) -> None:
    desk.approve("wang")
    with pytest.raises(NotAllowed, match="wang has approved it already"):
        desk.approve("wang")
    desk.approve("wang", round=1)
    desk.approve("wang", act=Act.CONFIRM)
    assert len(desk.world.rows("SELECT * FROM approval")) == 3


def test_a_deputy_and_the_absent_person_are_one_voice(desk: Desk) -> None:
    away = {"person_id": "wang", "name": "王监察", "role": "supervisor"}
    rows = [row for row in PEOPLE if row["person_id"] != "wang"]
    desk.world.people([*rows, {**away, "deputy": "li", "absent_from": "2026-03-01"}])
    assert desk.approve("li").on_behalf_of == "wang"
    assert "wang has approved it already" in said(desk, "wang")
    assert desk.approve("chen").voices == {"chen"}


def test_two_deputies_in_turn_are_one_voice(desk: Desk) -> None:
    away = {"person_id": "wang", "name": "王监察", "role": "supervisor"}
    rows = [row for row in PEOPLE if row["person_id"] != "wang"]
    desk.world.people([*rows, {**away, "deputy": "li", "absent_from": "2026-03-01"}])
    desk.approve("li")
    desk.world.people([*rows, {**away, "deputy": "zhang", "absent_from": "2026-03-01"}])
    assert "wang has approved it already" in said(desk, "zhang")


def test_approvals_are_listed_as_they_came(desk: Desk) -> None:
    desk.approve("wang", decision="return", text="不属实")
    desk.enrolled("chen")
    desk.approve("chen", "chen")
    with desk.world.context.store.reading() as connection:
        found = approvals(connection, subject=f"card:{desk.card()}", act=Act.LIFT)
        assert approvals(connection, subject=f"card:{desk.card()}", act=Act.LIFT, round=1) == []
    assert [(one.person_id, one.decision, one.text, one.signed) for one in found] == [
        ("wang", "return", "不属实", False),
        ("chen", "lift", None, True),
    ]


@pytest.mark.parametrize("subject", ["card:R-NONE", "appeal:A-NONE", "order:D-NONE", "tree:1", ""])
def test_there_is_no_such_thing(desk: Desk, subject: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no"):
        desk.approve("wang", subject=subject)


def test_an_approval_is_not_changed_afterwards(desk: Desk) -> None:
    desk.approve("wang")
    for statement in ("UPDATE approval SET person_id = 'chen'", "DELETE FROM approval"):
        with pytest.raises(IntegrityError, match="append-only"):
            desk.world.change(statement)
