"""Counting on one clock: how much by when, and when so much, day after day in plain loops.

A second `s` is the stretch [s, s + 1); a clock runs in it unless a pause covers it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from .calendars import ONE_DAY, OracleCalendar, OutsideCalendar
from .words import SECONDS, Amount

Pause = tuple[int, int | None, Amount | None]
#: The clock stands still from here to there, or for ever.
Stretch = tuple[int, int | None]
NEVER = float("inf")
#: Later than any instant that an amount of a hundred years leads to.
FAR = 1 << 40


@dataclass(frozen=True)
class Clock:
    """One way of counting, with what is known of its pauses."""

    cal: OracleCalendar
    resolution: str = "day"
    first_day: str = "next"
    ends: str = "midnight"
    roll: str | None = None
    #: Merged, in order; only the last can be open.
    stretches: tuple[Stretch, ...] = ()
    #: From here on nothing is known: the end of a capped pause lies outside the calendar.
    unknown: float = NEVER
    fault: OutsideCalendar | None = None

    @property
    def halt(self) -> float:
        """From here on the clock never runs, as far as is known."""
        opened = [begin for begin, end in self.stretches if end is None]
        return min([self.unknown, *opened])

    def halted(self) -> None:
        """What a search that has reached the halt answers: nothing, or that it cannot know."""
        if self.fault and self.unknown < replace(self, unknown=NEVER).halt:
            raise self.fault

    def running(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """The parts of [a, b) in which the clock runs."""
        for begin, end in self.stretches:
            if begin >= b:
                break
            if a < begin:
                yield a, begin
            a = b if end is None else max(a, end)
        if a < b:
            yield a, b

    def ran(self, a: int, b: int) -> int:
        """Seconds of [a, b) in which the clock runs."""
        return sum(end - begin for begin, end in self.running(a, b)) if a < b else 0

    def days(self, start: int, first_day: str) -> Iterator[tuple[date, int, int]]:
        """Dates from that of the start, or the one after, with their first second and the next."""
        day = self.cal.local_date(start)
        if first_day == "next":
            day += ONE_DAY
        while True:
            yield day, *self.cal.bounds(day)
            day += ONE_DAY

    def end_of(self, day: date) -> int:
        """The end of a date: its last second, or closing time where it has hours (time.md 6)."""
        if self.ends == "close" and (spans := self.cal.spans(day)):
            return spans[-1][1]
        return self.cal.bounds(day).next - 1

    def shared(self, day: date, working: bool) -> list[tuple[int, int]]:
        """The time that a share of the date is a share of (docs/time.md 7)."""
        if working:
            return self.cal.spans(day)
        first, after = self.cal.bounds(day)
        if self.ends == "close" and self.resolution == "day" and self.cal.spans(day):
            return [(first, self.end_of(day))]
        return [(first, after)]

    def counts(self, start: int, day: date) -> bool:
        """Whether the clock ran in the last second before the date's end (docs/time.md 6)."""
        end = self.end_of(day)
        return start < end and self.ran(end - 1, end) == 1


def clock(
    cal: OracleCalendar,
    start: int,
    pauses: Sequence[Pause] = (),
    *,
    resolution: str = "day",
    first_day: str = "next",
    ends: str = "midnight",
    roll: str | None = None,
) -> Clock:
    """A clock that starts at an instant: caps applied, pauses merged, what came before cut off."""
    bare = Clock(cal, resolution, first_day, ends, roll)
    whole: list[Stretch] = []
    unknown, fault = NEVER, None
    for begin, end, cap in pauses:
        if end is not None and (end <= begin or end <= start):
            continue
        try:
            end = capped_end(bare, begin, end, cap)
        except OutsideCalendar as outside:
            if begin < unknown:
                unknown, fault = max(begin, start), outside
            continue
        if end is None or end > start:
            whole.append((max(begin, start), end))
    stretches = merged(whole)
    for begin, end in stretches:
        if begin <= unknown and (end is None or unknown <= end):
            # The clock stands still there anyway.
            unknown = NEVER if end is None else end
    return replace(
        bare,
        stretches=stretches,
        unknown=unknown,
        fault=None if unknown == NEVER else fault,
    )


