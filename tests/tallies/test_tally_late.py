"""What comes late reaches every window that counts it: a scan leaves nothing to a preview."""

from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.services import scan

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
