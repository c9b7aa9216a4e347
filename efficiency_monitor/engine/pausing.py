"""Pauses of an episode, and the running time they leave (docs/time.md, rules 12 and 15).

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.
"""

from .clockwork import (
    BEYOND,
    CALENDAR_DAYS,
    CALENDAR_SECONDS,
    NEVER,
    U_DAY,
    U_MONTH,
    U_WORK_DAY,
    WORK_DAYS,
    WORK_SECONDS,
    end_of_day,
    ended_days,
    highest,
    lowest,
    nth_day,
    ordinal_at,
    seconds_of,
    when_worked,
    worked,
)
from .columns import MOST_PAIRS, PAIRS
from .compiling import inlined_function, kernel_function
from .levels import MILLION, days_in_months


@kernel_function
def find_pauses(cal, rules, frame, r, since, start, stop, last, work):
    """Pauses from event `since` up to `last` that take something away: (how many, ignored).

    `stop` is the index of the event that ends the episode, or -1: it closes what is open. Ignored
    are pause and resume events after the start that changed nothing. `work.pause_*` tells of each
    pause when it begins and ends (NEVER: open, BEYOND: by a cap that cannot be dated), the events
    that opened and closed it (-1: none), its cap.
    """
    count, ignored = _collect(rules, frame, r, since, start, last, work)
    begin = frame.at[start]
    alive = 0
    for k in range(count):
        until = work.pause_to[k]
        shut = work.pause_shut[k]
        if until == NEVER and stop >= 0:
            until = frame.at[stop]
            shut = stop
        opened = work.pause_open[k]
        if until <= max(frame.at[opened], begin):
            continue
        unit, amount = _cap_of(rules, frame, r, work.pause_pair[k], opened)
        if amount > 0:
            until = capped(cal, rules.close[r], frame.at[opened], until, unit, amount)
        work.pause_from[alive] = frame.at[opened]
        work.pause_to[alive] = until
        work.pause_open[alive] = opened
        work.pause_shut[alive] = shut
        work.cap_unit[alive] = unit
        work.cap_amount[alive] = amount
        alive += 1
    return alive, ignored


@kernel_function
def _collect(rules, frame, r, since, start, last, work):
    """Suspensions as the events say it, in order of their beginnings: (how many, ignored)."""
    base = r * rules.signatures
    count = 0
    ignored = 0
    for i in range(since, last):
        role = rules.role[base + frame.signature[i]] >> PAIRS
        if role == 0:
            continue
        kind = rules.kind[frame.signature[i]]
        did = False
        p = 0
        while role:
            if role & 1 and not _is_open(work, count, p, kind):
                work.pause_to[count] = NEVER
                work.pause_pair[count] = p
                work.pause_kind[count] = kind
                work.pause_open[count] = i
                work.pause_shut[count] = -1
                count += 1
                did = True
            if role & 2 and _close(work, count, p, kind, i, frame.at[i]):
                did = True
            role >>= 2
            p += 1
        if not did and i > start:
            ignored += 1
    return count, ignored


@kernel_function
def _is_open(work, count, pair, kind):
    """Whether a suspension of this kind is open in the pair."""
    for k in range(count):
        if work.pause_to[k] == NEVER and work.pause_pair[k] == pair and work.pause_kind[k] == kind:
            return True
    return False


@kernel_function
def _close(work, count, pair, kind, i, at):
    """A resume closes the open suspension of its kind, without kind all; whether it closed any."""
    closed = False
    for k in range(count):
        if work.pause_to[k] == NEVER and work.pause_pair[k] == pair:
            if kind < 0 or work.pause_kind[k] == kind:
                work.pause_to[k] = at
                work.pause_shut[k] = i
                closed = True
    return closed


@kernel_function
def _cap_of(rules, frame, r, pair, i):
    """Cap of a pause that event `i` opened: (unit, millionths); 0 none, -1 not to be read."""
    unit = rules.cap_unit[r * MOST_PAIRS + pair]
    amount = rules.cap_amount[r * MOST_PAIRS + pair]
    if amount < 0:
        return 0, 0
    if amount > 0:
        return unit, amount
    unit = frame.unit[i]
    amount = frame.amount[i]
    if amount > 0 and seconds_of(unit) == 0 and amount % MILLION:
        return unit, -1
    return unit, amount


@kernel_function
def capped(cal, close, since, until, unit, amount):
    """End of a pause [since, until) under a cap: so many counted days away, or (working) seconds.

    BEYOND where the calendar does not know it (docs/time.md, rule 12).
    """
    seconds = seconds_of(unit)
    working = unit < U_DAY
    if seconds:
        mode = WORK_SECONDS if working else CALENDAR_SECONDS
    else:
        mode = WORK_DAYS if working else CALENDAR_DAYS
    if since < lowest(cal, mode, close) or since >= highest(cal, mode, close):
        return BEYOND
    if seconds:
        need = -((-amount * seconds) // MILLION)
        end = when_worked(cal, worked(cal, since) + need) if working else since + need
    else:
        days = amount // MILLION
        if unit == U_MONTH:
            days = days_in_months(ordinal_at(cal, since), days)
        d = nth_day(cal, unit == U_WORK_DAY, ended_days(cal, working, close, since) + days - 1)
        end = BEYOND if d < 0 else end_of_day(cal, d, close)
        if end > highest(cal, mode, close):
            end = BEYOND
    if end == BEYOND and until <= highest(cal, mode, close):
        return until
    return min(end, until) if end < BEYOND else BEYOND


@inlined_function
def find_runs(begin, pauses, work):
    """Running intervals from the start: how many, and when the last pause ends.

    By docs/time.md, rule 12.

    Pauses come in order of their beginnings; overlapping ones are merged, parts before the start
    are cut off, and after an open one nothing runs.
    """
    runs = 0
    resumes = begin
    unknown = NEVER
    for k in range(pauses):
        since = max(work.pause_from[k], begin)
        until = work.pause_to[k]
        if resumes == NEVER or (resumes == BEYOND and since > unknown):
            break
        if until <= since:
            continue
        if resumes == BEYOND:
            # Another pause covers the beginning of what is not known: there the clock stands.
            if until == NEVER:
                resumes = NEVER
            elif until < NEVER:
                unknown = max(unknown, until)
            continue
        if until <= resumes:
            continue
        if since > resumes:
            work.runs_from[runs] = resumes
            work.runs_to[runs] = since
            runs += 1
        if until == BEYOND:
            unknown = max(since, resumes)
        resumes = until
    if resumes < NEVER:
        work.runs_from[runs] = resumes
        work.runs_to[runs] = NEVER
        runs += 1
    work.runs_from[runs] = BEYOND if resumes == BEYOND else NEVER
    work.runs_to[runs] = unknown
    return runs, resumes
