"""Signed checkpoints of the ledger."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "checkpoint",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("tree", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
        sa.UniqueConstraint(
            "origin", "size", "key_hash", name=op.f("uq_checkpoint_origin_size_key_hash")
        ),
    )
    protect(("checkpoint",))


def downgrade() -> None:
    """Take back."""
    op.drop_table("checkpoint")
