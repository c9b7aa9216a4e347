"""The table of commands: who tried to change what, and how it ended. Append-only."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["CommandRow", "metadata"]


class CommandRow(SQLModel, table=True):
    """One command that changed something or tried to; what was written as a value is not in it."""

    __tablename__ = "command_record"
    __table_args__ = (Index("ix_command_record_at", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    #: When it ended.
    at: int = _instant()
    #: Person of `--as`, if the people file knows them.
    person: str | None = None
    os_user: str
    sudo_user: str | None = None
    host: str
    tty: str | None = None
    #: `cards lift`.
    command: str
    #: Names of its options, parted by blanks.
    options: str = _long(default="")
    #: Number of the card, order, appeal, silence or change that it was about, if there is one.
    subject: str | None = None
    exit_code: int
    #: Kind of the fault and the function that raised it: words of the program, nobody's text.
    fault: str | None = None
    #: Milliseconds.
    took: int
