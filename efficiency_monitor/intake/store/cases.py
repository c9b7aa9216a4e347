"""Cases and events as values, as known at an instant; which cases a scan has to judge."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from ...cards.model.continuing import OF_FORMER_OWNER, Fact
from ...engine.timeline import CaseRecord, Event, FieldsVersion, with_taken_kinds
from ...faults import EffmonError
from ...i18n.messages import t
from ...records import bulk
from ...records.tables import (
    CardRow,
    CaseFact,
    CaseRow,
    ClockRow,
    EventRow,
    EventWithdrawal,
    ImportRow,
    Meta,
)
from ...terms import STANDING_STATES, Precision
from ..model.decide import alike
from . import evidence, owners
from .evidence import NOTHING, HeldBack
from .items import Items

__all__ = ["NOTHING", "HeldBack"]

CASE = CaseRow.__table__  # type: ignore[attr-defined]
IMPORT = ImportRow.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
FACT = CaseFact.__table__  # type: ignore[attr-defined]
EVENT = EventRow.__table__  # type: ignore[attr-defined]
WITHDRAWN = EventWithdrawal.__table__  # type: ignore[attr-defined]
CLOCK = ClockRow.__table__  # type: ignore[attr-defined]
META = Meta.__table__  # type: ignore[attr-defined]
#: Since when somebody has supervised, as a fact about the workspace: never changed, never removed.
SUPERVISED_FROM = "supervised_from"
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


class Unreadable(EffmonError):
    """A row of input that cannot be read: it was changed past effmon."""

    exit_code = 3

    def __init__(self, table: str, number: int) -> None:
        self.place = f"{table} {number}"
        super().__init__(
            t("row {number} of table {table} is unreadable", number=number, table=table),
            t("it was changed past effmon; see effmon ledger verify"),
        )


_CLOCK = ("rule_id", "episode", "state", "calendar", "next_at", "next_level", "limit_due_at")
#: Of a case: when a version of its fields was received, what it said, and its row id.
_Told = tuple[int, Mapping[str, str], int]


def _fact_versions(
    connection: Connection,
    case_ids: Sequence[int],
    known_by: int | None,
    leave_out: HeldBack,
    unreadable: dict[int, str],
) -> dict[int, list[_Told]]:
    """Every version of cases' own fields, in the order in which they were appended.

    Put into `unreadable` is each case with a row that effmon never writes so, and the row.
    """
    statement = select(FACT).where(FACT.c.case_id.in_(case_ids))
    if known_by is not None:
        statement = statement.where(FACT.c.received_at <= known_by)
    found: dict[int, list[_Told]] = {}
    for row in connection.execute(statement.order_by(FACT.c.id)):
        if row.id not in leave_out.facts:
            try:
                told = (row.received_at, fields_of(row), row.id)
            except Unreadable as fault:
                unreadable[row.case_id] = fault.place
                continue
            found.setdefault(row.case_id, []).append(told)
    return found


def supervised_from(connection: Connection) -> int | None:
    """Since when somebody has supervised in the workspace; None: nobody ever did."""
    found = connection.execute(select(META.c.value).where(META.c.name == SUPERVISED_FROM)).scalar()
    return None if found is None else int(found)


def note_supervised(connection: Connection, now: int) -> None:
    """Note that somebody supervises from now on, where nobody did before."""
    if supervised_from(connection) is None:
        connection.execute(insert(META).values(name=SUPERVISED_FROM, value=str(now)))


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case with the row id and revision under which it was read."""

    case_id: int
    revision: int
    record: CaseRecord
    #: To which source it belongs.
    source: str = ""
    #: The case with what is held back of it; None where nothing is.
    whole: CaseRecord | None = None


