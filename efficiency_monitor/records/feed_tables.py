"""The tables of pulled sources. With those of `tables`, all that a database has."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["FeedCursor", "FeedRun", "metadata"]


class FeedRun(SQLModel, table=True):
    """One pull of a source, or one import that was said to be of it."""

    __tablename__ = "feed_run"
    __table_args__ = (Index("ix_feed_run_source", "source", "seq"),)
    #: In the order in which they began: two may begin in one second.
    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    source: str
    #: `pull` or `import`.
    kind: str
    #: `running`, `importing` (some batches may be written and others not), `done`, `idle` (there
    #: was nothing new to be read), `failed`, or `half`: it broke off while importing.
    state: str
    started_at: int = _instant()
    finished_at: int | None = _instant(default=None)
    #: The source's data are at least as new as this instant: when fetching began.
    as_of: int = _instant()
    #: Slot of the nightly scan for which it was pulled.
    slot: int | None = _instant(default=None)
    pages: int = 0
    bytes: int = _instant(default=0)
    totals: str = _long(default="{}")
    message: str | None = _long(default=None)


class FeedCursor(SQLModel, table=True):
    """How far a table of a source was read: what the next pull asks to go on from."""

    __tablename__ = "feed_cursor"
    source: str = Field(primary_key=True)
    table: str = Field(primary_key=True)
    value: str = _long()
