"""Eight processes read, add one and write: nothing is lost, and with the defaults it would be."""

import multiprocessing
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from efficiency_monitor.records.engine import Store
from tests import engines
from tests.postgres_server import as_owner
from tests.torture.late import say

pytestmark = [pytest.mark.both_engines]
WRITERS = 8
READ = "SELECT number FROM counted"
WRITE = "UPDATE counted SET number = :number"


def database(folder: Path) -> str:
    """URL of a database with one counter."""
    url = as_owner(engines.new_url() or f"sqlite:///{folder / 'counter.db'}")
    store = Store(url)
    with store.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (number INTEGER NOT NULL)")
        connection.exec_driver_sql("INSERT INTO counted VALUES (0)")
    store.close()
    return url


def number_of(url: str) -> int:
    store = Store(url)
    with store.reading() as connection:
        found = int(connection.execute(text(READ)).scalar_one())
    store.close()
    return found


def add_one_each(url: str, times: int) -> None:
    """What a writer does: through the store, as everything of ours writes."""
    store = Store(url)
    for _ in range(times):
        with store.writing() as connection:
            number = connection.execute(text(READ)).scalar_one()
            connection.execute(text(WRITE), {"number": number + 1})
    store.close()


def all_at_once(url: str, times: int) -> None:
    context = multiprocessing.get_context("forkserver")
    writers = [context.Process(target=add_one_each, args=(url, times)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0


def counted(folder: Path, times: int) -> None:
    url = database(folder)
    begun = time.monotonic()
    all_at_once(url, times)
    found = number_of(url)
    engine = url.partition(":")[0].partition("+")[0]
    say(
        f"RELIABILITY lost updates on {engine}: {WRITERS} writers x {times}, {found} of "
        f"{WRITERS * times} there, {time.monotonic() - begun:.0f} s"
    )
    assert found == WRITERS * times


@pytest.mark.full
def test_no_update_is_lost(tmp_path: Path) -> None:
    counted(tmp_path, 25)


@pytest.mark.soak
def test_no_update_is_lost_in_a_thousand_each(tmp_path: Path) -> None:
    counted(tmp_path, 1000)


@pytest.mark.full
def test_the_defaults_lose_updates(tmp_path: Path) -> None:
    """Two connections as SQLAlchemy makes them: both read, both write, both commit, one is lost.

    So the trial above would fail if the store were built on the defaults.
    """
    url = database(tmp_path)
    engine = create_engine(url)
    with engine.connect() as first, engine.connect() as second:
        both = (first, second)
        read = [connection.execute(text(READ)).scalar_one() for connection in both]
        for connection, number in zip(both, read, strict=True):
            connection.execute(text(WRITE), {"number": number + 1})
            connection.commit()
    engine.dispose()
    assert number_of(url) == 1, "two were committed without a word, one is there"
