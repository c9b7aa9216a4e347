"""Which source owns a case: the first that brought a row of it, and since hand-overs another.

What `case_file.owner` says is a copy for lists and conditions; who decides asks here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.engine import Row

from ...records.handover_table import SourceHandoverRow
from ...records.tables import CaseRow

HANDOVER = SourceHandoverRow.__table__  # type: ignore[attr-defined]
CASE = CaseRow.__table__  # type: ignore[attr-defined]
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owns a case, and who did before, the first one first."""

    owner: str
    former: tuple[str, ...] = ()
    #: When it was last handed over, epoch seconds.
    since: int = 0

    def speaks_of(self, source: str, received_at: int) -> bool:
        """Whether a source goes on speaking of what it said then: not of what it said as a former
        owner, which the present one corrects in its place."""
        return self.owner == source or source not in self.former or received_at > self.since


def of_cases(
    connection: Connection, sources: Mapping[int, str], known_by: int | None = None
) -> dict[int, Owned]:
    """Owners of cases by their ids, given the sources that first brought them.

    As known by an instant (default: now). The same source twice is no former owner of itself.
    """
    chains = {case_id: [source] for case_id, source in sources.items()}
    since: dict[int, int] = {}
    for row in about(connection, sources, known_by):
        meant = [row.case_id] if row.case_id is not None else sources
        for case_id in meant:
            chain = chains.get(case_id)
            if chain is None or chain[-1] != row.from_source:
                continue
            if row.case_id is not None or case_id <= row.upto_case:
                chain.append(row.to_source)
                since[case_id] = row.at
    return {
        case_id: Owned(
            chain[-1],
            tuple(each for each in chain[:-1] if each != chain[-1]),
            since.get(case_id, 0),
        )
        for case_id, chain in chains.items()
    }


def about(
    connection: Connection, case_ids: Collection[int], known_by: int | None = None
) -> Iterator[Row[Any]]:
    """Hand-overs that may be about these cases, in their order."""
    found: dict[int, Row[Any]] = {}
    for at in range(0, len(case_ids), _CHUNK):
        part = sorted(case_ids)[at : at + _CHUNK]
        statement = select(HANDOVER).where(
            or_(HANDOVER.c.case_id.is_(None), HANDOVER.c.case_id.in_(part))
        )
        if known_by is not None:
            statement = statement.where(HANDOVER.c.at <= known_by)
        found |= {row.id: row for row in connection.execute(statement)}
    yield from (found[number] for number in sorted(found))


def listed(connection: Connection) -> list[Row[Any]]:
    """All hand-overs, in their order."""
    return list(connection.execute(select(HANDOVER).order_by(HANDOVER.c.id)))


def owned(connection: Connection, source: str, case_id: int | None = None) -> list[int]:
    """Ids of the cases that a source owns; of one case, that one if it does."""
    statement = select(CASE.c.id).where(CASE.c.owner == source)
    if case_id is not None:
        statement = statement.where(CASE.c.id == case_id)
    return list(connection.execute(statement.order_by(CASE.c.id)).scalars())


def hand_over(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write hand-overs, and let the cases be judged as their new owner's."""
    for row in rows:
        connection.execute(insert(HANDOVER).values(**row))
        mine = CASE.c.id == row["case_id"]
        if row["case_id"] is None:
            mine = CASE.c.id <= row["upto_case"]
        connection.execute(
            update(CASE)
            .where(mine, CASE.c.owner == row["from_source"])
            .values(
                owner=row["to_source"],
                changed=1,
                revision=CASE.c.revision + 1,
                vanished_at=None,
            )
        )
