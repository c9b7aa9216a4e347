"""Notices that shall not be sent any more, because what they tell no longer holds."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..workspace.context import Context
from .store import outbox


def void(
    context: Context,
    connection: Connection,
    *,
    reason: str,
    subjects: Sequence[str] = (),
    card_nos: Sequence[str] = (),
    kinds: Collection[str] | None = None,
    keep: Collection[str] = ("lifted", "closed"),
) -> list[str]:
    """Void what is pending about subjects or cards, each with an entry; the notices' numbers.

    `reason` is a code (`appeal`, `acknowledged`, …), no free text. `kinds` narrows it to some
    kinds; those of `keep` stay: what tells of an end is still true. What was sent stays sent.
    """
    rows = outbox.void(connection, subjects=subjects, card_nos=card_nos, kinds=kinds, keep=keep)
    ledger.append(
        connection,
        [
            context.entry(
                EntryType.NOTICE_VOID,
                f"{EntryType.NOTICE_VOID}/{row.notice_id}",
                {**told_of(row), "reason": reason},
            )
            for row in rows
        ],
    )
    return [row.notice_id for row in rows]


def told_of(row: Any) -> dict[str, object]:
    """What entries about a notice say of it: numbers, never a name or an address."""
    return {
        "notice": row.notice_id,
        "subject": row.subject,
        "card": row.card_no,
        "kind": row.kind,
        "person": row.person_id,
    }
