"""Appeals on a real workspace: filed, signed, decided, and what follows; who has to withdraw."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, EffmonError, NotAllowed
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals import views as appeal_listing
from efficiency_monitor.followup.appeals.model import Decision, Step
from efficiency_monitor.people.people import import_people
from tests.stories.world import instant, wall, write_csv

from .office import PEOPLE, Office
from .stage import run

pytestmark = pytest.mark.both_engines

LIFT, RETURN, REFER = Decision.LIFT, Decision.RETURN, Decision.REFER


def filed(office: Office, card: str, person: str = "zhang") -> str:
    return appeals.file(office.acting(person), card, "材料系申请人迟交").appeal_no


def decide(
    office: Office, number: str, person: str, decision: Decision, text: str = "已核实"
) -> appeals.Decided:
    return appeals.decide(office.acting(person), number, decision, text)


def test_an_upheld_appeal_lifts_a_red_card_with_all_that_follows(office: Office) -> None:
    red = office.red()
    office.at("2026-03-09 10:00")
    number = filed(office, red)
    assert office.notices("appeal_filed") == [
        "sun pending", "wang pending", "zhang pending", "zhao pending",
    ]  # fmt: skip
    office.world.deliver()

    assert decide(office, number, "wang", LIFT).step is Step.SIGNED
    assert office.world.cards() == [
        "A CASE red open", "A CASE warning superseded", "A CASE yellow superseded",
    ]  # fmt: skip
    assert office.notices("appeal_signed") == ["sun pending", "zhao pending"]

    done = decide(office, number, "sun", LIFT)
    assert done.step is Step.UPHELD
    assert office.world.cards() == [
        "A CASE red lifted appeal", "A CASE warning superseded", "A CASE yellow open",
    ]  # fmt: skip
    assert done.followed.revived == [office.world.card("A CASE yellow")]
    # Told of the card: handler, head, and the supervisors, also by the appeal.
    assert office.notices("lifted") == [
        "li pending", "sun pending", "wang pending", "zhang pending", "zhao pending",
    ]  # fmt: skip
    assert office.notices("appeal_upheld") == ["zhang pending"]
    # The second signature is not asked for any more.
    assert office.notices("appeal_signed") == ["sun void", "zhao void"]
    approvals = [
        (entry["person"], entry["decision"], entry["ground"], entry["signature"] is not None)
        for entry in office.recorded("approval.given")
        if entry["subject"] == f"appeal:{number}"
    ]
    assert approvals == [("wang", "lift", "appeal", True), ("sun", "lift", "appeal", True)]
    rows = office.world.tuples("SELECT DISTINCT status FROM accountability WHERE card_no = ?", red)
    assert rows == [("exempted",)]
    types = [str(entry["type"]) for entry in office.world.entries()]
    assert [types.count(name) for name in ("appeal.filed", "appeal.upheld", "card.lifted")] == [
        1, 1, 1,
    ]  # fmt: skip


def test_no_scan_gives_a_lifted_card_again(office: Office) -> None:
    red = office.red()
    number = filed(office, red)
    for person in ("wang", "sun"):
        decide(office, number, person, LIFT)
    before = office.world.cards()
    for day in ("2026-03-09", "2026-03-10", "2026-04-10"):
        office.at(f"{day} 09:00")
        office.world.mark_all_changed()
        report = office.world.scan()
        assert (sum(report.issued.values()), report.lifted) == (0, 0)
    assert office.world.cards() == before
    shown = run(office.world, "cards list -o json").well().json
    assert [card["level"] for card in shown] == ["yellow"]


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (["wang"], RETURN, Step.RETURNED),
        (["wang"], REFER, Step.REFERRED),
        ([], RETURN, Step.RETURNED),
        ([], REFER, Step.REFERRED),
    ],
    ids=["signed then returned", "signed then referred", "returned", "referred"],
)
def test_who_lets_a_red_card_stand_needs_nobody_else(
    office: Office, first: list[str], then: Decision, expected: Step
) -> None:
    red = office.red()
    number = filed(office, red)
    for person in first:
        decide(office, number, person, LIFT)
    assert decide(office, number, "sun", then).step is expected
    assert "A CASE red open" in office.world.cards()
    if expected is Step.RETURNED:
        assert office.notices("appeal_returned") == ["zhang pending"]
        with pytest.raises(ConfigurationError, match="is decided"):
            decide(office, number, "zhao", LIFT)
        # What was returned may be appealed against again, under another number.
        assert filed(office, red) != number


def test_one_person_lifts_a_yellow_card(office: Office) -> None:
    yellow = office.yellow()
    done = decide(office, filed(office, yellow), "wang", LIFT)
    assert done.step is Step.UPHELD
    assert office.world.cards() == ["A CASE warning open", "A CASE yellow lifted appeal"]


def test_nobody_signs_twice_and_a_borrowed_name_does_not_help(office: Office) -> None:
    red = office.red()
    number = filed(office, red)
    decide(office, number, "wang", LIFT)
    before = office.world.dump()
    again = decide(office, number, "wang", LIFT)
    assert (again.repeated, again.step, again.signed_by) == (True, "signed", ["wang"])
    with pytest.raises(NotAllowed, match="wang"):
        decide(office, number, "wang", RETURN)
    with pytest.raises(NotAllowed, match="key"):
        appeals.decide(office.acting("sun", key="wang"), number, LIFT, "代签")
    with pytest.raises(NotAllowed, match="key"):
        appeals.decide(office.world.acting("sun"), number, LIFT, "没有密钥")
    assert office.world.dump() == before


def test_an_appeal_that_was_referred_goes_to_other_hands(office: Office) -> None:
    red = office.red()
    number = filed(office, red)
    decide(office, number, "zhao", LIFT)
    decide(office, number, "wang", REFER)
    assert office.notices("appeal_filed") == [
        "sun void", "wang void", "zhang void", "zhao void",
    ]  # fmt: skip
    assert office.notices("appeal_referred") == ["chen pending", "sun pending"]
    for person, why in (("wang", "referred"), ("zhao", "signed")):
        with pytest.raises(NotAllowed, match=why):
            decide(office, number, person, LIFT)
    assert decide(office, number, "chen", LIFT).step is Step.SIGNED
    assert decide(office, number, "sun", LIFT).step is Step.UPHELD
    assert "A CASE red lifted appeal" in office.world.cards()


def test_it_is_not_referred_where_nobody_else_is(office: Office, tmp_path: Path) -> None:
    yellow = office.yellow()
    number = filed(office, yellow)
    office.people([row for row in PEOPLE if row["person_id"] in ("zhang", "li", "wang")])
    before = office.world.dump()
    with pytest.raises(ConfigurationError, match="nobody else"):
        decide(office, number, "wang", REFER)
    assert office.world.dump() == before


@pytest.mark.parametrize(
    ("person", "name", "why"),
    [("wang", "王监察", "handler"), ("sun", "孙监察", "reviewer"), ("zhao", "赵监察", "approver")],
    ids=["handler", "reviewer", "approver"],
)
def test_who_is_named_on_the_card_withdraws(
    office: Office, person: str, name: str, why: str
) -> None:
    office.late_case("B", **{why: name})
    office.at("2026-03-06 09:00")
    office.world.scan()
    number = appeals.file(office.acting("li"), office.world.card("B CASE yellow"), "误").appeal_no
    assert f"{person} pending" not in office.notices("appeal_filed")
    with pytest.raises(NotAllowed, match="named on the card"):
        decide(office, number, person, RETURN)


def test_who_confirmed_the_card_withdraws(office: Office) -> None:
    office.late_case("M", item_kind="forwarded", watch="manual")
    office.at("2026-03-06 09:00")
    office.world.scan()
    card = office.world.card("M CHECKED yellow")
    office.confirm(card, "wang")
    number = filed(office, card, "li")
    with pytest.raises(NotAllowed, match="confirmed the card"):
        decide(office, number, "wang", LIFT)
    assert decide(office, number, "sun", LIFT).step is Step.UPHELD


def test_the_appellant_does_not_decide(office: Office) -> None:
    both = {"person_id": "li", "name": "李主任", "department": "", "role": "supervisor"}
    office.people([*PEOPLE, both])
    yellow = office.yellow()
    number = filed(office, yellow, "li")
    assert "li pending" in office.notices("appeal_filed")  # as the appellant
    with pytest.raises(NotAllowed, match="filed the appeal"):
        decide(office, number, "li", LIFT)


@pytest.mark.parametrize("person", ["zhang", "li", "chen"])
def test_the_department_side_does_not_decide(office: Office, person: str) -> None:
    number = filed(office, office.yellow(), "li" if person != "li" else "zhang")
    with pytest.raises(NotAllowed):
        decide(office, number, person, LIFT)


def test_a_supervisor_does_not_appeal(office: Office) -> None:
    with pytest.raises(NotAllowed):
        filed(office, office.yellow(), "wang")


def test_one_appeal_at_a_time(office: Office) -> None:
    red = office.red()
    number = filed(office, red)
    before = office.world.dump()
    with pytest.raises(ConfigurationError, match=number):
        filed(office, red, "li")
    assert office.world.dump() == before


def test_superseded_and_closed_cards_are_appealed_against_and_lifted_ones_are_not(
    office: Office,
) -> None:
    red = office.red()
    yellow = office.world.card("A CASE yellow")
    done = decide(office, filed(office, yellow), "wang", LIFT)
    assert done.step is Step.UPHELD
    # The red card above it stands: nothing is revived.
    assert done.followed.revived == []
    assert office.world.cards() == [
        "A CASE red open", "A CASE warning superseded", "A CASE yellow lifted appeal",
    ]  # fmt: skip
    with pytest.raises(ConfigurationError, match="nothing to appeal against"):
        filed(office, yellow)
    office.world.answer("acknowledged", red, "li")
    office.world.rows("SELECT 1")
    number = filed(office, red)
    decide(office, number, "wang", LIFT)
    decide(office, number, "sun", LIFT)
    assert office.world.cards() == [
        "A CASE red lifted appeal", "A CASE warning open", "A CASE yellow lifted appeal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "late"),
    [("2026-04-05 23:59:59", False), ("2026-04-06 00:00:00", True)],
    ids=["in time", "late"],
)
def test_later_than_thirty_days_after_delivery_is_accepted_and_marked(
    office: Office, at: str, late: bool
) -> None:
    """Delivered on 6 March: the thirtieth day is 5 April."""
    yellow = office.yellow()
    office.at(at)
    done = appeals.file(office.acting("zhang"), yellow, "迟交的申诉")
    assert done.late is late
    (shown,) = appeal_listing.list_appeals(office.world.context)
    assert shown["late"] is late
    assert office.recorded("appeal.filed")[0]["late"] is late


def test_what_is_not_decided_in_time_is_told_once_a_round(office: Office) -> None:
    """Filed on 9 March: decided by the end of 8 April."""
    yellow = office.yellow()
    office.at("2026-03-09 10:00")
    number = filed(office, yellow)
    (shown,) = appeal_listing.list_appeals(office.world.context)
    assert shown["decide_by"] == "2026-04-08T23:59:59+08:00"
    office.at("2026-04-08 23:59:59")
    assert appeals.overdue(office.world.context) == []
    office.at("2026-04-09 00:00:00")
    assert appeals.overdue(office.world.context) == [number]
    assert appeals.overdue(office.world.context) == []
    told = ["sun pending", "wang pending", "zhao pending"]
    assert office.notices("appeal_overdue") == told
    (shown,) = appeal_listing.list_appeals(office.world.context, overdue=True)
    assert (shown["appeal_no"], shown["overdue"]) == (number, True)
    decide(office, number, "wang", REFER)
    assert appeals.overdue(office.world.context) == [number]
    assert appeals.overdue(office.world.context) == []
    assert len(office.notices("appeal_overdue")) == 3 + 3  # chen, sun, zhao in the second round


def test_beyond_the_calendar_an_appeal_still_has_a_date(office: Office) -> None:
    yellow = office.yellow()
    office.at("2027-12-20 10:00")
    done = appeals.file(office.acting("zhang"), yellow, "年底")
    assert wall(done.decide_by) == "2028-01-19 23:59:59"


def test_nobody_to_decide_is_on_record(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", keyed=False)
    yellow = office.yellow()
    office.world.people([row for row in PEOPLE if row["role"] != "supervisor"])
    done = appeals.file(office.acting("zhang"), yellow, "无人可裁")
    assert done.told == []
    (entry,) = office.recorded("nobody.told")
    assert entry["appeal"] == done.appeal_no
    shown = run(office.world, "doctor").out
    assert f"{done.appeal_no}: whoever might decide withdraws" in shown
    assert "1 appeals wait to be decided, 0 of them overdue" in shown
    # A round later somebody is there.
    office.world.people(PEOPLE)
    assert appeals.overdue(office.world.context) == []
    told = ["sun pending", "wang pending", "zhang pending", "zhao pending"]
    assert office.notices("appeal_filed") == told
    before = office.world.dump()
    assert appeals.overdue(office.world.context) == []
    assert office.world.dump() == before
    office.world.close()


def test_a_trial_run_shows_what_would_follow_and_writes_nothing(office: Office) -> None:
    yellow = office.yellow()
    number = filed(office, yellow)
    office.world.deliver()
    before = office.world.dump()
    done = appeals.decide(office.acting("wang"), number, LIFT, "试算", dry_run=True)
    assert office.world.dump() == before
    assert done.as_json()["told"] == ["li", "sun", "wang", "zhang", "zhao"]
    assert done.followed.revived == [office.world.card("A CASE warning")]
    with pytest.raises(NotAllowed):
        appeals.decide(office.acting("zhang"), number, LIFT, "试算", dry_run=True)


def test_a_trial_run_of_the_first_signature_shows_what_the_second_brings(office: Office) -> None:
    number = filed(office, office.red())
    office.world.deliver()
    before = office.world.dump()
    done = appeals.decide(office.acting("wang"), number, LIFT, "试算", dry_run=True)
    assert office.world.dump() == before
    assert done.step is Step.SIGNED
    assert done.followed.revived == [office.world.card("A CASE yellow")]
    assert "li" in done.followed.told


def test_texts_and_attachments_stay_out_of_the_ledger(office: Office, tmp_path: Path) -> None:
    yellow = office.yellow()
    paper = tmp_path / "张经办的说明.txt"
    paper.write_text("说明", encoding="utf-8")
    number = appeals.file(office.acting("zhang"), yellow, "张经办无过错", [paper]).appeal_no
    appeals.decide(office.acting("wang"), number, LIFT, "王监察同意", [paper])
    whole = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in office.world.entries())
    for secret in ("张经办", "王监察", "无过错", "同意"):
        assert secret not in whole
    shown = appeal_listing.show_appeal(office.world.context, number)
    assert [each["name"] for each in shown["entries"][0]["attachments"]] == [paper.name]
    assert shown["text"] == "张经办无过错"
    assert [(each["person_id"], each["decision"]) for each in shown["approvals"]] == [
        ("wang", "lift")
    ]


@pytest.mark.parametrize("text", [None, "", "  \n", "长" * 4001], ids=["none", "", "blank", "long"])
def test_a_decision_says_why(office: Office, text: str | None) -> None:
    yellow = office.yellow()
    before = office.world.dump()
    with pytest.raises(ConfigurationError):
        appeals.file(office.acting("zhang"), yellow, text)
    number = filed(office, yellow)
    with pytest.raises(ConfigurationError):
        appeals.decide(office.acting("wang"), number, LIFT, text)
    assert office.world.dump() != before  # the one that was filed


def test_numbers_that_nobody_knows(office: Office) -> None:
    for call in (
        lambda: appeals.file(office.acting("zhang"), "R-NOBODY", "x"),
        lambda: appeals.decide(office.acting("wang"), "A-NOBODY", LIFT, "x"),
        lambda: appeal_listing.show_appeal(office.world.context, "A-NOBODY"),
    ):
        with pytest.raises(EffmonError, match="NOBODY"):
            call()


def test_a_person_who_is_not_told_any_more_is_reached_where_they_are_now(
    office: Office, tmp_path: Path
) -> None:
    yellow = office.yellow()
    moved = [
        {**row, "channel": "console", "address": "elsewhere"} if row["person_id"] == "li" else row
        for row in PEOPLE
        if row["person_id"] != "zhang"
    ]
    path = tmp_path / "people.csv"
    write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in moved])
    import_people(office.world.context, path)
    number = filed(office, yellow, "li")
    decide(office, number, "wang", LIFT)
    rows = office.world.tuples(
        "SELECT person_id, channel, address FROM notice WHERE kind = 'lifted' ORDER BY 1"
    )
    assert rows == [("li", "console", "elsewhere"), ("zhang", "file", "zhang")]
    assert office.world.now == instant("2026-03-06 09:00")
