"""Who holds a key gives, confirms and closes no card by a mere claim of somebody else's."""

import pytest

from efficiency_monitor.cards import answers, lifting, manual_cards
from efficiency_monitor.cards.closing import close_card
from efficiency_monitor.faults import NotAllowed
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.ledger.checks import approval_checks
from efficiency_monitor.notify import silences
from efficiency_monitor.people import keys
from efficiency_monitor.terms import Level, LiftReason

from ..stories.world import instant
from .desk import PEOPLE, Desk, key_of


def give(desk: Desk, person: str, key: str | None = None) -> str:
    return manual_cards.issue(
        desk.acting(person, key), "A", level=Level.RED, basis="某办法 第三条", text="作风粗暴"
    ).card_no


def approved(desk: Desk) -> list[tuple[str, str, str, bool]]:
    rows = desk.world.rows("SELECT * FROM approval WHERE subject LIKE 'card:%' ORDER BY id")
    return [(r["act"], r["decision"], r["person_id"], r["signature"] is not None) for r in rows]


def sound(desk: Desk) -> bool:
    with desk.world.context.store.reading() as connection:
        return approval_checks.check(connection) == []


def test_a_red_card_is_not_given_and_confirmed_in_the_names_of_others(desk: Desk) -> None:
    desk.card()
    desk.enrolled("wang", "chen")
    for key in (None, "chen"):
        with pytest.raises(NotAllowed, match="wang"):
            give(desk, "wang", key)
    card = give(desk, "wang", "wang")
    for key in (None, "wang"):
        with pytest.raises(NotAllowed, match="chen"):
            answers.answer(desk.acting("chen", key), card, "confirmed", None)
    assert answers.answer(desk.acting("chen", "chen"), card, "confirmed", None).state == "open"
    assert approved(desk) == [("issue", "red", "wang", True), ("confirm", "confirm", "chen", True)]
    assert sound(desk)


def test_a_red_card_is_not_closed_in_the_name_of_another(desk: Desk) -> None:
    card = desk.card()
    desk.world.deliver()
    desk.enrolled("wang", "chen")
    answers.answer(desk.acting("li"), card, "replied", "已整改")
    with pytest.raises(NotAllowed, match="wang"):
        close_card(desk.acting("wang"), card, text="同意")
    assert close_card(desk.acting("wang", "wang"), card, text="同意").state == "closed"
    assert approved(desk) == [("close", "close", "wang", True)]
    assert sound(desk)


def test_who_is_named_on_a_card_does_not_close_it(desk: Desk) -> None:
    """In another role they may supervise; not themselves."""
    card = desk.card()
    zhang = {"person_id": "zhang", "name": "张经办", "department": "", "role": "supervisor"}
    desk.world.people([*PEOPLE, zhang])
    answers.answer(desk.acting("li"), card, "replied", "已整改")
    with pytest.raises(NotAllowed, match="named on it"):
        close_card(desk.acting("zhang"), card, text="同意")
    assert close_card(desk.acting("wang"), card, text="同意").state == "closed"


def test_who_has_no_key_is_taken_at_their_word(desk: Desk) -> None:
    desk.card()
    card = give(desk, "wang")
    answers.answer(desk.acting("chen"), card, "confirmed", None)
    answers.answer(desk.acting("li"), card, "replied", "已整改")
    close_card(desk.acting("zhao"), card, text="同意")
    assert [signed for *_, signed in approved(desk)] == [False] * 3
    assert sound(desk)


def test_a_deputy_gives_and_the_absent_confirm_with_one_voice(desk: Desk) -> None:
    """The card was given in wang's place: back again, wang does not confirm it."""
    desk.card()
    away = [
        {**row, "absent_from": "2026-03-16", "absent_to": "2026-03-16", "deputy": "qian"}
        if row["person_id"] == "wang"
        else row
        for row in PEOPLE
    ]
    desk.world.people(away)
    card = give(desk, "qian")
    desk.world.now = instant("2026-03-17 09:00")
    with pytest.raises(NotAllowed, match="gave this card"):
        answers.answer(desk.acting("wang"), card, "confirmed", None)
    assert answers.answer(desk.acting("chen"), card, "confirmed", None).state == "open"


@pytest.mark.parametrize("appealed", [False, True])
def test_a_signature_by_a_key_that_was_stolen_lifts_nothing_any_more(
    desk: Desk, appealed: bool
) -> None:
    """Wang's key was stolen, used, and revoked: the thief, a holder too, is still one person."""
    card = desk.card()
    desk.enrolled("wang", "chen")
    for by in ("wang", "chen"):
        keys.enrol(desk.acting(by, by), "zhao", key_of("zhao").public)
    number = appeals.file(desk.acting("zhang"), card, "申诉").appeal_no if appealed else ""

    def lift(person: str) -> None:
        context = desk.acting(person, person)
        if appealed:
            appeals.decide(context, number, Decision.LIFT, "属实")
        else:
            lifting.by_hand(context, card, LiftReason.ISSUED_IN_ERROR, "误发")

    lift("wang")
    keys.revoke(desk.acting("zhao", "zhao"), "wang", "失窃")
    lift("chen")
    assert "A CASE red open" in desk.world.cards()
    lift("zhao")
    reason = "appeal" if appealed else "issued_in_error"
    assert f"A CASE red lifted {reason}" in desk.world.cards()
    assert sound(desk)


def test_supervisors_are_not_kept_from_hearing_in_the_name_of_one(desk: Desk) -> None:
    desk.card()
    desk.enrolled("wang", "chen")
    until = desk.world.now + 86_400
    filters = silences.Filters(case_no="A")
    for key in (None, "chen"):
        with pytest.raises(NotAllowed, match="wang"):
            silences.add_silence(desk.acting("wang", key), filters, reason="x", until=until)
    assert desk.world.rows("SELECT * FROM silence") == []
    number = silences.add_silence(desk.acting("wang", "wang"), filters, reason="x", until=until)
    again = silences.add_silence(desk.acting("wang", "wang"), filters, reason="x", until=until)
    assert again == number
    # Who does not supervise holds nothing that supervisors are told, and signs nothing.
    own = silences.Filters(department="住建局")
    silences.add_silence(desk.acting("li"), own, reason="x", until=until)
    rows = desk.world.rows("SELECT * FROM approval WHERE act = 'silence_supervisors'")
    assert [(row["subject"], row["person_id"]) for row in rows] == [(f"silence:{number}", "wang")]
    assert rows[0]["signature"] is not None
    assert sound(desk)
