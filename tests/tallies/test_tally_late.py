"""What comes late reaches every window that counts it: a scan leaves nothing to a preview."""

from pathlib import Path

import pytest

from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.followup.orders import actions as orders
from tests.stories.world import town as calendar

from .town import left_over, one, rule_text

pytestmark = pytest.mark.both_engines


def test_cards_of_one_day_of_utc_in_two_windows(tmp_path: Path) -> None:
    """Midnight of the zone lies in the middle of a day of UTC."""
    it = one(
        tmp_path,
        {"measure": "count", "of": "cards", "by": "department", "window": "day"},
        "yellow >= 1 cards",
    )
    it.late("2026-03-02 10:00", "Z")
    it.scan("2026-05-10 09:00")
    for number, organ, recorded in (
        ("A", "住建局", "2026-03-05 23:50"),
        ("B", "公安局", "2026-03-06 00:30"),
    ):
        it.cases(number, department=organ, conduct="yes", promised_limit="200 working_days")
        it.happens("accepted", "2026-03-03 10:00", number, recorded_at=recorded)
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert "organ:公安局 XX-ONE 2026-03-06 yellow open 1" in it.tallies()


def test_late_evidence_of_before_a_rule_was_in_force(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cases",
            "among": "accepted",
            "by": "department",
            "window": "month",
            "compared": {"with": "former_window", "side": "more"},
        },
        "yellow >= 100 %",
        in_force={"from": "2026-03-01"},
    )
    it.late("2026-01-05 10:00", "Z")
    it.late("2026-02-02 10:00", "A")
    it.late("2026-03-02 10:00", "B", "C")
    it.scan("2026-05-10 09:00")
    assert "organ:住建局 XX-ONE 2026-03-01 yellow open 100" in it.tallies()
    it.late("2026-02-03 10:00", "D")
    it.happens("decided", "2026-02-04 10:00", "D")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert "organ:住建局 XX-ONE 2026-03-01 yellow lifted 100 late_evidence" in it.tallies()


def test_a_case_accepted_after_it_was_returned(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cases",
            "among": "accepted",
            "by": "department",
            "window": "month",
        },
        "yellow >= 1 cases",
    )
    it.late("2026-02-02 10:00", "Z", department="公安局")
    it.scan("2026-05-10 09:00")
    it.cases("A")
    it.happens("submitted", "2026-03-02 10:00", "A")
    it.happens("returned", "2026-03-03 10:00", "A")
    it.happens("accepted", "2026-04-02 10:00", "A")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert "organ:住建局 XX-ONE 2026-04-01 yellow open 1" in it.tallies()


def test_a_card_of_the_month_before_decides_whether_a_case_ends_a_row(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "in_a_row",
            "of": "cards",
            "levels": ["yellow"],
            "by": "department",
            "window": "month",
        },
        "yellow >= 2 cards",
    )
    it.late("2026-02-24 10:00", "A")
    it.late("2026-03-02 10:00", "B")
    it.late("2026-03-05 10:00", "C")
    it.happens("decided", "2026-03-06 10:00", "A")
    it.scan("2026-05-10 09:00")
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow open 2"]
    it.world.deliver()
    yellow = it.world.card("A CASE yellow")
    filed = appeals.file(it.world.acting("zhang"), yellow, "材料系申请人迟交")
    appeals.decide(it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "情况属实")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow lifted 2 late_evidence"]


def test_a_case_that_came_by_another_channel(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {"measure": "count", "of": "cards", "by": "department", "window": "month"},
        "yellow >= 1 cards",
        applies_to={"channel": "window"},
    )
    it.late("2026-03-02 10:00", "A", channel="window")
    it.scan("2026-05-10 09:00")
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow open 1"]
    it.cases("A", channel="online")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow lifted 1 late_evidence"]


def test_a_rule_that_was_away(tmp_path: Path) -> None:
    tally = {"measure": "count", "of": "cards", "by": "department", "window": "month"}
    it = one(tmp_path, tally, "yellow >= 3 cards")
    it.late("2026-03-02 10:00", "A", "B")
    it.scan("2026-05-10 09:00")
    path = it.world.folder / "catalogue" / "packs" / "story" / "XX-ONE.yaml"
    text = path.read_text("utf-8")
    path.unlink()
    it.world.close()
    it.late("2026-03-02 10:00", "C")
    it.scan("2026-05-11 09:00")
    it.put("XX-ONE", text)
    it.scan("2026-05-12 09:00")
    assert left_over(it) == ([], 0)
    assert "organ:住建局 XX-ONE 2026-03-01 yellow open 3" in it.tallies()


