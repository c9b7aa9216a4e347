"""The tables of what follows a card: notices, ladders, orders, silences, appeals, approvals, keys.

`order_entry`, `appeal_entry`, `account_entry`, `approval` and `person_key_entry` are append-only,
by triggers (see migrations).
"""

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = [
    "AccountEntry",
    "AlarmRow",
    "AppealEntry",
    "AppealRow",
    "ApprovalRow",
    "AttemptRow",
    "LadderRun",
    "NoticeRow",
    "OrderCard",
    "OrderEntry",
    "OrderRow",
    "PersonKeyEntry",
    "PersonKeyRow",
    "SilenceRow",
    "metadata",
]


class NoticeRow(SQLModel, table=True):
    """A notice 通知 in the outbox: written with what it is about, delivered at least once."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("subject", "kind", "person_id", "channel"),
        Index("ix_notice_pending", "state", "next_attempt_at"),
        Index("ix_notice_card", "card_no"),
    )
    notice_id: str = Field(primary_key=True)
    #: `card:…`, `order:…`, `appeal:…`, `alarm:…`, `key:…`.
    subject: str
    card_no: str | None = Field(default=None, foreign_key="card.card_no")
    #: `issued`, `step:2:1`, `lifted`, `order_opened`, …
    kind: str
    person_id: str
    #: Role in which the person is told.
    role: str = ""
    channel: str
    address: str
    language: str
    #: What the text is made of, as JSON: numbers and instants, never a person.
    about: str = _long(default="{}")
    created_at: int = _instant()
    state: str = "pending"
    #: Why it waits although its time has come: `quiet`, `silence:S-…`, `rate`, `receiver:…`.
    held: str | None = None
    #: Since when; this time is no part of the 72 hours in which it is tried.
    held_at: int | None = _instant(default=None)
    attempts: int = 0
    first_attempt_at: int | None = _instant(default=None)
    next_attempt_at: int = _instant()
    sent_at: int | None = _instant(default=None)
    #: Message with which it was sent, or last left: from then on it may have arrived.
    message_id: str | None = None
    last_error: str | None = _long(default=None)
    #: From 1, in the order in which they were written.
    number: int = Field(default=0, index=True, sa_column_kwargs={"server_default": "0"})


class LadderRun(SQLModel, table=True):
    """A card's ladder 督办层级 on its way. It keeps the text that it began with."""

    __tablename__ = "ladder_run"
    __table_args__ = (
        Index(
            "ix_ladder_run_next_at",
            "next_at",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )
    card_no: str = Field(primary_key=True, foreign_key="card.card_no")
    ladder_id: str
    ladder_version: int
    ladder_digest: str
    #: The chain of the card's level as canonical JSON.
    chain: str = _long()
    began_at: int = _instant()
    #: Newest step that was told (from 1; 0: none yet) and its turn (from 1; later ones repeat it).
    step: int = 0
    turn: int = 0
    #: 1, and one more for each repair of a clock that ran ahead: what is told from then on is news.
    round: int = 1
    #: When that step and turn was written, and when its first notice was delivered.
    told_at: int | None = _instant(default=None)
    delivered_at: int | None = _instant(default=None)
    #: When it was known that the step reaches nobody, and why: `nobody`, `undeliverable`.
    missed_at: int | None = _instant(default=None)
    missed: str | None = None
    #: First delivery of anything about the card: the reply deadline counts from it.
    first_delivered_at: int | None = _instant(default=None)
    reply_within: str | None = None
    reply_due_at: int | None = _instant(default=None)
    #: When those who are told of a missing reply were told.
    unanswered_at: int | None = _instant(default=None)
    acknowledged_at: int | None = _instant(default=None)
    replied_at: int | None = _instant(default=None)
    #: `running`; `exhausted`: every step was told; or `ended`, and why.
    state: str = "running"
    ended_reason: str | None = None
    #: When it is to be looked at next; None while it waits for an answer or a delivery, which set
    #: it to their own instant.
    next_at: int | None = _instant(default=None)


class OrderRow(SQLModel, table=True):
    """A supervision order 督办单. Its entries say what happened to it."""

    __tablename__ = "supervision_order"
    __table_args__ = (Index("ix_supervision_order_state", "state"),)
    order_no: str = Field(primary_key=True)
    department: str | None = None
    region: str | None = None
    item_code: str | None = None
    calendar: str
    text: str = _long()
    opened_by: str
    opened_at: int = _instant()
    state: str = "open"
    #: 1, and one more for each return.
    round: int = 1
    reply_within: str
    #: Set when the notice of this round has been delivered: deadlines count from delivery.
    delivered_at: int | None = _instant(default=None)
    reply_due_at: int | None = _instant(default=None)
    overdue_told_at: int | None = _instant(default=None)
    replied_by: str | None = None
    replied_at: int | None = _instant(default=None)
    closed_by: str | None = None
    closed_at: int | None = _instant(default=None)
    #: `done`; `withdrawn` without a reply; `cards_lifted` where all its cards were lifted.
    result: str | None = None


class OrderCard(SQLModel, table=True):
    """A card that an order is about."""

    __tablename__ = "order_card"
    order_no: str = Field(primary_key=True, foreign_key="supervision_order.order_no")
    card_no: str = Field(primary_key=True, foreign_key="card.card_no", index=True)


class OrderEntry(SQLModel, table=True):
    """What happened to an order: opened, replied, returned, closed, overdue."""

    __tablename__ = "order_entry"
    id: int | None = Field(default=None, primary_key=True)
    order_no: str = Field(foreign_key="supervision_order.order_no", index=True)
    kind: str
    at: int = _instant()
    person: str | None = None
    os_user: str
    host: str | None = None
    tty: str | None = None
    text: str | None = _long(default=None)
    evidence: str = _long(default="[]")


class AlarmRow(SQLModel, table=True):
    """An alarm on a supervisor: a card not followed up, an order open for too long."""

    __tablename__ = "alarm"
    __table_args__ = (UniqueConstraint("kind", "subject", "person_id", "round"),)
    alarm_no: str = Field(primary_key=True)
    kind: str
    subject: str
    person_id: str
    #: 1, and one more where the one before was raised by a clock that had run ahead.
    round: int = 1
    since: int = _instant()
    due_at: int = _instant()
    raised_at: int = _instant()
    ended_at: int | None = _instant(default=None)
    ended_reason: str | None = None


class SilenceRow(SQLModel, table=True):
    """A silence: notices that match wait until it ends. An empty field matches any."""

    __tablename__ = "silence"
    silence_no: str = Field(primary_key=True)
    department: str = ""
    region: str = ""
    item_code: str = ""
    rule_id: str = ""
    case_no: str = ""
    person_id: str = ""
    owner: str
    #: 1 where a supervisor owns it: only then it holds what supervisors are told.
    over_supervisors: int = 0
    reason: str = _long()
    starts_at: int = _instant()
    ends_at: int = _instant()
    ended_at: int | None = _instant(default=None)
    ended_by: str | None = None
    end_reason: str | None = _long(default=None)


class AppealRow(SQLModel, table=True):
    """An appeal 申诉 against a card. Its entries say what happened to it."""

    __tablename__ = "appeal"
    __table_args__ = (
        Index("ix_appeal_state", "state"),
        # At most one appeal against a card waits to be decided.
        Index(
            "uq_appeal_waiting",
            "card_no",
            unique=True,
            sqlite_where=text("state IN ('filed', 'referred')"),
            postgresql_where=text("state IN ('filed', 'referred')"),
        ),
    )
    appeal_no: str = Field(primary_key=True)
    card_no: str = Field(foreign_key="card.card_no", index=True)
    filed_by: str
    filed_at: int = _instant()
    text: str = _long()
    state: str = "filed"
    #: 0, and one more for each referral upwards.
    round: int = 0
    decide_by: int | None = _instant(default=None)
    overdue_told_at: int | None = _instant(default=None)
    decided_at: int | None = _instant(default=None)


class AppealEntry(SQLModel, table=True):
    """What happened to an appeal: filed, signed, referred, returned, upheld, settled."""

    __tablename__ = "appeal_entry"
    id: int | None = Field(default=None, primary_key=True)
    appeal_no: str = Field(foreign_key="appeal.appeal_no", index=True)
    kind: str
    at: int = _instant()
    person: str | None = None
    os_user: str
    host: str | None = None
    tty: str | None = None
    text: str | None = _long(default=None)
    evidence: str = _long(default="[]")


class ApprovalRow(SQLModel, table=True):
    """A person's approval of one decision, signed where the person has a key."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("subject", "act", "round", "person_id"),)
    id: int | None = Field(default=None, primary_key=True)
    #: `card:R-…`, `appeal:A-…`, `account:R-…`, `key:wang`.
    subject: str
    act: str
    round: int = 0
    decision: str
    ground: str | None = None
    person_id: str
    at: int = _instant()
    text: str | None = _long(default=None)
    evidence: str = _long(default="[]")
    #: The canonical bytes that are signed.
    statement: bytes = Field(sa_type=LargeBinary)
    key_id: str | None = None
    signature: bytes | None = Field(default=None, sa_type=LargeBinary)
    os_user: str
    host: str | None = None
    tty: str | None = None


class PersonKeyRow(SQLModel, table=True):
    """A person's public key (Ed25519) as it stands: its entries say how it came to be."""

    __tablename__ = "person_key"
    #: First 16 hex digits of the SHA-256 of the 32 public bytes.
    key_id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    public_key: bytes = Field(sa_type=LargeBinary)
    enrolled_at: int = _instant()
    revoked_at: int | None = _instant(default=None)


class PersonKeyEntry(SQLModel, table=True):
    """What happened to a key: asked, enrolled, revoked."""

    __tablename__ = "person_key_entry"
    id: int | None = Field(default=None, primary_key=True)
    key_id: str = Field(index=True)
    person_id: str
    kind: str
    at: int = _instant()
    person: str | None = None
    os_user: str
    host: str | None = None
    tty: str | None = None
    text: str | None = _long(default=None)


class AccountEntry(SQLModel, table=True):
    """What was decided on an accountability record: verified, measure, exemption."""

    __tablename__ = "account_entry"
    id: int | None = Field(default=None, primary_key=True)
    card_no: str = Field(foreign_key="card.card_no", index=True)
    kind: str
    at: int = _instant()
    #: Ground of an exemption or the measure's id.
    ground: str | None = None
    person: str | None = None
    os_user: str
    host: str | None = None
    tty: str | None = None
    text: str | None = _long(default=None)
    evidence: str = _long(default="[]")


class AttemptRow(SQLModel, table=True):
    """One attempt to send a message: what a robot's rate limit counts, and what became of it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_counted", "counted_as", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    message_id: str
    channel: str
    #: Digest of the robot or receiver whose rate is limited; no address, no secret.
    counted_as: str
    #: When it ended; of one that is only begun, when it began.
    at: int = _instant()
    #: `begun` (nobody knows what became of it), `sent`, `retry`, `refused`.
    result: str
    notices: int
    detail: str | None = _long(default=None)
