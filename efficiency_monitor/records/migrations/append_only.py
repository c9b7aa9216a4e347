"""Triggers that refuse to change or delete rows, for the migrations, on both engines.

They stop accidents, and on PostgreSQL also the application's role. Whoever owns the file or the
tables can take them away: only a root that somebody else holds shows that.
"""

from collections.abc import Sequence

from alembic import op

from efficiency_monitor.records.set_aside_table import HOLDS

_REFUSES = """
CREATE OR REPLACE FUNCTION effmon_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
#: Deletes of input: `TG_ARGV[0]` is the column by which its rows are numbered.
_SET_ASIDE = """
CREATE OR REPLACE FUNCTION effmon_set_aside_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM set_aside WHERE table_name = TG_TABLE_NAME
                 AND number = (to_jsonb(OLD)->>TG_ARGV[0])::bigint) THEN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN OLD;
END $$
"""
_BUT_SET_ASIDE = (
    "WHEN NOT EXISTS (SELECT 1 FROM set_aside WHERE table_name = '{table}'"
    " AND number = OLD.{column}) "
)
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
    """Make these tables append-only; TRUNCATE, which row triggers miss, is refused too.

    Rows of input that were set aside before may be deleted, in that transaction or later.
    """
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(_REFUSES)
        op.execute(_SET_ASIDE)
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_no_{verb.lower()}"
            column = HOLDS.get(table) if verb == "DELETE" else None
            if postgresql:
                call = f"effmon_set_aside_only('{column}')" if column else "effmon_append_only()"
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {call}"
                )
            else:
                but = _BUT_SET_ASIDE.format(table=table, column=column)
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {but if column else ''}"
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
