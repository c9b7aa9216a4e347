"""Types of columns that mean the same on both engines."""

from sqlalchemy import BigInteger, Integer, Table, event
from sqlmodel import SQLModel

#: A whole number of 64 bits. SQLite's INTEGER has them; PostgreSQL's ends at 2,147,483,647, which
#: the ids of clocks, written anew by every scan, would reach.
WHOLE = BigInteger().with_variant(Integer(), "sqlite")


@event.listens_for(Table, "after_parent_attach")
def _widened(table: Table, parent: object) -> None:
    """No table of ours has a whole number of 32 bits."""
    if parent is SQLModel.metadata:
        for column in table.columns:
            if type(column.type) is Integer:
                column.type = WHOLE
