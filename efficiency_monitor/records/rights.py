"""Rights of PostgreSQL's roles: what the application and an auditor may do, and no more.

An auditor has none of them, but views of its own (`auditor_views`).
The owner of the tables makes them and is nobody's daily account. Rights are taken from the tables
that there are: a new one can be forgotten neither here (a test) nor in the database (`missing`).
"""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from ..faults import ConfigurationError
from ..i18n.messages import t
from . import auditor_views
from .every_table import metadata

#: Tables from which ordinary work deletes rows: what is known anew by each scan, pull or people
#: file, what was mended, and personal data that are erased. The owner sets input aside.
DELETED_FROM = frozenset(
    {
        "accountability",
        "case_span",
        "clock",
        "feed_cursor",
        "person",
        "personal_value",
        "quarantine",
        "row_version",
        "tally_touch",
        "trial_finding",
    }
)
#: The write lock is taken on it, which takes a right to the whole table.
WHOLE = frozenset({"ledger_head"})
#: The columns that ordinary work changes. What a card rests on, whom it names, when something was
#: received and what was filed stays as it was written: no statement of the application's can change
#: it. A test holds the list against what every command does.
UPDATED: Mapping[str, tuple[str, ...]] = {
    "accountability": ("status",),
    "alarm": ("ended_at", "ended_reason"),
    "appeal": ("state", "round", "overdue_told_at", "decided_at"),
    "attempt": ("result", "detail", "at"),
    "card": ("state", "state_before", "stood_under", "lifted_reason", "lifted_at"),
    "case_file": (
        *("calendar", "item_code", "revision", "changed", "outcome", "troubles", "judged_as_of"),
        *(
            "owner",
            "open",
            "judged_stale",
            "waits",
            "contested",
            "vanished_at",
            "clocks",
            "clock_mark",
        ),
    ),
    "feed_run": ("state", "finished_at", "as_of", "pages", "bytes", "totals", "message"),
    "import_run": ("finished_at", "totals"),
    "ladder_run": (
        *("ladder_id", "ladder_version", "ladder_digest", "chain", "began_at", "step", "turn"),
        *(
            "round",
            "told_at",
            "delivered_at",
            "missed_at",
            "missed",
            "first_delivered_at",
            "reply_within",
        ),
        *("reply_due_at", "unanswered_at", "acknowledged_at", "replied_at", "state"),
        *("ended_reason", "next_at"),
    ),
    "lease": ("owner", "fence", "lease_until"),
    "meta": ("value",),
    "notice": (
        *("role", "channel", "address", "language", "about", "created_at", "state", "held"),
        *("held_at", "attempts", "first_attempt_at", "next_attempt_at", "sent_at", "message_id"),
        "last_error",
    ),
    "person_key": ("revoked_at",),
    "quarantine": ("state", "received_at"),
    "run": (
        *("run_id", "state", "owner", "fence", "lease_until", "finished_at", "totals", "message"),
    ),
    "silence": ("ended_at", "ended_by", "end_reason"),
    "supervision_order": (
        *("state", "round", "reply_within", "delivered_at", "reply_due_at", "overdue_told_at"),
        *("replied_by", "replied_at", "closed_by", "closed_at", "result"),
    ),
}
#: Tables of the migrations' own.
_READ_ONLY = ("alembic_version",)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_APPEND_ONLY = text(
    "SELECT c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND g.tgname = c.relname || '_no_delete'"
)
_COLUMNS = text(
    "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    " AND has_column_privilege(a.attrelid, a.attnum, 'UPDATE')"
)
_OWNER = text(
    "SELECT current_user AS name, relkind = 'r' AND pg_has_role(relowner, 'USAGE') AS owner"
    " FROM pg_class WHERE oid = to_regclass('ledger_entry')"
)
#: A NULL list of rights is the default one, by which PUBLIC may connect.
_DATABASE = text(
    "SELECT datname AS name, pg_has_role(datdba, 'USAGE') AS owner,"
    " datacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(datacl)"
    " WHERE grantee = 0 AND privilege_type IN ('CONNECT', 'TEMPORARY')) AS open"
    " FROM pg_database WHERE datname = current_database()"
)


def statements(
    connection: Connection, application: str | None, auditor: str | None
) -> Iterator[str]:
    """What gives two roles their rights and takes away all others, in order.

    ConfigurationError where a name is none, where a role does not exist, and for a connection that
    does not own the tables.
    """
    _check_owner(connection)
    roles = [_role(connection, name) for name in (application, auditor) if name is not None]
    if not roles:
        return
    preparer = connection.dialect.identifier_preparer
    schema = preparer.quote(auditor_views.tables_schema(connection))
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    for role in roles:
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}"
        yield f"REVOKE ALL ON SCHEMA {schema} FROM {role}"
    yield from _closed(connection, roles)
    if application is not None:
        # Whoever was an auditor before would go on reading masks.
        yield from auditor_views.gone(connection, application)
        yield f"GRANT USAGE ON SCHEMA {schema} TO {roles[0]}"
        for name in _READ_ONLY:
            yield f"GRANT SELECT ON {name} TO {roles[0]}"
        for name in sorted(metadata.tables):
            yield f"GRANT {', '.join(_granted(name))} ON {name} TO {roles[0]}"
        yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {roles[0]}"
    if auditor is not None:
        yield from auditor_views.made(connection, auditor)


