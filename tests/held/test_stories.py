"""What is lawful raises no alarm; what is not is named: the card, the rows, the text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.intake import ingest
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import row_commitments as binding
from efficiency_monitor.ledger.checks import held_checks
from efficiency_monitor.scan import nights, scan
from tests.stories.world import World, instant, write_csv
from tests.tallies.test_tally_stories import town

pytestmark = pytest.mark.both_engines

CASE = {
    "item_kind": "promised", "department": "住建局", "handler": "张经办",
    "promised_limit": "3 working_days", "statutory_limit": "4 working_days",
}  # fmt: skip
BEGUN = {"event": "accepted", "occurred_at": "2026-03-02 10:00"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A is late and has a red card; B has none."""
    made = World.made(tmp_path / "ws", "2026-03-09 09:00")
    made.people(
        [
            {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
            {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
        ]
    )
    made.receive("cases", [{"case_no": "A", **CASE}, {"case_no": "B", "department": "住建局"}])
    made.receive(
        "events", [{"case_no": "A", "source_key": "k", **BEGUN}, {"case_no": "B", **BEGUN}]
    )
    made.scan()
    yield made
    made.close()


def test_a_slot_caught_up_after_an_import_goes_on_where_it_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 1)
    made = World.made(tmp_path / "ws", "2026-03-09 00:00")
    slot = instant("2026-03-09 02:10")
    made.now = instant("2026-03-09 09:00")
    names = [f"C{number}" for number in range(5)]
    made.receive("cases", [{"case_no": name, **CASE} for name in names])
    made.receive("events", [{"case_no": name, **BEGUN} for name in names])

    def broken_off(_judged: int) -> None:
        raise KeyboardInterrupt

    left = []
    for _ in names:
        made.now += 60
        with pytest.raises(KeyboardInterrupt):
            nights.run_due(
                made.context, dict, lambda _since, _now: ((slot,), ()),
                new_id=app.run_id, turn=lambda: 0, progress=broken_off,
            )  # fmt: skip
        left += made.tuples("SELECT COUNT(*) FROM case_file WHERE changed = 1")
    assert left == [(4,), (3,), (2,), (1,), (0,)]

    # What is put to rest past effmon meanwhile is judged all the same.
    made.change("UPDATE case_file SET changed = 0, judged_as_of = NULL WHERE case_no = 'C3'")
    made.now += 60
    nights.run_due(
        made.context, dict, lambda _since, _now: ((slot,), ()), new_id=app.run_id, turn=lambda: 0
    )
    assert made.tuples("SELECT COUNT(*) FROM case_file WHERE judged_as_of IS NULL") == [(0,)]
    made.close()


def faults(world: World, *, masked: bool = False) -> list[str]:
    with world.context.store.reading() as connection:
        found = held_checks.check(connection, masked=masked)
        told = ledger_book.examine(world.context, connection, everything=False, masked=masked)
    assert told["sound"] is not bool(found)
    return found


def tampered(world: World, table: str, statement: str) -> list[str]:
    """The faults after a statement of the owner, who takes the trigger away."""
    if table in ("event", "case_fact", "card_entry", "account_entry", "event_withdrawal"):
        world.change(f"DROP TRIGGER {table}_no_update")
    assert world.change(statement) > 0
    return faults(world)


def test_what_comes_late_is_no_alarm(world: World) -> None:
    card = world.card("A CASE red")
    world.now += 3600
    world.receive("events", [{"case_no": "A", "source_key": "k", **BEGUN, "actor": "张经办"}])
    world.receive("cases", [{"case_no": "A", **CASE, "region": "城关"}])
    # A clock that was set back makes no row older than the card.
    world.now -= 86400
    late = {"case_no": "A", "event": "correction_requested", "occurred_at": "2026-03-02 11:00"}
    world.receive("events", [late])
    assert faults(world) == []
    world.now += 7 * 86400
    world.scan()
    assert faults(world) == []
    (fault, *_) = tampered(
        world, "event_withdrawal", "UPDATE event_withdrawal SET number = 0 WHERE number = 1"
    )
    assert fault.startswith(f"card {card}: the facts that it rests on")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE event SET occurred_at = occurred_at + 1 WHERE case_id = 1",
            "events that it",
        ),
        ("UPDATE event SET event_key = 'x' WHERE case_id = 1", "the facts that it rests on"),
        ("UPDATE case_file SET case_no = 'C' WHERE case_no = 'A'", "the facts that it rests on"),
    ],
)
def test_a_card_whose_facts_were_changed_is_named(world: World, statement: str, said: str) -> None:
    card = world.card("A CASE red")
    found = tampered(world, statement.split()[1], statement)
    assert any(fault.startswith(f"card {card}: {said}") for fault in found), found


