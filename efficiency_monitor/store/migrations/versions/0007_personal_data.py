"""Personal data outside of what is kept for ever."""

import json
import secrets

import sqlalchemy as sa
import sqlmodel
from alembic import op

from efficiency_monitor.core.personal import is_personal, seal
from efficiency_monitor.core.statements import digest
from efficiency_monitor.store.column_types import WHOLE
from efficiency_monitor.store.migrations.append_only import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("disclosure", "erasure", "erased_case", "erased_person")
_PART = 1000


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def _who() -> tuple[sa.Column[str], ...]:
    return (
        _text("person"),
        _text("os_user"),
        _text("host", nullable=True),
        _text("tty", nullable=True),
        _text("what"),
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "personal_value",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("case_id", WHOLE, nullable=False),
        _text("field"),
        _text("seal"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_personal_value_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_value")),
    )
    op.create_index(op.f("ix_personal_value_case_id"), "personal_value", ["case_id"])
    op.create_table(
        "text_salt",
        _text("commitment"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("commitment", name=op.f("pk_text_salt")),
    )
    op.create_table(
        "disclosure",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_who(),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_disclosure")),
    )
    op.create_table(
        "erasure",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_who(),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_erasure")),
    )
    op.create_table(
        "erased_case",
        sa.Column("case_id", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_erased_case_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(["seq"], ["erasure.seq"], name=op.f("fk_erased_case_seq_erasure")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_erased_case")),
    )
    op.create_table(
        "erased_person",
        _text("person_id"),
        sa.Column("seq", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"], ["erasure.seq"], name=op.f("fk_erased_person_seq_erasure")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erased_person")),
    )
    protect(APPEND_ONLY)
    _seal_what_is_there()


def _seal_what_is_there() -> None:
    """Move the personal values out of the cases' versions, a seal in the place of each.

    The versions are append-only: this is the one change that they ever see, and it takes nothing
    away. Digests that were made of the values before are no longer compared with anything.
    """
    _free("case_fact")
    connection, last = op.get_bind(), 0
    salts: dict[tuple[int, str], bytes] = {}
    kept: set[str] = set()
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT id, case_id, fields FROM case_fact WHERE id > :last ORDER BY id LIMIT :most"
            ),
            {"last": last, "most": _PART},
        ).all()
        if not rows:
            break
        last = rows[-1].id
        for row in rows:
            fields = json.loads(row.fields)
            for name in [name for name in fields if is_personal(name)]:
                salt = salts.setdefault((row.case_id, name), secrets.token_bytes(32))
                stands = seal(salt, fields[name])
                if stands not in kept:
                    kept.add(stands)
                    connection.execute(
                        sa.text(
                            "INSERT INTO personal_value (case_id, field, seal, salt, value) "
                            "VALUES (:case_id, :field, :seal, :salt, :value)"
                        ),
                        {
                            "case_id": row.case_id,
                            "field": name,
                            "seal": stands,
                            "salt": salt,
                            "value": fields[name],
                        },
                    )
                fields[name] = stands
            connection.execute(
                sa.text("UPDATE case_fact SET fields = :fields, digest = :digest WHERE id = :id"),
                {
                    "id": row.id,
                    "fields": json.dumps(fields, ensure_ascii=False, sort_keys=True),
                    "digest": digest(fields),
                },
            )
    # Of rows with a version: said again they are compared by what they say, event by event.
    connection.execute(sa.text("UPDATE row_version SET content_digest = '' WHERE version <> ''"))
    protect(("case_fact",))


def _free(table: str) -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    verbs = ("update", "delete", "truncate") if postgresql else ("update", "delete")
    for verb in verbs:
        on = f" ON {table}" if postgresql else ""
        op.execute(f"DROP TRIGGER {table}_no_{verb}{on}")


def downgrade() -> None:
    """Take back the tables; what is sealed stays sealed."""
    for name in ("erased_person", "erased_case", "erasure", "disclosure", "text_salt"):
        op.drop_table(name)
    op.drop_table("personal_value")
