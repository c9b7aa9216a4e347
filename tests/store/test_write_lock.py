"""PostgreSQL's write lock: nobody can hold it who may not write, and who holds it is named."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from efficiency_monitor.faults import Locked
from efficiency_monitor.ops.doctor import database_check
from efficiency_monitor.records import rights
from efficiency_monitor.records.engine import Store
from tests.cli.command import effmon
from tests.postgres_server import APPLICATION, AUDITOR, OWNER, name_of, server
from tests.stories.world import World

from .conftest import Maker

pytestmark = pytest.mark.parametrize(
    "database_engine",
    [pytest.param("postgresql", marks=pytest.mark.full)],
    indirect=True,
    scope="module",
)
STRANGER = "stranger_without_rights"
#: What a role may try that has a session and wants nobody to write.
ATTEMPTS = (
    "SELECT pg_advisory_lock(x'6566666D6F6E'::bigint)",
    *(
        f"LOCK TABLE {schema}.ledger_head IN {mode} MODE"
        for schema in ("public", AUDITOR)
        for mode in ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE", "EXCLUSIVE")
    ),
    "SELECT * FROM public.ledger_head FOR UPDATE",
    f"SELECT * FROM {AUDITOR}.ledger_head FOR SHARE",
)


@pytest.fixture
def world(database_engine: str, late_cases: Maker) -> World:
    assert database_engine == "postgresql"
    return late_cases(2)


@pytest.fixture
def impatient(world: World) -> Iterator[Store]:
    made = Store(world.url, patience=300)
    yield made
    made.close()


def writes(store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("SELECT 1")


@pytest.mark.parametrize("role", [STRANGER, AUDITOR])
def test_who_may_not_write_holds_no_writer_up(world: World, impatient: Store, role: str) -> None:
    running = server(durable=False)
    with running.connection() as owner, suppress(Exception):
        owner.execute(f"CREATE ROLE {STRANGER} LOGIN")
    for attempt in ATTEMPTS:
        with running.connection(name_of(world.url), role) as session:
            session.execute("BEGIN")
            with suppress(Exception):
                session.execute(attempt)
            writes(impatient)
            session.execute("ROLLBACK")


def test_who_holds_it_is_named_and_readers_do_not_wait(world: World, impatient: Store) -> None:
    holding = Store(world.url)
    with holding.writing():
        with impatient.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM ledger_head").scalar()
        with pytest.raises(Locked, match=rf"{APPLICATION}, effmon, local, for \d+ s") as caught:
            writes(impatient)
        assert caught.value.exit_code == 75
        found = doctor(world)["write lock"]
        assert found[0] == "look"
        assert APPLICATION in found[1]
    holding.close()
    writes(impatient)
    assert doctor(world)["write lock"][0] == "ok"


def test_the_quick_doctor_names_who_holds_it(world: World) -> None:
    holding = Store(world.url)
    world.close()
    with holding.writing():
        ran = effmon("-C", world.folder, "doctor", "--quick", "-o", "json")
    holding.close()
    (found,) = (row for row in ran.json if row["check"] == "write lock")
    assert found["status"] == "look"
    assert re.search(rf"{APPLICATION}, effmon, local, for \d+ s", found["detail"])


def doctor(world: World) -> dict[str, tuple[str, str]]:
    found = database_check.check_database(world.context)
    return {name: (status, said) for name, status, said in found}


def test_a_stranger_does_not_come_in(world: World) -> None:
    running = server(durable=False)
    with running.connection() as owner, suppress(Exception):
        owner.execute(f"CREATE ROLE {STRANGER} LOGIN")
    name = name_of(world.url)
    assert doctor(world)["database door"][0] == "look"
    as_owner = Store(running.url(name))
    with as_owner.writing() as connection:
        for statement in list(rights.statements(connection, APPLICATION, AUDITOR)):
            connection.exec_driver_sql(statement)
    as_owner.close()
    assert "database door" not in doctor(world)
    with pytest.raises(Exception, match="permission denied for database"):
        connect(running, name, STRANGER)
    for role in (APPLICATION, AUDITOR, OWNER):
        connect(running, name, role)


def connect(running: Any, name: str, role: str) -> None:
    with running.connection(name, role) as session:
        session.execute("SELECT 1")
