"""Accountability records as JSON: who held a case how long, whose overrun it was."""

from collections.abc import Sequence
from typing import Any

from ...cards.store import cards
from ...people.model.authority import Scope
from ...terms import Level
from ...time.instants import rfc3339
from ...workspace.context import Context
from . import store as accounts


def list_accounts(context: Context, query: accounts.AccountQuery) -> list[dict[str, Any]]:
    """Parts of the records that a query asks for, the worst level first."""
    with context.store.reading() as connection:
        rows = accounts.listed(connection, query)
    return [account_json(row, context.zone) for row in rows]


def scopes_of(context: Context, card_nos: Sequence[str]) -> set[Scope]:
    """What these cards are about, without regard to who handles them."""
    found = set()
    with context.store.reading() as connection:
        for number in card_nos:
            row = cards.find(connection, number)
            if row is not None:
                about = (row.department, row.region, row.item_code)
                found.add(Scope(*(part or "" for part in about)))
    return found


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
