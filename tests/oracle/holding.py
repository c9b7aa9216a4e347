"""Who held a case, and how much of what was counted is whose: instant by instant, date by date.

The oracle of `followup.accountability.model`. Events are dictionaries in their order; a holder is
(stage, department, person, above).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .counting import Clock, counted
from .words import SECONDS

Event = dict[str, Any]


class Who(NamedTuple):
    """Stage, organ and person that have a case; whether it is above."""

    stage: str | None
    department: str | None
    person: str | None
    above: bool = False


def holder_at(events: Sequence[Event], case: dict[str, str], instant: int, until: int) -> Who:
    """Who has the case in the second that begins at `instant`, as is known at `until`."""
    known = [event for event in events if event["occurred_at"] <= until]
    lead = case.get("department")
    if case.get("item_kind") != "joint":
        return _passed_on(known, case, known, instant)
    tasks = organs(known, lead)
    others = [task for task in tasks if task["department"] != lead]
    leads = [
        event
        for event in known
        if event["type"].startswith("forwarded")
        or (event.get("department") in (None, lead) and not any(_about(t, event) for t in others))
    ]
    below = _passed_on(known, case, leads, instant)
    if below.above:
        return below
    working = [task for task in others if task["from"] <= instant < (task["to"] or 1 << 61)]
    if not working:
        return below
    latest = max(task["to"] or 1 << 61 for task in working)
    task = next(task for task in working if (task["to"] or 1 << 61) == latest)
    return Who(task["stage"], task["department"], _person(task, instant))


def _person(task: dict[str, Any], instant: int) -> str | None:
    person = None
    for since, name in task["people"]:
        if since <= instant:
            person = name
    return person


def organs(events: Sequence[Event], lead: str | None) -> list[dict[str, Any]]:
    """What each organ of a joint case had to do: from, to, stage, who; by the event that began."""
    tasks: list[dict[str, Any]] = []
    for event in events:
        name, at = event["type"], event["occurred_at"]
        mine = [task for task in tasks if task["to"] is None and _about(task, event)]
        if name == "stage_finished":
            for task in mine:
                task["to"] = at
            continue
        if name not in ("stage_started", "assigned", "dispatched"):
            continue
        if mine and name != "dispatched":
            for task in mine:
                task["people"].append((at, event.get("actor") or _person(task, at)))
                if name == "stage_started":
                    task["stage"], task["by"] = event.get("stage") or task["stage"], event
            continue
        organ = event.get("department") or lead
        if name != "stage_started" and event.get("department") in (None, lead):
            continue
        for task in tasks:
            if task["department"] == organ and task["to"] is None:
                task["to"] = at
        person = event.get("actor") if name != "dispatched" else None
        tasks.append(
            {"stage": event.get("stage"), "department": organ, "from": at, "to": None,
             "by": event, "people": [(at, person)]}
        )  # fmt: skip
    return tasks


def _about(task: dict[str, Any], event: Event) -> bool:
    department, stage = event.get("department"), event.get("stage")
    if department is None:
        return stage is not None and stage == task["stage"]
    return department == task["department"] and (
        task["stage"] is None or stage in (None, task["stage"])
    )


def _passed_on(
    known: Sequence[Event], case: dict[str, str], events: Sequence[Event], instant: int
) -> Who:
    """Who has a case that goes from hand to hand, by the events up to an instant."""
    person = case.get("handler")
    if any(one["type"] == "assigned" and one.get("actor") == person for one in known):
        person = None
    outside = here = Who(None, case.get("department"), person)
    waiting: Who | None = None  # who gets it back from above
    for event in events:
        if event["occurred_at"] > instant:
            break
        name, stage, actor = event["type"], event.get("stage"), event.get("actor")
        department = event.get("department")
        if waiting is not None and name != "forwarded_up":
            if name == "forwarded_back":
                here, waiting = waiting, None
                continue
            if name not in ("assigned", "stage_started"):
                continue
            if department is None or department != waiting.department:
                here = Who(
                    stage or here.stage,
                    department or here.department,
                    (actor or here.person) if department is None else actor,
                    True,
                )
                continue
            here, waiting = waiting, None
        if name == "forwarded_up":
            waiting = waiting or here
            here = Who(
                (stage or here.stage) if here.above else here.stage,
                department or "上级机关",
                actor,
                True,
            )
        elif name == "assigned":
            outside = Who(None, department or here.department, actor)
            here = Who(stage or here.stage, department or here.department, actor)
        elif name == "dispatched" and department not in (None, here.department):
            outside = here = Who(None, department, None)
        elif name == "stage_started":
            here = Who(stage, department or here.department, actor or here.person)
        elif name == "stage_finished" and stage == here.stage:
            here = outside
    return here


def divided(
    how: Clock, start: int, until: int, unit: str, stretches: Sequence[tuple[int, int]]
) -> list[Fraction]:
    """How much of what is counted by `until` falls into each stretch, in order, in millionths.

    Each sum from the start is rounded down, so that the parts add up to the rounded whole.
    """
    kind, size = unit.split("_")
    if size in SECONDS or how.resolution == "time":
        sums = [_floor(counted(how, start, end, unit)) for _, end in stretches]
    else:
        dates = _dates(how, start, until, kind == "working", [end for _, end in stretches])
        sums = [sum((date[n] for date in dates), Fraction(0)) for n in range(len(stretches))]
    return [more - less for less, more in zip([Fraction(0), *sums], sums, strict=False)]


def _dates(
    how: Clock, start: int, until: int, working: bool, ends: Sequence[int]
) -> list[list[Fraction]]:
    """For each date that adds something: how much of it had been added by each of the ends."""
    found: list[list[Fraction]] = []
    open_days: list[tuple[Fraction, list[Fraction]]] = []
    for day, first, _ in how.days(start, how.first_day):
        if first >= until:
            break
        if working and not how.cal.status(day).working:
            continue
        close = how.end_of(day)
        spans = [(max(a, start), b) for a, b in how.shared(day, working) if b > start]

        def ran(by: int, spans: list[tuple[int, int]] = spans, close: int = close) -> int:
            return sum(how.ran(a, min(b, close, by)) for a, b in spans)

        if close <= until and how.counts(start, day):
            whole = ran(until)
            open_days = []
            found.append(
                [
                    Fraction(1) if end >= close else _floor(Fraction(ran(end), whole or 1))
                    for end in ends
                ]
            )
            continue
        length = sum(b - a for a, b in spans)
        if length:
            shares = [_floor(Fraction(ran(end), length)) for end in ends]
            open_days.append((Fraction(ran(until), length), shares))
    if open_days:
        most = max(share for share, _ in open_days)
        found.append(next(shares for share, shares in open_days if share == most))
    return found


def _floor(value: Fraction) -> Fraction:
    return Fraction(value * 1_000_000 // 1, 1_000_000)
