"""Rows of an example of a tally: the cards, cases, items, orders and alarms that it is made over.

Times without offset are in the calendar's zone. `times: 20` stands for twenty rows that differ in
their numbers alone. Where a row names no department, handler, …, the example's `case` lends it.
"""

from pydantic import Field

from ..terms import AlarmKind, CardState
from .rule_parts import LevelWord, RulePart


class _Row(RulePart):
    department: str | None = None
    handler: str | None = None
    item_code: str | None = None
    region: str | None = None
    item_kind: str | None = None
    channel: str | None = None
    times: int = Field(default=1, ge=1, le=10_000)


class ExampleCard(_Row):
    """A card; each is on a case of its own unless it names one."""

    level: LevelWord
    #: When it fell due.
    at: str
    rule: str = "XX-OTHER"
    case: str | None = None
    #: Which run of the rule's clock on the case: cards of one run count once.
    clock: str = ""
    state: CardState = CardState.OPEN
    delivered_at: str | None = None
    answered_at: str | None = None


class ExampleCaseEvent(RulePart):
    """An event of such a case."""

    event: str
    at: str
    recorded_at: str | None = None
    actor: str | None = None
    department: str | None = None
    stage: str | None = None
    kind: str | None = None
    reason: str | None = None


class ExampleCase(_Row):
    """A case: begun by its first event, accepted, finished."""

    case: str | None = None
    begun: str | None = None
    accepted: str | None = None
    finished: str | None = None
    incomplete: bool = False
    events: tuple[ExampleCaseEvent, ...] = ()


class ExampleItem(_Row):
    """An item of the item table, since when it is known."""

    item_code: str
    known_from: str


class ExampleOrder(_Row):
    """A supervision order."""

    opened: str
    closed: str | None = None
    opened_by: str = "supervisor"


class ExampleAlarm(RulePart):
    """An alarm on a supervisor."""

    kind: AlarmKind
    at: str
    person: str = "supervisor"
    times: int = Field(default=1, ge=1, le=10_000)
