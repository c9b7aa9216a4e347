"""Counting on one clock: from a start, running intervals and an amount to an instant, and back.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.

`runs` is (from, to, count): the intervals [from, to) in which the clock runs, in order. After an
open pause `from[count]` is NEVER. After one whose end is not known it is BEYOND, and `to[count]`
is the instant from which nothing is known.
"""

from .clockwork import (
    BEYOND,
    CALENDAR_DAYS,
    CALENDAR_SHARES,
    DAY,
    NEVER,
    WORK_DAYS,
    WORK_SHARES,
    counting_from,
    day_of,
    end_of_day,
    ended_days,
    highest,
    instant_at,
    into_day,
    lowest,
    measure,
    next_day,
    nth_day,
    worked_on,
)
from .compiling import inlined_function, kernel_function


@kernel_function
def due_after(cal, mode, close, same, runs, start, need, part):
    """Earliest instant at which the amount is counted: an instant, NEVER or BEYOND.

    `need` is in the mode's measure (seconds, whole days, shares); `part` is the fraction of a
    further day in DAY-ths, for day modes only (docs/time.md, rule 7). `start` itself
    for nothing (rule 11).
    """
    if need <= 0 and part <= 0:
        return start
    runs_from, runs_to, count = runs
    since = counting_from(cal, mode, same, start)
    if count == 0 or runs_to[count - 1] <= since:
        return runs_from[count]
    if since < lowest(cal, mode, close) or since > highest(cal, mode, close):
        return BEYOND
    reached = since
    if need > 0:
        reached = _walk(cal, mode, close, runs, since, need)
    if part <= 0 or reached >= NEVER:
        return reached
    after = day_of(cal, since) if need <= 0 else day_of(cal, reached - 1) + 1
    return _part_of_day(cal, mode == WORK_DAYS, close, runs, since, after, part)


@kernel_function
def _walk(cal, mode, close, runs, since, need):
    runs_from, runs_to, count = runs
    top = highest(cal, mode, close)
    for i in range(count):
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
    return runs_from[count]


@inlined_function
def find_days(cal, close, runs, since, work):
    """Working days that end in each run, kept for `nth_working_day` (docs/time.md, rule 6).

    Most limits are whole working days, so these are found once for an episode. `work.days_from`
    are the days that ended before the run, `days_in` those that end in it; `days_from` after the
    last of the `days_found` runs is what comes after them: NEVER or BEYOND.
    """
    runs_from, runs_to, count = runs
    found = 0
    after = runs_from[count]
    if count and runs_to[count - 1] > since:
        if since < cal.covered_from:
            after = BEYOND
            count = 0
        for i in range(count):
            a = max(runs_from[i], since)
            b = min(runs_to[i], cal.covered_to)
            if a >= cal.covered_to:
                after = BEYOND
                break
            work.days_in[i] = 0
            if b > a:
                work.days_from[i] = ended_days(cal, True, close, a)
                work.days_in[i] = ended_days(cal, True, close, b) - work.days_from[i]
            found += 1
            if runs_to[i] > cal.covered_to:
                after = BEYOND
                break
    work.days_from[found] = after
    work.days_found[0] = found


@inlined_function
def nth_working_day(cal, close, work, need):
    """End of the working day that makes `need` of them, as `due_after` finds it."""
    found = work.days_found[0]
    for i in range(found):
        if need <= work.days_in[i]:
            return end_of_day(cal, cal.working_day[work.days_from[i] + need - 1], close)
        need -= work.days_in[i]
    return work.days_from[found]


@kernel_function
def _day_total(cal, working, close, d, since):
    """Seconds of day d whose share counts: working time, or the local day to its end.

    By docs/time.md, rule 7.
    """
    if working:
        if since > cal.day_start[d]:
            return cal.work_before[d + 1] - cal.work_before[d] - worked_on(cal, d, since)
        return cal.work_before[d + 1] - cal.work_before[d]
    until = cal.day_start[d + 1]
    if close and cal.work_before[d + 1] > cal.work_before[d]:
        until = cal.closing[d]
    return max(until - max(since, cal.day_start[d]), 0)


@kernel_function
def _part_of_day(cal, working, close, runs, since, d, part):
    """First instant at which `part` of one candidate day has been counted, or its end.

    By docs/time.md, rule 7.
    """
    runs_from, runs_to, count = runs
    top = highest(cal, WORK_DAYS if working else CALENDAR_DAYS, close)
    i = 0
    while True:
        begin = max(cal.day_start[d], since)
        while i < count and runs_to[i] <= begin:
            i += 1
        if i == count:
            return runs_from[count]
        if d >= cal.days or cal.day_start[d] >= top:
            return BEYOND
        if runs_from[i] >= cal.day_start[d + 1]:
            d = max(d + 1, day_of(cal, runs_from[i]))
            continue
        if not working or cal.days_before[d + 1] > cal.days_before[d]:
            found = _reached_in_day(cal, working, close, runs, i, begin, d, since, part)
            if found != NEVER:
                return found
        d += 1


