"""Columns in, findings out: the state machine over a case's events, for every rule.

The source of every judgement. It is written once and runs two ways (see `compiling`): interpreted
on lists for a few cases, compiled by numba on arrays for many. It knows integers only; `encoding`
makes the columns and `evaluation` reads the findings. TIME.md decides every line.
"""

from .clockwork import (
    BEYOND,
    NEVER,
    WORK_DAYS,
    counting_from,
    covered,
    mode_of,
    ordinal_at,
    seconds_of,
)
from .columns import (
    CASE_SLOTS,
    DEEM_FROM,
    DEEM_UNLESS,
    ENDS,
    EXTEND,
    FAULTY,
    FROM_CASE_DUE,
    MOST_LEVELS,
    MOST_LIMITS,
    NONE,
    NOT_COVERED,
    ONCE,
    OUT_OF_FORCE,
    PAIRS,
    PAUSED,
    PER_STAGE,
    RUNNING,
    START,
    STOP,
    STOPPED,
    UNSTARTED,
    WAITING,
)
from .compiling import inlined_function, kernel_function
from .counting import elapsed_until, find_days, nth_working_day
from .levels import WHOLE, due_for, whole_working_days
from .pausing import find_pauses, find_runs
from .verdict import extend, find_limits, pause_facts, set_levels, set_limits

# What has come of a stage so far, as bits: it runs; it has begun; it ended before it ever began.
_RUNS, _BEGUN, _BROKEN = 1, 2, 4


@kernel_function
def judge(cal, rules, applies, frame, lo, hi, as_of, out, work, faults):
    """Judge cases lo .. hi - 1 by every rule; returns the number of findings written.

    `applies[rule * cases + case]` says which rules are meant. `faults[case]` becomes the number
    (from 1) of the broken order pair, 0 where the data are sound; faulty cases have no findings.
    """
    n = 0
    work.still_from[0] = -NEVER
    work.still_to[0] = NEVER
    work.still_from[1] = NEVER
    for c in range(lo, hi):
        end = frame.first[c + 1]
        while end > frame.first[c] and frame.at[end - 1] > as_of:
            end -= 1
        faults[c] = order_fault(rules, frame, c, end, work)
        if faults[c]:
            continue
        for r in range(rules.rules):
            if applies[r * frame.cases + c]:
                n = judge_rule(cal, rules, frame, c, end, r, as_of, out, n, work)
    return n


@kernel_function
def order_fault(rules, frame, c, end, work):
    """Number (from 1) of the first pair of types that came in the wrong order, else 0."""
    if rules.masked and not _out_of_order(rules, frame, frame.first[c], end):
        return 0
    seen = work.first_seen
    for k in range(rules.types):
        seen[k] = NEVER
    for i in range(frame.first[c], end):
        k = rules.type_of[frame.signature[i]]
        if seen[k] == NEVER:
            seen[k] = frame.at[i]
    for p in range(rules.pairs):
        later = seen[rules.must_follow[p]]
        earlier = seen[rules.must_precede[p]]
        if later != NEVER and earlier != NEVER and later < earlier:
            return p + 1
    return 0


@kernel_function
def _out_of_order(rules, frame, first, end):
    """Whether a type came first at an instant before which one that follows it had come."""
    seen = 0
    before = 0
    at = -NEVER
    for i in range(first, end):
        bit = rules.bit[frame.signature[i]]
        if bit == 0 or seen & bit:
            continue
        if frame.at[i] > at:
            at = frame.at[i]
            before = seen
        if before & rules.followers[frame.signature[i]]:
            return True
        seen |= bit
    return False


@kernel_function
def judge_rule(cal, rules, frame, c, end, r, as_of, out, n, work):
    """Findings of one rule on one case: one for each episode."""
    if rules.episodes[r] == ONCE:
        return judge_once(cal, rules, frame, c, end, r, as_of, out, n, work)
    by_stage = rules.episodes[r] == PER_STAGE
    count = find_starts(rules, frame, r * rules.signatures, frame.first[c], end, by_stage, work)
    for e in range(count):
        if work.broken[e]:
            n = no_start(cal, rules, frame, out, c, r, n, FAULTY, work.begin[e], NEVER)
        else:
            n = judge_episode(
                cal, rules, frame, c, end, r, work.begin[e], -NEVER, as_of, out, n, work
            )
    return n


@kernel_function
def judge_once(cal, rules, frame, c, end, r, as_of, out, n, work):
    """Findings of a rule whose clock runs once: one at most."""
    base = r * rules.signatures
    first = frame.first[c]
    start = -1
    stray = -1
    for i in range(first, end):
        role = rules.role[base + frame.signature[i]]
        if role & START:
            start = i
            break
        if stray < 0 and role & (STOP | ENDS | UNSTARTED) == STOP:
            stray = i
    if rules.deem_amount[r] == 0:
        if start >= 0:
            return judge_episode(cal, rules, frame, c, end, r, start, -NEVER, as_of, out, n, work)
        if stray >= 0:
            return no_start(cal, rules, frame, out, c, r, n, FAULTY, stray, NEVER)
        return n
    return judge_deemed(cal, rules, frame, c, end, r, start, stray, as_of, out, n, work)


