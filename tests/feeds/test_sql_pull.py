"""Pulling from a real SQLite database: exact values, what is newer, and nothing can be written."""

import resource
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from efficiency_monitor.intake.pulling.sql_view import exact, open_readonly
from efficiency_monitor.workspace.settings import parse
from tests.feeds.conftest import Office, accepted

NUMBERS = [f"C{n:04}" for n in range(2500)]
PASSWORD = "canary-9d2e-password"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's database, with a table and a view of it."""
    connection = sqlite3.connect(tmp_path / "hall's data.db")
    columns = ", ".join(accepted("A"))
    connection.execute(f"CREATE TABLE stored ({columns})")
    connection.execute("CREATE VIEW events AS SELECT * FROM stored ORDER BY recorded_at")
    put(connection, *(accepted(number, place % 600) for place, number in enumerate(NUMBERS)))
    yield connection
    connection.close()


def put(connection: sqlite3.Connection, *rows: dict[str, str]) -> None:
    with connection:
        connection.executemany(
            "INSERT INTO stored VALUES (?, ?, ?, ?, ?)", [tuple(row.values()) for row in rows]
        )


def sql(query: str = "events", more: str = "") -> str:
    return f"""
[sources.hall.sql]
url_env = "HALL_URL"
tables = {{events = "{query}"}}
{more}
"""


@pytest.fixture
def fed(office: Office, hall: sqlite3.Connection, tmp_path: Path) -> Office:
    """An office whose source is that database."""
    office.environ["HALL_URL"] = f"sqlite:///{tmp_path / chr(104)}all's data.db"
    office.configure(sql())
    return office


def test_a_view_is_pulled_whole_and_twice_changes_nothing(fed: Office) -> None:
    report = fed.pull()
    assert (report.document["read"], report.document["imported"]) == (2500, 2500)
    assert fed.case_nos() == NUMBERS
    assert report.pages == 3
    again = fed.pull()
    assert (again.document["imported"], again.document["unchanged"]) == (0, 2500)


SINCE = '[sources.hall.sql.since]\ncolumn = "recorded_at"\noverlap = "5 calendar_minutes"'


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("events", SINCE),
        (
            "SELECT * FROM stored WHERE recorded_at >= :since ORDER BY 1",
            SINCE + '\nfirst = "2000-01-01 00:00:00"',
        ),
    ],
    ids=["view", "query"],
)
def test_only_newer_rows_are_asked_for(
    fed: Office, hall: sqlite3.Connection, query: str, more: str
) -> None:
    fed.configure(sql(query, more))
    assert fed.pull().cursor == {"events": "2026-03-02 19:54:00"}
    put(hall, accepted("NEW", 599))
    report = fed.pull()
    assert (report.document["read"], report.document["imported"]) == (25, 1)
    assert "NEW" in fed.case_nos()


def test_everything_is_asked_for_anew(fed: Office) -> None:
    fed.configure(sql("events", SINCE))
    cursor = fed.pull().cursor
    assert fed.pull().document["read"] == 24
    again = fed.pull(anew=True)
    assert (again.document["read"], again.document["imported"]) == (2500, 0)
    assert again.cursor == cursor


def test_a_corrected_row_in_the_view_changes_exactly_its_case(
    fed: Office, hall: sqlite3.Connection
) -> None:
    fed.pull()
    fed.world.scan()
    with hall:
        hall.execute(
            "UPDATE stored SET occurred_at = '2026-03-02 08:00:00' WHERE case_no = 'C0007'"
        )
    assert fed.pull().document["imported"] == 1
    assert fed.world.tuples("SELECT case_no FROM case_file WHERE changed = 1") == [("C0007",)]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO stored SELECT * FROM stored",
        "DELETE FROM stored",
        "SELECT 1; DELETE FROM stored",
        "PRAGMA query_only=OFF",
        "ATTACH 'x' AS y",
    ],
)
def test_what_is_no_query_is_no_setting(fed: Office, query: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SELECT|statement"):
        parse(sql(query), "effmon.toml")


@pytest.mark.parametrize(
    "query",
    [
        "WITH x AS (SELECT 1) INSERT INTO stored SELECT case_no,1,1,1,1 FROM stored",
        "WITH x AS (SELECT 1) DELETE FROM stored",
    ],
)
def test_a_query_that_writes_is_refused_by_the_database(
    fed: Office, hall: sqlite3.Connection, query: str
) -> None:
    fed.configure(sql(query))
    with pytest.raises(FeedFailed):
        fed.pull()
    assert hall.execute("SELECT COUNT(*) FROM stored").fetchone() == (2500,)


def test_the_connection_itself_cannot_write(
    fed: Office, hall: sqlite3.Connection, tmp_path: Path
) -> None:
    raw = open_readonly("hall", make_url(fed.environ["HALL_URL"]), lambda: 1.0)
    raw.execute("PRAGMA query_only=OFF")  # the file is open for reading only, whatever one says
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        raw.execute("DELETE FROM stored")
    raw.close()


def test_a_query_that_never_ends_is_ended(fed: Office) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        " SELECT MAX(x) AS case_no FROM n"
    )
    fed.configure(sql(endless, "deadline_seconds = 1"))
    with pytest.raises(FeedFailed, match=r"interrupted|within 1 s"):
        fed.pull()
    assert fed.runs()[-1][0] == "failed"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "HALL_URL is not set"),
        ("nothing", "no SQLAlchemy URL"),
        ("sqlite:////no/such/file.db", "there is no database file"),
        ("sqlite://", "there is no database file"),
        (f"dm+dmPython://u:{PASSWORD}@127.0.0.1/x", "no database dialect 'dm"),
        (f"oracle+oracledb://u:{PASSWORD}@127.0.0.1/x", "the driver oracledb is not installed"),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(fed: Office, url: str, word: str) -> None:
    fed.environ["HALL_URL"] = url
    with pytest.raises(ConfigurationError, match=word) as raised:
        fed.pull()
    assert PASSWORD not in raised.value.message + raised.value.hint
    assert fed.runs()[-1][0] == "failed"


