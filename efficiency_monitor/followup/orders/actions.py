"""Supervision orders 督办单: opened, replied to, returned for redo, closed (contract.md 4, ADR 12).

One transaction each. What happened is added to the order's entries, nothing is overwritten; texts
stay in the database, the ledger holds their digests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...cards import closing
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...ledger import row_commitments as binding
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.voiding import void
from ...people.model.authority import Act
from ...terms import CardState, OrderState
from ...time.amount import Amount
from ...time.instants import rfc3339
from ...workspace.context import Context
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction
from ..evidence.model import Attachment, attachments_json, for_ledger
from ..ladders import store as ladders
from . import model as core
from . import notices as order_notices
from . import store as orders
from .checks import (
    MATTERS,
    amount_of,
    cards_named,
    check_matters,
    common,
    deadline,
    found,
    may_on_all,
    may_on_one,
    moved,
)
from .deadlines import overdue

__all__ = ["Done", "close", "open_order", "overdue", "reply", "return_order"]

REPLY_WITHIN = "5 working_days"
_ENTRY = {
    "opened": EntryType.ORDER_OPENED,
    core.Move.REPLIED: EntryType.ORDER_REPLIED,
    core.Move.RETURNED: EntryType.ORDER_RETURNED,
    core.Move.CLOSED: EntryType.ORDER_CLOSED,
}


@dataclass(slots=True, kw_only=True)
class Done:
    """What became of an order by a command."""

    order_no: str
    state: str
    round: int
    cards: list[str]
    department: str | None
    reply_within: str
    reply_due_at: int | None
    result: str | None = None
    #: Ids of the persons who are told.
    told: list[str] = field(default_factory=list)
    #: Whether a reply came after its deadline; False for other commands.
    late: bool = False
    #: True: the same person had done so already, nothing was written.
    repeated: bool = False
    #: Cards that were closed with it, and those that still stand.
    closed: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line."""
        document: dict[str, object] = {name: getattr(self, name) for name in Done.__slots__}
        due = self.reply_due_at
        return document | {"reply_due_at": None if due is None else rfc3339(due, zone)}


def open_order(
    context: Context,
    card_nos: Sequence[str],
    *,
    within: str = REPLY_WITHIN,
    text: str,
    evidence: Sequence[Attachment] = (),
    dry_run: bool = False,
) -> Done:
    """Open an order on cards of one department; the department's people are told.

    The time to reply counts from the delivery of their notice. ConfigurationError where a card
    does not exist, does not stand, has an open order already, or where nobody would be told;
    NotAllowed where the person of `--as` may not.
    """
    require_text(text, t("text", ctx="actions"))
    amount = amount_of(within)
    with transaction(context, dry_run=dry_run) as connection:
        rows = cards_named(connection, card_nos)
        person = may_on_all(context, connection, Act.OPEN_ORDER, rows)
        numbers = [row.card_no for row in rows]
        same = _same_order(connection, numbers, (person, text, str(amount)))
        if same is not None:
            return _again(connection, same)
        first = check_matters(connection, rows)
        deadline(context, first.calendar, context.now(), amount)
        persons = order_notices.department_of(context, connection, rows)
        if not persons:
            raise ConfigurationError(
                t(
                    "nobody of {value} can be told of the order",
                    value=first.department or "no department",
                    value_2=first.department or "（无部门）",
                ),
                t("import its head, leader or handler first: effmon people import"),
            )
        order_no = core.order_number(numbers, orders.earlier(connection, numbers))
        orders.add(
            connection,
            {
                "order_no": order_no,
                "department": first.department,
                "region": common(rows, "region"),
                "item_code": common(rows, "item_code"),
                "calendar": first.calendar,
                "text": text,
                "opened_by": person,
                "opened_at": context.now(),
                "state": str(OrderState.OPEN),
                "round": 1,
                "reply_within": str(amount),
            },
            numbers,
        )
        content = {
            "cards": numbers,
            "department": first.department,
            "reply_within": str(amount),
        }
        _record(context, connection, order_no, "opened", {}, text, evidence, content)
        done = _done(connection, order_no)
        done.told = order_notices.tell(context, connection, order_no, "order_opened", persons)
    return done


