"""The tables of tallies: what of a case they count by, what changed since, what a card was made of.

`card_sum` is append-only, by triggers (see migrations); the others are made anew by scans.
"""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = ["CardSum", "CaseSpan", "TallyTouch", "metadata"]


class CaseSpan(SQLModel, table=True):
    """A case as a tally counts it, as the last scan saw it; only where a rule is a tally."""

    __tablename__ = "case_span"
    __table_args__ = (
        Index("ix_case_span_begun_at", "begun_at"),
        Index("ix_case_span_accepted_at", "accepted_at"),
        Index("ix_case_span_finished_at", "finished_at"),
        Index("ix_case_span_last_recorded_at", "last_recorded_at"),
    )
    case_id: int = Field(
        primary_key=True,
        foreign_key="case_file.id",
        sa_column_kwargs={"autoincrement": False},
    )
    department: str | None = None
    handler: str | None = None
    item_code: str | None = None
    region: str | None = None
    item_kind: str | None = None
    channel: str | None = None
    #: First event, first acceptance, first event that finishes it, last event.
    begun_at: int | None = _instant(default=None)
    accepted_at: int | None = _instant(default=None)
    finished_at: int | None = _instant(default=None)
    last_at: int | None = _instant(default=None)
    first_recorded_at: int | None = _instant(default=None)
    last_recorded_at: int | None = _instant(default=None)
    #: 1 where acceptance or end are dates without a time.
    dated: int = 0
    #: 1 where the case was not judgeable.
    incomplete: int = 0
    #: By the true clock, when it was seen so.
    seen_at: int = _instant()


class TallyTouch(SQLModel, table=True):
    """A stretch of time of which something is known otherwise than a tally was made by."""

    __tablename__ = "tally_touch"
    id: int | None = Field(default=None, primary_key=True)
    #: `case`, `card` or `event`: what changed.
    what: str
    since: int = _instant()
    #: None: up to now.
    until: int | None = _instant(default=None)


class CardSum(SQLModel, table=True):
    """What a tally's card was made of when it was issued, as JSON: numbers, window, members."""

    __tablename__ = "card_sum"
    card_no: str = Field(primary_key=True, foreign_key="card.card_no")
    content: str = _long()
