"""What scans select for tallies: shares of many kinds, batches, texts, items, alarms, orders."""

from pathlib import Path

import pytest

from efficiency_monitor.followup.alarms import actions as alarms
from efficiency_monitor.followup.orders import actions as orders
from tests.stories.world import PEOPLE

from .town import Town, one, rule_text

pytestmark = pytest.mark.both_engines


def test_the_share_of_cases_with_incomplete_data(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "share",
            "of": "cases",
            "among": "handled",
            "with": {"incomplete": True},
            "by": "department",
            "window": "month",
        },
        "yellow >= 50 %",
    )
    it.late("2026-03-02 10:00", "A", "B", "C", "D")
    # Of C a row cannot be read; D is accepted after it was decided.
    it.happens("decided", "no time", "C")
    it.happens("decided", "2026-03-01 10:00", "D")
    it.scan("2026-04-01 09:00")
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow open 50"]
    assert sorted(it.members(it.number())) == ["C", "D"]


def test_accepted_and_finished_within_a_minute(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "share",
            "of": "cases",
            "among": "finished",
            "with": {"finished_within": "1 calendar_minutes"},
            "by": "item_code",
            "window": "month",
        },
        "yellow > 30 %",
    )
    it.cases("A", "B", "C")
    it.happens("accepted", "2026-03-02 10:00:00", "A", "B", "C")
    it.happens("decided", "2026-03-02 10:01:00", "A")
    it.happens("decided", "2026-03-02 10:01:01", "B")
    it.happens("decided", "2026-03-03", "C")
    it.scan("2026-04-01 09:00")
    assert it.tallies() == ["item:I-1 XX-ONE 2026-03-01 yellow open 50"], "a date is no minute"
    assert it.members(it.number()) == ["A"]


def test_cases_with_an_event_and_an_offence_of_a_rule(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "share",
            "of": "cases",
            "among": "finished",
            "with": {"events": ["refused"]},
            "by": "region",
            "window": "month",
        },
        "yellow > 40 %",
    )
    it.cases("A", "B", region="430500")
    it.happens("submitted", "2026-03-02 10:00", "A", "B")
    it.happens("refused", "2026-03-02 11:00", "A")
    it.happens("withdrawn", "2026-03-02 11:00", "B")
    it.scan("2026-04-01 09:00")
    assert it.tallies() == ["region:430500 XX-ONE 2026-03-01 yellow open 50"]


def test_what_ends_a_case(tmp_path: Path) -> None:
    """No complaint that is closed, and no return after which it is accepted again."""
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cases",
            "among": "finished",
            "by": "item_code",
            "window": "month",
        },
        "yellow >= 1 cases",
    )
    for number in ("closed", "again", "once", "complaint"):
        it.cases(number, item_code=number)
    it.happens("submitted", "2026-02-02 10:00", "closed", "again", "once")
    it.happens("accepted", "2026-02-03 10:00", "closed", "once")
    it.happens("complaint_received", "2026-02-04 10:00", "closed", "complaint")
    it.happens("complaint_closed", "2026-02-05 10:00", "closed", "complaint")
    it.happens("returned", "2026-02-05 10:00", "again")
    it.happens("accepted", "2026-03-03 10:00", "again")
    it.happens("decided", "2026-03-04 10:00", "closed", "again", "once")
    it.happens("delivered", "2026-04-01 10:00", "closed", "again", "once")
    it.scan("2026-05-10 09:00")
    assert [text.split()[:3] for text in it.tallies()] == [
        ["item:again", "XX-ONE", "2026-03-01"],
        ["item:closed", "XX-ONE", "2026-03-01"],
        ["item:complaint", "XX-ONE", "2026-02-01"],
        ["item:once", "XX-ONE", "2026-03-01"],
    ]


def test_a_batch_recorded_in_one_minute(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "batch",
            "of": "events",
            "events": ["accepted"],
            "within": "1 calendar_minutes",
            "late_by": "1 calendar_hours",
            "by": "actor",
            "window": "day",
        },
        "yellow >= 3 cases",
    )
    it.cases("A", "B", "C", "D")
    for number, second in (("A", "00"), ("B", "30"), ("C", "59")):
        it.happens(
            "accepted",
            "2026-03-02 10:00",
            number,
            recorded_at=f"2026-03-03 18:00:{second}",
            actor="张经办",
        )
    # In time, though in the same minute.
    it.happens(
        "accepted", "2026-03-03 17:59", "D", recorded_at="2026-03-03 18:00:40", actor="张经办"
    )
    it.scan("2026-03-04 09:00")
    assert it.tallies() == ["person:zhang XX-ONE 2026-03-03 yellow open 3"]
    assert sorted(it.members(it.number())) == ["A", "B", "C"]
    it.world.receive(
        "events",
        [
            {
                "case_no": "C",
                "event": "accepted",
                "occurred_at": "2026-03-03 17:30",
                "recorded_at": "2026-03-03 18:00:59",
                "actor": "张经办",
            }
        ],
    )
    it.scan("2026-03-04 10:00")
    assert it.world.sound()


def test_one_text_in_many_suspensions(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "same_text",
            "of": "events",
            "events": ["suspended"],
            "field": "reason",
            "by": "department",
            "window": "quarter",
        },
        "yellow >= 3 cases",
    )
    it.late("2026-03-02 10:00", "A", "B", "C", "D")
    for number, reason in (("A", "设备检修"), ("B", "设备 检修"), ("C", "设备检修"), ("D", "停电")):
        it.happens("suspended", "2026-03-03 10:00", number, reason=reason, kind="hearing")
    it.scan("2026-03-04 09:00")
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-01-01 yellow open 3"]
    assert sorted(it.members(it.number())) == ["A", "B", "C"]


