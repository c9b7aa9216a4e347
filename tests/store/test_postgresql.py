"""PostgreSQL itself: its settings, its lock, its faults; what SQLite does otherwise."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import IntegrityError

from efficiency_monitor.faults import ConfigurationError, Locked
from efficiency_monitor.records import engine, schema
from efficiency_monitor.records.engine import Store
from efficiency_monitor.records.every_table import metadata
from tests.postgres_server import Server, name_of, server

pytestmark = pytest.mark.full
PROCESSES = 8
ROUNDS = 60


@pytest.fixture(scope="module")
def running() -> Server:
    """The server of this process."""
    return server(durable=False)


@pytest.fixture
def url(running: Server) -> Iterator[str]:
    """A new database with effmon's tables."""
    made = running.new_database()
    yield made
    running.drop(made)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it."""
    made = Store(url)
    yield made
    made.close()


def described(store: Store, schema_name: str) -> dict[str, object]:
    """Columns, keys, indexes and checks of a schema, as PostgreSQL itself says."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
            " replace(pg_get_expr(d.adbin, d.adrelid), n.nspname || '.', '')"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
            f" WHERE n.nspname = '{schema_name}' AND c.relkind = 'r' AND c.relname <>"
            " 'alembic_version' ORDER BY 1, 2"
        ).all()
        indexes = connection.exec_driver_sql(
            "SELECT tablename, indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes"
            f" WHERE schemaname = '{schema_name}' AND tablename <> 'alembic_version' ORDER BY 1, 2"
        ).all()
        constraints = connection.exec_driver_sql(
            "SELECT c.relname, k.conname,"
            " replace(pg_get_constraintdef(k.oid), n.nspname || '.', '')"
            " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE n.nspname = '{schema_name}' AND c.relname <> 'alembic_version'"
            " AND k.contype <> 'n' ORDER BY 1, 2"
        ).all()
    return {
        "columns": [tuple(row) for row in rows],
        "indexes": [tuple(row) for row in indexes],
        "constraints": [tuple(row) for row in constraints],
    }


def test_migrations_and_classes_describe_the_same_tables(running: Server, store: Store) -> None:
    empty = running.new_database(empty=True)
    made = Store(empty)
    with made.writing() as connection:
        metadata.create_all(connection)
    by_classes, by_migrations = described(made, "public"), described(store, "public")
    made.close()
    running.drop(empty)
    assert by_migrations == by_classes
    narrow = [row for row in by_classes["columns"] if row[2] in ("integer", "smallint")]  # type: ignore[attr-defined]
    assert narrow == [], "every whole number has 64 bits"


def test_a_database_is_set_up_once(running: Server) -> None:
    empty = running.new_database(empty=True)
    made = Store(empty)
    with pytest.raises(ConfigurationError, match="no effmon database"):
        schema.check(made)
    schema.upgrade(made)
    schema.check(made)
    before = described(made, "public")
    schema.upgrade(made)
    assert described(made, "public") == before
    made.close()
    running.drop(empty)


def test_a_database_that_is_not_in_utf8_is_refused(running: Server) -> None:
    with running.connection() as connection:
        connection.execute(
            "CREATE DATABASE other TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
    made = Store(running.url("other"))
    with pytest.raises(ConfigurationError, match="UTF8 and C") as raised:
        schema.upgrade(made)
    assert "LOCALE 'C'" in raised.value.hint
    made.close()
    running.drop(running.url("other"))


def test_every_transaction_has_the_settings(store: Store) -> None:
    wanted = {
        "lock_timeout": "1min",
        "statement_timeout": "10min",
        "timezone": "UTC",
        "application_name": "effmon",
        "client_encoding": "UTF8",
    }
    writes = {
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": "45s",
    }
    reads = {
        "transaction_isolation": "repeatable read",
        "transaction_read_only": "on",
        "idle_in_transaction_session_timeout": "10min",
    }
    for opened, more in ((store.writing, writes), (store.reading, reads)):
        with opened() as connection:
            expected = wanted | more
            found = {name: shown(connection, name) for name in expected}
            assert found == expected
    assert engine.BUSY_MILLISECONDS == 60_000


def test_nothing_is_left_on_a_connection(store: Store) -> None:
    """A pooler gives it to somebody else after the transaction."""
    with store.writing() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == pid
        assert shown(connection, "lock_timeout") == "0"
        assert (
            shown(connection, "timezone") != "UTC" or shown(connection, "statement_timeout") == "0"
        )
        held = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND locktype = 'relation'"
        )
        assert held.scalar() == 0
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert prepared.scalar() == 0


def shown(connection: Connection, name: str) -> Any:
    """A setting as the server shows it."""
    return connection.exec_driver_sql(f"SHOW {name}").scalar()


# Writers


Opens = Callable[[], AbstractContextManager[Connection]]
WAYS: dict[str, Callable[[str], Opens]] = {
    "sqlalchemy": lambda url: create_engine(url).begin,
    "store": lambda url: Store(url).writing,
}