def read_cases(
    connection: Connection,
    case_ids: Sequence[int],
    *,
    known_by: int | None = None,
    stale: Collection[str] = (),
    torn: Collection[int] = (),
    leave_out: HeldBack = NOTHING,
) -> list[StoredCase]:
    """Cases as known by an instant (default: all that was received), in the order of their ids.

    `leave_out` is read as if it had not come.

    `stale` are the sources of which nothing newer is known (`intake.feeds.stale_sources`),
    `torn` the cases of which an import may have brought a part (`import_runs.torn_cases`).
    """
    stored: list[StoredCase] = []
    supervised = supervised_from(connection)
    for part in chunks(sorted(case_ids)):
        rows = connection.execute(
            select(
                CASE.c.id,
                CASE.c.case_no,
                CASE.c.source,
                CASE.c.revision,
                CASE.c.default_calendar,
            )
            .where(CASE.c.id.in_(part))
            .order_by(CASE.c.id)
        ).all()
        said = {
            case_id: evidence.standing(some, known_by)
            for case_id, some in evidence.of_cases(connection, list(part)).items()
        }
        without = _without(leave_out, said.values())
        unreadable: dict[int, str] = {}
        facts = _fact_versions(connection, list(part), known_by, without, unreadable)
        lent = _Lent(connection, facts, known_by, leave_out, said)
        events = _read_events(connection, list(part), known_by, without, unreadable)
        _count_as_accepted(events, said)
        versions = _versions_of(rows, facts, lent, said)
        first_told = _first_told(connection, list(versions), known_by)
        owned = owners.of_cases(connection, {row.id: row.source for row in rows}, known_by)
        for row in rows:
            owner = owned[row.id].owner
            told = facts.get(row.id)
            events_told = events.get(row.id, [])
            if told is None and known_by is not None and not _own(events_told, row.source, owner):
                continue  # nothing of the case was known yet, or only what another source adds
            own = told[-1][1] if told else {}
            from_item = lent.by(row.id).lent(own)
            record = CaseRecord(
                case_no=row.case_no,
                calendar=own.get("calendar") or row.default_calendar,
                fields={**own, **from_item},
                events=tuple(one.event for one in events_told),
                from_item=frozenset(from_item),
                stale=owner in stale,
                torn=row.id in torn,
                unheld=unreadable.get(row.id, ""),
                rowless=told is None and any(one.unplaced for one in events_told),
                versions=versions.get(row.id, ()),
                first_told=first_told.get(row.id, {}),
                supervised_from=supervised,
            )
            stored.append(StoredCase(row.id, row.revision, record, owner))
    return stored


def _versions_of(
    rows: Sequence[Any],
    facts: Mapping[int, Sequence[_Told]],
    lent: "_Lent",
    said: Mapping[int, evidence.Standing],
) -> dict[int, tuple[FieldsVersion, ...]]:
    """The versions of some cases' fields, of those that have several."""
    found = {
        row.id: _versions(
            facts.get(row.id, ()),
            lent.by(row.id),
            row.default_calendar,
            said.get(row.id, evidence.Standing()).accepted,
        )
        for row in rows
    }
    return {case_id: versions for case_id, versions in found.items() if versions}


class _Lent:
    """What items lend to some cases; to one of whose evidence on items was decided on, by that."""

    def __init__(
        self,
        connection: Connection,
        facts: Mapping[int, Sequence[_Told]],
        known_by: int | None,
        leave_out: HeldBack,
        said: Mapping[int, evidence.Standing],
    ) -> None:
        codes = {
            case_id: {code for _, own, _ in told if (code := own.get("item_code"))}
            for case_id, told in facts.items()
        }
        self._all = Items(connection, set().union(*codes.values()), known_by, leave_out.items)
        self._own = {
            case_id: Items(
                connection,
                codes.get(case_id, ()),
                known_by,
                leave_out.items | standing.rejected.items,
            )
            for case_id, standing in said.items()
            if standing.rejected.items
        }

    def by(self, case_id: int) -> Items:
        """The items as this case has them."""
        return self._own.get(case_id, self._all)


def _without(leave_out: HeldBack, said: Iterable[evidence.Standing]) -> HeldBack:
    """What is left out of events, withdrawals and fields: also what persons rejected."""
    for standing in said:
        leave_out |= replace(standing.rejected, items=frozenset())
    return leave_out


def _count_as_accepted(
    events: dict[int, list["Told"]], said: Mapping[int, evidence.Standing]
) -> None:
    """Let accepted events count as received when they were accepted."""
    for case_id, standing in said.items():
        if not standing.accepted:
            continue
        events[case_id] = [
            replace(one, event=replace(one.event, received_at=at))
            if (at := standing.accepted.get(("event", one.row))) is not None
            else one
            for one in events.get(case_id, [])
        ]


