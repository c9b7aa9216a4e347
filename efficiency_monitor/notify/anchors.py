"""Anchors 锚: persons who are sent the newest checkpoint once a day and keep it.

What they hold nobody who runs the database can take back. They are told through the outbox, by the
rules of every notice; two of two departments are what makes a rewrite impossible to hide.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from ..i18n.messages import t
from ..ledger.checkpoints import pending_since
from ..ledger.store import checkpoints
from ..people.model.people import Person
from ..time.instants import local_date
from ..workspace.context import Context
from .notices import people
from .store import outbox
from .telling import Telling

SUBJECT = "ledger"
KIND = "checkpoint"
#: Working days without a delivered checkpoint, while entries wait, from which it is bad.
MOST_DAYS = 3
#: Anchors that are enough, in different departments.
ENOUGH = 2
GOOD, LOOK, BAD = "ok", "look", "bad"


def anchors(context: Context, connection: Connection) -> list[Person]:
    """The rows of the people file of those whom the settings name."""
    wanted = set(context.settings.ledger.anchors)
    return [person for person in people(connection) if person.person_id in wanted]


def send_due(context: Context) -> int:
    """Write the day's checkpoint to the outbox, if there is one that no anchor was sent yet.

    How many notices are new. Called again on the same day it writes nothing.
    """
    if not context.settings.ledger.anchors:
        return 0
    today = local_date(context.now(), context.zone)
    with context.store.reading() as connection:
        if not _wanted(connection, today):
            return 0
    with context.store.writing() as connection:
        newest = _wanted(connection, today)
        if not newest:
            return 0
        telling = Telling(context, connection)
        told = telling.tell(
            anchors(context, connection),
            subject=SUBJECT,
            kind=f"{KIND}:{today}",
            card_no=None,
            about={
                "size": newest[0].size,
                "notes": {row.tree: row.note for row in newest},
            },
        )
        telling.finish()
    return told


def _wanted(connection: Connection, today: str) -> Sequence[checkpoints.StoredCheckpoint]:
    """The newest checkpoint, unless one was written today, or this one at any time."""
    newest = checkpoints.newest(connection)
    if not newest:
        return ()
    for row in _sent(connection):
        if row.kind == f"{KIND}:{today}" or json.loads(row.about).get("size") == newest[0].size:
            return ()
    return newest


def _sent(connection: Connection) -> list[Any]:
    """The checkpoints that were written to anchors, newest first."""
    table = outbox.NOTICE
    return list(
        connection.execute(
            select(table.c.kind, table.c.about, table.c.sent_at, table.c.person_id)
            .where(table.c.subject == SUBJECT)
            .order_by(table.c.created_at.desc(), table.c.notice_id)
        )
    )


def check_anchors(context: Context) -> Iterator[tuple[str, str, str]]:
    """What the doctor says: enough of them, in two departments, and reached lately."""
    named = context.settings.ledger.anchors
    with context.store.reading() as connection:
        found = anchors(context, connection)
        sent = [row.sent_at for row in _sent(connection) if row.sent_at is not None]
        waiting = pending_since(connection, context.zone)
        signed = checkpoints.newest(connection)
    known = {person.person_id for person in found}
    missing = [name for name in named if name not in known]
    departments = {person.department for person in found}
    if missing:
        ids = t(", ").join(missing)
        yield (
            "anchors",
            LOOK,
            t("not among the people: {ids}", ids=ids),
        )
    if len(known) < ENOUGH or len(departments) < ENOUGH:
        yield (
            "anchors",
            LOOK,
            t(
                "{n_known} persons of {n_departments} departments are sent checkpoints; two of "
                "two departments should be: [ledger] anchors in effmon.toml",
                n_known=len(known),
                n_departments=len(departments),
            ),
        )
    elif not missing:
        yield (
            "anchors",
            GOOD,
            t(
                "{n_known} persons of {n_departments} departments",
                n_known=len(known),
                n_departments=len(departments),
            ),
        )
    since = max(sent, default=None if not signed else signed[0].made_at)
    if known and waiting is not None and since is not None:
        days = _working_days(context, since)
        if days >= MOST_DAYS:
            yield (
                "anchors",
                BAD,
                t(
                    "no checkpoint was delivered for {days} working days: effmon notices list",
                    days=days,
                ),
            )


def _working_days(context: Context, since: int) -> int:
    """Working days after the day of an instant, up to yesterday; weekdays where none is known."""
    calendar = context.catalogue.calendars.get(context.settings.workspace.calendar)
    today = date.fromisoformat(local_date(context.now(), context.zone))
    day = date.fromisoformat(local_date(since, context.zone)) + timedelta(days=1)
    number = 0
    # More than a month says no more than a month.
    while day < today and number < 31:
        known = calendar is not None and calendar.covers(day)
        working = calendar.day(day).kind.working if known and calendar else day.weekday() < 5
        number += bool(working)
        day += timedelta(days=1)
    return number