@kernel_function
def judge_deemed(cal, rules, frame, c, end, r, start, stray, as_of, out, n, work):
    """Findings of a rule whose start may be deemed (docs/time.md, rule 14)."""
    deemed, deemed_at = deeming(cal, rules, frame, frame.first[c], end, r, work)
    unknown = deemed_at == BEYOND and not (covered(cal, frame.at[deemed]) and covered(cal, as_of))
    reasons = NOT_COVERED if unknown else 0
    effect = -NEVER
    if deemed_at < as_of:
        start = deemed
        effect = deemed_at
    if start >= 0:
        judge_episode(cal, rules, frame, c, end, r, start, effect, as_of, out, n, work)
        if not out.reasons[n] & OUT_OF_FORCE:
            out.reasons[n] |= reasons
        return n + 1
    next_at = NEVER
    if deemed >= 0 and not unknown:
        next_at = deemed_at if deemed_at < BEYOND else cal.covered_to - 1
    if stray >= 0:
        return no_start(cal, rules, frame, out, c, r, n, FAULTY, stray, next_at)
    if deemed >= 0:
        return no_start(cal, rules, frame, out, c, r, n, reasons, deemed, next_at)
    return n


@kernel_function
def deeming(cal, rules, frame, first, end, r, work):
    """The event from which a start is deemed, and when that takes effect (docs/time.md, rule 14).

    (-1, NEVER) where no start can be deemed; BEYOND where the calendar does not know when. A real
    start by then is as good as an event of `unless`.
    """
    base = r * rules.signatures
    deemed = -1
    for i in range(first, end):
        if rules.role[base + frame.signature[i]] & DEEM_FROM:
            deemed = i
            break
    if deemed < 0:
        return -1, NEVER
    clock = (rules.by_time[r], 0, rules.close[r], 0)
    still = (work.still_from, work.still_to, 1)
    unit, amount = rules.deem_unit[r], rules.deem_amount[r]
    days = whole_working_days(clock, unit, amount)
    if days:
        tomorrow = counting_from(cal, WORK_DAYS, 0, frame.at[deemed])
        find_days(cal, rules.close[r], still, tomorrow, work)
        due = nth_working_day(cal, rules.close[r], work, days)
    else:
        due = due_for(cal, clock, still, frame.at[deemed], unit, amount, WHOLE, 0)
    until = due
    if due == BEYOND:
        until = cal.covered_to - 1 if covered(cal, frame.at[deemed]) else -NEVER
    for i in range(first, end):
        if frame.at[i] > until:
            break
        if rules.role[base + frame.signature[i]] & (DEEM_UNLESS | START):
            return -1, NEVER
    return deemed, due


@inlined_function
def episode_bounds(rules, frame, r, first, start, end):
    """Which events matter to an episode: (since, stop or -1, last, roles).

    Suspensions from event `since` on may be open at the start: a stop closes all
    (docs/time.md, rule 12). `last`
    is the first event after the episode, `roles` what all of its events do, as bits.
    """
    base = r * rules.signatures
    by_stage = rules.episodes[r] == PER_STAGE
    roles = rules.role[base + frame.signature[start]]
    since = start
    while since > first:
        role = rules.role[base + frame.signature[since - 1]]
        if role & (STOP | ENDS) and meant_for(frame, role, since - 1, start, by_stage):
            break
        roles |= role
        since -= 1
    for i in range(start + 1, end):
        role = rules.role[base + frame.signature[i]]
        if role & (STOP | ENDS) and meant_for(frame, role, i, start, by_stage):
            return since, i, i, roles
        roles |= role
    return since, -1, end, roles


@kernel_function
def meant_for(frame, role, i, start, by_stage):
    """Whether a stop is meant for the clock that event `start` starts."""
    return role & ENDS != 0 or not by_stage or frame.stage[i] == frame.stage[start]


@kernel_function
def find_starts(rules, frame, base, first, end, by_stage, work):
    """Starts of a clock that runs each time, or each time for each stage: how many.

    A stage that ended before it ever started is told wrongly: `work.broken` marks its starts, and
    nobody can say how long it took.
    """
    count = 0
    for k in range(end - first + 1):
        work.running[k] = 0
    for i in range(first, end):
        role = rules.role[base + frame.signature[i]]
        if not role & (START | STOP | ENDS):
            continue
        stage = frame.stage[i] + 1 if by_stage else 0
        if role & ENDS:
            for k in range(end - first + 1):
                work.running[k] &= ~_RUNS
        elif work.running[stage] & _RUNS:
            if role & STOP:
                work.running[stage] &= ~_RUNS
        elif role & START:
            work.begin[count] = i
            work.broken[count] = work.running[stage] & _BROKEN
            work.running[stage] |= _RUNS | _BEGUN
            count += 1
        elif by_stage and role & STOP and work.running[stage] & _BEGUN == 0:
            work.running[stage] |= _BROKEN
    return count


