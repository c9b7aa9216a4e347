"""In whose hands a case is from when on, by its events: passed on, sent up, worked on by several.

What it means for accountability: docs/accountability.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .timeline import Event

#: Name of the authority above where the event does not say which it is.
ABOVE = "上级机关"
_EVER = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a case: the stage it is in, the organ, the person; None where nobody says."""

    stage: str | None
    department: str | None
    holder: str | None
    #: The authority to which the case was sent up.
    above: bool = False


#: From this instant on this holder has the case.
Change = tuple[int, Holder]


def first_holder(events: Iterable[Event], fields: Mapping[str, str]) -> Holder:
    """Who has the case before any event says so.

    A handler to whom the case was assigned has it from then on: before, it lay in the department.
    """
    handler = fields.get("handler")
    if any(event.type == "assigned" and event.actor == handler for event in events):
        handler = None
    return Holder(None, fields.get("department"), handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """Who has the case: outside of stages, now, and who gets it back from above."""

    base: Holder
    current: Holder
    below: Holder


def one_by_one(events: Iterable[Event], first: Holder) -> Iterator[Change]:
    """Who has a case that is passed from hand to hand."""
    hands = _Hands(base=first, current=first, below=first)
    yield _EVER, first
    for event in events:
        hands = _after(event, hands)
        yield event.occurred_at, hands.current


def _after(event: Event, hands: _Hands) -> _Hands:
    """In whose hands the case is after an event."""
    current = hands.current
    if current.above:
        return _while_above(event, hands)
    department = event.department or current.department
    if event.type == "assigned":
        return replace(
            hands,
            base=Holder(None, department, event.actor),
            current=Holder(event.stage or current.stage, department, event.actor),
        )
    if event.type == "dispatched" and event.department not in (None, current.department):
        holder = Holder(None, department, None)
        return replace(hands, base=holder, current=holder)
    if event.type == "stage_started":
        return replace(
            hands, current=Holder(event.stage, department, event.actor or current.holder)
        )
    if event.type == "stage_finished" and event.stage == current.stage:
        return replace(hands, current=hands.base)
    if event.type == "forwarded_up":
        return replace(hands, current=_above(event, current.stage), below=current)
    return hands


def _while_above(event: Event, hands: _Hands) -> _Hands:
    """What the authority above arranges stays above, until the case is back or seen below."""
    if event.type == "forwarded_back":
        return replace(hands, current=hands.below)
    if event.type not in ("assigned", "stage_started", "forwarded_up"):
        return hands
    if event.type != "forwarded_up" and event.department in (hands.below.department, None):
        if event.department is None:
            # Nobody says whose it is: it lies above until something says otherwise.
            stage = event.stage or hands.current.stage
            holder = event.actor or hands.current.holder
            return replace(hands, current=replace(hands.current, stage=stage, holder=holder))
        return _after(event, replace(hands, current=hands.below))
    return replace(hands, current=_above(event, event.stage or hands.current.stage))


def _above(event: Event, stage: str | None) -> Holder:
    return Holder(stage, event.department or ABOVE, event.actor, above=True)


@dataclass(slots=True, kw_only=True)
class Task:
    """What one organ of a joint case has to do, from its start until its answer (None: none)."""

    stage: str | None
    department: str | None
    since: int
    until: int | None = None
    started: Event
    #: Who had it from when on.
    hands: list[tuple[int, str | None]] = field(default_factory=list)

    def runs(self, instant: int) -> bool:
        """Whether the organ has it at an instant."""
        return self.since <= instant and (self.until is None or instant < self.until)

    def concerns(self, event: Event) -> bool:
        """Whether an event is about this task: names its organ or its stage, and no other."""
        if event.department is None and event.stage is None:
            return False
        organ = event.department in (None, self.department)
        unnamed = self.stage is None and event.department is not None
        return organ and (unnamed or event.stage in (None, self.stage))

    def holder(self, instant: int) -> Holder:
        """Who has it at an instant."""
        names = [name for since, name in self.hands if since <= instant]
        return Holder(self.stage, self.department, names[-1] if names else None)


def tasks_of(events: Iterable[Event], lead: str | None) -> list[Task]:
    """What the organs of a joint case had to do, in the order in which it came to them.

    It comes by `dispatched`, `stage_started` or `assigned`; `stage_finished` is the answer. An
    organ that starts its next stage has finished the one before.
    """
    tasks: list[Task] = []
    for event in events:
        at = event.occurred_at
        department = event.department or lead
        running = [task for task in tasks if task.until is None and task.concerns(event)]
        if event.type == "stage_finished":
            for task in running:
                task.until = at
        elif running and event.type in ("assigned", "stage_started"):
            for task in running:
                if event.type == "stage_started":
                    task.stage, task.started = event.stage or task.stage, event
                task.hands.append((at, event.actor or task.holder(at).holder))
        elif event.type == "stage_started" or (
            event.type in ("assigned", "dispatched") and event.department not in (None, lead)
        ):
            for task in tasks:
                if task.department == department and task.until is None:
                    task.until = at
            actor = None if event.type == "dispatched" else event.actor
            tasks.append(
                Task(
                    stage=event.stage,
                    department=department,
                    since=at,
                    started=event,
                    hands=[(at, actor)],
                )
            )
    return tasks


def critical_path(events: Sequence[Event], first: Holder, tasks: Sequence[Task]) -> list[Change]:
    """Who held up a joint case: of the organs at work the one that answered last.

    Of several that have not answered it is the one that had it first. While no organ is at work it
    is the lead organ, and while the case is above, the authority there.
    """
    others = [task for task in tasks if task.department != first.department]
    own = [
        event
        for event in events
        if event.type in ("forwarded_up", "forwarded_back")
        or (
            event.department in (None, first.department)
            and not any(task.concerns(event) for task in others)
        )
    ]
    lead = list(one_by_one(own, first))
    instants = {since for since, _ in lead}
    for task in others:
        instants.update(since for since, _ in task.hands)
        instants.update(end for end in (task.since, task.until) if end is not None)
    changes = []
    for instant in sorted(instants):
        holder = [holder for since, holder in lead if since <= instant][-1]
        running = [task for task in others if task.runs(instant)]
        if running and not holder.above:
            last = max(running, key=lambda task: (task.until is None, task.until or 0))
            holder = last.holder(instant)
        changes.append((instant, holder))
    return changes