def _versions(
    told: Sequence[_Told],
    lent_by: Items,
    default_calendar: str,
    accepted: Mapping[tuple[str, int], int],
) -> tuple[FieldsVersion, ...]:
    """What a case's fields were, its item's among them, from each instant on at which one changed;
    nothing where they never did."""
    if not told or (len(told) == 1 and not _lent_later(told[0], lent_by)):
        return ()
    found: list[FieldsVersion] = []
    since = told[0][0]
    for place, (received, own, row_id) in enumerate(told):
        # Newest is what was appended last: the clock may have been set back in between.
        since = max(since, received)
        until = told[place + 1][0] if place + 1 < len(told) else None
        later = {
            at
            for at in lent_by.instants(own.get("item_code"))
            if at > since and (until is None or at < until)
        }
        for at in (since, *sorted(later)):
            fields = {**own, **lent_by.lent(own, by=at)}
            rows: tuple[tuple[str, int], ...] = (("case_fact", row_id),)
            if at in later:
                items = lent_by.rows_at(own.get("item_code"), at)
                rows = tuple(("item_fact", number) for number in items)
            version = FieldsVersion(
                received_at=at,
                calendar=own.get("calendar") or default_calendar,
                fields=fields,
                rows=rows,
                accepted_at=max(accepted[each] for each in rows)
                if rows and all(each in accepted for each in rows)
                else None,
            )
            if not found or (found[-1].fields, found[-1].calendar) != (fields, version.calendar):
                found.append(version)
    return tuple(found) if len(found) > 1 else ()


def _lent_later(told: _Told, lent_by: Items) -> bool:
    """Whether something was received of the case's item after its only version."""
    received, own, _ = told
    return any(at > received for at in lent_by.instants(own.get("item_code")))


def _first_told(
    connection: Connection, case_ids: Sequence[int], known_by: int | None
) -> dict[int, dict[str, int]]:
    """Of events that were told before, as the same row or the same fact: when they were first."""
    found: dict[int, dict[str, int]] = {}
    for part in chunks(case_ids):
        statement = select(
            EVENT.c.case_id,
            EVENT.c.event_key,
            EVENT.c.identity,
            EVENT.c.type,
            EVENT.c.occurred_at,
            EVENT.c.stage,
            EVENT.c.kind,
            EVENT.c.received_at,
            EVENT.c.precision,
            EVENT.c.source,
        ).where(EVENT.c.case_id.in_(part))
        if known_by is not None:
            statement = statement.where(EVENT.c.received_at <= known_by)
        first: dict[tuple[object, ...], int] = {}
        rows = connection.execute(statement.order_by(EVENT.c.id)).all()
        for row in rows:
            for told in _same(row):
                first[told] = min(row.received_at, first.get(told, row.received_at))
        other = _told_by_another(rows)
        for row in rows:
            at = min([*(first[told] for told in _same(row)), *other(row)])
            if at < row.received_at:
                found.setdefault(row.case_id, {})[row.event_key] = at
    return found


def _told_by_another(rows: Sequence[Any]) -> Callable[[Any], list[int]]:
    """When another source told the same fact less or more exactly: since a hand-over the present
    owner tells again what the former one said."""
    several: dict[tuple[object, ...], list[Any]] = {}
    for row in rows:
        several.setdefault((row.case_id, row.type, row.stage, row.kind), []).append(row)

    def found(row: Any) -> list[int]:
        return [
            each.received_at
            for each in several[row.case_id, row.type, row.stage, row.kind]
            if each.source != row.source and _alike(each, row)
        ]

    return found


def _alike(one: Any, other: Any) -> bool:
    try:
        precisions = Precision(one.precision), Precision(other.precision)
    except ValueError:
        return False
    return alike((precisions[0], one.occurred_at), (precisions[1], other.occurred_at))


