"""Whether decisions on evidence are what the ledger says, and those who had to sign them did.

A row that nobody decided on would let evidence count that was held back, or hide it for ever.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...intake.store import evidence
from ...people.model.authority import Act
from ..model.entries import EntryType
from ..store import ledger
from .lift_checks import ENOUGH

KINDS = (EntryType.EVIDENCE_DECIDED, EntryType.EVIDENCE_SEEN)
_WORDS = {"accept": evidence.ACCEPTED, "reject": evidence.REJECTED}
Entry = Mapping[str, Any]


@dataclass(slots=True)
class Decisions:
    """What the ledger has said so far of evidence."""

    #: By subject and decision, the voices of sound approvals and whether each was signed.
    agreed: dict[tuple[str, str], list[tuple[str, frozenset[str], bool]]] = field(
        default_factory=dict
    )
    decided: Counter[tuple[object, ...]] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def approval(self, entry: Entry) -> None:
        """A sound approval."""
        if entry["act"] == Act.DECIDE_EVIDENCE and entry["decision"] in _WORDS:
            voices = frozenset({entry["person"], entry["on_behalf_of"] or entry["person"]})
            what = entry["subject"], _WORDS[entry["decision"]]
            said = entry["person"], voices, bool(entry["signature"])
            self.agreed.setdefault(what, []).append(said)

    def take(self, entry: Entry, red: Set[str]) -> Iterator[str]:
        """Evidence was decided on or seen; what is wrong with that."""
        if entry["type"] == EntryType.EVIDENCE_SEEN:
            self.seen.add(entry["card"])
            return
        self.decided.update(_matters(entry))
        word = "accept" if entry["decision"] == evidence.ACCEPTED else "reject"
        what = f"evidence:{entry['target']}@{entry['matters']}/{word}", entry["decision"]
        said = [one for one in self.agreed.get(what, ()) if one[0] in entry["signed_by"]]
        of_red = entry["decision"] == evidence.ACCEPTED and not red.isdisjoint(entry["cards"])
        if of_red:
            said = [one for one in said if one[2]]
        apart: list[frozenset[str]] = []
        for _, voices, _ in said:
            if not any(voices & other for other in apart):
                apart.append(voices)
        if len(apart) < (ENOUGH if of_red else 1) or len(said) < len(set(entry["signed_by"])):
            yield t(
                "the decision on the evidence {target}: those who are said to have signed it have "
                "not",
                target=entry["target"],
            )

    def rows(self, connection: Connection) -> Iterator[str]:
        """The rows of decisions, and of what was seen, against the entries."""
        there = Counter(_row(row) for row in evidence.decided(connection))
        for what in sorted({*(there - self.decided), *(self.decided - there)}, key=str):
            yield t("the decision on the evidence {number}: row and ledger differ", number=what[0])
        seen = set(connection.execute(select(evidence.SEEN.c.card_no)).scalars())
        for card in sorted(seen ^ self.seen):
            yield t("card {card}: who has seen that it fell, row and ledger differ", card=card)


def unfounded(connection: Connection, case_ids: Sequence[int]) -> Collection[int]:
    """Ids of cases with a decision on evidence that its entry does not say."""
    found = set()
    said: dict[str, set[tuple[object, ...]]] = {}
    for row in _rows_of(connection, case_ids):
        if row.entry not in said:
            entry = ledger.entry(connection, fact=str(row.entry))
            said[row.entry] = set()
            with suppress(ValueError, KeyError, TypeError):
                said[row.entry] = set() if entry is None else {*_matters(json.loads(entry[1]))}
        if _row(row) not in said[row.entry]:
            found.add(int(row.case_id))
    return found


def _rows_of(connection: Connection, case_ids: Sequence[int]) -> list[Any]:
    table = evidence.DECISION
    return list(connection.execute(select(table).where(table.c.case_id.in_(case_ids))))


def _row(row: Any) -> tuple[object, ...]:
    """What a row says, as `_matters` says it."""
    calendar = None if row.calendar is None else (row.calendar, row.calendar_version)
    try:
        rows = _plain(json.loads(row.rows))
    except (ValueError, TypeError, AttributeError):
        rows = None
    return row.evidence_no, row.decision, row.import_id, calendar, rows


def _matters(entry: Entry) -> Iterator[tuple[object, ...]]:
    for each in entry["evidence"]:
        calendar = each.get("calendar")
        named = None if calendar is None else (calendar["id"], calendar["sha256"])
        rows = _plain(each.get("rows", {}))
        yield each["evidence"], entry["decision"], each.get("import"), named, rows


def _plain(rows: Mapping[str, Sequence[int]]) -> tuple[object, ...]:
    return tuple((name, tuple(numbers)) for name, numbers in sorted(rows.items()))