@kernel_function
def in_force(cal, rules, r, at):
    """Whether a rule version binds what starts at an instant (docs/time.md, rule 20)."""
    return rules.from_day[r] <= ordinal_at(cal, at) <= rules.to_day[r]


@kernel_function
def too_near(cal, rules, frame, c, r, start):
    """Whether an episode begins later than the rule's days before its first limit's due date."""
    slot = r * MOST_LIMITS
    for s in range(rules.source_at[slot], rules.source_at[slot + 1]):
        # As it was stated: the date is known where the calendar does not know when it closes.
        due = frame.due[start]
        if rules.source_kind[s] == FROM_CASE_DUE:
            due = frame.case_due[c * CASE_SLOTS + rules.source_field[s]]
        if due == -NEVER:
            return False
        if due < NEVER:
            return ordinal_at(cal, frame.at[start]) + rules.ahead[r] > ordinal_at(cal, due)
    return False


@kernel_function
def no_start(cal, rules, frame, out, c, r, n, reasons, event, next_at):
    """A finding without an episode: the start is missing, may yet be deemed, or is out of force.

    `event` is what tells of it: the stop, what the start is deemed from, the start.
    """
    out.case[n] = c
    out.rule[n] = r
    out.start[n] = event
    out.stop[n] = -1
    out.stage[n] = -1
    out.state[n] = WAITING
    out.deemed[n] = -NEVER
    out.ignored[n] = 0
    out.refused[n] = 0
    out.elapsed[n] = 0
    out.part[n] = 0
    out.part_of[n] = 1
    if reasons != OUT_OF_FORCE and in_force(cal, rules, r, frame.at[event]):
        out.reasons[n] = reasons
        out.next_at[n] = next_at
    else:
        out.reasons[n] = OUT_OF_FORCE
        out.next_at[n] = NEVER
    for k in range(MOST_LIMITS):
        out.limit_kind[n * MOST_LIMITS + k] = NONE
        out.limit_unit[n * MOST_LIMITS + k] = 0
        out.limit_amount[n * MOST_LIMITS + k] = 0
        out.limit_due[n * MOST_LIMITS + k] = NEVER
    for k in range(MOST_LEVELS):
        out.level_instant[n * MOST_LEVELS + k] = NEVER
        out.level_reached[n * MOST_LEVELS + k] = 0
    return n + 1


@kernel_function
def judge_episode(cal, rules, frame, c, end, r, start, effect, as_of, out, n, work):
    """One episode: its pauses, its limits, its levels."""
    begin = frame.at[start]
    if not in_force(cal, rules, r, begin):
        return no_start(cal, rules, frame, out, c, r, n, OUT_OF_FORCE, start, NEVER)
    if rules.ahead[r] and too_near(cal, rules, frame, c, r, start):
        return no_start(cal, rules, frame, out, c, r, n, OUT_OF_FORCE, start, NEVER)
    since, stop, last, roles = episode_bounds(rules, frame, r, frame.first[c], start, end)
    pauses, ignored = 0, 0
    if roles >> PAIRS:
        pauses, ignored = find_pauses(cal, rules, frame, r, since, start, stop, last, work)
    count, resumes = find_runs(begin, pauses, work)
    ground = pause_facts(cal, rules, frame, r, start, stop, pauses, work)
    runs = (work.runs_from, work.runs_to, count)
    tomorrow = counting_from(cal, WORK_DAYS, rules.same[r], begin)
    find_days(cal, rules.close[r], runs, tomorrow, work)
    clock = (rules.by_time[r], rules.same[r], rules.close[r], rules.roll[r])
    out.case[n] = c
    out.rule[n] = r
    out.start[n] = start
    out.stop[n] = stop
    out.stage[n] = frame.stage[start] if rules.episodes[r] == PER_STAGE else -1
    out.state[n] = STOPPED if stop >= 0 else (PAUSED if resumes > as_of else RUNNING)
    out.deemed[n] = effect
    out.next_at[n] = NEVER
    out.reasons[n] = 0
    mode = mode_of(rules.count[r], rules.by_time[r])
    until = frame.at[stop] if stop >= 0 else as_of
    whole, part, of = elapsed_until(cal, mode, rules.close[r], rules.same[r], runs, begin, until)
    dated, bad, asking, earliest = ground
    fine = rules.by_time[r] or seconds_of(rules.count[r]) > 0
    out.elapsed[n] = -1 if bad < NEVER or (fine and dated < NEVER) else whole
    out.part[n] = part
    out.part_of[n] = of
    episode = (r, start, stop, last, effect, as_of)
    find_limits(rules, frame, cal, c, episode, dated, work)
    refused = 0
    if rules.extends[r] and roles & EXTEND:
        idle, refused = extend(cal, rules, frame, episode, clock, runs, work)
        ignored += idle
    out.ignored[n] = ignored
    out.refused[n] = refused
    set_limits(cal, rules, frame, episode, clock, runs, bad, out, n, work)
    set_levels(cal, rules, frame, episode, clock, runs, ground, out, n, work)
    return n + 1
