"""Would-be cards as arrays, one entry a card; and the differences of a part, made values late."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ...engine.clockwork import NEVER
from ...engine.columns import AMOUNT, PER_STAGE, STATED
from ...engine.encoding import EPISODES, BoundRule
from ...engine.questions import MILLION
from ...terms import Level
from ...time.amount import Amount, Threshold, Unit
from ..backtest.model import Change, Difference, WouldBe
from .lake_columns import Columns
from .lake_format import Part
from .lake_history import Lake

#: Differences that become values together.
_BATCH: Final = 10_000
_UNITS: Final = tuple(Unit)
CHANGES: Final = tuple(Change)


@dataclass(frozen=True, slots=True)
class Cards:
    """The would-be cards of one side: arrays of one length. Events are the frame's."""

    bound: tuple[BoundRule, ...]
    #: Of the same card the same on both sides; sorted, unless they were not asked to be.
    key: Any
    rule: Any
    #: Code of the rule's name on the later side.
    group: Any
    level: Any
    instant: Any
    case: Any
    start: Any
    stop: Any
    #: Row of the limits, -1 where they were not kept; and the tables of limits by name.
    detail: Any
    limits: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.key)


def cards_of(
    bound: Sequence[BoundRule],
    chosen: Sequence[int],
    found: Mapping[str, Any],
    stale: Any,
    groups: Mapping[str, int],
    renamed: Mapping[str, str],
    *,
    in_order: bool = True,
) -> Cards:
    """The cards of some rules among findings; `stale` says of which cases an open clock is not."""
    import numpy

    is_chosen: Any = numpy.zeros(len(bound) + 1, dtype=bool)
    is_chosen[list(chosen)] = True
    rows = numpy.flatnonzero(is_chosen[found["rule"]])
    reached = found["level_reached"][rows]
    if stale.any():
        hidden = stale[found["case"][rows]] & (found["stop"][rows] < 0)
        reached = reached * ~hidden[:, None]
    levels_each = reached.shape[1]
    place = numpy.flatnonzero(reached)
    row = place // levels_each
    slot = place - row * levels_each
    row = rows[row]
    rule = found["rule"][row]
    level_of: Any = numpy.zeros((len(bound) + 1, levels_each), dtype=numpy.int64)
    group_of: Any = numpy.zeros(len(bound) + 1, dtype=numpy.int64)
    staged: Any = numpy.zeros(len(bound) + 1, dtype=numpy.int64)
    for r, one in enumerate(bound):
        levels = sorted(Level.parse(card.level) for card in one.rule.cards)
        level_of[r, : len(levels)] = levels
        group_of[r] = groups.get(renamed.get(one.rule.id, one.rule.id), 0)
        staged[r] = EPISODES[one.rule.counted.episodes] == PER_STAGE
    level, group = level_of[rule, slot], group_of[rule]
    start = found["start"][row].astype(numpy.int64)
    key = ((start * (len(groups) + 1) + group) * 2 + staged[rule]) * 4 + level
    order = slice(None)
    if in_order and len(key) > 1 and (key[1:] < key[:-1]).any():
        order = numpy.argsort(key, kind="stable")
    detail = found["detail"][row]
    return Cards(
        bound=tuple(bound),
        key=key[order],
        rule=rule[order],
        group=group[order],
        level=level[order],
        instant=found["level_instant"][row, slot][order],
        case=found["case"][row][order],
        start=start[order],
        stop=found["stop"][row][order],
        detail=detail[order],
        limits={name: column for name, column in found.items() if name.startswith("limit_")},
    )


def matched(before: Cards, after: Cards) -> tuple[Any, Any]:
    """Places of each card on both sides, -1 where that side has none; those of `after` last."""
    import numpy

    both = numpy.arange(len(before))
    if numpy.array_equal(before.key, after.key):
        return both, both
    if not len(before) or not len(after):
        only = numpy.arange(len(before) + len(after))
        none = numpy.full(len(only), -1)
        return (only, none) if len(before) else (none, only)
    place = numpy.minimum(numpy.searchsorted(after.key, before.key), len(after) - 1)
    hit = after.key[place] == before.key
    new: Any = numpy.ones(len(after), dtype=bool)
    new[place[hit]] = False
    more = numpy.nonzero(new)[0]
    return (
        numpy.concatenate([both, numpy.full(len(more), -1)]),
        numpy.concatenate([numpy.where(hit, place, -1), more]),
    )


@dataclass(frozen=True, slots=True)
class Half:
    """One side of the differences of a part: the numbers that a `WouldBe` takes, -1 for none."""

    bound: tuple[BoundRule, ...]
    there: Any
    rule: Any
    instant: Any
    start_row: Any
    start_at: Any
    stop_row: Any
    stop_at: Any
    kind: Any
    unit: Any
    amount: Any
    due: Any


