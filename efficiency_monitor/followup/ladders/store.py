"""Ladders on their way, and the notices that they rest on."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.engine import Row

from ...intake.store.cases import CLOCK, chunks
from ...notify.store.outbox import NewNotice
from ...records.matter_tables import LadderRun, NoticeRow, OrderCard, OrderRow
from ...records.tables import CardEntry, CardRow
from ...terms import CardState, OrderState

RUN = LadderRun.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
ENTRY = CardEntry.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
ORDER_CARD = OrderCard.__table__  # type: ignore[attr-defined]
#: States of a card that has a ladder.
CLIMBING = (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED)
#: When what happened to a ladder; the ends of its deadlines are other instants.
INSTANTS = (
    *("began_at", "told_at", "delivered_at", "first_delivered_at", "missed_at", "unanswered_at"),
    *("acknowledged_at", "replied_at"),
)
_CLIMBING = [str(state) for state in CLIMBING]


def write(connection: Connection, runs: Sequence[Mapping[str, object]]) -> None:
    """Insert runs that begin."""
    if runs:
        connection.execute(insert(RUN), [dict(run) for run in runs])


def change(connection: Connection, card_no: str, **values: object) -> None:
    """Set values of one run."""
    connection.execute(update(RUN).where(RUN.c.card_no == card_no).values(**values))


def wake(connection: Connection, card_nos: Collection[str], at: int) -> None:
    """Let the running ones among them be looked at; something has happened at that instant."""
    for part in chunks(sorted(card_nos)):
        connection.execute(
            update(RUN).where(RUN.c.card_no.in_(part), RUN.c.state == "running").values(next_at=at)
        )


def runs_of(connection: Connection, card_nos: Collection[str]) -> dict[str, Row]:  # type: ignore[type-arg]
    """Runs by their cards' numbers, with the cards' calendars."""
    asked = select(RUN, CARD.c.calendar).join(CARD, CARD.c.card_no == RUN.c.card_no)
    return {
        row.card_no: row
        for part in chunks(sorted(card_nos))
        for row in connection.execute(asked.where(RUN.c.card_no.in_(part)))
    }


def touched_after(connection: Connection, after: int) -> list[str]:
    """Cards not lifted of whose ladder something was told or happened after an instant."""
    noticed = exists().where(NOTICE.c.card_no == RUN.c.card_no, NOTICE.c.created_at > after)
    rows = connection.execute(
        select(RUN.c.card_no)
        .join(CARD, CARD.c.card_no == RUN.c.card_no)
        .where(
            CARD.c.state != str(CardState.LIFTED),
            or_(noticed, *(RUN.c[name] > after for name in INSTANTS)),
        )
        .order_by(RUN.c.card_no)
    )
    return list(rows.scalars())


def due(connection: Connection, now: int) -> list[str]:
    """Cards whose ladder is to be looked at, the longest waiting first."""
    rows = connection.execute(
        select(RUN.c.card_no)
        .where(RUN.c.state == "running", RUN.c.next_at <= now)
        .order_by(RUN.c.next_at, RUN.c.card_no)
    )
    return [row.card_no for row in rows]


def still_due(connection: Connection, card_nos: Sequence[str], now: int) -> list[Row]:  # type: ignore[type-arg]
    """Runs of these that still are to be looked at, with their cards, clocks and open orders."""
    clock = and_(
        CLOCK.c.case_id == CARD.c.case_id,
        CLOCK.c.rule_id == CARD.c.rule_id,
        CLOCK.c.episode == CARD.c.episode,
    )
    under_order = (
        select(ORDER_CARD.c.card_no)
        .join(ORDER, ORDER.c.order_no == ORDER_CARD.c.order_no)
        .where(ORDER_CARD.c.card_no == CARD.c.card_no, ORDER.c.state != str(OrderState.CLOSED))
        .exists()
    )
    return list(
        connection.execute(
            select(
                RUN,
                CARD.c.state.label("card_state"),
                CARD.c.subject,
                CARD.c.level,
                CARD.c.department,
                CARD.c.region,
                CARD.c.item_code,
                CARD.c.handler,
                CARD.c.calendar,
                CLOCK.c.state.label("clock"),
                under_order.label("ordered"),
            )
            .join(CARD, CARD.c.card_no == RUN.c.card_no)
            .outerjoin(CLOCK, clock)
            .where(RUN.c.card_no.in_(card_nos), RUN.c.state == "running", RUN.c.next_at <= now)
            .order_by(RUN.c.next_at, RUN.c.card_no)
        )
    )


def notices_of(connection: Connection, card_nos: Collection[str]) -> dict[str, list[Row]]:  # type: ignore[type-arg]
    """Every notice about these cards, oldest first."""
    found: dict[str, list[Row]] = {}  # type: ignore[type-arg]
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(NOTICE)
            .where(NOTICE.c.card_no.in_(part))
            .order_by(NOTICE.c.created_at, NOTICE.c.notice_id)
        )
        for row in rows:
            found.setdefault(row.card_no, []).append(row)
    return found


def make_void(connection: Connection, notice_ids: Sequence[str]) -> list[str]:
    """Make notices void that are still pending; those that were."""
    return _mark(connection, notice_ids, "pending", state="void", held=None, held_at=None)


def wanted_again(connection: Connection, notices: Sequence[NewNotice], now: int) -> None:
    """Let those that were void, and so never sent, be delivered after all, as if written now."""
    for notice in notices:
        _mark(
            connection,
            [notice.notice_id],
            "void",
            state="pending",
            created_at=now,
            role=notice.role,
            address=notice.address,
            language=notice.language,
            about=notice.about,
            attempts=0,
            first_attempt_at=None,
            held=None,
            held_at=None,
            next_attempt_at=now,
            last_error=None,
        )


def _mark(
    connection: Connection, notice_ids: Sequence[str], before: str, **values: object
) -> list[str]:
    done: list[str] = []
    for part in chunks(sorted(notice_ids)):
        rows = connection.execute(
            update(NOTICE)
            .where(NOTICE.c.notice_id.in_(part), NOTICE.c.state == before)
            .values(**values)
            .returning(NOTICE.c.notice_id)
        )
        done += [row.notice_id for row in rows]
    return sorted(done)


def without_run(connection: Connection, most: int) -> list[Row]:  # type: ignore[type-arg]
    """Standing cards that have no ladder: of a database from before there were any."""
    return list(
        connection.execute(
            select(CARD)
            .where(CARD.c.state.in_(_CLIMBING), ~exists().where(RUN.c.card_no == CARD.c.card_no))
            .order_by(CARD.c.card_no)
            .limit(most)
        )
    )


def told_nobody(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Cards that wait for somebody to be told of them: no notice was ever written, or wanted.

    Of a card that waits to be confirmed a supervisor is to know; of a standing one the first step.
    """
    noticed = exists().where(NOTICE.c.card_no == CARD.c.card_no, NOTICE.c.state != "void")
    rows = connection.execute(
        select(CARD, RUN.c.missed)
        .outerjoin(RUN, RUN.c.card_no == CARD.c.card_no)
        .where(
            or_(
                CARD.c.state == str(CardState.PENDING),
                and_(
                    CARD.c.state.in_(_CLIMBING),
                    RUN.c.missed == "nobody",
                    RUN.c.state != "ended",
                ),
            ),
            ~noticed,
        )
        .order_by(CARD.c.card_no)
    )
    return list(rows)


