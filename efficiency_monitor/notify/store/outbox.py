"""Notices in the outbox: written with the card, taken in groups, marked after delivery."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Row

from ...followup.appeals.model import WAITING
from ...intake.store.cases import chunks
from ...records.matter_tables import AppealRow, NoticeRow, OrderRow
from ...records.tables import CardRow
from ...terms import CardState, NoticeState, OrderState

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
APPEAL = AppealRow.__table__  # type: ignore[attr-defined]
#: Held until the recipient's hours begin: looked at again in each run, because hours may change.
QUIET = "quiet"
#: Cards of which nobody needs to hear any more.
_OVER = (CardState.LIFTED, CardState.SUPERSEDED, CardState.CLOSED)
#: What is told of a card that is over.
_CLOSING = ("lifted", "closed")
#: What tells of an end: true for ever.
_ENDS = (*_CLOSING, "order_closed", "appeal_upheld", "appeal_returned")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice to a person, by a channel; its id is derived from its natural key."""

    notice_id: str
    #: What it is about: `card:…`, `order:…`, `appeal:…`, `alarm:…`, `key:…`, `ledger`.
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
        last = connection.execute(select(func.coalesce(func.max(NOTICE.c.number), 0))).scalar_one()
        connection.execute(
            insert(NOTICE),
            [
                {
                    **{name: getattr(notice, name) for name in NewNotice.__slots__},
                    "created_at": now,
                    "next_attempt_at": now,
                    "state": "pending",
                    "attempts": 0,
                    "number": number,
                }
                for number, notice in enumerate(fresh.values(), start=last + 1)
            ],
        )
    return list(fresh)


def _told() -> Select:  # type: ignore[type-arg]
    """Notices with what a digest says, and a silence asks, of their card or order, if any."""
    return (
        select(
            NOTICE,
            CARD.c.level,
            CARD.c.case_no,
            CARD.c.subject.label("given_to"),
            CARD.c.limit_due_at,
            CARD.c.limit_name,
            CARD.c.limit_amount,
            CARD.c.rule_id,
            func.coalesce(CARD.c.department, ORDER.c.department).label("department"),
            func.coalesce(CARD.c.region, ORDER.c.region).label("region"),
            func.coalesce(CARD.c.item_code, ORDER.c.item_code).label("item_code"),
        )
        .outerjoin(CARD, CARD.c.card_no == NOTICE.c.card_no)
        .outerjoin(
            ORDER,
            and_(
                NOTICE.c.subject.startswith("order:"),
                # This way round the order is found by its key.
                ORDER.c.order_no == func.substr(NOTICE.c.subject, len("order:") + 1),
            ),
        )
    )


def pending(connection: Connection, now: int) -> list[Row]:  # type: ignore[type-arg]
    """Notices whose time has come, and those that wait for somebody's hours."""
    due = or_(NOTICE.c.next_attempt_at <= now, NOTICE.c.held == QUIET)
    return list(
        connection.execute(
            _told()
            .where(NOTICE.c.state == "pending", due)
            .order_by(NOTICE.c.person_id, NOTICE.c.channel, NOTICE.c.notice_id)
        )
    )


def rows_of(connection: Connection, notice_ids: Sequence[str]) -> list[Row]:  # type: ignore[type-arg]
    """These notices, as `pending` gives them, in the order of their ids."""
    found: list[Row] = []  # type: ignore[type-arg]
    for part in chunks(sorted(notice_ids)):
        found += connection.execute(
            _told().where(NOTICE.c.notice_id.in_(part)).order_by(NOTICE.c.notice_id)
        )
    return found


def in_message(connection: Connection, message_id: str) -> list[Row]:  # type: ignore[type-arg]
    """Notices that last left in this message and are not known to have arrived, by number."""
    unknown = [str(NoticeState.PENDING), str(NoticeState.VOID)]
    return list(
        connection.execute(
            _told()
            .where(NOTICE.c.message_id == message_id, NOTICE.c.state.in_(unknown))
            .order_by(NOTICE.c.notice_id)
        )
    )


