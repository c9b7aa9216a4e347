"""First schema."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import number_without_gaps, protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("event", "event_withdrawal", "case_fact", "card_entry", "ledger_entry")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "case_file",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("default_calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", WHOLE, nullable=False),
        sa.Column("changed", WHOLE, nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("troubles", sa.Text(), nullable=False),
        sa.Column("judged_as_of", sa.BigInteger(), nullable=True),
        sa.Column("open", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("case_no", name=op.f("uq_case_file_case_no")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_file_changed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("changed = 1"),
            postgresql_where=sa.text("changed = 1"),
        )
        batch_op.create_index("ix_case_file_outcome", ["outcome"], unique=False)

    op.create_table(
        "import_run",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mapping", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fact", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sm3", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("fact", name=op.f("uq_ledger_entry_fact")),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256_stack", sa.LargeBinary(), nullable=False),
        sa.Column("sm3_stack", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "person",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_person_id"), ["person_id"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("row_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("import_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("file", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sheet", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("row", WHOLE, nullable=False),
        sa.Column("column", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("mapping", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("row_key", name=op.f("uq_quarantine_row_key")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_import_id"), ["import_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("job", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scheduled_for", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job", "scheduled_for", name=op.f("pk_run")),
    )
    op.create_table(
        "card",
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_id", WHOLE, nullable=True),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("rule_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule_version", WHOLE, nullable=False),
        sa.Column("rule_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("pack", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("episode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("level", WHOLE, nullable=False),
        sa.Column("issue_no", WHOLE, nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state_before", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("handler", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reviewer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("approver", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("salt", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("limit_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("limit_amount", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("limit_due_at", sa.BigInteger(), nullable=True),
        sa.Column("fell_due_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("over", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("calendar_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stood_under", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lifted_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_card_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("card_no", name=op.f("pk_card")),
        sa.UniqueConstraint(
            "subject",
            "rule_id",
            "episode",
            "level",
            "issue_no",
            name=op.f("uq_card_subject_rule_id_episode_level_issue_no"),
        ),
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index("ix_card_case", ["case_id"], unique=False)
        batch_op.create_index("ix_card_state", ["state", "level"], unique=False)

    op.create_table(
        "case_fact",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_id", WHOLE, nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_case_fact_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_fact")),
    )
    with op.batch_alter_table("case_fact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_fact_case_id"), ["case_id"], unique=False)

    op.create_table(
        "clock",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_id", WHOLE, nullable=False),
        sa.Column("rule_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("episode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("next_level", WHOLE, nullable=True),
        sa.Column("limit_due_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_clock_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
        sa.UniqueConstraint(
            "case_id", "rule_id", "episode", name=op.f("uq_clock_case_id_rule_id_episode")
        ),
    )
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index("ix_clock_calendar", ["calendar"], unique=False)
        batch_op.create_index(
            "ix_clock_next_at",
            ["next_at", "case_id"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )

    op.create_table(
        "event",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_id", WHOLE, nullable=False),
        sa.Column("event_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("generation", WHOLE, nullable=False),
        sa.Column("identity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("precision", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("amount", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("due_precision", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("import_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_event_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint(
            "case_id", "event_key", "generation", name=op.f("uq_event_case_id_event_key_generation")
        ),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_case", ["case_id", "occurred_at"], unique=False)

    op.create_table(
        "accountability",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("holder", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("held_seconds", sa.BigInteger(), nullable=False),
        sa.Column("overrun_seconds", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_accountability_card_no_card")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accountability")),
        sa.UniqueConstraint("card_no", "place", name=op.f("uq_accountability_card_no_place")),
    )
    op.create_table(
        "card_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_card_entry_card_no_card")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_entry")),
    )
    with op.batch_alter_table("card_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_entry_card_no"), ["card_no"], unique=False)

    op.create_table(
        "event_withdrawal",
        sa.Column("event_id", WHOLE, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_withdrawal_event_id_event")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_withdrawal")),
    )
    op.create_table(
        "notice",
        sa.Column("notice_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("first_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["card_no"], ["card.card_no"], name=op.f("fk_notice_card_no_card")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "card_no",
            "kind",
            "person_id",
            "channel",
            name=op.f("uq_notice_card_no_kind_person_id_channel"),
        ),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_pending", ["state", "next_attempt_at"], unique=False)
    protect(APPEND_ONLY)
    number_without_gaps()


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_pending")

    op.drop_table("notice")
    op.drop_table("event_withdrawal")
    with op.batch_alter_table("card_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_entry_card_no"))

    op.drop_table("card_entry")
    op.drop_table("accountability")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_case")

    op.drop_table("event")
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_clock_next_at",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_clock_calendar")

    op.drop_table("clock")
    with op.batch_alter_table("case_fact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_fact_case_id"))

    op.drop_table("case_fact")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index("ix_card_state")
        batch_op.drop_index("ix_card_case")

    op.drop_table("card")
    op.drop_table("run")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_import_id"))

    op.drop_table("quarantine")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_person_id"))

    op.drop_table("person")
    op.drop_table("meta")
    op.drop_table("ledger_head")
    op.drop_table("ledger_entry")
    op.drop_table("import_run")
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.drop_index("ix_case_file_outcome")
        batch_op.drop_index(
            "ix_case_file_changed",
            sqlite_where=sa.text("changed = 1"),
            postgresql_where=sa.text("changed = 1"),
        )

    op.drop_table("case_file")
