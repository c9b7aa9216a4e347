"""Limits and levels of one episode, written to the findings (TIME 12, 15, 19-23).

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.
"""

from .clockwork import BEYOND, NEVER, U_WORK_DAY, day_of, seconds_of
from .columns import (
    AMOUNT,
    BAD_LIMIT,
    DATE_ONLY,
    EXTEND,
    FROM_CASE,
    FROM_CASE_DUE,
    FROM_EVENT,
    FROM_FIXED,
    MOST_LEVELS,
    MOST_LIMITS,
    NO_LIMIT,
    NONE,
    NOT_COVERED,
    PROVISIONAL,
    STATED,
    UNREADABLE,
)
from .compiling import kernel_function
from .levels import (
    fixed_due,
    level_at,
    level_from_due,
    moved_due,
    rests_on_provisional,
    within_coverage,
)


@kernel_function
def find_limit(cal, rules, frame, c, r, limit, start):
    """Limit of a case: (kind, unit, amount, stated due, whether pauses move it).

    Of the rule's sources the first that the case, or the start event, has.
    """
    slot = r * MOST_LIMITS + limit
    for s in range(rules.source_at[slot], rules.source_at[slot + 1]):
        kind = rules.source_kind[s]
        if kind == FROM_FIXED:
            return AMOUNT, rules.source_unit[s], rules.source_amount[s], NEVER, False
        if kind == FROM_CASE or kind == FROM_EVENT:
            if kind == FROM_CASE:
                unit = frame.case_unit[c * 2 + rules.source_field[s]]
                amount = frame.case_amount[c * 2 + rules.source_field[s]]
            else:
                unit = frame.unit[start]
                amount = frame.amount[start]
            if amount < 0:
                return UNREADABLE, unit, amount, NEVER, False
            if amount > 0:
                return AMOUNT, unit, amount, NEVER, False
            continue
        if kind == FROM_CASE_DUE:
            due = frame.case_due[c * 2 + rules.source_field[s]]
            coarse = frame.case_due_coarse[c * 2 + rules.source_field[s]]
        else:
            due = frame.due[start]
            coarse = frame.due_coarse[start]
        if due == -NEVER:
            return UNREADABLE, 0, 0, NEVER, False
        if due < NEVER:
            due = fixed_due(cal, rules.close[r], due, coarse == 1)
            return STATED, rules.count[r], 0, due, rules.source_moved[s] == 1
    return NONE, 0, 0, NEVER, False


@kernel_function
def set_limits(cal, rules, frame, c, r, start, last, clock, runs, out, n, work):
    """Write each limit of the rule: what it is, and when it falls due."""
    for k in range(MOST_LIMITS):
        slot = n * MOST_LIMITS + k
        out.limit_kind[slot] = NONE
        out.limit_unit[slot] = 0
        out.limit_amount[slot] = 0
        out.limit_due[slot] = NEVER
        if k >= rules.limits[r]:
            continue
        kind, unit, amount, due, moved = find_limit(cal, rules, frame, c, r, k, start)
        if kind == AMOUNT:
            roll = rules.roll[r] == 1
            bad, amount, due, ignored, coarse = with_extensions(
                cal,
                rules,
                frame,
                r,
                k,
                start,
                last,
                clock,
                runs,
                work,
                (unit, amount, roll),
                (0, 0, 0),
            )
            out.ignored[n] += ignored
            if bad:
                kind = UNREADABLE
        elif kind == STATED and moved:
            due = moved_due(cal, work, runs, frame.at[start], due)
        out.limit_kind[slot] = kind
        out.limit_unit[slot] = unit
        out.limit_amount[slot] = amount
        out.limit_due[slot] = due


@kernel_function
def with_extensions(cal, rules, frame, r, k, start, last, clock, runs, work, limit, level):
    """A level on a limit with the extensions that came in time (TIME 20, 23).

    Returns (bad, amount, instant, ignored, coarse): `bad` where an extension cannot be added to
    this limit. An extension counts if neither the limit nor the level had fallen due before it.
    """
    unit, amount, roll = limit
    percent, off_unit, off = level
    begin = frame.at[start]
    at = level_at(cal, clock, work, runs, begin, limit, percent, off_unit, off)
    ignored = 0
    coarse = False
    if not rules.extends[r] >> k & 1:
        return False, amount, at, ignored, coarse
    base = r * rules.signatures
    plain = percent == 0 and off == 0
    for i in range(start + 1, last):
        if not rules.role[base + frame.signature[i]] & EXTEND:
            continue
        if frame.amount[i] <= 0 or frame.unit[i] != unit:
            return True, amount, at, ignored, coarse
        due = at
        if not plain:
            due = level_at(cal, clock, work, runs, begin, (unit, amount, roll), 0, 0, 0)
        if frame.at[i] <= due and frame.at[i] <= at:
            amount += frame.amount[i]
            coarse = coarse or frame.coarse[i] == 1
            at = level_at(
                cal, clock, work, runs, begin, (unit, amount, roll), percent, off_unit, off
            )
        else:
            ignored += 1
    return False, amount, at, ignored, coarse


