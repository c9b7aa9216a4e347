"""Accountability records as JSON: who held a case how long, whose overrun, what was decided."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..core.accountability import Holding, Part, whose_overrun
from ..core.amount import decimal_text
from ..core.evidence import attachments_of
from ..core.instants import rfc3339
from ..core.measures import proposals
from ..core.terms import AccountStatus, Level
from ..store import accounts, approvals
from .account_record import find_record
from .card_rows import card_json
from .context import Context


def list_accounts(context: Context, query: accounts.AccountQuery) -> list[dict[str, Any]]:
    """Parts of the records that a query asks for, the worst level first."""
    with context.store.reading() as connection:
        rows = accounts.listed(connection, query)
    return [account_json(row, context.zone) for row in rows]


def account_json(row: Any, zone: str) -> dict[str, Any]:
    """A part of a record with what its card says; amounts are null in rows of older versions."""

    def amount(value: str | None) -> dict[str, str] | None:
        return None if value is None else {"value": value, "unit": row.unit}

    return {
        "card_no": row.card_no,
        "case_no": row.case_no,
        "rule": row.rule_id,
        "level": Level(row.level).word,
        "card_state": row.card_state,
        "fell_due_at": rfc3339(row.fell_due_at, zone),
        "part": row.part,
        "stage": row.stage,
        "department": row.department,
        "holder": row.holder,
        "since": rfc3339(row.since, zone),
        "until": rfc3339(row.until, zone),
        "amount": amount(row.amount),
        "over": amount(row.over),
        "held_seconds": row.held_seconds,
        "overrun_seconds": row.overrun_seconds,
        "charged_seconds": row.charged_seconds,
        "handler": row.handler,
        "reviewer": row.reviewer,
        "approver": row.approver,
        "as_of": rfc3339(row.as_of, zone),
        "status": row.status,
    }


def show_account(context: Context, card_no: str) -> dict[str, Any]:
    """The whole record of a card: its parts and their sum, whose overrun, decisions, proposals.

    The amounts add up to what had elapsed at `as_of`. ConfigurationError where the card has none.
    """
    query = accounts.AccountQuery(everything=True, card_no=card_no)
    with context.store.reading() as connection:
        record = find_record(connection, card_no, lifted=True)
        rows = accounts.listed(connection, query)
        signed = {
            row.person_id: row.signature is not None
            for round_no in range(1, record.asks + 1)
            for row in approvals.given(
                connection, subject=record.subject, act="exempt", round=round_no
            )
        }
    zone = context.zone
    parts = [account_json(row, zone) for row in rows]
    holdings = [accounts.holding_of(row) for row in rows]
    whose = whose_overrun([one for one in holdings if one.part is Part.HELD])
    card = card_json(dict(record.card._mapping), zone)
    names = ("card_no", "case_no", "rule", "level", "department", "handler")
    return {
        **{name: card[name] for name in names},
        "reviewer": record.card.reviewer,
        "approver": record.card.approver,
        "card_state": card["state"],
        "status": str(record.status),
        "limit": card["limit"],
        "limit_due_at": card["limit_due_at"],
        "as_of": parts[0]["as_of"],
        "parts": [part for part in parts if part["part"] == Part.HELD],
        "total": _total([one for one in holdings if one.part is Part.HELD]),
        "organs": [part for part in parts if part["part"] == Part.ORGAN],
        "whose": None
        if whose is None
        else {
            "stage": whose.stage,
            "department": whose.department,
            "holder": whose.holder,
            "charged_seconds": whose.charged_seconds,
        },
        "decisions": [_decision(entry, zone, signed) for entry in record.entries],
        "proposals": _proposals(context, record.status, Level(record.card.level)),
    }


def _total(held: Sequence[Holding]) -> dict[str, Any]:
    """The sums of the parts; null where a part has no amount."""

    def amount(values: Sequence[Decimal | None]) -> dict[str, str] | None:
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        return {"value": decimal_text(sum(known, Decimal(0))), "unit": str(held[0].unit)}

    return {
        "amount": amount([part.amount for part in held]),
        "over": amount([part.over for part in held]),
        "held_seconds": sum(part.held_seconds for part in held),
        "overrun_seconds": sum(part.overrun_seconds for part in held),
        "charged_seconds": sum(part.charged_seconds for part in held),
    }


def _decision(entry: Any, zone: str, signed: dict[str, bool]) -> dict[str, Any]:
    decided = entry.kind in ("exempted", "exemption_refused")
    return {
        "kind": entry.kind,
        "at": rfc3339(entry.at, zone),
        "person": entry.person,
        "os_user": entry.os_user,
        "ground": entry.ground,
        "text": entry.text,
        "attachments": [
            {"name": each.name, "sha256": each.sha256, "size": each.size}
            for each in attachments_of(entry.evidence)
        ],
        "signed": signed.get(entry.person) if decided else None,
    }


def _proposals(context: Context, status: AccountStatus, level: Level) -> list[dict[str, Any]]:
    """What may be proposed: nothing before the record is verified, nothing once it is exempted."""
    if status not in (AccountStatus.VERIFIED, AccountStatus.MEASURE_RECORDED):
        return []
    return [
        {
            "measure": measure.id,
            "title": {"zh": measure.title.zh, "en": measure.title.en},
            "regulation": f"{measure.regulation.ref} {measure.regulation.article}",
            "decided_by": measure.regulation.decided_by,
            "says": measure.says,
            "read": measure.read,
            "unread": measure.unread,
        }
        for measure in proposals(context.catalogue.measures, level)
    ]
