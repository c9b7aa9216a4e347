"""What a source row adds to what is known of its case: new, unchanged, corrected or in conflict.

A row is taken whole or not at all. Its events have an *identity* (which fact of the source it is)
and a *key* (identity of the content): the same identity with another key is a correction, that is
a withdrawal of the old event and a new one. A case belongs to the source that first brought a row
of it; a row of another one about it is refused. Nothing here knows where rows come from.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from ...terms import Precision
from .statements import CaseFacts, EventFacts, ItemFacts, RowFacts, RowVersion


def find_conflicts(rows: Iterable[RowFacts]) -> frozenset[int]:
    """Things of which two rows of one import say different things, as `decide` wants them.

    Needs every row of the import, once, in any order; keeps two numbers for each thing.
    """
    return contradicted(claim[:2] for row in rows for claim in row.claims())


def contradicted(claims: Iterable[tuple[int, int]]) -> frozenset[int]:
    """Things of which different things are asserted; all claims about one thing must be there."""
    seen: dict[int, int] = {}
    return frozenset(
        thing for thing, assertion in claims if seen.setdefault(thing, assertion) != assertion
    )


@dataclass(frozen=True, slots=True)
class KnownCase:
    """What the store knows of a case: its fields (None: nobody has stated any) and live events.

    `live` has the keys of events that are not withdrawn, by their identities: at least of those
    that the rows to be decided may be about, by identity or by key.
    """

    fields: Mapping[str, str] | None = None
    live: Mapping[str, str] = field(default_factory=dict)
    #: The source that the case belongs to; empty: there is no such case yet.
    owner: str = ""
    #: Of a case that was handed over to the source whose rows are decided: its own live events, and
    #: those of the former owners, in whose place it speaks.
    told: tuple[EventFacts, ...] = ()
    inherited: tuple[EventFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """Who brings rows: a source, and the event types that it may add to cases of other sources."""

    source: str = ""
    adds_to: frozenset[str] = frozenset()
    adds: frozenset[str] = frozenset()

    def only_adds(self, row: RowFacts) -> bool:
        """Whether a row does no more than add such events, or take back what it added."""
        return (
            bool(self.adds)
            and row.item is None
            and row.case is None
            and all(event.type in self.adds for event in row.events)
        )


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
    #: Which fact of the source it told.
    identity: str = field(default="", compare=False)
    #: Whether a former owner of the case told it.
    inherited: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecision:
    """What to append for one row.

    `fields` is the new version of all the case's fields, None if they stay as they are; `changed`
    names those that differ from the version before. `item` is a new fact of an item, `remember`
    what to keep under the row's `row_key`, even of a row that changes nothing, and `told` what to
    keep under the `told_key` of its statement about the case. `dispute` names
    what a row in conflict is in conflict about: an event type, a field, `event`, `case`, `item` or
    `version`; `against` is the known version that the row's cannot be compared with. `owner` is the
    source to which the case belongs and whose case the row may not change. Of a row that `waits`
    the events wait until there is a case of that number.
    """

    row: RowFacts
    result: RowResult
    fields: Mapping[str, str] | None = None
    changed: tuple[str, ...] = ()
    events: tuple[EventFacts, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    item: ItemFacts | None = None
    remember: RowVersion | None = None
    told: RowVersion | None = None
    dispute: str = ""
    against: str = ""
    owner: str = ""
    waits: bool = False

    def kept(self) -> Iterator[tuple[str, RowVersion]]:
        """What to remember, by the keys under which it is looked up."""
        if self.remember is not None:
            yield self.row.row_key, self.remember
        if self.told is not None and self.row.case is not None:
            yield self.row.case.told_key, self.told


class _State:
    """A case as it stands while the rows of a batch are decided one after the other."""

    def __init__(self, known: KnownCase) -> None:
        self.fields = None if known.fields is None else dict(known.fields)
        self.live = dict(known.live)
        self.keys = set(known.live.values())
        self.owner = known.owner
        #: Of a case that was handed over: what its owner has told, by identity, and what former
        #: owners told and it has not told again.
        self.told = {event.identity: event for event in known.told}
        self.inherited = list(known.inherited)

    def withdraw(self, identity: str) -> str:
        key = self.live.pop(identity)
        self.keys.discard(key)
        self.told.pop(identity, None)
        return key

    def add(self, event: EventFacts) -> None:
        self.live[event.identity] = event.key
        self.keys.add(event.key)
        self.told[event.identity] = event

    def as_told(self, event: EventFacts) -> tuple[EventFacts, EventFacts | None]:
        """An event of a case that was handed over, and what a former owner told of the same fact.

        It keeps the instant that was told before where it says no more than that; an exact
        instant is found before a coarser one, and what was told again once is not found again.
        """
        mine = self.told.get(event.identity)
        if mine is not None:
            return _no_coarser(event, mine), None
        same = [each for each in self.inherited if same_fact(each, event)]
        if not same:
            return event, None
        before = min(same, key=lambda each: each.occurred_at != event.occurred_at)
        self.inherited.remove(before)
        return _no_coarser(event, before), before


def decide(
    rows: Iterable[RowFacts],
    known: Mapping[str, KnownCase],
    disputed: Set[int],
    remembered: Mapping[str, RowVersion] = MappingProxyType({}),
    items: Mapping[tuple[str, str], str] = MappingProxyType({}),
    voice: Voice = Voice(),
) -> Iterator[RowDecision]:
    """One decision for each row, in order; each row sees what the rows before it have added.

    `known` has the cases that the store knows, by number, as of before the batch; `remembered`
    what is kept of the rows, by `row_key` and `told_key`, and `items` the key of the newest fact of
    the items, by code and version; of the events that are known those of the rows' own source,
    which is the `voice`. `disputed` comes from `find_conflicts` over the whole import. A
    key may come back after a withdrawal: A, corrected to B, corrected to A again.
    """
    states: dict[str, _State] = {}
    rows_before = dict(remembered)
    items_before = dict(items)
    for row in rows:
        dispute = ""
        if disputed:
            dispute = next((name for thing, _, name in row.claims() if thing in disputed), "")
        if dispute:
            yield RowDecision(row=row, result=RowResult.QUARANTINED, dispute=dispute)
            continue
        state = None
        if row.item is None:
            state = states.get(row.case_no)
            if state is None:
                state = states[row.case_no] = _State(known.get(row.case_no, KnownCase()))
            if not _may_say(row, state, voice):
                yield RowDecision(row=row, result=RowResult.QUARANTINED, owner=state.owner)
                continue
        now = row.standing() if row.row_key else None
        before = rows_before.get(row.row_key)
        if now is not None and before is not None:
            if not now.comparable(before):
                yield RowDecision(
                    row=row,
                    result=RowResult.QUARANTINED,
                    dispute="version",
                    against=before.version,
                )
                continue
            if row.version is not None and (now == before or now.older_than(before)):
                yield RowDecision(row=row, result=RowResult.UNCHANGED)
                continue
        if now is not None:
            rows_before[row.row_key] = now
        if row.item is not None or state is None:
            assert row.item is not None
            decision = _take_item(row, row.item, items_before)
        elif not state.owner and voice.only_adds(row):
            decision = replace(_take(row, state, None), waits=True)
        else:
            case = None if now is not None and now == before else row.case
            decision = _take_told(row, state, case, rows_before)
            if decision.result is RowResult.IMPORTED:
                state.owner = state.owner or voice.source
        yield decision if now is None or now == before else replace(decision, remember=now)


def _may_say(row: RowFacts, state: _State, voice: Voice) -> bool:
    """Whether a source may say a row of a case: of its own, of nobody's, or as what it adds."""
    if state.owner in ("", voice.source):
        return True
    return state.owner in voice.adds_to and voice.only_adds(row)