def merged(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    """Overlapping and touching stretches made one (docs/time.md 12)."""
    out: list[Stretch] = []
    for begin, end in sorted(stretches, key=lambda stretch: stretch[0]):
        if out and (out[-1][1] is None or begin <= out[-1][1]):
            last = out[-1][1]
            out[-1] = (out[-1][0], None if last is None or end is None else max(last, end))
        else:
            out.append((begin, end))
    return tuple(out)


def capped_end(bare: Clock, begin: int, end: int | None, cap: Amount | None) -> int | None:
    """When a pause with a cap ends: after so much time, or after so many days lost (time.md 12)."""
    if cap is None:
        return end
    value, unit = cap
    kind, size = unit.split("_")
    if size in SECONDS:
        stretches = () if end is None else ((end, None),)
        walker = replace(bare, stretches=stretches, unknown=NEVER, fault=None)
        reached = due_seconds(walker, begin, math.ceil(value * SECONDS[size]), kind == "working")
        return end if reached is None else reached
    if value.denominator != 1:
        raise ValueError(f"a cap in days is whole, not {value} {unit}")
    if size == "months":
        value = Fraction(days_of_months(bare.cal, begin, int(value)))
    taken = 0
    for day, first, _ in bare.days(begin, "same"):
        if end is not None and first >= end:
            return end
        if kind == "working" and not bare.cal.status(day).working:
            continue
        close = bare.end_of(day)
        if begin < close and (end is None or close <= end):
            taken += 1
            if taken == value:
                return close
    raise AssertionError("days do not end")


def days_of_months(cal: OracleCalendar, start: int, months: int) -> int:
    """Calendar days from the start's date to the same day number so many months on (time.md 9)."""
    begin = cal.local_date(start)
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = following - timedelta(days=1)
    return (last.replace(day=min(begin.day, last.day)) - begin).days


def counted(how: Clock, start: int, end: int, unit: str) -> Fraction:
    """`elapsed` on a clock that is set up."""
    if end <= start:
        return Fraction(0)
    if how.fault and how.unknown < end:
        raise how.fault
    kind, size = unit.split("_")
    working = kind == "working"
    if size in SECONDS:
        return Fraction(counted_seconds(how, start, end, working), SECONDS[size])
    if how.resolution == "time":
        return counted_shares(how, start, end, working)
    return counted_days(how, start, end, working)


def counted_seconds(how: Clock, start: int, end: int, working: bool) -> int:
    """Running seconds, all or those in working hours (docs/time.md 5)."""
    if not working:
        return how.ran(start, end)
    total = 0
    for day, first, _ in how.days(start, "same"):
        if first >= end:
            break
        total += sum(how.ran(max(a, start), min(b, end)) for a, b in how.cal.spans(day))
    return total


def counted_shares(how: Clock, start: int, end: int, working: bool) -> Fraction:
    """Each day weighs 1, counted continuously (docs/time.md 8)."""
    total = Fraction(0)
    for day, first, _ in how.days(start, "same"):
        if first >= end:
            break
        spans = how.shared(day, working)
        if spans:
            ran = sum(how.ran(max(a, start), min(b, end)) for a, b in spans)
            total += Fraction(ran, sum(b - a for a, b in spans))
    return total


def counted_days(how: Clock, start: int, end: int, working: bool) -> Fraction:
    """Days that counted by then, and the best share that a day had reached (docs/time.md 6, 7)."""
    done, best = 0, Fraction(0)
    for day, first, _ in how.days(start, how.first_day):
        if first >= end:
            break
        if working and not how.cal.status(day).working:
            continue
        close = how.end_of(day)
        left = [(max(a, start), b) for a, b in how.shared(day, working) if b > start]
        whole = sum(b - a for a, b in left)
        if whole:
            reached = sum(how.ran(a, min(b, end, close)) for a, b in left)
            best = max(best, done + Fraction(reached, whole))
        if close <= end and how.counts(start, day):
            done += 1
            best = max(best, Fraction(done))
    return best


def reached(how: Clock, start: int, limit: Amount) -> int | None:
    """`due` on a clock that is set up. Nothing or less is due at the start (docs/time.md 11)."""
    value, unit = limit
    if value <= 0:
        return start
    kind, size = unit.split("_")
    working = kind == "working"
    if how.halt <= start:
        how.halted()
        return None
    if size in SECONDS:
        return due_seconds(how, start, math.ceil(value * SECONDS[size]), working)
    if size == "months":
        value = Fraction(days_of_months(how.cal, start, int(value)))
    if how.resolution == "time":
        return due_shares(how, start, value, working)
    return due_days(how, start, value, working)


def due_seconds(how: Clock, start: int, need: int, working: bool) -> int | None:
    """The earliest instant at which so many seconds have run (docs/time.md, rule 5)."""
    if not working:
        # No date is asked, not even where it begins.
        for begin, end in how.running(start, int(min(how.halt, FAR))):
            if end - begin >= need:
                return known(how, begin + need)
            need -= end - begin
        how.halted()
        return None
    for day, first, _ in how.days(start, "same"):
        if first >= how.halt:
            break
        for a, b in how.cal.spans(day):
            for begin, end in how.running(max(a, start), b) if b > start else ():
                if end - begin >= need:
                    return known(how, begin + need)
                need -= end - begin
    how.halted()
    return None


def due_shares(how: Clock, start: int, value: Fraction, working: bool) -> int | None:
    """The earliest instant at which the shares of the days add up to so much (docs/time.md 8)."""
    for day, first, _ in how.days(start, "same"):
        if first >= how.halt:
            break
        spans = how.shared(day, working)
        whole = sum(b - a for a, b in spans)
        for a, b in spans:
            for begin, end in how.running(max(a, start), b) if b > start else ():
                need = math.ceil(value * whole)
                if end - begin >= need:
                    return known(how, begin + need)
                value -= Fraction(end - begin, whole)
    how.halted()
    return None


def due_days(how: Clock, start: int, value: Fraction, working: bool) -> int | None:
    """The end of the day that makes the number full, or a share of the day after (time.md 6, 7)."""
    full, share = divmod(value, 1)
    done = 0
    rolling = False
    for day, first, _ in how.days(start, how.first_day):
        if first >= how.halt:
            break
        if (working or rolling) and not how.cal.status(day).working:
            continue
        close = how.end_of(day)
        does_count = how.counts(start, day)
        if share and done == full:
            part = share_of_day(how, start, day, share, working)
            if does_count and (part is None or part > close):
                part = close
            if part is not None:
                return known(how, part)
        if not does_count:
            continue
        done += 1
        if rolling or (done == full and not share):
            rolling = how.roll == "next_working_day" and not working
            if not rolling or how.cal.status(day).working:
                return known(how, close)
    how.halted()
    return None


def share_of_day(how: Clock, start: int, day: date, share: Fraction, working: bool) -> int | None:
    """When so much of the day's time has been counted, if before its end (docs/time.md 7)."""
    left = [(max(a, start), b) for a, b in how.shared(day, working) if b > start]
    need = math.ceil(share * sum(b - a for a, b in left))
    for a, b in left:
        for begin, end in how.running(a, min(b, how.end_of(day))) if a < how.end_of(day) else ():
            if end - begin >= need:
                return begin + need
            need -= end - begin
    return None


def known(how: Clock, instant: int) -> int:
    """The answer, unless it lies where nothing is known of the pauses."""
    if how.fault and instant > how.unknown:
        raise how.fault
    return instant