def missed(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Standing cards whose present step reaches nobody, with why."""
    return list(
        connection.execute(
            select(RUN.c.card_no, RUN.c.step, RUN.c.missed)
            .join(CARD, CARD.c.card_no == RUN.c.card_no)
            .where(
                RUN.c.state != "ended",
                RUN.c.missed.is_not(None),
                RUN.c.delivered_at.is_(None),
                CARD.c.state.in_(_CLIMBING),
            )
            .order_by(RUN.c.card_no)
        )
    )


def counts(connection: Connection) -> dict[str, int]:
    """How many ladders are in which state; one that ended with its only step is `told`."""
    only_step = and_(RUN.c.state == "exhausted", RUN.c.step <= 1)
    state = case((only_step, "told"), else_=RUN.c.state)
    rows = connection.execute(select(state, func.count()).group_by(state))
    return {row[0]: row[1] for row in rows}


def answers(connection: Connection, card_nos: Collection[str]) -> dict[tuple[str, str], int]:
    """First instant at which each card was acknowledged or replied to, by card and kind."""
    found: dict[tuple[str, str], int] = {}
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(ENTRY.c.card_no, ENTRY.c.kind, func.min(ENTRY.c.at).label("at"))
            .where(ENTRY.c.card_no.in_(part), ENTRY.c.kind.in_(("acknowledged", "replied")))
            .group_by(ENTRY.c.card_no, ENTRY.c.kind)
        )
        found |= {(row.card_no, row.kind): row.at for row in rows}
    return found


def superseded_by(connection: Connection, card_nos: Collection[str]) -> dict[str, str]:
    """The card that superseded each of these last."""
    found: dict[str, str] = {}
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(ENTRY.c.card_no, ENTRY.c.text)
            .where(ENTRY.c.card_no.in_(part), ENTRY.c.kind == "superseded")
            .order_by(ENTRY.c.id)
        )
        found |= {row.card_no: row.text for row in rows}
    return found
