"""Transactions: nothing is lost between processes, a lock and a full disk are said plainly."""

import multiprocessing
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event

from cli.main import main
from efficiency_monitor.faults import EffmonError, Locked
from efficiency_monitor.intake import ingest
from efficiency_monitor.records import engine
from efficiency_monitor.records.engine import Store
from efficiency_monitor.scan import scan
from efficiency_monitor.terms import Level
from tests.stories import laws
from tests.stories.world import World

from .conftest import Maker

PROCESSES = 8
ROUNDS = 50


Opens = Callable[[], AbstractContextManager[Connection]]


def as_sqlalchemy_does(url: str) -> Opens:
    """Transactions with the defaults of SQLAlchemy and the driver."""
    return create_engine(url, connect_args={"timeout": 60}).begin


def as_the_store_does(url: str) -> Opens:
    """Transactions of the product."""
    return Store(url).writing


WAYS: dict[str, Callable[[str], Opens]] = {
    "sqlalchemy": as_sqlalchemy_does,
    "store": as_the_store_does,
}


def count_up(url: str, way: str, barrier: Barrier) -> None:
    """Read a number, think for a while and write it back one higher, again and again."""
    opened = WAYS[way](url)
    barrier.wait()
    for _ in range(ROUNDS):
        with opened() as connection:
            number: Any = connection.exec_driver_sql("SELECT number FROM counter").scalar()
            sum(range(100_000))
            connection.exec_driver_sql("UPDATE counter SET number = ?", (number + 1,))


@pytest.mark.parametrize("way", WAYS)
def test_updates_of_eight_processes(tmp_path: Path, way: str) -> None:
    """The store loses none. The defaults lose some, without a word: so the test can tell."""
    path = tmp_path / "counter.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE counter (number INTEGER)")
        connection.execute("INSERT INTO counter VALUES (0)")
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    processes = [
        spawn.Process(target=count_up, args=(f"sqlite:///{path}", way, barrier))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    (number,) = connection.execute("SELECT number FROM counter").fetchone()
    connection.close()
    print(f"{way}: {number} of {PROCESSES * ROUNDS}")
    if way == "store":
        assert number == PROCESSES * ROUNDS
    else:
        assert number < PROCESSES * ROUNDS


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait a minute for a lock that this test itself holds."""
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 50)


@contextmanager
def held(world: World) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    other = sqlite3.connect(world.folder / "effmon.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.usefixtures("impatient")
def test_a_database_that_another_process_holds_is_locked(late_cases: Maker) -> None:
    world = late_cases(1)
    store = world.context.store
    with held(world):
        with pytest.raises(Locked) as raised, store.writing():
            pass
        with pytest.raises(Locked), store.reading() as connection:
            connection.exec_driver_sql("SELECT * FROM card")
    assert raised.value.exit_code == 75
    assert world.scan().issued[Level.RED] == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", [["scan"], ["jobs", "run"], ["cards", "list"]], ids=" ".join)
def test_a_locked_database_ends_a_command_with_75(
    late_cases: Maker,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = late_cases(1)
    world.close()
    monkeypatch.setattr(sys, "argv", ["effmon", "-C", str(world.folder), *command])
    with held(world), pytest.raises(SystemExit) as raised:
        main()
    said = capsys.readouterr()
    assert raised.value.code == 75
    assert said.out == ""
    assert "another process holds the database" in said.err
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) <= 2


def limit_pages(world: World, spare: int) -> None:
    """Let the database grow by so many pages and no more: a disk that is full."""

    @event.listens_for(world.context.store.engine, "connect")
    def _limit(raw: sqlite3.Connection, _record: object) -> None:
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
        raw.execute(f"PRAGMA max_page_count = {pages + spare}")

    world.context.store.engine.dispose()


@pytest.mark.parametrize("spare", [0, 1, 2, 4, 7, 11, 16, 22])
def test_a_full_disk_tears_no_scan(
    late_cases: Maker, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    undisturbed, world = late_cases(40, "undisturbed"), late_cases(40)
    undisturbed.scan()
    limit_pages(world, spare)
    with pytest.raises(EffmonError) as raised:
        world.scan()
    assert raised.value.exit_code == 70
    assert "full" in raised.value.message
    assert "\n" not in raised.value.message
    world.close()
    laws.hold(world, "the disk is full")
    issued = len(world.cards())
    assert issued < 120
    assert issued % 15 == 0, "whole batches of five cases with three cards each"
    world.scan()
    assert laws.facts_of_cards(world) == laws.facts_of_cards(undisturbed)
    laws.hold(world, "there is space again")


@pytest.mark.parametrize("spare", [0, 1, 3, 6, 10])
def test_a_full_disk_tears_no_import(
    late_cases: Maker, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 10)
    undisturbed, world = late_cases(0, "undisturbed"), late_cases(0)
    rows = [
        {
            "case_no": f"D{n:03}",
            "event": "accepted",
            "occurred_at": "2026-03-02",
            "reason": "长" * 99,
        }
        for n in range(200)
    ]
    undisturbed.receive("events", rows)
    limit_pages(world, spare)
    with pytest.raises(EffmonError, match="full") as raised:
        world.receive("events", rows)
    assert raised.value.exit_code == 70
    world.close()
    assert len(world.rows("SELECT * FROM event")) % 10 == 0
    assert len(world.rows("SELECT * FROM case_file")) == len(world.rows("SELECT * FROM event"))
    total = world.receive("events", rows).total
    assert total.read == 200
    assert total.quarantined == 0
    columns = "case_no, event_key, type, occurred_at, generation, calendar, revision"
    asked = f"SELECT {columns} FROM event e JOIN case_file c ON c.id = e.case_id ORDER BY case_no"
    assert world.tuples(asked) == undisturbed.tuples(asked)
