"""What tallies count: rows of a stretch of time as values; what changed; what cards rest on."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
)

from ...cards.store.cards import CARD, ENTRY, TOUCH
from ...engine.tally_rows import AlarmRow, CardRow, CaseRow, EventRow, ItemRow, OrderRow
from ...followup.alarms.store import ALARM, ORDER
from ...followup.ladders.store import RUN
from ...intake.store.cases import CASE, EVENT, WITHDRAWN, chunks, withdrawn_by
from ...intake.store.items import ITEM
from ...records import bulk
from ...records.tally_tables import CardSum, CaseSpan
from ...terms import CardState, Level

SPAN = CaseSpan.__table__  # type: ignore[attr-defined]
SUM = CardSum.__table__  # type: ignore[attr-defined]
#: Stretches of time `[from, to)`.
Spans = Sequence[tuple[int, int]]
_FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")
_NOT_COUNTED = [str(state) for state in (CardState.LIFTED, CardState.PENDING, CardState.HISTORICAL)]
#: What ends the waiting for an answer to a card.
_ANSWERS = ("replied", "closed", "superseded")


def spans_of(connection: Connection, case_ids: Sequence[int]) -> dict[int, Any]:
    """What is kept of these cases."""
    found: dict[int, Any] = {}
    for part in chunks(sorted(case_ids)):
        rows = connection.execute(select(SPAN).where(SPAN.c.case_id.in_(part)))
        found |= {row.case_id: row for row in rows}
    return found


def write_spans(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Put these in the place of what was kept of their cases."""
    for part in chunks(rows):
        ids = [row["case_id"] for row in part]
        connection.execute(delete(SPAN).where(SPAN.c.case_id.in_(ids)))
    bulk.add(connection, SPAN, rows)


def withdrawn_since(
    connection: Connection, case_ids: Sequence[int], since: int
) -> list[tuple[int, int | None]]:
    """When events of these cases happened and were recorded that were withdrawn since then."""
    found: list[tuple[int, int | None]] = []
    for part in chunks(sorted(case_ids)):
        rows = connection.execute(
            select(EVENT.c.occurred_at, EVENT.c.recorded_at)
            .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
            .where(EVENT.c.case_id.in_(part), WITHDRAWN.c.received_at >= since)
        )
        found += [(row.occurred_at, row.recorded_at) for row in rows]
    return found


def touches(connection: Connection) -> list[Any]:
    """What was touched and not yet looked at."""
    return list(connection.execute(select(TOUCH).order_by(TOUCH.c.id)))


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """These were looked at."""
    for part in chunks(ids):
        connection.execute(delete(TOUCH).where(TOUCH.c.id.in_(part)))


def known_from(connection: Connection) -> int | None:
    """When the first thing happened of which anything is known."""
    found = connection.execute(select(func.min(SPAN.c.begun_at))).scalar()
    return None if found is None else int(found)


def within(column: Any, spans: Spans) -> ColumnElement[bool]:
    """Whether an instant lies in one of the stretches."""
    return or_(*(and_(column >= since, column < until) for since, until in spans))


def in_hand(spans: Spans) -> ColumnElement[bool]:
    """Whether a case was finished or open in one of the stretches."""
    return or_(
        *(
            and_(
                SPAN.c.begun_at < until,
                or_(SPAN.c.finished_at.is_(None), SPAN.c.finished_at >= since),
            )
            for since, until in spans
        )
    )


def recorded_in(spans: Spans) -> ColumnElement[bool]:
    """Whether an event of a case can have been recorded in one of the stretches."""
    return or_(
        *(
            and_(SPAN.c.last_recorded_at >= since, SPAN.c.first_recorded_at < until)
            for since, until in spans
        )
    )


def happened_in(spans: Spans) -> ColumnElement[bool]:
    """Whether an event of a case can have happened in one of the stretches."""
    return or_(*(and_(SPAN.c.last_at >= since, SPAN.c.begun_at < until) for since, until in spans))


def cases_that(condition: ColumnElement[bool]) -> Select[tuple[int]]:
    """The cases of which that is so."""
    return select(SPAN.c.case_id).where(condition)


def cards_due(spans: Spans) -> Select[tuple[int]]:
    """The cases with a card that fell due in one of the stretches."""
    return select(CARD.c.case_id).where(
        CARD.c.case_id.is_not(None), within(CARD.c.fell_due_at, spans)
    )


def cards_delivered(spans: Spans) -> Select[tuple[int]]:
    """The cases with a card of which a notice was first delivered in one of the stretches."""
    return (
        select(CARD.c.case_id)
        .join(RUN, RUN.c.card_no == CARD.c.card_no)
        .where(CARD.c.case_id.is_not(None), within(RUN.c.first_delivered_at, spans))
    )


def cards_of(
    connection: Connection, case_ids: Select[tuple[int]], *, answers: bool
) -> tuple[CardRow, ...]:
    """Every card that counts of these cases; when it was answered only if `answers` asks."""
    rows = connection.execute(
        select(
            CARD,
            SPAN.c.item_kind,
            SPAN.c.channel,
            RUN.c.first_delivered_at,
        )
        .outerjoin(SPAN, SPAN.c.case_id == CARD.c.case_id)
        .outerjoin(RUN, RUN.c.card_no == CARD.c.card_no)
        .where(CARD.c.case_id.in_(case_ids), CARD.c.state.not_in(_NOT_COUNTED), _was_given())
    ).all()
    answered = _answered(connection, [row.card_no for row in rows]) if answers else {}
    return tuple(
        CardRow(
            card_no=row.card_no,
            case_no=row.case_no,
            rule=row.rule_id,
            clock=row.episode,
            level=Level(row.level),
            at=row.fell_due_at,
            state=CardState(row.state),
            fields=_fields(row),
            delivered_at=row.first_delivered_at,
            answered_at=answered.get(row.card_no),
        )
        for row in rows
    )


