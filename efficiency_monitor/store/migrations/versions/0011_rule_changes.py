"""Rule changes that a second person approves; the texts that judged; rules on trial."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPEND_ONLY = ("kept_text", "text_use", "change_proposal", "change_end")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def _who() -> tuple[sa.Column[str], ...]:
    return (_text("os_user"), _text("host", nullable=True), _text("tty", nullable=True))


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "kept_text",
        sa.Column("id", WHOLE, nullable=False),
        _text("sha256"),
        _text("kind"),
        _text("name"),
        sa.Column("version", WHOLE, nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        _instant("kept_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_text")),
        sa.UniqueConstraint("sha256", name=op.f("uq_kept_text_sha256")),
    )
    op.create_index(op.f("ix_kept_text_name"), "kept_text", ["name"])
    op.create_table(
        "text_use",
        sa.Column("id", WHOLE, nullable=False),
        _text("name"),
        sa.Column("version", WHOLE, nullable=False),
        _text("pack"),
        _text("sha256"),
        _instant("since"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_use")),
        sa.UniqueConstraint(
            "name", "version", "sha256", name=op.f("uq_text_use_name_version_sha256")
        ),
    )
    op.create_table(
        "change_proposal",
        sa.Column("id", WHOLE, nullable=False),
        _text("change_no"),
        _instant("at"),
        _text("person"),
        _text("on_behalf_of", nullable=True),
        *_who(),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("sha256"),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_proposal")),
        sa.UniqueConstraint("change_no", name=op.f("uq_change_proposal_change_no")),
    )
    op.create_table(
        "change_end",
        _text("change_no"),
        _text("kind"),
        _instant("at"),
        _text("person"),
        *_who(),
        sa.Column("text", sa.Text(), nullable=True),
        _text("mode"),
        sa.Column("seq", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["change_no"],
            ["change_proposal.change_no"],
            name=op.f("fk_change_end_change_no_change_proposal"),
        ),
        sa.PrimaryKeyConstraint("change_no", name=op.f("pk_change_end")),
        sa.UniqueConstraint("seq", name=op.f("uq_change_end_seq")),
    )
    op.create_table(
        "trial_finding",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_id", WHOLE, nullable=False),
        _text("rule_id"),
        sa.Column("rule_version", WHOLE, nullable=False),
        _text("pack"),
        _text("episode"),
        sa.Column("level", WHOLE, nullable=False),
        _text("limit_name"),
        _text("limit_at"),
        _instant("fell_due_at", nullable=True),
        _instant("as_of"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_trial_finding_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_finding")),
        sa.UniqueConstraint(
            "case_id",
            "rule_id",
            "episode",
            "level",
            name=op.f("uq_trial_finding_case_id_rule_id_episode_level"),
        ),
    )
    op.create_index(op.f("ix_trial_finding_case_id"), "trial_finding", ["case_id"])
    op.create_index(op.f("ix_trial_finding_rule_id"), "trial_finding", ["rule_id"])
    protect(APPEND_ONLY)


def downgrade() -> None:
    """Take back."""
    for name in ("trial_finding", "change_end", "change_proposal", "text_use", "kept_text"):
        op.drop_table(name)