def test_events_without_a_card_are_held_by_their_import(world: World) -> None:
    last = len(world.entries())
    found = tampered(
        world, "event", "UPDATE event SET occurred_at = occurred_at + 1 WHERE case_id = 2"
    )
    done = [entry for entry in world.entries() if entry["type"] == "import.done"]
    (entry,) = [entry for entry in done if "event" in entry["rows"]]
    said = f"table event, import {entry['import']}: the rows are not those that its entry holds"
    assert found == [f"{said} (entry {entry['seq']} of the ledger)"]
    assert int(str(entry["seq"])) < last


def test_a_record_that_grows_has_an_entry_each_time(world: World) -> None:
    before = len(_records(world))
    for day in ("2026-03-10", "2026-03-12"):
        world.now = instant(f"{day} 09:00")
        world.mark_all_changed()
        world.scan()
        assert faults(world) == []
    assert len(_records(world)) > before
    card = world.card("A CASE red")
    found = tampered(
        world, "accountability", "UPDATE accountability SET charged_seconds = 0 WHERE place = 0"
    )
    said = "organs, times or what is charged are not what the ledger says"
    assert f"the record of {card}: {said}" in found


def _records(world: World) -> list[dict[str, object]]:
    return [entry for entry in world.entries() if entry["type"] == "accountability.recorded"]


def test_a_reply_that_was_rewritten(world: World) -> None:
    card = world.card("A CASE red")
    world.answer("replied", card, "li", "已办")
    assert faults(world) == []
    # No span holds it yet: the commitment in its entry does.
    assert tampered(
        world, "card_entry", "UPDATE card_entry SET text = '未办' WHERE kind = 'replied'"
    ) == [f"card_entry {card} replied: its text is not what the ledger says"]


def test_a_role_that_is_not_shown_texts_says_so(world: World) -> None:
    world.answer("replied", world.card("A CASE red"), "li", "已办")
    world.scan()
    world.change("DROP TRIGGER card_entry_no_update")
    world.change("UPDATE card_entry SET text = '***'")
    world.change("UPDATE card SET handler = '***'")
    world.change("UPDATE accountability SET holder = '***'")
    with world.context.store.reading() as connection:
        assert held_checks.check(connection, masked=True) == []
    assert held_checks.not_checked(masked=False) == []
    (said,) = held_checks.not_checked(masked=True)
    assert said.startswith("not checked, for this role is shown neither personal data nor salts")
    assert "card_entry" in said


