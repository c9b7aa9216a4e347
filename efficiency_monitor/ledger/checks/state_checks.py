"""Whether a lifted card says why and since when, a card that gave way what it was before, and an
order which cards it is about, as the ledger does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...records.matter_tables import OrderCard
from ...records.tables import CardRow
from ...time.instants import parse_instant
from ..model.entries import EntryType

CARD = CardRow.__table__  # type: ignore[attr-defined]
ABOUT = OrderCard.__table__  # type: ignore[attr-defined]
Entry = Mapping[str, Any]


@dataclass(slots=True)
class States:
    """What the ledger has said so far of lifts, of what gave way, and of orders."""

    #: Reason and instant of each lift; no instant where an early release's entry has none.
    lifted: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    #: State of each card before it gave way; cards of early releases are not in it.
    before: dict[str, str | None] = field(default_factory=dict)
    orders: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about them."""
        kind = entry["type"]
        if kind in (EntryType.CARD_ISSUED, EntryType.CARD_SUPERSEDED):
            self.before.pop(entry["card"], None)
            if "state_before" in entry:
                self.before[entry["card"]] = entry["state_before"]
        elif kind == EntryType.CARD_REVIVED:
            self.before[entry["card"]] = None
        elif kind == EntryType.CARD_LIFTED:
            at = entry.get("lifted_at")
            instant = None if at is None else parse_instant(at, "UTC")[0]
            self.lifted[entry["card"]] = entry["reason"], instant
        elif kind == EntryType.ORDER_OPENED:
            self.orders[entry["order"]] = frozenset(entry["cards"])

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; nothing of them is personal."""
        columns = (CARD.c.card_no, CARD.c.lifted_reason, CARD.c.lifted_at, CARD.c.state_before)
        found = select(*columns).order_by(CARD.c.card_no).execution_options(stream_results=True)
        for row in connection.execute(found):
            reason, at = self.lifted.get(row.card_no, (None, None))
            known = at is not None or reason is None
            if row.lifted_reason != reason or (known and row.lifted_at != at):
                yield t(
                    "card {card_no}: why or when it was lifted is not what the ledger says",
                    card_no=row.card_no,
                )
            before = self.before.get(row.card_no, row.state_before)
            if row.state_before != before:
                yield t(
                    "card {card_no}: its state before it gave way is not what the ledger says",
                    card_no=row.card_no,
                )
        about: dict[str, set[str]] = {}
        for row in connection.execute(select(ABOUT)):
            about.setdefault(row.order_no, set()).add(row.card_no)
        for order in sorted(self.orders.keys() | about.keys()):
            if about.get(order, set()) != self.orders.get(order, frozenset()):
                yield t(
                    "order {order}: the cards that it is about are not those of the ledger",
                    order=order,
                )