@kernel_function
def set_levels(
    cal, rules, frame, r, start, stop, last, clock, runs, coarse, effect, as_of, out, n, work
):
    """Write each level: its instant and whether it has been reached; and the next instant."""
    for k in range(MOST_LEVELS):
        out.level_instant[n * MOST_LEVELS + k] = NEVER
        out.level_reached[n * MOST_LEVELS + k] = 0
    begin = frame.at[start]
    until = as_of
    if stop >= 0 and frame.at[stop] < as_of:
        until = frame.at[stop]
    for k in range(rules.level_at[r + 1] - rules.level_at[r]):
        v = rules.level_at[r] + k
        slot = n * MOST_LIMITS + rules.level_limit[v]
        kind = out.limit_kind[slot]
        if kind == NONE or kind == UNREADABLE:
            out.reasons[n] |= NO_LIMIT if kind == NONE else BAD_LIMIT
            continue
        at, unit, dated = level_instant(
            cal, rules, frame, r, v, start, last, clock, runs, work, out, slot
        )
        if finer_than_days(rules, r, v, kind, unit) and (coarse or dated):
            out.reasons[n] |= DATE_ONLY
            continue
        at = max(at, effect)
        out.level_instant[n * MOST_LEVELS + k] = at
        roll = rules.roll[r] == 1
        if at == BEYOND:
            if not within_coverage(cal, clock, unit, roll or kind == STATED, begin, until):
                out.reasons[n] |= NOT_COVERED
            else:
                out.next_at[n] = min(out.next_at[n], cal.covered_to)
            continue
        if at == NEVER:
            continue
        reached = until > at
        if stop >= 0 and frame.coarse[stop] == 1 and frame.at[stop] == until:
            reached = day_of(cal, until) > day_of(cal, at)
        if not reached:
            if stop < 0:
                out.next_at[n] = min(out.next_at[n], at)
            continue
        if rules.level_rank[v] == 1:
            out.level_reached[n * MOST_LEVELS + k] = 0 if stop >= 0 else 1
        elif provisional(cal, rules, clock, v, kind, unit, roll, begin, at):
            out.reasons[n] |= PROVISIONAL
        else:
            out.level_reached[n * MOST_LEVELS + k] = 1


@kernel_function
def level_instant(cal, rules, frame, r, v, start, last, clock, runs, work, out, slot):
    """Instant of level `v`, the unit its limit is in, and whether a dated extension moved it."""
    k = rules.level_limit[v]
    percent = rules.level_percent[v]
    off_unit = rules.level_off_unit[v]
    off = rules.level_off[v]
    unit = out.limit_unit[slot]
    begin = frame.at[start]
    if out.limit_kind[slot] == STATED:
        due = out.limit_due[slot]
        if stated_moves(rules, r, k):
            at = level_from_due(cal, clock, work, runs, begin, due, percent, off_unit, off)
        else:
            # Pauses do not move a stated due instant, so they do not move what is told from it.
            kept = work.runs_from[0]
            kept_to = work.runs_to[0]
            work.runs_from[0] = begin
            work.runs_to[0] = NEVER
            at = level_from_due(cal, clock, work, 1, begin, due, percent, off_unit, off)
            work.runs_from[0] = kept
            work.runs_to[0] = kept_to
        return at, unit, False
    own = out.limit_amount[slot]
    if rules.extends[r] >> k & 1:
        kind, unit, own, due, moved = find_limit(
            cal, rules, frame, out.case[slot // MOST_LIMITS], r, k, start
        )
    limit = (unit, own, rules.roll[r] == 1)
    bad, amount, at, ignored, dated = with_extensions(
        cal, rules, frame, r, k, start, last, clock, runs, work, limit, (percent, off_unit, off)
    )
    return at, unit, dated


@kernel_function
def stated_moves(rules, r, k):
    """Whether pauses move the stated due instants of limit k."""
    slot = r * MOST_LIMITS + k
    for s in range(rules.source_at[slot], rules.source_at[slot + 1]):
        if rules.source_moved[s] == 1:
            return True
    return False


@kernel_function
def finer_than_days(rules, r, v, kind, unit):
    """Whether a level is told in something finer than days, so that a bare date is not enough."""
    off = rules.level_off[v]
    if off != 0 and seconds_of(rules.level_off_unit[v]) > 0:
        return True
    if kind == STATED:
        return rules.level_percent[v] > 0
    return rules.by_time[r] or seconds_of(unit) > 0


@kernel_function
def provisional(cal, rules, clock, v, kind, unit, roll, begin, at):
    """Whether a level rests on a date whose notice is not published (TIME 4)."""
    off_unit = rules.level_off_unit[v]
    if kind == STATED:
        if rules.level_percent[v] > 0:
            off_unit = U_WORK_DAY
        elif rules.level_off[v] == 0:
            return False
        return rests_on_provisional(cal, clock, off_unit, False, begin, at)
    if rests_on_provisional(cal, clock, unit, roll, begin, at):
        return True
    return rules.level_off[v] != 0 and rests_on_provisional(cal, clock, off_unit, False, begin, at)
