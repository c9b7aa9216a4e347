"""A case as a condition sees it: events in their order, their texts, the pauses they begin."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from .calendars import ONE_DAY, OracleCalendar
from .timeline import VOCABULARY, Event, Placed, Rule, Vocabulary, listed

_OF_EVENTS = ("reason", "actor", "department", "stage", "kind", "amount")


@dataclass(frozen=True)
class Found:
    """What was measured at an event: how much, or why nobody can say (one word or more)."""

    place: int
    value: Fraction | None = None
    reason: str = ""
    #: When it falls due, if not at the event's instant.
    due: int | None = None
    #: It rests on dates whose notice is not published yet.
    provisional: bool = False


@dataclass(frozen=True)
class Timeline:
    """A case as a condition sees it."""

    rule: Rule
    case: dict[str, str]
    items: Sequence[Placed]
    cal: OracleCalendar
    words: Vocabulary

    @property
    def condition(self) -> Rule:
        """What is measured."""
        return dict(self.rule["condition"])

    def of(self) -> list[int]:
        """The events that the condition is about."""
        return [n for n, item in enumerate(self.items) if self.meant(item)]

    def meant(self, item: Placed) -> bool:
        """Whether an event is one of `of`, on the grounds that are asked for."""
        told = self.condition
        if item.event["type"] not in listed(told["of"]):
            return False
        if "kinds" in told and item.kind not in listed(told["kinds"]):
            return False
        return "lawful" not in told or told["lawful"] == (item.kind in lawful_grounds())

    def being(self, role: str) -> list[int]:
        """The events of another role."""
        names = listed(self.condition.get(role, []))
        return [n for n, item in enumerate(self.items) if item.event["type"] in names]

    def text(self, place: int, name: str) -> str:
        """A text of an event, case and spaces aside; empty where there is none."""
        return plain(said(self.items[place].event, name))

    def by_then(self, other: int, place: int) -> bool:
        """Whether an event came before another or with it; of a bare date, on that date."""
        if self.items[other].at <= self.items[place].at:
            return True
        return self.items[place].date_only and self.day(other) <= self.day(place)

    def day(self, place: int) -> Any:
        """The date of an event."""
        return self.cal.local_date(self.items[place].at)

    def guessed(self, since: int, until: int) -> bool:
        """Whether a date between two instants rests on a notice that is not published."""
        day = self.cal.local_date(since)
        while day <= self.cal.local_date(until):
            if self.cal.covers(day) and self.cal.provisional(day):
                return True
            day += ONE_DAY
        return False

    def pauses(self) -> list[tuple[int, int | None]]:
        """Pauses as the places of the events that begin and end them."""
        found: list[list[Any]] = []
        ends = self.being("until")
        for n, item in enumerate(self.items):
            if self.meant(item):
                found.append([n, None])
            if n in ends:
                for pause in found:
                    if pause[1] is None and item.kind in (None, self.items[pause[0]].kind):
                        pause[1] = n
        return [(begin, end) for begin, end in found]


def lawful_grounds() -> set[str]:
    """The grounds of suspension that stand on the list of Art. 45."""
    kinds = yaml.safe_load(Path(VOCABULARY).read_text(encoding="utf-8"))["suspension_kinds"]
    return {entry["kind"] for entry in kinds if entry["lawful"]}


def said(event: Event, name: str) -> str:
    """What stands in a field or an attribute of an event."""
    if name in _OF_EVENTS:
        return event.get(name) or ""
    return (event.get("attributes") or {}).get(name) or ""


def plain(text: str | None) -> str:
    """A text without spaces, in one case."""
    return "".join(part.casefold() for part in (text or "").split())


def parts(text: str | None) -> list[str]:
    """The parts of a list."""
    return [part.strip() for part in re.split("[;；]", text or "") if part.strip()]
