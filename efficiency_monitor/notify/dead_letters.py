"""Dead letters: notices that were tried for 72 hours; who looks at them, how they go again, how
somebody lets them be."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..followup.alarms import store as alarms
from ..i18n.messages import t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.acting import acting, scope_of_subject
from ..people.model.authority import Act, Scope
from ..terms import NoticeState
from ..workspace import required_texts as texts
from ..workspace.context import Context
from .notices import people
from .readdress import where_now
from .store import outbox
from .voiding import told_of


def undelivered(context: Context) -> list[dict[str, Any]]:
    """Dead letters that somebody still needs to see, oldest first; no name, no address."""
    with context.store.reading() as connection:
        rows = outbox.undelivered_rows(connection)
    return [
        {
            "notice_id": row.notice_id,
            "subject": row.subject,
            "card_no": row.card_no,
            "kind": row.kind,
            "person_id": row.person_id,
            "channel": row.channel,
            "reason": row.last_error,
        }
        for row in rows
    ]


def retry(context: Context, notice_ids: Sequence[str]) -> list[str]:
    """Let notices be tried again at once, for another 72 hours, at the address known now.

    All dead letters where no id is given; else the named ones, dead or waiting for their next try.
    All or none: ConfigurationError names one that there is not, that was sent, that is void, that
    is held back and not failing, or whose matter is over.
    """
    now = context.now()
    with context.store.writing() as connection:
        if notice_ids:
            rows = outbox.rows_of(connection, list(dict.fromkeys(notice_ids)))
            needed = {row.notice_id for row in outbox.undelivered_rows(connection)}
            _check(notice_ids, rows, needed)
        else:
            rows = outbox.undelivered_rows(connection)
        everybody = people(connection)
        entries = []
        for row in rows:
            channel, address = where_now(connection, row, everybody)
            outbox.mark(
                connection,
                [row.notice_id],
                among=(NoticeState.DEAD, NoticeState.PENDING),
                state=str(NoticeState.PENDING),
                channel=channel,
                address=address,
                attempts=0,
                first_attempt_at=None,
                held=None,
                held_at=None,
                next_attempt_at=now,
            )
            said = {
                **told_of(row),
                "was": row.state,
                "attempts": row.attempts,
                "address_changed": (channel, address) != (row.channel, row.address),
            }
            fact = f"{EntryType.NOTICE_RETRIED}/{row.notice_id}/{row.first_attempt_at}"
            entries.append(context.entry(EntryType.NOTICE_RETRIED, fact, said))
        ledger.append(connection, entries)
    return [row.notice_id for row in rows]


def dismiss(context: Context, notice_id: str, reason: str) -> bool:
    """Let a dead letter be: a supervisor says why, and nobody is asked to look at it any more.

    The notice is void from then on. False: it was void already, nothing was written; so the same
    command given twice is done once. ConfigurationError where there is no such notice, it is not
    dead, or no reason is given; NotAllowed where the person of `--as` may not (who an alarm is
    about does not dismiss it).
    """
    if not reason.strip():
        raise ConfigurationError(t("no reason is given"), t("give one with --reason"))
    words = texts.require_text(reason, t("reason"))
    with context.store.writing() as connection:
        found = outbox.rows_of(connection, [notice_id])
        if not found:
            raise _unknown(notice_id)
        [row] = found
        scope, barred = _about(connection, row.subject)
        person = acting(context, connection, Act.DISMISS_NOTICE, scope, barred)
        if row.state == NoticeState.VOID:
            return False
        if row.state != NoticeState.DEAD:
            raise ConfigurationError(
                t("{notice_id} is {state}", notice_id=notice_id, state=row.state),
                t("only dead letters are dismissed: effmon notices list --state dead"),
            )
        outbox.mark(connection, [notice_id], among=(NoticeState.DEAD,), state=str(NoticeState.VOID))
        entry = context.entry(
            EntryType.NOTICE_VOID,
            f"{EntryType.NOTICE_VOID}/{notice_id}",
            {
                **told_of(row),
                "reason": "dismissed",
                "by": person,
                "text": texts.text_commitment(context, connection, words),
            },
        )
        ledger.append(connection, [entry])
    return True


def _about(connection: Connection, subject: str) -> tuple[Scope | None, dict[str, str]]:
    """Whose matter a notice is about, and who may not dismiss it, with the reason."""
    barred = {}
    kind, _, number = subject.partition(":")
    if kind == "alarm" and (alarm := alarms.find(connection, number)) is not None:
        barred[alarm.person_id] = t("the alarm is about them")
        subject = alarm.subject
    known = subject.partition(":")[0] in ("card", "account", "order", "appeal")
    return (scope_of_subject(connection, subject) if known else None), barred


def _unknown(notice_id: str) -> ConfigurationError:
    return ConfigurationError(
        t("there is no notice {notice_id}", notice_id=notice_id),
        t("see effmon notices list"),
    )


def _check(notice_ids: Sequence[str], rows: Sequence[Any], needed: Collection[str]) -> None:
    known = {row.notice_id for row in rows}
    for notice_id in notice_ids:
        if notice_id not in known:
            raise _unknown(notice_id)
    for row in rows:
        if row.state not in (NoticeState.DEAD, NoticeState.PENDING):
            raise ConfigurationError(
                t("{notice_id} is {state}", notice_id=row.notice_id, state=row.state),
                t("only what was not delivered can be tried again"),
            )
        if row.state == NoticeState.DEAD and row.notice_id not in needed:
            raise ConfigurationError(
                t(
                    "what {notice_id} tells is over: it is not sent any more",
                    notice_id=row.notice_id,
                ),
                t("see effmon notices list --state dead"),
            )
        if row.state == NoticeState.PENDING and row.first_attempt_at is None:
            held = row.held or t("waiting for its first try")
            raise ConfigurationError(
                t("{notice_id} has not failed yet: {held}", notice_id=row.notice_id, held=held),
                t("run effmon notices deliver; a silence ends with effmon silences end"),
            )
