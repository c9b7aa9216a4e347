"""Business time on the kernel's own functions, against what people use instead."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import businesstimedelta  # type: ignore[import-untyped]
import chinese_calendar  # type: ignore[import-untyped]
import numba
import numpy as np
import pytz  # type: ignore[import-untyped]

from efficiency_monitor import engine as core
from efficiency_monitor.app import open_catalogue
from efficiency_monitor.engine import clockwork, columns, compiled, compiling
from efficiency_monitor.engine.business_time import Table
from efficiency_monitor.engine.evaluation import CompiledCalendar
from efficiency_monitor.engine.handles import Handle
from efficiency_monitor.time.calendar import Calendar

from .measure import Figure, Section, Taken, alternate, say

FULL, QUICK = 10_000_000, 1_000_000
ROUNDS = 5
THREADS = 2
#: Longest span in days, and most working days to add.
SPAN, MOST = 24, 60
#: Calls of the libraries that take one pair at a time.
SAMPLE = 200
LEAST_COUNT, LEAST_OFFSET = 60, 350
EPOCH = date(1970, 1, 1).toordinal()
DAY = 86_400

Loop = Callable[..., None]


def run(pairs: int, seed: int) -> Section:
    """Measure so many pairs; every answer is held against numpy's before."""
    say("business time: loops over the kernel's functions are compiled")
    calendar = open_catalogue(None, None).compiled("cn")
    bench = _Bench(calendar, pairs, seed)
    bench.check()
    say(f"business time: {pairs:,} pairs against numpy")
    section = Section(
        f"Business time: {pairs:,} pairs on the calendar `cn`",
        "The bases are `numpy.busday_count` and `numpy.busday_offset`, "
        "both with a 7-day week mask and every rest day listed, which is what make-up days take. "
        "The kernel answers from the same arrays of dates, on two threads (numpy has one); its "
        "answers are equal. From instants it is asked more: the local day first, or working "
        "seconds, which numpy does not have.",
    )
    taken = alternate(
        {
            "count": bench.numpy_count,
            "days": lambda: bench.on_threads(bench.count_dates, bench.since, bench.until),
            "ended": lambda: bench.on_threads(bench.count_ended, bench.start, bench.end),
            "seconds": lambda: bench.on_threads(bench.count_seconds, bench.start, bench.end),
        },
        rounds=ROUNDS,
    )
    base = taken["count"]
    section.figures += [
        Figure(what="base: numpy.busday_count", taken=base),
        _faster("working days between two dates", base, taken["days"], LEAST_COUNT),
        _faster("working days between two instants", base, taken["ended"]),
        _faster("working seconds between two instants", base, taken["seconds"]),
    ]
    many = {name: taken[name].per(pairs) for name in ("ended", "seconds")}
    taken = alternate(
        {
            "offset": bench.numpy_offset,
            "dates": lambda: bench.on_threads(bench.add_dates, bench.since, bench.amount),
            "instants": lambda: bench.on_threads(bench.add_instants, bench.start, bench.amount),
        },
        rounds=ROUNDS,
    )
    base = taken["offset"]
    section.figures += [
        Figure(what="base: numpy.busday_offset", taken=base),
        _faster("N working days after a date", base, taken["dates"], LEAST_OFFSET),
        _faster("end of the N-th working day after an instant", base, taken["instants"]),
    ]
    _libraries(section, bench, many)
    return section


def _faster(what: str, base: Taken, own: Taken, least: float | None = None) -> Figure:
    return Figure(what=what, taken=own, base=base, least=least)


