"""Cases, events and rules to the kernel's columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..rules.rules import Clock, LimitSource, Rule
from ..rules.vocabulary import Vocabulary
from ..terms import Level, Precision
from ..time.amount import Amount, Threshold
from ..time.instants import parse_instant
from .business_time import Table
from .clockwork import NEVER, ordinal_at
from .columns import (
    DEEM_FROM,
    DEEM_UNLESS,
    EACH,
    ENDS,
    EXTEND,
    FROM_CASE,
    FROM_CASE_DUE,
    FROM_EVENT,
    FROM_EVENT_DUE,
    FROM_FIXED,
    MOST_LEVELS,
    MOST_LIMITS,
    MOST_PAIRS,
    ONCE,
    PAIRS,
    PER_STAGE,
    START,
    STOP,
    UNSTARTED,
    Findings,
    Frame,
    Rules,
    Work,
    work_size,
)
from .levels import WHOLE
from .questions import UNIT_CODE, millionths
from .timeline import CaseRecord, Event

EPISODES = {"once": ONCE, "each": EACH, "per_stage": PER_STAGE}
LIMIT_FIELDS = ("promised_limit", "statutory_limit")
DUE_FIELDS = ("promised_due", "statutory_due", "licence_expires")
_FAR_DAY = date.max.toordinal()
#: Bits of a mask that the compiled kernel holds in 64.
MOST_BITS = 62


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule version as a scan uses it: the model, its pack and the digest of its text."""

    rule: Rule
    pack: str
    digest: str


Signature = tuple[str, str | None]


def ordered(record: CaseRecord, vocabulary: Vocabulary, table: Table, as_of: int) -> list[Event]:
    """Events up to `as_of` in their order, dated ones at their place (docs/time.md 18).

    An event whose date only is known is read at the earliest instant of its date that the rank
    order allows: after those of lower rank on that date whose time is known by `as_of`.
    """
    # A case with an event of no type is not judged (`engine.evaluation`), but can be shown.
    types = vocabulary.types
    known = [event for event in record.events if event.occurred_at <= as_of and event.type in types]
    exact = [event for event in known if event.precision is Precision.SECOND]
    placed = []
    for event in known:
        at = event.occurred_at
        if event.precision is Precision.DAY:
            at = _placed(event, exact, vocabulary, table)
        placed.append((_order(event, at, vocabulary), at, event))
    placed.sort(key=lambda item: item[0])
    return [event if event.occurred_at == at else _moved(event, at) for _, at, event in placed]


def _placed(event: Event, exact: Iterable[Event], vocabulary: Vocabulary, table: Table) -> int:
    day = ordinal_at(table, event.occurred_at)
    rank = vocabulary.types[event.type].rank
    at = event.occurred_at
    for other in exact:
        if (
            other.occurred_at > at
            and vocabulary.types[other.type].rank < rank
            and ordinal_at(table, other.occurred_at) == day
        ):
            at = other.occurred_at
    return at


def _moved(event: Event, at: int) -> Event:
    values = {name: getattr(event, name) for name in Event.__slots__}
    return Event(**(values | {"occurred_at": at}))


def _order(event: Event, at: int, vocabulary: Vocabulary) -> tuple[int, int, int, str, str]:
    recorded = event.recorded_at if event.recorded_at is not None else NEVER
    source = event.source_key if event.source_key is not None else "\U0010ffff"
    return at, vocabulary.types[event.type].rank, recorded, source, event.key


