"""What was received: appended to the cases, never changed; each statement is made once a batch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.sql.selectable import ScalarSelect, TableValuedAlias

from ...people.store import personal
from ...records import bulk
from ...records.set_aside_table import SetAsideRow
from ...records.tables import RowVersionRow
from ...terms import Precision
from ..model.decide import KnownCase, RowDecision, RowResult, Withdrawal
from ..model.statements import EventFacts, RowFacts, RowVersion, digest
from ..model.wall_times import moved
from . import items, owners, waiting
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks, newest_facts, withdrawn_by

SET_ASIDE = SetAsideRow.__table__  # type: ignore[attr-defined]
REMEMBERED = RowVersionRow.__table__  # type: ignore[attr-defined]
#: Pairs of a case and a digest that are asked for at once.
_PAIRS: Final = 400
_SAME = EVENT.alias()
#: How often the case has had the event's content before is counted where it is written.
_INSERT_EVENT: Final = insert(EVENT).values(
    generation=select(func.count())
    .select_from(_SAME)
    .where(_SAME.c.case_id == bindparam("b_case"), _SAME.c.event_key == bindparam("b_key"))
    .scalar_subquery()
)


def known_cases(
    connection: Connection, rows: Sequence[RowFacts], source: str
) -> dict[str, KnownCase]:
    """What the store knows of the rows' cases, for `intake.model.decide.decide`.

    Of their events only those that the rows may be about, and that their source has said: a case
    may have very many.
    """
    numbers: dict[str, int] = {}
    sources: dict[int, str] = {}
    wanted_nos = list(dict.fromkeys(row.case_no for row in rows if row.case_no))
    for part in chunks(wanted_nos):
        for row in connection.execute(
            select(CASE.c.case_no, CASE.c.id, CASE.c.source).where(CASE.c.case_no.in_(part))
        ):
            numbers[row.case_no] = row.id
            sources[row.id] = row.source
    owned = owners.of_cases(connection, sources)
    fields: dict[int, dict[str, str]] = {}
    for ids in chunks(list(numbers.values())):
        fields |= newest_facts(connection, ids, None)
    live: dict[int, dict[str, str]] = {}
    for column, wanted in _asked(rows, numbers):
        for pairs in chunks(wanted, _PAIRS):
            found = connection.execute(
                select(
                    EVENT.c.case_id, EVENT.c.identity, EVENT.c.event_key, EVENT.c.received_at
                ).where(
                    tuple_(EVENT.c.case_id, column).in_(pairs),
                    EVENT.c.source == source,
                    ~withdrawn_by(None),
                )
            )
            for case_id, identity, key, at in found.all():
                if owned[case_id].speaks_of(source, at):
                    live.setdefault(case_id, {})[identity] = key
    former = {
        case_id: own.former for case_id, own in owned.items() if own.former and own.owner == source
    }
    told = _told_before(connection, former, source)
    known = {
        case_no: KnownCase(
            fields.get(case_id),
            live.get(case_id, {}),
            owned[case_id].owner,
            *told.get(case_id, ((), ())),
        )
        for case_no, case_id in numbers.items()
    }
    if len(known) < len(wanted_nos):
        names = [
            (row.case_no, name)
            for row in rows
            if row.case_no and row.case_no not in known
            for name in (*(event.identity for event in row.events), *row.absent)
        ]
        for case_no, keys in waiting.live(connection, source, names).items():
            known[case_no] = KnownCase(None, keys)
    return known


def _told_before(
    connection: Connection, former: Mapping[int, Sequence[str]], source: str
) -> dict[int, tuple[tuple[EventFacts, ...], tuple[EventFacts, ...]]]:
    """The live events of cases that were handed over to a source: its own, and those of their
    former owners, in whose place it speaks."""
    own: dict[int, list[EventFacts]] = {}
    inherited: dict[int, list[EventFacts]] = {}
    for part in chunks(sorted(former)):
        rows = connection.execute(
            select(EVENT, CASE.c.case_no)
            .join(CASE, CASE.c.id == EVENT.c.case_id)
            .where(EVENT.c.case_id.in_(part), ~withdrawn_by(None))
            .order_by(EVENT.c.id)
        )
        for row in rows:
            if row.source == source:
                own.setdefault(row.case_id, []).append(_facts(row))
            elif row.source in former[row.case_id]:
                inherited.setdefault(row.case_id, []).append(_facts(row))
    return {
        case_id: (tuple(own.get(case_id, ())), tuple(inherited.get(case_id, ())))
        for case_id in former
    }


def _asked(
    rows: Sequence[RowFacts], numbers: Mapping[str, int]
) -> Iterator[tuple[ColumnElement[str], list[tuple[int, str]]]]:
    """Which events of which cases are asked for: by their identities, and by their contents."""
    identities: dict[tuple[int, str], None] = {}
    keys: dict[tuple[int, str], None] = {}
    for row in rows:
        case_id = numbers.get(row.case_no)
        if case_id is None:
            continue
        for event in row.events:
            identities[case_id, event.identity] = None
            if event.identity != event.key:
                keys[case_id, event.key] = None
        for identity in row.absent:
            identities[case_id, identity] = None
    yield EVENT.c.identity, list(identities)
    yield EVENT.c.event_key, list(keys)


def remembered_rows(connection: Connection, row_keys: Sequence[str]) -> dict[str, RowVersion]:
    """What is remembered of rows, by their keys, for `intake.model.decide.decide`."""
    found: dict[str, RowVersion] = {}
    for part in chunks(list(dict.fromkeys(row_keys))):
        rows = connection.execute(select(REMEMBERED).where(REMEMBERED.c.row_key.in_(part)))
        found |= {row.row_key: RowVersion(row.version, row.content_digest) for row in rows}
    return found


def _remember(connection: Connection, decisions: Sequence[RowDecision]) -> None:
    """Keep which versions were taken, also of rows that changed nothing."""
    newest = {
        key: (decision.row.case_no, kept) for decision in decisions for key, kept in decision.kept()
    }
    if not newest:
        return
    numbers: dict[str, int] = {}
    for part in chunks(list(dict.fromkeys(case_no for case_no, _ in newest.values()))):
        rows = connection.execute(select(CASE.c.id, CASE.c.case_no).where(CASE.c.case_no.in_(part)))
        numbers |= {row.case_no: row.id for row in rows}
    for part in chunks(list(newest)):
        connection.execute(delete(REMEMBERED).where(REMEMBERED.c.row_key.in_(part)))
    connection.execute(
        insert(REMEMBERED),
        [
            {
                "row_key": key,
                # None of an item's row, and of one that says that an unknown case is gone.
                "case_id": numbers.get(case_no),
                "version": kept.version,
                "content_digest": kept.content,
            }
            for key, (case_no, kept) in newest.items()
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """By which import rows came: of which source, received when, from which files in its list."""

    import_id: str
    received_at: int
    source: str
    places: Mapping[str, int]
    #: Zone of a calendar, None where there is none of that name.
    zone_of: Callable[[str], str | None]
    #: Whether a source may add events of a type to the cases of this one.
    welcomes: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An event that waited and could not be taken when the row of its case came."""

    event: EventFacts
    source: str
    received_at: int
    #: Whether its source may add nothing to the case; else its time never occurs there.
    foreign: bool