def test_an_amended_calendar_recounts_what_lasted_too_long(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "orders",
            "open_for": "3 working_days",
            "by": "order",
            "window": "month",
        },
        "yellow >= 1 orders",
    )
    it.late("2026-03-02 10:00", "A")
    it.scan("2026-03-06 09:00")
    card_no = it.world.card("A CASE yellow")
    opened = orders.open_order(it.world.acting("wang"), [card_no], text="请限期整改")
    it.scan("2026-05-10 09:00")
    assert it.tallies() == [f"order:{opened.order_no} XX-ONE 2026-03-01 yellow open 1"]
    # From the 9th to the 31st of March nobody worked: the third working day is in April.
    days = [f"2026-03-{day:02}" for day in range(9, 32)]
    it.world.calendar("town", calendar(days_off=days))
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == [
        f"order:{opened.order_no} XX-ONE 2026-03-01 yellow lifted 1 calendar_amended",
        f"order:{opened.order_no} XX-ONE 2026-04-01 yellow open 1",
    ]


@pytest.mark.parametrize("judges_alike", [True, False], ids=["other words", "another limit"])
def test_late_evidence_lifts_what_a_tally_of_other_words_gave(
    tmp_path: Path, judges_alike: bool
) -> None:
    """A legal basis that is put right judges as before; another number is left to people."""
    tally = {"measure": "count", "of": "cards", "by": "department", "window": "month"}
    it = one(tmp_path, tally, "yellow >= 2 cards")
    it.late("2026-03-02 10:00", "A", "B")
    it.scan("2026-03-06 09:00")
    (given,) = it.tallies()
    later = rule_text(
        "XX-ONE",
        tally,
        ["yellow >= 2 cards" if judges_alike else "yellow > 1 cards"],
        version=2,
        legal_basis=[{"ref": "试", "reading": "ours", "says": "put right"}],
    )
    it.put("XX-ONE", later)
    report = it.scan("2026-03-07 09:00")
    assert (it.tallies(), report.rule_changed) == ([given], [])
    it.happens("decided", "2026-03-03 10:00", "A")
    it.at("2026-03-08 09:00")
    _, would_lift = left_over(it)
    report = it.scan()
    # Of the case the warning and the yellow card.
    assert report.lifted == would_lift == (3 if judges_alike else 2)
    if judges_alike:
        assert it.tallies() == [given.replace("open 2", "lifted 2 late_evidence")]
    else:
        assert it.tallies() == [given]
        assert report.rule_changed == [it.number()]
    assert it.world.sound()


def test_what_stands_under_an_amended_calendar_is_lifted_for_what_comes_later(
    tmp_path: Path,
) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cards",
            "levels": ["yellow"],
            "unanswered_for": "2 working_days",
            "by": "department",
            "window": "month",
        },
        "yellow >= 1 cards",
    )
    it.late("2026-03-02 10:00", "A")
    it.scan("2026-03-06 09:00")
    it.world.deliver()
    it.scan("2026-03-20 09:00")
    given = "organ:住建局 XX-ONE 2026-03-01 yellow open 1"
    assert it.tallies() == [given]
    it.world.calendar("town", calendar(days_off=["2026-06-01"]))
    it.scan("2026-03-21 09:00")
    assert it.tallies() == [given]
    filed = appeals.file(it.world.acting("zhang"), it.world.card("A CASE yellow"), "系统故障")
    appeals.decide(it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "情况属实")
    it.scan("2026-03-22 09:00")
    assert it.tallies() == [given.replace("open 1", "lifted 1 late_evidence")]
    assert it.world.sound()


def test_events_that_were_recorded_after_their_case_had_ended(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "batch",
            "of": "events",
            "within": "1 calendar_minutes",
            "by": "department",
            "window": "day",
        },
        "yellow >= 2 cases",
    )
    it.cases("A", "B")
    it.happens("accepted", "2026-03-02 10:00", "A", "B", recorded_at="2026-03-02 10:00")
    it.happens("decided", "2026-03-03 10:00", "A", "B", recorded_at="2026-04-09 18:00")
    it.scan("2026-05-10 09:00")
    assert "organ:住建局 XX-ONE 2026-04-09 yellow open 2" in it.tallies()
    it.cases("A", "B", department="公安局")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert "organ:住建局 XX-ONE 2026-04-09 yellow lifted 2 late_evidence" in it.tallies()
    assert "organ:公安局 XX-ONE 2026-04-09 yellow open 2" in it.tallies()
