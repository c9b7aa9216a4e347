"""How keys come into use and go out of it."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, EffmonError, NotAllowed
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.people.key_list import list_keys
from efficiency_monitor.people.keys import KeyReport, enrol, revoke
from efficiency_monitor.verifier import verify

from .desk import Desk, key_of

pytestmark = pytest.mark.both_engines


def enrolled(desk: Desk, person: str, name: str, by: str, key: str | None = None) -> KeyReport:
    return enrol(desk.acting(by, key), person, key_of(name).public)


def begin(desk: Desk, *more: str) -> None:
    """Wang's and Chen's keys, and further ones that these two approved."""
    assert enrolled(desk, "wang", "wang", "wang").bootstrap
    assert enrolled(desk, "chen", "chen", "chen").bootstrap
    for person in more:
        enrolled(desk, person, person, "wang", "wang")
        assert enrolled(desk, person, person, "chen", "chen").state == "enrolled"


def in_use(desk: Desk) -> dict[str, str]:
    rows = desk.world.rows("SELECT person_id, key_id FROM person_key WHERE revoked_at IS NULL")
    return {row["person_id"]: row["key_id"] for row in rows}


def ids(*persons: str) -> dict[str, str]:
    return {person: key_of(person).key_id for person in persons}


def refused(desk: Desk, *call: str | None, kind: type[EffmonError] = NotAllowed) -> str:
    before = in_use(desk), len(desk.world.entries()), desk.world.dump()
    with pytest.raises(kind) as caught:
        enrolled(desk, *call)  # type: ignore[arg-type]
    assert (in_use(desk), len(desk.world.entries()), desk.world.dump()) == before
    return caught.value.message


def test_the_first_two_are_trusted_and_said_to_be(desk: Desk) -> None:
    first = enrolled(desk, "wang", "wang", "zhao")
    assert (first.state, first.bootstrap, first.approved_by) == ("enrolled", True, ("zhao",))
    begin_two = enrolled(desk, "chen", "chen", "wang", "wang")
    assert begin_two.bootstrap
    assert in_use(desk) == ids("wang", "chen")
    entries = [entry for entry in desk.world.entries() if entry["type"] == "key.enrolled"]
    assert [(entry["person"], entry["bootstrap"]) for entry in entries] == [
        ("wang", True),
        ("chen", True),
    ]
    assert entries[0]["public_key"] == key_of("wang").public.hex()
    assert desk.world.sound()


def test_the_first_two_are_supervisors(desk: Desk) -> None:
    assert "no supervisor" in refused(desk, "li", "li", "wang")
    assert "no role" in refused(desk, "wang", "wang", "li")


def test_in_the_beginning_nobody_replaces_a_key(desk: Desk) -> None:
    enrolled(desk, "wang", "wang", "wang")
    assert "has had a key" in refused(desk, "wang", "forged", "zhao")
    # Who has a key signs with it, also now.
    assert "has to sign" in refused(desk, "chen", "chen", "wang")


def test_afterwards_a_key_takes_two_others_who_hold_one(desk: Desk) -> None:
    begin(desk)
    asked = enrolled(desk, "zhao", "zhao", "wang", "wang")
    assert (asked.state, asked.missing, asked.approved_by) == ("asked", 1, ("wang",))
    assert in_use(desk) == ids("wang", "chen")
    done = enrolled(desk, "zhao", "zhao", "chen", "chen")
    assert (done.state, done.missing, done.approved_by) == ("enrolled", 0, ("wang", "chen"))
    assert not done.bootstrap
    assert in_use(desk) == ids("wang", "chen", "zhao")
    (entry,) = [
        entry
        for entry in desk.world.entries()
        if entry["type"] == "key.enrolled" and not entry["bootstrap"]
    ]
    assert entry["approved_by"] == ["wang", "chen"]


def test_a_head_gets_a_key_the_same_way(desk: Desk) -> None:
    begin(desk, "li")
    assert in_use(desk) == ids("wang", "chen", "li")
    # And has no say in the keys of others.
    assert "no role" in refused(desk, "zhao", "zhao", "li", "li")


def test_who_may_not_approve_a_key(desk: Desk) -> None:
    begin(desk)
    assert "has no enrolled key" in refused(desk, "zhao", "zhao", "sun")
    assert "has to sign" in refused(desk, "zhao", "zhao", "wang")
    assert "of their own" in refused(desk, "wang", "wang/2", "wang", "wang")
    assert "no role" in refused(desk, "zhao", "zhao", "li")
    assert "nobody is named" in refused(desk, "zhao", "zhao", None)
    enrolled(desk, "zhao", "zhao", "wang", "wang")
    assert enrolled(desk, "zhao", "zhao", "wang", "wang").repeated
    message = refused(desk, "nobody", "x", "wang", "wang", kind=ConfigurationError)
    assert message == "there is no person nobody"


def test_two_approvals_are_of_one_key(desk: Desk) -> None:
    begin(desk)
    enrolled(desk, "zhao", "zhao", "wang", "wang")
    other = enrolled(desk, "zhao", "zhao/2", "chen", "chen")
    assert other.state == "asked"
    assert in_use(desk) == ids("wang", "chen")
    assert enrolled(desk, "zhao", "zhao/2", "wang", "wang").approved_by == ("chen", "wang")


def test_two_approvals_are_for_one_person(desk: Desk) -> None:
    begin(desk)
    enrolled(desk, "zhao", "new", "wang", "wang")
    assert enrolled(desk, "sun", "new", "chen", "chen").state == "asked"
    assert in_use(desk) == ids("wang", "chen")


def test_a_key_is_of_one_person_for_ever(desk: Desk) -> None:
    begin(desk)
    assert "enrolled before, for wang" in refused(
        desk, "zhao", "wang", "chen", "chen", kind=ConfigurationError
    )
    revoke(desk.acting("wang", "wang"), "wang")
    for person in ("zhao", "wang"):
        refused(desk, person, "wang", "chen", "chen", kind=ConfigurationError)


def test_a_new_key_ends_the_former(desk: Desk) -> None:
    begin(desk, "zhao")
    enrolled(desk, "wang", "wang/2", "chen", "chen")
    done = enrolled(desk, "wang", "wang/2", "zhao", "zhao")
    assert done.replaces == key_of("wang").key_id
    assert in_use(desk) == ids("chen", "zhao") | {"wang": key_of("wang/2").key_id}
    (entry,) = [entry for entry in desk.world.entries() if entry["type"] == "key.revoked"]
    assert entry["replaced_by"] == key_of("wang/2").key_id


def test_an_approval_counts_only_while_its_key_and_role_last(desk: Desk) -> None:
    begin(desk, "zhao", "sun")
    enrolled(desk, "li", "li", "wang", "wang")
    revoke(desk.acting("chen", "chen"), "wang")
    assert enrolled(desk, "li", "li", "chen", "chen").approved_by == ("chen",)
    # Past the product, which takes two for that: Chen supervises no more.
    desk.sql(
        "UPDATE person SET value = replace(value, 'supervisor', 'head') WHERE person_id = 'chen'"
    )
    assert enrolled(desk, "li", "li", "zhao", "zhao").approved_by == ("zhao",)
    assert enrolled(desk, "li", "li", "sun", "sun").approved_by == ("zhao", "sun")


def test_an_approval_by_a_key_that_was_replaced_counts_no_more(desk: Desk) -> None:
    begin(desk, "zhao", "sun")
    enrolled(desk, "li", "li", "wang", "wang")
    enrolled(desk, "wang", "wang/2", "chen", "chen")
    enrolled(desk, "wang", "wang/2", "zhao", "zhao")
    assert enrolled(desk, "li", "li", "chen", "chen").approved_by == ("chen",)


def test_an_approval_of_another_key_under_the_same_id_does_not_count(desk: Desk) -> None:
    """Two keys with one short id cost an attacker some hours; their approvals do not mix."""
    begin(desk, "sun")
    enrolled(desk, "zhao", "zhao", "wang", "wang")
    desk.sql(
        "INSERT INTO approval (subject, act, round, decision, ground, person_id, at, evidence,"
        " statement, key_id, signature, os_user) SELECT subject, act, round, decision,"
        f" '{key_of('twin').public.hex()}', 'chen', at, evidence, statement,"
        f" '{key_of('chen').key_id}', signature, os_user FROM approval WHERE ground ="
        f" '{key_of('zhao').public.hex()}'"
    )
    with pytest.raises(NotAllowed, match="of chen on key:zhao does not hold"):
        enrol(desk.acting("sun", "sun"), "zhao", key_of("zhao").public)


def test_revoked_by_the_holder_or_by_one_supervisor(desk: Desk) -> None:
    begin(desk, "li", "zhao")
    report = revoke(desk.acting("li", "li"), "li", "丢失")
    assert (report.state, report.approved_by) == ("revoked", ("li",))
    revoke(desk.acting("wang", "wang"), key_of("chen").key_id)
    assert in_use(desk) == ids("wang", "zhao")
    entries = [entry for entry in desk.world.entries() if entry["type"] == "key.revoked"]
    assert [(entry["person"], entry["by"]) for entry in entries] == [("li", "li"), ("chen", "wang")]
    assert "丢失" not in json.dumps(entries, ensure_ascii=False)


@pytest.mark.parametrize(
    ("who", "key", "said"),
    [
        ("li", None, "no role"),
        ("wang", None, "has to sign"),
        ("zhao", None, "has no enrolled key"),
        ("chen", "wang", "is not chen's"),
    ],
)
def test_who_may_not_revoke(desk: Desk, who: str, key: str | None, said: str) -> None:
    begin(desk)
    with pytest.raises(NotAllowed, match=said):
        revoke(desk.acting(who, key), "chen")
    assert in_use(desk) == ids("wang", "chen")


def test_a_key_is_revoked_once(desk: Desk) -> None:
    begin(desk)
    revoke(desk.acting("wang", "wang"), "chen")
    # By its id it is the same key again; by the holder there is none to revoke.
    assert revoke(desk.acting("wang", "wang"), key_of("chen").key_id).repeated
    for which in ("chen", "nobody"):
        with pytest.raises(ConfigurationError, match="no key in use"):
            revoke(desk.acting("wang", "wang"), which)


def test_revoking_does_not_bring_the_beginning_back(desk: Desk) -> None:
    begin(desk)
    revoke(desk.acting("wang", "wang"), "chen")
    revoke(desk.acting("wang", "wang"), "wang")
    assert in_use(desk) == {}
    assert "has no enrolled key" in refused(desk, "sun", "sun", "zhao")
    # Whoever had a key goes on signing: nobody passes for them now.
    with pytest.raises(NotAllowed, match="has no enrolled key"):
        desk.approve("wang")
    with pytest.raises(NotAllowed, match="has no enrolled key"):
        desk.approve("zhao")


def test_what_the_owner_of_the_database_can_still_do_stays_visible(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(desk)
    revoke(desk.acting("wang", "wang"), "chen")
    revoke(desk.acting("wang", "wang"), "wang")
    desk.sql(f"INSERT INTO meta (name, value) VALUES ('key_recovery', '{key_of('wang/2').key_id}')")
    refused(desk, "wang", "wang/3", "zhao")
    refused(desk, "wang", "wang/2", "li")
    report = enrolled(desk, "wang", "wang/2", "zhao")
    assert (report.recovery, report.bootstrap) == (True, False)
    entry = desk.world.entries()[-1]
    assert (entry["type"], entry["recovery"]) == ("key.enrolled", True)
    # For one key only.
    refused(desk, "chen", "chen/2", "zhao")
    # Who verifies an export hears it too: what such a key signs is the owner's word.
    ledger_book.export(desk.world.context, tmp_path / "out", words={})
    assert verify.main([str(tmp_path / "out")]) == 0
    assert f"signed for by nobody: wang {report.key_id}" in capsys.readouterr().out


def settled(desk: Desk) -> None:
    """Four supervisors hold keys."""
    begin(desk, "zhao")
    enrolled(desk, "sun", "sun", "wang", "wang")
    assert enrolled(desk, "sun", "sun", "chen", "chen").state == "enrolled"


def ended(desk: Desk, who: str, whose: str) -> KeyReport:
    return revoke(desk.acting(who, who), whose)


def test_one_stolen_key_does_not_disarm_all_others(desk: Desk) -> None:
    """The thief ends one; the next takes a second holder. Any other holder ends the thief's."""
    settled(desk)
    assert ended(desk, "wang", "chen").state == "revoked"
    for victim in ("zhao", "sun"):
        report = ended(desk, "wang", victim)
        assert (report.state, report.approved_by, report.missing) == ("revoking", ("wang",), 1)
        again = ended(desk, "wang", victim)
        assert (again.state, again.repeated) == ("revoking", True)
    assert in_use(desk) == ids("wang", "zhao", "sun")
    told = desk.world.rows("SELECT person_id FROM notice WHERE kind = 'key_revoke_asked'")
    assert {row["person_id"] for row in told} == {"wang", "chen", "zhao", "sun"}
    report = ended(desk, "sun", "wang")
    assert (report.state, report.approved_by) == ("revoked", ("sun",))
    assert in_use(desk) == ids("zhao", "sun")
    # What the thief had signed counts no more: zhao's revocation takes two again, or one's first.
    assert desk.world.sound()