def append_rows(
    connection: Connection,
    decisions: Sequence[RowDecision],
    told: Told,
    *,
    default_calendar: str,
    personal_values: Mapping[personal.NewValue, tuple[bytes, str]] = MappingProxyType({}),
) -> list[Unplaced]:
    """Append what the decisions add: fields, events, withdrawals, facts of items; mark the cases
    changed that they touch. `personal_values` are salts and values behind the fields' seals.

    What had waited for the rows of these cases is placed; what cannot be is given back.
    """
    new = [one.item for one in decisions if one.item is not None]
    import_id, received_at, source = told.import_id, told.received_at, told.source
    items.append(connection, new, import_id=import_id, received_at=received_at, source=source)
    meant = [one for one in decisions if one.result is RowResult.IMPORTED and one.row.item is None]
    waiting.put(
        connection,
        [one for one in meant if one.waits],
        source=source,
        received_at=received_at,
        import_id=import_id,
        places=told.places,
    )
    wanted = [one for one in meant if not one.waits]
    unplaced: list[Unplaced] = []
    if wanted:
        kept, made = _cases(connection, wanted, source, default_calendar, received_at, import_id)
        batch = _Batch(connection, told)
        unplaced += _place(connection, batch, kept, made)
        unplaced += _append(connection, batch, wanted, kept)
        stated = [
            (kept[one.row.case_no].id, one.row.case_no, one.fields)
            for one in wanted
            if one.fields is not None
        ]
        personal.keep(connection, stated, personal_values)
    _remember(connection, decisions)
    return unplaced


