"""Notices in the outbox: written with the card, taken in groups, marked after delivery."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.engine import Row

from .cases import chunks
from .matter_tables import NoticeRow
from .tables import CardRow

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice to a person, by a channel; its id is derived from its natural key."""

    notice_id: str
    #: What it is about: `card:…`, `order:…`, `appeal:…`, `alarm:…`, `key:…`.
    subject: str
    #: Card that it is about, if it is about one.
    card_no: str | None
    kind: str
    person_id: str
    role: str
    channel: str
    address: str
    language: str
    #: What its text is made of, as JSON.
    about: str = "{}"


def add(connection: Connection, notices: Sequence[NewNotice], now: int) -> list[str]:
    """Write notices in the transaction of what they tell; ids of those not written before."""
    fresh = {notice.notice_id: notice for notice in notices}
    for part in chunks(list(fresh)):
        for row in connection.execute(
            select(NOTICE.c.notice_id).where(NOTICE.c.notice_id.in_(part))
        ):
            fresh.pop(row.notice_id, None)
    if fresh:
        connection.execute(
            insert(NOTICE),
            [
                {
                    **{name: getattr(notice, name) for name in NewNotice.__slots__},
                    "created_at": now,
                    "next_attempt_at": now,
                    "state": "pending",
                    "attempts": 0,
                }
                for notice in fresh.values()
            ],
        )
    return list(fresh)


def pending(connection: Connection, now: int) -> list[Row]:  # type: ignore[type-arg]
    """Notices whose time has come, with what the digest says of their cards, if any."""
    return list(
        connection.execute(
            select(
                NOTICE,
                CARD.c.level,
                CARD.c.case_no,
                CARD.c.department,
                CARD.c.limit_due_at,
                CARD.c.rule_id,
            )
            .outerjoin(CARD, CARD.c.card_no == NOTICE.c.card_no)
            .where(NOTICE.c.state == "pending", NOTICE.c.next_attempt_at <= now)
            .order_by(NOTICE.c.person_id, NOTICE.c.channel, NOTICE.c.notice_id)
        )
    )


def mark(connection: Connection, notice_ids: Sequence[str], **values: object) -> list[str]:
    """Set values on pending notices; those that were still pending."""
    done: list[str] = []
    for part in chunks(list(notice_ids)):
        rows = connection.execute(
            update(NOTICE)
            .where(NOTICE.c.notice_id.in_(part), NOTICE.c.state == "pending")
            .values(**values)
            .returning(NOTICE.c.notice_id)
        )
        done.extend(row.notice_id for row in rows)
    return sorted(done, key=list(notice_ids).index)


def listed(connection: Connection, state: str | None = None) -> list[Row]:  # type: ignore[type-arg]
    """Notices, newest first."""
    statement = select(NOTICE, CARD.c.level, CARD.c.case_no).outerjoin(
        CARD, CARD.c.card_no == NOTICE.c.card_no
    )
    if state is not None:
        statement = statement.where(NOTICE.c.state == state)
    return list(
        connection.execute(statement.order_by(NOTICE.c.created_at.desc(), NOTICE.c.notice_id))
    )


def counts(connection: Connection) -> dict[str, int]:
    """Number of notices by state."""
    rows = connection.execute(select(NOTICE.c.state, func.count()).group_by(NOTICE.c.state))
    return {row[0]: row[1] for row in rows}
