"""Somebody with the database between two scans: whatever card differs, something names it.

Two workspaces live through the same drawn history: imports, corrections, scans. In one of them
somebody changes, adds or takes away rows of any table, with the triggers gone. A card that differs
afterwards is of a case, import or table that the scan has named, or `ledger verify` names the table
where `docs/audit.md` says that the scan cannot see it: `BY_VERIFY`.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.model.statements import digest
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.records.every_table import metadata
from tests.matters.stage import run
from tests.stories.world import World, instant

from .test_every_column import other

CASE = {"item_kind": "promised", "department": "住建局", "handler": "张经办"}
NUMBERS = ("A", "B", "C", "D", "E")
INPUT: Final = ("case_file", "case_fact", "event", "event_withdrawal")
#: Tables of which verify alone tells, or what was altered is itself a card; each with the reason.
BY_VERIFY: Final = {
    **dict.fromkeys(INPUT, "contents of older imports, their keys made again: a scan reads whole "
                           "what came since the last one, and the imports of a card that falls"),
    "card": "a card's own row: the entry that issued it holds it",
    "ledger_entry": "the trees are reckoned whole by verify",
    "ledger_head": "the trees are reckoned whole by verify",
    "text_salt": "without its salt no commitment can be checked",
}  # fmt: skip
#: A slot that is called done is not run again, a lease is waited for: the next scan judges all of
#: it. A head that fits no entry stops every command.
_NOT: Final = ("run", "lease", "ledger_head")
DAYS = ("2026-03-09", "2026-03-12", "2026-03-16", "2026-03-20")


@dataclass(frozen=True)
class Act:
    """What somebody does to a table: which row, which column, in which way."""

    table: str
    way: str
    row: int
    column: int


def made(folder: Path) -> World:
    """Cases of which some are late, some run, some were decided; an import that was corrected."""
    world = World.made(folder, f"{DAYS[0]} 09:00")
    world.people([
        {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
        {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    ])  # fmt: skip
    limits = {"promised_limit": "3 working_days", "statutory_limit": "4 working_days"}
    world.receive("cases", [{"case_no": number, **CASE, **limits} for number in NUMBERS])
    world.receive("events", [
        {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
        {"case_no": "B", "event": "accepted", "occurred_at": "2026-03-06 10:00"},
        {"case_no": "C", "event": "accepted", "occurred_at": "2026-03-03 10:00"},
        {"case_no": "C", "event": "decided", "occurred_at": "2026-03-04 10:00"},
        {"case_no": "D", "event": "accepted", "occurred_at": "2026-03-04 10:00",
         "source_key": "d1"},
    ])  # fmt: skip
    world.scan()
    world.now = instant(f"{DAYS[0]} 15:00")
    world.receive("events", [
        {"case_no": "D", "event": "accepted", "occurred_at": "2026-03-04 11:00",
         "source_key": "d1"},
        {"case_no": "E", "event": "accepted", "occurred_at": "2026-03-09 10:00"},
    ])  # fmt: skip
    world.scan()
    for table in metadata.tables:
        for verb in ("update", "delete"):
            world.change(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
    world.close()
    return world


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> World:
    return made(tmp_path_factory.mktemp("begun") / "ws")


def acts() -> st.SearchStrategy[Act]:
    tables = sorted(set(metadata.tables) - set(_NOT))
    chosen = st.sampled_from(INPUT) | st.just("clock") | st.sampled_from(tables)
    ways = st.sampled_from(("change", "put in", "put in last", "take away"))
    numbers = st.integers(0, 7)
    return st.builds(Act, chosen, ways, numbers, numbers)


def do(connection: Connection, act: Act) -> bool:
    """Whether there was anything to do, and the database took it."""
    table: Table = metadata.tables[act.table]
    rows = connection.execute(select(table).order_by(*table.primary_key)).all()
    if not rows:
        return False
    row = rows[act.row % len(rows)]
    here = [key == getattr(row, key.name) for key in table.primary_key]
    if act.way == "take away":
        connection.execute(table.delete().where(*here))
        return True
    column = list(table.columns)[act.column % len(table.columns)]
    if act.way == "change":
        value = other(getattr(row, column.name), column)
        connection.execute(table.update().where(*here).values({column.name: value}))
        return True
    values = row._asdict()
    for key in table.primary_key:
        if isinstance(values[key.name], int):
            highest = max(getattr(each, key.name) for each in rows)
            values[key.name] = highest + 1 if act.way == "put in last" else -1 - act.row
        else:
            values[key.name] = other(values[key.name], key)
    for name in ("event_key", "identity", "case_no", "fact", "notice_id", "episode"):
        if name in values and not table.columns[name].primary_key and values[name] is not None:
            values[name] = f"{values[name]}~{act.column}"
    if "type" in values and act.table == "event":
        values["type"] = ("decided", "withdrawn", "suspended", "accepted")[act.column % 4]
    connection.execute(table.insert().values(values))
    return True


def go_on(world: World, day: str, late: bool) -> tuple[int, dict[str, Any]]:
    """A further day: what came meanwhile, and a scan."""
    world.now = instant(f"{day} 09:00")
    if late:
        try:
            world.receive("events", [
                {"case_no": "B", "event": "decided", "occurred_at": "2026-03-09 10:00"},
                {"case_no": "E", "event": "contacted", "occurred_at": "2026-03-10 10:00"},
            ])  # fmt: skip
        except EffmonError as fault:
            return fault.exit_code, {"refused": fault.message}
    ran = run(world, "scan --output json")
    try:
        return ran.code, json.loads(ran.out)
    except ValueError:
        return ran.code, {"refused": ran.err}


def named_by_scan(document: dict[str, Any], undisturbed: World) -> set[str]:
    """The cases that a scan's summary names: by number, by an import that brought rows of them, or
    by a table that has rows of no import, which may be anybody's."""
    found = set(document["clocks_restored"])
    for each in document["input_not_held"]:
        found |= set(each["cases"])
        found |= brought(undisturbed, each["import"]) if each["import"] else set(NUMBERS)
    return found