def _append(
    connection: Connection,
    batch: "_Batch",
    wanted: Sequence[RowDecision],
    kept: Mapping[str, "_Kept"],
) -> list[Unplaced]:
    for decision in wanted:
        case = kept[decision.row.case_no]
        place = batch.told.places.get(decision.row.file)
        if decision.fields is not None:
            batch.take_fields(case, decision.fields, place)
        for withdrawal in decision.withdrawals:
            batch.withdraw(case.id, withdrawal)
        for event in decision.events:
            batch.take_event(case.id, event, place)
    batch.write()
    unplaced = _retell(connection, batch, [case for case in kept.values() if case.named])
    bulk.change(
        connection,
        CASE,
        [
            {"id": case.id, "calendar": case.calendar, "item_code": case.item_code}
            for case in kept.values()
        ],
        {"changed": 1, "open": 1, "revision": CASE.c.revision + 1},
    )
    return unplaced


def _place(
    connection: Connection,
    batch: "_Batch",
    kept: Mapping[str, "_Kept"],
    made: Sequence[str],
) -> list[Unplaced]:
    """Write what has waited for these new cases. Its times are moved when their calendar comes."""
    refused: list[Unplaced] = []
    own = batch.told.source
    for case_no, events in waiting.of_cases(connection, made).items() if made else ():
        for one in events:
            if one.source == own or batch.told.welcomes(one.source, one.event.type):
                batch.take_event(kept[case_no].id, one.event, one.file, one)
            else:
                refused.append(Unplaced(one.event, one.source, one.received_at, True))
    batch.write()
    return refused


def _retell(connection: Connection, batch: "_Batch", named: Sequence["_Kept"]) -> list[Unplaced]:
    """Move the times of events that were read before the calendar of their case was named."""
    refused: list[Unplaced] = []
    corrected = _stated_before(connection, [case.id for case in named], batch.told.import_id)
    zones = {
        case.id: batch.told.zone_of(case.calendar) for case in named if case.id not in corrected
    }
    for part in chunks(sorted(case_id for case_id, zone in zones.items() if zone)):
        rows = connection.execute(
            select(EVENT, CASE.c.case_no)
            .join(CASE, CASE.c.id == EVENT.c.case_id)
            .where(EVENT.c.case_id.in_(part), EVENT.c.wall != "", ~withdrawn_by(None))
            .order_by(EVENT.c.id)
        ).all()
        standing = {(row.case_id, row.source, row.event_key) for row in rows}
        for row in rows:
            zone = zones[row.case_id]
            if not row.wall or zone is None or row.wall.split()[0] == zone:
                continue
            event = _facts(row)
            try:
                again = moved(event, zone)
            except ValueError:
                again = None
                refused.append(Unplaced(event, row.source, row.received_at, False))
            gone = Withdrawal(row.event_key, None if again is None else again.key)
            batch.withdraw(row.case_id, gone, row.source)
            if again is not None and (row.case_id, row.source, again.key) not in standing:
                batch.take_event(row.case_id, again, row.file, row)
    batch.write()
    return refused


