"""Supervision orders: their rows, their cards, and what happened to them, which is only added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    case,
    cast,
    distinct,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Row

from ...intake.store.cases import chunks
from ...people.model.actor import Actor
from ...records.matter_tables import AlarmRow, NoticeRow, OrderCard, OrderEntry, OrderRow
from ...records.tables import CardRow
from ...terms import OrderState

ORDER = OrderRow.__table__  # type: ignore[attr-defined]
ABOUT = OrderCard.__table__  # type: ignore[attr-defined]
ENTRY = OrderEntry.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
ALARM = AlarmRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
_OWED = (str(OrderState.OPEN), str(OrderState.RETURNED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens to an order: an entry and, with it, new values of the order's row."""

    order_no: str
    kind: str
    at: int
    actor: Actor
    text: str | None = None
    #: JSON of the attachments (`followup.evidence.model`).
    evidence: str = "[]"
    values: Mapping[str, object]


def add(connection: Connection, row: Mapping[str, object], card_nos: Sequence[str]) -> None:
    """Insert an order and the cards that it is about."""
    connection.execute(insert(ORDER), [dict(row)])
    connection.execute(
        insert(ABOUT),
        [{"order_no": row["order_no"], "card_no": card_no} for card_no in card_nos],
    )


def happen(connection: Connection, happening: Happening) -> None:
    """Record what happened and bring the order's row up to it."""
    connection.execute(
        insert(ENTRY),
        [
            {
                "order_no": happening.order_no,
                "kind": happening.kind,
                "at": happening.at,
                "person": happening.actor.claimed,
                "os_user": happening.actor.os_user,
                "host": happening.actor.host,
                "tty": happening.actor.tty,
                "text": happening.text,
                "evidence": happening.evidence,
            }
        ],
    )
    if happening.values:
        change(connection, happening.order_no, happening.values)


def change(connection: Connection, order_no: str, values: Mapping[str, object]) -> None:
    """Set values of an order's row."""
    connection.execute(update(ORDER).where(ORDER.c.order_no == order_no).values(**values))


def touched_after(connection: Connection, after: int) -> list[Row]:  # type: ignore[type-arg]
    """Orders to which a reply is owed, delivered or told as overdue after an instant."""
    later = (ORDER.c.delivered_at > after, ORDER.c.overdue_told_at > after)
    statement = select(ORDER).where(ORDER.c.state.in_(_OWED), or_(*later))
    return list(connection.execute(statement.order_by(ORDER.c.order_no)))


def find(connection: Connection, order_no: str) -> Row | None:  # type: ignore[type-arg]
    """One order, or None."""
    return connection.execute(select(ORDER).where(ORDER.c.order_no == order_no)).first()


def entries(connection: Connection, order_no: str) -> list[Row]:  # type: ignore[type-arg]
    """What happened to an order, oldest first."""
    return list(
        connection.execute(select(ENTRY).where(ENTRY.c.order_no == order_no).order_by(ENTRY.c.id))
    )


def cards_of(connection: Connection, order_no: str) -> list[Row]:  # type: ignore[type-arg]
    """The cards that an order is about, worst first."""
    return list(
        connection.execute(
            select(CARD)
            .join(ABOUT, ABOUT.c.card_no == CARD.c.card_no)
            .where(ABOUT.c.order_no == order_no)
            .order_by(CARD.c.level.desc(), CARD.c.card_no)
        )
    )


def of_card(connection: Connection, card_no: str) -> list[Row]:  # type: ignore[type-arg]
    """The orders about a card, oldest first."""
    return list(
        connection.execute(
            select(ORDER)
            .join(ABOUT, ABOUT.c.order_no == ORDER.c.order_no)
            .where(ABOUT.c.card_no == card_no)
            .order_by(ORDER.c.opened_at, ORDER.c.order_no)
        )
    )