def reply(
    context: Context, order_no: str, *, text: str, evidence: Sequence[Attachment] = ()
) -> Done:
    """Reply to an order for its department; whoever opened it is told.

    A further reply is added to the former ones; the same one again changes nothing. One that comes
    after the deadline is taken and marked late.
    """
    require_text(text, t("reply"))
    with context.store.writing() as connection:
        order, rows = found(connection, order_no)
        person = may_on_one(context, connection, Act.REPLY_ORDER, rows)
        if _last(connection, order_no) == _mine(context, core.Move.REPLIED, text, evidence):
            last = orders.entries(connection, order_no)[-1]
            done = _done(connection, order_no)
            done.repeated, done.late = True, core.late(last.at, order.reply_due_at)
            return done
        state = moved(order, core.Move.REPLIED)
        now = context.now()
        late = core.late(now, order.reply_due_at)
        values: dict[str, object] = {}
        if order.state != state:
            values = {"state": str(state), "replied_by": person, "replied_at": now}
        content = {
            "round": order.round,
            "reply_due_at": _instant(context, order.reply_due_at),
            "late": late,
        }
        _record(context, connection, order_no, core.Move.REPLIED, values, text, evidence, content)
        persons = order_notices.opener_of(context, connection, order, rows)
        done = _done(connection, order_no)
        done.late = late
        done.told = order_notices.tell(
            context, connection, order_no, f"order_replied:{order.round}", persons
        )
    return done


def return_order(
    context: Context,
    order_no: str,
    *,
    within: str | None = None,
    text: str,
    evidence: Sequence[Attachment] = (),
    dry_run: bool = False,
) -> Done:
    """Return a reply for redo, with a new time to reply that counts from the new delivery."""
    require_text(text, t("reason", ctx="actions"))
    amount = None if within is None else amount_of(within)
    with transaction(context, dry_run=dry_run) as connection:
        order, rows = found(connection, order_no)
        barred = repliers(connection, order_no)
        may_on_all(context, connection, Act.RETURN_ORDER, rows, barred)
        if _last(connection, order_no) == _mine(context, core.Move.RETURNED, text, evidence):
            return _again(connection, order_no)
        state = moved(order, core.Move.RETURNED)
        amount = amount or Amount.parse(order.reply_within)
        deadline(context, order.calendar, context.now(), amount)
        number = order.round + 1
        values = {
            "state": str(state),
            "round": number,
            "reply_within": str(amount),
            **dict.fromkeys(
                ("delivered_at", "reply_due_at", "overdue_told_at", "replied_by", "replied_at")
            ),
        }
        content = {"round": number, "reply_within": str(amount)}
        _record(context, connection, order_no, core.Move.RETURNED, values, text, evidence, content)
        void(context, connection, reason="returned", subjects=[f"order:{order_no}"])
        persons = order_notices.department_of(context, connection, rows)
        done = _done(connection, order_no)
        done.told = order_notices.tell(
            context, connection, order_no, f"order_returned:{number}", persons
        )
    return done


