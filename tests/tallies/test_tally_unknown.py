"""What is not yet known, or known only later: half an import, a stale feed, refused rows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.intake import ingest
from efficiency_monitor.people import by_hand
from tests.stories.world import Row, write_csv

from .town import Town, left_over, one

pytestmark = pytest.mark.both_engines


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
    it.world.source = "hall"

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
        by_hand.import_into(it.world.context, [path], "hall")

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