def _stated_before(connection: Connection, case_ids: Sequence[int], import_id: str) -> set[int]:
    """Cases whose row another import has brought: this one corrects it, and times stay."""
    found: set[int] = set()
    for part in chunks(case_ids):
        asked = select(FACT.c.case_id).where(
            FACT.c.case_id.in_(part), FACT.c.import_id != import_id
        )
        found.update(connection.execute(asked.distinct()).scalars())
    return found


def _facts(row: Any) -> EventFacts:
    """An event's row as it was stated; of its case it says the number of the row."""
    return EventFacts(
        case_no=row.case_no,
        type=row.type,
        occurred_at=row.occurred_at,
        precision=Precision(row.precision),
        recorded_at=row.recorded_at,
        entered_at=row.entered_at,
        stage=row.stage,
        actor=row.actor,
        department=row.department,
        kind=row.kind,
        amount=row.amount,
        due_at=row.due_at,
        due_precision=Precision(row.due_precision),
        reason=row.reason,
        source_key=row.source_key,
        attributes=json.loads(row.attributes),
        identity=row.identity,
        key=row.event_key,
        wall=row.wall,
    )


@dataclass(slots=True)
class _Kept:
    """A case's row: its id, the calendar it was received with and the one it has now, its item."""

    id: int
    default_calendar: str
    calendar: str
    item_code: str | None
    #: Whether the batch has named its calendar for the first time.
    named: bool = False


def _cases(
    connection: Connection,
    wanted: Sequence[RowDecision],
    source: str,
    default_calendar: str,
    received_at: int,
    import_id: str,
) -> tuple[dict[str, _Kept], list[str]]:
    """Rows of the decisions' cases by number; makes the missing ones, and says which."""
    found: dict[str, _Kept] = {}
    made: list[str] = []
    for part in chunks(list(dict.fromkeys(decision.row.case_no for decision in wanted))):
        found |= _kept(connection, part)
        missing = [name for name in part if name not in found]
        if missing:
            connection.execute(
                insert(CASE),
                [
                    {
                        "case_no": name,
                        "source": source,
                        "owner": source,
                        "calendar": default_calendar,
                        "default_calendar": default_calendar,
                        "first_received_at": received_at,
                        "import_id": import_id,
                    }
                    for name in missing
                ],
            )
            found |= _kept(connection, missing)
            made += missing
    return found, made


def _kept(connection: Connection, names: Sequence[str]) -> dict[str, _Kept]:
    rows = connection.execute(
        select(
            CASE.c.id, CASE.c.case_no, CASE.c.default_calendar, CASE.c.calendar, CASE.c.item_code
        ).where(CASE.c.case_no.in_(names))
    )
    return {
        row.case_no: _Kept(row.id, row.default_calendar, row.calendar, row.item_code)
        for row in rows
    }


def _next_number() -> ScalarSelect[int]:
    """The next number of a withdrawal: never one that was set aside."""
    given = select(WITHDRAWN.c.number).union_all(
        select(SET_ASIDE.c.number).where(SET_ASIDE.c.table_name == WITHDRAWN.name)
    )
    numbers = given.subquery()
    return select(func.coalesce(func.max(numbers.c.number), 0) + 1).scalar_subquery()