def _take_item(row: RowFacts, item: ItemFacts, before: dict[tuple[str, str], str]) -> RowDecision:
    place = item.item_code, item.item_version
    # That an item is gone which nobody knew says nothing.
    if before.get(place, item.key if row.deleted else "") == item.key:
        return RowDecision(row=row, result=RowResult.UNCHANGED)
    before[place] = item.key
    return RowDecision(row=row, result=RowResult.IMPORTED, item=item)


def _take_told(
    row: RowFacts, state: _State, case: CaseFacts | None, before: dict[str, RowVersion]
) -> RowDecision:
    """As `_take`; a row that is gone takes back what it was the last of its table to say."""
    if case is None or not case.told_by:
        return _take(row, state, case)
    told = RowVersion("", case.told_by)
    if row.deleted and before.get(case.told_key) != told:
        return _take(row, state, None)
    before[case.told_key] = told = RowVersion("", "") if row.deleted else told
    return replace(_take(row, state, case), told=told)


def _take(row: RowFacts, state: _State, case: CaseFacts | None) -> RowDecision:
    events: list[EventFacts] = []
    withdrawals: list[Withdrawal] = []
    for stated in row.events:
        event, before = stated, None
        if state.told or state.inherited:
            event, before = state.as_told(stated)
        if before is not None:
            withdrawals.append(Withdrawal(before.key, event.key, before.identity, inherited=True))
        if state.live.get(event.identity, event.key) != event.key:
            key = state.withdraw(event.identity)
            withdrawals.append(Withdrawal(key, event.key, event.identity))
        # Two events with one key are one event, whatever told them apart at the source.
        if before is not None or event.key not in state.keys:
            state.add(event)
            events.append(event)
    withdrawals += [
        Withdrawal(state.withdraw(identity), None, identity)
        for identity in row.absent
        if identity in state.live
    ]
    # Of a case that nobody has said anything of, a deleted row has nothing to empty.
    fields: Mapping[str, str] | None = None
    changed: tuple[str, ...] = ()
    if case is not None and not (row.deleted and state.fields is None):
        fields, changed = _merged(case, state.fields)
    if fields is not None:
        state.fields = dict(fields)
    new = bool(events or withdrawals) or fields is not None
    return RowDecision(
        row=row,
        result=RowResult.IMPORTED if new else RowResult.UNCHANGED,
        fields=fields,
        changed=changed,
        events=tuple(events),
        withdrawals=tuple(withdrawals),
    )