def test_rows_of_an_import_that_broke_off_are_no_input(world: World) -> None:
    def stop(_rows: int) -> None:
        raise KeyboardInterrupt

    path = world.folder / "cases.csv"
    write_csv(path, [{"case_no": "T", "department": "交通局"}])
    with pytest.raises(KeyboardInterrupt):
        ingest.import_files(world.context, [path], "canonical", progress=stop)
    assert world.rows("SELECT id FROM case_file WHERE case_no = 'T'")
    world.receive("cases", [{"case_no": "U", "department": "交通局"}])
    reasons = {case_no: reason for case_no, _, reason, _ in world.scan().problems}
    assert reasons["T"] == "half_import"
    assert faults(world) == []
    ingest.import_files(world.context, [path], "canonical")
    assert "T" not in {problem[0] for problem in world.scan().problems if "half" in problem[2]}
    assert faults(world) == []
    took_up = [entry for entry in world.entries() if "taken_up_by" in entry]
    assert [entry["type"] for entry in took_up] == ["import.done"]
    said = f"table case_fact, import {took_up[0]['import']}: the rows are not those"
    changed = "UPDATE case_fact SET digest = 'x' WHERE case_id = 3"
    assert any(fault.startswith(said) for fault in tampered(world, "case_fact", changed))


def test_a_mark_that_was_moved_shows_in_the_next_entry(world: World) -> None:
    world.change("UPDATE meta SET value = '{}' WHERE name = ?", binding.MARK)
    world.receive("cases", [{"case_no": "C", "department": "住建局"}])
    assert any("do not follow those before" in fault for fault in faults(world))


def test_what_another_entry_has_held_meanwhile_is_held_once(world: World) -> None:
    bound = binding.pending_spans(world.context)
    world.receive("cases", [{"case_no": "D", "department": "住建局"}])
    store = world.context.store
    with store.writing() as connection:
        fresh = binding.commit_spans(world.context, connection, bound)
        assert "case_fact" not in fresh.get("spans", {})  # type: ignore[operator]
        assert set(binding.Bound(connection).spans) <= {"ledger_entry"}


def test_commands_are_held_by_the_next_scan(world: World) -> None:
    from efficiency_monitor.ops.audit import Command

    for number in range(3):
        command = Command(path=f"cards show {number}", exit_code=0, took=1)
        app.record_command(world.folder, world.context.settings, None, command)
    world.mark_all_changed()
    world.scan()
    assert faults(world) == []
    world.change("DROP TRIGGER command_record_no_delete")
    world.change("DELETE FROM command_record WHERE id = 2")
    (fault,) = faults(world)
    assert fault.startswith("table command_record, rows 1 to 3: there are 2, entry ")
    assert fault.endswith("of the ledger says 3")


def test_an_entry_that_is_filed_under_another_fact(world: World) -> None:
    card = world.card("A CASE red")
    world.change("DROP TRIGGER ledger_entry_no_update")
    world.change(
        "UPDATE ledger_entry SET fact = 'card.issued/R-NONE' WHERE fact = ?", f"card.issued/{card}"
    )
    found = ledger_book.verify(world.context, everything=True)
    assert any("files it under another fact" in fault for fault in found["checkpoints"])


def test_a_retry_from_the_quarantine_is_held_as_an_import_is(world: World) -> None:
    world.receive("events", [{"case_no": "B", "event": "nonsense", "occurred_at": "never"}])
    ingest.retry(world.context)
    assert faults(world) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE card_sum SET content = '{}'", "what its tally was made of is not what it was"),
        ("UPDATE card_sum SET card_no = 'R-NONE'", "what its tally was made of is gone"),
        ("DELETE FROM card_sum", "what its tally was made of is gone"),
        (
            "INSERT INTO card_sum SELECT 'R-NONE', content FROM card_sum",
            "what its tally was made of is not what it was",
        ),
    ],
)
@pytest.mark.sqlite_only
def test_what_a_tally_was_made_of(tmp_path: Path, statement: str, said: str) -> None:
    it = town(tmp_path / "town")
    it.late("2026-03-02 10:00", "A", "B", "C")
    it.scan("2026-03-07 09:00")
    assert it.tallies()
    assert faults(it.world) == []
    for verb in ("update", "delete"):
        it.world.change(f"DROP TRIGGER card_sum_no_{verb}")
    it.world.change(statement)
    assert any(fault.endswith(said) for fault in faults(it.world))
    it.world.close()
