"""An import in two passes: what waits on disk between them, and that memory stays flat."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor import app
from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.import_report import MOST_REFUSED
from efficiency_monitor.intake.model.decide import Counts, contradicted
from efficiency_monitor.intake.model.statements import CaseFacts, EventFacts, ItemFacts, RowFacts
from efficiency_monitor.intake.spill import Spill
from efficiency_monitor.intake.store import scratch
from efficiency_monitor.intake.store.scratch import Claims
from efficiency_monitor.ops import setup
from efficiency_monitor.terms import Precision
from tests.lengths import length
from tests.stories.world import World, town, write_csv

Row = dict[str, str]
TABLES = ("case_file", "case_fact", "event", "event_withdrawal", "quarantine", "import_run")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty workspace that takes three rows at a time."""
    monkeypatch.setattr(ingest, "BATCH", 3)
    made = World.made(tmp_path / "ws", "2026-03-10 12:00")
    made.calendar("office", town(name="office").replace("Asia/Shanghai", "America/New_York"))
    made.calendar("village", town(name="village"))
    yield made
    made.close()


def event(case_no: str, at: str = "2026-03-02 10:00", **cells: str) -> Row:
    return {"case_no": case_no, "event": "accepted", "occurred_at": at, "source_key": "", **cells}


def imported(world: World, *tables: list[Row], dry_run: bool = False) -> ingest.ImportReport:
    """Import tables as files of one import."""
    paths = []
    for number, rows in enumerate(tables):
        world.imports += 1
        paths.append(world.folder / f"{world.imports}-{number}.csv")
        write_csv(paths[-1], rows)
    return ingest.import_files(world.context, paths, "canonical", dry_run=dry_run)


def times(world: World) -> list[tuple[object, ...]]:
    return world.tuples(
        "SELECT case_no, occurred_at FROM event e JOIN case_file c ON c.id = e.case_id"
        " WHERE NOT EXISTS (SELECT 1 FROM event_withdrawal w WHERE w.event_id = e.id)"
        " ORDER BY case_no, e.id"
    )


def at(zone: str) -> int:
    return int(datetime(2026, 3, 2, 10, tzinfo=ZoneInfo(zone)).timestamp())


HERE, THERE = at("Asia/Shanghai"), at("America/New_York")


def test_an_event_before_the_row_of_its_case_is_read_in_its_zone(world: World) -> None:
    events = [event(name) for name in "ABCDEFG"]
    named = {"B": "office", "C": "village", "D": "office", "E": ""}
    rows = [{"case_no": name, "calendar": calendar} for name, calendar in named.items()]
    report = imported(world, events, [*rows, {"case_no": "D", "calendar": "town"}])
    assert report.total.read == 12
    # Two rows say different things of D; its events are read by the last, which is taken by none.
    assert report.total.quarantined == 2
    assert times(world) == [(name, THERE if name == "B" else HERE) for name in "ABCDEFG"]


def test_a_row_in_quarantine_names_the_calendar_of_its_case_all_the_same(world: World) -> None:
    rows = [{"case_no": "B", "calendar": "office", "item_kind": "?"}]
    assert imported(world, [event("B")], rows).total == Counts(imported=1, quarantined=1)
    assert times(world) == [("B", THERE)]


def test_an_event_of_a_known_case_is_read_in_its_zone(world: World) -> None:
    imported(world, [{"case_no": "B", "calendar": "office"}, {"case_no": "C", "calendar": ""}])
    imported(world, [event(name) for name in "ABCD"])
    assert times(world) == [(name, THERE if name == "B" else HERE) for name in "ABCD"]
    # Named in this import, the calendar of this import counts.
    rows = [{"case_no": "B", "calendar": "town"}, {"case_no": "C", "calendar": "office"}]
    imported(world, [event(name, source_key="k") for name in "BC"], rows)
    assert [row for row in times(world) if row[0] == "B"] == [("B", THERE), ("B", HERE)]
    assert [row for row in times(world) if row[0] == "C"] == [("C", HERE), ("C", THERE)]


