"""Limits and levels of one episode, written to the findings.

By docs/time.md, rules 2, 10, 13, 14, 15 and 17.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.

`episode` is (rule, start, stop, last, effect, as_of): the rule's number, the indices of its start
event, of its stop event (-1: none) and of the first event after it, the instant at which a deemed
start took effect (-NEVER: not deemed), and now. `ground` is what `pause_facts` found.
"""

from .clockwork import BEYOND, NEVER, U_MONTH, covered, day_of, seconds_of
from .columns import (
    AMOUNT,
    BAD_LIMIT,
    CASE_SLOTS,
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
from .compiling import inlined_function, kernel_function
from .counting import nth_working_day
from .levels import asks_status, level_at, stated_due, whole_working_days

#: Where nothing is known by its date only, nothing spoilt: after every instant.
NOWHERE = 1 << 62
#: Longest that an extended limit may become, in millionths: what an `Amount` may be.
_MOST_DAYS = 36_525_000_000
_MOST_SECONDS = 3_155_760_000_000_000
_MOST_MONTHS = 1_200_000_000


@inlined_function
def pause_facts(cal, rules, frame, r, start, stop, pauses, work):
    """What an episode's judgement rests on besides its start: (dated, bad, asking, earliest).

    First second of the earliest date-only event among start, stop and pauses; beginning of the
    earliest pause whose cap cannot be read, and of the earliest whose cap asks the status of
    dates; the earliest instant whose date must be known.
    """
    begin = frame.at[start]
    dated = _date_of(cal, frame, start, NOWHERE)
    if stop >= 0:
        dated = _date_of(cal, frame, stop, dated)
    bad = NOWHERE
    asking = NOWHERE
    earliest = begin
    for k in range(pauses):
        if work.cap_amount[k] < 0:
            bad = min(bad, work.pause_from[k])
        if work.pause_to[k] <= begin:
            continue
        dated = _date_of(cal, frame, work.pause_open[k], dated)
        if work.pause_shut[k] >= 0:
            dated = _date_of(cal, frame, work.pause_shut[k], dated)
        if work.cap_amount[k] > 0:
            if asks_status((0, 0, rules.close[r], 0), work.cap_unit[k], 0):
                asking = min(asking, work.pause_from[k])
        if work.pause_to[k] == BEYOND:
            earliest = min(earliest, work.pause_from[k])
    return dated, bad, asking, earliest


@kernel_function
def _date_of(cal, frame, i, so_far):
    """The first second of an event's date if only its date is known and it is the earliest."""
    if frame.coarse[i] == 0:
        return so_far
    return min(so_far, cal.day_start[day_of(cal, frame.at[i])])


@inlined_function
def find_limit(cal, rules, frame, c, r, limit, start):
    """Limit of a case: (kind, unit, amount, stated due, whether pauses move it, bare date).

    Of the rule's sources the first that the case, or the start event, has.
    """
    slot = r * MOST_LIMITS + limit
    for s in range(rules.source_at[slot], rules.source_at[slot + 1]):
        kind = rules.source_kind[s]
        if kind == FROM_FIXED:
            return AMOUNT, rules.source_unit[s], rules.source_amount[s], NEVER, 0, 0
        if kind == FROM_CASE or kind == FROM_EVENT:
            if kind == FROM_CASE:
                unit = frame.case_unit[c * CASE_SLOTS + rules.source_field[s]]
                amount = frame.case_amount[c * CASE_SLOTS + rules.source_field[s]]
            else:
                unit = frame.unit[start]
                amount = frame.amount[start]
            if amount < 0:
                return UNREADABLE, 0, 0, NEVER, 0, 0
            if amount > 0:
                return AMOUNT, int(unit), amount, NEVER, 0, 0
            continue
        if kind == FROM_CASE_DUE:
            due = frame.case_due[c * CASE_SLOTS + rules.source_field[s]]
            bare = int(frame.case_due_coarse[c * CASE_SLOTS + rules.source_field[s]])
        else:
            due = frame.due[start]
            bare = int(frame.due_coarse[start])
        if due == -NEVER:
            return UNREADABLE, 0, 0, NEVER, 0, 0
        if due < NEVER:
            due = stated_due(cal, rules.close[r], due, bare)
            # Pauses have nothing to move where the due instant lies before the start.
            moved = 1 if rules.source_moved[s] and due > frame.at[start] else 0
            return STATED, 0, 0, due, moved, bare
    return NONE, 0, 0, NEVER, 0, 0


@inlined_function
def find_limits(rules, frame, cal, c, episode, dated, work):
    """Find each limit of the rule, and forget what extensions added to another episode's."""
    r, start, stop, last, effect, as_of = episode
    for k in range(rules.limits[r]):
        kind, unit, amount, due, moved, bare = find_limit(cal, rules, frame, c, r, k, start)
        work.limit_kind[k] = kind
        work.limit_unit[k] = unit
        work.limit_amount[k] = amount
        work.limit_due[k] = due
        work.limit_moved[k] = moved
        work.limit_bare[k] = bare
        work.limit_extra[k] = 0
        work.limit_times[k] = 0
        work.limit_dated[k] = dated
    for k in range(rules.level_at[r + 1] - rules.level_at[r]):
        work.level_extra[k] = 0
        work.level_dated[k] = dated


@inlined_function
def set_limits(cal, rules, frame, episode, clock, runs, bad, out, n, work):
    """Write each limit, and when it falls due."""
    r, start, stop, last, effect, as_of = episode
    limits = rules.limits[r]
    for k in range(MOST_LIMITS):
        slot = n * MOST_LIMITS + k
        kind = NONE
        unit = 0
        amount = 0
        due = NEVER
        if k < limits:
            kind = work.limit_kind[k]
            unit = work.limit_unit[k]
        extra = work.limit_extra[k]
        if (kind == AMOUNT or kind == STATED) and extra < 0:
            kind = UNREADABLE
        elif kind == AMOUNT or kind == STATED:
            amount = work.limit_amount[k] + extra
            due = threshold(cal, clock, runs, frame.at[start], work, k, extra, 0, 0, 0)
            work.limit_due_at[k] = due
            spoilt = bad < due and (kind == AMOUNT or work.limit_moved[k])
            coarse = work.limit_dated[k] <= due
            if spoilt or (coarse and finer_than_days(rules, episode, work, k, 0, 0, 0)):
                due = NEVER
        out.limit_kind[slot] = kind
        out.limit_unit[slot] = unit
        out.limit_amount[slot] = amount
        out.limit_due[slot] = due


@inlined_function
def threshold(cal, clock, runs, begin, work, k, extra, percent, off_unit, off):
    """Instant of a threshold on limit k, extended by `extra`: an instant, NEVER or BEYOND."""
    kind = work.limit_kind[k]
    if work.limit_due[k] == BEYOND:
        return BEYOND
    moved = work.limit_moved[k]
    unit = work.limit_unit[k]
    amount = work.limit_amount[k] + extra
    if kind == AMOUNT and percent == 0 and (off == 0 or off_unit == unit):
        days = whole_working_days(clock, unit, amount + off)
        if days:
            by_time, same, close, roll = clock
            return nth_working_day(cal, close, work, days)
    limit = (kind, unit, amount, work.limit_due[k], moved)
    if kind == STATED and not moved:
        # Pauses do not move a stated due instant, so they do not move what is told from it.
        still = (work.still_from, work.still_to, 1)
        return level_at(cal, clock, still, begin, limit, percent, off_unit, off)
    return level_at(cal, clock, runs, begin, limit, percent, off_unit, off)


@kernel_function
def extend(cal, rules, frame, episode, clock, runs, work):
    """Let the extensions that came in time count: (how many changed no level, how many did not
    count or not whole).

    By docs/time.md, rules 13 and 15.
    """
    r, start, stop, last, effect, as_of = episode
    base = r * rules.signatures
    ignored = 0
    refused = 0
    for i in range(start + 1, last):
        if not rules.role[base + frame.signature[i]] & EXTEND:
            continue
        changed = False
        whole = True
        for k in range(rules.limits[r]):
            if rules.extends[r] >> k & 1:
                if work.limit_kind[k] != AMOUNT and work.limit_kind[k] != STATED:
                    continue
                more = _granted(cal, rules, frame, episode, clock, runs, k, i, work)
                if more != 0 and _extend_limit(
                    cal, rules, frame, episode, clock, runs, k, i, more, work
                ):
                    changed = True
                if 0 <= more < frame.amount[i] or more == 0:
                    whole = False
        if not changed:
            ignored += 1
        if not whole:
            refused += 1
    return ignored, refused


@kernel_function
def _granted(cal, rules, frame, episode, clock, runs, k, i, work):
    """How much extension `i` may add to limit k: millionths, 0 nothing, -1 it cannot be told.

    Nothing where it came, or was entered, after the limit as extended before; where the limit was
    extended as often as may be; where it has all that may be added.
    """
    r, start, stop, last, effect, as_of = episode
    extra = work.limit_extra[k]
    if extra >= 0:
        due = threshold(cal, clock, runs, frame.at[start], work, k, extra, 0, 0, 0)
        if due < NEVER and frame.at[i] > due:
            return 0
        if due < NEVER and due < frame.entered[i] < NEVER:
            return 0
    if rules.times[r] and work.limit_times[k] >= rules.times[r]:
        return 0
    most = rules.most[r]
    unit = work.limit_unit[k]
    if most and extra >= 0 and work.limit_kind[k] == AMOUNT and unit == rules.most_unit[r]:
        if extra >= most:
            return 0
        most -= extra
    work.limit_times[k] += 1
    if extra < 0 or frame.amount[i] <= 0 or work.limit_kind[k] != AMOUNT or frame.unit[i] != unit:
        return -1
    if most and unit != rules.most_unit[r]:
        return -1
    more = min(frame.amount[i], most) if most else frame.amount[i]
    seconds = seconds_of(unit)
    longest = _MOST_SECONDS // seconds if seconds else _MOST_DAYS
    if unit == U_MONTH:
        longest = _MOST_MONTHS
    return -1 if work.limit_amount[k] + extra + more > longest else more


@kernel_function
def _extend_limit(cal, rules, frame, episode, clock, runs, k, i, more, work):
    """Add `more` of extension `i` to limit k and to its levels that had not fallen due; whether to
    any.
    """
    r, start, stop, last, effect, as_of = episode
    changed = False
    for v in range(rules.level_at[r], rules.level_at[r + 1]):
        own = v - rules.level_at[r]
        if rules.level_limit[v] != k:
            continue
        gained = work.level_extra[own]
        if gained >= 0:
            percent, off_unit, off = (
                rules.level_percent[v],
                rules.level_off_unit[v],
                rules.level_off[v],
            )
            at = threshold(
                cal, clock, runs, frame.at[start], work, k, gained, percent, off_unit, off
            )
            if at < NEVER and frame.at[i] > max(at, effect):
                continue
        work.level_extra[own] = -1 if gained < 0 or more < 0 else gained + more
        work.level_dated[own] = _date_of(cal, frame, i, work.level_dated[own])
        changed = True
    extra = work.limit_extra[k]
    work.limit_extra[k] = -1 if extra < 0 or more < 0 else extra + more
    work.limit_dated[k] = _date_of(cal, frame, i, work.limit_dated[k])
    return changed


@inlined_function
def set_levels(cal, rules, frame, episode, clock, runs, ground, out, n, work):
    """Write each level: its instant and whether it has been reached; and the next instant."""
    r, start, stop, last, effect, as_of = episode
    first = rules.level_at[r]
    count = rules.level_at[r + 1] - first
    for k in range(MOST_LEVELS):
        out.level_instant[n * MOST_LEVELS + k] = NEVER
        out.level_reached[n * MOST_LEVELS + k] = 0
        if k >= count:
            continue
        at, reason = level_found(cal, rules, frame, episode, clock, runs, ground, first + k, work)
        if reason:
            out.reasons[n] |= reason
            continue
        out.level_instant[n * MOST_LEVELS + k] = at
        if not is_over(cal, frame, clock, episode, at):
            if stop < 0:
                # What lies beyond the calendar changes when the calendar ends.
                out.next_at[n] = min(out.next_at[n], cal.covered_to - 1 if at == BEYOND else at)
        elif rules.level_rank[first + k] == 1:
            out.level_reached[n * MOST_LEVELS + k] = 0 if stop >= 0 else 1
        elif provisional(cal, rules, frame, episode, clock, ground, first + k, at, work):
            out.reasons[n] |= PROVISIONAL
        else:
            out.level_reached[n * MOST_LEVELS + k] = 1


@inlined_function
def level_found(cal, rules, frame, episode, clock, runs, ground, v, work):
    """Instant of level `v`, and as a bit why it cannot be told."""
    r, start, stop, last, effect, as_of = episode
    dated, bad, asking, earliest = ground
    k = rules.level_limit[v]
    own = v - rules.level_at[r]
    percent, off_unit, off = rules.level_percent[v], rules.level_off_unit[v], rules.level_off[v]
    kind = work.limit_kind[k]
    if kind == NONE:
        return NEVER, NO_LIMIT
    gained = work.level_extra[own]
    if kind == UNREADABLE or gained < 0:
        return NEVER, BAD_LIMIT
    if percent == 0 and off == 0 and gained == work.limit_extra[k]:
        at = work.limit_due_at[k]
    else:
        at = threshold(cal, clock, runs, frame.at[start], work, k, gained, percent, off_unit, off)
    at = max(at, effect)
    if bad < at and (kind == AMOUNT or work.limit_moved[k]):
        return NEVER, BAD_LIMIT
    if work.level_dated[own] <= at and finer_than_days(
        rules, episode, work, k, percent, off_unit, off
    ):
        return NEVER, DATE_ONLY
    if at == BEYOND:
        until = frame.at[stop] if stop >= 0 else as_of
        known = covered(cal, earliest) and covered(cal, frame.at[start]) and covered(cal, until)
        return BEYOND, 0 if known else NOT_COVERED
    return at, 0


@inlined_function
def is_over(cal, frame, clock, episode, at):
    """Whether the clock outlived an instant; of a bare date of the stop, by dates.

    By docs/time.md, rule 2.
    """
    r, start, stop, last, effect, as_of = episode
    if at >= NEVER:
        return False
    if stop < 0:
        return as_of > at
    if frame.coarse[stop]:
        return day_of(cal, frame.at[stop]) > day_of(cal, at)
    return frame.at[stop] > at


@kernel_function
def finer_than_days(rules, episode, work, k, percent, off_unit, off):
    """Whether a threshold is told in something finer than days: then a bare date is not enough."""
    r, start, stop, last, effect, as_of = episode
    if work.limit_kind[k] == STATED:
        if percent or work.limit_moved[k]:
            return True
    elif rules.by_time[r] or seconds_of(work.limit_unit[k]):
        return True
    if off and (rules.by_time[r] or seconds_of(off_unit)):
        return True
    return effect > -NEVER and (rules.by_time[r] or seconds_of(rules.deem_unit[r]) > 0)


@kernel_function
def provisional(cal, rules, frame, episode, clock, ground, v, at, work):
    """Whether a level rests on a date whose notice is not published (docs/time.md, rule 4)."""
    r, start, stop, last, effect, as_of = episode
    first = day_of(cal, frame.at[start])
    if cal.provisional_before[day_of(cal, at) + 1] <= cal.provisional_before[first]:
        return False
    dated, bad, asking, earliest = ground
    k = rules.level_limit[v]
    percent, off_unit, off = rules.level_percent[v], rules.level_off_unit[v], rules.level_off[v]
    stated = work.limit_kind[k] == STATED
    if stated:
        if percent or work.limit_moved[k] or (work.limit_bare[k] and rules.close[r]):
            return True
    elif asks_status(clock, work.limit_unit[k], 1 if percent == 0 else 0):
        return True
    if off and asks_status(clock, off_unit, 1 if off > 0 else 0):
        return True
    if asking < at and (not stated or work.limit_moved[k]):
        return True
    return effect > -NEVER and asks_status(clock, rules.deem_unit[r], 0)
