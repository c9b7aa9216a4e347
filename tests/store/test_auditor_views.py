"""The views of PostgreSQL's auditor: complete, made anew, nobody else's."""

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.records import auditor_views, rights, schema
from efficiency_monitor.records.engine import Store
from efficiency_monitor.records.every_table import metadata
from tests.postgres_server import AUDITOR, name_of, server

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True, scope="module"),
]


def test_the_doctor_misses_views_and_finds_rights_past_them(database_engine: str) -> None:
    assert database_engine == "postgresql"
    url = server(durable=False).new_database()
    store = Store(url)

    def findings() -> tuple[list[str], list[str]]:
        with store.reading() as connection:
            assert auditor_views.auditors(connection) == [AUDITOR]
            return auditor_views.lacking(connection, AUDITOR), auditor_views.bare(
                connection, AUDITOR
            )

    try:
        assert findings() == ([], [])
        with server(durable=False).connection(name_of(url)) as owner:
            owner.execute(f"DROP VIEW {AUDITOR}.alarm")
            owner.execute(f"DROP VIEW {AUDITOR}.lease")
            owner.execute(f"CREATE VIEW {AUDITOR}.lease AS SELECT name, owner, fence FROM lease")
            owner.execute(f"GRANT SELECT (handler) ON card TO {AUDITOR}")
        assert findings() == (["alarm", "lease.lease_until"], ["card"])
        with store.writing() as connection:
            for statement in list(rights.statements(connection, None, AUDITOR)):
                connection.exec_driver_sql(statement)
        assert findings() == ([], [])
    finally:
        store.close()
        server(durable=False).drop(url)


def test_an_upgrade_makes_the_views_anew(
    database_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of an earlier release: fewer tables, fewer columns."""
    assert database_engine == "postgresql"
    url = server(durable=False).new_database(empty=True)
    store = Store(url)
    try:
        with store.writing() as connection:
            schema.migrate(connection, schema.HEAD)
            for statement in (
                f"CREATE SCHEMA {AUDITOR}",
                f"CREATE VIEW {AUDITOR}.card AS SELECT card_no, level FROM card",
                f"GRANT SELECT ON {AUDITOR}.card TO {AUDITOR}",
            ):
                connection.exec_driver_sql(statement)
            assert "card.state" in auditor_views.lacking(connection, AUDITOR)
            # As an earlier release would have left it, for the upgrade's sake.
        monkeypatch.setattr(schema, "_behind", lambda connection: True)
        schema.upgrade(store)
        with store.reading() as connection:
            assert auditor_views.lacking(connection, AUDITOR) == []
            assert auditor_views.masked(connection) is False
            assert auditor_views.tables_schema(connection) == "public"
    finally:
        store.close()
        server(durable=False).drop(url)


def test_a_role_that_was_an_auditor_works_as_application(database_engine: str) -> None:
    assert database_engine == "postgresql"
    url = server(durable=False).new_database()
    store = Store(url)
    try:
        with store.writing() as connection:
            for statement in list(rights.statements(connection, AUDITOR, None)):
                connection.exec_driver_sql(statement)
        changed = Store(server(durable=False).url(name_of(url), AUDITOR))
        with changed.reading() as connection:
            assert auditor_views.masked(connection) is False
            assert rights.missing(connection) == []
        changed.close()
    finally:
        store.close()
        server(durable=False).drop(url)


def test_a_schema_of_somebody_else_is_left_alone(database_engine: str) -> None:
    assert database_engine == "postgresql"
    url = server(durable=False).new_database()
    name = name_of(url)
    owner = Store(server(durable=False).url(name, "effmon_owner"))
    try:
        with server(durable=False).connection(name) as superuser:
            superuser.execute("DROP ROLE IF EXISTS effmon_owner")
            superuser.execute("CREATE ROLE effmon_owner LOGIN")
            superuser.execute(f"GRANT CREATE ON DATABASE {name} TO effmon_owner")
            for table in (*metadata.tables, "alembic_version"):
                superuser.execute(f"ALTER TABLE {table} OWNER TO effmon_owner")
        with owner.reading() as connection, pytest.raises(ConfigurationError, match="belongs to"):
            list(rights.statements(connection, None, AUDITOR))
    finally:
        owner.close()
        server(durable=False).drop(url)