def brought(world: World, import_id: str) -> set[str]:
    """Cases of which an import brought rows."""
    asked = (
        "SELECT case_no FROM case_file WHERE import_id = ?1 OR id IN "
        "(SELECT case_id FROM event WHERE import_id = ?1 UNION "
        "SELECT case_id FROM case_fact WHERE import_id = ?1)"
    )
    return {number for (number,) in world.tuples(asked.replace("?1", f"'{import_id}'"))}


def named_by_verify(world: World) -> set[str]:
    """The tables of what `ledger verify` says: by their names, a card by its own number, the trees
    by the entries and the head that they are reckoned of, a salt by what it opened."""
    said = ledger_book.verify(world.context)
    lines = [*said["approvals"], *said["rows"], *said["checkpoints"]]
    found = {table for table in BY_VERIFY for line in lines if f"table {table}" in line}
    found |= {"card" for line in lines if "card" in line}
    found |= {"text_salt" for line in lines if "salt" in line}
    return found if said["trees"] else found | {"ledger_entry", "ledger_head"}


def cards_of(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for card in world.cards():
        found.setdefault(card.split()[0], []).append(card)
    return found


def twin(world: World, folder: Path) -> World:
    shutil.copytree(world.folder, folder)
    return World(folder, world.now)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    return (tmp_path / str(number) for number in range(10_000))


# Of 24 draws 4 made a card differ: one in six says something, of twelve about two.
@pytest.mark.sqlite_only
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts(), min_size=1, max_size=2), st.booleans(), st.sampled_from(DAYS[1:]))
def test_a_card_that_differs_is_named(
    begun: World, folders: Iterator[Path], done: list[Act], late: bool, day: str
) -> None:
    undisturbed, disturbed = twin(begun, next(folders)), twin(begun, next(folders))
    try:
        with disturbed.beside() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            happened = []
            for act in done:
                try:
                    with connection.begin_nested():
                        happened += [act] if do(connection, act) else []
                except Exception:  # noqa: BLE001 - the database did not take it
                    continue
        go_on(undisturbed, day, late)
        code, document = go_on(disturbed, day, late)
        before, after = cards_of(undisturbed), cards_of(disturbed)
        differs = {case for case in {*before, *after} if before.get(case) != after.get(case)}
        if not differs:
            return
        if "refused" in document:
            assert code != 0
            return
        left = differs - named_by_scan(document, undisturbed)
        assert code == 3 or left == differs
        if left:
            tables = {act.table for act in happened} & set(BY_VERIFY)
            assert tables, (happened, left)
            assert tables & named_by_verify(disturbed), (happened, left)
    finally:
        undisturbed.close()
        disturbed.close()
        shutil.rmtree(undisturbed.folder, ignore_errors=True)
        shutil.rmtree(disturbed.folder, ignore_errors=True)


@pytest.mark.sqlite_only
def test_what_verify_alone_finds(begun: World, folders: Iterator[Path]) -> None:
    """The list is held as well: contents of an older import, its digest made again."""
    world = twin(begun, next(folders))
    (row,) = world.rows("SELECT * FROM case_fact WHERE case_id = 5")
    fields = {**json.loads(row["fields"]), "promised_limit": "300 working_days",
              "statutory_limit": "400 working_days"}  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True)
    world.change(
        "UPDATE case_fact SET fields = ?, digest = ? WHERE id = ?",
        text, digest(fields), row["id"],
    )  # fmt: skip
    code, document = go_on(world, DAYS[-1], late=False)
    assert (code, document["input_not_held"]) == (0, [])
    assert not [card for card in world.cards() if card.startswith("E ") and " red " in card]
    (fault,) = ledger_book.verify(world.context)["rows"]
    assert fault.startswith("table case_fact, import I-")
    world.close()


@pytest.mark.sqlite_only
def test_a_card_that_would_fall_has_its_imports_read_whole(
    begun: World, folders: Iterator[Path]
) -> None:
    """The same of a case that has cards: they stand, and the scan names it."""
    world = twin(begun, next(folders))
    before = cards_of(world)["A"]
    (row,) = world.rows("SELECT * FROM case_fact WHERE case_id = 1")
    fields = {**json.loads(row["fields"]), "promised_limit": "300 working_days",
              "statutory_limit": "400 working_days"}  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True)
    world.change(
        "UPDATE case_fact SET fields = ?, digest = ? WHERE id = ?",
        text, digest(fields), row["id"],
    )  # fmt: skip
    world.mark_all_changed()
    code, document = go_on(world, DAYS[1], late=False)
    assert (code, cards_of(world)["A"]) == (3, before)
    (found,) = document["input_not_held"]
    assert (found["table"], found["cases"]) == ("case_fact", ["A", "B", "C", "D", "E"])
    world.close()
