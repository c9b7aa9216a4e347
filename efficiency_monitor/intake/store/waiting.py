"""What sources add to cases that are not there yet. It becomes events when a case's own row comes,
received when its own import brought it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, func, select, tuple_

from ...records import bulk
from ...records.tables import WaitingEvent
from ...terms import Precision
from ..model.decide import RowDecision
from ..model.statements import EventFacts
from .cases import chunks

WAITING = WaitingEvent.__table__  # type: ignore[attr-defined]
_KEPT: Final = (
    "type", "occurred_at", "precision", "recorded_at", "stage", "actor", "department", "kind",
    "amount", "due_at", "due_precision", "reason", "source_key", "attributes", "wall", "unplaced",
    "entered_at",
)  # fmt: skip
_values: Final = attrgetter(*_KEPT)
_PAIRS: Final = 400


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits, and where it came from."""

    event: EventFacts
    source: str
    received_at: int
    import_id: str
    file: int | None


def live(
    connection: Connection, source: str, wanted: Sequence[tuple[str, str]]
) -> dict[str, dict[str, str]]:
    """Keys of what a source has waiting, by case number and identity, of these pairs of both."""
    found: dict[str, dict[str, str]] = {}
    for pairs in chunks(list(dict.fromkeys(wanted)), _PAIRS):
        newest = (
            select(func.max(WAITING.c.id))
            .where(
                WAITING.c.source == source, tuple_(WAITING.c.case_no, WAITING.c.identity).in_(pairs)
            )
            .group_by(WAITING.c.case_no, WAITING.c.identity)
        )
        asked = select(WAITING.c.case_no, WAITING.c.identity, WAITING.c.event_key)
        for row in connection.execute(asked.where(WAITING.c.id.in_(newest))):
            if row.event_key:
                found.setdefault(row.case_no, {})[row.identity] = row.event_key
    return found


def put(
    connection: Connection,
    decisions: Sequence[RowDecision],
    *,
    source: str,
    received_at: int,
    import_id: str,
    places: Mapping[str, int],
) -> None:
    """Let what these decisions add wait for its cases."""
    rows: list[dict[str, object]] = []
    for one in decisions:
        gone = [change.identity for change in one.withdrawals if change.replaced_by is None]
        told: list[tuple[str, str, dict[str, Any]]] = [(name, "", {}) for name in gone]
        told += [(event.identity, event.key, _plain(event)) for event in one.events]
        rows += [
            {
                "case_no": one.row.case_no,
                "source": source,
                "identity": identity,
                "event_key": key,
                "content": json.dumps(content, ensure_ascii=False, sort_keys=True),
                "received_at": received_at,
                "import_id": import_id,
                "file": places.get(one.row.file),
            }
            for identity, key, content in told
        ]
    bulk.add(connection, WAITING, rows)


def of_cases(connection: Connection, case_nos: Sequence[str]) -> dict[str, list[Waiting]]:
    """What waits for these cases, the newest that each source has said, in its order."""
    found: dict[str, dict[tuple[str, str], Waiting | None]] = {}
    for part in chunks(case_nos):
        rows = connection.execute(
            select(WAITING).where(WAITING.c.case_no.in_(part)).order_by(WAITING.c.id)
        )
        for row in rows:
            mine = found.setdefault(row.case_no, {})
            mine.pop((row.source, row.identity), None)
            mine[row.source, row.identity] = _waiting(row) if row.event_key else None
    return {
        case_no: [one for one in each.values() if one is not None]
        for case_no, each in found.items()
    }


def _plain(event: EventFacts) -> dict[str, Any]:
    plain = dict(zip(_KEPT, _values(event), strict=True))
    return plain | {
        "precision": str(event.precision),
        "due_precision": str(event.due_precision),
        "attributes": dict(event.attributes),
    }


def _waiting(row: Any) -> Waiting:
    plain = json.loads(row.content)
    plain["precision"] = Precision(plain["precision"])
    plain["due_precision"] = Precision(plain["due_precision"])
    identity = "" if row.identity == row.event_key else row.identity
    event = EventFacts(case_no=row.case_no, identity=identity, **plain)
    return Waiting(event, row.source, row.received_at, row.import_id, row.file)
