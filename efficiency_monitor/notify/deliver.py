"""Delivering the outbox: one digest per recipient, at least once, retried, never lost silently.

Each attempt is written down before the message leaves (`attempt`) and marked after the answer: a
stop in between sends the same notices again, once that is on record (`unfinished_attempts`), and
the limits of a robot count it all the same.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from ..ledger.checks import notice_checks
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..terms import NoticeState
from ..workspace import logbook
from ..workspace.context import Context, Writing
from ..workspace.one_at_a_time import turn
from . import after_delivery, backoff, rates
from .channels.channel import Channel, Refused, Result, Retry, Sent
from .deliver_lock import PATIENCE, alone
from .digest import Addressed
from .holding import Held
from .outgoing import Outgoing, outgoing, put_into_words
from .silences import end_what_ran_out
from .store import attempts, outbox
from .unfinished_attempts import recover_unfinished_attempts
from .voiding import told_of

#: Seconds after which hours and silences are asked again for what is left of a run.
ASK_AGAIN: Final = 60
#: After so many failures of a receiver, one after another in one run, the rest is put off.
GIVE_UP: Final = 3
#: Failures that are remembered of a receiver: enough for the longest wait.
_MOST_FAILURES: Final = 10 * GIVE_UP


@dataclass(slots=True)
class DeliverReport:
    """What one delivery did, in notices and messages."""

    messages: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    #: What waits although its time has come: why, how many notices, until when the first of them.
    held: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: (recipient, reason) of what was not delivered.
    faults: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        held: dict[str, int] = {}
        for why, (number, _) in self.held.items():
            kind = why.partition(":")[0]
            held[kind] = held.get(kind, 0) + number
        return {
            "messages": self.messages,
            "sent": self.sent,
            "retry": self.retried,
            "dead": self.dead,
            "held": held,
            "faults": [{"recipient": who, "reason": why} for who, why in self.faults],
        }


def deliver(
    context: Context,
    channels: Mapping[str, Channel],
    *,
    dry_run: bool = False,
    patience: float = PATIENCE,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[DeliverReport, list[Addressed]]:
    """Send every notice whose time has come; the report and the messages that were made.

    A crash between sending and marking sends again with the same notice ids: at least once. Of
    several processes one delivers; another waits for it up to `patience` seconds (`pause` sleeps)
    and sends what it left, or raises Locked.
    """
    report = DeliverReport()
    if dry_run:
        found = outgoing(context, channels)
        report.messages = len(found.messages)
        with context.store.reading() as connection:
            report.held = dict(outbox.held_until(connection))
        _count_held(report, found)
        return report, found.messages
    with (
        alone(context.folder, patience, pause),
        turn(context, "deliver", context.folder, patience, pause) as mine,
    ):
        recover_unfinished_attempts(context, mine.writing)
        end_what_ran_out(context)
        found = outgoing(context, channels)
        _Run(context, channels, report, mine.writing).send_all(found)
        with context.store.reading() as connection:
            report.held = dict(outbox.held_until(connection))
    # Counts alone: who it was for is nobody's business in a log.
    counts = {name: count for name, count in report.as_json().items() if name != "faults"}
    logbook.event("deliver.done", facts=counts)
    return report, found.messages


def _count_held(report: DeliverReport, found: Outgoing) -> None:
    """Add what would be held to what is held already."""
    for notice_id, held in found.held.items():
        if found.rows[notice_id].held == held.why:
            continue
        number, until = report.held.get(held.why, (0, held.until))
        report.held[held.why] = (number + 1, min(until, held.until))


class _Run:
    """One delivery: which receivers have failed, and what was put off because of it."""

    def __init__(
        self,
        context: Context,
        channels: Mapping[str, Channel],
        report: DeliverReport,
        writing: Writing,
    ) -> None:
        self._context = context
        self._channels = channels
        self._report = report
        #: A transaction that only who has the turn may commit.
        self._writing = writing
        #: Failures of a receiver, one after another.
        self._failures: dict[str, int] = {}
        #: Receivers that are not tried any more in this run, and when they are again.
        self._shut: dict[str, int] = {}
        self._put_off: list[tuple[str, list[str]]] = []

    def send_all(self, found: Outgoing) -> None:
        """Send the messages in order, hold what is held, put off what would fail.

        What is left after a minute is asked again whether it may go: a run that slow receivers draw
        out must not go on into somebody's evening. Each notice has one turn in a run.
        """
        left = set(found.rows)
        while True:
            self._hold(found)
            self._say_unsayable(found)
            ends = self._context.now() + ASK_AGAIN
            queue = deque(found.messages)
            while queue and self._context.now() < ends:
                addressed = queue.popleft()
                left.difference_update(notice.notice_id for notice in addressed.message.notices)
                queue.extendleft(reversed(self._send(addressed)))
            self._write_put_off()
            if not queue:
                return
            left.difference_update(found.held, found.unsayable)
            left.update(line.notice_id for made in queue for line in made.message.notices)
            found = outgoing(self._context, self._channels, among=left)

    def _say_unsayable(self, found: Outgoing) -> None:
        for notice_id, reason in found.unsayable.items():
            self._report.messages += 1
            self._report.faults.append((found.rows[notice_id].person_id, reason))
            with self._writing() as connection:
                self._later(connection, [notice_id], notice_id, Refused(reason))

    def _hold(self, found: Outgoing) -> None:
        """Write why notices wait; what stands already is not written again."""
        groups: dict[Held, list[str]] = {}
        for notice_id, held in found.held.items():
            row = found.rows[notice_id]
            if (row.held, row.next_attempt_at) != (held.why, held.until):
                groups.setdefault(held, []).append(notice_id)
        if not groups:
            return
        now = self._context.now()
        with self._writing() as connection:
            for held, ids in groups.items():
                outbox.hold(connection, ids, why=held.why, until=held.until, now=now)

    def _send(self, addressed: Addressed) -> list[Addressed]:
        """Send one message; messages to send instead, where some of its notices are void."""
        message = addressed.message
        ids = [notice.notice_id for notice in message.notices]
        channel = self._channels.get(addressed.channel)
        if channel is None:
            self._report.messages += 1
            reason = f"channel {addressed.channel!r} is not configured"
            self._failed(addressed, None, Refused(reason), "")
            return []
        key = channel.counted_as(message)
        if key in self._shut:
            self._put_off.append((key, ids))
            return []
        now = self._context.now()
        with self._writing() as connection:
            rows = [row for row in outbox.rows_of(connection, ids) if row.state == "pending"]
            if len(rows) < len(ids):
                return put_into_words(self._context, self._channels, connection, rows)[0]
            opens = rates.opens(connection, channel, key, now)
            if opens is not None:
                outbox.hold(connection, ids, why="rate", until=opens, now=now)
                return []
            number = attempts.begin(
                connection,
                message_id=message.message_id,
                channel=addressed.channel,
                counted_as=key,
                notices=len(ids),
                now=now,
            )
            # From here on it may have arrived, whatever becomes of this process.
            outbox.mark(connection, ids, message_id=message.message_id)
        self._report.messages += 1
        result = _call(channel, addressed)
        if isinstance(result, Sent):
            self._sent(addressed, number, result, key)
        else:
            self._failed(addressed, number, result, key)
        return []

    def _sent(self, addressed: Addressed, number: int, result: Sent, key: str) -> None:
        message, now = addressed.message, self._context.now()
        self._failures[key] = 0
        with self._writing() as connection:
            attempts.end(connection, number, result="sent", detail=result.detail, now=now)
            # What became void while the message was on its way has reached somebody all the same.
            marked = outbox.mark(
                connection,
                [notice.notice_id for notice in message.notices],
                among=(NoticeState.PENDING, NoticeState.VOID),
                state="sent",
                sent_at=now,
                message_id=message.message_id,
                last_error=None,
                held=None,
                held_at=None,
            )
            rows = outbox.rows_of(connection, marked)
            sent = notice_checks.as_sent(self._context, connection, rows)
            self._record(connection, EntryType.NOTICE_SENT, rows, sent, message=message.message_id)
            outbox.release(connection, f"receiver:{key}", now)
            after_delivery.delivered(self._context, connection, rows, now)
        self._report.sent += len(marked)

    def _failed(
        self, addressed: Addressed, number: int | None, result: Retry | Refused, key: str
    ) -> None:
        message, now = addressed.message, self._context.now()
        ids = [notice.notice_id for notice in message.notices]
        self._report.faults.append((message.recipient, result.reason))
        with self._writing() as connection:
            if number is not None:
                word = "retry" if isinstance(result, Retry) else "refused"
                attempts.end(connection, number, result=word, detail=result.reason, now=now)
                self._note_failure(connection, key, result, now)
                if isinstance(result, Retry):
                    rows = outbox.rows_of(connection, ids)
                    void = [row for row in rows if row.state == NoticeState.VOID]
                    after_delivery.perhaps_delivered(self._context, connection, void, now)
            self._later(connection, ids, message.message_id, result)

    def _note_failure(
        self, connection: Connection, key: str, result: Retry | Refused, now: int
    ) -> None:
        """Shut a receiver that has failed too often, or asks for patience itself."""
        if isinstance(result, Refused):  # it has answered
            self._failures[key] = 0
            return
        self._failures[key] = self._failures.get(key, 0) + 1
        if result.after_seconds is None and self._failures[key] < GIVE_UP:
            return
        # It is left alone for longer each time, whichever messages were the ones that were tried.
        failures = attempts.failures(connection, key, _MOST_FAILURES)
        until = backoff.next_attempt(
            key,
            attempts=max(1, failures // GIVE_UP),
            first_attempt_at=now,
            now=now,
            retry_after=result.after_seconds,
        )
        self._shut[key] = now if until is None else until

    def _later(
        self, connection: Connection, ids: list[str], key: str, result: Retry | Refused
    ) -> None:
        """Set when what failed is tried again: together, as soon as the newest of it wants.

        Retry: after a minute, then twice as long each time up to four hours, and not before the
        receiver asks. Refused: every four hours, for somebody has to mend a setting first; so no
        receiver is hammered with what it refuses, and what is mended in time is still delivered.
        """
        now = self._context.now()
        rows = [row for row in outbox.rows_of(connection, ids) if row.state == "pending"]
        tried = 1 + min((row.attempts for row in rows), default=0)
        after = result.after_seconds if isinstance(result, Retry) else backoff.LONGEST_WAIT
        over: list[Any] = []
        for row in rows:
            first = _first_attempt(row, now)
            upcoming = backoff.next_attempt(
                key, attempts=tried, first_attempt_at=first, now=now, retry_after=after
            )
            outbox.mark(
                connection,
                [row.notice_id],
                attempts=row.attempts + 1,
                first_attempt_at=first,
                last_error=result.reason,
                held=None,
                held_at=None,
                next_attempt_at=now if upcoming is None else upcoming,
            )
            if upcoming is None:
                over.append(row.notice_id)
        self._report.retried += len(rows) - len(over)
        self._bury(connection, over, now)

    def _write_put_off(self) -> None:
        """Give what was not tried the next turn of its receiver. The 72 hours run on."""
        if not self._put_off:
            return
        now = self._context.now()
        with self._writing() as connection:
            for key, ids in self._put_off:
                over = []
                for row in outbox.rows_of(connection, ids):
                    first = _first_attempt(row, now)
                    last = first + backoff.LIFE
                    if now >= last:
                        over.append(row.notice_id)
                    outbox.mark(
                        connection,
                        [row.notice_id],
                        held=f"receiver:{key}",
                        held_at=None,
                        first_attempt_at=first,
                        next_attempt_at=min(self._shut[key], last),
                        last_error="not tried: its receiver has just failed to take others",
                    )
                self._bury(connection, over, now)

    def _bury(self, connection: Connection, ids: list[str], now: int) -> None:
        """Make dead letters of what was tried for 72 hours: on record, in the doctor, in scans."""
        dead = outbox.mark(connection, ids, state="dead", held=None)
        rows = outbox.rows_of(connection, dead)
        self._record(connection, EntryType.NOTICE_DEAD, rows)
        after_delivery.undeliverable(self._context, connection, rows, now)
        self._report.dead += len(dead)

    def _record(
        self,
        connection: Connection,
        kind: EntryType,
        rows: list[Any],
        of_each: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
        **more: object,
    ) -> None:
        """An entry for each notice; one that was put back and died again has another one."""
        ledger.append(
            connection,
            [
                self._context.entry(
                    kind,
                    f"{kind}/{row.notice_id}"
                    + (f"/{row.first_attempt_at}" if kind is EntryType.NOTICE_DEAD else ""),
                    {**told_of(row), **of_each.get(row.notice_id, {}), **more},
                )
                for row in rows
            ],
        )


def _first_attempt(row: Any, now: int) -> int:
    """Since when a notice is tried; the time for which it was held is no part of it."""
    if row.first_attempt_at is None:
        return now
    held = now - row.held_at if row.held_at is not None else 0
    return int(row.first_attempt_at + max(held, 0))


def _call(channel: Channel, addressed: Addressed) -> Result:
    """Send; a channel that breaks its promise to raise nothing must not hold up the others."""
    try:
        return channel.send(addressed.message)
    except Exception as fault:  # noqa: BLE001  the rest of the outbox waits behind this message
        return Retry(f"channel {addressed.channel} failed: {type(fault).__name__}")