def close(
    context: Context,
    order_no: str,
    *,
    text: str,
    evidence: Sequence[Attachment] = (),
    close_cards: bool = False,
    dry_run: bool = False,
) -> Done:
    """Close an order: its reply is accepted, or it is withdrawn where there is none.

    With `close_cards` the reply is taken for an answer to its cards too, and they are closed.
    """
    require_text(text, t("text", ctx="actions 2"))
    with transaction(context, dry_run=dry_run) as connection:
        order, rows = found(connection, order_no)
        barred = repliers(connection, order_no)
        person = may_on_all(context, connection, Act.CLOSE_ORDER, rows, barred)
        move = core.Move.CLOSED
        if _last(connection, order_no) == _mine(context, move, text, evidence):
            return _again(connection, order_no)
        state = moved(order, move)
        result = core.result_of(OrderState(order.state), move)
        if close_cards and result is not core.Result.DONE:
            raise ConfigurationError(
                t(
                    "order {order_no} has no reply: its cards cannot be closed with it",
                    order_no=order_no,
                ),
                t("wait for the reply, or leave it out"),
            )
        values = {
            "state": str(state),
            "closed_by": person,
            "closed_at": context.now(),
            "result": str(result),
        }
        content = {"result": str(result)}
        _record(context, connection, order_no, move, values, text, evidence, content)
        closed = []
        if close_cards:
            closed = [row.card_no for row in rows if row.state in MATTERS]
            for row in rows:
                if row.state in MATTERS:
                    closing.close_row(context, connection, row, text, evidence, order_no=order_no)
        # What an open order has held back may be due by now.
        ladders.wake(connection, [row.card_no for row in rows], context.now())
        done = _done(connection, order_no)
        done.told = order_notices.end_notices(context, connection, order_no)
        done.closed = closed
        done.standing = [
            row.card_no
            for row in orders.cards_of(connection, order_no)
            if row.state in (*MATTERS, CardState.PENDING)
        ]
    return done


def _same_order(
    connection: Connection, card_nos: Sequence[str], what: tuple[str, str, str]
) -> str | None:
    """The open order about these very cards that the same person opened in these words."""
    open_ones = set(orders.open_about(connection, card_nos).values())
    for order_no in sorted(open_ones):
        order, rows = found(connection, order_no)
        said = (order.opened_by, order.text, order.reply_within)
        if said == what and order.round == 1 and [row.card_no for row in rows] == list(card_nos):
            return order_no
    return None


def _last(connection: Connection, order_no: str) -> tuple[Any, ...]:
    last = orders.entries(connection, order_no)[-1]
    return (last.kind, last.person, last.text, last.evidence)


def _mine(
    context: Context, move: core.Move, text: str, evidence: Sequence[Attachment]
) -> tuple[Any, ...]:
    """The entry that this command would leave."""
    return (str(move), context.person, text, attachments_json(evidence))


def _again(connection: Connection, order_no: str) -> Done:
    done = _done(connection, order_no)
    done.repeated = True
    return done


def repliers(connection: Connection, order_no: str) -> dict[str, str]:
    """Who has replied to an order, and may therefore not decide on the reply; with the reason."""
    return {
        entry.person: t("replied to this order")
        for entry in orders.entries(connection, order_no)
        if entry.kind == core.Move.REPLIED and entry.person
    }


def _record(
    context: Context,
    connection: Connection,
    order_no: str,
    kind: str,
    values: Mapping[str, object],
    text: str,
    evidence: Sequence[Attachment],
    content: Mapping[str, object],
) -> None:
    """Add an entry to the order and one to the ledger, and bring the order's row up to it."""
    before = len(orders.entries(connection, order_no))
    orders.happen(
        connection,
        orders.Happening(
            order_no=order_no,
            kind=str(kind),
            at=context.now(),
            actor=context.actor,
            text=text,
            evidence=attachments_json(evidence),
            values=values,
        ),
    )
    entry = _ENTRY[kind]
    ledger.append(
        connection,
        [
            context.entry(
                entry,
                f"{entry}/{order_no}/{before}",
                {
                    "order": order_no,
                    **content,
                    "text": text_commitment(context, connection, text),
                    "evidence": for_ledger(evidence),
                    **binding.row_commitment(context, connection, "supervision_order", order_no),
                },
            )
        ],
    )


def _done(connection: Connection, order_no: str) -> Done:
    order, rows = found(connection, order_no)
    return Done(
        order_no=order_no,
        state=order.state,
        round=order.round,
        cards=[row.card_no for row in rows],
        department=order.department,
        reply_within=order.reply_within,
        reply_due_at=order.reply_due_at,
        result=order.result,
    )


def _instant(context: Context, at: int | None) -> str | None:
    return None if at is None else rfc3339(at, context.zone)
