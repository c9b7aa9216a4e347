"""What a source row adds to what is known of its case: new, unchanged, corrected or in conflict.

A row is taken whole or not at all. Its events have an *identity* (which fact of the source it is)
and a *key* (identity of the content): the same identity with another key is a correction, that is
a withdrawal of the old event and a new one (DESIGN 3). Nothing here knows where rows come from.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .terms import Precision

#: Columns of cases.csv besides `case_no`; further ones are attributes (DESIGN 3).
CASE_FIELDS: Final = (
    "item_code", "item_name", "item_kind", "region", "department", "handler", "reviewer",
    "approver", "applicant", "channel", "promised_limit", "statutory_limit", "promised_due",
    "statutory_due", "calendar",
)  # fmt: skip

_CANONICAL: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def digest(*parts: object) -> str:
    """SHA-256, in hex, over the canonical form of texts, whole numbers, None and dicts of them."""
    return hashlib.sha256(_CANONICAL.encode(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """Fields of a case as one row of a table states them.

    `fields` are those with a value, `blank` those that the row states to be empty; about every
    other field the row says nothing. `shared` are the fields that other tables of the source
    state too, so that two tables can contradict each other.
    """

    case_no: str
    table: str
    fields: Mapping[str, str]
    blank: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One event as a row states it. Instants are seconds since 1970 UTC, as in `core.timeline`."""

    case_no: str
    type: str
    occurred_at: int
    precision: Precision = Precision.SECOND
    recorded_at: int | None = None
    stage: str | None = None
    actor: str | None = None
    department: str | None = None
    kind: str | None = None
    amount: str | None = None
    due_at: int | None = None
    due_precision: Precision = Precision.SECOND
    reason: str | None = None
    source_key: str | None = None
    #: Further columns of the row. They belong to the content.
    attributes: Mapping[str, str] = field(default_factory=dict)
    #: Which fact of the source this is; empty: nothing but its content tells it from others.
    identity: str = ""
    #: SHA-256 of the content in hex, `recorded_at` included: `Event.key`.
    key: str = field(init=False)

    def __post_init__(self) -> None:
        content = {
            name: value
            for name in _CONTENT
            if (value := getattr(self, name)) is not None and value != {}
        }
        key = digest("event", content)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "identity", self.identity or key)


