"""Items: which statement binds a case, as it was known; rows in versions through the real store."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from efficiency_monitor.cards import explain
from efficiency_monitor.engine.bindings import bound_view
from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.store import cases
from efficiency_monitor.terms import Level
from tests.stories.world import World, instant, write_csv

pytestmark = pytest.mark.both_engines

MAPPING = """
id: hall
title: {zh: 大厅, en: hall}
times: [standard]
tables:
  - name: cases
    recognised_by: [nr, item, accepted]
    case_no: nr
    whole: true
    fields:
      item_code: item
      item_version: ver
      item_kind: kind
      department: dept
      promised_limit: promised
      promised_due: due
    events:
      - {type: accepted, at: accepted}
    identifying: [nr]
  - name: items
    recognised_by: [code, days]
    item_code: code
    deleted: [{column: op, is: ["D"]}]
    fields:
      item_version: ver
      item_name: name
      item_kind: kind
      department: dept
      promised_limit: days
      statutory_limit: legal
  - name: steps
    recognised_by: [nr, id, at]
    case_no: nr
    source_key: id
    version: v
    deleted: [{column: op, is: ["D"]}]
    fields: {handler: who}
    events:
      - {type: stage_started, at: at}
"""
Row = Mapping[str, str]


class Hall:
    """A workspace that receives cases and items by the mapping above."""

    def __init__(self, folder: Path) -> None:
        self.world = World.made(folder / "ws", "2026-03-01 12:00")
        self.mapping = folder / "hall.yaml"
        self.mapping.write_text(MAPPING, encoding="utf-8")

    def receive(self, at: str, *rows: Row, dry_run: bool = False) -> ingest.ImportReport:
        """Import rows of one table at a time of 2026."""
        self.world.now = instant(f"2026-{at}")
        self.world.imports += 1
        path = self.world.folder / f"{self.world.imports}.csv"
        write_csv(path, rows)
        return ingest.import_files(self.world.context, [path], str(self.mapping), dry_run=dry_run)

    def record(self, known_by: str | None = None) -> CaseRecord:
        """Case A as it was known."""
        by = None if known_by is None else instant(f"2026-{known_by}")
        with self.world.context.store.reading() as connection:
            (found,) = cases.read_cases(connection, [1], known_by=by)
        return found.record

    def limit(self, known_by: str | None = None) -> str | None:
        """The promise that case A has now, or had by what was known."""
        return self.record(known_by).fields.get("promised_limit")

    def bound(self, known_by: str | None = None) -> str | None:
        """The promise that binds what began when case A came."""
        record = self.record(known_by)
        known = bound_view(record, 0) if record.versions else record
        return known.fields.get("promised_limit")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.world.close()


def case(**cells: str) -> Row:
    plain = {"nr": "A", "item": "S1", "accepted": "2026-03-02", "ver": "", "kind": "", "dept": ""}
    return {**plain, "promised": "", "due": "", **cells}


def item(days: str, **cells: str) -> Row:
    plain = {"code": "S1", "days": days, "ver": "", "name": "许可", "kind": "promised", "op": ""}
    return {**plain, "dept": "住建局", "legal": "", **cells}


def test_an_item_lends_lists_and_marks_to_its_cases(hall: Hall) -> None:
    hall.mapping = Path("canonical")
    lists = {"stage_list": "受理;审核", "fee_list": "10", "stages": "listed", "fees": "listed"}
    hall.receive("03-02 09:00", {"item_code": "S1", **lists, "remark": "x"})
    hall.receive("03-03 09:00", {"case_no": "A", "item_code": "S1", "fee_list": "none"})
    found = hall.record()
    assert dict(found.fields) == {"item_code": "S1", **lists, "fee_list": "none"}
    assert found.from_item == {"stage_list", "stages", "fees"}


def test_a_case_has_from_its_item_what_it_does_not_say_itself(hall: Hall) -> None:
    hall.receive("03-02 09:00", item("7 working_days", legal="20 working_days"))
    hall.receive("03-03 09:00", case(dept="水务局"))
    found = hall.record()
    assert dict(found.fields) == {
        "item_code": "S1", "item_name": "许可", "item_kind": "promised", "department": "水务局",
        "promised_limit": "7 working_days", "statutory_limit": "20 working_days",
    }  # fmt: skip
    assert found.from_item == {"item_name", "item_kind", "promised_limit", "statutory_limit"}
    hall.receive("03-04 09:00", case(dept="水务局", promised="3 working_days"))
    assert hall.limit() == "3 working_days"
    # A stated due instant is a limit of the case's own too.
    hall.receive("03-05 09:00", case(due="2026-03-20"))
    assert hall.limit() is None
    assert hall.record().fields["department"] == "住建局"
    assert hall.limit("03-04 08:59:59") == "7 working_days"


def test_what_was_known_of_the_item_when_the_case_came_binds_it(hall: Hall) -> None:
    hall.receive("03-01 12:00", item("5 working_days"))
    hall.receive("03-02 12:00", item("7 working_days"))
    hall.receive("03-02 12:00", case())
    hall.receive("03-03 12:00", item("9 working_days"))
    hall.receive("03-03 13:00", case(dept="水务局"))
    assert hall.bound() == "7 working_days"
    assert hall.limit() == "9 working_days", "what is shown is the newest"
    assert hall.bound("03-03 11:00") == "7 working_days"


def test_an_item_that_is_told_later_binds_as_it_was_told_first(hall: Hall) -> None:
    hall.receive("03-02 12:00", case())
    assert hall.limit() is None
    hall.receive("03-03 12:00", item("5 working_days"))
    hall.receive("03-04 12:00", item("9 working_days"))
    assert hall.bound() == "5 working_days"
    assert hall.limit("03-03 11:59:59") is None
    assert hall.limit("03-03 12:00") == "5 working_days"


def test_a_case_that_names_a_version_has_that_version(hall: Hall) -> None:
    hall.receive("03-01 12:00", item("5 working_days", ver="1"), item("6 working_days", ver="2"))
    hall.receive("03-02 12:00", case(ver="1"))
    assert hall.limit() == "5 working_days"
    # The newest of what is said of that version, however late; another version is another one.
    hall.receive("03-03 12:00", item("8 working_days", ver="1"), item("9 working_days", ver="2"))
    assert (hall.limit(), hall.limit("03-03 11:00")) == ("8 working_days", "5 working_days")
    hall.receive("03-04 12:00", case(ver="3"))
    assert hall.limit() is None
    hall.receive("03-05 12:00", item("", ver="2", op="D"), item("", ver="1", op="D"))
    hall.receive("03-06 12:00", case(ver="1"))
    assert hall.limit() is None


def test_of_several_versions_the_highest_is_meant_not_the_one_corrected_last(hall: Hall) -> None:
    hall.receive("03-01 12:00", *(item(f"{n} working_days", ver=str(n)) for n in (10, 9)))
    hall.receive("03-01 13:00", item("1 working_days", ver="9"))
    hall.receive("03-02 12:00", case())
    assert hall.limit() == "10 working_days"


def test_a_version_that_is_gone_leaves_the_place_to_the_others(hall: Hall) -> None:
    hall.receive("03-01 12:00", *(item(f"{n} working_days", ver=str(n)) for n in (2, 3)))
    hall.receive("03-01 13:00", item("", ver="3", op="D"))
    hall.receive("03-02 12:00", case())
    assert hall.limit() == "2 working_days"
    hall.receive("03-03 12:00", item("", ver="2", op="D"))
    assert hall.bound() == "2 working_days"
    assert hall.limit() is None


def test_a_new_fact_of_an_item_is_looked_at_by_the_next_scan(hall: Hall) -> None:
    world = hall.world
    hall.receive("03-02 12:00", case(), case(nr="B", item="S2"))
    world.now = instant("2026-03-20 12:00")
    world.scan()
    assert world.cards() == []
    asked = "SELECT case_no FROM case_file WHERE changed = 1"
    assert world.tuples(asked) == []
    before = world.tuples("SELECT revision FROM case_file ORDER BY id")
    report = hall.receive("03-20 13:00", item("5 working_days"))
    assert (report.total.imported, report.total.unchanged) == (1, 0)
    assert world.tuples(asked) == [("A",)]
    assert world.tuples("SELECT revision FROM case_file ORDER BY id") != before
    issued = world.scan().issued
    assert issued[Level.YELLOW] + issued[Level.RED] >= 1
    # Told again, nothing changes.
    assert hall.receive("03-20 14:00", item("5 working_days")).total.unchanged == 1
    assert world.tuples(asked) == []
    document = explain.explain(world.context, "A", as_of=world.now)
    assert document["from_item"] == ["department", "item_kind", "item_name", "promised_limit"]


def test_the_same_instants_give_the_same_findings_whatever_came_later(hall: Hall) -> None:
    hall.receive("03-01 12:00", item("5 working_days"))
    hall.receive("03-02 12:00", case())
    as_of, known_by = instant("2026-03-20 12:00"), instant("2026-03-03 12:00")
    first = explain.explain(hall.world.context, "A", as_of=as_of, known_by=known_by)
    hall.receive("03-04 12:00", item("50 working_days"))
    hall.receive("03-05 12:00", case(ver="7"), case(nr="B"))
    hall.receive("03-05 12:00", item("70 working_days", ver="7"))
    assert hall.limit() == "70 working_days"
    again = explain.explain(hall.world.context, "A", as_of=as_of, known_by=known_by)
    assert again == first


def step(version: str, **cells: str) -> Row:
    plain = {"nr": "A", "id": "g1", "at": "2026-03-02 10:00", "who": "张", "op": ""}
    return {**plain, "v": version, **cells}


def standing(hall: Hall) -> tuple[list[int], dict[str, str]]:
    found = hall.record()
    return sorted(event.occurred_at for event in found.events), dict(found.fields)


def test_versions_are_remembered_from_import_to_import(hall: Hall) -> None:
    world = hall.world
    hall.receive("03-02 12:00", step("2"))
    tables = ("case_file", "case_fact", "event", "event_withdrawal", "row_version")
    before = {name: world.tuples(f"SELECT * FROM {name}") for name in tables}
    # The row's version, and that it was this row which spoke of the case.
    assert len(before["row_version"]) == 2
    older = step("1", at="2026-02-02 10:00", who="李")
    for row in (older, step("2")):
        assert hall.receive("03-03 12:00", row).total.unchanged == 1
    assert {name: world.tuples(f"SELECT * FROM {name}") for name in tables} == before
    for dry_run in (True, False):
        report = hall.receive("03-04 12:00", step("3", who="王"), older, dry_run=dry_run)
        assert (report.total.imported, report.total.unchanged) == (1, 1)
    assert standing(hall) == ([instant("2026-03-02 10:00")], {"handler": "王"})
    hall.receive("03-05 12:00", step("4", op="D"))
    assert standing(hall) == ([], {})
    assert hall.receive("03-06 12:00", step("3")).total.unchanged == 1
    assert standing(hall) == ([], {})


def test_a_deleted_row_that_came_before_its_case_is_remembered(hall: Hall) -> None:
    assert hall.receive("03-02 12:00", step("5", op="D")).total.unchanged == 1
    assert hall.world.rows("SELECT * FROM case_file") == []
    assert hall.receive("03-03 12:00", step("4")).total.unchanged == 1
    assert hall.world.rows("SELECT * FROM case_file") == []


def test_quarantined_rows_of_such_tables_are_tried_again_by_the_mappings_path(hall: Hall) -> None:
    report = hall.receive("03-02 12:00", step("1", at="soon"), step("x", id="g2"))
    assert report.total.quarantined == 2
    hall.receive("03-02 12:00", item("7 Tage"), item("8 working_days", code="S9"))
    hall.receive("03-03 12:00", step("2", who="王"))
    wider = MAPPING.replace("times: [standard]", "times: [standard]\nunits: {Tage: working_days}")
    hall.mapping.write_text(wider, encoding="utf-8")
    report = ingest.retry(hall.world.context)
    assert (report.total.imported, report.total.unchanged) == (1, 0)
    assert report.total.quarantined == 2
    # Of the steps one has been overtaken by now; the other has still no version.
    wider = wider.replace("type: stage_started, at: at}", "type: stage_started, at: when}")
    hall.mapping.write_text(wider, encoding="utf-8")
    report = ingest.retry(hall.world.context)
    assert (report.total.imported, report.total.unchanged, report.total.quarantined) == (0, 1, 1)
