"""Delivering the outbox: one digest per recipient, at least once, retried, never lost silently."""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..core.faults import ConfigurationError
from ..core.ledger import EntryType
from ..core.people import Language
from ..core.terms import Level
from ..language import speaking, t
from ..notify import backoff
from ..notify.channel import Channel, Message, Refused, Result, Sent
from ..notify.digest import Addressed, PendingNotice, digest
from ..store import ledger, outbox
from .context import Context
from .notices import people

#: Held by the process that delivers, in the workspace's folder.
LOCK = "deliver.lock"


@dataclass(slots=True)
class DeliverReport:
    """What one delivery did, in notices and messages."""

    messages: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    #: (recipient, reason) of what was not delivered.
    faults: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "messages": self.messages,
            "sent": self.sent,
            "retry": self.retried,
            "dead": self.dead,
            "faults": [{"recipient": who, "reason": why} for who, why in self.faults],
        }


def deliver(
    context: Context, channels: Mapping[str, Channel], *, dry_run: bool = False
) -> tuple[DeliverReport, list[Addressed]]:
    """Send every notice whose time has come; the report and the messages that were made.

    A crash between sending and marking sends again with the same notice ids: at least once. Of
    several processes one delivers, the others wait and send what it left.
    """
    report = DeliverReport()
    if dry_run:
        messages, _ = _messages(context)
        report.messages = len(messages)
        return report, messages
    with _alone(context.folder):
        messages, attempts = _messages(context)
        report.messages = len(messages)
        for addressed in messages:
            channel = channels.get(addressed.channel)
            if channel is None:
                result: Result = Refused(f"channel {addressed.channel!r} is not configured")
            else:
                result = channel.send(addressed.message)
            _mark(context, addressed.message, result, attempts, report)
    return report, messages


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process of the workspace delivers; two at once would send twice.

    The system gives the lock free when its holder dies: nothing has to run out first.
    """
    try:
        file = (folder / LOCK).open("a")
    except OSError as fault:
        raise ConfigurationError(
            f"{folder / LOCK} cannot be written: {fault.strerror}", "check the folder's permissions"
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _messages(context: Context) -> tuple[list[Addressed], dict[str, Any]]:
    """Messages for what is pending now, and the rows of their notices by id."""
    with context.store.reading() as connection:
        rows = outbox.pending(connection, context.now())
        names = {person.person_id: person.name for person in people(connection)}
    messages: list[Addressed] = []
    for language in sorted({row.language for row in rows}):
        chosen = [row for row in rows if row.language == language]
        with speaking(language):
            messages.extend(_digest(context, chosen, names, language))
    return messages, {row.notice_id: row for row in rows}


def _digest(
    context: Context, rows: Sequence[Any], names: Mapping[str, str], language: str
) -> tuple[Addressed, ...]:
    pending = [
        PendingNotice(
            notice_id=row.notice_id,
            recipient=names.get(row.person_id, row.person_id),
            channel=row.channel,
            address=row.address,
            card_no=row.card_no,
            level=Level(row.level),
            case_no=row.case_no or "",
            department=row.department or "",
            due_at=row.limit_due_at,
            reply=t(
                f"请签收并说明情况：effmon cards acknowledge {row.card_no}",
                f"acknowledge and answer: effmon cards acknowledge {row.card_no}",
            ),
        )
        for row in rows
    ]
    return digest(pending, language=Language(language), zone=ZoneInfo(context.zone))


def _mark(
    context: Context,
    message: Message,
    result: Result,
    attempts: Mapping[str, Any],
    report: DeliverReport,
) -> None:
    now = context.now()
    ids = [notice.notice_id for notice in message.notices]
    if isinstance(result, Sent):
        with context.store.writing() as connection:
            marked = outbox.mark(
                connection,
                ids,
                state="sent",
                sent_at=now,
                message_id=message.message_id,
                last_error=None,
            )
            _record(context, connection, EntryType.NOTICE_SENT, message, marked)
        report.sent += len(marked)
        return
    report.faults.append((message.recipient, result.reason))
    with context.store.writing() as connection:
        for notice_id in ids:
            row = attempts[notice_id]
            first = row.first_attempt_at if row.first_attempt_at is not None else now
            after = None if isinstance(result, Refused) else result.after_seconds
            upcoming = backoff.next_attempt(
                notice_id,
                attempts=row.attempts + 1,
                first_attempt_at=first,
                now=now,
                retry_after=after,
            )
            values = {
                "attempts": row.attempts + 1,
                "first_attempt_at": first,
                "last_error": result.reason,
            }
            if upcoming is None:
                marked = outbox.mark(connection, [notice_id], state="dead", **values)
                _record(context, connection, EntryType.NOTICE_DEAD, message, marked)
                report.dead += len(marked)
            else:
                marked = outbox.mark(connection, [notice_id], next_attempt_at=upcoming, **values)
                report.retried += len(marked)


def _record(
    context: Context, connection: Any, kind: EntryType, message: Message, ids: Sequence[str]
) -> None:
    by_id = {notice.notice_id: notice for notice in message.notices}
    ledger.append(
        connection,
        [
            context.entry(
                kind,
                f"{kind}/{notice_id}",
                {
                    "notice": notice_id,
                    "card": by_id[notice_id].card_no,
                    "message": message.message_id,
                },
            )
            for notice_id in ids
        ],
    )
