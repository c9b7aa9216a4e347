"""Rights of PostgreSQL's roles: the application changes nothing that stands for ever."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.ops import database_roles
from efficiency_monitor.ops.doctor import database_check
from efficiency_monitor.ops.repair import input as repair_input
from efficiency_monitor.records import auditor_views, rights
from efficiency_monitor.records.engine import Store
from efficiency_monitor.records.every_table import metadata
from tests.postgres_server import APPLICATION, AUDITOR, OWNER, as_owner, name_of, server
from tests.stories.world import World

from .conftest import Maker


def test_every_table_says_what_of_it_is_personal() -> None:
    """A new table is listed, or an auditor sees nothing of it."""
    assert set(auditor_views.PERSONAL) == set(metadata.tables)
    for name, columns in auditor_views.PERSONAL.items():
        assert set(columns) <= set(metadata.tables[name].columns.keys()), name
    assert set(metadata.tables) >= rights.DELETED_FROM
    for name, named in rights.UPDATED.items():
        assert set(named) <= set(metadata.tables[name].columns.keys()), name


def test_sqlite_has_no_roles(late_cases: Maker) -> None:
    with pytest.raises(ConfigurationError, match="SQLite has no roles"):
        database_roles.give(late_cases(0).context, application="a", auditor=None, dry_run=True)


@pytest.fixture
def world(database_engine: str, late_cases: Maker) -> World:
    """A workspace of the application's role in which a scan was made."""
    assert database_engine == "postgresql"
    made = late_cases(2)
    made.scan()
    made.deliver()
    return made


on_postgresql = pytest.mark.parametrize(
    "database_engine",
    [pytest.param("postgresql", marks=pytest.mark.full)],
    indirect=True,
    scope="module",
)


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    """As the application."""
    made = Store(world.url)
    yield made
    made.close()


#: What nobody does by accident alone: each is tried on the ledger and on the events.
MUTATIONS = {
    "update": "UPDATE {table} SET {column} = {column}",
    "update of nothing": "UPDATE {table} SET {column} = {column} WHERE false",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "upsert": "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET"
    " {column} = excluded.{column}",
    "merge": "MERGE INTO {table} a USING {table} b ON a.{key} = b.{key} WHEN MATCHED THEN DELETE",
    "no trigger": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop trigger": "DROP TRIGGER {table}_no_update ON {table}",
    "as a replica": "SET session_replication_role = replica",
    "drop": "DROP TABLE {table} CASCADE",
    "new column": "ALTER TABLE {table} ADD COLUMN forged text",
    "new rule": "CREATE RULE forged AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "new table": "CREATE TABLE forged (a int)",
    "new function": "CREATE OR REPLACE FUNCTION effmon_append_only() RETURNS trigger LANGUAGE"
    " plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "another role": "SET ROLE postgres",
}


@on_postgresql
@pytest.mark.parametrize("table", ["ledger_entry", "event"])
def test_the_application_can_change_nothing_that_stands(
    world: World, store: Store, table: str
) -> None:
    before = world.tuples(f"SELECT * FROM {table}")
    assert before
    key, column = ("seq", "body") if table == "ledger_entry" else ("id", "reason")
    for what, statement in MUTATIONS.items():
        words = statement.format(table=table, key=key, column=column)
        refused = pytest.raises(ConfigurationError, match=APPLICATION)
        with refused, store.writing() as connection:
            connection.exec_driver_sql(words)
        assert world.tuples(f"SELECT * FROM {table}") == before, what
    with store.writing() as connection:  # a warning, and no right
        connection.exec_driver_sql(f"GRANT UPDATE ON {table} TO PUBLIC")
        assert rights.excessive(connection) == []
    assert world.sound()
    print(f"{len(MUTATIONS)} statements refused on {table}")


@on_postgresql
def test_the_application_sets_no_input_aside(world: World) -> None:
    """Whoever may take rows out could hide a case: only the owner of the tables may."""
    with pytest.raises(ConfigurationError, match="may take no row out"):
        repair_input.repair(world.context, "x")


@on_postgresql
def test_append_only_is_every_table_with_the_triggers(world: World) -> None:
    with world.context.store.reading() as connection:
        found = rights.append_only(connection)
        assert rights.missing(connection) == []
        assert rights.excessive(connection) == []
    assert found >= {"ledger_entry", "event", "case_fact", "card_entry", "approval", "checkpoint"}
    assert not found & rights.DELETED_FROM
    owner = Store(as_owner(world.url))
    with owner.reading() as connection:
        more = rights.excessive(connection)
        assert more[: len(found)] == sorted(found)
        assert {"card.handler", "case_file.case_no", "notice.person_id"} <= set(more)
    owner.close()


@on_postgresql
def test_the_application_deletes_from_no_other_table(world: World, store: Store) -> None:
    for name in sorted(set(metadata.tables) - rights.DELETED_FROM):
        with pytest.raises(ConfigurationError, match=name), store.writing() as connection:
            connection.execute(text(f"DELETE FROM {name}"))