def test_one_wall_time_in_two_spellings_is_no_conflict_whatever_the_zone(world: World) -> None:
    rows = [event("B"), event("B", "2026-03-02T10:00:00-05:00"), event("B", "2026/3/2 10:00")]
    report = imported(world, rows, [{"case_no": "B", "calendar": "office"}])
    assert report.total == Counts(imported=2, unchanged=2)


def test_rows_contradict_each_other_across_batches_and_files(world: World) -> None:
    many = [event(f"C{number}") for number in range(10)]
    first = [event("A", source_key="k"), *many]
    second = [*many, event("A", "2026-03-03 10:00", source_key="k")]
    report = imported(world, first, second)
    assert report.total == Counts(imported=10, unchanged=10, quarantined=2)
    assert list(report.files.values()) == [
        Counts(imported=10, quarantined=1), Counts(unchanged=10, quarantined=1)
    ]  # fmt: skip
    assert [bad.refusal for bad in report.refused] == [Refusal.CONFLICT] * 2
    assert len(times(world)) == 10


def test_a_report_names_the_first_refused_rows_and_counts_all(world: World) -> None:
    rows = [event(f"C{number}", "soon") for number in range(MOST_REFUSED + 20)]
    report = imported(world, rows)
    assert report.total.quarantined == MOST_REFUSED + 20
    assert [bad.number for bad in report.refused] == list(range(2, MOST_REFUSED + 2))
    assert len(world.rows("SELECT * FROM quarantine")) == MOST_REFUSED + 20


def test_nothing_is_left_in_the_workspace(world: World) -> None:
    before = {path.name for path in world.folder.iterdir()}
    imported(world, [event(f"C{number}") for number in range(20)])
    assert {path.name for path in world.folder.iterdir()} - before == {"1-0.csv"}


@pytest.mark.parametrize("seed", range(5))
def test_a_dry_run_says_what_the_import_then_does(world: World, seed: int) -> None:
    drawn = random.Random(seed)

    def row() -> Row:
        number, key = drawn.choice("ABCD"), drawn.choice(["", "k1", "k2"])
        return event(number, f"2026-03-0{drawn.randrange(1, 4)}", source_key=key)

    for _ in range(3):
        events = [row() for _ in range(12)]
        facts = [
            {"case_no": drawn.choice("AB"), "handler": drawn.choice(["张", "李"])} for _ in range(4)
        ]
        before = {name: world.tuples(f"SELECT * FROM {name}") for name in TABLES}
        dry = imported(world, events, facts, dry_run=True)
        assert {name: world.tuples(f"SELECT * FROM {name}") for name in TABLES} == before
        real = imported(world, events, facts)
        assert list(dry.files.values()) == list(real.files.values())
        assert [bad.message for bad in dry.refused] == [bad.message for bad in real.refused]


WIDE = """
id: wide
title: {zh: 宽表, en: wide}
times: [standard]
tables:
  - name: requests
    recognised_by: [nr, opened, closed]
    case_no: nr
    identifying: [nr]
    events:
      - {slot: submitted, type: submitted, at: opened}
      - {slot: decided, type: decided, at: closed}
  - name: closings
    recognised_by: [nr, decided]
    case_no: nr
    identifying: [nr]
    events:
      - {slot: closing, type: decided, at: decided}
"""


def wide(world: World, *rows: Row, dry_run: bool = False) -> Counts:
    """Import rows by the mapping above."""
    mapping = world.folder / "wide.yaml"
    mapping.write_text(WIDE, encoding="utf-8")
    world.imports += 1
    path = world.folder / f"{world.imports}.csv"
    write_csv(path, rows)
    return ingest.import_files(world.context, [path], str(mapping), dry_run=dry_run).total


def request(closed: str, nr: str = "A") -> Row:
    return {"nr": nr, "opened": "2026-03-02", "closed": closed}


