"""Many rows in one statement are the rows of a statement each; how much faster is printed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from efficiency_monitor.intake.store.cases import CASE, CLOCK
from efficiency_monitor.records import bulk
from efficiency_monitor.records.engine import Store
from tests.postgres_server import server

pytestmark = pytest.mark.full
BATCH, BATCHES = 500, 12
Rows = Sequence[Mapping[str, object]]
Way = Callable[[Connection, Rows], None]


@pytest.fixture
def store() -> Iterator[Store]:
    """Cases on a server that keeps what it has promised."""
    running = server(durable=True)
    url = running.new_database()
    made = Store(url)
    with made.writing() as connection:
        bulk.add(connection, CASE, [_case(n) for n in range(BATCH * BATCHES)])
    yield made
    made.close()
    running.drop(url)


def _case(n: int) -> dict[str, object]:
    texts = dict.fromkeys(("source", "owner", "calendar", "default_calendar"), "town")
    return {
        "case_no": f"C{n:06}",
        **texts,
        "revision": 1,
        "changed": 1,
        "troubles": "[]",
        "open": 1,
        "waits": 0,
        "contested": 0,
    }


def clocks(batch: int) -> Rows:
    """Rows with whatever a text can hold."""
    return [
        {
            "case_id": batch * BATCH + n + 1,
            "rule_id": "national.overdue",
            "episode": 'a{"b",NULL}\\ \n，' + "k" * 64,
            "state": "running",
            "calendar": "town",
            "next_at": 1_770_000_000 + n if n % 3 else None,
            "next_level": 2 if n % 3 else None,
            "limit_due_at": None,
        }
        for n in range(BATCH)
    ]


def judged(batch: int) -> Rows:
    """What a scan found of cases."""
    return [
        {"id": batch * BATCH + n + 1, "outcome": "judged", "troubles": "[]", "open": n % 2}
        for n in range(BATCH)
    ]


def inserted(connection: Connection, rows: Rows) -> None:
    """As SQLAlchemy sends them."""
    connection.execute(insert(CLOCK), list(rows))


def one_by_one(connection: Connection, rows: Rows) -> None:
    """An update for each row, as SQLAlchemy sends it."""
    own: dict[str, Any] = {name: bindparam(f"b_{name}") for name in rows[0] if name != "id"}
    statement = update(CASE).where(CASE.c.id == bindparam("b_id")).values({**own, "changed": 0})
    connection.execute(statement, [{f"b_{key}": row[key] for key in row} for row in rows])


def copied(connection: Connection, rows: Rows) -> None:
    """COPY, past SQLAlchemy."""
    raw: Any = connection.connection.dbapi_connection
    names = ", ".join(rows[0])
    with raw.cursor() as cursor, cursor.copy(f"COPY clock ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(list(row.values()))


WAYS: dict[str, tuple[Callable[[int], Rows], dict[str, Way]]] = {
    "insert": (
        clocks,
        {
            "one by one": lambda connection, rows: (
                connection.execute(insert(CLOCK), list(rows)) and None
            ),
            "bulk": lambda connection, rows: bulk.add(connection, CLOCK, rows),
            "copy": copied,
        },
    ),
    "update": (
        judged,
        {
            "one by one": one_by_one,
            "bulk": lambda connection, rows: bulk.change(connection, CASE, rows, {"changed": 0}),
        },
    ),
}


@pytest.mark.parametrize("what", WAYS)
def test_the_same_rows(store: Store, what: str) -> None:
    made, ways = WAYS[what]
    table = CLOCK if what == "insert" else CASE
    written: dict[str, list[tuple[Any, ...]]] = {}
    took: dict[str, float] = {}
    for name, way in ways.items():
        begun = time.perf_counter()
        for batch in range(BATCHES):
            with store.writing() as connection:
                way(connection, made(batch))
        took[name] = time.perf_counter() - begun
        with store.writing() as connection:
            found = connection.execute(select(table).order_by(table.c.id)).all()
            # The ids of rows written anew are others.
            written[name] = [tuple(row)[what == "insert" :] for row in found]
            connection.execute(delete(CLOCK))
            connection.execute(update(CASE).values(outcome=None, changed=1, open=1))
    assert len(written["bulk"]) == BATCH * BATCHES
    for name in ways:
        assert written[name] == written["one by one"], name
    rate = {name: f"{BATCH * BATCHES / seconds:,.0f}/s" for name, seconds in took.items()}
    gain = took["one by one"] / took["bulk"]
    print(f"{what} of {BATCH * BATCHES} rows in batches of {BATCH}: {rate}, bulk {gain:.1f} times")
