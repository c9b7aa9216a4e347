"""Pulled sources: their runs and cursors; cases of stale feeds, cases that vanished."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "feed_cursor",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("table", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "table", name=op.f("pk_feed_cursor")),
    )
    op.create_table(
        "feed_run",
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("pages", WHOLE, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_feed_run")),
        sa.UniqueConstraint("id", name=op.f("uq_feed_run_id")),
    )
    op.create_index("ix_feed_run_source", "feed_run", ["source", "seq"])
    op.add_column("case_file", sa.Column("judged_stale", WHOLE, nullable=False, server_default="0"))
    for column in (
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""),
        sa.Column("files", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("pulled", WHOLE, nullable=False, server_default="0"),
    ):
        op.add_column("import_run", column)
    # Those before knew no source; what broke off then is not waited for.
    op.execute("UPDATE import_run SET finished_at = received_at WHERE finished_at IS NULL")
    op.add_column("case_file", sa.Column("vanished_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_case_file_stale",
        "case_file",
        ["judged_stale", "source"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    )
    op.create_index(
        "ix_case_file_vanished",
        "case_file",
        ["source"],
        sqlite_where=sa.text("vanished_at IS NOT NULL"),
        postgresql_where=sa.text("vanished_at IS NOT NULL"),
    )
