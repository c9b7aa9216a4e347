"""The whole accountability record of a card: its sums, what was decided, what may be proposed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ...cards.card_rows import card_json
from ...people.store import approvals
from ...rules.measures import proposals
from ...terms import AccountStatus, Level
from ...time.amount import decimal_text
from ...time.instants import rfc3339
from ...workspace.context import Context
from ..evidence.model import attachments_of
from . import store as accounts
from .model import Holding, Part, whose_overrun
from .record import find_record
from .rows import account_json


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
    decided = entry.kind in ("exempted", "exemption_signed", "exemption_refused")
    return {
        "kind": entry.kind,
        "at": rfc3339(entry.at, zone),
        "person_id": entry.person,
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