def test_volume_against_the_month_before(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cases",
            "among": "accepted",
            "by": "department",
            "window": "month",
            "compared": {"with": "former_window"},
        },
        "warning >= 10 %",
        "yellow >= 100 %",
    )
    it.late("2026-01-30 10:00", "Z")
    it.late("2026-02-02 10:00", "A", "B")
    it.late("2026-03-02 10:00", "C")
    # January is not known from its beginning, so February cannot be compared with it.
    report = it.scan("2026-03-01 09:00")
    assert it.tallies() == []
    assert report.tally_problems[("XX-ONE", "2026-02-01", "no_former_window")] == 1
    it.scan("2026-04-01 09:00")
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 warning open 50"]
    it.scan("2026-05-01 09:00")
    assert "organ:住建局 XX-ONE 2026-04-01 yellow open 100" in it.tallies(), "from 1 to 0"


def test_items_of_the_table_without_a_case(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cases",
            "among": "begun",
            "by": "item_code",
            "window": "month",
        },
        "warning = 0 cases",
    )
    it.at("2026-03-31 12:00")
    for code in ("I-1", "I-2"):
        it.item(code, department="住建局")
    it.late("2026-04-02 10:00", "A")
    it.scan("2026-05-01 09:00")
    assert it.tallies() == ["item:I-2 XX-ONE 2026-04-01 warning open 0"]
    (row,) = it.world.rows("SELECT department, item_code FROM card WHERE case_id IS NULL")
    assert row == {"department": "住建局", "item_code": "I-2"}


def test_supervisors_who_do_not_follow_up(tmp_path: Path) -> None:
    """The alarm is raised for each card, as ever; the tally counts them for the supervisor."""
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "alarms",
            "alarms": ["not_followed_up"],
            "by": "supervisor",
            "window": "month",
        },
        "yellow >= 2 alarms",
    )
    it.late("2026-03-02 10:00", "A", "B", statutory_limit="4 working_days")
    it.scan("2026-03-07 09:00")
    it.world.deliver()
    it.at("2026-03-20 09:00")
    raised = alarms.raise_due(it.world.context)
    assert {each.person_id for each in raised} == {"wang", "sun"}
    it.scan("2026-03-20 10:00")
    assert it.tallies() == [
        "person:sun XX-ONE 2026-03-01 yellow open 2",
        "person:wang XX-ONE 2026-03-01 yellow open 2",
    ]
    # Whom it is about is not the only one who is told.
    told = it.world.tuples(
        "SELECT person_id FROM notice WHERE card_no = ?", it.number(subject="person:wang")
    )
    assert {person for (person,) in told} == {"wang", "sun", "chen"}


def test_nobody_is_the_only_one_who_is_told_of_the_own_card(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {"measure": "count", "of": "alarms", "by": "supervisor", "window": "month"},
        "yellow >= 1 alarms",
    )
    it.world.people([row for row in PEOPLE if row["person_id"] == "wang"])
    it.late("2026-03-02 10:00", "A", statutory_limit="4 working_days")
    it.scan("2026-03-07 09:00")
    it.world.deliver()
    it.at("2026-03-20 09:00")
    alarms.raise_due(it.world.context)
    report = it.scan("2026-03-20 10:00")
    card_no = it.number(subject="person:wang")
    assert (card_no, "no_recipient") in report.untold
    assert it.world.rows("SELECT * FROM notice WHERE card_no = ?", card_no) == []
    it.world.people([*PEOPLE, {**PEOPLE[2], "person_id": "sun", "name": "孙监察"}])
    it.scan("2026-03-20 11:00")
    told = it.world.tuples("SELECT person_id FROM notice WHERE card_no = ?", card_no)
    assert ("sun",) in told


def test_orders_that_stay_open_and_cards_without_an_answer(tmp_path: Path) -> None:
    it = Town(
        tmp_path / "ws",
        {
            "XX-ORDER": rule_text(
                "XX-ORDER",
                {
                    "measure": "count",
                    "of": "orders",
                    "open_for": "3 working_days",
                    "by": "order",
                    "window": "month",
                },
                ["yellow > 0 orders"],
            ),
            "XX-SILENT": rule_text(
                "XX-SILENT",
                {
                    "measure": "count",
                    "of": "cards",
                    "unanswered_for": "5 working_days",
                    "by": "department",
                    "window": "month",
                },
                ["yellow >= 2 cards"],
            ),
        },
    )
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    it.world.deliver()
    it.world.answer("replied", it.world.card("C CASE yellow"), "li", "已整改")
    opened = orders.open_order(
        it.world.acting("wang"), [it.world.card("A CASE yellow")], text="请限期整改"
    )
    # Three and five working days after Friday the 6th end on the 11th and the 13th.
    it.scan("2026-03-11 23:59:59")
    assert it.tallies() == []
    it.scan("2026-03-12 00:00:00")
    assert it.tallies() == [f"order:{opened.order_no} XX-ORDER 2026-03-01 yellow open 1"]
    it.scan("2026-03-14 00:00:00")
    assert "organ:住建局 XX-SILENT 2026-03-01 yellow open 2" in it.tallies()
