"""Tallies over time: reached, lifted, reached again; windows that end; downtime; what is told."""

from pathlib import Path

import pytest

from tests.stories.world import instant, wall

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
    assert instant("2026-03-06 09:00") == it.world.now
