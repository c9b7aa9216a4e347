"""What was received and when: read again as it was known, and never twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.store import cases
from tests.stories.world import World, instant, town

pytestmark = pytest.mark.both_engines

Row = dict[str, str]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty workspace."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    yield made
    made.close()


def receive(world: World, at: str, kind: str, *rows: Row) -> ingest.ImportReport:
    """Import rows at a time."""
    world.now = instant(at)
    return world.receive(kind, rows)


def record(world: World, known_by: str | None = None) -> CaseRecord | None:
    """Case A as it was known, None if it was not."""
    with world.context.store.reading() as connection:
        found = cases.read_cases(
            connection,
            cases.all_case_ids(connection),
            known_by=None if known_by is None else instant(known_by),
        )
    return next((case.record for case in found if case.record.case_no == "A"), None)


def said(found: CaseRecord | None) -> list[str]:
    """Events of a case as type and key column."""
    assert found is not None
    return [f"{event.type} {event.kind or '-'}" for event in found.events]


ACCEPTED = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
HEARING = {
    "case_no": "A", "event": "suspended", "occurred_at": "2026-03-03 10:00", "source_key": "h1",
}  # fmt: skip


def test_a_case_is_read_as_it_was_known(world: World) -> None:
    receive(world, "2026-03-02 12:00", "events", ACCEPTED)
    receive(
        world, "2026-03-03 12:00", "cases", {"case_no": "A", "promised_limit": "3 working_days"}
    )
    receive(world, "2026-03-04 12:00", "events", {**HEARING, "kind": "hearing"})
    receive(world, "2026-03-05 12:00", "events", {**HEARING, "kind": "tender"})
    receive(
        world, "2026-03-06 12:00", "cases", {"case_no": "A", "promised_limit": "5 working_days"}
    )

    assert record(world, "2026-03-02 11:59:59") is None
    first = record(world, "2026-03-02 12:00:00")
    assert (said(first), dict(first.fields) if first else None) == (["accepted -"], {})
    limited = record(world, "2026-03-03 12:00:00")
    assert limited is not None
    assert limited.fields == {"promised_limit": "3 working_days"}
    assert said(record(world, "2026-03-05 11:59:59")) == ["accepted -", "suspended hearing"]
    assert said(record(world, "2026-03-05 12:00:00")) == ["accepted -", "suspended tender"]
    latest = record(world)
    assert latest is not None
    assert latest.fields == {"promised_limit": "5 working_days"}
    assert record(world, "2026-03-06 12:00:00") == latest


def test_a_calendar_that_is_named_later_was_not_the_one_before(world: World) -> None:
    world.calendar("village", town(name="village"))
    receive(world, "2026-03-02 12:00", "events", ACCEPTED)
    receive(world, "2026-03-03 12:00", "cases", {"case_no": "A", "calendar": "village"})
    receive(world, "2026-03-04 12:00", "cases", {"case_no": "A", "handler": "张", "calendar": ""})
    by = {
        day: found.calendar if (found := record(world, f"2026-03-{day} 12:00:00")) else None
        for day in ("02", "03", "04")
    }
    assert by == {"02": "town", "03": "village", "04": "town"}
    asked = "SELECT calendar, default_calendar FROM case_file"
    assert world.tuples(asked) == [("town", "town")]


def test_content_that_comes_back_is_its_next_generation(world: World) -> None:
    hearing, tender = {**HEARING, "kind": "hearing"}, {**HEARING, "kind": "tender"}
    for day, row in enumerate([hearing, tender, hearing, tender, hearing], start=2):
        report = receive(world, f"2026-03-{day:02} 12:00", "events", row)
        assert (report.total.imported, report.total.unchanged) == (1, 0)
        assert said(record(world)) == [f"suspended {row['kind']}"]
    stored = world.rows("SELECT kind, generation, event_key FROM event ORDER BY id")
    assert [(row["kind"], row["generation"]) for row in stored] == [
        ("hearing", 0), ("tender", 0), ("hearing", 1), ("tender", 1), ("hearing", 2),
    ]  # fmt: skip
    assert len({row["event_key"] for row in stored}) == 2
    assert len(world.rows("SELECT * FROM event_withdrawal")) == 4
    assert receive(world, "2026-03-09 12:00", "events", hearing).total.unchanged == 1
    for day, kind in ((2, "hearing"), (3, "tender"), (4, "hearing"), (5, "tender")):
        assert said(record(world, f"2026-03-{day:02} 18:00")) == [f"suspended {kind}"]


def test_the_same_files_twice_change_nothing(world: World) -> None:
    rows = [ACCEPTED, {**HEARING, "kind": "hearing"}]
    receive(world, "2026-03-04 12:00", "events", *rows)
    tables = ("case_file", "case_fact", "event", "event_withdrawal")
    before = {name: world.tuples(f"SELECT * FROM {name}") for name in tables}
    report = receive(world, "2026-03-05 12:00", "events", *rows)
    assert (report.total.imported, report.total.unchanged) == (0, 2)
    assert before == {name: world.tuples(f"SELECT * FROM {name}") for name in tables}


def test_two_imports_in_one_second_are_two(world: World) -> None:
    path = world.folder / "a.csv"
    path.write_text("case_no,event,occurred_at\nA,accepted,2026-03-02 10:00\n", encoding="utf-8")
    first = ingest.import_files(world.context, [path], "canonical")
    second = ingest.import_files(world.context, [path], "canonical")
    assert first.import_id != second.import_id
    done = [entry["import"] for entry in world.entries() if entry["type"] == "import.done"]
    assert done == [first.import_id, second.import_id]


def test_a_clock_that_was_set_back_does_not_bring_old_fields_back(world: World) -> None:
    receive(world, "2026-03-04 12:00", "cases", {"case_no": "A", "handler": "张"})
    receive(world, "2026-03-03 12:00", "cases", {"case_no": "A", "handler": "李"})
    found = record(world)
    assert found is not None
    assert found.fields == {"handler": "李"}


def test_what_is_retried_is_on_record(world: World) -> None:
    receive(world, "2026-03-02 12:00", "events", {**ACCEPTED, "event": "welcomed"})
    assert len(world.rows("SELECT * FROM quarantine WHERE state = 'open'")) == 1
    words = world.folder / "catalogue" / "vocabulary.yaml"
    text = words.read_text(encoding="utf-8")
    line = "  - {type: welcomed, rank: 19, zh: 接待, en: welcomed}\n"
    words.write_text(text.replace("  - {type: accepted,", line + "  - {type: accepted,"), "utf-8")
    world.close()
    report = ingest.retry(world.context)
    assert (report.total.imported, report.total.quarantined) == (1, 0)
    assert said(record(world)) == ["welcomed -"]
    assert world.entries()[-1]["type"] == "import.done"
    assert world.entries()[-1]["import"] == report.import_id
    (row,) = world.rows("SELECT * FROM import_run WHERE id = ?", report.import_id)
    assert row["finished_at"] is not None
    assert world.rows("SELECT * FROM quarantine WHERE state = 'open'") == []
    assert ingest.retry(world.context).total.read == 0


def due(world: World, as_of: str) -> list[int]:
    """Cases that a scan would look at."""
    with world.context.store.reading() as connection:
        return cases.to_judge(connection, instant(as_of))


def test_a_scan_looks_at_what_is_due_or_changed_and_at_nothing_else(world: World) -> None:
    receive(world, "2026-03-02 12:00", "events", ACCEPTED, {**ACCEPTED, "case_no": "B"})
    receive(
        world, "2026-03-02 12:00", "cases",
        {"case_no": "A", "item_kind": "promised", "promised_limit": "3 working_days"},
        {"case_no": "B", "item_kind": "promised", "promised_limit": "6 working_days"},
    )  # fmt: skip
    assert due(world, "2026-03-02 12:00") == [1, 2]
    world.scan()
    # The warnings fall due when 4 and 9 March end.
    assert due(world, "2026-03-04 23:59:59") == []
    assert due(world, "2026-03-05 00:00:00") == [1]
    assert due(world, "2026-03-10 00:00:00") == [1, 2]
    receive(world, "2026-03-03 12:00", "cases", {"case_no": "B", "handler": "张"})
    assert due(world, "2026-03-03 12:00") == [1, 2][1:]
    # Never as of an instant before the last judgement: that would take cards back.
    world.scan()
    receive(world, "2026-03-04 12:00", "cases", {"case_no": "B", "handler": "李"})
    assert due(world, "2026-03-03 11:59:59") == []
    assert due(world, "2026-03-03 12:00:00") == [2]


def test_a_case_is_judged_once_as_of_an_instant(world: World) -> None:
    """A clock that says it was due before that very judgement cannot keep a scan going for ever."""
    receive(world, "2026-03-02 12:00", "events", ACCEPTED)
    receive(world, "2026-03-02 12:00", "cases", {"case_no": "A", "item_kind": "promised"})
    world.scan()
    world.change("UPDATE clock SET next_at = 0")
    assert due(world, "2026-03-02 12:00:00") == []
    assert due(world, "2026-03-02 12:00:01") == [1]


@pytest.mark.sqlite_only
def test_asking_what_is_due_costs_what_is_due(world: World) -> None:
    """Both halves of the question stand in indexes that hold only what is due or changed."""
    receive(world, "2026-03-02 12:00", "events", ACCEPTED)
    asked: list[tuple[str, object]] = []

    @event.listens_for(world.context.store.engine, "before_cursor_execute")
    def _keep(_1: object, _2: object, statement: str, values: object, *_rest: object) -> None:
        asked.append((statement, values))

    due(world, "2026-03-05 12:00")
    statement, values = next(entry for entry in asked if entry[0].startswith("SELECT"))
    with world.context.store.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
    steps = " | ".join(str(row[3]) for row in plan)
    assert "ix_case_file_changed" in steps
    assert "ix_clock_next_at" in steps
    # Read through, but only as far as the partial index goes: it holds what changed.
    steps = steps.replace("SCAN case_file USING COVERING INDEX ix_case_file_changed", "")
    assert "SCAN case_file" not in steps
    assert "SCAN clock" not in steps


def test_a_source_is_named_and_what_it_brings_is_its_own(world: World) -> None:
    path = world.folder / "a.csv"
    lines = ["A,accepted,2026-03-02 10:00", "B,accepted,2026-03-02 10:00", "C,accepted,soon"]
    path.write_text("\n".join(["case_no,event,occurred_at", *lines, ""]), encoding="utf-8")
    report = ingest.import_files(world.context, [path], "canonical", source="hall")
    assert report.total.quarantined == 1
    assert {row["source"] for row in world.rows("SELECT source FROM case_file")} == {"hall"}
    receive(world, "2026-03-03 12:00", "events", {**ACCEPTED, "case_no": "D"})
    assert world.tuples("SELECT source FROM case_file WHERE case_no = 'D'") == [("by-hand",)]
