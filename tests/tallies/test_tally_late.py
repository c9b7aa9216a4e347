"""What comes late reaches every window that counts it: a scan leaves nothing to a preview."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.core.appeals import Decision
from efficiency_monitor.services import appeals, feeds, ingest, orders, scan
from tests.stories.world import Row, write_csv
from tests.stories.world import town as calendar

from .town import Town, rule_text

pytestmark = pytest.mark.both_engines


def one(folder: Path, tally: dict[str, Any], *cards: str, **more: Any) -> Town:
    """A town with one tally."""
    return Town(folder / "ws", {"XX-ONE": rule_text("XX-ONE", tally, cards, **more)})


def left_over(it: Town) -> tuple[list[tuple[object, ...]], int]:
    """What judging every case and window anew would give and lift: nothing after a scan."""
    found = scan.preview(
        it.world.context, as_of=it.world.now, known_by=None, run_id="P", against=True
    )
    return [
        (row["subject"], row["level"], row["fell_due_at"]) for row in found.would_issue
    ], found.lifted


def brought_beside(
    it: Town,
    rows: Sequence[Row],
    at: str,
    then: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Import events in two batches; between them something happens."""
    monkeypatch.setattr(ingest, "BATCH", len(rows) // 2)
    path = it.world.folder / "both.csv"
    write_csv(path, rows)
    told: list[int] = []

    def progress(rows_read: int) -> None:
        told.append(rows_read)
        if len(told) == 1:
            then()

    it.at(at)
    ingest.import_files(it.world.context, [path], "canonical", progress=progress)


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


def test_a_scan_in_the_midst_of_an_import_hides_nothing_of_its_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an import brings is received when it began, also what comes after that scan."""
    it = one(
        tmp_path,
        {
            "measure": "batch",
            "of": "events",
            "events": ["decided"],
            "within": "1 calendar_minutes",
            "by": "department",
            "window": "day",
        },
        "yellow >= 3 cases",
    )
    numbers = ("A", "B", "C")
    it.cases(*numbers)
    it.scan("2026-05-10 09:00")
    accepted = [{"event": "accepted", "occurred_at": "2026-03-02 10:00"} for _ in numbers]
    decided = [
        {"event": "decided", "occurred_at": "2026-03-03 10:00", "recorded_at": "2026-03-05 18:00"}
        for _ in numbers
    ]
    rows = [
        {"case_no": number, "recorded_at": "2026-03-02 10:00", **row}
        for part in (accepted, decided)
        for number, row in zip(numbers, part, strict=True)
    ]
    brought_beside(it, rows, "2026-05-11 09:00", lambda: it.scan("2026-05-11 09:10"), monkeypatch)
    it.scan("2026-05-11 10:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-05 yellow open 3"]


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
        legal_basis=[{"ref": "试", "says": "put right"}],
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


def test_nothing_is_said_of_half_an_import_on_the_last_night_of_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = one(
        tmp_path,
        {
            "measure": "share",
            "of": "cases",
            "among": "finished",
            "with": {"events": ["refused"]},
            "by": "department",
            "window": "month",
        },
        "yellow > 60 %",
        "red > 90 %",
    )
    numbers = ("A", "B", "C", "D")
    it.cases(*numbers, "Z")
    it.happens("accepted", "2026-03-27 10:00", *numbers)
    it.scan("2026-03-30 09:00")
    rows = [
        {"case_no": number, "event": event, "occurred_at": "2026-03-30 10:00"}
        for number, event in zip(numbers, ("refused",) * 2 + ("decided",) * 2, strict=True)
    ]
    seen: list[Any] = []

    def night() -> None:
        seen.append(left_over(it)[0])
        seen.append(it.scan("2026-04-01 00:10"))

    brought_beside(it, rows, "2026-04-01 00:05", night, monkeypatch)
    would_issue, report = seen
    assert not [row for row in would_issue if row[0] == "organ:住建局"]
    assert it.tallies() == [], "two of two were refused, as far as was known"
    assert report.tally_problems == {("XX-ONE", "2026-03-01", "half_import"): 1}
    it.scan("2026-04-01 02:10")
    assert left_over(it) == ([], 0)
    assert it.tallies() == [], "two of four"
    # What was given stands meanwhile, and is judged again when the import has ended.
    it.cases("E", "F", "G", "H")
    it.happens("refused", "2026-03-31 10:00", "E", "F")
    it.scan("2026-04-02 02:10")
    given = "organ:住建局 XX-ONE 2026-03-01 yellow open 66.6667"
    assert it.tallies() == [given], "four of six"
    rows = [
        {"case_no": number, "event": "decided", "occurred_at": "2026-03-31 10:00"}
        for number in ("G", "H")
    ]
    brought_beside(it, rows, "2026-04-03 02:05", lambda: it.scan("2026-04-03 02:10"), monkeypatch)
    assert it.tallies() == [given]
    it.scan("2026-04-03 09:00")
    assert it.tallies() == [given.replace("open 66.6667", "lifted 66.6667 late_evidence")]


def test_a_row_that_is_refused_or_mended_after_a_window_has_ended(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "share",
            "of": "cases",
            "among": "accepted",
            "with": {"incomplete": True},
            "by": "department",
            "window": "month",
        },
        "yellow >= 50 %",
    )
    it.late("2026-03-02 10:00", "A", "B")
    it.scan("2026-05-10 09:00")
    assert it.tallies() == []
    it.happens("decided", "not yet", "B")
    it.scan("2026-05-11 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow open 50"]
    assert it.world.change("UPDATE quarantine SET state = 'retried'")
    it.scan("2026-05-12 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies() == ["organ:住建局 XX-ONE 2026-03-01 yellow lifted 50 late_evidence"]


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


def test_what_is_known_from_an_earlier_instant_on_can_be_compared(tmp_path: Path) -> None:
    it = one(
        tmp_path,
        {
            "measure": "count",
            "of": "cards",
            "levels": ["yellow"],
            "by": "department",
            "window": "month",
            "compared": {"with": "former_window"},
        },
        "yellow >= 100 %",
    )
    it.late("2026-02-02 10:00", "A")
    it.late("2026-03-02 10:00", "B", "C")
    report = it.scan("2026-04-10 09:00")
    assert report.tally_problems[("XX-ONE", "2026-03-01", "no_former_window")] == 1
    # A case of January, in time: of February all is known now.
    it.late("2026-01-05 10:00", "Z")
    it.happens("decided", "2026-01-05 11:00", "Z")
    it.scan("2026-04-11 09:00")
    assert left_over(it) == ([], 0)
    assert it.tallies()[:1] == ["organ:住建局 XX-ONE 2026-03-01 yellow open 100"]


@pytest.mark.parametrize("stale", [True, False])
def test_a_month_of_a_stale_feed_is_not_less_than_the_one_before(
    tmp_path: Path, stale: bool
) -> None:
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
        "yellow >= 50 %",
    )
    with (it.world.folder / "effmon.toml").open("a", encoding="utf-8") as file:
        file.write('\n[sources.hall]\nfreshness = "26 calendar_hours"\n')
    it.world.close()

    def bring(at: str, accepted: Sequence[tuple[str, str]]) -> None:
        path = it.world.folder / f"{accepted[0][0]}.csv"
        write_csv(
            path,
            [
                {"case_no": number, "event": "accepted", "occurred_at": day, "department": "住建局"}
                for number, day in accepted
            ],
        )
        it.at(at)
        feeds.import_into(it.world.context, [path], "hall")

    it.cases("Z", *(f"F{n}" for n in range(4)), "M1", "M2", "M3", "M4")
    before = [(f"F{n}", "2026-02-03 10:00") for n in range(4)]
    bring("2026-03-02 18:00", [("Z", "2026-01-30 10:00"), *before, ("M1", "2026-03-02 10:00")])
    if not stale:
        # What there was is all that there was.
        bring("2026-03-31 18:00", [("M2", "2026-03-31 10:00")])
    report = it.scan("2026-04-01 02:10")
    assert left_over(it) == ([], 0)
    late = "organ:住建局 XX-ONE 2026-03-01 yellow open"
    if not stale:
        assert [text for text in it.tallies() if "2026-03-01" in text] == [f"{late} 50"]
        return
    assert it.tallies() == []
    assert report.tally_problems[("XX-ONE", "2026-03-01", "stale_feed")] == 1
    bring(
        "2026-04-01 12:00",
        [("M2", "2026-03-18 10:00"), ("M3", "2026-03-19 10:00"), ("M4", "2026-03-20 10:00")],
    )
    it.scan("2026-04-01 13:00")
    assert left_over(it) == ([], 0)
    assert [text for text in it.tallies() if "2026-03-01" in text] == []


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