def half(cards: Cards, places: Any, columns: Columns) -> Half:
    """The cards at some places; -1 is none."""
    import numpy

    there = places >= 0
    at = numpy.where(there, places, 0)
    if not len(cards):
        none: Any = numpy.zeros(len(places), dtype=numpy.int64)
        return Half(cards.bound, there, *([none] * 10))
    rule, start, stop = cards.rule[at], cards.start[at], cards.stop[at]
    # The limit on which the rule's card of this level rests.
    limit_of: Any = numpy.zeros((len(cards.bound), len(Level) + 1), dtype=numpy.int64)
    for r, one in enumerate(cards.bound):
        for card in one.rule.cards:
            place = list(one.rule.limits).index(Threshold.parse(card.at).limit)
            limit_of[r, Level.parse(card.level)] = place
    limit = limit_of[rule, cards.level[at]]
    detail = cards.detail[at]

    def of_limit(name: str) -> Any:
        return cards.limits[name][detail, limit]

    rows = numpy.arange(len(columns.frame.at))
    if columns.event_rows is not None:
        rows = columns.event_rows
    return Half(
        bound=cards.bound,
        there=there,
        rule=rule,
        instant=cards.instant[at],
        start_row=rows[start],
        start_at=columns.frame.at[start],
        stop_row=numpy.where(stop >= 0, rows[stop], -1),
        stop_at=columns.frame.at[stop],
        kind=of_limit("limit_kind"),
        unit=of_limit("limit_unit"),
        amount=of_limit("limit_amount"),
        due=of_limit("limit_due"),
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """The differences of a part: about two hundred bytes each until somebody reads them."""

    lake: Lake
    part: Part
    names: tuple[str, ...]
    change: Any
    group: Any
    level: Any
    case_row: Any
    before: Half
    after: Half

    def close(self) -> None:
        """Nothing is held but memory."""

    def __iter__(self) -> Iterator[Difference]:
        if not len(self.change):
            return
        cases = self.lake.table("cases", self.part, ("case_no", "item_code", "department"))
        events = self.lake.table("events", self.part, ("key", "type", "stage", "department"))
        for lo in range(0, len(self.change), _BATCH):
            yield from self._values(cases, events, lo, min(len(self.change), lo + _BATCH))

    def _values(self, cases: Any, events: Any, lo: int, hi: int) -> Iterator[Difference]:
        own = _rows(cases, self.case_row[lo:hi])
        sides = [
            list(_side(side, lo, hi, own, events, self.level)) for side in (self.before, self.after)
        ]
        for n, (before, after) in enumerate(zip(*sides, strict=True), start=lo):
            name = self.names[int(self.group[n])]
            yield Difference(CHANGES[int(self.change[n])], name, before, after)


def _rows(table: Any, places: Any) -> list[tuple[Any, ...]]:
    """Some rows of a table, as tuples."""
    import pyarrow

    part = table.take(pyarrow.array(places))
    return list(zip(*(column.to_pylist() for column in part.columns), strict=True))


def _side(
    side: Half, lo: int, hi: int, own: Sequence[tuple[Any, ...]], events: Any, level: Any
) -> Iterator[WouldBe | None]:
    import numpy

    starts = _rows(events, side.start_row[lo:hi])
    stops = _rows(events, numpy.maximum(side.stop_row[lo:hi], 0))
    for n in range(lo, hi):
        if not side.there[n]:
            yield None
            continue
        bound = side.bound[int(side.rule[n])]
        case_no, item_code, department = own[n - lo]
        key, start_type, stage, its_department = starts[n - lo]
        per_stage = bound.rule.counted.episodes == "per_stage" and stage is not None
        at = next(c.at for c in bound.rule.cards if Level.parse(c.level) == int(level[n]))
        stopped = int(side.stop_row[n]) >= 0
        kind, amount = int(side.kind[n]), None
        if kind == AMOUNT:
            value = (Decimal(int(side.amount[n])) / MILLION).normalize() + 0
            amount = str(Amount(value, _UNITS[int(side.unit[n])]))
        yield WouldBe(
            case_no=case_no,
            item_code=item_code,
            department=its_department or department,
            rule_id=bound.rule.id,
            rule_version=bound.rule.version,
            pack=bound.pack,
            episode=f"{key}/{stage}" if per_stage else key,
            level=Level(int(level[n])),
            fell_due_at=int(side.instant[n]),
            at=at,
            limit=Threshold.parse(at).limit,
            amount=amount,
            limit_due_at=_known(int(side.due[n])) if kind in (AMOUNT, STATED) else None,
            start_type=start_type,
            start_at=int(side.start_at[n]),
            stop_type=stops[n - lo][1] if stopped else None,
            stop_at=int(side.stop_at[n]) if stopped else None,
        )


def _known(instant: int) -> int | None:
    return instant if abs(instant) < NEVER else None
