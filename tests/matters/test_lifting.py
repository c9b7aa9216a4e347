"""Lifting a card by hand, and what follows any lift: notices, orders, appeals, counts."""

from dataclasses import replace

import pytest

from efficiency_monitor.cards import lifting
from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.notify import after_delivery
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.people import keys
from efficiency_monitor.terms import LiftReason

from .office import PEOPLE, Office, key_of
from .stage import run

pytestmark = pytest.mark.both_engines

ERROR, EXEMPTION = LiftReason.ISSUED_IN_ERROR, LiftReason.EXEMPTION
REFUSED = LiftReason.NOT_CONFIRMED


def lift(
    office: Office, card: str, person: str, reason: LiftReason = ERROR, text: str = "规则有误"
) -> lifting.Lifted:
    return lifting.by_hand(office.acting(person), card, reason, text)


def pending(office: Office, level: str, number: str = "M") -> str:
    """A card of a rule with confirmation by hand."""
    office.late_case(number, item_kind="forwarded", watch="manual")
    office.at("2026-03-06 09:00" if level == "yellow" else "2026-03-10 09:00")
    office.world.scan()
    return office.world.card(f"{number} CHECKED {level}")


def test_two_persons_for_the_same_reason_lift_a_red_card(office: Office) -> None:
    red = office.red()
    first = lift(office, red, "wang")
    assert (first.lifted, first.signed_by, first.needed) == (False, ["wang"], 2)
    assert "A CASE red open" in office.world.cards()
    # Another reason is another decision: it waits for its own second signature.
    other = lift(office, red, "zhao", EXEMPTION)
    assert (other.lifted, other.signed_by) == (False, ["zhao"])
    second = lift(office, red, "sun")
    assert (second.lifted, second.signed_by) == (True, ["wang", "sun"])
    assert office.world.cards() == [
        "A CASE red lifted issued_in_error", "A CASE warning superseded", "A CASE yellow open",
    ]  # fmt: skip
    assert second.followed.told == ["li", "sun", "wang", "zhang", "zhao"]
    office.world.mark_all_changed()
    office.at("2026-03-11 09:00")
    assert sum(office.world.scan().issued.values()) == 0


@pytest.mark.parametrize("times", [2, 3])
def test_one_person_never_lifts_a_red_card(office: Office, times: int) -> None:
    red = office.red()
    lift(office, red, "wang")
    before = office.world.dump()
    again = lift(office, red, "wang")
    assert (again.lifted, again.repeated, again.signed_by) == (False, True, ["wang"])
    for reason in (EXEMPTION, REFUSED)[: times - 1]:
        with pytest.raises((NotAllowed, ConfigurationError)):
            lift(office, red, "wang", reason)
    with pytest.raises(NotAllowed, match="key"):
        lifting.by_hand(office.acting("sun", key="wang"), red, ERROR, "代签")
    assert office.world.dump() == before


def test_a_red_card_takes_keys(office: Office) -> None:
    he = {"person_id": "he", "name": "何新来", "department": "", "role": "supervisor"}
    office.people([*PEOPLE, he])
    for card in (office.red(), office.yellow("B")):
        with pytest.raises(NotAllowed, match="no enrolled key"):
            lift(office, card, "he")


@pytest.mark.parametrize("level", ["yellow", "red"])
def test_a_card_that_waits_to_be_confirmed_is_refused(office: Office, level: str) -> None:
    card = pending(office, level)
    for reason in (ERROR, EXEMPTION):
        with pytest.raises(ConfigurationError, match="cannot be lifted"):
            lift(office, card, "wang", reason)
    done = lift(office, card, "wang", REFUSED)
    if level == "red":
        assert not done.lifted
        done = lift(office, card, "sun", REFUSED)
    assert done.lifted
    assert f"M CHECKED {level} lifted not_confirmed" in office.world.cards()
    office.world.mark_all_changed()
    office.world.scan()
    assert f"M CHECKED {level} lifted not_confirmed" in office.world.cards()


def test_a_confirmed_card_is_not_refused_by_the_one_who_confirmed_it(office: Office) -> None:
    card = pending(office, "yellow")
    office.confirm(card, "wang")
    with pytest.raises(ConfigurationError, match="cannot be lifted"):
        lift(office, card, "sun", REFUSED)
    with pytest.raises(NotAllowed, match="confirmed the card"):
        lift(office, card, "wang")
    assert lift(office, card, "sun").lifted


