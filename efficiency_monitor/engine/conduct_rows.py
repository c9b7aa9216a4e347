"""What a condition writes: a row for an offence, its levels, why something cannot be told.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.

A measured value is (value, rest, reason): millionths of the unit rounded down, whether something
was cut off, and as a bit why it cannot be told; a value of -1 where there is nothing to measure.
"""

from .clockwork import NEVER, day_of, mode_of, ordinal_at, seconds_of
from .columns import DATE_ONLY, MOST_LEVELS, NOT_COVERED, PROVISIONAL
from .compiling import kernel_function
from .counting import elapsed_until
from .levels import MILLION


@kernel_function
def binds(cal, conds, r, at):
    """Whether a version of a rule binds an event of this instant (docs/time.md 20)."""
    return conds.from_day[r] <= ordinal_at(cal, at) <= conds.to_day[r]


@kernel_function
def holds(sign, wanted, value, rest):
    """Whether a value is as the comparison says; `sign` is `comparison.Comparison.code`."""
    if sign == 0:
        return value > wanted or (value == wanted and rest > 0)
    if sign == 1:
        return value >= wanted
    if sign == 2:
        return value < wanted
    if sign == 3:
        return value < wanted or (value == wanted and rest == 0)
    return value == wanted and rest == 0


@kernel_function
def blank_row(c, r, event, out, n):
    """Begin a row of which nothing is known yet but the event."""
    out.case[n] = c
    out.rule[n] = r
    out.event[n] = event
    out.reasons[n] = 0
    out.value[n] = 0
    for k in range(MOST_LEVELS):
        out.level_instant[n * MOST_LEVELS + k] = NEVER
        out.level_reached[n * MOST_LEVELS + k] = 0
        out.level_value[n * MOST_LEVELS + k] = 0
        out.level_event[n * MOST_LEVELS + k] = event


@kernel_function
def reach(conds, r, out, n, value, rest, event, at):
    """Note the levels that a value reaches for the first time in this row; whether there are any.

    `event` is the one that brought it there, `at` the instant from which they hold.
    """
    found = False
    first = conds.level_at[r]
    for v in range(first, conds.level_at[r + 1]):
        slot = n * MOST_LEVELS + v - first
        if out.level_instant[slot] < NEVER:
            continue
        if holds(conds.level_sign[v], conds.level_value[v], value, rest):
            out.level_instant[slot] = at
            out.level_value[slot] = value
            out.level_event[slot] = event
            found = True
    return found


@kernel_function
def settle(conds, r, out, n, provisional, as_of):
    """Say which levels of a row are reached by now; no card above a warning rests on a guess."""
    first = conds.level_at[r]
    for v in range(first, conds.level_at[r + 1]):
        slot = n * MOST_LEVELS + v - first
        if out.level_instant[slot] > as_of:
            continue
        if provisional and conds.level_rank[v] > 1:
            out.reasons[n] |= PROVISIONAL
        else:
            out.level_reached[slot] = 1


@kernel_function
def write_row(conds, c, r, event, at, measured, provisional, as_of, out, n):
    """Write what was measured at one event, if it is an offence or cannot be told."""
    value, rest, reason = measured
    if reason == 0 and value < 0:
        return n
    blank_row(c, r, event, out, n)
    if reason:
        out.reasons[n] = reason
        return n + 1
    out.value[n] = value
    if not reach(conds, r, out, n, value, rest, event, at):
        return n
    settle(conds, r, out, n, provisional, as_of)
    return n + 1


@kernel_function
def time_between(cal, unit, since, until, work):
    """Time from one instant to another in a unit, days as the law counts them (time.md 5, 6, 7)."""
    if until <= since:
        return 0, 0, 0
    still = (work.still_from, work.still_to, 1)
    whole, part, of = elapsed_until(cal, mode_of(unit, 0), 0, 0, still, since, until)
    if whole < 0:
        return -1, 0, NOT_COVERED
    seconds = seconds_of(unit)
    if seconds:
        of = seconds
        part = whole % seconds
        whole //= seconds
    share = part * MILLION
    return whole * MILLION + share // of, 1 if share % of else 0, 0


@kernel_function
def guessed(cal, unit, since, until):
    """Whether a time in a working unit rests on dates whose notice is not published (time.md 4)."""
    if unit >= 4:
        return False
    return (
        cal.provisional_before[day_of(cal, until) + 1] > cal.provisional_before[day_of(cal, since)]
    )


@kernel_function
def too_coarse(unit, dated):
    """DATE_ONLY where a unit finer than days rests on an event of which only the date is known."""
    return DATE_ONLY if dated and seconds_of(unit) else 0