def _was_given() -> ColumnElement[bool]:
    """Whether a card is none that gave way to a higher one while it waited to be confirmed."""
    waited = CARD.c.state_before == str(CardState.PENDING)
    return ~and_(CARD.c.state == str(CardState.SUPERSEDED), func.coalesce(waited, False))


def _answered(connection: Connection, card_nos: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(ENTRY.c.card_no, func.min(ENTRY.c.at).label("at"))
            .where(ENTRY.c.card_no.in_(part), ENTRY.c.kind.in_(_ANSWERS))
            .group_by(ENTRY.c.card_no)
        )
        found |= {row.card_no: row.at for row in rows}
    return found


def _fields(row: Any) -> dict[str, str]:
    return {name: value for name in _FIELDS if (value := getattr(row, name)) is not None}


def cases_of(
    connection: Connection,
    condition: ColumnElement[bool],
    *,
    events: ColumnElement[bool] | None = None,
) -> tuple[CaseRow, ...]:
    """The cases of which that is so, with those of their events that are asked for."""
    held: dict[int, list[EventRow]] = {}
    if events is not None:
        for row in connection.execute(
            select(EVENT).where(
                EVENT.c.case_id.in_(cases_that(condition)), events, ~withdrawn_by(None)
            )
        ):
            held.setdefault(row.case_id, []).append(_event(row))
    rows = connection.execute(
        select(SPAN, CASE.c.case_no, CASE.c.judged_stale)
        .join(CASE, CASE.c.id == SPAN.c.case_id)
        .where(condition)
    )
    return tuple(
        CaseRow(
            case_no=row.case_no,
            begun_at=row.begun_at,
            accepted_at=row.accepted_at,
            finished_at=row.finished_at,
            incomplete=bool(row.incomplete),
            dated=bool(row.dated),
            stale=row.judged_stale == 1 and row.finished_at is None,
            fields=_fields(row),
            events=tuple(held.get(row.case_id, ())),
        )
        for row in rows
    )


def _event(row: Any) -> EventRow:
    return EventRow(
        type=row.type,
        at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        department=row.department,
        stage=row.stage,
        kind=row.kind,
        reason=row.reason,
    )


def events_of_types(types: Collection[str] | None) -> ColumnElement[bool]:
    """Events of one of these types, or any."""
    column: ColumnElement[str] = EVENT.c.type
    return column.is_not(None) if types is None else column.in_(sorted(types))


def events_recorded(spans: Spans) -> ColumnElement[bool]:
    """Events that were recorded in one of the stretches."""
    return within(EVENT.c.recorded_at, spans)


def events_happened(spans: Spans) -> ColumnElement[bool]:
    """Events that happened in one of the stretches."""
    return within(EVENT.c.occurred_at, spans)


def item_table(connection: Connection) -> tuple[ItemRow, ...]:
    """Every item that a source names and has not taken back, since when it is known."""
    since: dict[str, int] = {}
    newest: dict[str, dict[str, dict[str, str]]] = {}
    for row in connection.execute(select(ITEM).order_by(ITEM.c.id)):
        since.setdefault(row.item_code, row.received_at)
        newest.setdefault(row.item_code, {})[row.item_version] = json.loads(row.fields)
    found = []
    for code, versions in newest.items():
        standing = [fields for fields in versions.values() if fields]
        if standing:
            said = {name: value for name in _FIELDS if (value := standing[-1].get(name))}
            found.append(
                ItemRow(item_code=code, known_from=since[code], fields={**said, "item_code": code})
            )
    return tuple(found)


def orders_opened(connection: Connection, spans: Spans) -> tuple[OrderRow, ...]:
    """The orders that were opened in one of the stretches."""
    rows = connection.execute(select(ORDER).where(within(ORDER.c.opened_at, spans)))
    return tuple(
        OrderRow(
            order_no=row.order_no,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            opened_by=row.opened_by,
            fields={
                name: value
                for name in ("department", "region", "item_code")
                if (value := getattr(row, name)) is not None
            },
        )
        for row in rows
    )


def alarms_raised(connection: Connection, spans: Spans) -> tuple[AlarmRow, ...]:
    """The alarms that were raised in one of the stretches."""
    rows = connection.execute(select(ALARM).where(within(ALARM.c.raised_at, spans)))
    return tuple(
        AlarmRow(alarm_no=row.alarm_no, kind=row.kind, person=row.person_id, at=row.raised_at)
        for row in rows
    )


def keep_sums(connection: Connection, contents: Mapping[str, str]) -> None:
    """Keep what these cards were made of."""
    if contents:
        connection.execute(
            insert(SUM),
            [{"card_no": card_no, "content": content} for card_no, content in contents.items()],
        )


def sum_of(connection: Connection, card_no: str) -> dict[str, Any] | None:
    """What a card was made of; None where it is no tally's."""
    found = connection.execute(select(SUM.c.content).where(SUM.c.card_no == card_no)).scalar()
    return None if found is None else dict(json.loads(found))
