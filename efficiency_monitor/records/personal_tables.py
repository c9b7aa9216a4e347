"""The tables of personal data: values outside of what is kept for ever; who saw or erased what.

`disclosure`, `erasure`, `erased_case`, `erased_person` are append-only, by triggers (migrations).
"""

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = [
    "DisclosureRow",
    "ErasedCaseRow",
    "ErasedPersonRow",
    "ErasureRow",
    "PersonalValueRow",
    "TextSaltRow",
    "metadata",
]


class PersonalValueRow(SQLModel, table=True):
    """A personal value of a case. Its seal stands in `case_fact`; only this row is ever deleted."""

    __tablename__ = "personal_value"
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    field: str
    seal: str
    #: 32 random bytes, the same for all values of one field of one case.
    salt: bytes = Field(sa_type=LargeBinary)
    value: str = _long()


class TextSaltRow(SQLModel, table=True):
    """Salt of a commitment to a text that the ledger holds instead of its digest."""

    __tablename__ = "text_salt"
    commitment: str = Field(primary_key=True)
    salt: bytes = Field(sa_type=LargeBinary)


class DisclosureRow(SQLModel, table=True):
    """Somebody saw personal data unmasked: written before it was shown."""

    __tablename__ = "disclosure"
    #: Number of its ledger entry.
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: int = _instant()
    person: str
    os_user: str
    host: str | None = None
    tty: str | None = None
    #: Which command, which cases or persons (JSON), and how many.
    what: str
    subjects: str = _long()
    number: int
    reason: str = _long()


class ErasureRow(SQLModel, table=True):
    """Personal data were erased: on whose order and why, never what."""

    __tablename__ = "erasure"
    #: Number of its ledger entry.
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: int = _instant()
    person: str
    os_user: str
    host: str | None = None
    tty: str | None = None
    #: `applicant` or `person`.
    what: str
    reason: str = _long()


class ErasedCaseRow(SQLModel, table=True):
    """A case whose applicant was erased: no personal value of it is taken any more."""

    __tablename__ = "erased_case"
    case_id: int = Field(primary_key=True, foreign_key="case_file.id")
    seq: int = Field(foreign_key="erasure.seq")


class ErasedPersonRow(SQLModel, table=True):
    """A person whose name and address were erased: no row of a people file is taken any more."""

    __tablename__ = "erased_person"
    person_id: str = Field(primary_key=True)
    seq: int = Field(foreign_key="erasure.seq")
