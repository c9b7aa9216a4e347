"""What PostgreSQL's auditor is shown: views in the place of the tables, without what is personal.

They stand in a schema that is named as the role, which PostgreSQL looks in first: whatever reads a
table reads the view instead, and finds a mask where a name, an address or a text stands. Of the
tables themselves an auditor has no right. Reasons: ADR 0026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, text
from sqlalchemy.sql.compiler import IdentifierPreparer

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..intake.model.statements import CASE_FIELDS
from .every_table import metadata

#: Stands where something is that an auditor is not shown.
MASK = "***"
#: A name, an address, a text; NULL stays NULL: that nobody is named may be seen.
_TEXT = f"CASE WHEN COLUMN IS NULL THEN NULL ELSE '{MASK}' END"
_BYTES = "''::bytea"
#: A seal may be seen: its salt is hidden, so that nothing can be told by it.
_SEAL = "f.value::text ~ '^\"~[0-9A-Za-z_-]{43}\"$'"
#: A document of what is made of each member of a document.
_EACH_MEMBER = (
    "(SELECT coalesce(json_object_agg(f.key, MEMBER ORDER BY f.key), '{}'::json)::text"
    " FROM json_each(COLUMN::json) f)"
)


def _members(shown: str) -> str:
    """A document with a mask for each of its members but those that are shown."""
    member = f"CASE WHEN {shown} THEN f.value ELSE to_json('{MASK}'::text) END"
    return _EACH_MEMBER.replace("MEMBER", member)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


_OF_PERSONS = frozenset({"handler", "reviewer", "approver", "applicant"})
#: The canonical fields of a case, which rules go by; further ones may hold anything.
_FIELDS = _members(f"f.key IN ({_listed(set(CASE_FIELDS) - _OF_PERSONS)}) OR {_SEAL}")
#: Of a person nothing but name and address says who it is; an empty one stays empty.
_PERSON = _members("f.key NOT IN ('name', 'address') OR f.value::text = '\"\"'")
_DOCUMENT = _members("false")


def _texts(*columns: str) -> Mapping[str, str]:
    return MappingProxyType(dict.fromkeys(columns, _TEXT))


#: What stands in the place of columns that an auditor is not shown: names, addresses, what persons
#: wrote, salts of commitments, rows as they came. Every table is listed.
PERSONAL: Mapping[str, Mapping[str, str]] = {
    "account_entry": _texts("text"),
    "accountability": _texts("holder"),
    "alarm": {},
    "appeal": _texts("text"),
    "appeal_entry": _texts("text"),
    "approval": _texts("text"),
    "attempt": {},
    "card": {**_texts("handler", "reviewer", "approver"), "salt": "NULL::text"},
    "card_entry": _texts("text"),
    "card_sum": {},
    "case_fact": {"fields": _FIELDS},
    "case_file": {},
    "case_span": _texts("handler"),
    "change_end": _texts("text"),
    "change_proposal": _texts("reason"),
    "checkpoint": {},
    "clock": {},
    "command_record": {},
    # Why somebody saw or erased what is personal: an auditor reads that above all.
    "disclosure": {},
    "erased_case": {},
    "erased_person": {},
    "erasure": {},
    "evidence_decision": _texts("text"),
    "evidence_seen": {},
    "set_aside": {**_texts("text"), "content": _DOCUMENT},
    "source_handover": _texts("text"),
    "event": {**_texts("actor", "reason"), "attributes": _DOCUMENT},
    "event_withdrawal": {},
    "feed_cursor": {},
    "feed_run": {},
    "import_run": {},
    "item_fact": {},
    "kept_text": {},
    "ladder_run": {},
    "lease": {},
    "ledger_entry": {},
    "ledger_head": {},
    "meta": {},
    "notice": _texts("address", "last_error"),
    "order_card": {},
    "order_entry": _texts("text"),
    "person": {"value": _PERSON},
    "person_key": {},
    # Of an enrolment it says in one word what it rests on.
    "person_key_entry": {
        "text": f"CASE WHEN COLUMN IS NULL OR kind = 'enrolled' THEN COLUMN ELSE '{MASK}' END"
    },
    "personal_value": {**_texts("value"), "salt": _BYTES},
    "quarantine": {**_texts("message"), "content": _DOCUMENT},
    "row_version": {},
    "run": {},
    "settings_in_force": {},
    "silence": _texts("reason", "end_reason"),
    "supervision_order": _texts("text"),
    "tally_touch": {},
    "text_salt": {"salt": _BYTES},
    "text_use": {},
    "trial_finding": {},
    "waiting_event": {"content": _DOCUMENT},
}
#: Tables of the migrations' own.
_OTHERS = ("alembic_version",)
_VIEW = "CREATE VIEW {0}.{1} AS SELECT {2} FROM {3}.{1} t"
_MASKED = text("SELECT relkind = 'v' FROM pg_class WHERE oid = to_regclass('card')")
#: Views that are made of a table of the same name: their names and schemas, and the table's.
_VIEWS_OF = (
    "SELECT DISTINCT v.oid, v.relname, vn.nspname, bn.nspname AS of_schema"
    " FROM pg_class v JOIN pg_namespace vn ON vn.oid = v.relnamespace"
    " JOIN pg_rewrite r ON r.ev_class = v.oid"
    " JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
    " AND d.refclassid = 'pg_class'::regclass"
    " JOIN pg_class b ON b.oid = d.refobjid AND b.relname = v.relname AND b.oid <> v.oid"
    " JOIN pg_namespace bn ON bn.oid = b.relnamespace WHERE v.relkind = 'v'"
)
_BEHIND = text(f"{_VIEWS_OF} AND v.oid = to_regclass('card')")
_HERE = text(
    "SELECT coalesce((SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE pg_class.oid = to_regclass('card')), current_schema())"
)
_VIEWS = text(
    f"{_VIEWS_OF} AND bn.nspname = :schema AND vn.nspname <> :schema"
    " AND EXISTS (SELECT FROM pg_roles WHERE rolname = vn.nspname)"
)
_COLUMNS = text(
    "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped"
)
_BARE = text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relkind = 'r'"
    " AND has_any_column_privilege(:role, c.oid, 'SELECT') ORDER BY c.relname"
)
_OWNED_BY_OTHER = text(
    "SELECT pg_get_userbyid(nspowner) FROM pg_namespace"
    " WHERE nspname = :schema AND NOT pg_has_role(nspowner, 'USAGE')"
)


def masked(connection: Connection) -> bool:
    """Whether this connection reads views and is not shown what is personal."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(_MASKED).scalar())