def count_up(url: str, way: str, barrier: Barrier) -> None:
    """Read a number, think for a while and write it back one higher, again and again."""
    opened = WAYS[way](url)
    barrier.wait()
    for _ in range(ROUNDS):
        with opened() as connection:
            number: Any = connection.exec_driver_sql("SELECT number FROM counter").scalar()
            sum(range(20_000))
            connection.exec_driver_sql(f"UPDATE counter SET number = {number + 1}")


@pytest.mark.parametrize("way", WAYS)
def test_updates_of_eight_processes(url: str, running: Server, way: str) -> None:
    """The store loses none. READ COMMITTED without the lock loses some: so the test can tell."""
    with running.connection(name_of(url)) as connection:
        connection.execute("CREATE TABLE counter (number bigint)")
        connection.execute("INSERT INTO counter VALUES (0)")
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    processes = [spawn.Process(target=count_up, args=(url, way, barrier)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    with running.connection(name_of(url)) as connection:
        (number,) = connection.execute("SELECT number FROM counter").fetchone()
    print(f"{way}: {number} of {PROCESSES * ROUNDS}")
    if way == "store":
        assert number == PROCESSES * ROUNDS
    else:
        assert number < PROCESSES * ROUNDS


def test_a_writer_that_waits_reads_what_the_one_before_it_committed(url: str) -> None:
    first, second = Store(url), Store(url)
    with first.writing() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('turn', 'first')")
        with second.reading() as other:
            assert other.exec_driver_sql("SELECT count(*) FROM meta").scalar() == 0
    with second.reading() as other:
        seen = other.exec_driver_sql("SELECT value FROM meta").scalar()
        with first.writing() as connection:
            connection.exec_driver_sql("UPDATE meta SET value = 'second'")
        assert other.exec_driver_sql("SELECT value FROM meta").scalar() == seen == "first"
    first.close()
    second.close()


def test_another_writer_that_does_not_end_is_locked(url: str) -> None:
    first, second = Store(url), Store(url, patience=50)
    with first.writing():
        with pytest.raises(Locked) as raised, second.writing():
            pass
        with second.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM card").scalar() == 0
    assert raised.value.exit_code == 75
    with second.writing():
        pass
    first.close()
    second.close()


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="read-only"), store.reading() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'b')")


def test_a_statement_that_failed_is_never_committed_in_silence(store: Store) -> None:
    """The server answers the COMMIT of such a transaction with a rollback and no error."""

    def written() -> None:
        with store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'b')")
            with pytest.raises(IntegrityError):
                connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'c')")

    with pytest.raises(RuntimeError, match="failed"):
        written()
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM meta").scalar() == 0


def test_the_clock_is_the_servers(store: Store) -> None:
    with store.reading() as connection:
        clock = store.clock(connection)
        asked = connection.exec_driver_sql("SELECT extract(epoch FROM now())").scalar()
    assert clock is not None
    assert clock >= int(asked)  # type: ignore[arg-type]


# Append-only


APPENDED = {
    "event": "INSERT INTO case_file (case_no, source, owner, calendar, default_calendar, revision,"
    " changed, troubles, open, waits, contested)"
    " VALUES ('A', '', '', '', '', 1, 1, '[]', 1, 0, 0);"
    "INSERT INTO event (case_id, event_key, generation, identity, type, occurred_at, precision,"
    " received_at, due_precision, attributes, import_id, source, wall, unplaced)"
    " VALUES (1, 'k', 0, 'i', 'accepted', 0, 'second', 0, 'second', '{}', 'I', 'hall', '', 0)",
    "ledger_entry": "INSERT INTO ledger_entry VALUES (1, 't', 'f', 'x', 'x', 'x')",
}


@pytest.mark.parametrize("table", APPENDED)
@pytest.mark.parametrize(
    "verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "TRUNCATE {t} CASCADE"]
)
def test_triggers_refuse_even_the_owner(store: Store, table: str, verb: str) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql(APPENDED[table])
    column = inspect(store.engine).get_columns(table)[-1]["name"]
    statement = verb.format(t=table, c=column)
    refused = pytest.raises(IntegrityError, match="append-only")
    with refused, store.writing() as connection:
        connection.exec_driver_sql(statement)


def test_ledger_entries_are_numbered_without_gaps(store: Store) -> None:
    for seq in (2, 0, -5):
        refused = pytest.raises(IntegrityError, match="without gaps")
        with refused, store.writing() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO ledger_entry VALUES ({seq}, 't', 'f', 'x', 'x', 'x')"
            )


def test_the_driver_says_nothing_by_itself() -> None:
    """A connection that is lost is one line of ours; a log that is open gets the driver's too."""
    speaking = (
        "import logging, efficiency_monitor.records.postgresql\n"
        "logging.getLogger('psycopg').warning('error ignored in rollback')\n"
        "logging.getLogger('sqlalchemy.pool.impl.QueuePool').error('exception during reset')\n"
    )
    ran = subprocess.run([sys.executable, "-c", speaking], capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
