"""What SQLite would take and PostgreSQL refuses is taken or refused alike on both."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.people import people as people_service
from tests.stories.world import PEOPLE, World, instant, write_csv

pytestmark = pytest.mark.both_engines
#: Hardly compressed: an index row of PostgreSQL ends at 2,704 bytes after compression.
LONG = "".join(random.Random(1).choices([chr(n) for n in range(0x4E00, 0x9FA5)], k=10_000))
CASE = {
    "item_kind": "promised",
    "department": "住建局",
    "promised_limit": "3 working_days",
    "calendar": "town",
}


@pytest.fixture
def world(database_engine: str, tmp_path: Path) -> Iterator[World]:
    """A workspace with people and no case."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(PEOPLE)
    yield made
    made.close()


def refused(world: World) -> list[tuple[object, ...]]:
    """Rows in quarantine: row, column and why."""
    return world.tuples('SELECT "row", "column", code FROM quarantine ORDER BY id')


def test_hostile_texts_in_columns_that_are_looked_up(world: World) -> None:
    rows = [
        {**CASE, "case_no": "A\0B"},
        {**CASE, "case_no": LONG},
        {**CASE, "case_no": "item", "item_code": LONG},
        {**CASE, "case_no": "version", "item_code": "S", "item_version": LONG},
        {**CASE, "case_no": "nul", "applicant": "a\0b"},
        {**CASE, "case_no": "long but looked up by nobody", "applicant": LONG},
    ]
    report = world.receive("cases", rows)
    assert refused(world) == [
        (2, "case_no", "nul"),
        (3, "case_no", "bad_case_no"),
        (4, "item_code", "over_long"),
        (5, "item_version", "over_long"),
        (6, "applicant", "nul"),
    ]
    assert (report.total.read, report.total.quarantined) == (6, 5)


def test_a_stage_that_is_long(world: World) -> None:
    """Clocks that run per stage are known by it."""
    world.receive("cases", [{**CASE, "case_no": "A"}])
    event = {"case_no": "A", "event": "stage_started", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [{**event, "stage": LONG}, {**event, "stage": "审查", "reason": LONG}])
    assert refused(world) == [(2, "stage", "over_long")]
    world.now = instant("2026-03-20 09:00")
    world.scan()


def test_a_persons_id_that_is_long(world: World) -> None:
    path = world.folder / "long.csv"
    row = {"name": "李", "role": "head", "channel": "file", "address": "x", "department": ""}
    write_csv(path, [{**row, "person_id": LONG}, {**row, "person_id": "li"}])
    report = people_service.import_people(world.context, path)
    assert [problem.code for problem in report.problems] == ["over_long"]
    assert world.tuples("SELECT DISTINCT person_id FROM person") == [("li",)]


def test_texts_are_sorted_by_their_code_points(world: World) -> None:
    numbers = ["a", "B", "b", "A", "é", "z", "一", "龥", "a-1", "a 1", "a1", "_", "😀", "ﬀ"]
    world.receive("cases", [{**CASE, "case_no": number} for number in numbers])
    asked = "SELECT case_no FROM case_file ORDER BY case_no"
    assert [row[0] for row in world.tuples(asked)] == sorted(numbers)


def test_numbers_beyond_32_bits(world: World) -> None:
    """Ids of clocks grow with every scan; versions of rules are what their authors write."""
    world.receive("cases", [{**CASE, "case_no": "A"}])
    world.receive(
        "events", [{"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    world.now = instant("2026-03-20 09:00")
    world.scan()
    for statement in (
        "UPDATE card SET rule_version = 202611270930",
        "UPDATE clock SET id = id + 5000000000",
        "UPDATE case_file SET revision = 5000000000",
    ):
        assert world.change(statement)
    world.scan()
    assert world.tuples("SELECT DISTINCT rule_version FROM card") == [(202611270930,)]


def test_gaps_in_ids_do_not_matter(world: World) -> None:
    """A transaction that is taken back leaves a gap in PostgreSQL's ids and none in SQLite's."""

    def taken_back() -> None:
        with world.context.store.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO case_file (case_no, source, owner, calendar, default_calendar,"
                " revision, changed, troubles, open, waits, contested)"
                " VALUES ('gone', '', '', '', '', 1, 1, '[]', 1, 0, '[]')"
            )
            raise ConfigurationError("not so")

    event = {"event": "accepted", "occurred_at": "2026-03-02 10:00"}
    for number in ("A", "B"):
        with pytest.raises(ConfigurationError, match="not so"):
            taken_back()
        world.receive("events", [{**event, "case_no": number}])
    world.now = instant("2026-03-20 09:00")
    world.scan()
    assert world.tuples("SELECT case_no FROM case_file ORDER BY id") == [("A",), ("B",)]
    assert world.sound()
