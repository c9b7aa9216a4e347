"""Rows that no import brought lift no card and hide none: the scan names them, and ends with 3."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake import ingest
from efficiency_monitor.ledger import book as ledger_book
from tests.matters.stage import run
from tests.stories.world import World, instant, write_csv

pytestmark = pytest.mark.both_engines

CASE = {
    "item_kind": "promised", "department": "住建局", "handler": "张经办",
    "promised_limit": "3 working_days", "statutory_limit": "4 working_days",
}  # fmt: skip
INPUT = ("case_file", "case_fact", "event", "event_withdrawal", "item_fact")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A has a yellow and a red card; C is running still, D has been decided in time."""
    made = World.made(tmp_path / "ws", "2026-03-09 09:00")
    made.people([
        {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
        {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    ])  # fmt: skip
    made.receive("cases", [{"case_no": number, **CASE} for number in "ABCD"])
    made.receive(
        "events",
        [
            {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
            {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-03 10:00"},
            {"case_no": "C", "event": "accepted", "occurred_at": "2026-03-09 08:00"},
            {"case_no": "D", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
            {"case_no": "D", "event": "decided", "occurred_at": "2026-03-03 10:00"},
        ],
    )
    made.scan()
    _triggers_gone(made)
    yield made
    made.close()


def _triggers_gone(world: World) -> None:
    """What the owner of the database can do."""
    for table in ("event", "event_withdrawal", "case_fact", "item_fact"):
        for verb in ("update", "delete"):
            world.change(f"DROP TRIGGER {table}_no_{verb}")


def scanned(world: World) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a scan; the workspace's clock is the machine's."""
    ran = run(world, "scan --output json")
    return ran.code, json.loads(ran.out)


def named(document: dict[str, Any]) -> dict[str, list[str]]:
    """Cases by the table of which the scan says something."""
    found: dict[str, list[str]] = {}
    for each in document["input_not_held"]:
        found.setdefault(each["table"], []).extend(each["cases"])
    return {table: sorted(set(numbers)) for table, numbers in found.items()}


def faults(world: World) -> list[str]:
    """What `ledger verify` says of rows."""
    with world.context.store.reading() as connection:
        return list(
            ledger_book.examine(world.context, connection, everything=False, masked=False)["rows"]
        )


def cards(world: World) -> list[str]:
    return [card for card in world.cards() if card.startswith("A ")]


def levels(world: World, case_no: str) -> set[str]:
    return {card.split()[2] for card in world.cards() if card.startswith(f"{case_no} ")}


#: A decision in time as the next row, with a key as the product makes it and without.
APPENDED = (
    "INSERT INTO event (id, case_id, event_key, generation, identity, type, occurred_at,"
    " precision, received_at, due_precision, attributes, import_id, source, wall, unplaced)"
    " SELECT (SELECT max(id) + 1 FROM event), case_id, 'forged', 0, 'forged', 'decided',"
    " occurred_at + 60, precision, received_at, due_precision, attributes, import_id, source, wall,"
    " unplaced FROM event WHERE type = 'accepted' AND case_id = 1"
)
CHANGED = "UPDATE case_file SET changed = 1, revision = revision + 1 WHERE id = 1"


LIMITS = (
    "INSERT INTO case_fact (id, case_id, digest, fields, received_at, import_id, source)"
    " SELECT"
    " (SELECT max(id) + 1 FROM case_fact), case_id, digest, replace(replace(fields,"
    " '3 working_days', '500 working_days'), '4 working_days', '900 working_days'),"
    " received_at, import_id, source FROM case_fact WHERE case_id = 1"
)
WITHDRAWN = (
    "INSERT INTO event_withdrawal (event_id, received_at, import_id, number) SELECT id,"
    " received_at, import_id, 1 FROM event WHERE type = 'accepted' AND case_id = 1"
)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        (APPENDED, "event"),
        (LIMITS, "case_fact"),
        (WITHDRAWN, "event_withdrawal"),
        ("UPDATE event SET occurred_at = occurred_at + 864000 WHERE id = 1", "event"),
        ("DELETE FROM event WHERE id = 1", "event"),
        ("UPDATE case_fact SET fields = replace(fields, '4 work', '90 work')", "case_fact"),
        ("UPDATE event SET import_id = 'I-0000000000000000' WHERE id = 1", "event"),
    ],
    ids=["decided", "limits", "withdrawn", "later", "deleted", "longer", "import"],
)
def test_rows_that_no_import_brought_lift_no_card(world: World, statement: str, table: str) -> None:
    before = cards(world)
    assert "A CASE red open" in before
    assert faults(world) == []
    assert world.change(statement) >= 1
    by_verify = faults(world)
    assert world.change(CHANGED) == 1
    for _ in range(2):
        code, document = scanned(world)
        assert cards(world) == before
        assert code == 3
        assert table in named(document)
        assert any(f"table {table}" in fault for fault in faults(world))
    assert any(f"table {table}" in fault for fault in by_verify)
    assert document["cards"]["lifted"] == 0
    spans = [set(entry.get("spans", {})) for entry in world.entries()]
    assert not any(each & set(INPUT) for each in spans)


def test_a_case_is_judged_again_when_the_rows_are_as_they_were(world: World) -> None:
    before = cards(world)
    world.change(APPENDED)
    world.change(CHANGED)
    code, document = scanned(world)
    assert (code, named(document)) == (3, {"event": ["A"]})
    assert {problem["reason"] for problem in document["problems"]} == {"input_not_held"}
    ran = run(world, "scan")
    assert ran.code == 3
    (line,) = [line for line in ran.err.splitlines() if "table event" in line]
    assert "(1 cases not judged: A)" in line
    world.change("DELETE FROM event WHERE event_key = 'forged'")
    code, document = scanned(world)
    assert (code, named(document), cards(world)) == (0, {}, before)
    assert faults(world) == []


def test_a_clock_that_was_taken_away_hides_no_case(world: World) -> None:
    assert world.change("DELETE FROM clock WHERE case_id = 3") > 0
    assert any("C" in fault and "clock" in fault for fault in faults(world))
    world.now = instant("2026-03-20 09:00")
    code, document = scanned(world)
    assert levels(world, "C") == {"red", "yellow", "warning"}
    assert (code, document["clocks_restored"]) == (3, ["C"])
    (entry,) = [entry for entry in world.entries() if entry["type"] == "clocks.restored"]
    assert entry["cases"] == ["C"]
    code, document = scanned(world)
    assert (code, document["clocks_restored"], faults(world)) == (0, [], [])


def test_a_clock_that_was_put_off_wakes_its_case(world: World) -> None:
    world.change("UPDATE clock SET next_at = next_at + 864000 WHERE case_id = 3")
    world.now = instant("2026-03-20 09:00")
    code, document = scanned(world)
    assert levels(world, "C") == {"red", "yellow", "warning"}
    assert (code, document["clocks_restored"]) == (3, ["C"])


def test_what_an_import_brought_is_judged_whatever_its_case_says(world: World) -> None:
    late = {"case_no": "B", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [late])
    world.change("UPDATE case_file SET changed = 0, open = 0 WHERE case_no = 'B'")
    world.scan()
    assert "red" in levels(world, "B")


def test_a_case_that_was_closed_by_hand_is_named_by_verify(world: World) -> None:
    world.change("UPDATE case_file SET open = 0 WHERE case_no = 'C'")
    assert any("'C'" in fault for fault in faults(world))


def _brought(world: World, name: str, case_no: str, then: Callable[[], None]) -> None:
    """Import four events in batches of one; something happens after the first."""
    path = world.folder / name
    events = [
        {"case_no": case_no, "event": "contacted", "occurred_at": f"2026-03-06 1{hour}:00"}
        for hour in range(4)
    ]
    write_csv(path, events)
    told: list[int] = []

    def progress(rows: int) -> None:
        told.append(rows)
        if len(told) == 1:
            then()

    ingest.import_files(world.context, [path], "canonical", progress=progress)


def test_imports_that_run_at_once_hold_each_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 1)
    _brought(world, "1.csv", "B", lambda: _brought(world, "2.csv", "C", lambda: None))
    done = [entry for entry in world.entries() if entry["type"] == "import.done"]
    outer, inner = done[-1]["rows"]["event"], done[-2]["rows"]["event"]  # type: ignore[index]
    assert outer["first"] < inner["first"] < inner["last"] < outer["last"]
    assert [outer["count"], inner["count"]] == [4, 4]
    assert faults(world) == []
    code, document = scanned(world)
    assert (code, document["input_not_held"]) == (0, [])
    # In the room between two of its rows, under its name.
    world.change("DELETE FROM event WHERE id = ?", inner["last"])
    world.change(
        "UPDATE event SET import_id = (SELECT import_id FROM event WHERE id = ?) WHERE id = ?",
        outer["first"], inner["first"],
    )  # fmt: skip
    world.mark_all_changed()
    code, document = scanned(world)
    assert code == 3
    assert {"B", "C"} <= set(named(document)["event"])


def test_an_import_that_another_has_ended_writes_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 1)
    with pytest.raises(EffmonError, match="another import of the same files has ended"):
        _brought(world, "1.csv", "B", lambda: _brought(world, "1.csv", "B", lambda: None))
    assert faults(world) == []
    code, document = scanned(world)
    assert (code, document["input_not_held"]) == (0, [])


def test_an_import_that_stopped_before_its_entry_is_no_input(world: World) -> None:
    def killed(_rows: int) -> None:
        raise KeyboardInterrupt

    path = world.folder / "late.csv"
    write_csv(path, [{"case_no": "A", "event": "decided", "occurred_at": "2026-03-03 11:00"}])
    before = cards(world)
    with pytest.raises(KeyboardInterrupt):
        ingest.import_files(world.context, [path], "canonical", progress=killed)
    # Whoever says for it that it has ended is found as well.
    world.change("UPDATE import_run SET finished_at = received_at WHERE finished_at IS NULL")
    code, document = scanned(world)
    assert (code, cards(world)) == (3, before)
    assert {problem["case_no"]: problem["reason"] for problem in document["problems"]} == {
        "A": "half_import"
    }
    assert any("import_run" in fault for fault in faults(world))


@pytest.mark.sqlite_only
def test_a_ledger_that_lacks_its_end_does_not_say_that_none_is_bad(world: World) -> None:
    world.change("DROP TRIGGER ledger_entry_no_delete")
    world.change("DELETE FROM ledger_entry WHERE seq = (SELECT max(seq) FROM ledger_entry)")
    ran = run(world, "ledger verify")
    assert ran.code == 1
    assert "None" not in ran.out + ran.err
    assert "entries are missing at its end" in ran.err