def _closed(connection: Connection, roles: list[str]) -> Iterator[str]:
    """Who has no right to anything here does not come in. Only who owns the database can say so."""
    found = connection.execute(_DATABASE).one()
    if not found.owner:
        return
    database = connection.dialect.identifier_preparer.quote(found.name)
    yield f"GRANT CONNECT ON DATABASE {database} TO {', '.join(roles)}"
    yield f"REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC"


def open_to_all(connection: Connection) -> bool:
    """Whether every role of the server may connect to the database."""
    return bool(connection.execute(_DATABASE).one().open)


def may_delete(connection: Connection, table: str) -> bool:
    """Whether the role of this connection may delete rows of a table; on SQLite everybody may."""
    if connection.dialect.name != "postgresql":
        return True
    asked = text("SELECT has_table_privilege(:name, 'DELETE')")
    return bool(connection.execute(asked, {"name": table}).scalar())


def append_only(connection: Connection) -> frozenset[str]:
    """The tables that triggers protect against change."""
    schema = {"schema": auditor_views.tables_schema(connection)}
    return frozenset(connection.execute(_APPEND_ONLY, schema).scalars())


def missing(connection: Connection) -> list[str]:
    """What the role of this connection lacks: `DELETE on clock`, `UPDATE on card.level`."""
    asked = text("SELECT has_table_privilege(:name, :right)")
    tables = [
        f"{right} on {name}"
        for name in sorted(metadata.tables)
        for right in _needed(name)
        if not connection.execute(asked, {"name": name, "right": right}).scalar()
    ]
    changeable = _changeable(connection)
    return tables + [
        f"UPDATE on {name}.{column}"
        for name, columns in sorted(UPDATED.items())
        for column in columns
        if column not in changeable.get(name, ())
    ]


def excessive(connection: Connection) -> list[str]:
    """What the role of this connection could change or empty and never has to.

    Names of append-only tables; of other tables the columns, `card.handler`.
    """
    asked = text(
        "SELECT has_any_column_privilege(:name, 'UPDATE') OR has_table_privilege(:name, 'DELETE')"
        " OR has_table_privilege(:name, 'TRUNCATE')"
    )
    appended = append_only(connection)
    tables = [
        name for name in sorted(appended) if connection.execute(asked, {"name": name}).scalar()
    ]
    return tables + [
        f"{name}.{column}"
        for name, columns in sorted(_changeable(connection).items())
        if name not in appended and name not in WHOLE
        for column in sorted(columns - set(UPDATED.get(name, ())))
    ]


def _changeable(connection: Connection) -> dict[str, set[str]]:
    """The columns of our tables that the role of this connection may update."""
    found: dict[str, set[str]] = {}
    schema = {"schema": auditor_views.tables_schema(connection)}
    for name, column in connection.execute(_COLUMNS, schema):
        if name in metadata.tables:
            found.setdefault(name, set()).add(column)
    return found


def _needed(table: str) -> list[str]:
    """Rights to a whole table."""
    return [
        *("SELECT", "INSERT"),
        *(["UPDATE"] if table in WHOLE else []),
        *(["DELETE"] if table in DELETED_FROM else []),
    ]


def _granted(table: str) -> list[str]:
    """Rights as GRANT writes them; names of columns are ours and plain."""
    columns = [] if table in WHOLE else UPDATED.get(table, ())
    return [*_needed(table), *([f"UPDATE ({', '.join(columns)})"] if columns else [])]


def _check_owner(connection: Connection) -> None:
    found = connection.execute(_OWNER).first()
    if found is not None and not found.owner:
        raise ConfigurationError(
            t("{name} does not own the tables and cannot give rights to them", name=found.name),
            t("let their owner run it"),
        )


def _role(connection: Connection, name: str) -> str:
    """The role's name as SQL writes it."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            t("{name!r} is no name of a role", name=name[:70]),
            t("use letters, digits and underscores"),
        )
    found = connection.execute(
        text("SELECT rolsuper FROM pg_roles WHERE rolname = :name"), {"name": name}
    ).first()
    quoted = connection.dialect.identifier_preparer.quote(name)
    if found is None:
        raise ConfigurationError(
            t("the database has no role {name}", name=name),
            f"CREATE ROLE {quoted} LOGIN",
        )
    if found.rolsuper:
        raise ConfigurationError(
            t("{name} is a superuser: no right binds it", name=name),
            t("name another role"),
        )
    return quoted