_CONTENT: Final = (
    "case_no", "type", "occurred_at", "precision", "recorded_at", "stage", "actor", "department",
    "kind", "amount", "due_at", "due_precision", "reason", "source_key", "attributes",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What one row says: at most one statement about its case, and any number of events.

    `absent` are the identities of events that the row could have stated and did not (the blank
    closing date of a row that had one before). `cells` are kept for the quarantine.
    """

    file: str
    sheet: str | None
    number: int
    case_no: str
    case: CaseFacts | None = None
    events: tuple[EventFacts, ...] = ()
    absent: tuple[str, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)

    def claims(self) -> Iterator[tuple[int, int, str]]:
        """What the row asserts of things that another row could assert otherwise.

        Yields the thing and the assertion as 64-bit digests, and the thing's name.
        """
        for event in self.events:
            if event.identity != event.key:
                yield _short(event.identity), _short(event.key), event.type
        for identity in self.absent:
            yield _short(identity), 0, "event"
        if self.case is not None:
            stated = digest(dict(self.case.fields), sorted(self.case.blank))
            yield _short(digest("case", self.case_no, self.case.table)), _short(stated), "case"
            for name in self.case.shared:
                value = "" if name in self.case.blank else self.case.fields.get(name)
                if value is not None:
                    yield _short(digest("field", self.case_no, name)), _short(digest(value)), name


def _short(hexadecimal: str) -> int:
    return int(hexadecimal[:16], 16)


def find_conflicts(rows: Iterable[RowFacts]) -> frozenset[int]:
    """Things of which two rows of one import say different things, as `decide` wants them.

    Needs every row of the import, once, in any order; keeps two numbers for each thing.
    """
    seen: dict[int, int] = {}
    disputed: set[int] = set()
    for row in rows:
        for thing, assertion, _ in row.claims():
            if seen.setdefault(thing, assertion) != assertion:
                disputed.add(thing)
    return frozenset(disputed)


@dataclass(frozen=True, slots=True)
class KnownCase:
    """What the store knows of a case: its fields (None: no such case) and its live events.

    `live` has the key of every event that is not withdrawn, by its identity.
    """

    fields: Mapping[str, str] | None = None
    live: Mapping[str, str] = field(default_factory=dict)


class RowResult(StrEnum):
    """What became of a row; every row that was read has exactly one."""

    IMPORTED = "imported"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The event with `key` no longer stands; `replaced_by` is the key of its correction, if any."""

    key: str
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecision:
    """What to append for one row.

    `fields` is the new version of all the case's fields, None if they stay as they are; `changed`
    names those that differ from the version before. `dispute` names what a row in conflict is in
    conflict about: an event type, a field, `event` or `case`.
    """

    row: RowFacts
    result: RowResult
    fields: Mapping[str, str] | None = None
    changed: tuple[str, ...] = ()
    events: tuple[EventFacts, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    dispute: str = ""


class _State:
    """A case as it stands while the rows of a batch are decided one after the other."""

    def __init__(self, known: KnownCase) -> None:
        self.fields = None if known.fields is None else dict(known.fields)
        self.live = dict(known.live)
        self.keys = set(known.live.values())

    def withdraw(self, identity: str) -> str:
        key = self.live.pop(identity)
        self.keys.discard(key)
        return key

    def add(self, event: EventFacts) -> None:
        self.live[event.identity] = event.key
        self.keys.add(event.key)


def decide(
    rows: Iterable[RowFacts], known: Mapping[str, KnownCase], disputed: Set[int]
) -> Iterator[RowDecision]:
    """One decision for each row, in order; each row sees what the rows before it have added.

    `known` has the cases that the store knows, by number, as of before the batch; `disputed`
    comes from `find_conflicts` over the whole import. A key may come back after a withdrawal:
    A, corrected to B, corrected to A again.
    """
    states: dict[str, _State] = {}
    for row in rows:
        state = states.get(row.case_no)
        if state is None:
            state = states[row.case_no] = _State(known.get(row.case_no, KnownCase()))
        dispute = next((name for thing, _, name in row.claims() if thing in disputed), "")
        if dispute:
            yield RowDecision(row=row, result=RowResult.QUARANTINED, dispute=dispute)
        else:
            yield _take(row, state)


def _take(row: RowFacts, state: _State) -> RowDecision:
    events: list[EventFacts] = []
    withdrawals: list[Withdrawal] = []
    for event in row.events:
        if state.live.get(event.identity, event.key) != event.key:
            withdrawals.append(Withdrawal(state.withdraw(event.identity), event.key))
        # Two events with one key are one event, whatever told them apart at the source.
        if event.key not in state.keys:
            state.add(event)
            events.append(event)
    withdrawals += [
        Withdrawal(state.withdraw(identity), None)
        for identity in row.absent
        if identity in state.live
    ]
    fields, changed = _merged(row.case, state.fields) if row.case is not None else (None, ())
    if fields is not None:
        state.fields = fields
    new = bool(events or withdrawals) or fields is not None
    return RowDecision(
        row=row,
        result=RowResult.IMPORTED if new else RowResult.UNCHANGED,
        fields=fields,
        changed=changed,
        events=tuple(events),
        withdrawals=tuple(withdrawals),
    )


def _merged(
    case: CaseFacts, before: dict[str, str] | None
) -> tuple[dict[str, str] | None, tuple[str, ...]]:
    """The fields after the row, None if they are the same, and the names of those that differ."""
    kept = {name: value for name, value in (before or {}).items() if name not in case.blank}
    after = kept | dict(case.fields)
    old = before or {}
    changed = sorted(name for name in old.keys() | after.keys() if old.get(name) != after.get(name))
    if before is not None and not changed:
        return None, ()
    return after, tuple(changed)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a file or of an import: read = imported + unchanged + quarantined (DESIGN 3)."""

    imported: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def read(self) -> int:
        """Every data row that the source has, blank ones and the header left out."""
        return self.imported + self.unchanged + self.quarantined

    def plus(self, result: RowResult) -> "Counts":
        """With one more row."""
        return self + Counts(
            imported=result is RowResult.IMPORTED,
            unchanged=result is RowResult.UNCHANGED,
            quarantined=result is RowResult.QUARANTINED,
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.imported + other.imported,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
        )
