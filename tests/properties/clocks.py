"""One way of counting, as `calendar batch` asks for it, for the product and for the oracle."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from efficiency_monitor.engine import questions
from efficiency_monitor.engine.questions import Counting, PauseAsked
from efficiency_monitor.faults import NotCovered
from efficiency_monitor.time.amount import Amount, Threshold, Unit
from tests.oracle import clock as oracle
from tests.oracle.calendars import OutsideCalendar
from tests.oracle.words import decimal_text, parse_amount

from . import drawing
from .dice import Dice, between, chance, drawn, weighted
from .places import DAY, Place, places

Pause = tuple[int, int | None, str | None]


@dataclass(frozen=True)
class Asked:
    """A clock with a start and pauses."""

    place: Place
    start: int
    resolution: str = "day"
    first_day: str = "next"
    ends: str = "midnight"
    roll: str = "none"
    pauses: tuple[Pause, ...] = ()

    def elapsed(self, end: int, unit: str) -> Decimal | None:
        """What the product has counted; None where the calendar does not know."""
        try:
            return questions.elapsed(
                self.place.compiled.table,
                self.start,
                end,
                Unit(unit),
                counting=self._counting(),
                pauses=self._pauses(),
            )
        except NotCovered:
            return None

    def threshold(self, limit: str, at: str = "limit") -> int | str | None:
        """The product's instant; None while a pause withholds it, or "beyond" the calendar."""
        try:
            return questions.threshold(
                self.place.compiled.table,
                self.start,
                {"limit": Amount.parse(limit)},
                Threshold.parse(at),
                counting=self._counting(),
                pauses=self._pauses(),
            )
        except NotCovered:
            return "beyond"

    def _counting(self) -> Counting:
        return Counting(
            by_time=self.resolution == "time",
            same=self.first_day == "same",
            close=self.ends == "close",
            roll=self.roll == "next_working_day",
        )

    def _pauses(self) -> list[PauseAsked]:
        return [
            PauseAsked(since, until, Amount.parse(cap) if cap else None)
            for since, until, cap in self.pauses
        ]

    def oracle_elapsed(self, end: int, unit: str) -> Decimal | None:
        """What the oracle has counted."""
        found = self._outside(lambda how: oracle.elapsed(self.place.oracle, **how), end, unit)
        return None if found == "beyond" else Decimal(decimal_text(found))

    def oracle_threshold(self, limit: str, at: str = "limit") -> Any:
        """The oracle's instant, in the product's form."""
        limits = {"limit": parse_amount(limit)}
        try:
            return oracle.threshold(
                self.place.oracle, self.start, limits, at, roll=self.roll, **self._how()
            )
        except OutsideCalendar:
            return "beyond"

    def _how(self) -> dict[str, Any]:
        return {
            "resolution": self.resolution,
            "first_day": self.first_day,
            "ends": self.ends,
            "pauses": [
                (since, until, parse_amount(cap) if cap else None)
                for since, until, cap in self.pauses
            ],
        }

    def _outside(self, ask: Callable[[dict[str, Any]], Any], end: int, unit: str) -> Any:
        try:
            return ask({"start": self.start, "end": end, "unit": unit, **self._how()})
        except OutsideCalendar:
            return "beyond"

    def paused(self, pause: Pause) -> "Asked":
        """The same clock with one pause more."""
        return replace(self, pauses=(*self.pauses, pause))


def asked(dice: Dice, place: Place, *, resolution: str) -> Asked:
    """A clock near something special in the calendar."""
    day = drawing.some_day(dice, place)
    clock = Asked(
        place=place,
        start=drawing.instant(dice, place, day),
        resolution=resolution,
        first_day=weighted(dice, [(1, "next"), (1, "same")]),
        ends=weighted(dice, [(1, "midnight"), (1, "close")]),
        roll=weighted(dice, [(1, "none"), (1, "next_working_day")]),
    )
    for _ in range(weighted(dice, [(2, 1), (2, 0), (1, 2), (1, 3)])):
        clock = clock.paused(pause(dice, clock))
    return clock


def pause(dice: Dice, clock: Asked) -> Pause:
    """A pause near a clock's start: perhaps open, perhaps capped."""
    day = clock.place.oracle.local_date(clock.start) + between(dice, -2, 10) * DAY
    since = drawing.instant(dice, clock.place, day)
    until = drawing.instant(dice, clock.place, day + between(dice, 0, 8) * DAY)
    return (
        since,
        None if chance(dice, 15) else until,
        drawing.cap(dice) if chance(dice, 30) else None,
    )


def end_of(dice: Dice, clock: Asked) -> int:
    """An instant some time after the start."""
    day = clock.place.oracle.local_date(clock.start) + between(dice, -1, 25) * DAY
    return drawing.instant(dice, clock.place, day)


@dataclass(frozen=True)
class Question:
    """A clock, and what is asked of it."""

    clock: Asked
    limit: str
    at: str
    ends: tuple[int, ...]
    more: Pause
    #: A second limit in the same unit.
    other: str


def question(dice: Dice, place: Place, *, unit: str, resolution: str) -> Question:
    """A question in one unit."""
    clock = asked(dice, place, resolution=resolution)
    limit = drawing.amount(dice, (unit,))
    return Question(
        clock=clock,
        limit=limit,
        at=drawing.threshold(dice, "limit", [{"fixed": limit}]),
        ends=tuple(sorted(end_of(dice, clock) for _ in range(3))),
        more=pause(dice, clock),
        other=drawing.amount(dice, (unit,)),
    )


def everywhere(unit: str, resolution: str) -> st.SearchStrategy[list[Question]]:
    """A question in one unit to each calendar."""

    def make(dice: Dice) -> list[Question]:
        return [question(dice, place, unit=unit, resolution=resolution) for place in places()]

    return drawn(make)