def tables_schema(connection: Connection) -> str:
    """The schema in which the tables stand, also for who reads views of them."""
    behind = connection.execute(_BEHIND).first()
    return str(connection.execute(_HERE).scalar_one() if behind is None else behind.of_schema)


def auditors(connection: Connection) -> list[str]:
    """The roles that have views, by the tables that those are of; in order."""
    found = connection.execute(_VIEWS, {"schema": tables_schema(connection)})
    return sorted({row.nspname for row in found})


def gone(connection: Connection, role: str) -> Iterator[str]:
    """The statements that take a role's views away, and not the schema; `role` unquoted."""
    quote = connection.dialect.identifier_preparer.quote
    found = connection.execute(_VIEWS, {"schema": tables_schema(connection)})
    for name in sorted(row.relname for row in found if row.nspname == role):
        yield f"DROP VIEW {quote(role)}.{quote(name)}"


def made(connection: Connection, role: str) -> Iterator[str]:
    """The statements that make a role's schema and its views anew; `role` unquoted.

    ConfigurationError where somebody else has a schema of that name.
    """
    quoting = connection.dialect.identifier_preparer
    other = connection.execute(_OWNED_BY_OTHER, {"schema": role}).scalar()
    if other is not None:
        raise ConfigurationError(
            t("the schema {role} belongs to {other}", role=role, other=other),
            f"DROP SCHEMA {quoting.quote(role)}",
        )
    yield f"CREATE SCHEMA IF NOT EXISTS {quoting.quote(role)}"
    yield from gone(connection, role)
    schema = tables_schema(connection)
    for name in sorted(metadata.tables):
        yield _view(quoting, role, schema, name)
    for name in _OTHERS:
        yield _VIEW.format(quoting.quote(role), quoting.quote(name), "*", quoting.quote(schema))
    yield f"GRANT USAGE ON SCHEMA {quoting.quote(role)} TO {quoting.quote(role)}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoting.quote(role)} TO {quoting.quote(role)}"


def _view(quoting: IdentifierPreparer, role: str, schema: str, name: str) -> str:
    # A table that says nothing of its columns is shown empty of all of them.
    table = metadata.tables[name]
    hidden = PERSONAL.get(name, dict.fromkeys(table.columns.keys(), "NULL"))
    columns = []
    for column in table.columns:
        quoted = quoting.quote(column.name)
        mask = hidden.get(column.name, "COLUMN").replace("COLUMN", f"t.{quoted}")
        columns.append(f"{mask} AS {quoted}")
    return _VIEW.format(
        quoting.quote(role), quoting.quote(name), ", ".join(columns), quoting.quote(schema)
    )


def lacking(connection: Connection, role: str) -> list[str]:
    """Tables and columns that a role's views do not have: `card`, `card.level`."""
    there: dict[str, set[str]] = {}
    for name, column in connection.execute(_COLUMNS, {"schema": role}):
        there.setdefault(name, set()).add(column)
    found = [name for name in (*sorted(metadata.tables), *_OTHERS) if name not in there]
    for name, table in sorted(metadata.tables.items()):
        if name in there:
            found += [f"{name}.{column}" for column in set(table.columns.keys()) - there[name]]
    return sorted(found)


def bare(connection: Connection, role: str) -> list[str]:
    """Tables of which a role sees columns themselves, past the views."""
    asked = {"schema": tables_schema(connection), "role": role}
    return list(connection.execute(_BARE, asked).scalars())
