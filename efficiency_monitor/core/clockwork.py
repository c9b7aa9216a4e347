"""Counting on one clock: from a start, running intervals and an amount to an instant, and back.

Second half of the kernel's source (see `kernel`): plain functions on integers and sequences, the
same text runs interpreted on lists and compiled by numba on arrays. TIME.md decides every line;
its rule numbers stand in the comments. All instants are UTC epoch seconds.
"""

from .compiling import kernel_function

#: Not reached for the time being: an open pause withholds it (TIME 19).
NEVER = 1 << 60
#: Beyond what the calendar covers: not known (TIME 3).
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
    last = len(cal.day_start) - 2
    at = (t - cal.base) >> 16
    if at >= len(cal.bucket):
        return last
    d = cal.bucket[at]
    while d < last and t >= cal.day_start[d + 1]:
        d += 1
    return d


@kernel_function
def worked(cal, t):
    """Working seconds from the table's beginning until `t`; days without status count none."""
    d = day_of(cal, t)
    done = cal.work_before[d]
    if cal.work_before[d + 1] == done:
        return done
    s = t - cal.day_start[d]
    p = cal.pattern[d]
    for k in range(cal.pattern_at[p], cal.pattern_at[p + 1]):
        if s <= cal.opens[k]:
            break
        done += min(s, cal.closes[k]) - cal.opens[k]
    return done


@kernel_function
def when_worked(cal, target):
    """Earliest instant until which `target` > 0 working seconds are counted, or BEYOND (TIME 7)."""
    last = len(cal.working_day) - 1
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
    return _into_day(cal, d, target - cal.work_before[d])


@kernel_function
def _into_day(cal, d, rest):
    p = cal.pattern[d]
    for k in range(cal.pattern_at[p], cal.pattern_at[p + 1]):
        length = cal.closes[k] - cal.opens[k]
        if rest <= length:
            return cal.day_start[d] + cal.opens[k] + rest
        rest -= length
    return cal.closing[d]


@kernel_function
def end_of_day(cal, d, close):
    """End of day d (TIME 8): its last second, or with `close` its closing time."""
    return cal.closing[d] if close else cal.day_start[d + 1] - 1


@kernel_function
def ended_days(cal, working, close, t):
    """How many days of the kind have ended by `t`."""
    d = day_of(cal, t)
    if working:
        done = cal.days_before[d]
        if cal.days_before[d + 1] == done:
            return done
    else:
        done = d
    return done + 1 if t >= end_of_day(cal, d, close) else done


