"""What a tally is made over, as values: cards, cases with their events, items, orders, alarms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..terms import CardState, Level

#: What a subject is called on a card, by what the rule tallies by.
KINDS: Final = {
    "department": "organ",
    "handler": "person",
    "actor": "person",
    "supervisor": "person",
    "item_code": "item",
    "region": "region",
    "order": "order",
    "all": "all",
}
#: In these states a card counts for nothing.
_NOT_COUNTED: Final = (CardState.LIFTED, CardState.PENDING, CardState.HISTORICAL)


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Whom a tally is about: `organ`, `person`, `item`, `region`, `order` with its name, or all."""

    kind: str
    name: str = ""

    @property
    def text(self) -> str:
        """`organ:某局`; of persons this is for memory only, a card names them otherwise."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """A card, case, item, order or alarm that makes up a tally, and since when it does."""

    at: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """A card on a case. `clock` tells the runs of a rule's clock on the case apart."""

    card_no: str
    case_no: str
    rule: str
    clock: str
    level: Level
    #: When it fell due.
    at: int
    state: CardState
    #: `department`, `handler`, `item_code`, `region`, `item_kind`, `channel`, as far as known.
    fields: Mapping[str, str]
    #: First delivery of a notice, first answer.
    delivered_at: int | None = None
    answered_at: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it stands, is closed or gave way to a higher one."""
        return self.state not in _NOT_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of a case."""

    type: str
    at: int
    recorded_at: int | None = None
    actor: str | None = None
    department: str | None = None
    stage: str | None = None
    kind: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case: its first event, its acceptance, its end, as far as there are."""

    case_no: str
    begun_at: int | None
    accepted_at: int | None
    finished_at: int | None
    incomplete: bool = False
    #: Its acceptance or its end is a date without a time.
    dated: bool = False
    #: It is open, and its source was stale when it was judged last.
    stale: bool = False
    fields: Mapping[str, str]
    events: tuple[EventRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item of the item table, since when it is known; `fields` as of a case."""

    item_code: str
    known_from: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A supervision order, by which person it was opened; `fields` as of a case."""

    order_no: str
    opened_at: int
    closed_at: int | None
    opened_by: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm on a supervisor."""

    alarm_no: str
    kind: str
    person: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyInput:
    """All that is known, or the part of it that a tally in a window can be about."""

    cards: tuple[CardRow, ...] = ()
    cases: tuple[CaseRow, ...] = ()
    items: tuple[ItemRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    alarms: tuple[AlarmRow, ...] = ()
    #: Instant of the first thing that is known at all.
    known_from: int | None = field(default=None)