class FrameBuilder:
    """Collects cases of one calendar into a `Frame` of lists."""

    def __init__(self, vocabulary: Vocabulary, table: Table, zone: str) -> None:
        self.vocabulary = vocabulary
        self.table = table
        self.zone = zone
        self.signatures: dict[Signature, int] = {}
        self.events: list[list[Event]] = []
        self._columns: dict[str, list[int]] = {name: [] for name in Frame._fields[1:]}
        self._columns["first"].append(0)
        self._amounts: dict[str, tuple[int, int]] = {}

    def add(self, record: CaseRecord, as_of: int) -> None:
        """Add one case as known up to `as_of`."""
        events = ordered(record, self.vocabulary, self.table, as_of)
        self.events.append(events)
        columns = self._columns
        stages: dict[str, int] = {}
        for event in events:
            signature = (event.type, event.kind)
            columns["signature"].append(self.signatures.setdefault(signature, len(self.signatures)))
            columns["at"].append(event.occurred_at)
            columns["coarse"].append(int(event.precision is Precision.DAY))
            stage = -1 if event.stage is None else stages.setdefault(event.stage, len(stages))
            columns["stage"].append(stage)
            unit, amount = self._amount(event.amount)
            columns["unit"].append(unit)
            columns["amount"].append(amount)
            columns["due"].append(NEVER if event.due_at is None else event.due_at)
            columns["due_coarse"].append(int(event.due_precision is Precision.DAY))
            columns["entered"].append(NEVER if event.entered_at is None else event.entered_at)
        columns["first"].append(len(columns["at"]))
        for name in (*LIMIT_FIELDS, ""):  # the end of a licence is no amount
            unit, amount = self._amount(record.fields.get(name))
            columns["case_unit"].append(unit)
            columns["case_amount"].append(amount)
        for name in DUE_FIELDS:
            due, coarse = self._due(record.fields.get(name))
            columns["case_due"].append(due)
            columns["case_due_coarse"].append(coarse)

    def _amount(self, text: str | None) -> tuple[int, int]:
        """Unit and millionths of an amount; 0 where there is none, -1 where it cannot be read."""
        if not text:
            return 0, 0
        if text not in self._amounts:
            try:
                amount = Amount.parse(text)
                self._amounts[text] = UNIT_CODE[amount.unit], millionths(amount)
            except ValueError:
                self._amounts[text] = 0, -1
        return self._amounts[text]

    def _due(self, text: str | None) -> tuple[int, int]:
        if not text:
            return NEVER, 0
        try:
            due, precision = parse_instant(text, self.zone)
        except ValueError:
            return -NEVER, 0
        return due, int(precision is Precision.DAY)

    def frame(self) -> Frame:
        """The columns collected so far."""
        return Frame(cases=len(self.events), **self._columns)

    def longest(self) -> int:
        """Events of the longest case."""
        return max((len(events) for events in self.events), default=0)


def encode_rules(
    bound: Sequence[BoundRule], vocabulary: Vocabulary, signatures: Mapping[Signature, int]
) -> Rules:
    """Rule versions as columns for these signatures."""
    order = sorted(signatures, key=lambda signature: signatures[signature])
    types = {name: k for k, name in enumerate(vocabulary.types)}
    kinds: dict[str, int] = {}
    pairs = [
        (types[earlier], types[name])
        for name, event in vocabulary.types.items()
        for earlier in event.follows
    ]
    columns: dict[str, list[int]] = {name: [] for name in Rules._fields[5:]}
    columns["kind"] = [
        -1 if kind is None else kinds.setdefault(kind, len(kinds)) for _, kind in order
    ]
    columns["type_of"] = [types[name] for name, _ in order]
    masks = _masks(pairs)
    columns["bit"] = [masks[0].get(types[name], 0) for name, _ in order]
    columns["followers"] = [masks[1].get(types[name], 0) for name, _ in order]
    columns["must_precede"] = [earlier for earlier, _ in pairs]
    columns["must_follow"] = [later for _, later in pairs]
    columns["source_at"].append(0)
    columns["level_at"].append(0)
    for entry in bound:
        rule = entry.rule
        columns["role"].extend(role_of(rule.counted, vocabulary, signature) for signature in order)
        _encode_clock(rule, columns)
        _encode_limits(rule, columns)
        _encode_levels(rule, columns)
    return Rules(
        rules=len(bound),
        signatures=len(order),
        types=len(types),
        pairs=len(pairs),
        masked=int(len(masks[0]) <= MOST_BITS),
        **columns,
    )


def _masks(pairs: Sequence[tuple[int, int]]) -> tuple[dict[int, int], dict[int, int]]:
    """A bit for each type that has a place in the order, and for each the bits of its followers."""
    placed = dict.fromkeys(kind for pair in pairs for kind in pair)
    bits = {kind: 1 << min(place, MOST_BITS) for place, kind in enumerate(placed)}
    followers: dict[int, int] = {}
    for earlier, later in pairs:
        followers[earlier] = followers.get(earlier, 0) | bits[later]
    return bits, followers


def role_of(clock: Clock, vocabulary: Vocabulary, signature: Signature) -> int:
    """What an event of this signature does to the clock, as bits."""
    name, kind = signature
    role = 0
    wanted = clock.kinds is None or kind in clock.kinds
    if name in clock.start and wanted:
        role |= START
    if name in clock.stop and wanted:
        role |= STOP
    if name in clock.unstarted:
        role |= UNSTARTED
    if vocabulary.types[name].ends_case:
        role |= ENDS
    if clock.deemed is not None:
        role |= DEEM_FROM if name in clock.deemed.from_ else 0
        role |= DEEM_UNLESS if name in clock.deemed.unless else 0
    if clock.extend is not None and name in clock.extend.by:
        role |= EXTEND
    for p, pause in enumerate(clock.pause):
        meant = pause.kinds is None or kind in pause.kinds
        if name in pause.from_ and meant:
            role |= 1 << (PAIRS + 2 * p)
        if name in pause.to and (meant or kind is None):
            role |= 2 << (PAIRS + 2 * p)
    return role


