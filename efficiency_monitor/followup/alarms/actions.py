"""Alarms on supervisors: a card that they do not follow up, an order that stays open.

Who supervises is supervised too (domain: J-B001, J-B002). An alarm is raised once and ends by
itself with its reason.
"""

import hashlib
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ...ledger import row_commitments as binding
from ...ledger.model.entries import EntryType
from ...notify.store import outbox as notices
from ...notify.telling import Telling
from ...notify.voiding import told_of
from ...people.model.people import Role
from ...rules.ladders import NotFollowedUp
from ...terms import AlarmKind, Level
from ...time.amount import Amount
from ...time.instants import rfc3339
from ...workspace.context import Context
from ..deadlines import Deadlines
from ..ladders.actions import default_ladder, ladder_of
from ..ladders.advance import alarm_of
from ..ladders.model import at_least
from . import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alarm that was raised: on whom, about what, and how many were told."""

    alarm_no: str
    kind: AlarmKind
    subject: str
    person_id: str
    since: int
    due_at: int
    told: int

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line."""
        return {
            "alarm": self.alarm_no,
            "kind": str(self.kind),
            "about": self.subject,
            "person_id": self.person_id,
            "due_at": rfc3339(self.due_at, zone),
            "told": self.told,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An alarm that is due, with the matter that it is about and who is told of it."""

    kind: AlarmKind
    subject: str
    person_id: str
    since: int
    due_at: int
    matter: Mapping[str, Any]
    tell: Sequence[Role]


def alarm_number(kind: AlarmKind, subject: str, person_id: str, turn: int = 1) -> str:
    """Number of an alarm: the same one for ever, in every process; `turn`: how often it is raised,
    more than once only after a clock that had run ahead."""
    again = () if turn == 1 else (str(turn),)
    key = "\x1f".join((str(kind), subject, person_id, *again))
    return f"AL-{b32encode(hashlib.sha256(key.encode()).digest())[:12].decode()}"


def raise_due(context: Context) -> list[Raised]:
    """Raise every alarm that is due, tell the leaders, and end those whose reason has ended."""
    deadlines = Deadlines(context)
    with context.store.reading() as connection:
        nothing = not _wanted(context, connection, deadlines) and not store.over(connection)
    if nothing:
        return []
    with context.store.writing() as connection:
        telling = Telling(context, connection)
        wanted = _wanted(context, connection, deadlines)
        raised = [_raise(context, connection, telling, each) for each in wanted]
        for alarm_no, reason in store.over(connection):
            _end(context, connection, telling, alarm_no, reason)
        telling.finish()
    return raised


def _end(
    context: Context, connection: Connection, telling: Telling, alarm_no: str, reason: str
) -> None:
    if store.end(connection, alarm_no, reason, context.now()):
        content = {
            "alarm": alarm_no,
            "reason": reason,
            **binding.row_commitment(context, connection, "alarm", alarm_no),
        }
        telling.record(EntryType.ALARM_ENDED, alarm_no, content)


def take_back(context: Context, connection: Connection, after: int) -> list[str]:
    """End the alarms that a clock has raised which had run ahead since an instant; their numbers.

    Each is raised again when it really is due.
    """
    telling = Telling(context, connection)
    found = store.raised_after(connection, after)
    for alarm_no in found:
        _end(context, connection, telling, alarm_no, store.CLOCK_ERROR)
        pending = notices.void(connection, subjects=[f"alarm:{alarm_no}"])
        for row in pending:
            content = {**told_of(row), "reason": store.CLOCK_ERROR}
            telling.record(EntryType.NOTICE_VOID, row.notice_id, content)
    telling.finish()
    return found


def _wanted(context: Context, connection: Connection, deadlines: Deadlines) -> list[_Wanted]:
    return [
        *_not_followed_up(context, connection, deadlines),
        *_open_orders(context, connection, deadlines),
    ]


def _not_followed_up(
    context: Context, connection: Connection, deadlines: Deadlines
) -> list[_Wanted]:
    found = []
    told_by = context.now() - _least(context, connection)
    for row in store.not_followed_up(connection, told_by):
        alarm = _alarm(context, row)
        if alarm is None:
            continue
        due_at = deadlines.due(row.calendar, row.since, Amount.parse(alarm.within))
        if context.now() > due_at:
            found.append(
                _Wanted(
                    kind=AlarmKind.NOT_FOLLOWED_UP,
                    subject=f"card:{row.card_no}",
                    person_id=row.person_id,
                    since=row.since,
                    due_at=due_at,
                    matter=dict(row._mapping),
                    tell=alarm.tell,
                )
            )
    return found


def _least(context: Context, connection: Connection) -> int:
    """Seconds that pass at least before anybody can be alarmed of: most cards are passed over."""
    kept = [alarm_of(text) for text in store.chains(connection)]
    kept += [entry.ladder.alarms.not_followed_up for entry in context.catalogue.ladders.values()]
    return min(
        (at_least(Amount.parse(each.within)) for each in kept if each is not None), default=0
    )


def _alarm(context: Context, row: Any) -> NotFollowedUp | None:
    """The alarm that the card's running ladder keeps; before it is confirmed, its ladder's."""
    if row.chain is not None:
        return alarm_of(row.chain)
    alarm = ladder_of(context, row._mapping).ladder.alarms.not_followed_up
    return alarm if alarm is not None and Level(row.level).word in alarm.levels else None


def _open_orders(context: Context, connection: Connection, deadlines: Deadlines) -> list[_Wanted]:
    alarm = default_ladder(context).ladder.alarms.order_open
    if alarm is None:
        return []
    found = []
    for row in store.open_orders(connection):
        due_at = deadlines.due(row.calendar, row.opened_at, Amount.parse(alarm.within))
        if context.now() > due_at:
            found.append(
                _Wanted(
                    kind=AlarmKind.ORDER_OPEN,
                    subject=f"order:{row.order_no}",
                    person_id=row.opened_by,
                    since=row.opened_at,
                    due_at=due_at,
                    matter=dict(row._mapping),
                    tell=alarm.tell,
                )
            )
    return found


def _raise(context: Context, connection: Connection, telling: Telling, wanted: _Wanted) -> Raised:
    """Put an alarm on record; the leaders are told, else the other supervisors."""
    turn = 1 + store.earlier(connection, str(wanted.kind), wanted.subject, wanted.person_id)
    alarm_no = alarm_number(wanted.kind, wanted.subject, wanted.person_id, turn)
    persons = telling.find(wanted.matter, wanted.tell, without=wanted.person_id) or telling.find(
        wanted.matter, (Role.SUPERVISOR,), without=wanted.person_id
    )
    store.add(
        connection,
        [
            {
                "alarm_no": alarm_no,
                "kind": str(wanted.kind),
                "subject": wanted.subject,
                "person_id": wanted.person_id,
                "round": turn,
                "since": wanted.since,
                "due_at": wanted.due_at,
                "raised_at": context.now(),
            }
        ],
    )
    told = telling.tell(
        persons,
        subject=f"alarm:{alarm_no}",
        kind="alarm",
        card_no=None,
        about={
            "alarm": alarm_no,
            "kind": str(wanted.kind),
            "about": wanted.subject,
            "due_at": wanted.due_at,
        },
    )
    telling.record(
        EntryType.ALARM_RAISED,
        alarm_no,
        {
            "alarm": alarm_no,
            "kind": str(wanted.kind),
            "about": wanted.subject,
            "person": wanted.person_id,
            "since": rfc3339(wanted.since, context.zone),
            "due_at": rfc3339(wanted.due_at, context.zone),
            "notices": told,
            **binding.row_commitment(context, connection, "alarm", alarm_no),
        },
    )
    return Raised(
        alarm_no=alarm_no,
        kind=wanted.kind,
        subject=wanted.subject,
        person_id=wanted.person_id,
        since=wanted.since,
        due_at=wanted.due_at,
        told=told,
    )


def listing(context: Context, *, everything: bool = False) -> list[dict[str, object]]:
    """Alarms that stand, or all of them, as rows for the command line."""
    with context.store.reading() as connection:
        rows = store.listed(connection, everything=everything)
    return [
        {
            "alarm": row.alarm_no,
            "kind": row.kind,
            "about": row.subject,
            "person_id": row.person_id,
            "since": rfc3339(row.since, context.zone),
            "due_at": rfc3339(row.due_at, context.zone),
            "raised_at": rfc3339(row.raised_at, context.zone),
            "ended_at": None if row.ended_at is None else rfc3339(row.ended_at, context.zone),
            "ended_reason": row.ended_reason,
        }
        for row in rows
    ]
