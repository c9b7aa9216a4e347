"""What the doctor says of the database's inside: pages, references, protecting triggers."""

from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from ...i18n.messages import t
from ...records import auditor_views, schema
from ...records.engine import Store
from ...workspace.context import Context

GOOD, LOOK, BAD = "ok", "look", "bad"
Finding = tuple[str, str, str]
_MOST_NAMED = 5
_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
#: Name, table, whether it fires in ordinary sessions, and the text of its function.
_ON_SERVER = text(
    "SELECT tgname, relname, tgenabled, prosrc FROM pg_trigger"
    " JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid"
    " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE NOT tgisinternal AND nspname = :schema"
)


def check_integrity(context: Context) -> Iterator[Finding]:
    """Is every page whole, does every reference lead somewhere, are all triggers as made."""
    sqlite = context.store.dialect == "sqlite"
    wanted = _as_made()
    with context.store.reading() as connection:
        if sqlite:
            pages = _pages(connection)
            yield pages
            if pages[1] != GOOD:
                return  # nothing that is read from it says much
            yield _references(connection)
            found = {row.name: row.sql for row in connection.execute(_TRIGGERS)}
            missing = sorted(name for name, made in wanted.items() if found.get(name) != made)
            more = sorted(found.keys() - wanted.keys())
        else:
            missing, more = _on_server(connection, set(wanted))
    names = t(", ").join([*missing, *more][:_MOST_NAMED])
    if missing or more:
        yield (
            "triggers",
            BAD,
            t(
                "triggers that protect what stands are gone or changed: {names}; keep the "
                "database as it is for whoever looks into it, run effmon ledger verify, restore a "
                "backup",
                names=names,
            ),
        )
    else:
        yield "triggers", GOOD, t("{n_wanted} as they were made", n_wanted=len(wanted))


def _as_made() -> dict[str, str]:
    """Triggers of a new database, by name."""
    store = Store("sqlite://")
    try:
        with store.writing() as connection:
            schema.migrate(connection, schema.HEAD)
            return {row.name: row.sql for row in connection.execute(_TRIGGERS)}
    finally:
        store.close()


def _on_server(connection: Connection, wanted: set[str]) -> tuple[list[str], list[str]]:
    """Triggers that are gone, do not fire or do something else; and those that nobody knows."""
    # Row triggers miss TRUNCATE: there a table has one more.
    tables = {name.removesuffix("_no_delete") for name in wanted if name.endswith("_no_delete")}
    wanted = wanted | {f"{name}_no_truncate" for name in tables}
    schema = {"schema": auditor_views.tables_schema(connection)}
    sound, known = set(), set()
    for name, _table, enabled, source in connection.execute(_ON_SERVER, schema):
        known.add(name)
        if enabled in ("O", "A") and "RAISE EXCEPTION" in source:
            sound.add(name)
    return sorted(wanted - sound), sorted(known - wanted)


def _pages(connection: Connection) -> Finding:
    try:
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    except DatabaseError as fault:
        found = [str(fault.orig)]
    if found == ["ok"]:
        return "integrity", GOOD, t("the database's file is whole")
    return (
        "integrity",
        BAD,
        t("the database's file is damaged: restore a backup")
        + f" ({'; '.join(' '.join(each.split()) for each in found)[:300]})",
    )


def _references(connection: Connection) -> Finding:
    found = sorted(
        {f"{row[0]} → {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    )
    if not found:
        return "references", GOOD, t("every reference leads somewhere")
    return (
        "references",
        BAD,
        t(
            "rows refer to rows that are gone: {found}; restore a backup",
            found=", ".join(found[:_MOST_NAMED]),
            found_2="、".join(found[:_MOST_NAMED]),
        ),
    )