@kernel_function
def nth_day(cal, working, k):
    """Day number of the k-th day (from 0) of the kind, or -1 beyond the table."""
    if working:
        return cal.working_day[k] if k < len(cal.working_day) else -1
    return k if k < len(cal.day_start) - 1 else -1


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
    return done + (worked(cal, t) - cal.work_before[d]) * (cal.work_scale // total)


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
        return _into_day(cal, d, -((-rest * total) // scale))
    length = cal.day_start[d + 1] - cal.day_start[d]
    return cal.day_start[d] - ((-rest * length) // scale)


@kernel_function
def lowest(cal, mode, close):
    """First instant for which the mode's measure is known (TIME 3)."""
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
        return cal.day_start[len(cal.day_start) - 1]
    return cal.covered_to


@kernel_function
def counting_from(cal, mode, same, start):
    """Instant from which the clock counts: for days with first_day `next`, the next midnight."""
    if (mode == WORK_DAYS or mode == CALENDAR_DAYS) and not same:
        if start < cal.base or start >= cal.day_start[len(cal.day_start) - 1]:
            return start
        return cal.day_start[day_of(cal, start) + 1]
    return start


@kernel_function
def due_after(cal, mode, close, same, runs_from, runs_to, runs, start, need, part):
    """Earliest instant at which the amount is counted: an instant, NEVER or BEYOND.

    `need` is in the mode's measure (seconds, whole days, shares); `part` is the fraction of a
    further day in DAY-ths, for day modes only (TIME 9). `start` itself for nothing (TIME 14).
    """
    if need <= 0 and part <= 0:
        return start
    since = counting_from(cal, mode, same, start)
    top = highest(cal, mode, close)
    if since < lowest(cal, mode, close) or since > top:
        return BEYOND
    reached = since
    if need > 0:
        reached = _walk(cal, mode, close, runs_from, runs_to, runs, since, need)
    if part <= 0 or reached == NEVER or reached == BEYOND:
        return reached
    after = day_of(cal, since)
    if need > 0:
        after = day_of(cal, reached) + 1
    return _part_of_day(cal, mode == WORK_DAYS, close, runs_from, runs_to, runs, since, after, part)


@kernel_function
def _walk(cal, mode, close, runs_from, runs_to, runs, since, need):
    top = highest(cal, mode, close)
    for i in range(runs):
        a = max(runs_from[i], since)
        b = min(runs_to[i], top)
        if a >= top:
            return BEYOND
        if b > a:
            at = measure(cal, mode, close, a)
            got = measure(cal, mode, close, b) - at
            if need <= got:
                return instant_at(cal, mode, close, at + need)
            need -= got
        if runs_to[i] > top:
            return BEYOND
    return NEVER


@kernel_function
def _day_total(cal, working, close, d, since):
    """Seconds of day d whose share counts: working time, or the local day up to its end (TIME 9)."""
    if working:
        total = cal.work_before[d + 1] - cal.work_before[d]
        if since > cal.day_start[d]:
            total = cal.work_before[d + 1] - worked(cal, since)
        return total
    until = _span_end(cal, close, d)
    return max(until - max(since, cal.day_start[d]), 0)


@kernel_function
def _span_end(cal, close, d):
    if close and cal.work_before[d + 1] > cal.work_before[d]:
        return cal.closing[d]
    return cal.day_start[d + 1]


@kernel_function
def _run_in_day(cal, working, close, a, b, d):
    """Seconds of day d counted while running in [a, b), both inside the day."""
    if working:
        return worked(cal, b) - worked(cal, a)
    return max(min(b, _span_end(cal, close, d)) - a, 0)


@kernel_function
def _part_of_day(cal, working, close, runs_from, runs_to, runs, since, d, part):
    """First instant at which `part` of one candidate day has been counted, or its end (TIME 9)."""
    last = len(cal.day_start) - 1
    mode = WORK_DAYS if working else CALENDAR_DAYS
    top = highest(cal, mode, close)
    i = 0
    while d < last and cal.day_start[d] < top:
        begin = max(cal.day_start[d], since)
        end = cal.day_start[d + 1]
        while i < runs and runs_to[i] <= begin:
            i += 1
        if i == runs:
            return NEVER
        if runs_from[i] >= end:
            d = max(d + 1, min(day_of(cal, runs_from[i]), last))
            continue
        if working and cal.days_before[d + 1] == cal.days_before[d]:
            d += 1
            continue
        found = _reached_in_day(
            cal, working, close, runs_from, runs_to, runs, i, begin, d, since, part
        )
        if found != NEVER:
            return found
        d += 1
    return BEYOND


@kernel_function
def _reached_in_day(cal, working, close, runs_from, runs_to, runs, i, begin, d, since, part):
    total = _day_total(cal, working, close, d, since)
    need = -((-total * part) // DAY)
    end = end_of_day(cal, d, close)
    found = NEVER
    counts = False
    done = 0
    while i < runs and runs_from[i] < cal.day_start[d + 1]:
        a = max(runs_from[i], begin)
        b = min(runs_to[i], cal.day_start[d + 1])
        if a <= end - 1 < b:
            counts = True
        if found == NEVER and b > a and total > 0:
            got = _run_in_day(cal, working, close, a, b, d)
            if done + got >= need:
                if working:
                    found = when_worked(cal, worked(cal, a) + need - done)
                else:
                    found = a + need - done
            done += got
        i += 1
    if counts and end < found:
        return end
    return found


@kernel_function
def counted(cal, mode, close, runs_from, runs_to, runs, since, until):
    """The mode's measure over the running time in [since, until]."""
    total = 0
    for i in range(runs):
        a = max(runs_from[i], since)
        b = min(runs_to[i], until)
        if b > a:
            total += measure(cal, mode, close, b) - measure(cal, mode, close, a)
    return total


@kernel_function
def share_today(cal, working, close, runs_from, runs_to, runs, since, until):
    """Greatest share of a day reached since the last counted day: (numerator, denominator).

    A day's share stays even if the day ends paused (TIME 9: elapsed is the running maximum).
    """
    d = day_of(cal, since)
    for back in range(runs):
        i = runs - 1 - back
        a = max(runs_from[i], since)
        b = min(runs_to[i], until)
        if b > a:
            ended = ended_days(cal, working, close, b)
            if ended > ended_days(cal, working, close, a):
                d = nth_day(cal, working, ended - 1) + 1
                break
    best = 0
    of = 1
    final = day_of(cal, until)
    i = 0
    while d <= final:
        begin = max(cal.day_start[d], since)
        while i < runs and runs_to[i] <= begin:
            i += 1
        if i == runs or runs_from[i] >= until:
            break
        if runs_from[i] >= cal.day_start[d + 1]:
            d = max(d + 1, day_of(cal, runs_from[i]))
            continue
        if not working or cal.days_before[d + 1] > cal.days_before[d]:
            total = _day_total(cal, working, close, d, since)
            done = _run_until(cal, working, close, runs_from, runs_to, runs, i, begin, d, until)
            if total > 0 and done * of > best * total:
                best = done
                of = total
        d += 1
    return best, of


@kernel_function
def _run_until(cal, working, close, runs_from, runs_to, runs, i, begin, d, until):
    done = 0
    stop = min(until, cal.day_start[d + 1])
    while i < runs and runs_from[i] < stop:
        a = max(runs_from[i], begin)
        b = min(runs_to[i], stop)
        if b > a:
            done += _run_in_day(cal, working, close, a, b, d)
        i += 1
    return done


@kernel_function
def elapsed_until(cal, mode, close, same, runs_from, runs_to, runs, start, until):
    """What has been counted by `until`: (whole, numerator, denominator), or whole -1 if not known.

    Seconds for continuous modes; days otherwise, the fraction being of one day.
    """
    if until <= start:
        return 0, 0, 1
    since = counting_from(cal, mode, same, start)
    if until <= since:
        return 0, 0, 1
    if since < lowest(cal, mode, close) or until > highest(cal, mode, close):
        return -1, 0, 1
    whole = counted(cal, mode, close, runs_from, runs_to, runs, since, until)
    if mode == WORK_SHARES or mode == CALENDAR_SHARES:
        scale = cal.work_scale if mode == WORK_SHARES else cal.day_scale
        return whole // scale, whole % scale, scale
    if mode == WORK_SECONDS or mode == CALENDAR_SECONDS:
        return whole, 0, 1
    part, of = share_today(cal, mode == WORK_DAYS, close, runs_from, runs_to, runs, since, until)
    return whole, part, of
