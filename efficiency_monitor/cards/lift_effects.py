"""What else follows when a card is lifted, whoever lifts it: nobody is left with an old message.

The ladder ends, what is pending about the card is never sent, everybody who was sent anything is
told, orders of which no card is left are closed, an appeal that waits is settled.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select, update

from ..followup.appeals import store as appeals
from ..followup.ladders import actions as ladders
from ..intake.store import cases
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import notices_to, nth, people
from ..notify.recipients import as_reached_now
from ..notify.store import outbox
from ..notify.voiding import void
from ..people.model.people import Person, Role, recipients
from ..records.matter_tables import NoticeRow, OrderCard, OrderEntry, OrderRow
from ..records.tables import CardRow
from ..terms import EVIDENCE, AppealState, CardState, Level, LiftReason, OrderState
from ..time.instants import local_date
from ..workspace.context import Context
from .store import cards

CARD = CardRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
ORDER_CARD = OrderCard.__table__  # type: ignore[attr-defined]
ORDER_ENTRY = OrderEntry.__table__  # type: ignore[attr-defined]
_HISTORICAL = str(CardState.HISTORICAL)
#: What the result of an order says whose cards were all lifted.
CARDS_LIFTED = "cards_lifted"
#: What tells that a card is over, and the state that it tells.
_LATER_THAN = {"lifted": str(CardState.LIFTED), "closed": str(CardState.CLOSED)}


@dataclass(slots=True)
class LiftEffects:
    """What followed the lifting of cards."""

    #: Lower cards that stand again.
    revived: list[str] = field(default_factory=list)
    #: Person ids that are told.
    told: list[str] = field(default_factory=list)
    #: Notices that will not be sent any more.
    void: list[str] = field(default_factory=list)
    #: Orders that were closed, appeals that were settled.
    orders: list[str] = field(default_factory=list)
    appeals: list[str] = field(default_factory=list)

    def add(self, other: "LiftEffects") -> None:
        """Take in what followed others."""
        for name in LiftEffects.__slots__:
            held = getattr(self, name)
            held += [each for each in getattr(other, name) if each not in held]


def aftermath(
    context: Context, connection: Connection, card_nos: Sequence[str], reason: LiftReason
) -> LiftEffects:
    """Do what else follows the lifting of cards, in the transaction that lifts them."""
    whole = LiftEffects()
    if not card_nos:
        return whole
    everybody = people(connection)
    for part in cases.chunks(list(card_nos)):
        whole.add(_part(context, connection, part, reason, everybody))
    return whole


def _part(
    context: Context,
    connection: Connection,
    card_nos: Sequence[str],
    reason: LiftReason,
    everybody: Sequence[Person],
) -> LiftEffects:
    followed = LiftEffects()
    sent = _sent(connection, card_nos, everybody)
    if reason in EVIDENCE:
        _with_supervisors(context, connection, card_nos, everybody, sent)
    followed.void += void(
        context,
        connection,
        reason=str(reason),
        subjects=[f"card:{card_no}" for card_no in card_nos],
        keep=("lifted",),
    )
    ladders.ended(context, connection, card_nos, str(reason))
    for appeal in appeals.waiting_for(connection, card_nos):
        _settle(context, connection, appeal, reason)
        followed.appeals.append(appeal.appeal_no)
        sent.setdefault(appeal.card_no, {}).update(_row_of(everybody, appeal.filed_by))
    followed.orders = _close_orders(context, connection, card_nos, everybody)
    new = []
    for card_no, reached in sorted(sent.items()):
        persons = [reached[key] for key in sorted(reached)]
        new += notices_to(
            persons,
            subject=f"card:{card_no}",
            kind="lifted",
            card_no=card_no,
            about={"reason": str(reason)},
        )
    outbox.add(connection, new, context.now())
    followed.told = sorted({notice.person_id for notice in new})
    return followed


def delivered(context: Context, connection: Connection, notices: Sequence[Any], now: int) -> None:
    """A notice that was on its way while its card was lifted or closed: whoever it reached is told.

    `notices` are rows of the outbox, in the transaction that marks them as sent.
    """
    reached = [
        row for row in notices if row.subject.startswith("card:") and row.kind not in _LATER_THAN
    ]
    over = {
        card["card_no"]: card
        for card in cards.rows_of(connection, list({row.card_no for row in reached}))
        if card["state"] in _LATER_THAN.values()
    }
    late = [row for row in reached if row.card_no in over]
    everybody = people(connection) if late else []
    for row in late:
        card = over[row.card_no]
        lifted = card["state"] == str(CardState.LIFTED)
        new = notices_to(
            [as_reached_now(everybody, row)],
            subject=row.subject,
            kind="lifted" if lifted else "closed",
            card_no=row.card_no,
            about={"reason": card["lifted_reason"]} if lifted else {},
        )
        outbox.add(connection, new, now)


def _with_supervisors(
    context: Context,
    connection: Connection,
    card_nos: Sequence[str],
    everybody: Sequence[Person],
    sent: dict[str, dict[Any, Person]],
) -> None:
    """Who supervises is told of each yellow or red card that fell by evidence, also one of which
    they were not told before; of what was historical nobody is."""
    on = date.fromisoformat(local_date(context.now(), context.zone))
    issued = ledger.recorded(connection, [f"card.issued/{card_no}" for card_no in card_nos])
    for row in cards.rows_of(connection, card_nos):
        entry = issued.get(f"card.issued/{row['card_no']}", b"{}")
        if row["level"] == int(Level.WARNING) or json.loads(entry).get("state") == _HISTORICAL:
            continue
        found = recipients(
            everybody,
            department=str(row["department"] or ""),
            region=str(row["region"] or ""),
            item_code=str(row["item_code"] or ""),
            roles=(Role.SUPERVISOR,),
            on=on,
        )
        known = sent.setdefault(str(row["card_no"]), {})
        for person in found:
            known.setdefault((person.person_id, person.channel), person)


def _sent(
    connection: Connection, card_nos: Sequence[str], everybody: Sequence[Person]
) -> dict[str, dict[Any, Person]]:
    """By card, who was sent anything about it: of the card, its appeals, its orders.

    Counted too is what was tried, given up or taken back: whether an answer or the message was
    lost cannot be known.
    """
    orders = connection.execute(
        select(ORDER_CARD.c.order_no, ORDER_CARD.c.card_no).where(
            ORDER_CARD.c.card_no.in_(card_nos)
        )
    ).all()
    cards_of: dict[str, list[str]] = {}
    for order in orders:
        cards_of.setdefault(f"order:{order.order_no}", []).append(order.card_no)
    for card_no in card_nos:
        cards_of[f"card:{card_no}"] = [card_no]
    asked = select(NOTICE).where(
        or_(NOTICE.c.card_no.in_(card_nos), NOTICE.c.subject.in_(list(cards_of))),
        outbox.may_have_arrived(),
    )
    found: dict[str, dict[Any, Person]] = {}
    for row in connection.execute(asked.order_by(NOTICE.c.notice_id)):
        about = cards_of.get(row.subject, [row.card_no])
        for card_no in about:
            found.setdefault(card_no, {}).setdefault(
                (row.person_id, row.channel), as_reached_now(everybody, row)
            )
    return found


def _row_of(everybody: Sequence[Person], person_id: str) -> Mapping[Any, Person]:
    rows = [person for person in everybody if person.person_id == person_id]
    return {(person.person_id, person.channel): person for person in rows[:1]}


def end_asking(context: Context, connection: Connection, appeal: Any, reason: str) -> list[str]:
    """Take back what still asks somebody to decide an appeal; the notices' ids."""
    kinds = ["appeal_filed"]
    kinds += [
        f"{kind}:{number}"
        for kind in ("appeal_signed", "appeal_referred", "appeal_overdue")
        for number in range(appeal.round + 1)
    ]
    told = appeals.times_overdue(connection, appeal.appeal_no)
    kinds += [nth(f"appeal_overdue:{appeal.round}", number) for number in range(2, told + 1)]
    subject = f"appeal:{appeal.appeal_no}"
    return void(context, connection, reason=reason, subjects=[subject], kinds=kinds)


