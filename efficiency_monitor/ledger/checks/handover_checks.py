"""Whether hand-overs of cases are what the ledger says, and those who had to sign them did.

A row that nobody answers for would let any file speak of a case, and take its cards away.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...intake.store import owners
from ...intake.store.cases import EVENT
from ...intake.transfers import TRANSFERRED
from ...people.model.authority import Act
from ..model.entries import EntryType
from ..store import ledger
from .lift_checks import ENOUGH

KINDS = (EntryType.SOURCE_HANDED_OVER,)
Entry = Mapping[str, Any]


@dataclass(slots=True)
class HandOvers:
    """What the ledger has said so far of hand-overs."""

    #: By subject and round, who has signed, and for whom.
    agreed: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = field(default_factory=dict)
    said: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def approval(self, entry: Entry) -> None:
        """A sound approval."""
        if entry["act"] == Act.HAND_OVER and entry["signature"]:
            voices = frozenset({entry["person"], entry["on_behalf_of"] or entry["person"]})
            what = entry["subject"], entry["round"]
            self.agreed.setdefault(what, []).append((entry["person"], voices))

    def take(self, entry: Entry, *, keys_in_use: bool) -> Iterator[str]:
        """Cases were handed over; what is wrong with that."""
        self.said[_of_entry(entry)] += 1
        if entry["event"] is not None:
            return  # its owner said so, in a row that its import's entry holds
        subject = f"source:{entry['from']}>{entry['to']}"
        subject += "" if entry["case"] is None else f"/{entry['case']}"
        apart: list[frozenset[str]] = []
        for person, voices in self.agreed.get((subject, entry["round"]), ()):
            if person in entry["signed_by"] and not any(voices & other for other in apart):
                apart.append(voices)
        if len(apart) < (ENOUGH if keys_in_use or entry["signed_by"] else 0):
            yield t(
                "the hand-over {from_} to {to} lacks two persons' signatures",
                from_=entry["from"],
                to=entry["to"],
            )

    def rows(self, connection: Connection) -> Iterator[str]:
        """The rows against the entries, and the copy that lists go by."""
        numbers = _numbers(connection)
        there = Counter(_of_row(row, numbers) for row in owners.listed(connection))
        for what in sorted({*(there - self.said), *(self.said - there)}, key=str):
            yield t(
                "the hand-over {from_} to {to}: row and ledger differ", from_=what[0], to=what[1]
            )
        for row in owners.listed(connection):
            if row.event_key is not None and not _told(connection, row):
                yield t(
                    "the hand-over {from_} to {to}: no event of its owner says so",
                    from_=row.from_source,
                    to=row.to_source,
                )
        sources = {
            row.id: row.source
            for row in connection.execute(select(owners.CASE.c.id, owners.CASE.c.source))
        }
        for case_no in copied_wrong(connection, sources):
            yield t("case {case_no}: its owner is not who the hand-overs say", case_no=case_no)


def copied_wrong(connection: Connection, sources: Mapping[int, str]) -> list[str]:
    """Numbers of cases whose copy of the owner is another than follows from hand-overs."""
    owned = owners.of_cases(connection, sources)
    rows = connection.execute(select(owners.CASE.c.id, owners.CASE.c.case_no, owners.CASE.c.owner))
    return [row.case_no for row in rows if row.id in owned and row.owner != owned[row.id].owner]


def unfounded(connection: Connection, case_ids: Collection[int]) -> list[int]:
    """Ids of cases with a hand-over that its entry does not say, or another owner than follows."""
    rows = list(owners.about(connection, case_ids))
    table = owners.CASE
    cases = connection.execute(
        select(table.c.id, table.c.source, table.c.owner).where(table.c.id.in_(list(case_ids)))
    ).all()
    sources = {row.id: row.source for row in cases}
    owned = owners.of_cases(connection, sources)
    found = {row.id for row in cases if row.owner != owned[row.id].owner}
    numbers = _numbers(connection, [row.case_id for row in rows if row.case_id is not None])
    for row in rows:
        if not _founded(connection, row, numbers):
            found |= {
                case_id
                for case_id, own in owned.items()
                if row.to_source in (own.owner, *own.former) and row.case_id in (None, case_id)
            }
    return sorted(found)


def _founded(connection: Connection, row: Any, numbers: Mapping[int, str]) -> bool:
    entry = ledger.entry(connection, fact=str(row.entry))
    with suppress(ValueError, KeyError, TypeError):
        if entry is None or _of_entry(json.loads(entry[1])) != _of_row(row, numbers):
            return False
        return row.event_key is None or _told(connection, row)
    return False


def _told(connection: Connection, row: Any) -> bool:
    """Whether the owner told an event that hands the case over."""
    asked = select(EVENT.c.id).where(
        EVENT.c.case_id == row.case_id,
        EVENT.c.event_key == row.event_key,
        EVENT.c.type == TRANSFERRED,
        EVENT.c.source == row.from_source,
        EVENT.c.kind == row.to_source,
    )
    return connection.execute(asked.limit(1)).first() is not None


def _numbers(connection: Connection, case_ids: Collection[int] | None = None) -> dict[int, str]:
    table = owners.CASE
    asked = select(table.c.id, table.c.case_no)
    if case_ids is None:
        named = select(owners.HANDOVER.c.case_id).where(owners.HANDOVER.c.case_id.is_not(None))
        asked = asked.where(table.c.id.in_(named))
    else:
        asked = asked.where(table.c.id.in_(sorted(case_ids)))
    return {row.id: row.case_no for row in connection.execute(asked)}


def _of_row(row: Any, numbers: Mapping[int, str]) -> tuple[object, ...]:
    case_no = None if row.case_id is None else numbers.get(row.case_id, "")
    return row.from_source, row.to_source, case_no, row.upto_case, row.event_key


def _of_entry(entry: Entry) -> tuple[object, ...]:
    return entry["from"], entry["to"], entry["case"], entry["upto"], entry["event"]
