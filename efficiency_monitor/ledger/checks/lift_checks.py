"""Whether each red card that persons lifted was lifted by two of them, and each lift is on record.

Late evidence and an amended calendar lift cards by a scan and take no signature. A clock that ran
ahead lifts many at once: two signed its repair, and each card was judged as of a later instant.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...people.model.authority import Act
from ...records.tables import CardRow
from ...terms import EVIDENCE, CardState, Level, LiftReason
from ...time.instants import parse_instant
from ..model.entries import EntryType

CARD = CardRow.__table__  # type: ignore[attr-defined]
KINDS = (
    EntryType.CARD_ISSUED,
    EntryType.CARD_CLOSED,
    EntryType.CARD_LIFTED,
    EntryType.APPEAL_FILED,
    EntryType.CLOCK_REPAIRED,
)
#: Persons who have to agree before a red card goes.
ENOUGH = 2
_BY_SCAN = EVIDENCE
_WORDS = {int(level): level.word for level in Level}
Entry = Mapping[str, Any]


@dataclass(slots=True)
class Lifts:
    """What the ledger has said so far of lifts and of who agreed to them."""

    red: set[str] = field(default_factory=set)
    #: Every card with the word of its level.
    issued: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    lifted: set[str] = field(default_factory=set)
    #: Card of each appeal.
    appealed: dict[str, str] = field(default_factory=dict)
    #: Instant as of which each card was judged, epoch seconds.
    as_of: dict[str, int] = field(default_factory=dict)
    #: Repairs of the clock by their name: what signed each, and since when the clock was wrong.
    repairs: dict[str, tuple[tuple[Any, ...], int]] = field(default_factory=dict)
    #: Voices by card, or by the instant of a repair, and by what exactly was agreed to: subject,
    #: act, round, ground.
    agreed: dict[str, dict[tuple[Any, ...], list[frozenset[str]]]] = field(default_factory=dict)

    def approval(self, entry: Entry) -> None:
        """A sound approval: it counts where it is signed and says to lift a card."""
        kind, _, number = entry["subject"].partition(":")
        card = self.appealed.get(number) if kind == "appeal" else number
        wanted = "repair" if kind == "clock" else "lift"
        if entry["decision"] != wanted or not entry["signature"] or card is None:
            return
        what = tuple(entry[name] for name in ("subject", "act", "round", "ground"))
        voices = frozenset({entry["person"], entry["on_behalf_of"] or entry["person"]})
        said = self.agreed.setdefault(card, {}).setdefault(what, [])
        if not any(voices & before for before in said):
            said.append(voices)

    def take(self, entry: Entry) -> Iterator[str]:
        """A card is issued, appealed against or lifted; what is wrong with a lift."""
        if entry["type"] == EntryType.CLOCK_REPAIRED:
            after = entry["after"]
            signed = (f"clock:{after}", str(Act.REPAIR_CLOCK), entry["round"], None)
            self.repairs[f"{after}/{entry['round']}"] = (signed, parse_instant(after, "UTC")[0])
            return
        card = entry["card"]
        if entry["type"] == EntryType.CARD_ISSUED:
            self.issued[card] = entry["level"]
            self.as_of[card] = parse_instant(entry["as_of"], "UTC")[0]
            if entry["level"] == "red":
                self.red.add(card)
        elif entry["type"] == EntryType.CARD_CLOSED:
            self.closed.add(card)
        elif entry["type"] == EntryType.APPEAL_FILED:
            self.appealed[entry["appeal"]] = card
        else:
            self.lifted.add(card)
            if entry["reason"] == LiftReason.CLOCK_ERROR:
                yield from self._by_repair(card, entry.get("repair", ""))
                return
            agreed = self.agreed.get(card, {}).values()
            by_persons = entry["reason"] not in _BY_SCAN
            if card in self.red and by_persons and all(len(said) < ENOUGH for said in agreed):
                yield t("the red card {card} was lifted without two persons' signatures", card=card)

    def _by_repair(self, card: str, repair: str) -> Iterator[str]:
        """What is wrong with a lift for an error of the clock."""
        what, after = self.repairs.get(repair, ((), None))
        if after is None:
            yield t("the card {card} was lifted for a clock that nobody repaired", card=card)
        elif len(self.agreed.get(repair.partition("/")[0], {}).get(what, ())) < ENOUGH:
            yield t(
                "the card {card} was lifted for a clock without two persons' signatures", card=card
            )
        elif self.as_of.get(card, after) <= after:
            yield t("the card {card} was lifted for a clock that was right then", card=card)

    def rows(self, connection: Connection) -> Iterator[str]:
        """The cards' own rows: there, of their level, lifted and closed as the ledger says."""
        known = {
            row.card_no: row
            for row in connection.execute(select(CARD.c.card_no, CARD.c.level, CARD.c.state))
        }
        yield from self._states(known, CardState.LIFTED, self.lifted, t("lifted"))
        # A closed card may be appealed against, and lifted, all the same.
        closed = self.closed - self.lifted
        yield from self._states(known, CardState.CLOSED, closed, t("closed"))
        for card in sorted(known.keys() ^ self.issued.keys()):
            lost = card in self.issued
            yield (
                t("card {card}: the database has lost it", card=card)
                if lost
                else t("card {card}: the ledger does not know it", card=card)
            )
        for card in sorted(known.keys() & self.issued.keys()):
            if _WORDS.get(known[card].level) != self.issued[card]:
                yield t("card {card}: the ledger says another level", card=card)

    def _states(
        self,
        known: Mapping[str, Any],
        state: CardState,
        recorded: Set[str],
        word: str,
    ) -> Iterator[str]:
        there = {card for card, row in known.items() if row.state == str(state)}
        for card in sorted(there - recorded):
            yield t(
                "card {card} is {word} in the database and not in the ledger", card=card, word=word
            )
        for card in sorted((recorded & known.keys()) - there):
            yield t(
                "card {card} is {word} in the ledger and not in the database", card=card, word=word
            )
