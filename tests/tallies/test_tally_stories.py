"""Tallies over time: reached, lifted, reached again; windows that end; downtime; what is told."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.scan import scan
from tests.stories.world import wall

from .town import Town, rule_text

pytestmark = pytest.mark.both_engines

THREE = rule_text(
    "XX-THREE",
    {
        "measure": "count",
        "of": "cards",
        "levels": ["yellow"],
        "by": "department",
        "window": "quarter",
    },
    ["yellow >= 3 cards"],
)
SHARE = rule_text(
    "XX-SHARE",
    {
        "measure": "share",
        "of": "cases",
        "among": "handled",
        "with": {"levels": ["yellow", "red"]},
        "by": "department",
        "window": "month",
    },
    ["yellow > 20 %", "red > 60 %"],
)


def town(folder: Path, **more: str) -> Town:
    """A town with both tallies."""
    return Town(folder / "ws", {"XX-THREE": THREE, "XX-SHARE": SHARE}, **more)


def test_the_third_yellow_card_of_a_quarter(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B")
    it.late("2026-03-03 10:00", "C")
    it.scan("2026-03-06 09:00")
    assert it.tallies() == []
    report = it.scan("2026-03-07 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    assert report.tallies == {"judged": 1}
    (row,) = it.world.rows("SELECT * FROM card WHERE case_id IS NULL")
    yellow = {it.world.card(f"{case} CASE yellow") for case in "ABC"}
    assert set(it.members(row["card_no"])) == yellow
    assert wall(row["fell_due_at"]) == "2026-03-06 23:59:59"
    assert (row["case_no"], row["over"], row["limit_due_at"]) == (None, None, None)
    assert (row["limit_name"], row["limit_amount"]) == ("count", ">= 3 cards")
    assert it.world.sound()
    it.scan("2026-03-08 09:00")
    it.world.mark_all_changed()
    it.scan("2026-03-09 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    assert it.world.rows("SELECT * FROM tally_touch") == [], "what was looked at is forgotten"


def test_late_evidence_takes_a_card_away_and_the_tallys_with_it(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    it.happens("decided", "2026-03-05 16:00", "A")
    it.scan("2026-03-10 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow lifted 3 late_evidence"]
    it.late("2026-03-09 10:00", "D")
    it.scan("2026-03-20 09:00")
    assert it.tallies() == [
        "organ:住建局 XX-THREE 2026-01-01 yellow lifted 3 late_evidence",
        "organ:住建局 XX-THREE 2026-01-01 yellow#1 open 3",
    ]
    assert it.world.sound()


def test_a_share_is_judged_when_its_window_has_ended(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B")
    it.cases("C", "D", "E")
    it.happens("accepted", "2026-03-02 10:00", "C", "D", "E")
    it.happens("decided", "2026-03-03 10:00", "C", "D", "E")
    it.scan("2026-03-31 23:59:59")
    assert it.tallies() == []
    it.scan("2026-04-01 00:00:00")
    assert it.tallies() == ["organ:住建局 XX-SHARE 2026-03-01 yellow open 40"]
    (row,) = it.world.rows("SELECT * FROM card WHERE case_id IS NULL")
    assert wall(row["fell_due_at"]) == "2026-03-31 23:59:59"
    assert sorted(it.members(row["card_no"])) == ["A", "B"]
    it.scan("2026-05-01 09:00")
    assert "organ:住建局 XX-SHARE 2026-04-01 red open 100" in it.tallies()
    # Late evidence about March alone: C was late after all, three of five.
    it.happens("voided", "2026-03-04 10:00", "A")
    it.scan("2026-05-02 09:00")
    assert "organ:住建局 XX-SHARE 2026-03-01 yellow lifted 40 late_evidence" in it.tallies()


def test_cases_that_come_late_into_a_window_make_its_share_another(tmp_path: Path) -> None:
    it = Town(tmp_path / "ws", {"XX-SHARE": SHARE})
    it.late("2026-03-02 10:00", "A", "B")
    it.cases("C", "D", "E")
    it.happens("accepted", "2026-03-02 10:00", "C", "D", "E")
    it.happens("decided", "2026-03-03 10:00", "C", "D", "E")
    it.scan("2026-04-01 09:00")
    assert it.tallies() == ["organ:住建局 XX-SHARE 2026-03-01 yellow open 40"]
    late = [f"L{n}" for n in range(5)]
    it.cases(*late)
    it.happens("accepted", "2026-03-30 10:00", *late)
    it.happens("decided", "2026-03-31 10:00", *late)
    it.scan("2026-05-12 09:00")
    march = [text for text in it.tallies() if " 2026-03-01 " in text]
    assert march == ["organ:住建局 XX-SHARE 2026-03-01 yellow lifted 40 late_evidence"]


def test_downtime_over_a_windows_end_is_caught_up_as_of_its_own_instants(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.at("2026-03-10 09:00")
    it.world.nights()
    it.happens("decided", "2026-04-02 10:00", "A", "B", "C")
    it.at("2026-04-03 09:00")
    report = it.world.nights()
    assert len(report.scans) == 24
    assert it.tallies() == [
        "organ:住建局 XX-SHARE 2026-03-01 red open 100",
        "organ:住建局 XX-SHARE 2026-03-01 yellow superseded 100",
        "organ:住建局 XX-THREE 2026-01-01 yellow open 3",
    ]
    rows = it.world.rows("SELECT * FROM card WHERE rule_id = 'XX-SHARE'")
    assert {wall(row["as_of"]) for row in rows} == {"2026-04-01 02:10:00"}
    assert {wall(row["fell_due_at"]) for row in rows} == {"2026-03-31 23:59:59"}


def test_an_upheld_appeal_takes_a_card_away_and_the_next_scan_the_tallys(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    it.world.deliver()
    yellow = it.world.card("A CASE yellow")
    filed = appeals.file(it.world.acting("zhang"), yellow, "材料系申请人迟交")
    appeals.decide(it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "情况属实")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    it.scan("2026-03-06 12:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow lifted 3 late_evidence"]
    it.world.deliver()
    kinds = it.world.tuples(
        "SELECT DISTINCT kind FROM notice WHERE card_no = ? AND state = 'sent' ORDER BY kind",
        it.number(rule_id="XX-THREE"),
    )
    assert kinds == [("issued",), ("lifted",)]
    assert it.world.sound()


def test_a_tallys_own_card_that_an_appeal_lifts_does_not_come_again(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    it.world.deliver()
    card_no = it.number(rule_id="XX-THREE")
    filed = appeals.file(it.world.acting("li"), card_no, "规则适用有误")
    appeals.decide(it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "情况属实")
    it.late("2026-03-06 10:00", "D")
    it.scan("2026-03-20 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow lifted 3 appeal"]
    status = it.world.tuples("SELECT status FROM accountability WHERE card_no = ?", card_no)
    assert status == [("exempted",)]
    assert it.world.sound()


def test_a_preview_says_what_a_first_scan_gives(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.late("2026-04-09 10:00", "D")
    it.at("2026-05-02 09:00")
    before = it.world.dump()
    asked = {"as_of": it.world.now, "known_by": None, "run_id": "P"}
    first = scan.preview(it.world.context, **asked, against=False)
    assert it.world.dump() == before
    done = it.scan()
    assert (first.issued, first.tallies) == (done.issued, done.tallies)
    given = it.world.rows("SELECT card_no FROM card WHERE case_id IS NULL")
    would = {row["card_no"] for row in first.would_issue if row["case_no"] is None}
    assert would == {row["card_no"] for row in given}
    again = scan.preview(it.world.context, **asked, against=True)
    assert (again.would_issue, again.lifted) == ([], 0)
    it.happens("decided", "2026-03-05 16:00", "A")
    changed = scan.preview(it.world.context, **asked, against=True)
    it.at("2026-05-02 10:00")
    assert changed.lifted == it.scan().lifted > 0


def test_a_tally_on_trial_reports_and_gives_no_card(tmp_path: Path) -> None:
    more = {"status": "trial", "trial": {"until": "2026-12-31"}}
    text = json.dumps({**json.loads(THREE), **more}, ensure_ascii=False)
    it = Town(tmp_path / "ws", {"XX-THREE": text})
    it.late("2026-03-02 10:00", "A", "B", "C")
    report = it.scan("2026-03-06 09:00")
    assert it.tallies() == []
    assert report.trial == {"XX-THREE": {"warning": 0, "yellow": 1, "red": 0}}
    asked = {"as_of": it.world.now, "known_by": None, "run_id": "P", "against": False}
    assert scan.preview(it.world.context, **asked).trial == report.trial


def test_a_new_text_of_a_rule_judges_all_windows_since_it_is_in_force(tmp_path: Path) -> None:
    it = Town(tmp_path / "ws", {"XX-SHARE": SHARE})
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-05-02 09:00")
    assert len(it.tallies()) == 4
    it.put("XX-THREE", THREE)
    it.scan("2026-05-03 09:00")
    assert "organ:住建局 XX-THREE 2026-01-01 yellow open 3" in it.tallies()


def test_what_a_scan_of_an_earlier_instant_leaves_the_next_one_does(tmp_path: Path) -> None:
    it = Town(tmp_path / "ws", {"XX-THREE": THREE})
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-05-20 09:00")
    yellow = it.world.card("B CASE yellow")
    filed = appeals.file(it.world.acting("zhang"), yellow, "材料系申请人迟交")
    appeals.decide(it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "情况属实")
    # The clock was set back: the tally was judged as of a later instant and is left alone.
    it.scan("2026-05-10 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    it.scan("2026-05-21 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow lifted 3 late_evidence"]


def test_what_fell_due_before_watching_began_is_historical(tmp_path: Path) -> None:
    it = town(tmp_path, watch_from="2026-03-07")
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-20 09:00")
    assert it.tallies() == []  # historical cards count for nothing
    it.late("2026-03-09 10:00", "D", "E", "F")
    it.scan("2026-03-25 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]


def test_who_is_told_and_who_answers(tmp_path: Path) -> None:
    it = town(tmp_path)
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    card_no = it.number(rule_id="XX-THREE")
    told = it.world.rows("SELECT person_id, role FROM notice WHERE card_no = ?", card_no)
    assert {row["person_id"] for row in told} == {"li", "chen", "sun", "wang"}
    it.world.deliver()
    assert it.world.answer("acknowledged", card_no, "li") == "acknowledged"
    assert it.world.answer("replied", card_no, "li", "已整改") == "replied"
    opened = orders.open_order(it.world.acting("wang"), [card_no], text="请限期整改")
    ordered = it.world.tuples(
        "SELECT DISTINCT person_id FROM notice WHERE subject = ? ORDER BY 1",
        f"order:{opened.order_no}",
    )
    assert ordered == [("chen",), ("li",)], "nobody who only handles cases"


def test_a_tallys_card_can_wait_to_be_confirmed(tmp_path: Path) -> None:
    text = json.dumps({**json.loads(THREE), "confirm": "manual"}, ensure_ascii=False)
    it = Town(tmp_path / "ws", {"XX-THREE": text})
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-06 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow pending 3"]
    card_no = it.number(rule_id="XX-THREE")
    assert it.world.answer("confirmed", card_no, "wang") == "open"
    it.scan("2026-03-07 09:00")
    assert it.tallies() == ["organ:住建局 XX-THREE 2026-01-01 yellow open 3"]
    assert it.world.sound()


def test_a_card_that_gave_way_before_it_was_confirmed_counts_for_nothing(tmp_path: Path) -> None:
    """Nobody has given that yellow card; its red one was confirmed and counts."""
    rules = {
        f"XX-{level.upper()}": rule_text(
            f"XX-{level.upper()}",
            {
                "measure": "count",
                "of": "cards",
                "rules": ["CHECKED"],
                "levels": [level],
                "by": "all",
                "window": "month",
            },
            ["yellow >= 1 cards"],
        )
        for level in ("yellow", "red")
    }
    it = Town(tmp_path / "ws", rules)
    it.cases("A", item_kind="forwarded", watch="manual")
    it.happens("accepted", "2026-03-02 10:00", "A")
    it.scan("2026-03-20 09:00")
    it.world.answer("confirmed", it.world.card("A CHECKED red"), "wang")
    assert "A CHECKED yellow superseded" in it.world.cards()
    it.scan("2026-03-21 09:00")
    it.world.mark_all_changed()
    it.scan("2026-03-22 09:00")
    assert it.tallies() == ["all XX-RED 2026-03-01 yellow open 1"]


def test_a_card_of_a_case_counts_once_it_is_confirmed(tmp_path: Path) -> None:
    """The pack's rule CHECKED waits for a person; a card that waits counts for nothing."""
    each = rule_text(
        "XX-EACH",
        {"measure": "count", "of": "cards", "rules": ["CHECKED"], "by": "all", "window": "month"},
        ["yellow >= 1 cards"],
    )
    it = Town(tmp_path / "ws", {"XX-EACH": each})
    it.cases("A", item_kind="forwarded", watch="manual")
    it.happens("accepted", "2026-03-02 10:00", "A")
    it.scan("2026-03-20 09:00")
    waiting = it.world.tuples("SELECT card_no FROM card WHERE state = 'pending'")
    assert waiting
    assert it.tallies() == []
    for (card_no,) in waiting:
        it.world.answer("confirmed", card_no, "wang")
    it.scan("2026-03-21 09:00")
    assert [text.split()[0] for text in it.tallies()] == ["all"]