def span(precision: Precision, occurred_at: int) -> int:
    """Seconds within which an instant lies that is told like that: a date, a minute, a second.

    Many systems tell no seconds: a whole minute says no more than its minute.
    """
    if precision is Precision.DAY:
        return 86_400
    return 60 if occurred_at % 60 == 0 else 1


def alike(one: tuple[Precision, int], other: tuple[Precision, int]) -> bool:
    """Whether two instants are the same as exactly as the coarser of them says it."""
    if span(*one) == span(*other):
        return one[1] == other[1]
    coarse, exact = (one, other) if span(*one) > span(*other) else (other, one)
    return coarse[1] <= exact[1] < coarse[1] + span(*coarse)


def same_fact(one: EventFacts, other: EventFacts) -> bool:
    """Whether rows of two owners tell the same fact: type, stage, kind, and the instant as exactly
    as the coarser of them says it (docs/contract.md 2)."""
    if (one.type, one.stage, one.kind) != (other.type, other.stage, other.kind):
        return False
    return alike((one.precision, one.occurred_at), (other.precision, other.occurred_at))


def _no_coarser(event: EventFacts, before: EventFacts) -> EventFacts:
    """The event, at the instant that was told before where it tells the same less exactly."""
    now, then = (event.precision, event.occurred_at), (before.precision, before.occurred_at)
    if not same_fact(event, before) or span(*now) <= span(*then):
        return event
    at, precision = before.occurred_at, before.precision
    return replace(event, occurred_at=at, precision=precision, wall="", key="")


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
    """Rows of a file or of an import: read = imported + unchanged + quarantined (contract.md 2)."""

    imported: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def read(self) -> int:
        """Every data row that the source has, blank ones and the header left out."""
        return self.imported + self.unchanged + self.quarantined

    def plus(self, result: RowResult, number: int = 1) -> "Counts":
        """With so many more rows."""
        return self + Counts(
            imported=number * (result is RowResult.IMPORTED),
            unchanged=number * (result is RowResult.UNCHANGED),
            quarantined=number * (result is RowResult.QUARANTINED),
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.imported + other.imported,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
        )
