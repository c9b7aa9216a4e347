"""A calendar compiled to arrays: every question becomes a look-up and a subtraction.

`compile_calendar` turns a `Calendar` into a `Table` of plain lists of integers. The kernel reads
a `Table` as it is when it runs interpreted, and the same `Table` of numpy arrays when it runs
compiled. Days are numbered from the first day of the table; instants are UTC epoch seconds.

The table reaches beyond the calendar's coverage on both sides: days out there have a beginning
and an end (calendar days need no more: docs/time.md, rule 3) but no status, and
`covered_from`/`covered_to` say where the status ends.
"""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..time.calendar import Calendar

#: Days the table reaches before and after the coverage.
MARGIN_BEFORE = 400
MARGIN_AFTER = 4000
#: One bucket of the instant → day guess is 2**16 s, shorter than any local day.
BUCKET_BITS = 16
#: The compiled kernel multiplies a scale by 10**10 inside 64 bits.
MOST_SCALE = 900_000_000
_WHOLE_DAY = 86_400


class Table(NamedTuple):
    """A compiled calendar. Lists of integers, or numpy arrays of the same content."""

    #: Proleptic Gregorian ordinal of day 0.
    ordinal: int
    #: UTC instant of the first second of day 0, and the one after the last day.
    base: int
    end: int
    #: How many days, and how many of them are working days.
    days: int
    working_days: int
    #: Status is known for instants in [covered_from, covered_to].
    covered_from: int
    covered_to: int
    #: Guess of the day, by (instant - base) >> BUCKET_BITS; at most one day too early.
    bucket: Any
    #: First instant of day d, one more entry than days.
    day_start: Any
    #: Pattern of opening hours of day d, and the patterns: seconds from the day's first instant.
    pattern: Any
    pattern_at: Any
    opens: Any
    closes: Any
    #: Working seconds, working days and provisional days before day d.
    work_before: Any
    days_before: Any
    provisional_before: Any
    #: Day number of the k-th working day.
    working_day: Any
    #: Closing instant of day d: its last close, or its last second where it has no hours.
    closing: Any
    #: Least common multiples of the lengths of working days and of local days, in seconds.
    work_scale: int
    day_scale: int


def compile_calendar(calendar: Calendar) -> Table:
    """Compile a calendar; costs about 1 µs a day and is meant to be kept.

    Raises ValueError where the lengths of its days have no small common multiple.
    """
    first = max(calendar.first - timedelta(days=MARGIN_BEFORE), date(1900, 1, 1))
    days = (calendar.last - first).days + 1 + MARGIN_AFTER
    starts = _day_starts(first, days, ZoneInfo(calendar.zone))
    covered_from = starts[(calendar.first - first).days]
    covered_to = starts[(calendar.last - first).days + 1]
    columns = _Columns(calendar, first, starts)
    return Table(
        ordinal=first.toordinal(),
        base=starts[0],
        end=starts[-1],
        days=days,
        working_days=len(columns.working_day),
        covered_from=covered_from,
        covered_to=covered_to,
        bucket=_buckets(starts),
        day_start=starts,
        pattern=columns.pattern,
        pattern_at=columns.pattern_at,
        opens=columns.opens,
        closes=columns.closes,
        work_before=columns.work_before,
        days_before=columns.days_before,
        provisional_before=columns.provisional_before,
        working_day=columns.working_day,
        closing=columns.closing,
        work_scale=columns.work_scale(),
        day_scale=math.lcm(*{b - a for a, b in pairwise(starts) if b > a}),
    )


def _day_starts(first: date, days: int, zone: ZoneInfo) -> list[int]:
    """First instant of each local date, one more than `days`.

    A midnight that does not exist (DST at 00:00) yields the first instant of that date.
    """
    starts = []
    midnight = datetime(first.year, first.month, first.day, tzinfo=zone)
    for _ in range(days + 1):
        starts.append(int(midnight.timestamp()))
        midnight += timedelta(days=1)
    return starts


def _buckets(starts: list[int]) -> list[int]:
    base, day, guess = starts[0], 0, []
    for at in range(0, starts[-1] - base + 1, 1 << BUCKET_BITS):
        while day + 2 < len(starts) and starts[day + 1] <= base + at:
            day += 1
        guess.append(day)
    return guess


class _Columns:
    """Columns by day, filled in one pass."""

    def __init__(self, calendar: Calendar, first: date, starts: list[int]) -> None:
        self.pattern: list[int] = []
        self.pattern_at = [0]
        self.opens: list[int] = []
        self.closes: list[int] = []
        self.work_before = [0]
        self.days_before = [0]
        self.provisional_before = [0]
        self.working_day: list[int] = []
        self.closing: list[int] = []
        self._known: dict[tuple[tuple[int, int], ...], int] = {}
        self._lengths: set[int] = set()
        self._zone = ZoneInfo(calendar.zone)
        offset_first = (calendar.first - first).days
        offset_last = (calendar.last - first).days
        for number in range(len(starts) - 1):
            hours: tuple[tuple[int, int], ...] = ()
            provisional = False
            if offset_first <= number <= offset_last:
                day = calendar.day(first + timedelta(days=number))
                hours, provisional = day.hours, day.provisional
            self._add(number, first, starts, hours, provisional)

    def _add(
        self,
        number: int,
        first: date,
        starts: list[int],
        hours: tuple[tuple[int, int], ...],
        provisional: bool,
    ) -> None:
        length = starts[number + 1] - starts[number]
        if hours and length != _WHOLE_DAY:
            hours = self._on_changing_day(first + timedelta(days=number), starts[number], hours)
        self.pattern.append(self._pattern_of(hours))
        worked = sum(close - open_ for open_, close in hours)
        self.work_before.append(self.work_before[-1] + worked)
        self.days_before.append(self.days_before[-1] + (1 if worked else 0))
        self.provisional_before.append(self.provisional_before[-1] + int(provisional))
        if worked:
            self.working_day.append(number)
            self._lengths.add(worked)
        last = hours[-1][1] if hours else length - 1
        self.closing.append(starts[number] + last)

    def _pattern_of(self, hours: tuple[tuple[int, int], ...]) -> int:
        if hours not in self._known:
            self._known[hours] = len(self.pattern_at) - 1
            self.opens.extend(open_ for open_, _ in hours)
            self.closes.extend(close for _, close in hours)
            self.pattern_at.append(len(self.opens))
        return self._known[hours]

    def _on_changing_day(
        self, day: date, start: int, hours: tuple[tuple[int, int], ...]
    ) -> tuple[tuple[int, int], ...]:
        """Hours of a day on which the clocks change, as real seconds from its first instant.

        Hours that begin or end where the clocks jump forward are moved by the jump, and then cut
        off where they reach into the hours before.
        """

        def real(seconds: int) -> int:
            wall = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            wall += timedelta(seconds=seconds)
            return int(wall.astimezone(UTC).timestamp()) - start

        moved: list[tuple[int, int]] = []
        for open_, close in hours:
            since = max(real(open_), moved[-1][1] if moved else 0)
            if since < real(close):
                moved.append((since, real(close)))
        return tuple(moved)

    def work_scale(self) -> int:
        """Least common multiple of the lengths of all working days."""
        return math.lcm(*self._lengths) if self._lengths else 1


def fits_compiled(table: Table) -> bool:
    """Whether the compiled kernel's 64-bit products hold this calendar."""
    return max(table.work_scale, table.day_scale) <= MOST_SCALE