def _same(row: Any) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What tells that two events are one: the row of the source, or what they say happened."""
    fact = row.case_id, row.type, row.occurred_at, row.stage, row.kind
    return (row.case_id, row.identity), fact


def _read_events(
    connection: Connection,
    case_ids: Sequence[int],
    known_by: int | None,
    leave_out: HeldBack,
    unreadable: dict[int, str],
) -> dict[int, list["Told"]]:
    gone = withdrawn_by(known_by)
    back = _not_said_otherwise(connection, leave_out, known_by)
    if back:
        gone = and_(gone, EVENT.c.id.not_in(sorted(back)))
    statement = select(EVENT).where(EVENT.c.case_id.in_(case_ids), ~gone)
    if known_by is not None:
        # What waited for the row of its case was read when that came.
        statement = statement.where(
            func.coalesce(EVENT.c.written_at, EVENT.c.received_at) <= known_by
        )
    events: dict[int, list[Told]] = {}
    seen: set[tuple[int, str]] = set()
    for row in connection.execute(
        statement.order_by(EVENT.c.case_id, EVENT.c.occurred_at, EVENT.c.id)
    ):
        if row.id in leave_out.events:
            continue
        # Two sources may say the same: it is one event, for as long as one of them says so.
        if (row.case_id, row.event_key) in seen:
            continue
        seen.add((row.case_id, row.event_key))
        try:
            events.setdefault(row.case_id, []).append(told_of(row))
        except Unreadable as fault:
            unreadable[row.case_id] = fault.place
    for found in events.values():
        taken = with_taken_kinds([one.event for one in found])
        found[:] = [replace(one, event=event) for one, event in zip(found, taken, strict=True)]
    return events


def _not_said_otherwise(
    connection: Connection, leave_out: HeldBack, known_by: int | None
) -> frozenset[int]:
    """The events whose withdrawal is left out, but for those of which their source has said
    something again that counts: a row of the same identity, or that such a row is withdrawn."""
    if not leave_out.withdrawals:
        return frozenset()
    later = EVENT.alias()
    there: list[ColumnElement[bool]] = [
        later.c.case_id == EVENT.c.case_id,
        later.c.identity == EVENT.c.identity,
        later.c.source == EVENT.c.source,
        later.c.id > EVENT.c.id,
    ]
    withdrawn = exists().where(
        WITHDRAWN.c.event_id == later.c.id,
        WITHDRAWN.c.event_id.not_in(sorted(leave_out.withdrawals)),
    )
    if known_by is not None:
        there.append(func.coalesce(later.c.written_at, later.c.received_at) <= known_by)
        withdrawn = withdrawn.where(WITHDRAWN.c.received_at <= known_by)
    counts = or_(later.c.id.not_in(sorted(leave_out.events)), withdrawn)
    again = select(EVENT.c.id).where(
        EVENT.c.id.in_(sorted(leave_out.withdrawals)), exists().where(*there, counts)
    )
    return leave_out.withdrawals - frozenset(connection.execute(again).scalars())


@dataclass(frozen=True, slots=True)
class Told:
    """An event, the source that said so, whether the zone of its case was unknown, its row id."""

    event: Event
    source: str
    unplaced: bool
    row: int = 0


def told_of(row: Any) -> Told:
    """A row of events as a value; Unreadable where effmon never wrote it so."""
    try:
        return Told(_event(row), row.source, bool(row.unplaced), row.id)
    except (ValueError, TypeError):
        raise Unreadable("event", row.id) from None


def fields_of(row: Any) -> dict[str, str]:
    """What a row says of a case's own fields; Unreadable where effmon never wrote it so."""
    try:
        return dict(json.loads(row.fields))
    except (ValueError, TypeError):
        raise Unreadable("case_fact", row.id) from None


def _own(told: Sequence[Told] | None, *owners: str) -> bool:
    return any(one.source in owners for one in told or ())


def _event(row: Any) -> Event:
    return Event(
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


def withdrawn_facts(
    connection: Connection, keys: Mapping[int, Sequence[str]]
) -> dict[int, dict[str, Fact]]:
    """What the withdrawn events of these keys told, by case and key (`cards.model.continuing`)."""
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
                EVENT.c.precision,
                (EVENT.c.source != IMPORT.c.source).label("by_another"),
            )
            .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
            .outerjoin(IMPORT, IMPORT.c.id == WITHDRAWN.c.import_id)
            .where(
                EVENT.c.case_id.in_(sorted({case_id for case_id, _ in part})),
                EVENT.c.event_key.in_(sorted({key for _, key in part})),
            )
        )
        for row in rows:
            if row.event_key in keys.get(row.case_id, ()):
                source_key = row.source_key
                if row.by_another:
                    source_key = OF_FORMER_OWNER[Precision(row.precision)]
                fact = (row.type, row.occurred_at, row.stage, row.kind, source_key)
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
    rows = connection.execute(select(CASE.c.id).where(_have(calendars)).order_by(CASE.c.id))
    return [row.id for row in rows]


