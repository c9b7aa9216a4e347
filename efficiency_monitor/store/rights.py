"""Rights of PostgreSQL's roles: what the application and an auditor may do, and no more.

The owner of the tables makes them and is nobody's daily account. Rights are taken from the tables
that there are: a new one can be forgotten neither here (a test) nor in the database (`missing`).
"""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from ..core.faults import ConfigurationError
from ..language import t
from .every_table import metadata

#: Tables from which ordinary work deletes rows: what is known anew by each scan, pull or people
#: file, what was mended, and personal data that are erased.
DELETED_FROM = frozenset(
    {
        "accountability",
        "clock",
        "feed_cursor",
        "person",
        "personal_value",
        "quarantine",
        "row_version",
    }
)
#: Columns that an auditor is not shown: names, addresses, what persons wrote, salts of
#: commitments, rows as they came. Empty: the table holds no such thing. Every table is listed.
PERSONAL: Mapping[str, frozenset[str]] = {
    "account_entry": frozenset({"text"}),
    "accountability": frozenset({"holder"}),
    "alarm": frozenset(),
    "appeal": frozenset({"text"}),
    "appeal_entry": frozenset({"text"}),
    "approval": frozenset(),
    "attempt": frozenset(),
    "card": frozenset({"handler", "reviewer", "approver", "salt"}),
    "card_entry": frozenset({"text"}),
    "case_fact": frozenset({"fields"}),
    "case_file": frozenset(),
    "checkpoint": frozenset(),
    "clock": frozenset(),
    "command_record": frozenset({"message"}),
    # Why somebody saw or erased what is personal: an auditor reads that above all.
    "disclosure": frozenset(),
    "erased_case": frozenset(),
    "erased_person": frozenset(),
    "erasure": frozenset(),
    "event": frozenset({"actor", "reason", "attributes"}),
    "event_withdrawal": frozenset(),
    "feed_cursor": frozenset(),
    "feed_run": frozenset(),
    "import_run": frozenset(),
    "item_fact": frozenset(),
    "ladder_run": frozenset(),
    "lease": frozenset(),
    "ledger_entry": frozenset(),
    "ledger_head": frozenset(),
    "meta": frozenset(),
    "notice": frozenset({"address", "last_error"}),
    "order_card": frozenset(),
    "order_entry": frozenset({"text"}),
    "person": frozenset({"value"}),
    "person_key": frozenset(),
    "person_key_entry": frozenset({"text"}),
    "personal_value": frozenset({"value", "salt", "seal"}),
    "quarantine": frozenset({"content", "message"}),
    "row_version": frozenset(),
    "run": frozenset(),
    "silence": frozenset({"reason", "end_reason"}),
    "supervision_order": frozenset({"text"}),
    "text_salt": frozenset({"salt"}),
}
#: Tables of the migrations' own.
_READ_ONLY = ("alembic_version",)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_APPEND_ONLY = text(
    "SELECT c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND g.tgname = c.relname || '_no_delete'"
)


def statements(
    connection: Connection, application: str | None, auditor: str | None
) -> Iterator[str]:
    """What gives two roles their rights and takes away all others, in order.

    ConfigurationError where a name is none, or where a role does not exist.
    """
    roles = [_role(connection, name) for name in (application, auditor) if name is not None]
    if not roles:
        return
    preparer = connection.dialect.identifier_preparer
    schema = preparer.quote(str(connection.execute(text("SELECT current_schema()")).scalar_one()))
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    for role in roles:
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}"
        yield f"REVOKE ALL ON SCHEMA {schema} FROM {role}"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
        for name in _READ_ONLY:
            yield f"GRANT SELECT ON {name} TO {role}"
    if application is not None:
        appended = append_only(connection)
        for name in sorted(metadata.tables):
            yield f"GRANT {', '.join(_needed(name, appended))} ON {name} TO {roles[0]}"
        yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {roles[0]}"
    if auditor is not None:
        for name, table in sorted(metadata.tables.items()):
            hidden = PERSONAL.get(name, frozenset(table.columns.keys()))
            shown = [column.name for column in table.columns if column.name not in hidden]
            if hidden and shown:
                listed = ", ".join(preparer.quote(column) for column in shown)
                yield f"GRANT SELECT ({listed}) ON {name} TO {roles[-1]}"
            elif shown:
                yield f"GRANT SELECT ON {name} TO {roles[-1]}"


def append_only(connection: Connection) -> frozenset[str]:
    """The tables that triggers protect against change."""
    return frozenset(connection.execute(_APPEND_ONLY).scalars())


def missing(connection: Connection) -> list[str]:
    """What the role of this connection lacks: `UPDATE on card`."""
    appended = append_only(connection)
    asked = text("SELECT has_table_privilege(:name, :right)")
    return [
        f"{right} on {name}"
        for name in sorted(metadata.tables)
        for right in _needed(name, appended)
        if not connection.execute(asked, {"name": name, "right": right}).scalar()
    ]


def excessive(connection: Connection) -> list[str]:
    """Append-only tables that the role of this connection could change or empty."""
    asked = text(
        "SELECT has_table_privilege(:name, 'UPDATE') OR has_table_privilege(:name, 'DELETE')"
        " OR has_table_privilege(:name, 'TRUNCATE')"
    )
    return [
        name
        for name in sorted(append_only(connection))
        if connection.execute(asked, {"name": name}).scalar()
    ]


def _needed(table: str, appended: frozenset[str]) -> list[str]:
    if table in appended:
        return ["SELECT", "INSERT"]
    return ["SELECT", "INSERT", "UPDATE"] + (["DELETE"] if table in DELETED_FROM else [])


def _role(connection: Connection, name: str) -> str:
    """The role's name as SQL writes it."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            t(f"{name[:70]!r} 不是角色名", f"{name[:70]!r} is no name of a role"),
            t("用字母、数字、下划线", "use letters, digits and underscores"),
        )
    found = connection.execute(
        text("SELECT rolsuper FROM pg_roles WHERE rolname = :name"), {"name": name}
    ).first()
    quoted = connection.dialect.identifier_preparer.quote(name)
    if found is None:
        raise ConfigurationError(
            t(f"数据库里没有角色 {name}", f"the database has no role {name}"),
            f"CREATE ROLE {quoted} LOGIN",
        )
    if found.rolsuper:
        raise ConfigurationError(
            t(f"{name} 是超级用户，权限对其无效", f"{name} is a superuser: no right binds it"),
            t("换一个角色", "name another role"),
        )
    return quoted
