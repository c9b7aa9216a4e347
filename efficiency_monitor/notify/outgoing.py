"""What leaves the outbox now: the messages in the order in which they go, and what is held."""

import json
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ..ledger.model import entries as core_ledger
from ..ledger.store import checkpoints, ledger
from ..people.model.people import Language
from ..rules.comparison import SIGNS
from ..terms import Level
from ..workspace.context import Context
from .channels.channel import Channel
from .digest import Addressed, PendingNotice, Signed, digest
from .holding import Held, Holding
from .notices import people
from .store import outbox


@dataclass(slots=True)
class Outgoing:
    """The notices whose time has come, in messages or held, and their rows by number."""

    rows: dict[str, Any]
    messages: list[Addressed]
    held: dict[str, Held]
    #: Notices that cannot be put into words, and why: a fault of ours that must stop no other.
    unsayable: dict[str, str]


def outgoing(
    context: Context, channels: Mapping[str, Channel], *, among: Collection[str] | None = None
) -> Outgoing:
    """Decide what is sent now, of all notices or of some. Nothing is written."""
    now = context.now()
    with context.store.reading() as connection:
        rows = outbox.pending(connection, now)
        if among is not None:
            rows = [row for row in rows if row.notice_id in among]
        holding = Holding(context, connection, channels, people(connection), now)
        held = {row.notice_id: why for row in rows if (why := holding.held(row)) is not None}
        free = [row for row in rows if row.notice_id not in held]
        messages, unsayable = put_into_words(context, channels, connection, free)
    return Outgoing({row.notice_id: row for row in rows}, messages, held, unsayable)


def put_into_words(
    context: Context, channels: Mapping[str, Channel], connection: Connection, rows: Sequence[Any]
) -> tuple[list[Addressed], dict[str, str]]:
    """One digest for each person and channel, or for the group that reads it; what cannot be said.

    What disturbs nobody goes first, then what was tried least, so that whatever fails again and
    again waits behind what never had its turn; then the highest level, then the oldest.
    """
    names = {person.person_id: person.name for person in people(connection)}
    groups = {name for name, channel in channels.items() if channel.group}
    longest = {name: channel.longest_bytes for name, channel in channels.items()}
    together: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        who = "" if row.channel in groups else row.person_id
        together.setdefault((row.language, row.channel, who), []).append(row)
    signed = _signed(connection)
    messages: list[Addressed] = []
    unsayable: dict[str, str] = {}

    def say(some: Sequence[Any]) -> tuple[Addressed, ...]:
        return digest(
            [_pending(row, names) for row in some],
            language=Language(some[0].language),
            zone=ZoneInfo(context.zone),
            longest=longest,
            groups=groups,
            signed=signed,
        )

    for key in sorted(together):
        some = together[key]
        try:
            messages += say(some)
        except Exception:  # noqa: BLE001  one notice that cannot be said must not silence the rest
            for row in some:
                try:
                    messages += say([row])
                except Exception as fault:  # noqa: BLE001
                    unsayable[row.notice_id] = f"cannot be put into words: {type(fault).__name__}"
    by_id = {row.notice_id: row for row in rows}
    return sorted(messages, key=lambda made: _turn(made, by_id, channels)), unsayable


def _signed(connection: Connection) -> Signed | None:
    """What stands under every message: the newest checkpoint, else the ledger as it is."""
    for row in checkpoints.newest(connection):
        if row.tree == "sha256":
            return Signed(row.size, b64encode(row.root).decode())
    head = ledger.read_head_only(connection)
    if not head.size:
        return None
    return Signed(head.size, b64encode(core_ledger.root(head).sha256).decode())


def _turn(
    addressed: Addressed, rows: Mapping[str, Any], channels: Mapping[str, Channel]
) -> tuple[bool, int, int, int, str]:
    some = [rows[notice.notice_id] for notice in addressed.message.notices]
    channel = channels.get(addressed.channel)
    return (
        channel is not None and channel.wakes,
        min(row.attempts for row in some),
        -max(row.level or 0 for row in some),
        min(row.created_at for row in some),
        addressed.message.message_id,
    )


def _given_to(subject: str | None) -> str:
    """What a card's notice says of its subject where that is no case and no organ.

    No name of a person, and no id that somebody would take for one.
    """
    kind, _, name = (subject or "").partition(":")
    if kind in ("", "case", "organ"):
        return ""
    return kind if kind == "person" or not name else f"{kind}:{name}"


def _pending(row: Any, names: Mapping[str, str]) -> PendingNotice:
    limit = row.limit_amount or ""
    compared = limit if limit.startswith(SIGNS) else ""
    return PendingNotice(
        notice_id=row.notice_id,
        recipient=names.get(row.person_id, row.person_id),
        channel=row.channel,
        address=row.address,
        subject=row.subject,
        kind=row.kind,
        about=json.loads(row.about),
        card_no=row.card_no or "",
        level=None if row.level is None else Level(row.level),
        case_no=row.case_no or "",
        given_to=_given_to(row.given_to),
        department=row.department or "",
        due_at=row.limit_due_at,
        measure=row.limit_name if compared else "",
        compared=compared,
    )