def open_about(connection: Connection, card_nos: Sequence[str]) -> dict[str, str]:
    """The orders that are not closed yet, by the card that they are about."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(card_nos))):
        for row in connection.execute(
            select(ABOUT.c.card_no, ABOUT.c.order_no)
            .join(ORDER, ORDER.c.order_no == ABOUT.c.order_no)
            .where(ABOUT.c.card_no.in_(part), ORDER.c.state != str(OrderState.CLOSED))
        ):
            found[row.card_no] = row.order_no
    return found


def earlier(connection: Connection, card_nos: Sequence[str]) -> int:
    """How many orders any of these cards had so far."""
    return int(
        connection.execute(
            select(func.count(distinct(ABOUT.c.order_no))).where(
                ABOUT.c.card_no.in_(sorted(set(card_nos)))
            )
        ).scalar_one()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """Which orders are asked for; `open` means every state before closed."""

    #: `open`, `overdue`, `closed` or `all`.
    state: str = "open"
    department: str | None = None
    order_no: str | None = None
    #: Instant as of which an order is overdue.
    now: int


def notices_about(connection: Connection, order_no: str) -> list[Row]:  # type: ignore[type-arg]
    """The notices about an order, oldest first."""
    return list(
        connection.execute(
            select(NOTICE)
            .where(NOTICE.c.subject == f"order:{order_no}")
            .order_by(NOTICE.c.created_at, NOTICE.c.kind, NOTICE.c.person_id, NOTICE.c.notice_id)
        )
    )


def listed(connection: Connection, query: OrderQuery) -> list[Row]:  # type: ignore[type-arg]
    """Orders with the number of their cards, the earliest deadline first."""
    conditions: list[ColumnElement[bool]] = []
    if query.state == "closed":
        conditions.append(ORDER.c.state == str(OrderState.CLOSED))
    elif query.state != "all":
        conditions.append(ORDER.c.state != str(OrderState.CLOSED))
    if query.state == "overdue":
        conditions += [ORDER.c.state.in_(_OWED), ORDER.c.reply_due_at < query.now]
    if query.department is not None:
        conditions.append(ORDER.c.department == query.department)
    if query.order_no is not None:
        conditions.append(ORDER.c.order_no == query.order_no)
    count = (
        select(func.count())
        .select_from(ABOUT)
        .where(ABOUT.c.order_no == ORDER.c.order_no)
        .scalar_subquery()
    )
    statement = select(ORDER, count.label("cards")).where(*conditions)
    return list(
        connection.execute(
            statement.order_by(
                ORDER.c.reply_due_at.is_(None),
                ORDER.c.reply_due_at,
                ORDER.c.opened_at,
                ORDER.c.order_no,
            )
        )
    )


def alarmed(connection: Connection) -> dict[str, int]:
    """The orders on which an alarm stands, with the instant since when."""
    rows = connection.execute(
        select(ALARM.c.subject, ALARM.c.raised_at).where(
            ALARM.c.subject.like("order:%"), ALARM.c.ended_at.is_(None)
        )
    )
    return {row.subject.removeprefix("order:"): row.raised_at for row in rows}


def overdue_untold(connection: Connection, now: int) -> list[str]:
    """Orders whose reply is overdue and of which nobody was told in this round."""
    return list(
        connection.execute(
            select(ORDER.c.order_no)
            .where(
                ORDER.c.state.in_(_OWED),
                ORDER.c.reply_due_at < now,
                ORDER.c.overdue_told_at.is_(None),
            )
            .order_by(ORDER.c.reply_due_at, ORDER.c.order_no)
        ).scalars()
    )


def owed(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Orders to which a reply is owed and that have no deadline yet, oldest first."""
    return list(
        connection.execute(
            select(ORDER)
            .where(ORDER.c.state.in_(_OWED), ORDER.c.reply_due_at.is_(None))
            .order_by(ORDER.c.opened_at, ORDER.c.order_no)
        )
    )


def undelivered(connection: Connection) -> list[str]:
    """Orders to which a reply is owed although no notice of this round reached anybody or will."""
    asked = case(
        (ORDER.c.round == 1, "order_opened"),
        else_="order_returned:" + cast(ORDER.c.round, String),
    )
    about = and_(NOTICE.c.subject == "order:" + ORDER.c.order_no, NOTICE.c.kind == asked)
    waiting = select(NOTICE.c.notice_id).where(about, NOTICE.c.state.in_(("pending", "sent")))
    return list(
        connection.execute(
            select(ORDER.c.order_no)
            .where(ORDER.c.state.in_(_OWED), ORDER.c.delivered_at.is_(None), ~waiting.exists())
            .order_by(ORDER.c.opened_at, ORDER.c.order_no)
        ).scalars()
    )
