"""Who held a case how long, and whose overrun it was (DESIGN 5.6). Proposals, never penalties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .timeline import Event
from .walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holder's time with a case: [since, until], working seconds held and of these overrun."""

    stage: str | None
    department: str | None
    holder: str | None
    since: int
    until: int
    held_seconds: int
    overrun_seconds: int


@dataclass(frozen=True, slots=True)
class _Holder:
    stage: str | None
    department: str | None
    holder: str | None


def attribute(
    walk: Walk,
    events: Sequence[Event],
    fields: Mapping[str, str],
    *,
    due_at: int | None,
    until: int,
) -> tuple[Holding, ...]:
    """Split the working time from the clock's start until `until` among those who held the case.

    The holder is the case's handler until an event says otherwise, also one before the start:
    `assigned` names the next, `stage_started` the stage and who does it until `stage_finished`,
    `forwarded_up` gives the case to the authority above until `forwarded_back`. The parts add up
    to the clock's working time; what was counted after `due_at` is overrun. Paused time is held by
    nobody.
    """
    first = _Holder(None, fields.get("department"), fields.get("handler"))
    hands = _Hands(base=first, current=first, below=first)
    changes = [(walk.start_at, first)]
    for event in events:
        if event.occurred_at > until:
            break
        previous = hands.current
        hands = _after(event, hands)
        if hands.current != previous:
            changes.append((max(event.occurred_at, walk.start_at), hands.current))
    parts: list[Holding] = []
    for place, (since, holder) in enumerate(changes):
        end = changes[place + 1][0] if place + 1 < len(changes) else until
        held = walk.working_seconds(since, end)
        late_from = end if due_at is None else max(due_at, since)
        overrun = walk.working_seconds(late_from, end)
        if end > since and (held or not parts):
            parts.append(
                Holding(
                    stage=holder.stage,
                    department=holder.department,
                    holder=holder.holder,
                    since=since,
                    until=end,
                    held_seconds=held,
                    overrun_seconds=overrun,
                )
            )
    return tuple(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """Who has the case: outside of stages, now, and who gets it back from above."""

    base: _Holder
    current: _Holder
    below: _Holder


def _after(event: Event, hands: _Hands) -> _Hands:
    """In whose hands the case is after an event."""
    current = hands.current
    department = event.department or current.department
    if event.type == "assigned":
        return replace(
            hands,
            base=_Holder(None, department, event.actor),
            current=_Holder(event.stage or current.stage, department, event.actor),
        )
    if event.type == "stage_started":
        return replace(
            hands, current=_Holder(event.stage, department, event.actor or current.holder)
        )
    if event.type == "stage_finished" and event.stage == current.stage:
        return replace(hands, current=hands.base)
    if event.type == "forwarded_up":
        above = _Holder(current.stage, event.department or "上级机关", event.actor)
        return replace(hands, current=above, below=current)
    if event.type == "forwarded_back":
        return replace(hands, current=hands.below)
    return hands


def whose_overrun(holdings: Sequence[Holding]) -> Holding | None:
    """The holding with the longest overrun, the earliest of equals; None where nothing is over."""
    over = [holding for holding in holdings if holding.overrun_seconds]
    return max(over, key=lambda holding: holding.overrun_seconds, default=None)
