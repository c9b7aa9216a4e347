"""Alarms on supervisors, and what raises and ends them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Row

from ...people.model.people import Role
from ...records.matter_tables import AlarmRow, OrderCard, OrderRow
from ...terms import AlarmKind, CardState, Level, NoticeState, OrderState
from ..ladders.store import CARD, NOTICE, RUN

ALARM = AlarmRow.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
ORDER_CARD = OrderCard.__table__  # type: ignore[attr-defined]
#: States of a card that somebody is still to do something about.
_WAITING = [str(state) for state in (CardState.PENDING, CardState.OPEN, CardState.ACKNOWLEDGED)]
_ORDERED = exists().where(ORDER_CARD.c.card_no == CARD.c.card_no)
#: Why an alarm ended that was raised by a clock that had run ahead: it is raised again when due.
CLOCK_ERROR = "clock_error"


def chains(connection: Connection) -> list[str]:
    """Every text that ladders on their way keep, once."""
    return list(connection.execute(select(RUN.c.chain).distinct().order_by(RUN.c.chain)).scalars())


def not_followed_up(connection: Connection, told_by: int) -> list[Row]:  # type: ignore[type-arg]
    """Yellow and red cards that wait without an order, by each supervisor who was told of them.

    With when the first notice reached the supervisor (`since`), at the latest `told_by`; without
    those alarmed already.
    """
    raised = exists().where(
        ALARM.c.kind == str(AlarmKind.NOT_FOLLOWED_UP),
        ALARM.c.subject == literal("card:") + CARD.c.card_no,
        ALARM.c.person_id == NOTICE.c.person_id,
        _not_in_error(),
    )
    # All of them are grouped by: of a view it is not known that one decides the others.
    said = (
        CARD.c.card_no,
        CARD.c.level,
        CARD.c.rule_id,
        CARD.c.rule_version,
        CARD.c.department,
        CARD.c.region,
        CARD.c.item_code,
        CARD.c.calendar,
        RUN.c.chain,
        NOTICE.c.person_id,
    )
    return list(
        connection.execute(
            select(*said, func.min(NOTICE.c.sent_at).label("since"))
            .join(NOTICE, NOTICE.c.card_no == CARD.c.card_no)
            .outerjoin(RUN, RUN.c.card_no == CARD.c.card_no)
            .where(
                CARD.c.state.in_(_WAITING),
                CARD.c.level > int(Level.WARNING),
                # An appeal or an exemption has a deadline of its own; it is no news of the card.
                NOTICE.c.subject == literal("card:") + CARD.c.card_no,
                NOTICE.c.role == str(Role.SUPERVISOR),
                NOTICE.c.state == str(NoticeState.SENT),
                NOTICE.c.sent_at <= told_by,
                ~_ORDERED,
                ~raised,
            )
            .group_by(*said)
            .order_by(CARD.c.card_no, NOTICE.c.person_id)
        )
    )


def open_orders(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Orders that are not closed and of which no alarm was raised."""
    raised = exists().where(
        ALARM.c.kind == str(AlarmKind.ORDER_OPEN),
        ALARM.c.subject == literal("order:") + ORDER.c.order_no,
        _not_in_error(),
    )
    return list(
        connection.execute(
            select(ORDER)
            .where(ORDER.c.state != str(OrderState.CLOSED), ~raised)
            .order_by(ORDER.c.order_no)
        )
    )


def _not_in_error() -> ColumnElement[bool]:
    """Condition on an alarm: no clock that had run ahead has raised it."""
    return func.coalesce(ALARM.c.ended_reason, "") != CLOCK_ERROR


def earlier(connection: Connection, kind: str, subject: str, person_id: str) -> int:
    """How many alarms of a kind a person had about something before."""
    same = (ALARM.c.kind == kind, ALARM.c.subject == subject, ALARM.c.person_id == person_id)
    counted = select(func.count()).select_from(ALARM).where(*same)
    return int(connection.execute(counted).scalar_one())


def raised_after(connection: Connection, after: int) -> list[str]:
    """Alarms that stand and were raised after an instant."""
    later = (ALARM.c.raised_at > after, ALARM.c.ended_at.is_(None))
    rows = select(ALARM.c.alarm_no).where(*later).order_by(ALARM.c.alarm_no)
    return list(connection.execute(rows).scalars())


def add(connection: Connection, alarms: Sequence[Mapping[str, object]]) -> None:
    """Insert alarms under their unique key."""
    if alarms:
        connection.execute(insert(ALARM), [dict(alarm) for alarm in alarms])


def over(connection: Connection) -> list[tuple[str, str]]:
    """Alarms whose reason has ended, with why: their number and the card's or order's new state."""
    card = ALARM.c.subject == literal("card:") + CARD.c.card_no
    order = ALARM.c.subject == literal("order:") + ORDER.c.order_no
    rows = connection.execute(
        select(ALARM.c.alarm_no, CARD.c.state, _ORDERED.label("ordered"), ORDER.c.order_no)
        .select_from(ALARM)
        .outerjoin(CARD, card)
        .outerjoin(ORDER, order)
        .where(
            ALARM.c.ended_at.is_(None),
            or_(
                and_(CARD.c.card_no.is_not(None), or_(CARD.c.state.not_in(_WAITING), _ORDERED)),
                ORDER.c.state == str(OrderState.CLOSED),
            ),
        )
        .order_by(ALARM.c.alarm_no)
    )
    return [(row.alarm_no, _why(row)) for row in rows]


def _why(row: Row) -> str:  # type: ignore[type-arg]
    if row.order_no is not None:
        return "order_closed"
    return "order_opened" if row.state in _WAITING else str(row.state)


def end(connection: Connection, alarm_no: str, reason: str, now: int) -> bool:
    """End an alarm; whether it had not ended before."""
    done = connection.execute(
        update(ALARM)
        .where(ALARM.c.alarm_no == alarm_no, ALARM.c.ended_at.is_(None))
        .values(ended_at=now, ended_reason=reason)
    )
    return bool(done.rowcount)


def find(connection: Connection, alarm_no: str) -> Row | None:  # type: ignore[type-arg]
    """The alarm of that number."""
    return connection.execute(select(ALARM).where(ALARM.c.alarm_no == alarm_no)).first()


def listed(connection: Connection, *, everything: bool) -> list[Row]:  # type: ignore[type-arg]
    """Alarms that stand, or all; the oldest first."""
    statement = select(ALARM)
    if not everything:
        statement = statement.where(ALARM.c.ended_at.is_(None))
    return list(connection.execute(statement.order_by(ALARM.c.raised_at, ALARM.c.alarm_no)))
