"""The tables of evidence 补报: what persons decided on what was held back, and what they have seen.

Both are append-only, by triggers (see migrations).
"""

from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["EvidenceDecisionRow", "EvidenceSeenRow", "metadata"]


class EvidenceDecisionRow(SQLModel, table=True):
    """What was decided on evidence that was held back: it counts from then on, or for nothing.

    Of one case and one import, or of one version of a calendar.
    """

    __tablename__ = "evidence_decision"
    id: int | None = Field(default=None, primary_key=True)
    #: `E-…`.
    evidence_no: str = Field(index=True)
    #: `accepted` or `rejected`.
    decision: str
    at: int = _instant()
    case_id: int | None = Field(default=None, foreign_key="case_file.id", index=True)
    import_id: str | None = None
    #: Of a calendar: its id and the version (SHA-256 of what it says).
    calendar: str | None = None
    calendar_version: str | None = None
    #: Numbers of the rows by table, as JSON; `{}` of a calendar.
    rows: str = _long(default="{}")
    #: Entry of the ledger that says so.
    entry: str
    person: str | None = None
    os_user: str
    host: str
    tty: str | None = None
    text: str | None = _long(default=None)


class EvidenceSeenRow(SQLModel, table=True):
    """A card that fell by evidence, and who has seen that."""

    __tablename__ = "evidence_seen"
    id: int | None = Field(default=None, primary_key=True)
    card_no: str = Field(unique=True, foreign_key="card.card_no")
    at: int = _instant()
    person: str | None = None
    os_user: str
    host: str
    tty: str | None = None