class _Bench:
    """The pairs, the right answers, and the compiled loops."""

    def __init__(self, calendar: CompiledCalendar, pairs: int, seed: int) -> None:
        self.calendar = calendar.calendar
        self.table: Table = compiled.as_arrays(calendar.table)
        handle = Handle(self.table)
        drawn = np.random.default_rng(seed)
        first, last = date(2010, 1, 1), date(2026, 6, 30)
        day = drawn.integers(first.toordinal(), last.toordinal(), pairs) - EPOCH
        self.since = day.astype("datetime64[D]")
        self.until = (day + drawn.integers(0, SPAN + 1, pairs)).astype("datetime64[D]")
        self.amount = drawn.integers(1, MOST + 1, pairs)
        self.start = self._in_day(self.since, drawn)
        self.end = np.maximum(self._in_day(self.until, drawn), self.start)
        self.out: Any = np.empty(pairs, dtype=np.int64)
        self.rest = np.array(_rest_days(self.calendar), dtype="datetime64[D]")
        self.numpy = np.busdaycalendar(weekmask="1111111", holidays=self.rest)
        self.pool = ThreadPoolExecutor(THREADS)
        loops = _loops()
        shift = EPOCH - self.table.ordinal
        self.count_dates = _bound(loops["count_dates"], handle, shift)
        self.add_dates = _bound(loops["add_dates"], handle, shift)
        self.count_ended = _bound(loops["count_ended"], handle)
        self.count_seconds = _bound(loops["count_seconds"], handle)
        self.add_instants = _bound(loops["add_instants"], handle)

    def _in_day(self, days: Any, drawn: Any) -> Any:
        """An instant of each local date, of any time of day but its last second."""
        number = days.astype(np.int64) + EPOCH - self.table.ordinal
        return self.table.day_start[number] + drawn.integers(0, DAY - 1, len(days))

    def numpy_count(self) -> Any:
        """Working days in [since, until)."""
        return np.busday_count(self.since, self.until, busdaycal=self.numpy)

    def numpy_offset(self) -> Any:
        """The N-th working day after a date; a rest day counts as the working day before it."""
        return np.busday_offset(self.since, self.amount, roll="backward", busdaycal=self.numpy)

    def on_threads(self, loop: Loop, one: Any, other: Any) -> Any:
        """A loop over all pairs, a part for each thread."""
        step = -(-len(one) // THREADS)
        parts = [slice(at, at + step) for at in range(0, len(one), step)]
        list(self.pool.map(lambda part: loop(one[part], other[part], self.out[part]), parts))
        return self.out

    def check(self) -> None:
        """Every pair has the same answer from the kernel and from numpy; compiles the loops."""
        count, later = self.numpy_count(), self.numpy_offset()
        number = later.astype(np.int64) + EPOCH - self.table.ordinal
        for loop, one, other, right in (
            (self.count_dates, self.since, self.until, count),
            (self.count_ended, self.start, self.end, count),
            (self.add_dates, self.since, self.amount, later.astype(np.int64)),
            (self.add_instants, self.start, self.amount, self.table.day_start[number + 1] - 1),
        ):
            if not np.array_equal(self.on_threads(loop, one, other), right):
                raise AssertionError("the kernel and numpy give different answers")


def _rest_days(calendar: Calendar) -> list[date]:
    span = range((calendar.last - calendar.first).days + 1)
    days = (calendar.first + timedelta(days=number) for number in span)
    return [day for day in days if not calendar.day(day).hours]


def _bound(loop: Loop, *fixed: Any) -> Loop:
    def bound(one: Any, other: Any, out: Any) -> None:
        if one.dtype.kind == "M":
            one = one.view(np.int64)
        if other.dtype.kind == "M":
            other = other.view(np.int64)
        loop(*fixed, one, other, out)

    return bound


def _loops() -> dict[str, Loop]:
    """Loops over the kernel's own functions, compiled from the project's files."""
    twin = _clockwork()
    ended_days, nth_day, worked = twin.ended_days, twin.nth_day, twin.worked
    counting_from, end_of_day = twin.counting_from, twin.end_of_day
    work_days = twin.WORK_DAYS

    def count_dates(cal: Any, shift: int, since: Any, until: Any, out: Any) -> None:
        for i in range(len(out)):
            out[i] = cal.days_before[until[i] + shift] - cal.days_before[since[i] + shift]

    def add_dates(cal: Any, shift: int, since: Any, amount: Any, out: Any) -> None:
        for i in range(len(out)):
            done = cal.days_before[since[i] + shift + 1]
            out[i] = nth_day(cal, True, done + amount[i] - 1) - shift

    def count_ended(cal: Any, start: Any, end: Any, out: Any) -> None:
        for i in range(len(out)):
            ended = ended_days(cal, True, False, end[i])
            out[i] = ended - ended_days(cal, True, False, start[i])

    def count_seconds(cal: Any, start: Any, end: Any, out: Any) -> None:
        for i in range(len(out)):
            out[i] = worked(cal, end[i]) - worked(cal, start[i])

    def add_instants(cal: Any, start: Any, amount: Any, out: Any) -> None:
        for i in range(len(out)):
            since = counting_from(cal, work_days, False, start[i])
            done = ended_days(cal, True, False, since)
            out[i] = end_of_day(cal, nth_day(cal, True, done + amount[i] - 1), False)

    every = (count_dates, add_dates, count_ended, count_seconds, add_instants)
    return {loop.__name__: _compiled(loop, False) for loop in every}


def _compiled(function: Any, inlined: bool) -> Any:
    return numba.njit(function, nogil=True, error_model="numpy", forceinline=inlined)


def _clockwork() -> Any:
    """The kernel's first file, loaded once more with its functions compiled."""
    package = ModuleType(f"{__package__}.twin")
    package.__path__ = list(core.__path__)
    sys.modules[package.__name__] = package
    sys.modules[f"{package.__name__}.columns"] = columns
    sys.modules[f"{package.__name__}.compiling"] = compiling
    with compiling.compiling_with(_compiled):
        return import_module(f"{package.__name__}.clockwork")


def _libraries(section: Section, bench: _Bench, many: dict[str, Taken]) -> None:
    """Libraries that take one pair at a time, against one pair by the interpreted kernel.

    `many` is what the compiled loops take for one pair among many.
    """
    say("business time: libraries that take one pair at a time")
    zone = ZoneInfo(bench.calendar.zone)
    pairs = list(zip(bench.start[:SAMPLE].tolist(), bench.end[:SAMPLE].tolist(), strict=True))
    spans = [
        (datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone))
        for start, end in pairs
    ]
    rules = _business_rules(bench.calendar)
    cal = open_catalogue(None, None).compiled("cn").table

    def own_days() -> list[int]:
        ended = clockwork.ended_days
        return [ended(cal, True, False, b) - ended(cal, True, False, a) for a, b in pairs]

    def own_seconds() -> list[int]:
        return [clockwork.worked(cal, b) - clockwork.worked(cal, a) for a, b in pairs]

    def by_chinese_calendar() -> list[int]:
        dates = [(a.date(), b.date()) for a, b in spans]
        return [
            len(chinese_calendar.get_workdays(a, b - timedelta(days=1))) if a < b else 0
            for a, b in dates
        ]

    def by_businesstimedelta() -> list[int]:
        found = (rules.difference(a, b) for a, b in spans)
        return [round(part.hours * 3600 + part.seconds) for part in found]

    if by_chinese_calendar() != own_days() or by_businesstimedelta() != own_seconds():
        raise AssertionError("the libraries and the kernel give different answers")
    contenders = {
        "chinesecalendar, working days": by_chinese_calendar,
        "ended": own_days,
        "businesstimedelta, working hours": by_businesstimedelta,
        "seconds": own_seconds,
    }
    taken = alternate(contenders, rounds=ROUNDS, warm=False)
    (theirs, ended, others, worked) = contenders
    for base, own in ((theirs, ended), (others, worked)):
        one = taken[base].per(SAMPLE)
        section.figures += [
            Figure(what=f"base: {base} of one pair", taken=one),
            _faster("one pair by the interpreted kernel", one, taken[own].per(SAMPLE)),
            _faster("a pair among many, compiled", one, many[own]),
        ]
    section.remarks.append(
        f"Libraries: {SAMPLE} pairs, at most {SPAN} days apart; the answers are equal."
    )


def _business_rules(calendar: Calendar) -> Any:
    """The calendar's usual hours on all seven days, with every rest day as a holiday."""
    (opens, noon), (afternoon, closes) = calendar.day(date(2026, 6, 9)).hours
    given = {"working_days": list(range(7)), "tz": pytz.timezone(calendar.zone)}
    work, lunch = businesstimedelta.WorkDayRule, businesstimedelta.LunchTimeRule
    return businesstimedelta.Rules(
        [
            work(start_time=_clock(opens), end_time=_clock(closes), **given),
            lunch(start_time=_clock(noon), end_time=_clock(afternoon), **given),
            businesstimedelta.HolidayRule(set(_rest_days(calendar)), tz=given["tz"]),
        ]
    )


def _clock(seconds: int) -> time:
    return time(seconds // 3600, seconds % 3600 // 60)