def may_have_arrived() -> ColumnElement[bool]:
    """Whether a notice was sent or tried: a message or only its answer may have been lost.

    A notice that has left, or was about to when its process died, has its message's id.
    """
    return or_(NOTICE.c.message_id.is_not(None), NOTICE.c.attempts > 0)


def mark(
    connection: Connection,
    notice_ids: Sequence[str],
    *,
    among: Collection[str] = (NoticeState.PENDING,),
    **values: object,
) -> list[str]:
    """Set values on notices in one of some states; those that were."""
    done: list[str] = []
    states = [str(state) for state in among]
    for part in chunks(list(notice_ids)):
        rows = connection.execute(
            update(NOTICE)
            .where(NOTICE.c.notice_id.in_(part), NOTICE.c.state.in_(states))
            .values(**values)
            .returning(NOTICE.c.notice_id)
        )
        done.extend(row.notice_id for row in rows)
    return sorted(done, key=list(notice_ids).index)


def hold(
    connection: Connection, notice_ids: Sequence[str], *, why: str, until: int, now: int
) -> None:
    """Let pending notices wait until an instant; since when they do stays what it was."""
    for part in chunks(list(notice_ids)):
        connection.execute(
            update(NOTICE)
            .where(NOTICE.c.notice_id.in_(part), NOTICE.c.state == "pending")
            .values(held=why, held_at=func.coalesce(NOTICE.c.held_at, now), next_attempt_at=until)
        )


def release(connection: Connection, held: str, now: int) -> int:
    """Let notices go that were held for this reason; how many."""
    return connection.execute(
        update(NOTICE)
        .where(NOTICE.c.held == held, NOTICE.c.state == "pending")
        .values(held=None, next_attempt_at=now)
    ).rowcount


def written(connection: Connection, row: Row, channel: str) -> bool:  # type: ignore[type-arg]
    """Whether what a notice tells was written to its person for that channel too."""
    found = connection.execute(
        select(NOTICE.c.notice_id).where(
            NOTICE.c.subject == row.subject,
            NOTICE.c.kind == row.kind,
            NOTICE.c.person_id == row.person_id,
            NOTICE.c.channel == channel,
        )
    ).first()
    return found is not None


def void(
    connection: Connection,
    *,
    subjects: Sequence[str] = (),
    card_nos: Sequence[str] = (),
    kinds: Collection[str] | None = None,
    keep: Collection[str] = _CLOSING,
) -> list[Row]:  # type: ignore[type-arg]
    """Void what is pending about these subjects or cards, and was never sent; the rows as before.

    `kinds` narrows it to some kinds; those of `keep` stay.
    """
    found: list[Row] = []  # type: ignore[type-arg]
    for column, wanted in ((NOTICE.c.subject, subjects), (NOTICE.c.card_no, card_nos)):
        for part in chunks(list(wanted)):
            narrowed = [
                NOTICE.c.state == "pending",
                column.in_(part),
                NOTICE.c.kind.not_in(list(keep)),
            ]
            if kinds is not None:
                narrowed.append(NOTICE.c.kind.in_(list(kinds)))
            rows = list(
                connection.execute(select(NOTICE).where(*narrowed).order_by(NOTICE.c.notice_id))
            )
            mark(connection, [row.notice_id for row in rows], state="void", held=None)
            found += rows
    return found


