"""Pauses of an episode, and the running time they leave (TIME 17-19).

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.
"""

from .clockwork import (
    BEYOND,
    NEVER,
    U_DAY,
    U_MONTH,
    U_WORK_DAY,
    end_of_day,
    ended_days,
    nth_day,
    seconds_of,
    when_worked,
    worked,
)
from .columns import MOST_PAIRS, PAIRS
from .compiling import kernel_function


@kernel_function
def find_pauses(cal, rules, frame, since, last, r, work):
    """Pauses from event `since` up to `last`: how many, how many ignored, whether only dated."""
    base = r * rules.signatures
    count = 0
    ignored = 0
    coarse = False
    for i in range(since, last):
        role = rules.role[base + frame.signature[i]] >> PAIRS
        if role == 0:
            continue
        kind = rules.kind[frame.signature[i]]
        for p in range(MOST_PAIRS):
            bits = (role >> (2 * p)) & 3
            if bits == 0:
                continue
            coarse = coarse or frame.coarse[i] == 1
            if bits & 2:
                ignored += close_pauses(work, count, p, kind, frame.at[i])
            if bits & 1:
                if is_open(work, count, p, kind):
                    ignored += 1
                else:
                    work.pause_from[count] = frame.at[i]
                    work.pause_to[count] = NEVER
                    work.pause_pair[count] = p
                    work.pause_kind[count] = kind
                    work.pause_event[count] = i
                    count += 1
    for k in range(count):
        limit = cap_end(cal, rules, frame, r, work.pause_pair[k], work.pause_event[k])
        if limit != NEVER and (work.pause_to[k] == NEVER or limit < work.pause_to[k]):
            work.pause_to[k] = limit
    return count, ignored, coarse


@kernel_function
def is_open(work, count, pair, kind):
    """Whether a suspension of this kind is open in the pair."""
    for k in range(count):
        if work.pause_to[k] == NEVER and work.pause_pair[k] == pair and work.pause_kind[k] == kind:
            return True
    return False


@kernel_function
def close_pauses(work, count, pair, kind, at):
    """A resume closes the open suspension of its kind, without kind all; 1 if it closed none."""
    closed = 1
    for k in range(count):
        if work.pause_to[k] == NEVER and work.pause_pair[k] == pair:
            if kind < 0 or work.pause_kind[k] == kind:
                work.pause_to[k] = at
                closed = 0
    return closed


@kernel_function
def cap_end(cal, rules, frame, r, pair, i):
    """Instant at which the cap ends a pause that event `i` began, NEVER without a cap (TIME 18)."""
    amount = rules.cap_amount[r * MOST_PAIRS + pair]
    unit = rules.cap_unit[r * MOST_PAIRS + pair]
    if amount == 0:
        amount = frame.amount[i]
        unit = frame.unit[i]
    if amount <= 0:
        return NEVER
    return capped(cal, rules.close[r], frame.at[i], unit, amount)


@kernel_function
def capped(cal, close, since, unit, amount):
    """Latest end of a pause from `since`: a number of counted days away, or of (working) seconds."""
    seconds = seconds_of(unit)
    if seconds:
        need = -((-amount * seconds) // 1_000_000)
        if unit > U_DAY:
            return since + need
        if since < cal.covered_from or since > cal.covered_to:
            return BEYOND
        return when_worked(cal, worked(cal, since) + need)
    if unit == U_MONTH:
        return NEVER
    working = unit == U_WORK_DAY
    days = amount // 1_000_000
    d = nth_day(cal, working, ended_days(cal, working, close, since) + days - 1)
    if d < 0:
        return BEYOND
    return end_of_day(cal, d, close)


@kernel_function
def find_runs(begin, pauses, work):
    """Running intervals from the start: how many, and when the last pause ends (TIME 17).

    Pauses come in order of their beginnings; overlapping ones are merged, parts before the start
    are cut off, and after an open one nothing runs.
    """
    runs = 0
    resumes = begin
    for k in range(pauses):
        since = max(work.pause_from[k], begin)
        until = work.pause_to[k]
        if until <= since or until <= resumes:
            continue
        if since > resumes:
            work.runs_from[runs] = resumes
            work.runs_to[runs] = since
            runs += 1
        resumes = until
    if resumes != NEVER:
        work.runs_from[runs] = resumes
        work.runs_to[runs] = NEVER
        runs += 1
    return runs, resumes
