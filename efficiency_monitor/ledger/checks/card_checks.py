"""Whether each card's row says what the ledger said when it was issued, and stands as it says.

Whom a card names is in the ledger as a commitment alone: this is where it is opened.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...cards.card_rows import persons_json
from ...i18n.messages import t
from ...records.tables import CardRow
from ...terms import CardState
from ...time.instants import parse_instant
from ..model import entries as core_ledger
from ..model.entries import EntryType

CARD = CardRow.__table__  # type: ignore[attr-defined]
#: Entries after which a card is in another state.
KINDS = (
    EntryType.CARD_ISSUED,
    EntryType.CARD_SUPERSEDED,
    EntryType.CARD_REVIVED,
    EntryType.CARD_ACKNOWLEDGED,
    EntryType.CARD_REPLIED,
    EntryType.CARD_CONFIRMED,
    EntryType.CARD_CLOSED,
    EntryType.CARD_LIFTED,
)
#: States that `lift_checks` holds against the ledger.
_ELSEWHERE = (CardState.LIFTED, CardState.CLOSED)
Entry = Mapping[str, Any]


@dataclass(slots=True)
class Cards:
    """What the ledger has said so far of each card."""

    #: Digest of the facts with which it was issued.
    issued: dict[str, bytes] = field(default_factory=dict)
    #: Commitment to the persons that it names.
    persons: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """A card is issued, or something happens to it."""
        card, kind = entry["card"], entry["type"]
        if kind == EntryType.CARD_ISSUED:
            # Of an earlier release's entry there may be less to hold a row against.
            with suppress(KeyError):
                self.issued[card] = _digest(_of_entry(entry))
            with suppress(KeyError):
                self.persons[card] = entry["persons"]["commitment"]
        if kind == EntryType.CARD_SUPERSEDED:
            self.state[card] = str(CardState.SUPERSEDED)
        elif kind == EntryType.CARD_LIFTED:
            self.state[card] = str(CardState.LIFTED)
        else:
            self.state[card] = entry.get("state", "")

    def rows(self, connection: Connection, *, masked: bool) -> Iterator[str]:
        """What is wrong with the rows of cards that the ledger knows.

        Whom they name is not looked at where it is `masked`.
        """
        for found in connection.execute(select(CARD).order_by(CARD.c.card_no)).mappings():
            row = dict(found)
            card = row["card_no"]
            if card in self.issued and _digest(_of_row(row)) != self.issued[card]:
                yield t(
                    "card {card}: its case, department, rule, limit or time is not what the "
                    "ledger says",
                    card=card,
                )
            if not masked and card in self.persons and not _names(row, self.persons[card]):
                yield t("card {card}: it names other persons than when it was issued", card=card)
            state = self.state.get(card) or row["state"]
            if state != row["state"] and not {state, row["state"]} & set(_ELSEWHERE):
                yield t(
                    "card {card} is {state!a} in the database, {state_2} in the ledger",
                    card=card,
                    state=row["state"],
                    state_2=state,
                )


def _of_entry(entry: Entry) -> dict[str, Any]:
    limit = entry["limit"] or {}
    return {
        "subject": entry["subject"],
        "department": entry["department"],
        "episode": entry["episode"],
        "issue_no": entry["issue_no"],
        "rule": [entry["rule"]["id"], entry["rule"]["version"], entry["rule"]["sha256"]],
        "limit": [limit.get("name"), limit.get("amount"), _instant(limit.get("due_at"))],
        "fell_due_at": _instant(entry["fell_due_at"]),
        "as_of": _instant(entry["as_of"]),
    }


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    # The case's number stands twice in a row; lists show the second one.
    told = f"case:{row['case_no']}"
    if row["case_no"] is None and not str(row["subject"]).startswith("case:"):
        told = row["subject"]  # a tally's, which is on no case
    subject = row["subject"] if row["subject"] == told else None
    return {
        "subject": subject,
        "department": row["department"],
        "episode": row["episode"],
        "issue_no": row["issue_no"],
        "rule": [row["rule_id"], row["rule_version"], row["rule_digest"]],
        # A card that a person gave has no limit.
        "limit": [row["limit_name"] or None, row["limit_amount"], row["limit_due_at"]],
        "fell_due_at": row["fell_due_at"],
        "as_of": row["as_of"],
    }


def _instant(text: str | None) -> int | None:
    return None if text is None else parse_instant(text, "UTC")[0]


def _digest(facts: Mapping[str, Any]) -> bytes:
    try:
        return hashlib.sha256(core_ledger.canonical_json(facts)).digest()
    except (TypeError, ValueError):
        return b""  # who opens the file need not keep to the columns' types


def _names(row: Mapping[str, Any], commitment: str) -> bool:
    try:
        return core_ledger.commitment(bytes.fromhex(row["salt"]), persons_json(row)) == commitment
    except (TypeError, ValueError):
        return False
