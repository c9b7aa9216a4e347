"""The examples of a tally, tried: their rows as values, and what a first scan would give."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..faults import NotCovered
from ..rules.rule_parts import InForce
from ..rules.rules import Example
from ..rules.tally_examples import ExampleCase, ExampleCaseEvent
from ..terms import Level, Reason
from ..time.amount import Amount
from ..time.instants import earliest, parse_instant
from ..time.windows import Window, windows
from .encoding import BoundRule
from .evaluation import CompiledCalendar
from .questions import Counting, due
from .tally import Tallied, judge
from .tally_rows import AlarmRow, CardRow, CaseRow, EventRow, ItemRow, OrderRow, TallyInput

_FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")


def try_tally(
    bound: BoundRule, example: Example, compiled: CompiledCalendar, as_of: int
) -> tuple[list[Level], set[Reason]]:
    """The levels that a first scan as of an instant would give, and what it could not judge."""
    levels: list[Level] = []
    reasons: set[Reason] = set()
    for found in try_windows(bound, example, compiled, as_of):
        levels += [level.level for level in found.levels if level.reached]
        reasons.update(found.reasons)
    return levels, reasons


def try_windows(
    bound: BoundRule, example: Example, compiled: CompiledCalendar, as_of: int
) -> list[Tallied]:
    """What the rule says of the example's rows, in every window that they reach into."""
    tally = bound.rule.tally
    assert tally is not None
    zone = compiled.calendar.zone
    world = _Rows(example, zone).world()
    if world.known_from is None:
        return []
    found: list[Tallied] = []
    for window in windows(tally.window, world.known_from, as_of, zone):
        if binds(bound.rule.in_force, window):
            found += judge(bound, world, window, as_of, due=DueBy(compiled).due)
    return found


def binds(in_force: InForce, window: Window) -> bool:
    """Whether a version of a rule is meant for a window: for those that begin while it stands."""
    return in_force.from_ <= window.first and (in_force.to is None or window.first <= in_force.to)


@dataclass(frozen=True, slots=True)
class DueBy:
    """When an amount of a calendar's time has passed."""

    compiled: CompiledCalendar

    def due(self, start: int, amount: Amount) -> int | None:
        """Last instant in time; None where the calendar does not cover it."""
        try:
            return due(self.compiled.table, start, amount, counting=Counting(), pauses=[])
        except NotCovered:
            return None


class _Rows:
    """The rows of an example as values; each has a number of its own."""

    def __init__(self, example: Example, zone: str) -> None:
        self._example = example
        self._zone = zone

    def world(self) -> TallyInput:
        """All of them, as a tally takes them."""
        rows = TallyInput(
            cards=tuple(self._cards()),
            cases=tuple(self._cases()),
            items=tuple(self._items()),
            orders=tuple(self._orders()),
            alarms=tuple(self._alarms()),
        )
        return TallyInput(
            cards=rows.cards,
            cases=rows.cases,
            items=rows.items,
            orders=rows.orders,
            alarms=rows.alarms,
            known_from=self._at(self._example.known_from) or _first_of(rows),
        )

    def _at(self, text: str | None) -> int | None:
        return None if text is None else parse_instant(text, self._zone)[0]

    def _instant(self, text: str) -> int:
        return parse_instant(text, self._zone)[0]

    def _fields(self, row: object) -> Mapping[str, str]:
        own = {name: getattr(row, name) for name in _FIELDS}
        return self._example.case | {name: value for name, value in own.items() if value}

    def _cards(self) -> Iterator[CardRow]:
        for n, row in enumerate(self._example.cards, start=1):
            for k in range(row.times):
                yield CardRow(
                    card_no=f"card-{n:03}-{k:04}",
                    case_no=row.case or f"card-case-{n:03}-{k:04}",
                    rule=row.rule,
                    clock=row.clock,
                    level=Level.parse(row.level),
                    at=self._instant(row.at),
                    state=row.state,
                    fields=self._fields(row),
                    delivered_at=self._at(row.delivered_at),
                    answered_at=self._at(row.answered_at),
                )

    def _cases(self) -> Iterator[CaseRow]:
        for n, row in enumerate(self._example.cases, start=1):
            events = tuple(self._event(event) for event in row.events)
            for k in range(row.times):
                accepted = self._at(row.accepted)
                yield CaseRow(
                    case_no=row.case or f"case-{n:03}-{k:04}",
                    begun_at=self._begun(row, events, accepted),
                    accepted_at=accepted,
                    finished_at=self._at(row.finished),
                    incomplete=row.incomplete,
                    fields=self._fields(row),
                    events=events,
                )

    def _begun(
        self, row: ExampleCase, events: Sequence[EventRow], accepted: int | None
    ) -> int | None:
        if row.begun is not None:
            return self._instant(row.begun)
        instants = [event.at for event in events]
        return min([*instants, *([] if accepted is None else [accepted])], default=None)

    def _event(self, event: ExampleCaseEvent) -> EventRow:
        return EventRow(
            type=event.event,
            at=self._instant(event.at),
            recorded_at=self._at(event.recorded_at),
            actor=event.actor,
            department=event.department,
            stage=event.stage,
            kind=event.kind,
            reason=event.reason,
        )

    def _items(self) -> Iterator[ItemRow]:
        for row in self._example.items:
            for k in range(row.times):
                code = row.item_code if row.times == 1 else f"{row.item_code}-{k:04}"
                fields = {**self._fields(row), "item_code": code}
                yield ItemRow(
                    item_code=code, known_from=self._instant(row.known_from), fields=fields
                )

    def _orders(self) -> Iterator[OrderRow]:
        for n, row in enumerate(self._example.orders, start=1):
            for k in range(row.times):
                yield OrderRow(
                    order_no=f"order-{n:03}-{k:04}",
                    opened_at=self._instant(row.opened),
                    closed_at=self._at(row.closed),
                    opened_by=row.opened_by,
                    fields=self._fields(row),
                )

    def _alarms(self) -> Iterator[AlarmRow]:
        for n, row in enumerate(self._example.alarms, start=1):
            for k in range(row.times):
                yield AlarmRow(
                    alarm_no=f"alarm-{n:03}-{k:04}",
                    kind=str(row.kind),
                    person=row.person,
                    at=self._instant(row.at),
                )


def _first_of(world: TallyInput) -> int | None:
    instants: list[int | None] = [card.at for card in world.cards]
    instants += [case.begun_at or case.finished_at for case in world.cases]
    instants += [item.known_from for item in world.items]
    instants += [order.opened_at for order in world.orders]
    instants += [alarm.at for alarm in world.alarms]
    return earliest(*instants)
