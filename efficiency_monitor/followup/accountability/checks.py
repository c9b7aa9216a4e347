"""Whether accountability records are what was entered: who held a case how long, and the status.

The holders' names are in the ledger as a commitment alone, under the salt of the card.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...ledger.model.entries import EntryType, canonical_json, commitment
from ...records.tables import AccountabilityRow, CardRow
from ...terms import AccountStatus
from ...time.instants import parse_instant, rfc3339
from ...workspace.context import compact_json
from .holdings import part_json
from .model import Holding

ACCOUNT = AccountabilityRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
#: Status of a record after an entry.
_STATUS: Final[Mapping[str, AccountStatus]] = {
    EntryType.ACCOUNTABILITY_VERIFIED: AccountStatus.VERIFIED,
    EntryType.ACCOUNTABILITY_MEASURE: AccountStatus.MEASURE_RECORDED,
    EntryType.ACCOUNTABILITY_EXEMPTED: AccountStatus.EXEMPTED,
}
_COLUMNS: Final = (
    "part", "stage", "department", "held_seconds", "overrun_seconds", "charged_seconds", "amount",
    "over", "unit",
)  # fmt: skip
Entry = Mapping[str, Any]


def recorded(
    card_no: str,
    shares: Sequence[Holding],
    *,
    as_of: int,
    zone: str,
    final: bool,
    salt: bytes | None,
) -> dict[str, object]:
    """What the entry of a record says: every part of it, and a commitment to who held them.

    `salt` is the card's; without one (a card of an early release) nothing holds the names.
    """
    names = compact_json([share.holder for share in shares])
    return {
        "card": card_no,
        "as_of": rfc3339(as_of, zone),
        "final": final,
        "parts": [
            {
                **part_json(share),
                "since": rfc3339(share.since, zone),
                "until": rfc3339(share.until, zone),
            }
            for share in shares
        ],
        "holders": None if salt is None else {"commitment": commitment(salt, names)},
    }


@dataclass(slots=True)
class Accounts:
    """What the ledger has said last of each record."""

    #: Digest of the parts; empty where an early release's entry does not say all of them.
    parts: dict[str, bytes] = field(default_factory=dict)
    #: How many they are.
    number: dict[str, int] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    status: dict[str, AccountStatus] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about a record."""
        kind = entry["type"]
        if kind in _STATUS:
            self.status[entry["card"]] = _STATUS[kind]
        if kind != EntryType.ACCOUNTABILITY_RECORDED:
            return
        card, holders = entry["card"], entry["holders"] or {}
        parts = entry["parts"]
        whole = all("since" in part for part in parts)
        self.parts[card] = (
            _digest(_instant(entry["as_of"]), map(_of_entry, parts)) if whole else b""
        )
        self.number[card] = len(parts)
        self.holders.pop(card, None)
        if whole and "commitment" in holders:
            self.holders[card] = holders["commitment"]

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: names are not shown, and not compared."""
        columns = [column for column in ACCOUNT.c if not (masked and column.name == "holder")]
        if not masked:
            columns.append(CARD.c.salt)
        statement = (
            select(*columns)
            .join(CARD, CARD.c.card_no == ACCOUNT.c.card_no, isouter=True)
            .order_by(ACCOUNT.c.card_no, ACCOUNT.c.place)
        )
        found = connection.execute(statement.execution_options(stream_results=True)).mappings()
        left = {card for card, number in self.number.items() if number}
        for card, group in groupby(found, key=lambda row: str(row["card_no"])):
            rows = [dict(row) for row in group]
            left.discard(card)
            if card not in self.parts:
                yield _said(card, t("the ledger does not know it"))
                continue
            yield from self._of(card, rows, masked)
        for card in sorted(left):
            yield _said(card, t("the database has lost it"))

    def _of(self, card: str, rows: Sequence[Mapping[str, Any]], masked: bool) -> Iterator[str]:
        said = self.parts[card]
        if said:
            places = [row["place"] for row in rows] == list(range(len(rows)))
            same = len({row["as_of"] for row in rows}) == 1
            if not (places and same) or _digest(rows[0]["as_of"], map(_of_row, rows)) != said:
                yield _said(
                    card,
                    t("organs, times or what is charged are not what the ledger says"),
                )
        if card in self.holders and not masked and not _names(rows, self.holders[card]):
            yield _said(card, t("others held it, says the ledger"))
        status = self.status.get(card, AccountStatus.TO_VERIFY)
        if any(row["status"] != str(status) for row in rows):
            yield _said(
                card,
                t("its status is {status} in the ledger", status=status),
            )


def _of_entry(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: part[name] for name in _COLUMNS},
        "since": _instant(part["since"]),
        "until": _instant(part["until"]),
    }


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in (*_COLUMNS, "since", "until")}


def _instant(text: str) -> int:
    return parse_instant(text, "UTC")[0]


def _digest(as_of: object, parts: Any) -> bytes:
    try:
        return hashlib.sha256(canonical_json([as_of, list(parts)])).digest()
    except (TypeError, ValueError):
        return b"?"


def _names(rows: Sequence[Mapping[str, Any]], made: str) -> bool:
    try:
        salt = bytes.fromhex(rows[0]["salt"])
        return commitment(salt, compact_json([row["holder"] for row in rows])) == made
    except (TypeError, ValueError):
        return False


def _said(card: str, fault: str) -> str:
    return t("the record of {card}: {fault}", card=card, fault=fault)
