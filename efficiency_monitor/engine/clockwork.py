"""Questions to a compiled calendar: an instant to a measure of time, and back.

First part of the kernel's source (see `kernel`): plain functions on integers and sequences, the
same text runs interpreted on lists and compiled by numba on arrays. TIME.md decides every line;
its rule numbers stand in the comments. All instants are UTC epoch seconds.
"""

from .compiling import kernel_function

#: Not reached for the time being: an open pause withholds it (docs/time.md, rule 15).
NEVER = 1 << 60
#: Beyond what the calendar covers: not known (docs/time.md, rule 3).
BEYOND = 1 << 61
#: One day in the fixed-point amounts of the kernel: 6 places of the amount, 4 of the percentage.
DAY = 10_000_000_000

# What a clock counts. Day modes count ends of days, the others a continuous measure.
WORK_SECONDS, CALENDAR_SECONDS, WORK_DAYS, CALENDAR_DAYS, WORK_SHARES, CALENDAR_SHARES = range(6)
# Units as the kernel knows them, in the order of `amount.Unit`.
U_WORK_DAY, U_WORK_HOUR, U_WORK_MINUTE, U_WORK_SECOND = range(4)
U_DAY, U_HOUR, U_MINUTE, U_SECOND, U_MONTH = range(4, 9)


@kernel_function
def mode_of(unit, by_time):
    """Mode in which an amount of this unit is counted; `by_time` is resolution `time`."""
    if unit == U_WORK_DAY:
        return WORK_SHARES if by_time else WORK_DAYS
    if unit == U_DAY or unit == U_MONTH:
        return CALENDAR_SHARES if by_time else CALENDAR_DAYS
    return WORK_SECONDS if unit < U_DAY else CALENDAR_SECONDS


@kernel_function
def seconds_of(unit):
    """Seconds in one unit of a continuous measure; 0 for days and months."""
    if unit == U_WORK_HOUR or unit == U_HOUR:
        return 3600
    if unit == U_WORK_MINUTE or unit == U_MINUTE:
        return 60
    if unit == U_WORK_SECOND or unit == U_SECOND:
        return 1
    return 0


@kernel_function
def day_of(cal, t):
    """Day number of an instant, clipped to the table."""
    if t < cal.base:
        return 0
    if t >= cal.end:
        return cal.days - 1
    d = cal.bucket[(t - cal.base) >> 16]
    d += 1 if t >= cal.day_start[d + 1] else 0
    while t >= cal.day_start[d + 1]:  # a date that the zone has skipped
        d += 1
    return d


@kernel_function
def ordinal_at(cal, t):
    """Proleptic Gregorian ordinal of the local date of an instant.

    Before and after the table a day is taken as 86,400 s.
    """
    if t < cal.base:
        return cal.ordinal - 1 - (cal.base - 1 - t) // 86_400
    if t >= cal.end:
        return cal.ordinal + cal.days + (t - cal.end) // 86_400
    return cal.ordinal + day_of(cal, t)


@kernel_function
def covered(cal, t):
    """Whether the status of the local date of an instant is known (docs/time.md, rule 3)."""
    return cal.covered_from <= t < cal.covered_to


@kernel_function
def worked(cal, t):
    """Working seconds from the table's beginning until `t`; days without status count none."""
    d = day_of(cal, t)
    return cal.work_before[d] + worked_on(cal, d, t)


@kernel_function
def worked_on(cal, d, t):
    """Working seconds of day d until `t`, which is in that day or its end."""
    s = t - cal.day_start[d]
    p = cal.pattern[d]
    done = 0
    for k in range(cal.pattern_at[p], cal.pattern_at[p + 1]):
        done += max(min(s, cal.closes[k]) - cal.opens[k], 0)
    return done


@kernel_function
def when_worked(cal, target):
    """Earliest instant until which `target` > 0 working seconds are counted, or BEYOND.

    By docs/time.md, rule 5.
    """
    last = cal.working_days - 1
    if last < 0 or target > cal.work_before[cal.working_day[last] + 1]:
        return BEYOND
    low = 0
    high = last
    while low < high:
        middle = (low + high) >> 1
        if cal.work_before[cal.working_day[middle] + 1] >= target:
            high = middle
        else:
            low = middle + 1
    d = cal.working_day[low]
    return into_day(cal, d, target - cal.work_before[d])


