"""The tables. SQLModel classes live here only; the rest of the store maps them to values.

Instants are UTC epoch seconds in BIGINT columns: exact, the same on every engine and in every
zone. Structured values are canonical JSON text. `event`, `event_withdrawal`, `case_fact`,
`item_fact`, `card_entry` and `ledger_entry` are append-only, by triggers (see migrations).
"""

from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from . import column_types  # noqa: F401 - every whole number has 64 bits

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _instant(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def _long(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


#: The number of a row that was set aside is given to no other: what came late is told by numbers.
_NEVER_AGAIN = {"sqlite_autoincrement": True}


class Meta(SQLModel, table=True):
    """Single facts about the workspace: catalogue digests, the head of what was scanned."""

    __tablename__ = "meta"
    name: str = Field(primary_key=True)
    value: str = _long()


class CaseRow(SQLModel, table=True):
    """One case 办件. `revision` grows with everything that is received or amended for it."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index(
            "ix_case_file_changed",
            "id",
            sqlite_where=text("changed = 1"),
            postgresql_where=text("changed = 1"),
        ),
        Index("ix_case_file_outcome", "outcome"),
        Index("ix_case_file_item_code", "item_code"),
        Index(
            "ix_case_file_stale",
            "judged_stale",
            "owner",
            sqlite_where=text("open = 1"),
            postgresql_where=text("open = 1"),
        ),
        Index(
            "ix_case_file_waits",
            "id",
            sqlite_where=text("waits = 1"),
            postgresql_where=text("waits = 1"),
        ),
        Index(
            "ix_case_file_contested",
            "id",
            sqlite_where=text("contested <> '[]'"),
            postgresql_where=text("contested <> '[]'"),
        ),
        Index(
            "ix_case_file_vanished",
            "owner",
            sqlite_where=text("vanished_at IS NOT NULL"),
            postgresql_where=text("vanished_at IS NOT NULL"),
        ),
        Index(
            "ix_case_file_clocks",
            "id",
            "clocks",
            "clock_mark",
            sqlite_where=text("clocks > 0"),
            postgresql_where=text("clocks > 0"),
        ),
        _NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    case_no: str = Field(unique=True)
    #: The source that first brought a row of it, and the one that owns it since hand-overs.
    source: str = ""
    owner: str = ""
    #: Calendar it has now, and the one it has where its fields name none. Never changed.
    calendar: str = ""
    default_calendar: str = ""
    revision: int = 1
    #: 1 while something was received or amended that no scan has looked at.
    changed: int = 1
    #: Of the last scan: outcome, troubles as JSON, the instant it was judged as of.
    outcome: str | None = None
    troubles: str = _long(default="[]")
    judged_as_of: int | None = _instant(default=None)
    #: 1 while a clock of the case runs or may start; what `scan` counts as open.
    open: int = 1
    #: Item that its fields name now.
    item_code: str | None = None
    #: When anything was received of it first: what was known of its item by then binds it.
    first_received_at: int | None = _instant(default=None)
    #: 1 where the last scan found the case's source stale.
    judged_stale: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    #: Of the last scan: 1 where a correction waits; cards that evidence would lift which is held
    #: back, as JSON.
    waits: int = 0
    contested: str = _long(default="[]")
    #: When a full snapshot of its source did not hold it any more.
    vanished_at: int | None = _instant(default=None)
    #: Import that made the row. Never changed.
    import_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    #: Clocks that are to wake the case, as the last judgement left them: how many, and the sum of
    #: the instants at which they do.
    clocks: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    clock_mark: int = _instant(default=0, sa_column_kwargs={"server_default": "0"})


class CaseFact(SQLModel, table=True):
    """A version of a case's own fields, as received."""

    __tablename__ = "case_fact"
    __table_args__ = (_NEVER_AGAIN,)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    digest: str
    fields: str = _long()
    received_at: int = _instant()
    import_id: str
    #: Source that said so, and the place of the file in the import's list.
    source: str = ""
    file: int | None = None


class EventRow(SQLModel, table=True):
    """One event 事件. Never changed; a correction withdraws it and adds another."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("case_id", "event_key", "generation"),
        Index("ix_event_identity", "case_id", "identity"),
        _NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    event_key: str
    #: How often the same content was withdrawn before and came back.
    generation: int = 0
    identity: str
    type: str
    occurred_at: int = _instant()
    precision: str = "second"
    recorded_at: int | None = _instant(default=None)
    #: `recorded_at` where the mapping says that it is the time of entry.
    entered_at: int | None = _instant(default=None)
    received_at: int = _instant()
    stage: str | None = None
    actor: str | None = None
    department: str | None = None
    kind: str | None = None
    amount: str | None = None
    due_at: int | None = _instant(default=None)
    due_precision: str = "second"
    reason: str | None = _long(default=None)
    source_key: str | None = None
    #: Further columns of the row, as JSON.
    attributes: str = _long(default="{}")
    #: Import that wrote it.
    import_id: str
    #: Source that said so, and the place of the file in its import's list.
    source: str = ""
    file: int | None = None
    #: Where it waited for the row of its case: the import that brought it, and when it was written.
    told_import: str | None = None
    written_at: int | None = _instant(default=None)
    #: Zone and names of the times that were written without an offset (`intake.model.statements`).
    wall: str = ""
    #: 1 where the zone was not known, and several were in use.
    unplaced: int = 0


class WaitingEvent(SQLModel, table=True):
    """What a source adds to a case that is not there yet; written as an event when it is."""

    __tablename__ = "waiting_event"
    __table_args__ = (_NEVER_AGAIN,)
    id: int | None = Field(default=None, primary_key=True)
    case_no: str = Field(index=True)
    source: str
    identity: str
    #: Empty: the source has taken it back.
    event_key: str
    #: Type, times and the rest of the event, as JSON.
    content: str = _long()
    received_at: int = _instant()
    import_id: str
    file: int | None = None


class EventWithdrawal(SQLModel, table=True):
    """The source no longer says so: from `received_at` on, the event does not count."""

    __tablename__ = "event_withdrawal"
    event_id: int = Field(primary_key=True, foreign_key="event.id")
    received_at: int = _instant()
    import_id: str
    #: From 1, in the order in which they were written.
    number: int = Field(default=0, index=True, sa_column_kwargs={"server_default": "0"})


class ItemFact(SQLModel, table=True):
    """What a source says of an item 事项, or of one version of it; no fields: it is gone."""

    __tablename__ = "item_fact"
    __table_args__ = (Index("ix_item_fact_item", "item_code", "item_version"), _NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    item_code: str
    item_version: str = ""
    fact_key: str
    fields: str = _long()
    source: str
    received_at: int = _instant()
    import_id: str


class RowVersionRow(SQLModel, table=True):
    """The newest version of a source row that was taken. Bookkeeping, not evidence."""

    __tablename__ = "row_version"
    row_key: str = Field(primary_key=True)
    case_id: int | None = Field(default=None, foreign_key="case_file.id")
    version: str
    content_digest: str


class ImportRow(SQLModel, table=True):
    """One import and its totals: read = imported + unchanged + quarantined."""

    __tablename__ = "import_run"
    id: str = Field(primary_key=True)
    mapping: str
    received_at: int = _instant()
    finished_at: int | None = _instant(default=None)
    totals: str = _long(default="{}")
    #: Source of its cases; name, size and SHA-256 of its files as JSON; whether a pull imports.
    source: str = Field(default="", sa_column_kwargs={"server_default": ""})
    files: str = _long(default="[]", sa_column_kwargs={"server_default": "[]"})
    pulled: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    #: Who imported: the person that was named, whether with a key, and the operating user.
    person: str | None = None
    key_id: str | None = None
    os_user: str = ""


class QuarantineRow(SQLModel, table=True):
    """A row that could not be taken: where, which column, why, and what it said."""

    __tablename__ = "quarantine"
    id: int | None = Field(default=None, primary_key=True)
    #: Digest of file name, place, code and content: the same bad row twice is one entry.
    row_key: str = Field(unique=True)
    import_id: str = Field(index=True)
    file: str
    sheet: str | None = None
    row: int
    column: str | None = None
    code: str
    message: str = _long()
    content: str = _long()
    mapping: str
    received_at: int = _instant()
    state: str = "open"
    #: What cases of the row say they come from.
    source: str | None = None


class ClockRow(SQLModel, table=True):
    """A clock 计时 that the last scan found, with the next instant at which a level falls due."""

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("case_id", "rule_id", "episode"),
        Index(
            "ix_clock_next_at",
            "next_at",
            "case_id",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
        Index("ix_clock_calendar", "calendar"),
    )
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    rule_id: str
    episode: str
    state: str
    calendar: str
    next_at: int | None = _instant(default=None)
    next_level: int | None = None
    limit_due_at: int | None = _instant(default=None)


class CardRow(SQLModel, table=True):
    """A card. Its key is unique; what happened to it stands in `card_entry` and in the ledger."""

    __tablename__ = "card"
    __table_args__ = (
        UniqueConstraint("subject", "rule_id", "episode", "level", "issue_no"),
        Index("ix_card_state", "state", "level"),
        Index("ix_card_case", "case_id"),
        Index("ix_card_fell_due_at", "fell_due_at"),
    )
    card_no: str = Field(primary_key=True)
    subject: str
    case_id: int | None = Field(default=None, foreign_key="case_file.id")
    case_no: str | None = None
    rule_id: str
    rule_version: int
    rule_digest: str
    pack: str
    episode: str
    level: int
    issue_no: int = 0
    state: str
    #: State to return to when the card that supersedes this one is lifted.
    state_before: str | None = None
    item_code: str | None = None
    region: str | None = None
    department: str | None = None
    handler: str | None = None
    reviewer: str | None = None
    approver: str | None = None
    #: Salt of the commitment to the persons' names that the ledger holds instead of them.
    salt: str | None = None
    limit_name: str
    limit_amount: str | None = None
    limit_due_at: int | None = _instant(default=None)
    fell_due_at: int = _instant()
    as_of: int = _instant()
    issued_at: int = _instant()
    elapsed: str | None = None
    over: str | None = None
    unit: str | None = None
    calendar: str
    calendar_version: str
    #: Calendar version under which it was judged last and stood.
    stood_under: str
    lifted_reason: str | None = None
    lifted_at: int | None = _instant(default=None)
    #: Person who gave it by hand, and on what basis; empty for cards of a rule.
    issued_by: str | None = None
    basis: str | None = _long(default=None)


class CardEntry(SQLModel, table=True):
    """What happened to a card: issued, superseded, revived, lifted, acknowledged, replied."""

    __tablename__ = "card_entry"
    id: int | None = Field(default=None, primary_key=True)
    card_no: str = Field(foreign_key="card.card_no", index=True)
    kind: str
    at: int = _instant()
    person: str | None = None
    os_user: str
    text: str | None = _long(default=None)
    host: str | None = None
    tty: str | None = None
    evidence: str = _long(default="[]", sa_column_kwargs={"server_default": "[]"})


class AccountabilityRow(SQLModel, table=True):
    """Who held a case how long, for one card (追责记录). Proposals only."""

    __tablename__ = "accountability"
    __table_args__ = (UniqueConstraint("card_no", "place"),)
    id: int | None = Field(default=None, primary_key=True)
    card_no: str = Field(foreign_key="card.card_no")
    place: int
    stage: str | None = None
    department: str | None = None
    holder: str | None = None
    since: int = _instant()
    until: int = _instant()
    held_seconds: int = _instant()
    overrun_seconds: int = _instant()
    #: Instant up to which the seconds are counted.
    as_of: int = _instant()
    status: str = "to_verify"
    #: `held`: a part of the clock's time, the parts add up; `organ`: an organ's own clock.
    part: str = Field(default="held", sa_column_kwargs={"server_default": "held"})
    #: Held and overrun in the unit of the card's limit; the parts add up to the elapsed amount.
    amount: str | None = None
    over: str | None = None
    unit: str | None = None
    #: Overrun that is charged to this part, in working seconds.
    charged_seconds: int = _instant(default=0, sa_column_kwargs={"server_default": "0"})


class PersonRow(SQLModel, table=True):
    """A row about a person 人员 as `people import` left it; a person may have several."""

    __tablename__ = "person"
    id: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(index=True)
    value: str = _long()


class LedgerRow(SQLModel, table=True):
    """One ledger entry: its canonical bytes and its leaf in both trees."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        # What each scan looks up: a few entries among very many.
        Index(
            "ix_ledger_entry_rare",
            "type",
            "seq",
            sqlite_where=text("type = 'import.done' OR type = 'scan.done'"),
            postgresql_where=text("type = 'import.done' OR type = 'scan.done'"),
        ),
    )
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: str
    #: Natural key of what is recorded; the same fact is recorded once.
    fact: str = Field(unique=True)
    body: bytes = Field(sa_type=LargeBinary)
    sha256: bytes = Field(sa_type=LargeBinary)
    sm3: bytes = Field(sa_type=LargeBinary)


class LedgerHead(SQLModel, table=True):
    """Size and right edges of both trees; one row, the lock of all appends."""

    __tablename__ = "ledger_head"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = _instant()
    sha256_stack: bytes = Field(sa_type=LargeBinary)
    sm3_stack: bytes = Field(sa_type=LargeBinary)


class RunRow(SQLModel, table=True):
    """A slot 班次 of a job: the instant it was due, who runs it, under which fence."""

    __tablename__ = "run"
    job: str = Field(primary_key=True)
    scheduled_for: int = _instant(primary_key=True)
    run_id: str
    state: str
    owner: str
    fence: int
    lease_until: int = _instant()
    started_at: int = _instant()
    finished_at: int | None = _instant(default=None)
    totals: str = _long(default="{}")
    message: str | None = _long(default=None)


metadata: MetaData = SQLModel.metadata