@kernel_function
def _reached_in_day(cal, working, close, runs, i, begin, d, since, part):
    runs_from, runs_to, count = runs
    total = _day_total(cal, working, close, d, since)
    need = -((-total * part) // DAY)
    end = end_of_day(cal, d, close)
    counts = False
    done = 0
    while i < count and runs_from[i] < end:
        a = max(runs_from[i], begin)
        b = min(runs_to[i], end)
        if b > a:
            before = worked_on(cal, d, a)
            got = worked_on(cal, d, b) - before if working else b - a
            if total > 0 and done + got >= need:
                return into_day(cal, d, before + need - done) if working else a + need - done
            done += got
            counts = b == end
        i += 1
    return end if counts else NEVER


@kernel_function
def counted(cal, mode, close, runs, since, until):
    """The mode's measure over the running time in [since, until]."""
    runs_from, runs_to, count = runs
    total = 0
    for i in range(count):
        a = max(runs_from[i], since)
        b = min(runs_to[i], until)
        if b > a:
            total += measure(cal, mode, close, b) - measure(cal, mode, close, a)
    return total


@kernel_function
def days_counted(cal, working, close, runs, since, until):
    """How many days have counted in [since, until], and the day after the last of them."""
    runs_from, runs_to, count = runs
    total = 0
    last = -1
    for i in range(count):
        a = max(runs_from[i], since)
        b = min(runs_to[i], until)
        if b > a:
            ended = ended_days(cal, working, close, b)
            got = ended - ended_days(cal, working, close, a)
            if got > 0:
                total += got
                last = ended - 1
    if last < 0:
        return 0, day_of(cal, since)
    return total, nth_day(cal, working, last) + 1


@kernel_function
def best_share(cal, working, close, runs, since, until, d):
    """Greatest share of a day reached from day d on: (numerator, denominator, day or -1).

    A day's share stays even if the day ends paused: elapsed is the running maximum
    (docs/time.md, rule 7).
    """
    runs_from, runs_to, count = runs
    best = 0
    of = 1
    best_day = -1
    final = day_of(cal, until)
    i = 0
    while True:
        d = next_day(cal, working, d)
        if d > final:
            break
        begin = max(cal.day_start[d], since)
        while i < count and runs_to[i] <= begin:
            i += 1
        if i == count or runs_from[i] >= until:
            break
        if runs_from[i] >= cal.day_start[d + 1]:
            d = max(d + 1, day_of(cal, runs_from[i]))
            continue
        total = _day_total(cal, working, close, d, since)
        done = _run_in_day(cal, working, close, runs, i, begin, d, until)
        if done * of > best * total:
            best = done
            of = total
            best_day = d
        d += 1
    return best, of, best_day


@kernel_function
def _run_in_day(cal, working, close, runs, i, begin, d, until):
    """Seconds of day d, up to its end, in which the clock ran before `until`."""
    runs_from, runs_to, count = runs
    stop = min(until, end_of_day(cal, d, close))
    done = 0
    while i < count and runs_from[i] < stop:
        a = max(runs_from[i], begin)
        b = min(runs_to[i], stop)
        if b > a:
            done += worked_on(cal, d, b) - worked_on(cal, d, a) if working else b - a
        i += 1
    return done


@kernel_function
def elapsed_until(cal, mode, close, same, runs, start, until):
    """What has been counted by `until`: (whole, numerator, denominator), or whole -1 if not known.

    Seconds for continuous modes; days otherwise, the fraction being of one day.
    """
    runs_from, runs_to, count = runs
    if until <= start:
        return 0, 0, 1
    if runs_from[count] == BEYOND and until > runs_to[count]:
        return -1, 0, 1
    since = counting_from(cal, mode, same, start)
    if until <= since:
        return 0, 0, 1
    if since < lowest(cal, mode, close) or until > highest(cal, mode, close):
        return -1, 0, 1
    if mode == WORK_DAYS or mode == CALENDAR_DAYS:
        working = mode == WORK_DAYS
        whole, after = days_counted(cal, working, close, runs, since, until)
        part, of, _ = best_share(cal, working, close, runs, since, until, after)
        return whole, part, of
    whole = counted(cal, mode, close, runs, since, until)
    if mode == WORK_SHARES or mode == CALENDAR_SHARES:
        scale = cal.work_scale if mode == WORK_SHARES else cal.day_scale
        return whole // scale, whole % scale, scale
    return whole, 0, 1
