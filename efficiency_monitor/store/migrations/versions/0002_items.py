"""Items, and the versions of rows."""

import json

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "item_fact",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("item_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fact_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_fact")),
    )
    op.create_index("ix_item_fact_item", "item_fact", ["item_code", "item_version"])
    op.create_table(
        "row_version",
        sa.Column("row_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_id", WHOLE, nullable=True),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_row_version_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_row_version")),
    )
    # An import asks for single events of a case; of one that has very many too.
    op.drop_index("ix_event_case", "event")
    op.create_index("ix_event_identity", "event", ["case_id", "identity"])
    # Plain ALTER TABLE: making the table anew would touch what refers to it.
    op.add_column(
        "case_file", sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
    )
    op.add_column("case_file", sa.Column("first_received_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_case_file_item_code", "case_file", ["item_code"])
    op.add_column(
        "quarantine", sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
    )
    protect(("item_fact",))
    _fill()


def _fill() -> None:
    """What the new columns hold of cases received before."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        "UPDATE case_file SET first_received_at = (SELECT min(received_at) FROM ("
        "SELECT received_at FROM event WHERE case_id = case_file.id UNION ALL "
        "SELECT received_at FROM case_fact WHERE case_id = case_file.id) AS received)"
    )
    rows = connection.exec_driver_sql(
        "SELECT case_id, fields FROM case_fact WHERE id IN "
        "(SELECT max(id) FROM case_fact GROUP BY case_id)"
    )
    coded = [(json.loads(row[1]).get("item_code"), row[0]) for row in rows.fetchall()]
    for item_code, case_id in coded:
        if item_code is not None:
            connection.execute(
                sa.text("UPDATE case_file SET item_code = :code WHERE id = :id"),
                {"code": item_code, "id": case_id},
            )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.drop_column("source")
    op.drop_index("ix_case_file_item_code", "case_file")
    with op.batch_alter_table("case_file") as batch_op:
        batch_op.drop_column("first_received_at")
        batch_op.drop_column("item_code")
    op.drop_index("ix_event_identity", "event")
    op.create_index("ix_event_case", "event", ["case_id", "occurred_at"])
    op.drop_table("row_version")
    op.drop_table("item_fact")
