"""What `effmon doctor` says of the database: engine, durability, rights of the role, clock."""

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Connection, text

from ...i18n.messages import t
from ...records import auditor_views, rights
from ...records.postgresql import OLDEST, holder
from ...records.sqlite import wal_is_safe
from ...workspace.context import Context

GOOD, LOOK, BAD = "ok", "look", "bad"
Finding = tuple[str, str, str]
#: Seconds by which this machine's clock may differ from the server's without a word.
APART = 60
#: Settings of a server that forgets in a power cut what it has promised to keep.
_DURABLE = ("fsync", "full_page_writes")
_MOST_NAMED = 5
_ROLE = text(
    "SELECT current_user AS name, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    " AS super, pg_has_role(tableowner, 'USAGE') AS owner FROM pg_tables"
    " WHERE schemaname = :schema AND tablename = 'ledger_entry'"
)


def check_database(context: Context) -> Iterator[Finding]:
    """Whether the database keeps what it is given, and lets nobody change what stands."""
    if context.store.dialect == "sqlite":
        yield _sqlite()
        return
    with context.store.reading() as connection:
        yield _server(connection)
        yield _durability(connection)
        yield _role(connection)
        yield from _auditors(connection)
        yield _write_lock(connection)
        if rights.open_to_all(connection):
            yield (
                "database door",
                LOOK,
                t(
                    "every role of the server may connect: let the database's owner run effmon "
                    "database roles"
                ),
            )
        clock = context.store.clock(connection) or 0
    apart = context.now() - clock
    yield (
        "database clock",
        GOOD if abs(apart) <= APART else LOOK,
        t("this machine's clock is {apart} s ahead of it", apart=apart),
    )


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if wal_is_safe():
        return "sqlite", GOOD, f"SQLite {version}, WAL"
    return (
        "sqlite",
        GOOD,
        t(
            "SQLite {version} has the WAL-reset fault; the DELETE journal is used instead",
            version=version,
        ),
    )


def _server(connection: Connection) -> Finding:
    number = int(_shown(connection, "server_version_num"))
    version = _shown(connection, "server_version")
    encoding = _shown(connection, "server_encoding")
    said = f"PostgreSQL {version}, {encoding}"
    if number < OLDEST:
        return (
            "postgresql",
            BAD,
            said + t(": {value} or newer is needed", value=OLDEST // 10000),
        )
    return "postgresql", GOOD if encoding == "UTF8" else BAD, said


def _durability(connection: Connection) -> Finding:
    off = [name for name in _DURABLE if _shown(connection, name) != "on"]
    if off:
        return (
            "durability",
            BAD,
            t(
                "{off} off: a power cut damages the database",
                off=", ".join(off),
                off_2="、".join(off),
            ),
        )
    if _shown(connection, "synchronous_commit") == "off":
        return (
            "durability",
            LOOK,
            t("synchronous_commit is off by default; effmon's own transactions turn it on"),
        )
    return "durability", GOOD, ", ".join((*_DURABLE, "synchronous_commit"))


def _role(connection: Connection) -> Finding:
    schema = auditor_views.tables_schema(connection)
    role = connection.execute(_ROLE, {"schema": schema}).one()
    if auditor_views.masked(connection):
        return "database role", GOOD, t("{name}, an auditor's", name=role.name)
    if role.super or role.owner:
        word = t("superuser") if role.super else t("the tables' owner")
        return (
            "database role",
            LOOK,
            t(
                "connected as {name}, {word}, whom append-only tables do not bind: see effmon "
                "database roles",
                name=role.name,
                word=word,
            ),
        )
    lacking, more = rights.missing(connection), rights.excessive(connection)
    if lacking or more:
        named = ", ".join((lacking or more)[:_MOST_NAMED])
        return (
            "database role",
            BAD,
            t(
                "{name} {which} {named}: let the owner run effmon database roles",
                name=role.name,
                which=t("lacks") if lacking else t("could change"),
                named=named,
            ),
        )
    return "database role", GOOD, role.name


def _write_lock(connection: Connection) -> Finding:
    """Who writes just now: one who holds the lock for long keeps everybody else from writing."""
    held = holder(connection)
    return "write lock", LOOK if held else GOOD, held or t("nobody holds it")


def _auditors(connection: Connection) -> Iterator[Finding]:
    """Whether each auditor is shown all that is not personal, and nothing past the views."""
    for role in auditor_views.auditors(connection):
        bare = auditor_views.bare(connection, role)
        lacking = auditor_views.lacking(connection, role)
        if not bare and not lacking:
            yield f"auditor {role}", GOOD, t("sees every table, masked")
            continue
        named = ", ".join((bare or lacking)[:_MOST_NAMED])
        yield (
            f"auditor {role}",
            BAD if bare else LOOK,
            t(
                "{which} {named}: let the owner run effmon database roles",
                which=t("sees these tables unmasked") if bare else t("is not shown"),
                named=named,
            ),
        )


def _shown(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar())
