"""Whether the facts on which each card rests are those on which it was given.

The entry that issued a card has a digest of the case's fields and of its events' keys, and says how
far events were received by then: what came later, lawfully, is left aside. An event's key is a
digest of what it says, which is made again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, select

from ...cards.card_rows import input_digest
from ...i18n.messages import t
from ...intake.model.statements import EventFacts, digest
from ...intake.store.cases import CASE, EVENT, FACT, WITHDRAWN, chunks
from ...intake.store.items import Items
from ...records.tables import CardRow
from ...scan.tallies.store import SUM
from ..model.entries import EntryType

CARD = CardRow.__table__  # type: ignore[attr-defined]
#: What of an event goes into its key as it stands in its column.
_CONTENT: Final = (
    "type", "occurred_at", "precision", "recorded_at", "stage", "actor", "department", "kind",
    "amount", "due_at", "due_precision", "reason", "source_key",
)  # fmt: skip
_WORDS: Final = ("events", "facts", "items", "withdrawals")
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Input:
    """What a card rests on."""

    sha256: bytes
    #: Newest number of each of `_WORDS` that was there by then.
    known: tuple[int, ...]


@dataclass(slots=True)
class _Facts:
    """What was received of a case, in order."""

    case_no: str
    first_received_at: int | None
    #: Numbers and fields; numbers, keys and the numbers of withdrawals of events.
    fields: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    events: list[tuple[int, str, int | None]] = field(default_factory=list)
    #: Numbers of events that say something else than their key.
    altered: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Inputs:
    """What the ledger has said so far of what cards rest on."""

    cards: dict[str, _Input] = field(default_factory=dict)
    #: Digests of what cards of tallies were made of.
    sums: dict[str, str] = field(default_factory=dict)
    #: Cards of which an early release did not say how far events were received.
    unknown: int = 0

    def take(self, entry: Entry) -> None:
        """An entry that may issue a card."""
        if entry["type"] != EntryType.CARD_ISSUED:
            return
        said = entry["input"]
        if "sum" in said:
            self.sums[entry["card"]] = str(said["sum"])
            return
        if "known" not in said:
            self.unknown += 1
            return
        known = tuple(said["known"][word] for word in _WORDS)
        self.cards[entry["card"]] = _Input(bytes.fromhex(said["sha256"]), known)

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """Cards whose facts are others than those they rest on; `masked`: none can be checked."""
        if masked:
            return
        of_case: dict[int | None, list[str]] = {}
        for row in connection.execute(select(CARD.c.card_no, CARD.c.case_id)):
            if row.card_no in self.cards:
                of_case.setdefault(row.case_id, []).append(row.card_no)
        wanted = sorted(case_id for case_id in of_case if case_id is not None)
        for part in chunks(wanted):
            cases = _received(connection, part)
            codes = {
                str(code)
                for case in cases.values()
                for _, fields in case.fields
                if (code := fields.get("item_code"))
            }
            items = Items(connection, codes, None)
            for case_id in part:
                for card in sorted(of_case[case_id]):
                    yield from self._of(card, cases.get(case_id), items)
        for card in sorted(of_case.get(None, ())):
            yield _said(card, t("its case is gone"))
        yield from self._made_of(connection)

    def _made_of(self, connection: Connection) -> Iterator[str]:
        """Cards of tallies that were made of something else than what stands there now."""
        left = dict(self.sums)
        for row in connection.execute(select(SUM.c.card_no, SUM.c.content)):
            if left.pop(row.card_no, None) != digest(str(row.content)):
                yield _said(
                    row.card_no,
                    t("what its tally was made of is not what it was"),
                )
        for card in sorted(left):
            yield _said(card, t("what its tally was made of is gone"))

    def _of(self, card: str, case: _Facts | None, items: Items) -> Iterator[str]:
        said = self.cards[card]
        events, facts, lent_up_to, withdrawals = said.known
        if case is None:
            yield _said(card, t("its case is gone"))
            return
        standing = [
            (number, key)
            for number, key, withdrawn in case.events
            if number <= events and (withdrawn is None or withdrawn > withdrawals)
        ]
        own = next((fields for number, fields in reversed(case.fields) if number <= facts), {})
        lent = items.lent(own, up_to=lent_up_to)
        made = input_digest(case.case_no, {**own, **lent}, [key for _, key in standing])
        altered = sorted(number for number, _ in standing if number in case.altered)
        if made != said.sha256.hex():
            yield _said(
                card,
                t(
                    "the facts that it rests on, fields or events of its case, are not those on "
                    "which it was given"
                ),
            )
        elif altered:
            some = ", ".join(str(number) for number in altered[:5])
            yield _said(
                card,
                t(
                    "events that it rests on (rows {some}) say something else than when they were "
                    "received",
                    some=some,
                ),
            )


def _received(connection: Connection, case_ids: Sequence[int]) -> dict[int, _Facts]:
    rows = connection.execute(
        select(CASE.c.id, CASE.c.case_no, CASE.c.first_received_at).where(CASE.c.id.in_(case_ids))
    )
    found = {row.id: _Facts(row.case_no, row.first_received_at) for row in rows}
    stated = select(FACT.c.id, FACT.c.case_id, FACT.c.fields).where(FACT.c.case_id.in_(case_ids))
    for row in connection.execute(stated.order_by(FACT.c.id)):
        if row.case_id in found:
            found[row.case_id].fields.append((row.id, _fields(row.fields)))
    happened = (
        select(EVENT, WITHDRAWN.c.number.label("withdrawn"))
        .outerjoin(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
        .where(EVENT.c.case_id.in_(case_ids))
        .order_by(EVENT.c.id)
    )
    for row in connection.execute(happened):
        case = found.get(row.case_id)
        if case is not None:
            case.events.append((row.id, row.event_key, row.withdrawn))
            if event_key(case.case_no, row) != row.event_key:
                case.altered.add(row.id)
    return found


def _fields(text: Any) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def event_key(case_no: str, row: Any) -> str:
    """The key of an event as its row says it now; empty where it says nothing readable."""
    try:
        return EventFacts(
            case_no=case_no,
            attributes=json.loads(row.attributes),
            **{name: getattr(row, name) for name in _CONTENT},
        ).key
    except (TypeError, ValueError):
        return ""


def _said(card: str, fault: str) -> str:
    return t("card {card}: {fault}", card=card, fault=fault)