def test_what_a_dry_run_would_withdraw_is_withdrawn_once(world: World) -> None:
    wide(world, request("2026-03-05"), request("2026-03-05", "B"))
    others = [request("", nr) for nr in "CDE"]
    rows = [request(""), *others, request(""), request("2026-03-06", "B"), *others]
    expected = Counts(imported=5, unchanged=4)
    assert wide(world, *rows, dry_run=True) == expected
    assert wide(world, *rows, dry_run=True) == expected
    assert wide(world, *rows) == expected


def test_one_event_in_two_tables_is_one_event(world: World) -> None:
    assert wide(world, request("2026-03-05")) == Counts(imported=1)
    for dry_run in (True, False):
        again = wide(world, {"nr": "A", "decided": "2026-03-05"}, dry_run=dry_run)
        assert again == Counts(unchanged=1)
    assert len(times(world)) == 2


def test_rows_that_wait_are_tried_again_in_batches_under_their_source(world: World) -> None:
    path = world.folder / "a.csv"
    rows = [event(f"C{number}", event="welcomed") for number in range(8)]
    rows += [event("C9", event="welcomed", source_key="k"),
             event("C9", "2026-03-04", event="welcomed", source_key="k"),
             event("C8", "soon", event="welcomed"), event("C7", "soon")]  # fmt: skip
    write_csv(path, rows)
    ingest.import_files(world.context, [path], "canonical", source="hall")
    imported(world, [event("D1", event="welcomed")])
    words = world.folder / "catalogue" / "vocabulary.yaml"
    line = "  - {type: welcomed, rank: 19, zh: 接待, en: welcomed}\n"
    text = words.read_text(encoding="utf-8")
    words.write_text(text.replace("  - {type: accepted,", line + "  - {type: accepted,"), "utf-8")
    world.close()
    report = ingest.retry(world.context)
    # Two contradict each other, one has another fault now and one the same as before.
    assert report.total == Counts(imported=9, quarantined=4)
    asked = "SELECT code, count(*) FROM quarantine WHERE state = 'open' GROUP BY code ORDER BY code"
    assert world.tuples(asked) == [("bad_time", 2), ("conflict", 2)]
    sources = world.tuples("SELECT DISTINCT source FROM case_file ORDER BY source")
    assert sources == [("by-hand",), ("hall",)]
    assert world.tuples("SELECT source FROM case_file WHERE case_no = 'D1'") == [("by-hand",)]
    again = ingest.retry(world.context)
    assert again.total == Counts(quarantined=4)
    assert world.tuples(asked) == [("bad_time", 2), ("conflict", 2)]


def test_without_space_for_temporary_tables_one_line_says_so() -> None:
    made = scratch.Scratch()
    made._tables.execute("PRAGMA max_page_count = 20")
    with pytest.raises(EffmonError, match=r"could not be written: .*full") as raised:
        made.note_disputed(range(10**6))
    assert raised.value.exit_code == 70
    assert "TMPDIR" in raised.value.hint
    made.close()


def test_without_space_in_the_workspace_one_line_says_where(tmp_path: Path) -> None:
    full = Path("/dev/full")
    claims, spill = Claims(tmp_path), Spill(tmp_path)
    for one in (claims, spill):
        one._file.close()
        one._file = full.open("wb", buffering=0)
    with pytest.raises(OSError, match="No space") as raised:
        spill.put([], "x")
    assert raised.value.filename == str(tmp_path)
    with pytest.raises(OSError, match="No space") as raised:
        claims.add((0, number) for number in range(5_000))
    assert raised.value.filename == str(tmp_path)
    claims.close()
    spill.close()


NUMBERS = st.integers(0, 2**63 - 1)


@given(pairs=st.lists(st.tuples(st.integers(0, 600) | NUMBERS, st.integers(0, 2)), max_size=300))
def test_what_is_disputed_is_found_part_by_part(
    pairs: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected = {thing for thing, said in pairs if (thing, (said + 1) % 3) in pairs} | {
        thing for thing, said in pairs if (thing, (said + 2) % 3) in pairs
    }
    assert contradicted(pairs) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scratch, "_HELD", 4)
        claims = Claims(tmp_path_factory.getbasetemp())
        for start in range(0, len(pairs), 7):
            claims.add(pairs[start : start + 7])
        found = list(claims.disputed())
        claims.close()
    assert sorted(found) == sorted(expected)