@on_postgresql
def test_the_application_changes_the_columns_that_it_has_to(world: World, store: Store) -> None:
    """Not whom a card names, what it rests on, nor whose a case is."""
    changeable = {(name, column) for name in rights.UPDATED for column in rights.UPDATED[name]}
    for name in sorted(rights.UPDATED):
        for column in metadata.tables[name].columns:
            statement = text(f'UPDATE {name} SET "{column}" = "{column}" WHERE false')
            if (name, column) in changeable:
                with store.writing() as connection:
                    connection.execute(statement)
                continue
            with pytest.raises(ConfigurationError, match=name), store.writing() as connection:
                connection.execute(statement)


@on_postgresql
def test_an_auditor_reads_and_sees_no_names(world: World) -> None:
    auditor = Store(world.url.replace(APPLICATION, AUDITOR))
    with auditor.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM ledger_entry")).scalar()
        assert connection.execute(text("SELECT card_no, level FROM card")).first()
    for statement in (
        "SELECT handler FROM card",
        "SELECT * FROM card",
        "SELECT value FROM person",
        "SELECT value FROM personal_value",
        "SELECT salt FROM text_salt",
        "SELECT content FROM quarantine",
        "INSERT INTO meta VALUES ('a', 'b')",
    ):
        with pytest.raises(EffmonError), auditor.writing() as connection:
            connection.execute(text(statement))
    auditor.close()
    settings = world.folder / "effmon.toml"
    kept = settings.read_text(encoding="utf-8")
    world.close()
    settings.write_text(kept.replace(APPLICATION, AUDITOR), encoding="utf-8")
    assert world.sound(), "an auditor verifies the ledger"
    world.close()


@on_postgresql
def test_rights_are_given_by_the_owner_and_again(world: World) -> None:
    """All others are taken away: also one that somebody has given on the side."""
    url = world.url
    with server(durable=False).connection(name_of(url)) as connection:
        connection.execute(f"GRANT UPDATE ON ledger_entry TO {APPLICATION}")
    with world.context.store.reading() as connection:
        assert rights.excessive(connection) == ["ledger_entry"]
    settings = world.folder / "effmon.toml"
    kept = settings.read_text(encoding="utf-8")
    settings.write_text(kept.replace(url, as_owner(url)), encoding="utf-8")
    world.close()
    for dry_run in (True, False):
        made = database_roles.give(
            world.context, application=APPLICATION, auditor=AUDITOR, dry_run=dry_run
        )
        assert f"GRANT SELECT, INSERT ON ledger_entry TO {APPLICATION}" in made
    for name, words in (("nobody_here", "no role"), ("x; DROP", "no name"), (OWNER, "superuser")):
        with pytest.raises(ConfigurationError, match=words):
            database_roles.give(world.context, application=name, auditor=None, dry_run=False)
    world.close()
    settings.write_text(kept, encoding="utf-8")
    with world.context.store.reading() as connection:
        assert rights.excessive(connection) == []
    with pytest.raises(ConfigurationError, match=APPLICATION):
        database_roles.give(world.context, application=APPLICATION, auditor=AUDITOR, dry_run=False)


def database_findings(world: World) -> dict[str, tuple[str, str]]:
    """What the doctor says of the database."""
    return {
        name: (status, detail)
        for name, status, detail in database_check.check_database(world.context)
    }


@on_postgresql
def test_the_doctor_knows_the_database(world: World) -> None:
    url, settings = world.url, world.folder / "effmon.toml"
    kept = settings.read_text(encoding="utf-8")
    found = database_findings(world)
    assert found["postgresql"][0] == "ok"
    assert found["durability"] == (
        "bad",
        "fsync, full_page_writes off: a power cut damages the database",
    )
    assert found["database role"] == ("ok", APPLICATION)
    assert found["database clock"][0] == "look", "the clock of a story is not the server's"
    with server(durable=False).connection(name_of(url)) as connection:
        connection.execute(f"REVOKE UPDATE (state) ON card FROM {APPLICATION}")
        assert "lacks UPDATE on card.state" in database_findings(world)["database role"][1]
        connection.execute(f"GRANT UPDATE (state, handler) ON card TO {APPLICATION}")
        status, detail = database_findings(world)["database role"]
        assert (status, "could change card.handler" in detail) == ("bad", True)
        connection.execute(f"REVOKE UPDATE (handler) ON card FROM {APPLICATION}")
        connection.execute(f"GRANT DELETE ON event TO {APPLICATION}")
        status, detail = database_findings(world)["database role"]
        assert (status, "could change event" in detail) == ("bad", True)
        connection.execute("DROP ROLE IF EXISTS somebody")
        connection.execute("CREATE ROLE somebody LOGIN")
        for table in metadata.tables:
            connection.execute(f"ALTER TABLE {table} OWNER TO somebody")
        connection.execute("GRANT SELECT ON alembic_version TO somebody")
    for user, words in (("postgres", "superuser"), ("somebody", "the tables' owner")):
        world.close()
        settings.write_text(kept.replace(f"//{APPLICATION}@", f"//{user}@"), encoding="utf-8")
        status, detail = database_findings(world)["database role"]
        assert (status, words in detail) == ("look", True), detail
    world.close()