def test_two_holders_end_a_key_together(desk: Desk) -> None:
    """And that is nobody's own: each may still end one alone."""
    settled(desk)
    ended(desk, "wang", "chen")
    assert ended(desk, "wang", "zhao").state == "revoking"
    report = ended(desk, "sun", "zhao")
    assert (report.state, report.approved_by) == ("revoked", ("wang", "sun"))
    assert ended(desk, "sun", "wang").state == "revoked"
    entry = desk.world.entries()[-1]
    assert (entry["type"], entry["approved_by"]) == ("key.revoked", ["sun"])
    assert desk.world.sound()


def test_ones_own_key_is_always_ones_own_to_end(desk: Desk) -> None:
    settled(desk)
    ended(desk, "wang", "chen")
    assert ended(desk, "zhao", "zhao").state == "revoked"
    assert ended(desk, "wang", "wang").state == "revoked"
    assert desk.world.sound()


def test_an_enrolment_lets_each_end_one_again(desk: Desk) -> None:
    """It took two holders, who have seen what was done before."""
    settled(desk)
    ended(desk, "wang", "chen")
    enrolled(desk, "chen", "chen/2", "zhao", "zhao")
    assert enrolled(desk, "chen", "chen/2", "sun", "sun").state == "enrolled"
    assert ended(desk, "wang", "zhao").state == "revoked"
    assert ended(desk, "wang", "sun").state == "revoking"
    assert desk.world.sound()


