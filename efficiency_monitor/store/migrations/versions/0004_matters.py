"""What follows a card: ladders, orders, silences, appeals, approvals, keys; notices about them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_entry", "appeal_entry", "account_entry", "approval", "person_key_entry")


def _notices() -> None:
    """A notice may be about something else than a card: its table is made anew."""
    op.drop_index("ix_notice_pending", table_name="notice")
    op.rename_table("notice", "notice_0003")
    if op.get_bind().dialect.name == "postgresql":
        # Its index keeps the name that the new table's needs.
        op.execute("ALTER TABLE notice_0003 RENAME CONSTRAINT pk_notice TO pk_notice_0003")
    op.create_table(
        "notice",
        sa.Column("notice_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("held", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("first_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["card_no"], ["card.card_no"], name=op.f("fk_notice_card_no_card")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "subject",
            "kind",
            "person_id",
            "channel",
            name=op.f("uq_notice_subject_kind_person_id_channel"),
        ),
    )
    op.execute(
        "INSERT INTO notice (subject, role, about, notice_id, card_no, kind, person_id, channel,"
        " address, language, created_at, state, attempts, first_attempt_at, next_attempt_at,"
        " sent_at, message_id, last_error)"
        " SELECT 'card:' || card_no, '', '{}', notice_id, card_no, kind, person_id, channel,"
        " address, language, created_at, state, attempts, first_attempt_at, next_attempt_at,"
        " sent_at, message_id, last_error FROM notice_0003"
    )
    op.drop_table("notice_0003")
    op.create_index("ix_notice_pending", "notice", ["state", "next_attempt_at"])
    op.create_index("ix_notice_card", "notice", ["card_no"])


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alarm",
        sa.Column("alarm_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("alarm_no", name=op.f("pk_alarm")),
        sa.UniqueConstraint(
            "kind", "subject", "person_id", name=op.f("uq_alarm_kind_subject_person_id")
        ),
    )
    op.create_table(
        "approval",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("act", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ground", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint(
            "subject",
            "act",
            "round",
            "person_id",
            name=op.f("uq_approval_subject_act_round_person_id"),
        ),
    )
    op.create_table(
        "attempt",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("message_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("counted_as", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("notices", WHOLE, nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_counted", ["counted_as", "at"], unique=False)

    op.create_table(
        "person_key",
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_person_key")),
    )
    with op.batch_alter_table("person_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_key_person_id"), ["person_id"], unique=False)

    op.create_table(
        "person_key_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_key_entry")),
    )
    with op.batch_alter_table("person_key_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_key_entry_key_id"), ["key_id"], unique=False)

    op.create_table(
        "silence",
        sa.Column("silence_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("over_supervisors", WHOLE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("silence_no", name=op.f("pk_silence")),
    )
    op.create_table(
        "supervision_order",
        sa.Column("order_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("department", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("reply_within", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("reply_due_at", sa.BigInteger(), nullable=True),
        sa.Column("overdue_told_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_supervision_order")),
    )
    with op.batch_alter_table("supervision_order", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_order_state", ["state"], unique=False)

    op.create_table(
        "order_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("order_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["supervision_order.order_no"],
            name=op.f("fk_order_entry_order_no_supervision_order"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_entry")),
    )
    with op.batch_alter_table("order_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_entry_order_no"), ["order_no"], unique=False)

    op.create_table(
        "account_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ground", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_account_entry_card_no_card")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_entry")),
    )
    with op.batch_alter_table("account_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_entry_card_no"), ["card_no"], unique=False)

    op.create_table(
        "appeal",
        sa.Column("appeal_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("filed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("decide_by", sa.BigInteger(), nullable=True),
        sa.Column("overdue_told_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["card_no"], ["card.card_no"], name=op.f("fk_appeal_card_no_card")),
        sa.PrimaryKeyConstraint("appeal_no", name=op.f("pk_appeal")),
    )
    with op.batch_alter_table("appeal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appeal_card_no"), ["card_no"], unique=False)
        batch_op.create_index("ix_appeal_state", ["state"], unique=False)
        batch_op.create_index(
            "uq_appeal_waiting",
            ["card_no"],
            unique=True,
            sqlite_where=sa.text("state IN ('filed', 'referred')"),
            postgresql_where=sa.text("state IN ('filed', 'referred')"),
        )

    op.create_table(
        "ladder_run",
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ladder_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ladder_version", WHOLE, nullable=False),
        sa.Column("ladder_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("step", WHOLE, nullable=False),
        sa.Column("turn", WHOLE, nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("missed_at", sa.BigInteger(), nullable=True),
        sa.Column("missed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("first_delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("reply_within", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reply_due_at", sa.BigInteger(), nullable=True),
        sa.Column("unanswered_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ended_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_ladder_run_card_no_card")
        ),
        sa.PrimaryKeyConstraint("card_no", name=op.f("pk_ladder_run")),
    )
    with op.batch_alter_table("ladder_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ladder_run_next_at",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.create_table(
        "order_card",
        sa.Column("order_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("card_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["supervision_order.order_no"],
            name=op.f("fk_order_card_order_no_supervision_order"),
        ),
        sa.ForeignKeyConstraint(
            ["card_no"], ["card.card_no"], name=op.f("fk_order_card_card_no_card")
        ),
        sa.PrimaryKeyConstraint("order_no", "card_no", name=op.f("pk_order_card")),
    )
    with op.batch_alter_table("order_card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_card_card_no"), ["card_no"], unique=False)

    op.create_table(
        "appeal_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("appeal_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("os_user", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_no"], ["appeal.appeal_no"], name=op.f("fk_appeal_entry_appeal_no_appeal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_entry")),
    )
    with op.batch_alter_table("appeal_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appeal_entry_appeal_no"), ["appeal_no"], unique=False)

    with op.batch_alter_table("accountability", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "part", sqlmodel.sql.sqltypes.AutoString(), server_default="held", nullable=False
            )
        )
        batch_op.add_column(sa.Column("amount", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("over", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(
            sa.Column("charged_seconds", sa.BigInteger(), server_default="0", nullable=False)
        )

    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("issued_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.add_column(sa.Column("basis", sa.Text(), nullable=True))

    with op.batch_alter_table("card_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("tty", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("evidence", sa.Text(), server_default="[]", nullable=False))
    _notices()
    # Holdings have amounts now: the next scan counts those of standing cards again.
    op.execute(
        "UPDATE case_file SET changed = 1, revision = revision + 1 WHERE id IN ("
        "SELECT case_id FROM card JOIN accountability ON accountability.card_no = card.card_no)"
    )
    protect(APPEND_ONLY)
