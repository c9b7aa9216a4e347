"""What one import brings of a case is judged when the import has ended, and not in between."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.intake import ingest
from tests.stories.world import World, instant, write_csv

pytestmark = pytest.mark.both_engines

NUMBERS = [f"C{n:02}" for n in range(20)]
ACCEPTED = [{"case_no": n, "event": "accepted", "occurred_at": "2026-03-02 10:00"} for n in NUMBERS]
#: All in time, by the last batch of the file.
DECIDED = [{"case_no": n, "event": "decided", "occurred_at": "2026-03-03 10:00"} for n in NUMBERS]
LIMITS = {"promised_limit": "5 working_days", "statutory_limit": "10 working_days"}
LATE = {"case_no": "LATE", "event": "accepted", "occurred_at": "2026-03-02 10:00"}


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A workspace with one case that is late, long after; batches are small."""
    monkeypatch.setattr(ingest, "BATCH", len(NUMBERS))
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.receive(
        "cases", [{"case_no": n, "item_kind": "promised", **LIMITS} for n in ("LATE", *NUMBERS)]
    )
    made.receive("events", [LATE])
    made.now = instant("2026-06-01 09:00")
    yield made
    made.close()


def bring(world: World, name: str, then: Callable[[], None] | None = None) -> None:
    """Import a file; after its first batch something happens."""
    path = world.folder / name
    write_csv(path, [*ACCEPTED, *DECIDED])
    told: list[int] = []

    def progress(rows: int) -> None:
        told.append(rows)
        if len(told) == 1 and then is not None:
            then()

    ingest.import_files(world.context, [path], "canonical", progress=progress)


def killed() -> None:
    raise Killed


def carded(world: World) -> set[str]:
    return {case_no for (case_no,) in world.tuples("SELECT case_no FROM card")}


def test_a_scan_beside_an_import_judges_only_what_the_import_has_not_touched(world: World) -> None:
    seen: list[dict[str, str]] = []

    def scan() -> None:
        report = world.scan()
        seen.extend({"case_no": case, "reason": reason} for case, _, reason, _ in report.problems)

    bring(world, "events.csv", scan)
    assert carded(world) == {"LATE"}
    assert {one["case_no"] for one in seen if one["reason"] == "half_import"} == set(NUMBERS)
    report = world.scan()
    assert carded(world) == {"LATE"}
    assert not [one for one in report.problems if "half_import" in one]
    assert report.evaluated >= len(NUMBERS)


def test_after_an_import_that_broke_off_its_cases_wait_for_the_same_files(world: World) -> None:
    with pytest.raises(Killed):
        bring(world, "events.csv", killed)
    world.close()
    world.receive("events", [{**LATE, "event": "contacted", "occurred_at": "2026-03-04 10:00"}])
    world.scan()
    assert carded(world) == {"LATE"}
    world.scan()
    assert carded(world) == {"LATE"}
    bring(world, "events.csv")
    report = world.scan()
    assert carded(world) == {"LATE"}
    assert not [one for one in report.problems if "half_import" in one]
    outcomes = world.tuples("SELECT outcome, count(*) FROM case_file GROUP BY outcome")
    assert dict(outcomes).get("not_judgeable") is None
