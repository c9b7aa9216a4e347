"""Boston: the verdicts counted once more from the file; one that is turned is noticed."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from validation import boston
from validation.page import Part


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with boston.YEAR.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_cards_say_late_where_the_city_says_so(
    boston_part: Part, rows: list[dict[str, str]]
) -> None:
    both = [row for row in rows if row["sla_target_dt"] and row["closed_dt"]]
    late = [
        row
        for row in both
        if datetime.fromisoformat(row["closed_dt"]) > datetime.fromisoformat(row["sla_target_dt"])
    ]
    assert {row["on_time"] for row in late} == {"OVERDUE"}
    assert sum(row["on_time"] == "OVERDUE" for row in both) == len(late) == 63
    figures = boston_part.figures
    assert figures["closed_with_target"] == figures["closed_alike"] == len(both) == 2496
    assert figures["closed_late"] == len(late)


def test_open_requests_and_those_without_a_target(
    boston_part: Part, rows: list[dict[str, str]]
) -> None:
    waiting = [row for row in rows if row["sla_target_dt"] and not row["closed_dt"]]
    without = [row for row in rows if not row["sla_target_dt"]]
    figures = boston_part.figures
    assert figures["open_with_target"] == figures["open_alike"] == len(waiting) == 195
    assert figures["without_target"] == figures["not_judgeable"] == len(without) == 404


def test_a_verdict_that_is_turned_is_noticed(
    rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison can fail: seven verdicts turned, seven that differ, and no page is written."""
    turned = [row for row in rows if row["sla_target_dt"] and row["closed_dt"]][:7]
    changed = [
        row | {"on_time": "OVERDUE" if row["on_time"] == "ONTIME" else "ONTIME"}
        if row in turned
        else row
        for row in rows[:200]
    ]
    path = tmp_path / "turned.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(changed)
    with boston._opened("2021-12-31") as workspace:
        workspace.take([path], "boston-311")
        workspace.scan()
        assert boston._verdicts(workspace)["closed", "differ"] == 7
    monkeypatch.setattr(boston, "YEAR", path)
    with pytest.raises(ConfigurationError, match="agree throughout"):
        boston.run()


@pytest.mark.parametrize(
    ("name", "mapping", "imported", "alike"),
    [
        ("boston311-100.csv", "boston-311", 100, 89),
        ("boston311-100-with-nonascii.csv", "boston-311", 100, 89),
        ("boston311-dmy-100.csv", "boston-311", 0, 0),
        ("boston311-dmy-100.csv", "boston-311-dmy", 100, 89),
    ],
)
def test_dialects_are_read_alike_or_refused(
    boston_part: Part, name: str, mapping: str, imported: int, alike: int
) -> None:
    figures, key = boston_part.figures, f"{name}/{mapping}"
    assert figures[f"{key}/imported"] == imported
    assert figures[f"{key}/quarantined"] == 100 - imported
    assert figures[f"{key}/alike"] == figures[f"{key}/compared"] == alike
    assert figures[f"{key}/same"] == (imported == 100)


def test_the_dialect_files_hold_one_content() -> None:
    """What `same` claims, from the files themselves: only the spelling of dates differs."""
    read = {}
    for name in {name for name, _, _ in boston.DIALECTS}:
        with (boston.DATA / name).open(encoding="utf-8", newline="") as file:
            form = "%d/%m/%Y %H:%M:%S" if "dmy" in name else "%Y-%m-%d %H:%M:%S"
            read[name] = [
                tuple(
                    datetime.strptime(row[column], form) if row[column] else None
                    for column in ("open_dt", "target_dt", "closed_dt")
                )
                for row in csv.DictReader(file)
            ]
    plain, *others = read.values()
    assert len(plain) == 100
    assert all(other == plain for other in others)