def test_a_signature_to_refuse_does_not_lift_what_was_confirmed_since(office: Office) -> None:
    card = pending(office, "red")
    assert not lift(office, card, "wang", REFUSED).lifted
    office.confirm(card, "sun")
    with pytest.raises(ConfigurationError, match="cannot be lifted"):
        lift(office, card, "zhao", REFUSED)
    assert not lift(office, card, "zhao", ERROR).lifted
    assert "M CHECKED red open" in office.world.cards()


@pytest.mark.parametrize("person", ["zhang", "li", "chen"])
def test_only_supervisors_lift(office: Office, person: str) -> None:
    yellow = office.yellow()
    with pytest.raises(NotAllowed):
        lift(office, yellow, person)


def test_who_is_named_on_the_card_does_not_lift_it(office: Office) -> None:
    office.late_case("B", approver="王监察")
    office.at("2026-03-06 09:00")
    office.world.scan()
    with pytest.raises(NotAllowed, match="named on the card"):
        lift(office, office.world.card("B CASE yellow"), "wang")


@pytest.mark.parametrize("written", ["王 监察", "王\u3000监察", " 王监察"])
def test_a_blank_in_a_name_makes_nobody_else_of_it(office: Office, written: str) -> None:
    """The list of people and the source come from different systems."""
    office.late_case("B", approver=written)
    office.at("2026-03-06 09:00")
    office.world.scan()
    with pytest.raises(NotAllowed, match="named on the card"):
        lift(office, office.world.card("B CASE yellow"), "wang")


def test_who_held_the_case_does_not_lift_its_card(office: Office) -> None:
    """The overrun may be theirs, although somebody else handles the case by now."""
    office.late_case("B")
    for actor, at in (("孙监察", "2026-03-02 11:00"), ("张经办", "2026-03-05 10:00")):
        event = {"case_no": "B", "event": "assigned", "occurred_at": at, "actor": actor}
        office.world.receive("events", [event])
    office.at("2026-03-06 09:00")
    office.world.scan()
    yellow = office.world.card("B CASE yellow")
    held = office.world.rows("SELECT holder FROM accountability WHERE card_no = ?", yellow)
    assert "孙监察" in {row["holder"] for row in held}
    with pytest.raises(NotAllowed, match="held the case"):
        lift(office, yellow, "sun")
    assert lift(office, yellow, "wang").lifted


def test_a_deputy_does_not_lift_for_one_who_withdraws(office: Office) -> None:
    away = {"absent_from": "2026-03-01", "deputy": "he"}
    he = {"person_id": "he", "name": "何代理", "department": "", "role": "handler"}
    others = [{**row, **away} if row["person_id"] == "wang" else row for row in PEOPLE]
    office.people([*others, {**he, "department": "别处"}])
    for by in ("wang", "sun"):
        keys.enrol(office.acting(by), "he", key_of("he").public)
    deputy = replace(office.world.acting("he"), key=key_of("he"))
    office.late_case("B", approver="王监察")
    office.at("2026-03-06 09:00")
    office.world.scan()
    with pytest.raises(NotAllowed):
        lifting.by_hand(deputy, office.world.card("B CASE yellow"), ERROR, "误发")
    office.late_case("C")
    office.world.scan()
    assert lifting.by_hand(deputy, office.world.card("C CASE yellow"), ERROR, "误发").lifted


def test_where_an_appeal_waits_it_is_decided_instead(office: Office) -> None:
    yellow = office.yellow()
    number = appeals.file(office.acting("zhang"), yellow, "申诉").appeal_no
    with pytest.raises(ConfigurationError, match=number):
        lift(office, yellow, "wang")


def test_lifted_and_historical_cards_are_not_lifted(office: Office) -> None:
    yellow = office.yellow()
    lift(office, yellow, "wang")
    before = office.world.dump()
    with pytest.raises(ConfigurationError, match="cannot be lifted"):
        lift(office, yellow, "sun")
    assert office.world.dump() == before