def test_facts_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    event_ = EventFacts(
        case_no="A", type="suspended", occurred_at=7, precision=Precision.DAY, recorded_at=8,
        stage="审", actor="a", department="d", kind="k", amount="1 working_days", due_at=9,
        due_precision=Precision.DAY, reason="r\n", source_key="s", attributes={"x": "y"},
        identity="i",
    )  # fmt: skip
    case = CaseFacts(
        case_no="A", table="t", fields={"b": "2", "a": "1"}, blank=frozenset({"c"}),
        shared=frozenset({"a"}), told_by="row",
    )  # fmt: skip
    place = {"file": "f", "number": 7, "cells": {"号": "𠀀"}}
    facts = [
        RowFacts(sheet=None, case_no="A", case=case, events=(event_,), absent=("n",), **place),
        RowFacts(sheet="表", case_no="A", version="5", row_key="k", deleted=True, **place),
        RowFacts(
            sheet=None, case_no="",
            item=ItemFacts(item_code="S", item_version="2", fields={"a": "b"}), **place,
        ),
        Quarantined(sheet=None, refusal=Refusal.BAD_TIME, column="c", value="v", **place),
    ]  # fmt: skip
    spill = Spill(tmp_path)
    for number in range(3):
        spill.put(facts, [[number, "k"]])
    found = list(spill.batches())
    assert [batch for _, batch, _ in found] == [facts] * 3
    assert [tag for tag, _, _ in found] == [[[number, "k"]] for number in range(3)]
    assert found[-1][2] == 1
    back = found[0][1][0]
    assert isinstance(back, RowFacts)
    assert back.events[0].key == event_.key
    assert isinstance(back.events[0].precision, Precision)
    spill.close()


MEASURED = """
import json, resource, sys
from pathlib import Path
from efficiency_monitor import app
from efficiency_monitor.intake import ingest
context = app.open_context(Path(sys.argv[1]))
files = [Path(name) for name in sys.argv[2:]]
dry = ingest.import_files(context, files, "canonical", dry_run=True).total
total = ingest.import_files(context, files, "canonical").total
assert dry == total
again = ingest.retry(context).total
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([total.imported, total.quarantined, again.quarantined, peak]))
"""


def peak(folder: Path, number: int) -> float:
    """Most memory, MB, of an import of that many events: every tenth bad, every tenth disputed,
    every case with a calendar in another zone."""
    folder.mkdir()
    setup.write_settings(
        folder, name="big", zone="Asia/Shanghai", language="en", calendar="cn", packs=("national",)
    )
    context = app.open_context(folder, create=True)
    setup.record_creation(context)
    context.store.close()
    events, cases = folder / "events.csv", folder / "cases.csv"
    with events.open("w", encoding="utf-8") as file:
        file.write("case_no,event,occurred_at,source_key,reason\n")
        for n in range(number):
            day = "soon" if n % 10 == 1 else f"2026-03-{1 + n % 28:02} 10:00"
            key = f"D{n - n % 20}" if n % 10 == 3 else f"K{n}"
            file.write(f"C{n // 20:07},contacted,{day},{key},{'长' * 60}\n")
    with cases.open("w", encoding="utf-8") as file:
        file.write("case_no,calendar\n")
        file.writelines(f"C{n:07},us-federal\n" for n in range(number // 20))
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, str(folder), str(events), str(cases)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    *counts, most = json.loads(ran.stdout)
    assert counts == [number - number // 5 + number // 20, number // 5, number // 5]
    return float(most)


@pytest.mark.full
@pytest.mark.trial
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    number = length(80_000, 2)
    few, many = peak(tmp_path / "few", 10_000), peak(tmp_path / "many", number)
    assert many - few < 20, f"{few:.0f} MB for 10,000 rows, {many:.0f} MB for {number:,}"