def _have(calendars: Sequence[str]) -> ColumnElement[bool]:
    """Condition on a case: it has one of these calendars, or a clock of it runs by one."""
    names = list(calendars)
    bound = select(CLOCK.c.case_id).where(CLOCK.c.calendar.in_(names))
    return or_(CASE.c.calendar.in_(names), CASE.c.id.in_(bound))


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
        and_(CASE.c.open == 1, CASE.c.judged_stale == 0, CASE.c.owner.in_(names)),
        and_(CASE.c.open == 1, CASE.c.judged_stale == 1, CASE.c.owner.not_in(names)),
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
        statement = statement.where(_have(calendars))
    return int(connection.execute(statement).rowcount)


def open_part(connection: Connection, part: int, parts: int, ends: Sequence[str]) -> list[int]:
    """Ids of one of so many equal parts of all open cases and those with a card before closed.

    A case is open where it is called so, or no event of the types `ends` stands. Costs a pass over
    the cases' numbers, and a look at the events of its part.
    """
    here = CASE.c.id % parts == part
    ended = exists().where(
        EVENT.c.case_id == CASE.c.id, EVENT.c.type.in_(list(ends)), ~withdrawn_by(None)
    )
    with_card = select(CARD.c.case_id).where(
        CARD.c.state.in_([str(state) for state in STANDING_STATES]),
        CARD.c.case_id.is_not(None),
        CARD.c.case_id % parts == part,
    )
    statement = select(CASE.c.id).where(
        here, or_(CASE.c.open == 1, CASE.c.id.in_(with_card), ~ended)
    )
    return list(connection.execute(statement.order_by(CASE.c.id)).scalars())


def clock_key(clock: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a clock is, without its row's number."""
    return tuple(clock[name] for name in _CLOCK)


def stood(
    connection: Connection, case_ids: Sequence[int]
) -> dict[int, tuple[str | None, frozenset[tuple[Any, ...]]]]:
    """Outcome and clocks of cases as they stand."""
    clocks: dict[int, set[tuple[Any, ...]]] = {}
    outcomes: dict[int, str | None] = {}
    for part in chunks(case_ids):
        for row in connection.execute(select(CLOCK).where(CLOCK.c.case_id.in_(part))).mappings():
            clocks.setdefault(row["case_id"], set()).add(tuple(row[name] for name in _CLOCK))
        told = connection.execute(select(CASE.c.id, CASE.c.outcome).where(CASE.c.id.in_(part)))
        outcomes |= {row.id: row.outcome for row in told}
    return {
        case_id: (outcome, frozenset(clocks.get(case_id, ())))
        for case_id, outcome in outcomes.items()
    }


def still_to_judge(
    connection: Connection,
    revisions: Mapping[int, int],
    as_of: int,
    stale: Collection[str] = (),
    also: Collection[int] = (),
) -> frozenset[int]:
    """Of the cases read under these revisions, those that nobody has judged or changed since.

    `also` are judged although nothing wakes them.
    """
    left: set[int] = set()
    for part in chunks(sorted(revisions)):
        due = exists().where(
            CLOCK.c.case_id == CASE.c.id, CLOCK.c.next_at.is_not(None), CLOCK.c.next_at < as_of
        )
        rows = connection.execute(
            select(CASE.c.id, CASE.c.revision).where(
                CASE.c.id.in_(part),
                or_(CASE.c.changed == 1, due, *_turned(stale), CASE.c.id.in_(list(also))),
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
    #: Whether a correction waits; numbers of the cards that held-back evidence would lift, as JSON.
    waits: bool
    contested: str
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
                "waits": int(case.waits),
                "contested": case.contested,
                **_waking(case.clocks),
            }
            for case in judged
        ],
        {"changed": 0, "judged_as_of": as_of},
    )


