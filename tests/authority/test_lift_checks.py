"""Whoever lifts a red card past the product lacks the signatures of two persons."""

import pytest

from efficiency_monitor.cards import answers, lifting
from efficiency_monitor.cards.closing import close_card
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.ledger.checks import approval_checks
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.people.model.authority import Act
from efficiency_monitor.terms import LiftReason

from .desk import Desk

pytestmark = pytest.mark.both_engines


def faults(desk: Desk) -> list[str]:
    with desk.world.context.store.reading() as connection:
        return approval_checks.check(connection)


def slip_in(desk: Desk, reason: str) -> None:
    """As the owner of the database does it: the row, and an entry that fits it."""
    card = desk.card()
    with desk.writing("wang") as (context, connection):
        content = {"card": card, "reason": reason, "text": None, "as_of": None}
        ledger.append(connection, [context.entry(EntryType.CARD_LIFTED, "slipped", content)])
    desk.sql(f"UPDATE card SET state = 'lifted', lifted_reason = '{reason}'")
    desk.sql(f"UPDATE card SET state = 'superseded' WHERE card_no <> '{card}'")


def by_hand(desk: Desk, *persons: str) -> None:
    for person in persons:
        lifting.by_hand(
            desk.acting(person, person), desk.card(), LiftReason.ISSUED_IN_ERROR, "规则有误"
        )


def test_two_persons_lift_it(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    by_hand(desk, "wang", "chen")
    assert "A CASE red lifted issued_in_error" in desk.world.cards()
    assert faults(desk) == []


def test_two_persons_uphold_an_appeal(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    appeal = appeals.file(desk.acting("zhang"), desk.card(), "材料迟交").appeal_no
    for person in ("wang", "chen"):
        appeals.decide(desk.acting(person, person), appeal, Decision.LIFT, "属实")
    assert "A CASE red lifted appeal" in desk.world.cards()
    assert faults(desk) == []
    for verb in ("update", "delete"):
        desk.sql(f"DROP TRIGGER approval_no_{verb}")
    desk.sql("DELETE FROM approval WHERE person_id = 'chen' AND act = 'decide_appeal'")
    found = faults(desk)
    assert any("the database has lost it" in fault for fault in found)
    assert any("without two persons' signatures" in fault for fault in found)


@pytest.mark.parametrize("reason", ["appeal", "exemption", "issued_in_error", "not_confirmed"])
@pytest.mark.parametrize("signed", [0, 1])
def test_a_red_card_that_was_slipped_away(desk: Desk, reason: str, signed: int) -> None:
    desk.enrolled("wang", "chen")
    if signed:
        desk.approve("wang", "wang", ground=reason, must_sign=True)
    slip_in(desk, reason)
    assert faults(desk) == [
        f"the red card {desk.card()} was lifted without two persons' signatures"
    ]


def test_two_signatures_for_different_grounds_are_not_two(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    desk.approve("wang", "wang", ground="exemption", must_sign=True)
    desk.approve("chen", "chen", ground="issued_in_error", must_sign=True)
    slip_in(desk, "exemption")
    assert len(faults(desk)) == 1


def test_two_approvals_without_a_signature_are_none(desk: Desk) -> None:
    desk.approve("wang", ground="exemption")
    desk.approve("chen", ground="exemption")
    slip_in(desk, "exemption")
    assert len(faults(desk)) == 1


def test_two_signatures_to_let_it_stand(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    for person in ("wang", "chen"):
        desk.approve(person, person, decision="return", must_sign=True)
        desk.approve(person, person, act=Act.CONFIRM, decision="confirm", must_sign=True)
    slip_in(desk, "appeal")
    assert len(faults(desk)) == 1


def test_what_a_scan_lifts_needs_no_signature(desk: Desk) -> None:
    desk.world.now += 3600
    event = {"case_no": "A", "event": "decided", "occurred_at": "2026-03-03 10:00"}
    desk.world.receive("events", [event])
    desk.world.scan()
    assert "A CASE red lifted late_evidence" in desk.world.cards()
    assert faults(desk) == []


def test_a_row_that_says_lifted_where_the_ledger_does_not(desk: Desk) -> None:
    card = desk.card()
    desk.sql(f"UPDATE card SET state = 'lifted' WHERE card_no = '{card}'")
    assert faults(desk) == [f"card {card} is lifted in the database and not in the ledger"]


def test_a_row_that_stands_where_the_ledger_says_lifted(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    by_hand(desk, "wang", "chen")
    desk.sql(f"UPDATE card SET state = 'open' WHERE card_no = '{desk.card()}'")
    assert faults(desk) == [f"card {desk.card()} is lifted in the ledger and not in the database"]


# PostgreSQL keeps the keys between tables for its owner too.
@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE card SET state = 'closed' WHERE level = 3", "closed in the database and not in"),
        ("UPDATE card SET level = 0 WHERE level = 3", "the ledger says another level"),
        ("DELETE FROM card WHERE level = 3", "the database has lost it"),
        ("UPDATE card SET card_no = 'R-OTHER' WHERE level = 3", "the ledger does not know it"),
    ],
)
def test_a_red_card_that_was_hidden_past_the_product(desk: Desk, change: str, said: str) -> None:
    desk.card()
    assert faults(desk) == []
    desk.sql(change)
    assert any(said in fault for fault in faults(desk)), faults(desk)


def test_what_is_closed_as_it_should_be(desk: Desk) -> None:
    """Also where an appeal lifts it afterwards."""
    card = desk.card()
    answers.answer(desk.acting("li"), card, "replied", "已整改")
    close_card(desk.acting("wang"), card, text="同意")
    assert faults(desk) == []
    desk.enrolled("wang", "chen")
    by_hand(desk, "wang", "chen")
    assert faults(desk) == []
    desk.sql(f"UPDATE card SET state = 'open' WHERE card_no = '{card}'")
    assert faults(desk) == [f"card {card} is lifted in the ledger and not in the database"]
