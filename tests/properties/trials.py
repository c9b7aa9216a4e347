"""A trial: a calendar, a rule and a dirty timeline; and what is dirty about it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.oracle.timeline import listed, vocabulary

from . import drawing
from .dice import Dice, pick
from .places import DAY, Place, places

#: Every run of a test must have met each of these in at least so many of a hundred timelines.
DIRT = (
    "duplicate pause",
    "resume without pause",
    "equal instants",
    "event after the stop",
    "missing start",
    "pause across closing time",
    "pause across the calendar's end",
    "date-only time",
)
LEAST_PERCENT = 5


@dataclass(frozen=True)
class Trial:
    """One drawn case."""

    place: Place
    rule: dict[str, Any]
    story: drawing.Story

    def __repr__(self) -> str:
        events = "\n  ".join(map(str, self.story.events))
        return (
            f"calendar {self.place.name}, as of {self.story.as_of}\n"
            f"rule {self.rule}\ncase {self.story.case}\nevents\n  {events}"
        )


def trial(dice: Dice) -> Trial:
    """A trial by any dice."""
    place = pick(dice, places())
    rule = drawing.rule(dice)
    return Trial(place, rule, drawing.story(dice, place, rule))


def dirt_of(one: Trial) -> set[str]:
    """What is dirty about a timeline, as its rule reads it."""
    events = sorted(one.story.events, key=lambda event: event["occurred_at"])
    clock, ends = one.rule["clock"], vocabulary().ends_case
    found: set[str] = set()
    instants = [event["occurred_at"] for event in events]
    if len(set(instants)) < len(instants):
        found.add("equal instants")
    if any(event.get("precision") == "day" for event in events):
        found.add("date-only time")
    names = [event["type"] for event in events]
    stops = [n for n, name in enumerate(names) if name in {*listed(clock["stop"]), *ends}]
    starts = [n for n, name in enumerate(names) if name in listed(clock["start"])]
    if stops and stops[0] + 1 < len(events):
        found.add("event after the stop")
    if not starts or (stops and stops[0] < starts[0]):
        found.add("missing start")
    return found | _pause_dirt(one, events)


def _pause_dirt(one: Trial, events: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    opened: dict[str | None, int] = {}
    cal = one.place.oracle
    end = cal.bounds(cal.last).next
    for event in events:
        at, kind = event["occurred_at"], event.get("kind")
        if event["type"] == "suspended":
            if kind in opened:
                found.add("duplicate pause")
            opened.setdefault(kind, at)
        elif event["type"] == "resumed":
            closing = [one for one in opened if kind in (None, one)]
            if not closing:
                found.add("resume without pause")
            for key in closing:
                begin = opened.pop(key)
                if begin < end < at:
                    found.add("pause across the calendar's end")
                if any(begin < close < at for close in _closings(one.place, begin, at)):
                    found.add("pause across closing time")
    if any(begin < end for begin in opened.values()) and one.story.as_of > end:
        found.add("pause across the calendar's end")
    return found


def _closings(place: Place, since: int, until: int) -> Iterable[int]:
    cal = place.oracle
    day = cal.local_date(since)
    while cal.covers(day) and cal.bounds(day).first < until:
        yield from (closes for _, closes in cal.spans(day))
        day += DAY


class Dirt:
    """How often each kind of dirt was met in a run."""

    def __init__(self) -> None:
        self.timelines = 0
        self.met: Counter[str] = Counter()

    def note(self, one: Trial) -> None:
        """Count one timeline."""
        self.timelines += 1
        self.met.update(dirt_of(one))

    def check(self) -> None:
        """Fail where the timelines were too clean to prove anything."""
        shares = {kind: 100 * self.met[kind] / self.timelines for kind in DIRT}
        rare = {kind: share for kind, share in shares.items() if share < LEAST_PERCENT}
        assert not rare, f"of {self.timelines} timelines, in per cent: {shares}"
