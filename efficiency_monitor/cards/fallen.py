"""Cards that fell by evidence: shown until somebody who supervises has seen that they did."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ..intake.store import cases, evidence
from ..ledger.store import ledger
from ..records.tables import CardRow
from ..terms import EVIDENCE, CardState, Level

CARD = CardRow.__table__  # type: ignore[attr-defined]
_HISTORICAL = str(CardState.HISTORICAL)


@dataclass(frozen=True, slots=True)
class Fallen:
    """A yellow or red card that evidence took away."""

    row: Mapping[str, Any]
    #: What the entry says that it rests on.
    rests_on: Mapping[str, Any]

    @property
    def card_no(self) -> str:
        """Its number."""
        return str(self.row["card_no"])

    @property
    def imports(self) -> frozenset[str]:
        """The imports that brought the evidence."""
        return frozenset(self.rests_on.get("imports", ()))


def unseen(connection: Connection) -> list[Fallen]:
    """The cards that fell by evidence and of which nobody who supervises has seen it, by number.

    Of a workspace that nobody has supervised yet: none. What had fallen due before `watch_from` was
    told to nobody, and its fall is not either.
    """
    since = cases.supervised_from(connection)
    if since is None:
        return []
    asked = select(CARD).where(
        CARD.c.lifted_reason.in_([str(reason) for reason in EVIDENCE]),
        CARD.c.level > int(Level.WARNING),
        CARD.c.lifted_at >= since,
    )
    rows = [dict(row._mapping) for row in connection.execute(asked.order_by(CARD.c.card_no))]
    seen = evidence.seen(connection, [row["card_no"] for row in rows])
    return list(_with_grounds(connection, [row for row in rows if row["card_no"] not in seen]))


def _with_grounds(connection: Connection, rows: list[dict[str, Any]]) -> Iterator[Fallen]:
    for row in rows:
        if _said(connection, f"card.issued/{row['card_no']}").get("state") == _HISTORICAL:
            continue
        lifted = _said(connection, f"card.lifted/{row['card_no']}")
        yield Fallen(row, lifted.get("rests_on", {}))


def _said(connection: Connection, fact: str) -> Mapping[str, Any]:
    entry = ledger.entry(connection, fact=fact)
    found: Mapping[str, Any] = {} if entry is None else json.loads(entry[1])
    return found