def _waking(clocks: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """What a case remembers of the clocks that are to wake it: `clocks_lost` compares."""
    wakes = [at for clock in clocks if isinstance(at := clock["next_at"], int)]
    return {"clocks": len(wakes), "clock_mark": sum(wakes)}


def clocks_lost(connection: Connection) -> list[tuple[int, str]]:
    """Ids and numbers of cases whose clocks are not those that their last judgement left.

    Of clocks without a next instant nothing is asked: they wake nobody. One pass over two partial
    indexes, whatever is due.
    """
    left = select(CASE.c.id, CASE.c.clocks.label("n"), CASE.c.clock_mark.label("sum")).where(
        CASE.c.clocks > 0
    )
    there = select(CLOCK.c.case_id, literal(-1), -CLOCK.c.next_at).where(
        CLOCK.c.next_at.is_not(None)
    )
    both = left.union_all(there).subquery()
    odd = (
        select(both.c.id)
        .group_by(both.c.id)
        .having(or_(func.sum(both.c.n) != 0, func.sum(both.c.sum) != 0))
    )
    rows = connection.execute(
        select(CASE.c.id, CASE.c.case_no).where(CASE.c.id.in_(odd)).order_by(CASE.c.id)
    )
    return [(row.id, row.case_no) for row in rows]


def closed_and_running(connection: Connection) -> list[str]:
    """Numbers of cases that are marked closed while a clock of theirs has not stopped."""
    running = exists().where(
        CLOCK.c.case_id == CASE.c.id, CLOCK.c.rule_id != "", CLOCK.c.state != "stopped"
    )
    statement = select(CASE.c.case_no).where(CASE.c.open == 0, CASE.c.changed == 0, running)
    return list(connection.execute(statement.order_by(CASE.c.case_no)).scalars())


def mark(connection: Connection, case_ids: Collection[int]) -> None:
    """Let the next scan judge these cases."""
    for part in chunks(sorted(case_ids)):
        connection.execute(
            update(CASE).where(CASE.c.id.in_(part)).values(changed=1, revision=CASE.c.revision + 1)
        )


def judged_after(connection: Connection, after: int) -> bool:
    """Whether a case was judged as of an instant later than this one."""
    found = select(CASE.c.id).where(CASE.c.judged_as_of > after).limit(1)
    return connection.execute(found).first() is not None


def judge_anew(connection: Connection, after: int) -> int:
    """Let the next scan judge the cases that were judged as of a later instant; how many."""
    return connection.execute(
        update(CASE)
        .where(CASE.c.judged_as_of > after)
        .values(judged_as_of=None, changed=1, revision=CASE.c.revision + 1)
    ).rowcount


def troubled(connection: Connection, reason: str) -> list[int]:
    """Ids of the cases that were not judged for a reason."""
    statement = select(CASE.c.id).where(
        CASE.c.outcome == "not_judgeable", CASE.c.troubles.contains(f'"{reason}"')
    )
    return list(connection.execute(statement.order_by(CASE.c.id)).scalars())


def mark_troubled(connection: Connection, reason: str) -> None:
    """Let the next scan judge the cases that were not judged for a reason."""
    connection.execute(
        update(CASE)
        .where(CASE.c.outcome == "not_judgeable", CASE.c.troubles.contains(f'"{reason}"'))
        .values(changed=1, revision=CASE.c.revision + 1)
    )


def outcome_totals(connection: Connection, as_of: int) -> dict[str, int]:
    """Cases by outcome: the open ones and those that this scan has judged."""
    rows = connection.execute(
        select(CASE.c.outcome, func.count())
        .where(or_(CASE.c.open == 1, CASE.c.judged_as_of == as_of), CASE.c.outcome.is_not(None))
        .group_by(CASE.c.outcome)
    )
    return {row[0]: row[1] for row in rows}


def with_waiting(connection: Connection) -> list[str]:
    """Numbers of the cases of which a correction waits, sorted."""
    rows = connection.execute(select(CASE.c.case_no).where(CASE.c.waits == 1))
    return sorted(rows.scalars())


def contested_cards(connection: Connection) -> list[str]:
    """Numbers of the cards that stand though evidence that is held back would lift them, sorted."""
    rows = connection.execute(select(CASE.c.contested).where(CASE.c.contested != "[]"))
    return sorted(card_no for text in rows.scalars() for card_no in json.loads(text))


def with_evidence(connection: Connection) -> list[int]:
    """Ids of the cases of which evidence was held back, or a correction waited, when they were
    judged last."""
    statement = select(CASE.c.id).where(or_(CASE.c.contested != "[]", CASE.c.waits == 1))
    return list(connection.execute(statement.order_by(CASE.c.id)).scalars())


def numbers_and_fields(
    connection: Connection, case_ids: Sequence[int]
) -> dict[int, tuple[str, dict[str, str]]]:
    """Numbers and newest fields of cases, by id."""
    newest = newest_facts(connection, case_ids, None)
    rows = connection.execute(select(CASE.c.id, CASE.c.case_no).where(CASE.c.id.in_(case_ids)))
    return {row.id: (row.case_no, newest.get(row.id, {})) for row in rows}


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
