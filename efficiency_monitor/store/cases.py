"""Cases and events as values, as known at an instant; which cases a scan has to judge."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from ..core.continuing import Fact
from ..core.terms import Precision
from ..core.timeline import CaseRecord, Event, with_taken_kinds
from . import bulk
from .items import Items
from .tables import CaseFact, CaseRow, ClockRow, EventRow, EventWithdrawal

CASE = CaseRow.__table__  # type: ignore[attr-defined]
FACT = CaseFact.__table__  # type: ignore[attr-defined]
EVENT = EventRow.__table__  # type: ignore[attr-defined]
WITHDRAWN = EventWithdrawal.__table__  # type: ignore[attr-defined]
CLOCK = ClockRow.__table__  # type: ignore[attr-defined]
_CHUNK = 500
_T = TypeVar("_T")


def chunks(items: Sequence[_T], size: int = _CHUNK) -> Iterable[Sequence[_T]]:
    """Parts of at most `size`, so that statements stay within the engine's limits."""
    for at in range(0, len(items), size):
        yield items[at : at + size]


def withdrawn_by(known_by: int | None) -> ColumnElement[bool]:
    """Condition on an event: its source had withdrawn it by then (default: ever)."""
    withdrawn = exists().where(WITHDRAWN.c.event_id == EVENT.c.id)
    if known_by is not None:
        withdrawn = withdrawn.where(WITHDRAWN.c.received_at <= known_by)
    return withdrawn