def _settle(context: Context, connection: Connection, appeal: Any, reason: LiftReason) -> None:
    """An appeal has got what it asked for before it was decided."""
    now = context.now()
    number = appeal.appeal_no
    appeals.change(connection, number, state=str(AppealState.SETTLED), decided_at=now)
    appeals.happened(connection, number, "settled", now, context.actor, text=str(reason))
    end_asking(context, connection, appeal, "lifted")
    ledger.append(
        connection,
        [
            context.entry(
                EntryType.APPEAL_SETTLED,
                f"{EntryType.APPEAL_SETTLED}/{number}",
                {
                    "appeal": number,
                    "card": appeal.card_no,
                    "reason": str(reason),
                    **binding.row_commitment(context, connection, "appeal", number),
                },
            )
        ],
    )


def _close_orders(
    context: Context, connection: Connection, card_nos: Sequence[str], everybody: Sequence[Person]
) -> list[str]:
    """Close the orders of these cards of which every card is lifted now."""
    now = context.now()
    closed = []
    for order in _ended_orders(connection, card_nos):
        number = order.order_no
        connection.execute(
            update(ORDER)
            .where(ORDER.c.order_no == number)
            .values(state=str(OrderState.CLOSED), closed_at=now, result=CARDS_LIFTED)
        )
        connection.execute(
            ORDER_ENTRY.insert().values(
                order_no=number,
                kind="closed",
                at=now,
                person=context.person,
                os_user=context.actor.os_user,
                host=context.actor.host,
                tty=context.actor.tty,
                text=CARDS_LIFTED,
                evidence="[]",
            )
        )
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.ORDER_CLOSED,
                    f"{EntryType.ORDER_CLOSED}/{number}",
                    {
                        "order": number,
                        "result": CARDS_LIFTED,
                        **binding.row_commitment(context, connection, "supervision_order", number),
                    },
                )
            ],
        )
        _tell_of_order(context, connection, order, everybody)
        closed.append(number)
    return closed


