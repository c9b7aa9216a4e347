"""What the terminal lists: cases, cards, slots. Reads only."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from ..catalogue import rule_equivalence as alike
from ..faults import ConfigurationError
from ..followup.accountability import store as accounts
from ..followup.accountability.rows import account_json
from ..followup.ladders.card_recipients import ladder_of_card, told_of
from ..followup.orders.model import late
from ..followup.orders.views import attachments_json_of, orders_of_card
from ..i18n.messages import bilingual, t
from ..intake.store import cases
from ..ledger.store import ledger
from ..notify.store import outbox
from ..records.matter_tables import AppealRow
from ..records.tables import CaseRow, ClockRow
from ..scan.store import runs
from ..scan.tallies.tally_listing import sum_json
from ..terms import Level
from ..time.amount import Amount
from ..time.instants import rfc3339
from ..workspace.context import Context
from .card_rows import card_json, handler_of
from .late_evidence import still_contested
from .store import cards

APPEAL = AppealRow.__table__  # type: ignore[attr-defined]
CASE = CaseRow.__table__  # type: ignore[attr-defined]
CLOCK = ClockRow.__table__  # type: ignore[attr-defined]


def list_cards(context: Context, query: cards.CardQuery) -> list[dict[str, Any]]:
    """Cards as JSON (docs/contract.md 15), worst first."""
    with context.store.reading() as connection:
        rows = cards.listed(connection, query)
        contested = frozenset(still_contested(connection))
    return [card_json(dict(row._mapping), context.zone, contested) for row in rows]


def show_card(context: Context, card_no: str) -> dict[str, Any]:
    """One card, what happened to it, who held the case, its legal basis."""
    with context.store.reading() as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        entries = cards.entries(connection, card_no)
        held = accounts.listed(connection, accounts.AccountQuery(everything=True, card_no=card_no))
        due = cards.reply_deadline(connection, card_no)
        about = orders_of_card(context, connection, card_no)
        told = told_of(context, connection, card_no)
        ladder = ladder_of_card(context, connection, card_no)
        rule = alike.rule_of_card(context.catalogue, connection, row.rule_digest)
        contested = frozenset(still_contested(connection))
        basis_of = () if rule is None else rule.legal_basis
        tally = sum_json(context, connection, card_no)
        appeals = connection.execute(
            select(APPEAL).where(APPEAL.c.card_no == card_no).order_by(APPEAL.c.filed_at)
        ).all()
    document = card_json(dict(row._mapping), context.zone, contested)
    for name in ("reviewer", "approver", "calendar", "calendar_version", "lifted_reason"):
        document[name] = getattr(row, name)
    document["issued_by"] = row.issued_by
    document["reply_due_at"] = None if due is None else rfc3339(due, context.zone)
    # A card that a person gave rests on what that person named, one of a rule on the rule's texts.
    by_hand = [] if row.basis is None else [{"ref": row.basis, "says": "", "reading": None}]
    document["legal_basis"] = by_hand + [
        {"ref": basis.ref, "says": bilingual(basis.says), "reading": basis.reading}
        for basis in basis_of
    ]
    document["tally"] = tally
    document["ladder"] = ladder
    document["entries"] = _entries(context, entries, due)
    document["told"] = told
    document["orders"] = about
    document["appeals"] = [
        {
            "appeal_no": appeal.appeal_no,
            "state": appeal.state,
            "filed_by": appeal.filed_by,
            "filed_at": rfc3339(appeal.filed_at, context.zone),
            "decide_by": None
            if appeal.decide_by is None
            else rfc3339(appeal.decide_by, context.zone),
        }
        for appeal in appeals
    ]
    document["accountability"] = [account_json(part, context.zone) for part in held]
    return document


def _entries(context: Context, entries: Sequence[Any], due: int | None) -> list[dict[str, Any]]:
    """What happened to a card; a first reply after the deadline `due` is late."""
    replies = [entry for entry in entries if entry.kind == "replied"]
    return [
        {
            "kind": entry.kind,
            "at": rfc3339(entry.at, context.zone),
            "person_id": entry.person,
            "os_user": entry.os_user,
            "text": entry.text,
            "late": entry in replies[:1] and late(entry.at, due),
            "attachments": attachments_json_of(entry.evidence),
        }
        for entry in entries
    ]


def no_card(card_no: str) -> ConfigurationError:
    """The fault of a card number that nobody knows."""
    return ConfigurationError(
        t("there is no card {card_no!r}", card_no=card_no),
        t("effmon cards list --state all shows the numbers"),
    )


def list_cases(
    context: Context,
    *,
    outcome: str | None = None,
    department: str | None = None,
    everything: bool = False,
    vanished: bool = False,
) -> Iterator[dict[str, Any]]:
    """Cases with their outcome and next instant; open ones, or all, or of these the vanished."""
    conditions = [] if everything else [CASE.c.open == 1]
    if vanished:
        conditions.append(CASE.c.vanished_at.is_not(None))
    if outcome is not None:
        conditions.append(CASE.c.outcome == outcome)
    statement = select(CASE.c.id).where(*conditions).order_by(CASE.c.case_no)
    with context.store.reading() as connection:
        ids = [row.id for row in connection.execute(statement)]
    for part in cases.chunks(ids):
        with context.store.reading() as connection:
            rows = {
                row.id: row for row in connection.execute(select(CASE).where(CASE.c.id.in_(part)))
            }
            upcoming = {
                row.case_id: row
                for row in connection.execute(
                    select(CLOCK)
                    .where(CLOCK.c.case_id.in_(part), CLOCK.c.next_at.is_not(None))
                    .order_by(CLOCK.c.next_at.desc())
                )
            }
            stored = cases.read_cases(connection, part)
        for case in sorted(stored, key=lambda case: part.index(case.case_id)):
            fields = case.record.fields
            if department is not None and fields.get("department") != department:
                continue
            yield _case(context, rows[case.case_id], case, upcoming.get(case.case_id))


def _case(context: Context, row: Any, case: cases.StoredCase, clock: Any) -> dict[str, Any]:
    fields = case.record.fields
    troubles = json.loads(row.troubles)
    last = max(case.record.events, key=lambda event: event.occurred_at, default=None)
    return {
        "case_no": case.record.case_no,
        "source": case.source,
        "item_code": fields.get("item_code"),
        "item_name": fields.get("item_name"),
        "item_kind": fields.get("item_kind"),
        "department": fields.get("department"),
        "handler": handler_of(case, context.now()),
        "last_event": None if last is None else last.type,
        "last_at": None if last is None else rfc3339(last.occurred_at, context.zone),
        "open": bool(row.open),
        "vanished_at": None if row.vanished_at is None else rfc3339(row.vanished_at, context.zone),
        "outcome": row.outcome,
        "reasons": sorted({reason for _, reason, _ in troubles}),
        "next_at": None if clock is None else rfc3339(clock.next_at, context.zone),
        "next_level": None
        if clock is None or clock.next_level is None
        else Level(clock.next_level).word,
    }


def list_notices(
    context: Context, state: str | None, *, held: bool = False
) -> list[dict[str, Any]]:
    """Notices of the outbox, newest first; addresses are credentials and stay out."""
    with context.store.reading() as connection:
        rows = outbox.listed(connection, state, held=held)

    def at(instant: int | None) -> str | None:
        return None if instant is None else rfc3339(instant, context.zone)

    return [
        {
            "notice_id": row.notice_id,
            "subject": row.subject,
            "kind": row.kind,
            "card_no": row.card_no,
            "level": None if row.level is None else Level(row.level).word,
            "case_no": row.case_no,
            "person_id": row.person_id,
            "channel": row.channel,
            "state": row.state,
            "held": row.held,
            "attempts": row.attempts,
            "created_at": at(row.created_at),
            "next_attempt_at": at(row.next_attempt_at) if row.state == "pending" else None,
            "sent_at": at(row.sent_at),
            "last_error": row.last_error,
        }
        for row in rows
    ]


def list_runs(context: Context, job: str | None, most: int) -> list[dict[str, Any]]:
    """Slots of the jobs, newest first."""
    with context.store.reading() as connection:
        rows = runs.history(connection, job, most)
    return [
        {
            "job": row.job,
            "slot": rfc3339(row.scheduled_for, context.zone),
            "run_id": row.run_id,
            "state": row.state,
            "fence": row.fence,
            "started_at": rfc3339(row.started_at, context.zone),
            "finished_at": None
            if row.finished_at is None
            else rfc3339(row.finished_at, context.zone),
            "totals": json.loads(row.totals),
            "message": row.message,
        }
        for row in rows
    ]


def list_ledger(context: Context, most: int, kind: str | None) -> list[dict[str, Any]]:
    """Newest ledger entries, oldest of them first."""
    with context.store.reading() as connection:
        found = ledger.newest(connection, most, kind)
    return [json.loads(body) for body in found]


def limit_words(text: str | None) -> dict[str, str] | None:
    """A limit's amount as JSON."""
    return None if text is None else Amount.parse(text).as_json()