def _encode_clock(rule: Rule, columns: dict[str, list[int]]) -> None:
    clock = rule.counted
    columns["episodes"].append(EPISODES[clock.episodes])
    columns["by_time"].append(int(clock.resolution == "time"))
    columns["same"].append(int(clock.first_day == "same"))
    columns["close"].append(int(clock.ends == "close"))
    columns["roll"].append(int(clock.roll == "next_working_day"))
    columns["count"].append(UNIT_CODE[clock.count])
    columns["from_day"].append(rule.in_force.from_.toordinal())
    columns["to_day"].append(rule.in_force.to.toordinal() if rule.in_force.to else _FAR_DAY)
    columns["ahead"].append(int(Amount.parse(clock.ahead).value) if clock.ahead else 0)
    within = Amount.parse(clock.deemed.within) if clock.deemed else None
    columns["deem_unit"].append(UNIT_CODE[within.unit] if within else 0)
    columns["deem_amount"].append(millionths(within) if within else 0)
    names = list(rule.limits)
    extended = clock.extend.limits if clock.extend else ()
    columns["extends"].append(sum(1 << names.index(name) for name in extended))
    most = Amount.parse(clock.extend.most) if clock.extend and clock.extend.most else None
    columns["most"].append(millionths(most) if most else 0)
    columns["most_unit"].append(UNIT_CODE[most.unit] if most else 0)
    columns["times"].append(clock.extend.times or 0 if clock.extend else 0)
    for p in range(MOST_PAIRS):
        unit, amount = 0, -1
        cap = clock.pause[p].cap if p < len(clock.pause) else None
        if cap is not None:
            amount = 0
            if cap.fixed is not None:
                fixed = Amount.parse(cap.fixed)
                unit, amount = UNIT_CODE[fixed.unit], millionths(fixed)
        columns["cap_unit"].append(unit)
        columns["cap_amount"].append(amount)


def _encode_limits(rule: Rule, columns: dict[str, list[int]]) -> None:
    columns["limits"].append(len(rule.limits))
    sources = list(rule.limits.values())
    for k in range(MOST_LIMITS):
        for source in sources[k] if k < len(sources) else ():
            kind, field, unit, amount = _source(source)
            columns["source_kind"].append(kind)
            columns["source_field"].append(field)
            columns["source_unit"].append(unit)
            columns["source_amount"].append(amount)
            columns["source_moved"].append(int(source.moved_by_pauses))
        columns["source_at"].append(len(columns["source_kind"]))


def _source(source: LimitSource) -> tuple[int, int, int, int]:
    if source.fixed is not None:
        fixed = Amount.parse(source.fixed)
        return FROM_FIXED, 0, UNIT_CODE[fixed.unit], millionths(fixed)
    if source.event is not None:
        return (FROM_EVENT if source.event == "amount" else FROM_EVENT_DUE), 0, 0, 0
    if source.case in LIMIT_FIELDS:
        return FROM_CASE, LIMIT_FIELDS.index(source.case), 0, 0
    return FROM_CASE_DUE, DUE_FIELDS.index(str(source.case)), 0, 0


def _encode_levels(rule: Rule, columns: dict[str, list[int]]) -> None:
    names = list(rule.limits)
    for card in sorted(rule.cards, key=lambda card: Level.parse(card.level)):
        at = Threshold.parse(card.at)
        off = 0
        if at.offset is not None:
            off = millionths(at.offset) if at.later else -millionths(at.offset)
        columns["level_rank"].append(int(Level.parse(card.level)))
        columns["level_limit"].append(names.index(at.limit))
        columns["level_percent"].append(0 if at.percent is None else int(at.percent * WHOLE // 100))
        columns["level_off"].append(off)
        columns["level_off_unit"].append(UNIT_CODE[at.offset.unit] if at.offset else 0)
    columns["level_at"].append(len(columns["level_rank"]))


def blank_findings(size: int) -> Findings:
    """Findings of this size, as lists of zeros."""
    per_limit = ("limit_kind", "limit_unit", "limit_amount", "limit_due")
    per_level = ("level_instant", "level_reached")
    lengths = dict.fromkeys(per_limit, size * MOST_LIMITS)
    lengths |= dict.fromkeys(per_level, size * MOST_LEVELS)
    return Findings(*([0] * lengths.get(name, size) for name in Findings._fields))


def blank_work(longest: int, types: int) -> Work:
    """Scratch space for cases of at most `longest` events."""
    return Work(*([0] * work_size(longest, types) for _ in Work._fields))