def newest_facts(
    connection: Connection, case_ids: Sequence[int], known_by: int | None
) -> dict[int, dict[str, str]]:
    """Newest version of each case's fields received by `known_by` (default: ever).

    Newest is what was appended last: the clock may have been set back in between.
    """
    statement = select(FACT.c.case_id, FACT.c.fields).where(FACT.c.case_id.in_(case_ids))
    if known_by is not None:
        statement = statement.where(FACT.c.received_at <= known_by)
    newest = {}
    for row in connection.execute(statement.order_by(FACT.c.id)).all():
        newest[row.case_id] = row.fields
    return {case_id: json.loads(fields) for case_id, fields in newest.items()}


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case with the row id and revision under which it was read."""

    case_id: int
    revision: int
    record: CaseRecord


def read_cases(
    connection: Connection,
    case_ids: Sequence[int],
    *,
    known_by: int | None = None,
    stale: Collection[str] = (),
    torn: Collection[int] = (),
) -> list[StoredCase]:
    """Cases as known by an instant (default: all that was received), in the order of their ids.

    `stale` are the sources of which nothing newer is known (`services.intake.feeds.stale_sources`),
    `torn` the cases of which an import may have brought a part (`import_runs.torn_cases`).
    """
    stored: list[StoredCase] = []
    for part in chunks(sorted(case_ids)):
        rows = connection.execute(
            select(
                CASE.c.id,
                CASE.c.case_no,
                CASE.c.source,
                CASE.c.revision,
                CASE.c.default_calendar,
                CASE.c.first_received_at,
            )
            .where(CASE.c.id.in_(part))
            .order_by(CASE.c.id)
        ).all()
        fields = newest_facts(connection, list(part), known_by)
        codes = [code for own in fields.values() if (code := own.get("item_code"))]
        lent_by = Items(connection, codes, known_by)
        events = _read_events(connection, list(part), known_by)
        for row in rows:
            own = fields.get(row.id)
            if own is None and row.id not in events and known_by is not None:
                continue  # nothing of the case was known yet
            stated = own or {}
            lent = lent_by.lent(stated, row.first_received_at)
            record = CaseRecord(
                case_no=row.case_no,
                calendar=stated.get("calendar") or row.default_calendar,
                fields=stated | lent,
                events=tuple(events.get(row.id, ())),
                from_item=frozenset(lent),
                stale=row.source in stale,
                torn=row.id in torn,
            )
            stored.append(StoredCase(row.id, row.revision, record))
    return stored


def _read_events(
    connection: Connection, case_ids: Sequence[int], known_by: int | None
) -> dict[int, list[Event]]:
    statement = select(EVENT).where(EVENT.c.case_id.in_(case_ids), ~withdrawn_by(known_by))
    if known_by is not None:
        statement = statement.where(EVENT.c.received_at <= known_by)
    events: dict[int, list[Event]] = {}
    for row in connection.execute(
        statement.order_by(EVENT.c.case_id, EVENT.c.occurred_at, EVENT.c.id)
    ):
        events.setdefault(row.case_id, []).append(
            Event(
                key=row.event_key,
                type=row.type,
                occurred_at=row.occurred_at,
                precision=Precision(row.precision),
                recorded_at=row.recorded_at,
                entered_at=row.entered_at,
                received_at=row.received_at,
                stage=row.stage,
                actor=row.actor,
                department=row.department,
                kind=row.kind,
                amount=row.amount,
                due_at=row.due_at,
                due_precision=Precision(row.due_precision),
                reason=row.reason,
                source_key=row.source_key,
                attributes={} if row.attributes == "{}" else json.loads(row.attributes),
            )
        )
    return {case_id: with_taken_kinds(found) for case_id, found in events.items()}


def withdrawn_facts(
    connection: Connection, keys: Mapping[int, Sequence[str]]
) -> dict[int, dict[str, Fact]]:
    """What the withdrawn events of these keys told, by case and key (`core.continuing`)."""
    found: dict[int, dict[str, Fact]] = {}
    for part in chunks([(case_id, key) for case_id, some in keys.items() for key in some], 200):
        rows = connection.execute(
            select(
                EVENT.c.case_id,
                EVENT.c.event_key,
                EVENT.c.type,
                EVENT.c.occurred_at,
                EVENT.c.stage,
                EVENT.c.kind,
                EVENT.c.source_key,
            ).where(
                EVENT.c.case_id.in_(sorted({case_id for case_id, _ in part})),
                EVENT.c.event_key.in_(sorted({key for _, key in part})),
                withdrawn_by(None),
            )
        )
        for row in rows:
            if row.event_key in keys.get(row.case_id, ()):
                fact = (row.type, row.occurred_at, row.stage, row.kind, row.source_key)
                found.setdefault(row.case_id, {})[row.event_key] = fact
    return found


def find_case(connection: Connection, case_no: str) -> int | None:
    """Row id of a case, None where there is none of that number."""
    found = connection.execute(select(CASE.c.id).where(CASE.c.case_no == case_no)).scalar()
    return None if found is None else int(found)


def calendars_in_use(connection: Connection) -> list[str]:
    """Every calendar that a case has."""
    return list(connection.execute(select(CASE.c.calendar).distinct()).scalars())


def calendars_of(connection: Connection, case_nos: Sequence[str]) -> dict[str, str]:
    """The calendars of those of these cases that there are."""
    found: dict[str, str] = {}
    for part in chunks(list(dict.fromkeys(case_nos))):
        rows = connection.execute(
            select(CASE.c.case_no, CASE.c.calendar).where(CASE.c.case_no.in_(part))
        )
        found |= {row.case_no: row.calendar for row in rows}
    return found


def all_case_ids(connection: Connection) -> list[int]:
    """Row ids of every case."""
    return [row.id for row in connection.execute(select(CASE.c.id).order_by(CASE.c.id))]


def with_calendars(connection: Connection, calendars: Sequence[str]) -> list[int]:
    """Row ids of the cases that have one of these calendars."""
    rows = connection.execute(
        select(CASE.c.id).where(CASE.c.calendar.in_(list(calendars))).order_by(CASE.c.id)
    )
    return [row.id for row in rows]


def to_judge(connection: Connection, as_of: int, stale: Collection[str] = ()) -> list[int]:
    """Ids of cases that changed, of which a clock falls due before `as_of`, or whose source has
    become stale or fresh since they were judged, in order.

    Costs what is due: each part stands in a partial index.
    """
    rows = connection.execute(
        select(CASE.c.id)
        .where(CASE.c.id.in_(_waiting(as_of, stale)), _not_judged(as_of, stale))
        .order_by(CASE.c.id)
    )
    return list(rows.scalars())


def judged_later(connection: Connection, as_of: int, stale: Collection[str] = ()) -> int:
    """Cases that wait for a scan, but were judged as of an instant after this one."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(CASE)
            .where(CASE.c.id.in_(_waiting(as_of, stale)), CASE.c.judged_as_of > as_of)
        ).scalar_one()
    )


