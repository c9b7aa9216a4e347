"""What was received: appended to the cases, never changed; each statement is made once a batch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ..core import intake
from ..core.intake import EventFacts, KnownCase, RowDecision, RowResult, Withdrawal
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks, newest_facts, withdrawn_by


def known_cases(connection: Connection, case_nos: Sequence[str]) -> dict[str, KnownCase]:
    """What the store knows of these cases, for `core.intake.decide`."""
    known: dict[str, KnownCase] = {}
    for part in chunks(list(dict.fromkeys(case_nos))):
        rows = connection.execute(select(CASE.c.id, CASE.c.case_no).where(CASE.c.case_no.in_(part)))
        numbers = {row.id: row.case_no for row in rows}
        fields = newest_facts(connection, list(numbers), None)
        live: dict[int, dict[str, str]] = {}
        found = connection.execute(
            select(EVENT.c.case_id, EVENT.c.identity, EVENT.c.event_key).where(
                EVENT.c.case_id.in_(list(numbers)), ~withdrawn_by(None)
            )
        )
        for row in found:
            live.setdefault(row.case_id, {})[row.identity] = row.event_key
        for case_id, case_no in numbers.items():
            known[case_no] = KnownCase(fields.get(case_id), live.get(case_id, {}))
    return known


def append_rows(
    connection: Connection,
    decisions: Sequence[RowDecision],
    *,
    import_id: str,
    received_at: int,
    source: str,
    default_calendar: str,
) -> None:
    """Append what the decisions add: fields, events, withdrawals; mark the cases changed."""
    wanted = [decision for decision in decisions if decision.result is RowResult.IMPORTED]
    if not wanted:
        return
    kept = _cases(connection, wanted, source, default_calendar)
    batch = _Batch(connection, import_id, received_at)
    batch.count_generations([case.id for case in kept.values()])
    for decision in wanted:
        case = kept[decision.row.case_no]
        if decision.fields is not None:
            batch.take_fields(case, decision.fields)
        for withdrawal in decision.withdrawals:
            batch.withdraw(case.id, withdrawal)
        for event in decision.events:
            batch.take_event(case.id, event)
    batch.write()
    connection.execute(
        update(CASE)
        .where(CASE.c.id == bindparam("b_id"))
        .values(calendar=bindparam("b_calendar"), changed=1, open=1, revision=CASE.c.revision + 1),
        [{"b_id": case.id, "b_calendar": case.calendar} for case in kept.values()],
    )


@dataclass(slots=True)
class _Kept:
    """A case's row: its id, the calendar it was first received with, the one it has now."""

    id: int
    default_calendar: str
    calendar: str


def _cases(
    connection: Connection, wanted: Sequence[RowDecision], source: str, default_calendar: str
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
                    }
                    for name in missing
                ],
            )
            found |= _kept(connection, missing)
    return found


def _kept(connection: Connection, names: Sequence[str]) -> dict[str, _Kept]:
    rows = connection.execute(
        select(CASE.c.id, CASE.c.case_no, CASE.c.default_calendar, CASE.c.calendar).where(
            CASE.c.case_no.in_(names)
        )
    )
    return {row.case_no: _Kept(row.id, row.default_calendar, row.calendar) for row in rows}


@dataclass(slots=True)
class _Batch:
    """Rows of one batch, collected so that each table is written once."""

    connection: Connection
    import_id: str
    received_at: int
    facts: list[dict[str, object]] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    #: How often an event of a case stands in the table, by case and key.
    generations: dict[tuple[int, str], int] = field(default_factory=dict)

    def count_generations(self, case_ids: Sequence[int]) -> None:
        """Look up which contents the cases have had already."""
        for part in chunks(sorted(case_ids)):
            rows = self.connection.execute(
                select(EVENT.c.case_id, EVENT.c.event_key, func.count())
                .where(EVENT.c.case_id.in_(part))
                .group_by(EVENT.c.case_id, EVENT.c.event_key)
            )
            self.generations |= {(row[0], row[1]): row[2] for row in rows}

    def take_fields(self, case: _Kept, fields: Mapping[str, str]) -> None:
        """A new version of a case's fields."""
        case.calendar = fields.get("calendar") or case.default_calendar
        self.facts.append(
            {
                "case_id": case.id,
                "digest": intake.digest(dict(fields)),
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
                event_id=found, import_id=self.import_id, received_at=self.received_at
            )
        )

    def take_event(self, case_id: int, event: EventFacts) -> None:
        """A new event; content that was withdrawn and comes back is its next generation."""
        generation = self.generations.get((case_id, event.key), 0)
        self.generations[case_id, event.key] = generation + 1
        self.events.append(
            {
                "case_id": case_id,
                "event_key": event.key,
                "generation": generation,
                "identity": event.identity,
                "type": event.type,
                "occurred_at": event.occurred_at,
                "precision": str(event.precision),
                "recorded_at": event.recorded_at,
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
        if self.facts:
            self.connection.execute(insert(FACT), self.facts)
        if self.events:
            self.connection.execute(insert(EVENT), self.events)
        self.facts, self.events = [], []
