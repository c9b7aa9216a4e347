"""Signed checkpoints as they are kept: written once, never changed (triggers see to it)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ...records.checkpoint_tables import CheckpointRow

CHECKPOINT = CheckpointRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """One row: `tree` is `sha256` or `sm3`, `root` 32 bytes, `note` the whole signed note."""

    tree: str
    size: int
    root: bytes
    origin: str
    note: str
    key_name: str
    #: Eight hex digits.
    key_hash: str
    made_at: int


_COLUMNS = tuple(CHECKPOINT.c[name] for name in StoredCheckpoint.__slots__)


def add(connection: Connection, checkpoint: StoredCheckpoint) -> bool:
    """Write a checkpoint; whether it is new: this key has not signed this size before."""
    values = {name: getattr(checkpoint, name) for name in StoredCheckpoint.__slots__}
    known = connection.execute(
        select(CHECKPOINT.c.id).where(
            CHECKPOINT.c.origin == checkpoint.origin,
            CHECKPOINT.c.size == checkpoint.size,
            CHECKPOINT.c.key_hash == checkpoint.key_hash,
        )
    ).first()
    if known is not None:
        return False
    connection.execute(insert(CHECKPOINT).values(values))
    return True


def every(connection: Connection) -> list[StoredCheckpoint]:
    """All checkpoints, smallest first; of one size in the order in which they were written."""
    return _read(
        connection.execute(select(*_COLUMNS).order_by(CHECKPOINT.c.size, CHECKPOINT.c.id)).all()
    )


def newest(connection: Connection) -> list[StoredCheckpoint]:
    """The checkpoints of the largest size: one for each tree and key, none where there is none."""
    largest = select(CHECKPOINT.c.size).order_by(CHECKPOINT.c.size.desc()).limit(1)
    return _read(
        connection.execute(
            select(*_COLUMNS)
            .where(CHECKPOINT.c.size == largest.scalar_subquery())
            .order_by(CHECKPOINT.c.id)
        ).all()
    )


def _read(rows: Sequence[object]) -> list[StoredCheckpoint]:
    return [StoredCheckpoint(**row._mapping) for row in rows]  # type: ignore[attr-defined]