def undelivered_rows(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Dead letters that somebody still needs to see: what they tell is still true, or an end."""
    return list(
        connection.execute(
            _told()
            .outerjoin(
                APPEAL,
                and_(
                    NOTICE.c.subject.startswith("appeal:"),
                    APPEAL.c.appeal_no == func.substr(NOTICE.c.subject, len("appeal:") + 1),
                ),
            )
            .where(NOTICE.c.state == "dead", _still_needed())
            .order_by(NOTICE.c.created_at, NOTICE.c.notice_id)
        )
    )


def _still_needed() -> ColumnElement[bool]:
    """Of a card that is over, an order that is closed, an appeal that is decided only the end."""
    kind, subject = NOTICE.c.kind, NOTICE.c.subject
    this_round = or_(
        and_(kind == "order_opened", ORDER.c.round == 1),
        kind.endswith(literal(":") + cast(ORDER.c.round, String)),
    )
    return or_(
        kind.in_(_ENDS),
        and_(kind == "to_confirm", CARD.c.state == str(CardState.PENDING)),
        and_(
            subject.startswith("card:"),
            kind != "to_confirm",
            CARD.c.state.not_in([str(state) for state in _OVER]),
        ),
        and_(subject.startswith("order:"), ORDER.c.state != str(OrderState.CLOSED), this_round),
        and_(subject.startswith("appeal:"), APPEAL.c.state.in_([str(each) for each in WAITING])),
        *(subject.startswith(each) for each in ("alarm:", "account:", "key:", "ledger")),
    )


def listed(connection: Connection, state: str | None = None, *, held: bool = False) -> list[Row]:  # type: ignore[type-arg]
    """Notices, newest first; `held`: only those that wait although their time has come."""
    statement = _told()
    if state is not None:
        statement = statement.where(NOTICE.c.state == state)
    if held:
        statement = statement.where(NOTICE.c.state == "pending", NOTICE.c.held.is_not(None))
    return list(
        connection.execute(statement.order_by(NOTICE.c.created_at.desc(), NOTICE.c.notice_id))
    )


def counts(connection: Connection) -> dict[str, int]:
    """Number of notices by state."""
    rows = connection.execute(select(NOTICE.c.state, func.count()).group_by(NOTICE.c.state))
    return {row[0]: row[1] for row in rows}


def held_until(connection: Connection) -> Mapping[str, tuple[int, int]]:
    """By reason for which pending notices are held: how many, and until when the first is."""
    rows = connection.execute(
        select(NOTICE.c.held, func.count(), func.min(NOTICE.c.next_attempt_at))
        .where(and_(NOTICE.c.state == "pending", NOTICE.c.held.is_not(None)))
        .group_by(NOTICE.c.held)
        .order_by(NOTICE.c.held)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def not_ahead(connection: Connection, now: int) -> None:
    """Let no notice that is to be delivered be of an instant that has not come, or wait for one."""
    for name in ("created_at", "first_attempt_at", "held_at", "next_attempt_at"):
        column = NOTICE.c[name]
        connection.execute(
            update(NOTICE).where(NOTICE.c.state == "pending", column > now).values({name: now})
        )


def newest_number(connection: Connection) -> int:
    """Number of the newest notice; 0: there is none."""
    return int(connection.execute(select(func.coalesce(func.max(NOTICE.c.number), 0))).scalar_one())


def dated_after(connection: Connection, instant: int, known: int = 0) -> tuple[int, int] | None:
    """How many notices were written or delivered after an instant, and the latest; None: none.

    Of those up to the number `known` only such as are still to be delivered: what was told under a
    clock that was repaired since stays as it was written.
    """
    number, written, delivered = connection.execute(
        select(func.count(), func.max(NOTICE.c.created_at), func.max(NOTICE.c.sent_at)).where(
            or_(NOTICE.c.created_at > instant, NOTICE.c.sent_at > instant),
            or_(NOTICE.c.number > known, NOTICE.c.state == "pending"),
        )
    ).one()
    return (number, max(written, delivered or 0)) if number else None


def waiting_again(connection: Connection) -> int:
    """How many notices have failed at least once and will be tried again."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(NOTICE)
            .where(NOTICE.c.state == "pending", NOTICE.c.first_attempt_at.is_not(None))
        ).scalar_one()
    )
