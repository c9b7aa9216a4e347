"""Whoever held a case, and however it was paused: the parts are the oracle's and add up."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings

from efficiency_monitor.engine.encoding import ordered
from efficiency_monitor.engine.episode_timeline import Walk, walk
from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.findings import Episode
from efficiency_monitor.followup.accountability.model import Against, Holding, Part, attribute
from efficiency_monitor.time.amount import Unit
from tests.oracle.calendars import OutsideCalendar
from tests.oracle.counting import Clock, clock, counted_seconds
from tests.oracle.holding import divided, holder_at, organs

from .comparing import bound, record, vocabulary
from .dice import Dice, Thrown, between, chance, drawn, pick, weighted
from .trials import Trial, trial

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
DEPARTMENTS = (None, "住建局", "规划局", "消防局", "省厅")
PEOPLE = (None, "张", "李", "王")
STAGES = (None, "review", "survey")
_HANDED_ON = (
    (4, "assigned"),
    (4, "stage_started"),
    (4, "stage_finished"),
    (3, "forwarded_up"),
    (2, "forwarded_back"),
    (2, "dispatched"),
)


def passed_on(dice: Dice) -> Trial:
    """A trial whose case goes through several hands."""
    one = trial(dice)
    events = [dict(event) for event in one.story.events]
    first = min(event["occurred_at"] for event in events)
    for event in events:
        _names(dice, event)
    for number in range(between(dice, 1, 8)):
        how = weighted(dice, _HANDED_ON)
        at = pick(dice, events)["occurred_at"] if chance(dice, 20) else 0
        at = at or first + between(dice, -20, 600) * 3_600 + between(dice, 0, 1) * 1_800
        event = {"key": f"h{number}", "type": how, "occurred_at": at}
        _names(dice, event)
        events.append(event)
    case = {
        **one.story.case,
        "item_kind": pick(dice, ("promised", "joint")),
        **{
            name: value
            for name, value in (
                ("department", pick(dice, DEPARTMENTS[:2])),
                ("handler", pick(dice, PEOPLE)),
            )
            if value
        },
    }
    return Trial(one.place, one.rule, type(one.story)(case, events, one.story.as_of))


def _names(dice: Dice, event: dict[str, Any]) -> None:
    for name, choices in (("department", DEPARTMENTS), ("actor", PEOPLE), ("stage", STAGES)):
        value = pick(dice, choices)
        if value is not None and (name != "stage" or event["key"].startswith("h")):
            event[name] = value


def episodes_of(one: Trial) -> list[tuple[Episode, Walk, list[Any]]]:
    """The episodes of the trial's clock, taken apart, with the events in their order."""
    case = record(one.place, one.story.case, one.story.events)
    calendars = {one.place.name: one.place.compiled}
    as_of = one.story.as_of
    (found,) = evaluate([case], [bound(one.rule)], vocabulary(), calendars, as_of)
    return [
        (
            episode,
            walk(case, episode, vocabulary(), one.place.compiled, as_of),
            ordered(case, vocabulary(), one.place.compiled.table, as_of),
        )
        for episode in found.episodes
    ]


def oracle_clock(one: Trial, walked: Walk) -> Clock:
    """The oracle's clock with the pauses that the episode has."""
    rules = one.rule["clock"]
    return clock(
        one.place.oracle,
        walked.start_at,
        [(pause.since, pause.until, None) for pause in walked.pauses],
        resolution=rules["resolution"],
        first_day=rules["first_day"],
        ends=rules["ends"],
    )


def plain(events: Sequence[Any]) -> list[dict[str, Any]]:
    """Ordered events as the oracle takes them, each at the instant where it is read."""
    names = ("type", "occurred_at", "stage", "actor", "department", "amount", "due_at")
    return [
        {name: getattr(event, name) for name in names if getattr(event, name) is not None}
        for event in events
    ]


