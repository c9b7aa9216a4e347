"""The table of rows that were set aside 剔除: input that no import holds.

Append-only, by triggers. What stands in it, and nothing else, may be taken out of the tables of
input.
"""

from typing import Final

from sqlmodel import Field, Index, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["HOLDS", "SetAsideRow", "metadata"]

#: The tables of input, and the column by which their rows are numbered.
HOLDS: Final = {
    "case_fact": "id",
    "case_file": "id",
    "event": "id",
    "event_withdrawal": "number",
    "item_fact": "id",
    "waiting_event": "id",
}


class SetAsideRow(SQLModel, table=True):
    """A row as it stood in a table of input, taken out of it because no import holds it."""

    __tablename__ = "set_aside"
    __table_args__ = (Index("ix_set_aside_row", "table_name", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    table_name: str
    number: int
    #: All its columns, as JSON.
    content: str = _long()
    at: int = _instant()
    #: Entry of the ledger that says so.
    entry: str
    person: str | None = None
    os_user: str
    host: str
    tty: str | None = None
    text: str | None = _long(default=None)
