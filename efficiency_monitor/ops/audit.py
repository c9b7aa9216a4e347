"""Which commands were given, by whom, and how they ended: also those that were refused.

GB/T 22239-2019, 8.1.4.3: every user, success or failure. The ledger holds what was done; this
table also holds what was tried. An act that was refused stands in the ledger too.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..faults import EffmonError
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.model.actor import Actor
from ..time.instants import rfc3339
from ..workspace.context import Context
from . import store as command_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as it was typed, without its values, and its end."""

    path: str
    options: tuple[str, ...] = ()
    #: What looks like the number of a card, an order, an appeal: kept where there is one.
    subject: str | None = None
    exit_code: int
    #: In closed words (`logbook.closed_words`).
    fault: str | None = None
    #: Whether who acted was not allowed to, or what they signed does not hold.
    refused: bool = False
    #: Milliseconds.
    took: int


def record(connection: Connection, actor: Actor, command: Command, now: int) -> None:
    """Append the command, in a transaction of its own: it may be all that there is to say.

    What was typed is kept only where it names a person or a matter that there is.
    """
    command_records.add(
        connection,
        {
            "at": now,
            "person": _person(connection, actor),
            "os_user": actor.os_user,
            "sudo_user": actor.sudo_user,
            "host": actor.host,
            "tty": actor.tty,
            "command": command.path,
            "options": " ".join(command.options),
            "subject": _subject(connection, command),
            "exit_code": command.exit_code,
            "fault": command.fault,
            "took": command.took,
        },
    )


def _person(connection: Connection, actor: Actor) -> str | None:
    claimed = actor.claimed
    known = claimed is not None and command_records.is_person(connection, claimed)
    return claimed if known else None


def claimed_person(context: Context) -> str | None:
    """The person of `--as` if the people file knows them; None where nobody can say."""
    if context.actor.claimed is None:
        return None
    with suppress(EffmonError), context.store.reading() as connection:
        return _person(connection, context.actor)
    return None


def _subject(connection: Connection, command: Command) -> str | None:
    number = command.subject
    known = number is not None and command_records.is_matter(connection, number)
    return number if known else None


def refusal(
    connection: Connection, actor: Actor, command: Command, *, now: int, zone: str, number: str
) -> ledger.NewEntry:
    """The ledger entry of an act that was refused: who tried what, not what they wrote."""
    return ledger.NewEntry(
        type=EntryType.COMMAND_FAILED,
        fact=f"command.failed/{number}",
        at=rfc3339(now, zone),
        content={
            "command": command.path,
            "subject": _subject(connection, command),
            "exit_code": command.exit_code,
            "actor": {**actor.as_json(), "claimed": _person(connection, actor)},
        },
    )


def list_commands(
    context: Context, *, failed: bool, since: int | None, most: int
) -> list[dict[str, Any]]:
    """Commands, oldest first, as shown."""
    with context.store.reading() as connection:
        rows = command_records.listed(connection, failed=failed, since=since, most=most)
    return [
        {
            "at": rfc3339(row.at, context.zone),
            "person_id": row.person,
            "os_user": row.os_user,
            "sudo_user": row.sudo_user,
            "host": row.host,
            "tty": row.tty,
            "command": row.command,
            "options": row.options.split(),
            "subject": row.subject,
            "exit_code": row.exit_code,
            "fault": row.fault,
            "took_ms": row.took,
        }
        for row in rows
    ]
