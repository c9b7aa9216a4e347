"""The table of hand-overs 移交: from when on which source speaks of which cases.

Append-only, by triggers.
"""

from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["SourceHandoverRow", "metadata"]


class SourceHandoverRow(SQLModel, table=True):
    """From now on another source owns a case, or all cases that one owns."""

    __tablename__ = "source_handover"
    id: int | None = Field(default=None, primary_key=True)
    from_source: str
    to_source: str
    #: The one case; None: all that are there, up to `upto_case`.
    case_id: int | None = Field(default=None, foreign_key="case_file.id", index=True)
    upto_case: int = 0
    at: int = _instant()
    #: The event `transferred` that says so; None: persons do.
    event_key: str | None = None
    #: Entry of the ledger that says so.
    entry: str
    person: str | None = None
    os_user: str
    host: str
    tty: str | None = None
    text: str | None = _long(default=None)