def test_a_second_one_that_nobody_else_signed_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a program of one's own on the same database."""
    settled(desk)
    ended(desk, "wang", "chen")
    monkeypatch.setattr("efficiency_monitor.people.keys.ended_alone", lambda *_: None)
    assert ended(desk, "wang", "zhao").state == "revoked"
    found = ledger_book.verify(desk.world.context)["approvals"]
    assert [fault for fault in found if "second holder's signature" in fault]


def test_the_holder_and_every_supervisor_are_told(desk: Desk) -> None:
    begin(desk, "li")
    key = key_of("li").key_id
    rows = desk.world.rows("SELECT * FROM notice WHERE subject = ?", f"key:{key}")
    assert {row["kind"] for row in rows} == {"key_enrolled"}
    assert sorted(row["person_id"] for row in rows) == ["chen", "li", "sun", "wang", "zhao"]
    assert {row["about"] for row in rows} == {json.dumps({"key": key}, separators=(",", ":"))}
    revoke(desk.acting("wang", "wang"), "li")
    rows = desk.world.rows("SELECT * FROM notice WHERE kind = 'key_revoked'")
    assert sorted(row["person_id"] for row in rows) == ["chen", "li", "sun", "wang", "zhao"]


def test_the_list_says_how_each_is_trusted(desk: Desk) -> None:
    begin(desk, "zhao")
    enrolled(desk, "li", "li", "wang", "wang")
    revoke(desk.acting("wang", "wang"), "chen")
    found = [
        (row["person_id"], row["state"], row["trusted_by"]) for row in list_keys(desk.world.context)
    ]
    assert sorted(found) == [
        ("chen", "revoked", "bootstrap"),
        ("li", "asked", None),
        ("wang", "enrolled", "bootstrap"),
        ("zhao", "enrolled", "approvals"),
    ]
