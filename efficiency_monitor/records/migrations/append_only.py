"""Triggers that refuse to change or delete rows, for the migrations, on both engines.

They stop accidents, and on PostgreSQL also the application's role. Whoever owns the file or the
tables can take them away: only a root that somebody else holds shows that.
"""

from collections.abc import Sequence

from alembic import op

_REFUSES = """
CREATE OR REPLACE FUNCTION effmon_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
_IN_ORDER = """
CREATE OR REPLACE FUNCTION effmon_ledger_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq <> (SELECT COALESCE(MAX(seq) + 1, 1) FROM ledger_entry) THEN
    RAISE EXCEPTION 'ledger entries are numbered without gaps'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
"""


def protect(tables: Sequence[str]) -> None:
    """Make these tables append-only; TRUNCATE, which row triggers miss, is refused too."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(_REFUSES)
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_no_{verb.lower()}"
            if postgresql:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION effmon_append_only()"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION effmon_append_only()"
            )


def number_without_gaps() -> None:
    """A ledger entry is inserted under the next number or not at all."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_IN_ORDER)
        op.execute(
            "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON ledger_entry "
            "FOR EACH ROW EXECUTE FUNCTION effmon_ledger_in_order()"
        )
        return
    op.execute(
        "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON ledger_entry "
        "WHEN NEW.seq <> (SELECT COALESCE(MAX(seq) + 1, 1) FROM ledger_entry) "
        "BEGIN SELECT RAISE(ABORT, 'ledger entries are numbered without gaps'); END"
    )
