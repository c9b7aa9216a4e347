"""Commands that changed something or tried to."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "command_record",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _text("person", nullable=True),
        _text("os_user"),
        _text("sudo_user", nullable=True),
        _text("host"),
        _text("tty", nullable=True),
        _text("command"),
        sa.Column("options", sa.Text(), nullable=False),
        _text("subject", nullable=True),
        sa.Column("exit_code", WHOLE, nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("took", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command_record")),
    )
    op.create_index("ix_command_record_at", "command_record", ["at"])
    protect(("command_record",))


def downgrade() -> None:
    """Take back."""
    op.drop_table("command_record")