def test_a_text_that_is_none_costs_its_row_alone(fed: Office, hall: sqlite3.Connection) -> None:
    with hall:
        hall.execute(
            "INSERT INTO stored SELECT CAST(x'41ff' AS TEXT), event, occurred_at, recorded_at, 'X'"
            " FROM stored LIMIT 1"
        )
    document = fed.pull().document
    assert (document["imported"], document["quarantined"]) == (2500, 1)
    assert fed.world.tuples("SELECT code FROM quarantine") == [("undecodable",)]


def test_a_view_that_is_gone_is_one_line(fed: Office, hall: sqlite3.Connection) -> None:
    hall.execute("DROP VIEW events")
    hall.commit()
    with pytest.raises(FeedFailed, match="no such table: events"):
        fed.pull()


def test_two_columns_of_one_name_are_refused(fed: Office) -> None:
    fed.configure(sql("SELECT case_no, event AS case_no FROM stored"))
    with pytest.raises(FeedFailed, match="two columns are called 'case_no'"):
        fed.pull()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, True),
        (10**30, "1" + "0" * 30),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "nan"),
        (datetime(2026, 3, 2, 9, 0, 1), "2026-03-02 09:00:01"),
        (datetime.fromisoformat("2026-03-02T09:00:01+08:00"), "2026-03-02 09:00:01+08:00"),
        (date(2026, 3, 2), "2026-03-02"),
        (time(9, 0), "09:00:00"),
        (timedelta(hours=1), "1:00:00"),
        (b"\x00\xff", "00ff"),
        (memoryview(b"\x01"), "01"),
        ([Decimal("2.50"), None], ["2.50", None]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_values_are_exact(value: object, text: object) -> None:
    assert exact(value) == text


def test_secrets_have_no_repr() -> None:
    assert PASSWORD not in repr(SecretStr(PASSWORD))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:p@s:{PASSWORD}@host/db",
        f"postgresql://u:pw@h:{PASSWORD}/db",
        f"postgresql+psycopg://u:x@{PASSWORD}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:x@{PASSWORD}/y@127.0.0.1:1/db",
        f"mysql+pymysql://u:{PASSWORD}@h:x/db",
    ],
)
def test_a_password_that_tears_the_url_is_not_shown(office: Office, url: str) -> None:
    office.environ["HALL_URL"] = url
    office.configure(sql())
    with pytest.raises(ConfigurationError, match="holds no SQLAlchemy URL") as raised:
        office.pull()
    assert PASSWORD not in f"{raised.value.message} {raised.value.hint}"
    assert PASSWORD not in str(office.runs()) + str(office.world.entries())


def test_a_text_with_broken_bytes_is_one_row_in_quarantine(
    fed: Office, hall: sqlite3.Connection
) -> None:
    """Nor is any of it told, escapes of a terminal and all, as the reason of a failed pull."""
    with hall:
        hall.execute("INSERT INTO stored (case_no) VALUES (CAST(x'ff1b5b33316d' AS TEXT))")
    document = fed.pull().document
    assert (document["read"], document["imported"], document["quarantined"]) == (2501, 2500, 1)


def test_a_value_of_any_size_does_not_fill_the_memory(fed: Office) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fed.configure(sql("SELECT zeroblob(100000000) AS case_no"))
    with pytest.raises(FeedFailed, match="too big"):
        fed.pull()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