@kernel_function
def into_day(cal, d, rest):
    """Instant of day d until which `rest` of its working seconds are counted."""
    p = cal.pattern[d]
    for k in range(cal.pattern_at[p], cal.pattern_at[p + 1]):
        length = cal.closes[k] - cal.opens[k]
        if rest <= length:
            return cal.day_start[d] + cal.opens[k] + rest
        rest -= length
    return cal.closing[d]


@kernel_function
def end_of_day(cal, d, close):
    """End of day d (docs/time.md, rule 6): its last second, or with `close` its closing time."""
    return cal.closing[d] if close else cal.day_start[d + 1] - 1


@kernel_function
def ended_days(cal, working, close, t):
    """How many days of the kind have ended by `t`."""
    d = day_of(cal, t)
    ended = 1 if t >= end_of_day(cal, d, close) else 0
    if working:
        return cal.days_before[d] + ended * (cal.days_before[d + 1] - cal.days_before[d])
    return d + ended


@kernel_function
def nth_day(cal, working, k):
    """Day number of the k-th day (from 0) of the kind, or -1 beyond the table."""
    if working:
        return cal.working_day[k] if k < cal.working_days else -1
    return k if k < cal.days else -1


@kernel_function
def next_day(cal, working, d):
    """The first day of the kind from day d on; beyond the table its end."""
    if not working or d >= cal.days:
        return d
    k = cal.days_before[d]
    return cal.working_day[k] if k < cal.working_days else cal.days


@kernel_function
def measure(cal, mode, close, t):
    """Value of the mode's measure at `t`: seconds, days ended, or shares of days."""
    if mode == WORK_SECONDS:
        return worked(cal, t)
    if mode == CALENDAR_SECONDS:
        return t
    if mode == WORK_DAYS or mode == CALENDAR_DAYS:
        return ended_days(cal, mode == WORK_DAYS, close, t)
    d = day_of(cal, t)
    if mode == CALENDAR_SHARES:
        length = cal.day_start[d + 1] - cal.day_start[d]
        return d * cal.day_scale + (t - cal.day_start[d]) * (cal.day_scale // length)
    total = cal.work_before[d + 1] - cal.work_before[d]
    done = cal.days_before[d] * cal.work_scale
    if total == 0:
        return done
    return done + worked_on(cal, d, t) * (cal.work_scale // total)


@kernel_function
def instant_at(cal, mode, close, target):
    """Earliest instant at which the measure has reached `target`, or BEYOND."""
    if mode == WORK_SECONDS:
        return when_worked(cal, target)
    if mode == CALENDAR_SECONDS:
        return target
    if mode == WORK_DAYS or mode == CALENDAR_DAYS:
        d = nth_day(cal, mode == WORK_DAYS, target - 1)
        return BEYOND if d < 0 else end_of_day(cal, d, close)
    working = mode == WORK_SHARES
    scale = cal.work_scale if working else cal.day_scale
    whole = target // scale
    rest = target - whole * scale
    if rest == 0:
        # A whole number of days is reached at a day's end: its closing time, or local midnight.
        whole -= 1
        rest = scale
    d = nth_day(cal, working, whole)
    if d < 0:
        return BEYOND
    if working:
        total = cal.work_before[d + 1] - cal.work_before[d]
        return into_day(cal, d, -((-rest * total) // scale))
    length = cal.day_start[d + 1] - cal.day_start[d]
    return cal.day_start[d] - ((-rest * length) // scale)


@kernel_function
def lowest(cal, mode, close):
    """First instant for which the mode's measure is known (docs/time.md, rule 3)."""
    if mode == CALENDAR_SECONDS:
        return -NEVER
    if mode == CALENDAR_SHARES or (mode == CALENDAR_DAYS and not close):
        return cal.base
    return cal.covered_from


@kernel_function
def highest(cal, mode, close):
    """Last instant for which the mode's measure is known."""
    if mode == CALENDAR_SECONDS:
        return NEVER
    if mode == CALENDAR_SHARES or (mode == CALENDAR_DAYS and not close):
        return cal.end
    return cal.covered_to


@kernel_function
def counting_from(cal, mode, same, start):
    """Instant from which the clock counts: for days with first_day `next`, the next midnight."""
    if (mode == WORK_DAYS or mode == CALENDAR_DAYS) and not same:
        if start < cal.base or start >= cal.end:
            return start
        return cal.day_start[day_of(cal, start) + 1]
    return start
