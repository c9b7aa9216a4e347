"""Tallies: what of a case they count by, what changed since, what a card was made of."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXTS = ("department", "handler", "item_code", "region", "item_kind", "channel")
_INSTANTS = (
    "begun_at",
    "accepted_at",
    "finished_at",
    "last_at",
    "first_recorded_at",
    "last_recorded_at",
)
_INDEXED = ("begun_at", "accepted_at", "finished_at", "last_recorded_at")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "case_span",
        sa.Column("case_id", WHOLE, autoincrement=False, nullable=False),
        *(_text(name, nullable=True) for name in _TEXTS),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _INSTANTS),
        sa.Column("dated", WHOLE, nullable=False),
        sa.Column("incomplete", WHOLE, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_case_span_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_span")),
    )
    for name in _INDEXED:
        op.create_index(f"ix_case_span_{name}", "case_span", [name])
    op.create_table(
        "tally_touch",
        sa.Column("id", WHOLE, nullable=False),
        _text("what"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_touch")),
    )
    op.create_table(
        "card_sum",
        _text("card_no"),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_card_sum_card_no_card")
        ),
        sa.PrimaryKeyConstraint("card_no", name=op.f("pk_card_sum")),
    )
    op.create_index("ix_card_fell_due_at", "card", ["fell_due_at"])
    protect(("card_sum",))


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_card_fell_due_at", "card")
    for name in ("card_sum", "tally_touch", "case_span"):
        op.drop_table(name)
