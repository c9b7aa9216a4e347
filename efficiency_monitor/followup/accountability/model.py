"""Who held a case how long, and whose overrun it was (contract.md 8). Proposals, never penalties.

How time is divided, with worked examples: docs/accountability.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from ...engine.clockwork import day_of, end_of_day
from ...engine.custody import Change, Task, critical_path, first_holder, one_by_one, tasks_of
from ...engine.episode_timeline import Walk
from ...engine.timeline import Event
from ...terms import ItemKind, Precision
from ...time.amount import Amount, Unit


class Part(StrEnum):
    """What a holding is a part of."""

    #: Of the clock's time: these parts add up to it.
    HELD = "held"
    #: An organ's own clock in a joint case; it runs beside the others.
    ORGAN = "organ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holder's time with a case, [since, until) in epoch seconds.

    `held_seconds` and `overrun_seconds` are working seconds. `amount` and `over` are in `unit`, at
    most 6 places; None where the elapsed amount cannot be said. `charged_seconds`: how much of the
    case's overrun is charged to it, in working seconds.
    """

    part: Part = Part.HELD
    stage: str | None
    department: str | None
    holder: str | None
    since: int
    until: int
    held_seconds: int
    overrun_seconds: int
    charged_seconds: int = 0
    amount: Decimal | None = None
    over: Decimal | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a clock is held against: the unit, how much of it is allowed, and when that is due.

    `allowance` None: nothing is over. `due_at` in epoch seconds; None: no overrun.
    """

    unit: Unit
    allowance: Decimal | None = None
    due_at: int | None = None


def attribute(
    walk: Walk,
    events: Sequence[Event],
    fields: Mapping[str, str],
    *,
    against: Against,
    until: int,
) -> tuple[Holding, ...]:
    """Divide the time from the clock's start until `until` among those who held the case.

    The parts of kind `held` follow each other and add up: their seconds to the clock's working
    time, their amounts to its elapsed amount, their charges to the overrun. Paused time is held by
    nobody. A joint case has a part of kind `organ` for each organ's own clock besides. `events` are
    all that had happened by `until`, those before the start too, in their order.
    """
    known = [event for event in events if event.occurred_at <= until]
    first = first_holder(known, fields)
    if fields.get("item_kind") != ItemKind.JOINT:
        return _held(walk, [*one_by_one(known, first)], against, until)
    tasks = tasks_of(known, fields.get("department"))
    held = _held(walk, critical_path(known, first, tasks), against, until)
    organs = (_organ(walk, task, against.unit, until) for task in tasks)
    return held + tuple(organ for organ in organs if organ is not None)


def _stretches(changes: Iterable[Change], start_at: int) -> list[Change]:
    """Changes of hands from the start on, each to another holder."""
    latest = {max(since, start_at): holder for since, holder in changes}
    found: list[Change] = []
    for since, holder in latest.items():
        if not found or found[-1][1] != holder:
            found.append((since, holder))
    return found


def _held(
    walk: Walk, changes: Sequence[Change], against: Against, until: int
) -> tuple[Holding, ...]:
    """The parts of the clock's time from who had the case from when on."""
    stretches = _stretches(changes, walk.start_at)
    cuts = [since for since, _ in stretches] + [max(until, walk.start_at)]
    reached = walk.reached(against.unit, cuts[-1], cuts)
    parts: list[tuple[Holding, bool]] = []
    for place, (since, holder) in enumerate(stretches):
        end = cuts[place + 1]
        held = walk.working_seconds(since, end)
        late_from = end if against.due_at is None else max(against.due_at, since)
        amount, over = _between(reached, place, against.allowance)
        if end > since and (held or amount or not parts):
            part = Holding(
                stage=holder.stage,
                department=holder.department,
                holder=holder.holder,
                since=since,
                until=end,
                held_seconds=held,
                overrun_seconds=walk.working_seconds(late_from, end),
                amount=amount,
                over=over,
                unit=None if amount is None else against.unit,
            )
            parts.append((part, holder.above))
    return _charged(parts)


def _between(
    reached: Sequence[Decimal] | None, place: int, allowance: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """What was counted in one stretch, and what of it is over."""
    if reached is None:
        return None, None
    before, after = reached[place], reached[place + 1]
    if allowance is None:
        return after - before, None
    return after - before, max(after - allowance, Decimal(0)) - max(before - allowance, Decimal(0))


def _charged(parts: Sequence[tuple[Holding, bool]]) -> tuple[Holding, ...]:
    """Charge the overrun: below for what its own time exceeds the limit, above for the rest.

    The working time that was allowed is what had been held when the limit was over. Those below may
    use all of it; what they leave is for the authority above. Beyond its allowance each is charged
    in the order of time, so the charges add up to the overrun.
    """
    overrun = sum(part.overrun_seconds for part, _ in parts)
    if not overrun:
        return tuple(part for part, _ in parts)
    total = sum(part.held_seconds for part, _ in parts)
    below = sum(part.held_seconds for part, above in parts if not above)
    allowed = total - overrun
    left = {False: min(allowed, below), True: max(allowed - below, 0)}
    charged = []
    for part, above in parts:
        free = min(part.held_seconds, left[above])
        left[above] -= free
        charged.append(replace(part, charged_seconds=part.held_seconds - free))
    return tuple(charged)


def _organ(walk: Walk, task: Task, unit: Unit, until: int) -> Holding | None:
    """An organ's own clock in a joint case; None where it was over before the case's began."""
    since, end = max(task.since, walk.start_at), min(until, task.until or until)
    if end <= since:
        return None
    own = walk.from_instant(since)
    limit = _own_limit(task.started, own)
    unit = limit.unit if limit is not None else unit
    elapsed = own.elapsed(unit, end)
    over, due_at = None, None
    if limit is not None:
        due_at = limit.due_at
        allowance = limit.allowance
        if allowance is None and due_at is not None:
            allowance = own.elapsed(unit, due_at)
        if elapsed is not None and allowance is not None:
            over = max(elapsed - allowance, Decimal(0))
    holder = task.holder(end - 1)
    return Holding(
        part=Part.ORGAN,
        stage=task.stage,
        department=task.department,
        holder=holder.holder,
        since=since,
        until=end,
        held_seconds=own.working_seconds(since, end),
        overrun_seconds=0 if due_at is None else own.working_seconds(max(due_at, since), end),
        amount=elapsed,
        over=over,
        unit=None if elapsed is None else unit,
    )


def _own_limit(started: Event, own: Walk) -> Against | None:
    """The limit that the event gives to the organ, if any that can be read."""
    if started.amount is not None:
        try:
            limit = Amount.parse(started.amount)
        except ValueError:
            return None
        if limit.unit is Unit.CALENDAR_MONTHS:
            return Against(unit=Unit.CALENDAR_DAYS, due_at=own.due(limit))
        return Against(unit=limit.unit, allowance=limit.value, due_at=own.due(limit))
    if started.due_at is None:
        return None
    clock, table = own.bound.rule.counted, own.compiled.table
    due_at = started.due_at
    if started.due_precision is Precision.DAY:
        due_at = int(end_of_day(table, day_of(table, due_at), clock.ends == "close"))
    return Against(unit=clock.count, due_at=due_at)


def whose_overrun(holdings: Sequence[Holding]) -> Holding | None:
    """The holding that is charged most, the earliest of equals; None where nothing is over."""
    over = [holding for holding in holdings if holding.charged_seconds]
    return max(over, key=lambda holding: holding.charged_seconds, default=None)
