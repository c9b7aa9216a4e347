"""Business time on the kernel's own functions, against what people use instead."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import businesstimedelta
import chinese_calendar
import numba
import numpy as np
import pytz

from efficiency_monitor import core
from efficiency_monitor.app import open_catalogue
from efficiency_monitor.core import columns, compiled, compiling
from efficiency_monitor.core.business_time import Table
from efficiency_monitor.core.calendar import Calendar
from efficiency_monitor.core.evaluation import CompiledCalendar
from efficiency_monitor.core.handles import Handle

from .measure import Figure, Section, alternate, say, times

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
        "Base of the first table part is `numpy.busday_count`, of the second `numpy.busday_offset`, "
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
        Figure(what="base: numpy.busday_count", seconds=base),
        _faster("working days between two dates", base, taken["days"], LEAST_COUNT),
        _faster("working days between two instants", base, taken["ended"]),
        _faster("working seconds between two instants", base, taken["seconds"]),
    ]
    between = taken["seconds"] / pairs
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
        Figure(what="base: numpy.busday_offset", seconds=base),
        _faster("N working days after a date", base, taken["dates"], LEAST_OFFSET),
        _faster("end of the N-th working day after an instant", base, taken["instants"]),
    ]
    _libraries(section, bench, between)
    return section


def _faster(what: str, base: float, own: float, least: float | None = None) -> Figure:
    return Figure(what=what, seconds=own, ratio=base / own, least=least)


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
        self.out = np.empty(pairs, dtype=np.int64)
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
    njit = numba.njit(nogil=True, error_model="numpy")
    clockwork = _clockwork(njit)
    ended_days, nth_day, worked = clockwork.ended_days, clockwork.nth_day, clockwork.worked
    counting_from, end_of_day = clockwork.counting_from, clockwork.end_of_day
    work_days = clockwork.WORK_DAYS

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
    return {loop.__name__: njit(loop) for loop in every}


def _clockwork(decorate: Callable[[Any], Any]) -> Any:
    """The kernel's first file, loaded once more with its functions compiled."""
    package = ModuleType(f"{__package__}.twin")
    package.__path__ = list(core.__path__)
    sys.modules[package.__name__] = package
    sys.modules[f"{package.__name__}.columns"] = columns
    sys.modules[f"{package.__name__}.compiling"] = compiling
    with compiling.compiling_with(decorate):
        return import_module(f"{package.__name__}.clockwork")


def _libraries(section: Section, bench: _Bench, between: float) -> None:
    """Libraries that take one pair at a time, per call, against the kernel's time per pair."""
    say("business time: libraries that take one pair at a time")
    zone = ZoneInfo(bench.calendar.zone)
    spans = [
        (datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone))
        for start, end in zip(
            bench.start[:SAMPLE].tolist(), bench.end[:SAMPLE].tolist(), strict=True
        )
    ]
    workdays = bench.numpy_count()[:SAMPLE].tolist()
    seconds = bench.on_threads(bench.count_seconds, bench.start, bench.end)[:SAMPLE].tolist()
    rules = _business_rules(bench.calendar)

    def by_chinese_calendar() -> list[int]:
        return [
            len(chinese_calendar.get_workdays(a.date(), b.date() - timedelta(days=1)))
            if a.date() < b.date()
            else 0
            for a, b in spans
        ]

    def by_businesstimedelta() -> list[int]:
        found = (rules.difference(a, b) for a, b in spans)
        return [round(part.hours * 3600 + part.seconds) for part in found]

    if by_chinese_calendar() != workdays or by_businesstimedelta() != seconds:
        raise AssertionError("the libraries and the kernel give different answers")
    taken = alternate(
        {"chinesecalendar": by_chinese_calendar, "businesstimedelta": by_businesstimedelta},
        rounds=3,
        warm=False,
    )
    for name, what in (
        ("chinesecalendar", "get_workdays, working days of one pair"),
        ("businesstimedelta", "difference, working hours of one pair"),
    ):
        a_call = taken[name] / SAMPLE
        section.figures.append(Figure(what=f"{name}: {what}", seconds=a_call))
        section.remarks.append(
            f"{name} takes {times(a_call / between)} as long for one pair as the kernel takes for "
            f"its working seconds among many ({between * 1e9:.1f} ns; sample of {SAMPLE}, equal "
            "answers). A single question through the interpreted kernel is another matter."
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