def _ended_orders(connection: Connection, card_nos: Sequence[str]) -> Iterator[Any]:
    asked = (
        select(ORDER)
        .where(
            ORDER.c.state != str(OrderState.CLOSED),
            ORDER.c.order_no.in_(
                select(ORDER_CARD.c.order_no).where(ORDER_CARD.c.card_no.in_(card_nos))
            ),
        )
        .order_by(ORDER.c.order_no)
    )
    for order in connection.execute(asked).all():
        states = connection.execute(
            select(CARD.c.state)
            .join(ORDER_CARD, ORDER_CARD.c.card_no == CARD.c.card_no)
            .where(ORDER_CARD.c.order_no == order.order_no)
        )
        if all(row.state == str(CardState.LIFTED) for row in states):
            yield order


def _tell_of_order(
    context: Context, connection: Connection, order: Any, everybody: Sequence[Person]
) -> None:
    subject = f"order:{order.order_no}"
    void(context, connection, reason="lifted", subjects=[subject], keep=("order_closed",))
    rows = connection.execute(
        select(NOTICE)
        .where(
            NOTICE.c.subject == subject,
            outbox.may_have_arrived(),
        )
        .order_by(NOTICE.c.notice_id)
    ).all()
    persons = [as_reached_now(everybody, row) for row in rows]
    persons += list(_row_of(everybody, order.opened_by).values())
    about = {
        "order": order.order_no,
        "department": order.department,
        "round": order.round,
        "result": CARDS_LIFTED,
    }
    new = notices_to(persons, subject=subject, kind="order_closed", card_no=None, about=about)
    outbox.add(connection, new, context.now())
