"""The table of signed checkpoints; it is append-only, by triggers (see migrations)."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["CheckpointRow", "metadata"]


class CheckpointRow(SQLModel, table=True):
    """Size and root of one tree of the ledger at one moment, with the note that says so."""

    __tablename__ = "checkpoint"
    __table_args__ = (UniqueConstraint("origin", "size", "key_hash"),)
    id: int | None = Field(default=None, primary_key=True)
    #: `sha256` or `sm3`.
    tree: str
    size: int = _instant()
    #: 32 bytes.
    root: bytes
    origin: str
    #: The whole signed note.
    note: str = _long()
    key_name: str
    #: Eight hex digits.
    key_hash: str
    made_at: int = _instant()
