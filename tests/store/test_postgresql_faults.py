"""What PostgreSQL refuses or loses becomes one line with a way out."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from efficiency_monitor.faults import ConfigurationError, Disconnected, EffmonError
from efficiency_monitor.records import schema
from efficiency_monitor.records.engine import Store
from tests.postgres_server import Server, name_of, server

pytestmark = pytest.mark.full


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


@contextmanager
def terminated(url: str, running: Server) -> Iterator[None]:
    """End every connection to a database, as a restart does."""
    with running.connection() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name_of(url),),
        )
    yield


def test_a_connection_that_is_lost_is_said_and_made_again(
    store: Store, url: str, running: Server
) -> None:
    lost = pytest.raises(Disconnected, match="no connection to the database")
    with lost as raised, store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'b')")
        with terminated(url, running):
            connection.exec_driver_sql("SELECT 1")
    assert raised.value.exit_code == 75
    with store.writing() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM meta").scalar() == 0


def test_a_connection_that_is_lost_while_idle_is_not_noticed(
    store: Store, url: str, running: Server
) -> None:
    with store.reading():
        pass
    with terminated(url, running), store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM meta").scalar() == 0


def test_a_commit_without_an_answer_is_unknown(store: Store, url: str, running: Server) -> None:
    lost = pytest.raises(Disconnected, match="nobody knows whether it was written")
    with lost as raised, store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'b')")
        with terminated(url, running):
            pass
    assert raised.value.exit_code == 75
    assert "again" in raised.value.hint


REFUSED = {
    "a wrong password": ("locked", "canary-77", "effmon_template", ConfigurationError, "locked"),
    "no such database": ("postgres", None, "nowhere", ConfigurationError, "no such database"),
    "no such role": ("stranger", None, "effmon_template", ConfigurationError, "stranger"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_refuses_a_connection(running: Server, what: str) -> None:
    user, password, database, kind, words = REFUSED[what]
    running.drop(running.new_database())  # there is a template
    with running.connection() as connection:
        connection.execute("DROP ROLE IF EXISTS locked")
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'another'")
    made = Store(running.url(database, user, password))
    with pytest.raises(kind, match=words) as raised:
        schema.check(made)
    said = f"{raised.value.message} {raised.value.hint} {made!r} {made.engine!r}"
    assert "canary-77" not in said
    assert "\n" not in said
    made.close()


def test_a_server_that_is_not_there() -> None:
    made = Store("postgresql+psycopg://u:canary-77@127.0.0.1:1/effmon")
    with pytest.raises(Disconnected) as raised:
        schema.check(made)
    assert (raised.value.exit_code, "canary-77" in raised.value.message) == (75, False)
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:canary@77@host/effmon",
        "postgresql+psycopg://u:canary77@host:port/effmon",
        "postgresql+psycopg:/canary77",
        "postgresql+psycopg://u:canary77@host",
        "postgresql+asyncpg://u:canary77@host/effmon",
        "mysql://u:canary77@host/effmon",
    ],
)
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(EffmonError) as raised:
        Store(url)
    assert "canary" not in f"{raised.value.message} {raised.value.hint}"


def test_no_tables_and_no_right(running: Server, store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE attempt CASCADE")
    with pytest.raises(ConfigurationError, match="tables") as raised, store.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM attempt")
    assert "effmon init" in raised.value.hint
    with running.connection() as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN")
    other = Store(store.engine.url.set(username="stranger").render_as_string(hide_password=False))
    refused = pytest.raises(ConfigurationError, match="stranger")
    with refused as raised, other.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM card")
    assert "card" in raised.value.message
    other.close()
    with running.connection() as connection:
        connection.execute("DROP ROLE stranger")


def test_a_disk_that_is_full(store: Store) -> None:
    """As the server says it: no disk of a test can be filled without root."""
    full = pytest.raises(EffmonError, match="could not be written")
    with full as raised, store.writing() as connection:
        connection.exec_driver_sql(
            "DO $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'"
            " USING ERRCODE = 'disk_full'; END $$"
        )
    assert raised.value.exit_code == 70