def by_oracle(
    one: Trial, walked: Walk, events: Sequence[Any], until: int, unit: Unit
) -> list[tuple[Any, ...]]:
    """The parts: who, from when to when, working seconds, amount in millionths."""
    told = [event for event in plain(events) if event["occurred_at"] <= until]
    start = walked.start_at
    instants = sorted(
        {start, *(e["occurred_at"] for e in told if start < e["occurred_at"] < until)}
    )
    stretches: list[list[Any]] = []
    for number, since in enumerate(instants):
        end = instants[number + 1] if number + 1 < len(instants) else until
        who = holder_at(told, one.story.case, since, until)
        if stretches and stretches[-1][0] == who:
            stretches[-1][2] = end
        else:
            stretches.append([who, since, end])
    how = oracle_clock(one, walked)
    amounts = divided(how, start, until, str(unit), [(since, end) for _, since, end in stretches])
    parts = []
    for (who, since, end), amount in zip(stretches, amounts, strict=True):
        seconds = counted_seconds(how, since, end, working=True)
        if seconds or amount or not parts:
            parts.append((*who[:3], since, end, seconds, amount))
    return parts


def by_product(parts: Sequence[Holding]) -> list[tuple[Any, ...]]:
    """The same of the product's parts."""
    return [
        (one.stage, one.department, one.holder, one.since, one.until, one.held_seconds,
         Fraction(one.amount or 0))
        for one in parts
    ]  # fmt: skip


def compare(one: Trial) -> int:
    """Compare every episode of a trial; how many changed hands."""
    passed = 0
    for episode, walked, events in episodes_of(one):
        stop = episode.stop
        until = one.story.as_of if stop is None else min(one.story.as_of, stop.occurred_at)
        due_at = min((found.due_at for found in episode.limits if found.due_at), default=None)
        for unit in {one.rule["clock"]["count"], "working_days", "calendar_hours"}:
            elapsed = walked.elapsed(Unit(unit), until)
            allowance = None if due_at is None else walked.elapsed(Unit(unit), due_at)
            found = attribute(
                walked,
                events,
                one.story.case,
                against=Against(unit=Unit(unit), allowance=allowance, due_at=due_at),
                until=until,
            )
            parts = [part for part in found if part.part is Part.HELD]
            _adds_up(walked, parts, elapsed, allowance, due_at, until)
            if elapsed is None or walked.start_at >= until:
                continue
            try:
                expected = by_oracle(one, walked, events, until, Unit(unit))
            except OutsideCalendar:
                continue
            assert by_product(parts) == expected, unit
            passed += len(parts) > 1
        if one.story.case["item_kind"] == "joint":
            _organs(one, walked, events, found, until)
    return passed


def _adds_up(
    walked: Walk,
    parts: Sequence[Holding],
    elapsed: Decimal | None,
    allowance: Decimal | None,
    due_at: int | None,
    until: int,
) -> None:
    start = walked.start_at
    assert sum(part.held_seconds for part in parts) == walked.working_seconds(start, until)
    late = 0 if due_at is None else walked.working_seconds(max(due_at, start), until)
    assert sum(part.overrun_seconds for part in parts) == late
    assert sum(part.charged_seconds for part in parts) == late
    assert all(0 <= part.charged_seconds <= part.held_seconds for part in parts)
    assert all(one.until <= other.since for one, other in pairwise(parts))
    if elapsed is None:
        assert all(part.amount is None and part.over is None for part in parts)
        return
    assert sum((part.amount or Decimal(0) for part in parts), Decimal(0)) == elapsed
    assert all(part.amount is not None and part.amount >= 0 for part in parts)
    if allowance is not None:
        over = sum((part.over or Decimal(0) for part in parts), Decimal(0))
        assert over == max(elapsed - allowance, Decimal(0))


def _organs(
    one: Trial, walked: Walk, events: Sequence[Any], found: Sequence[Holding], until: int
) -> None:
    told = [event for event in plain(events) if event["occurred_at"] <= until]
    expected = []
    for task in organs(told, one.story.case.get("department")):
        since = max(task["from"], walked.start_at)
        end = min(until, task["to"] or until)
        if end > since:
            expected.append((task["stage"], task["department"], since, end))
    rows = [part for part in found if part.part is Part.ORGAN]
    assert [(row.stage, row.department, row.since, row.until) for row in rows] == expected
    assert all(row.charged_seconds == 0 for row in rows)
    for row in rows:
        assert row.held_seconds == walked.working_seconds(row.since, row.until)


@settings(max_examples=1500, suppress_health_check=_CHECKS)
@given(drawn(passed_on))
def test_parts_are_the_oracles_and_add_up(one: Trial) -> None:
    compare(one)


def test_drawn_cases_go_through_several_hands() -> None:
    passed = sum(bool(compare(passed_on(Thrown(seed)))) for seed in range(400))
    assert passed >= 40, "the drawn cases must be worth comparing"