@dataclass(slots=True)
class _Batch:
    """Rows of one batch, collected so that each table is written once."""

    connection: Connection
    told: Told
    facts: list[dict[str, object]] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    def take_fields(self, case: _Kept, fields: Mapping[str, str], place: int | None) -> None:
        """A new version of a case's fields."""
        before = case.calendar
        case.calendar = fields.get("calendar") or case.default_calendar
        # Named by its first row, or by another table of its source: not where one is corrected.
        case.named = case.named or (case.calendar != before == case.default_calendar)
        case.item_code = fields.get("item_code")
        self.facts.append(
            {
                "case_id": case.id,
                "digest": digest(dict(fields)),
                "fields": json.dumps(dict(fields), ensure_ascii=False, sort_keys=True),
                "received_at": self.told.received_at,
                "import_id": self.told.import_id,
                "source": self.told.source,
                "file": place,
            }
        )

    def withdraw(self, case_id: int, withdrawal: Withdrawal, source: str | None = None) -> None:
        """The live event with this key no longer stands."""
        self.write()  # it may have been added by an earlier row of the batch
        sources = [source or self.told.source]
        if withdrawal.inherited:
            first = select(CASE.c.source).where(CASE.c.id == case_id)
            begun = {case_id: str(self.connection.execute(first).scalar_one())}
            sources = list(owners.of_cases(self.connection, begun)[case_id].former)
        found = self.connection.execute(
            select(EVENT.c.id).where(
                EVENT.c.case_id == case_id,
                EVENT.c.event_key == withdrawal.key,
                EVENT.c.source.in_(sources),
                ~withdrawn_by(None),
            )
        ).scalars()
        for event_id in found.all():
            self.connection.execute(
                insert(WITHDRAWN).values(
                    event_id=event_id,
                    import_id=self.told.import_id,
                    received_at=self.told.received_at,
                    number=_next_number(),
                )
            )

    def take_event(
        self, case_id: int, event: EventFacts, place: int | None, waited: Any = None
    ) -> None:
        """A new event; content that was withdrawn and comes back is its next generation.

        One that `waited` keeps what its own import says of it.
        """
        told = self.told
        came = waited or told
        first = None if waited is None else getattr(waited, "told_import", None)
        self.events.append(
            {
                "case_id": case_id,
                "event_key": event.key,
                "identity": event.identity,
                "type": event.type,
                "occurred_at": event.occurred_at,
                "precision": str(event.precision),
                "recorded_at": event.recorded_at,
                "entered_at": event.entered_at,
                "received_at": came.received_at,
                "stage": event.stage,
                "actor": event.actor,
                "department": event.department,
                "kind": event.kind,
                "amount": event.amount,
                "due_at": event.due_at,
                "due_precision": str(event.due_precision),
                "reason": event.reason,
                "source_key": event.source_key,
                "attributes": json.dumps(
                    dict(event.attributes), ensure_ascii=False, sort_keys=True
                ),
                "import_id": told.import_id,
                "source": came.source,
                "file": place,
                "told_import": None if waited is None else first or waited.import_id,
                "written_at": None if waited is None else told.received_at,
                "wall": event.wall,
                "unplaced": int(event.unplaced),
            }
        )

    def write(self) -> None:
        """Insert what was collected."""
        bulk.add(self.connection, FACT, self.facts)
        if self.connection.dialect.name == "postgresql":
            bulk.add(self.connection, EVENT, self.events, {"generation": _generation})
        elif self.events:
            self.connection.execute(
                _INSERT_EVENT,
                [
                    row | {"b_case": row["case_id"], "b_key": row["event_key"]}
                    for row in self.events
                ],
            )
        self.facts, self.events = [], []


def _generation(given: TableValuedAlias) -> ColumnElement[int]:
    """The same for many rows at once: those before it among them count too."""
    same = (given.c.case_id, given.c.event_key)
    before = (
        select(func.count())
        .select_from(_SAME)
        .where(_SAME.c.case_id == given.c.case_id, _SAME.c.event_key == given.c.event_key)
        .scalar_subquery()
    )
    among = func.row_number().over(partition_by=same, order_by=given.c[bulk.PLACE])
    return before + among - 1
