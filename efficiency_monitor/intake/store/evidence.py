"""What persons decided on evidence, as reading cases asks for it (docs/sources.md).

Rows that were accepted count as received when they were; rejected ones count for nothing until
their source says otherwise. Undecided ones are read: what is held back is left out by name.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.engine import Row

from ...records.evidence_tables import EvidenceDecisionRow, EvidenceSeenRow

DECISION = EvidenceDecisionRow.__table__  # type: ignore[attr-defined]
SEEN = EvidenceSeenRow.__table__  # type: ignore[attr-defined]
ACCEPTED, REJECTED = "accepted", "rejected"
#: The tables that evidence can be rows of.
TABLES: Final = ("event", "event_withdrawal", "case_fact", "item_fact")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Row ids of what is to be read as if it had not come: events, withdrawals, fields, and what
    was said of items."""

    events: frozenset[int] = frozenset()
    #: Row ids of the withdrawn events.
    withdrawals: frozenset[int] = frozenset()
    facts: frozenset[int] = frozenset()
    items: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.events or self.withdrawals or self.facts or self.items)

    def __or__(self, other: "HeldBack") -> "HeldBack":
        return HeldBack(
            self.events | other.events,
            self.withdrawals | other.withdrawals,
            self.facts | other.facts,
            self.items | other.items,
        )

    def rows(self) -> dict[str, list[int]]:
        """The rows by table, sorted; tables without any are left out."""
        each = (self.events, self.withdrawals, self.facts, self.items)
        return {name: sorted(some) for name, some in zip(TABLES, each, strict=True) if some}

    @classmethod
    def of(cls, rows: Iterable[tuple[str, int]]) -> "HeldBack":
        """These rows, each with its table."""
        found: dict[str, set[int]] = {name: set() for name in TABLES}
        for table, row in rows:
            found[table].add(row)
        return cls(*(frozenset(found[name]) for name in TABLES))


NOTHING = HeldBack()


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on evidence of one case."""

    evidence_no: str
    accepted: bool
    at: int
    import_id: str
    rows: HeldBack
    #: The ledger's entry of it, by its key.
    entry: str


def of_cases(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Decided]]:
    """The decisions on evidence of these cases, oldest first."""
    found: dict[int, list[Decided]] = {}
    for start in range(0, len(case_ids), _CHUNK):
        part = list(case_ids[start : start + _CHUNK])
        statement = select(DECISION).where(DECISION.c.case_id.in_(part)).order_by(DECISION.c.id)
        for row in connection.execute(statement):
            found.setdefault(row.case_id, []).append(
                Decided(
                    row.evidence_no,
                    row.decision == ACCEPTED,
                    row.at,
                    row.import_id or "",
                    rows_of(row.rows),
                    row.entry,
                )
            )
    return found


def rows_of(text: str) -> HeldBack:
    """The rows of a decision's JSON text."""
    said: Mapping[str, Sequence[int]] = json.loads(text)
    return HeldBack.of((table, row) for table in TABLES for row in said.get(table, ()))


@dataclass(frozen=True, slots=True)
class Standing:
    """What decisions make of rows, as known by an instant."""

    rejected: HeldBack = NOTHING
    #: When each accepted row was: table and row.
    accepted: Mapping[tuple[str, int], int] = field(default_factory=dict)


def standing(decisions: Iterable[Decided], known_by: int | None) -> Standing:
    """What decisions by an instant (default: all) make of the rows that they are about.

    Of several on one row the last one stands.
    """
    last: dict[tuple[str, int], int | None] = {}
    for one in decisions:
        if known_by is not None and one.at > known_by:
            continue
        for table, numbers in one.rows.rows().items():
            for number in numbers:
                last[table, number] = one.at if one.accepted else None
    return Standing(
        HeldBack.of(row for row, at in last.items() if at is None),
        {row: at for row, at in last.items() if at is not None},
    )


def calendars(connection: Connection) -> dict[tuple[str, str], bool]:
    """Versions of calendars that were decided on, by id and version, and whether accepted."""
    statement = select(DECISION).where(DECISION.c.calendar.is_not(None)).order_by(DECISION.c.id)
    return {
        (row.calendar, row.calendar_version): row.decision == ACCEPTED
        for row in connection.execute(statement)
    }


def decided(connection: Connection, evidence_no: str | None = None) -> list[Row]:  # type: ignore[type-arg]
    """Rows of the decisions, all or on one number, newest first."""
    statement = select(DECISION).order_by(DECISION.c.id.desc())
    if evidence_no is not None:
        statement = statement.where(DECISION.c.evidence_no == evidence_no)
    return list(connection.execute(statement))


def add(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Append decisions."""
    connection.execute(insert(DECISION), [dict(row) for row in rows])


def seen(connection: Connection, card_nos: Collection[str]) -> frozenset[str]:
    """Those of these cards of which somebody has seen that they fell."""
    found: set[str] = set()
    numbers = sorted(card_nos)
    for start in range(0, len(numbers), _CHUNK):
        part = numbers[start : start + _CHUNK]
        found.update(
            connection.execute(select(SEEN.c.card_no).where(SEEN.c.card_no.in_(part))).scalars()
        )
    return frozenset(found)


def see(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Append that cards were seen which fell by evidence."""
    connection.execute(insert(SEEN), [dict(row) for row in rows])
