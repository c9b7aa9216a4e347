"""Notices and withdrawals numbered as they were written, so that entries can hold them by spans."""

import sqlalchemy as sa
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import free, protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: Table, its key, and the instant by which those that are there already are numbered.
_NUMBERED = (
    ("notice", "notice_id", "created_at"),
    ("event_withdrawal", "event_id", "received_at"),
)


def upgrade() -> None:
    """Apply."""
    for table, _, _ in _NUMBERED:
        op.add_column(table, sa.Column("number", WHOLE, nullable=False, server_default="0"))
        op.create_index(op.f(f"ix_{table}_number"), table, ["number"])
    free(("event_withdrawal",))
    for table, key, at in _NUMBERED:
        op.execute(
            f"UPDATE {table} SET number = given.place FROM (SELECT {key} AS numbered, "  # noqa: S608
            f"row_number() OVER (ORDER BY {at}, {key}) AS place FROM {table}) AS given "
            f"WHERE {table}.{key} = given.numbered"
        )
    protect(("event_withdrawal",))


def downgrade() -> None:
    """Take back."""
    for table, _, _ in _NUMBERED:
        op.drop_index(op.f(f"ix_{table}_number"), table)
        op.drop_column(table, "number")