def _waiting(as_of: int, stale: Collection[str]) -> Select[tuple[int]]:
    changed = select(CASE.c.id).where(CASE.c.changed == 1)
    due = select(CLOCK.c.case_id).where(CLOCK.c.next_at.is_not(None), CLOCK.c.next_at < as_of)
    turned = [select(CASE.c.id).where(part) for part in _turned(stale)]
    return select(changed.union(due, *turned).subquery().c.id)


def _turned(stale: Collection[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Open cases whose source is stale and was fresh when they were judged, and the reverse."""
    names = sorted(stale)
    return (
        and_(CASE.c.open == 1, CASE.c.judged_stale == 0, CASE.c.source.in_(names)),
        and_(CASE.c.open == 1, CASE.c.judged_stale == 1, CASE.c.source.not_in(names)),
    )


def _not_judged(as_of: int, stale: Collection[str]) -> ColumnElement[bool]:
    """Whether a judgement as of an instant would say anything new of a case.

    A case is never judged as of an instant before its last judgement: that would undo cards. As of
    the same instant it is judged again only if something was received, or its source turned.
    """
    return or_(
        CASE.c.judged_as_of.is_(None),
        CASE.c.judged_as_of < as_of,
        and_(CASE.c.judged_as_of == as_of, or_(CASE.c.changed == 1, *_turned(stale))),
    )


def mark_changed(connection: Connection, calendars: Sequence[str] | None = None) -> int:
    """Mark every case, or those of some calendars, for the next scan; how many."""
    statement = update(CASE).values(changed=1, revision=CASE.c.revision + 1)
    if calendars is not None:
        statement = statement.where(CASE.c.calendar.in_(list(calendars)))
    return int(connection.execute(statement).rowcount)


def still_to_judge(
    connection: Connection, revisions: Mapping[int, int], as_of: int, stale: Collection[str] = ()
) -> frozenset[int]:
    """Of the cases read under these revisions, those that nobody has judged or changed since."""
    left: set[int] = set()
    for part in chunks(sorted(revisions)):
        due = exists().where(
            CLOCK.c.case_id == CASE.c.id, CLOCK.c.next_at.is_not(None), CLOCK.c.next_at < as_of
        )
        rows = connection.execute(
            select(CASE.c.id, CASE.c.revision).where(
                CASE.c.id.in_(part),
                or_(CASE.c.changed == 1, due, *_turned(stale)),
                _not_judged(as_of, stale),
            )
        )
        left.update(row.id for row in rows if row.revision == revisions[row.id])
    return frozenset(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a scan found of one case, as the store keeps it."""

    case_id: int
    outcome: str
    troubles: str
    open: bool
    stale: bool
    clocks: tuple[Mapping[str, object], ...]


def write_judged(connection: Connection, judged: Sequence[Judged], as_of: int) -> None:
    """Replace what the store keeps of the cases' clocks, and take them off the changed list."""
    for part in chunks([case.case_id for case in judged]):
        connection.execute(delete(CLOCK).where(CLOCK.c.case_id.in_(part)))
    rows = [{"case_id": case.case_id, **clock} for case in judged for clock in case.clocks]
    bulk.add(connection, CLOCK, rows)
    bulk.change(
        connection,
        CASE,
        [
            {
                "id": case.case_id,
                "outcome": case.outcome,
                "troubles": case.troubles,
                "open": int(case.open),
                "judged_stale": int(case.stale),
            }
            for case in judged
        ],
        {"changed": 0, "judged_as_of": as_of},
    )


def outcome_totals(connection: Connection, as_of: int) -> dict[str, int]:
    """Cases by outcome: the open ones and those that this scan has judged."""
    rows = connection.execute(
        select(CASE.c.outcome, func.count())
        .where(or_(CASE.c.open == 1, CASE.c.judged_as_of == as_of), CASE.c.outcome.is_not(None))
        .group_by(CASE.c.outcome)
    )
    return {row[0]: row[1] for row in rows}


def problems(connection: Connection, as_of: int) -> list[tuple[str, str]]:
    """Numbers and troubles (JSON) of the cases in `outcome_totals` that have any: those that could
    not be judged, and those of which something else is wrong."""
    rows = connection.execute(
        select(CASE.c.case_no, CASE.c.troubles)
        .where(
            CASE.c.troubles != "[]",
            CASE.c.outcome.is_not(None),
            or_(CASE.c.open == 1, CASE.c.judged_as_of == as_of),
        )
        .order_by(CASE.c.case_no)
    )
    return [(row.case_no, row.troubles) for row in rows]
