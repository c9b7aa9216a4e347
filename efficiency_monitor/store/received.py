"""What was received: appended to the cases, never changed; each statement is made once a batch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

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
from sqlalchemy.sql.selectable import TableValuedAlias

from ..core.intake import KnownCase, RowDecision, RowResult, Withdrawal
from ..core.statements import EventFacts, RowFacts, RowVersion, digest
from . import bulk, items, personal
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks, newest_facts, withdrawn_by
from .tables import RowVersionRow

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


def known_cases(connection: Connection, rows: Sequence[RowFacts]) -> dict[str, KnownCase]:
    """What the store knows of the rows' cases, for `core.intake.decide`.

    Of their events only those that the rows may be about: a case may have very many.
    """
    numbers: dict[str, int] = {}
    for part in chunks(list(dict.fromkeys(row.case_no for row in rows if row.case_no))):
        found = connection.execute(
            select(CASE.c.case_no, CASE.c.id).where(CASE.c.case_no.in_(part))
        )
        numbers |= {row.case_no: row.id for row in found.all()}
    fields: dict[int, dict[str, str]] = {}
    for ids in chunks(list(numbers.values())):
        fields |= newest_facts(connection, ids, None)
    live: dict[int, dict[str, str]] = {}
    for column, wanted in _asked(rows, numbers):
        for pairs in chunks(wanted, _PAIRS):
            found = connection.execute(
                select(EVENT.c.case_id, EVENT.c.identity, EVENT.c.event_key).where(
                    tuple_(EVENT.c.case_id, column).in_(pairs), ~withdrawn_by(None)
                )
            )
            for case_id, identity, key in found.all():
                live.setdefault(case_id, {})[identity] = key
    return {
        case_no: KnownCase(fields.get(case_id), live.get(case_id, {}))
        for case_no, case_id in numbers.items()
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
    """What is remembered of rows, by their keys, for `core.intake.decide`."""
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


def append_rows(
    connection: Connection,
    decisions: Sequence[RowDecision],
    *,
    import_id: str,
    received_at: int,
    source: str,
    default_calendar: str,
    personal_values: Mapping[personal.NewValue, tuple[bytes, str]] = MappingProxyType({}),
) -> None:
    """Append what the decisions add: fields, events, withdrawals, facts of items; mark the cases
    changed that they touch. `personal_values` are salts and values behind the fields' seals."""
    new = [one.item for one in decisions if one.item is not None]
    items.append(connection, new, import_id=import_id, received_at=received_at, source=source)
    wanted = [one for one in decisions if one.result is RowResult.IMPORTED and one.row.item is None]
    if wanted:
        kept = _cases(connection, wanted, source, default_calendar, received_at)
        _append(connection, wanted, kept, import_id, received_at)
        stated = [
            (kept[one.row.case_no].id, one.row.case_no, one.fields)
            for one in wanted
            if one.fields is not None
        ]
        personal.keep(connection, stated, personal_values)
    _remember(connection, decisions)


def _append(
    connection: Connection,
    wanted: Sequence[RowDecision],
    kept: Mapping[str, "_Kept"],
    import_id: str,
    received_at: int,
) -> None:
    batch = _Batch(connection, import_id, received_at)
    for decision in wanted:
        case = kept[decision.row.case_no]
        if decision.fields is not None:
            batch.take_fields(case, decision.fields)
        for withdrawal in decision.withdrawals:
            batch.withdraw(case.id, withdrawal)
        for event in decision.events:
            batch.take_event(case.id, event)
    batch.write()
    bulk.change(
        connection,
        CASE,
        [
            {"id": case.id, "calendar": case.calendar, "item_code": case.item_code}
            for case in kept.values()
        ],
        {"changed": 1, "open": 1, "revision": CASE.c.revision + 1},
    )


@dataclass(slots=True)
class _Kept:
    """A case's row: its id, the calendar it was received with and the one it has now, its item."""

    id: int
    default_calendar: str
    calendar: str
    item_code: str | None


def _cases(
    connection: Connection,
    wanted: Sequence[RowDecision],
    source: str,
    default_calendar: str,
    received_at: int,
) -> dict[str, _Kept]:
    """Rows of the decisions' cases by number; makes the missing ones."""
    found: dict[str, _Kept] = {}
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
                        "calendar": default_calendar,
                        "default_calendar": default_calendar,
                        "first_received_at": received_at,
                    }
                    for name in missing
                ],
            )
            found |= _kept(connection, missing)
    return found


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


@dataclass(slots=True)
class _Batch:
    """Rows of one batch, collected so that each table is written once."""

    connection: Connection
    import_id: str
    received_at: int
    facts: list[dict[str, object]] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    def take_fields(self, case: _Kept, fields: Mapping[str, str]) -> None:
        """A new version of a case's fields."""
        case.calendar = fields.get("calendar") or case.default_calendar
        case.item_code = fields.get("item_code")
        self.facts.append(
            {
                "case_id": case.id,
                "digest": digest(dict(fields)),
                "fields": json.dumps(dict(fields), ensure_ascii=False, sort_keys=True),
                "received_at": self.received_at,
                "import_id": self.import_id,
            }
        )

    def withdraw(self, case_id: int, withdrawal: Withdrawal) -> None:
        """The live event with this key no longer stands."""
        self.write()  # it may have been added by an earlier row of the batch
        found = self.connection.execute(
            select(EVENT.c.id).where(
                EVENT.c.case_id == case_id, EVENT.c.event_key == withdrawal.key, ~withdrawn_by(None)
            )
        ).scalar_one()
        self.connection.execute(
            insert(WITHDRAWN).values(
                event_id=found,
                import_id=self.import_id,
                received_at=self.received_at,
                number=select(func.coalesce(func.max(WITHDRAWN.c.number), 0) + 1).scalar_subquery(),
            )
        )

    def take_event(self, case_id: int, event: EventFacts) -> None:
        """A new event; content that was withdrawn and comes back is its next generation."""
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
                "received_at": self.received_at,
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
                "import_id": self.import_id,
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