def test_an_appeal_that_waits_is_settled_by_a_scan(office: Office) -> None:
    yellow = office.yellow()
    number = appeals.file(office.acting("li"), yellow, "申诉").appeal_no
    event = {"case_no": "A", "event": "suspended", "kind": "hearing"}
    office.world.receive("events", [{**event, "occurred_at": "2026-03-04 10:00"}])
    office.world.scan()
    assert "A CASE yellow lifted late_evidence" in office.world.cards()
    (row,) = office.world.rows("SELECT * FROM appeal")
    assert (row["appeal_no"], row["state"]) == (number, "settled")
    assert office.notices("appeal_filed") == ["li void", "sun void", "wang void", "zhao void"]
    # Who supervises is told of every card that falls by evidence.
    assert office.notices("lifted") == [
        *("li pending", "sun pending", "wang pending", "zhang pending", "zhao pending"),
    ]
    (entry,) = office.recorded("appeal.settled")
    assert (entry["appeal"], entry["reason"]) == (number, "late_evidence")


def test_an_order_is_closed_when_its_last_card_is_lifted(office: Office) -> None:
    first, second = office.yellow("A"), office.yellow("B")
    opened = orders.open_order(office.acting("zhao"), [first, second], text="请办结")
    state = "SELECT state, result FROM supervision_order"
    assert lift(office, first, "wang").followed.orders == []
    assert office.world.tuples(state) == [("open", None)]
    assert lift(office, second, "wang").followed.orders == [opened.order_no]
    assert office.world.tuples(state) == [("closed", "cards_lifted")]
    assert len(office.recorded("order.closed")) == 1
    assert "zhao pending" in office.notices("order_closed")


def test_a_trial_run_shows_what_would_follow_and_writes_nothing(office: Office) -> None:
    yellow = office.yellow()
    before = office.world.dump()
    done = lifting.by_hand(office.acting("wang"), yellow, ERROR, "试算", dry_run=True)
    assert office.world.dump() == before
    assert done.as_json() == {
        "card_no": yellow,
        "reason": "issued_in_error",
        "lifted": True,
        "signed_by": ["wang"],
        "needed": 1,
        "repeated": False,
        "lapsed": [],
        "revived": [office.world.card("A CASE warning")],
        "told": ["li", "zhang"],
        "void": 0,
        "orders_closed": [],
        "appeals_settled": [],
    }


def test_a_trial_run_of_the_first_signature_shows_what_the_second_brings(office: Office) -> None:
    red = office.red()
    before = office.world.dump()
    done = lifting.by_hand(office.acting("wang"), red, ERROR, "试算", dry_run=True)
    assert office.world.dump() == before
    assert (done.lifted, done.followed.revived) == (False, [office.world.card("A CASE yellow")])


def test_a_lifted_card_is_in_no_default_list(office: Office) -> None:
    yellow = office.yellow()
    lift(office, yellow, "wang")
    for line in ("cards list -o json", "accountability list -o json"):
        shown = run(office.world, line).well().json
        assert yellow not in {row["card_no"] for row in shown}, line
    assert "0 cards wait" in run(office.world, "doctor").out


def test_who_was_reached_while_the_card_was_lifted_is_told_of_that(office: Office) -> None:
    """The message was on its way: its notice is void by then, and has reached somebody."""
    office.late_case()
    office.at("2026-03-06 09:00")
    office.world.scan()
    yellow = office.world.card("A CASE yellow")
    lift(office, yellow, "wang")
    assert office.notices("issued", f"card:{yellow}") == ["li void", "zhang void"]
    assert office.notices("lifted") == []
    context = office.world.context
    with context.store.writing() as connection:
        rows = [
            row for row in outbox.listed(connection)
            if (row.person_id, row.card_no, row.kind) == ("li", yellow, "issued")
        ]  # fmt: skip
        after_delivery.delivered(context, connection, rows, office.world.now)
    assert office.notices("lifted") == ["li pending"]


def test_a_message_whose_answer_was_lost_may_have_arrived(office: Office) -> None:
    office.late_case()
    office.at("2026-03-06 09:00")
    office.world.scan()
    yellow = office.world.card("A CASE yellow")
    with office.world.context.store.writing() as connection:
        connection.exec_driver_sql("UPDATE notice SET attempts = 1 WHERE person_id = 'li'")
    lift(office, yellow, "wang")
    assert office.notices("lifted") == ["li pending"]
