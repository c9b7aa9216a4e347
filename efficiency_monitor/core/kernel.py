"""Columns in, findings out: the state machine over a case's events, for every rule.

The source of every judgement. It is written once and runs two ways (see `compiling`): interpreted
on lists for a few cases, compiled by numba on arrays for many. It knows integers only; `encoding`
makes the columns and `evaluation` reads the findings. TIME.md decides every line.
"""

from .clockwork import NEVER, day_of, elapsed_until, mode_of, seconds_of
from .columns import (
    DEEM_FROM,
    DEEM_UNLESS,
    ENDS,
    FAULTY,
    MOST_LEVELS,
    MOST_LIMITS,
    NONE,
    ONCE,
    OUT_OF_FORCE,
    PAUSED,
    PER_STAGE,
    RUNNING,
    START,
    STOP,
    STOPPED,
    WAITING,
)
from .compiling import kernel_function
from .levels import WHOLE, due_for
from .pausing import find_pauses, find_runs
from .verdict import set_levels, set_limits


@kernel_function
def judge(cal, rules, applies, frame, lo, hi, as_of, out, work, faults):
    """Judge cases lo .. hi - 1 by every rule; returns the number of findings written.

    `applies[rule * cases + case]` says which rules are meant. `faults[case]` becomes the number
    (from 1) of the broken order pair, 0 where the data are sound; faulty cases have no findings.
    """
    n = 0
    cases = len(frame.first) - 1
    count = len(rules.episodes)
    for c in range(lo, hi):
        end = frame.first[c + 1]
        while end > frame.first[c] and frame.at[end - 1] > as_of:
            end -= 1
        faults[c] = order_fault(rules, frame, c, end, work)
        if faults[c]:
            continue
        for r in range(count):
            if applies[r * cases + c]:
                n = judge_rule(cal, rules, frame, c, end, r, as_of, out, n, work)
    return n


@kernel_function
def order_fault(rules, frame, c, end, work):
    """Number (from 1) of the first pair of types that came in the wrong order, else 0."""
    seen = work.first_seen
    for k in range(rules.types):
        seen[k] = NEVER
    for i in range(frame.first[c], end):
        k = rules.type_of[frame.signature[i]]
        if seen[k] == NEVER:
            seen[k] = frame.at[i]
    for p in range(len(rules.must_precede)):
        later = seen[rules.must_follow[p]]
        earlier = seen[rules.must_precede[p]]
        if later != NEVER and earlier != NEVER and later < earlier:
            return p + 1
    return 0


@kernel_function
def judge_rule(cal, rules, frame, c, end, r, as_of, out, n, work):
    """Findings of one rule on one case: one for each episode."""
    base = r * rules.signatures
    first = frame.first[c]
    if rules.episodes[r] == ONCE:
        deem, deemed_start = deeming(cal, rules, frame, first, end, r)
        start = deemed_start if deem < as_of else -1
        stray = False
        for i in range(first, end):
            role = rules.role[base + frame.signature[i]]
            if start < 0 and role & START:
                start = i
            elif start < 0 and role & STOP:
                stray = True
        if start >= 0:
            stop = first_stop(rules, frame, base, start + 1, end)
            effect = deem if deemed_start == start and deem < as_of else -NEVER
            return judge_episode(
                cal, rules, frame, c, first, end, r, start, stop, effect, as_of, out, n, work
            )
        if stray:
            return no_start(rules, out, c, r, n, FAULTY, -1, NEVER)
        if deem < NEVER:
            return no_start(rules, out, c, r, n, 0, deemed_start, deem)
        return n
    count = find_episodes(rules, frame, base, first, end, rules.episodes[r] == PER_STAGE, work)
    for e in range(count):
        n = judge_episode(
            cal,
            rules,
            frame,
            c,
            work.since[e],
            end,
            r,
            work.begin[e],
            work.finish[e],
            -NEVER,
            as_of,
            out,
            n,
            work,
        )
    return n


@kernel_function
def deeming(cal, rules, frame, first, end, r):
    """When a start is deemed (TIME 22), and the event it is deemed from; (NEVER, -1) if not."""
    if rules.deem_amount[r] == 0:
        return NEVER, -1
    base = r * rules.signatures
    for i in range(first, end):
        if rules.role[base + frame.signature[i]] & DEEM_FROM:
            clock = (rules.by_time[r], False, rules.close[r])
            runs_from = (frame.at[i],)
            runs_to = (NEVER,)
            unit = rules.deem_unit[r]
            amount = rules.deem_amount[r]
            due = due_for(
                cal, clock, runs_from, runs_to, 1, frame.at[i], unit, amount, WHOLE, False
            )
            for j in range(first, end):
                if frame.at[j] <= due and rules.role[base + frame.signature[j]] & DEEM_UNLESS:
                    return NEVER, -1
            return due, i
    return NEVER, -1


@kernel_function
def first_stop(rules, frame, base, since, end):
    """Index of the first event from `since` on that stops the clock, or -1."""
    for j in range(since, end):
        if rules.role[base + frame.signature[j]] & (STOP | ENDS):
            return j
    return -1


@kernel_function
def find_episodes(rules, frame, base, first, end, by_stage, work):
    """Episodes of a clock that runs each time, or each time for each stage."""
    count = 0
    for k in range(end - first + 1):
        work.open_stage[k] = -1
    for i in range(first, end):
        role = rules.role[base + frame.signature[i]]
        if not role & (START | STOP | ENDS):
            continue
        stage = frame.stage[i] + 1 if by_stage else 0
        if role & ENDS:
            for k in range(end - first + 1):
                if work.open_stage[k] >= 0:
                    work.finish[work.open_stage[k]] = i
                    work.open_stage[k] = -1
            continue
        if work.open_stage[stage] >= 0:
            if role & STOP:
                work.finish[work.open_stage[stage]] = i
                work.open_stage[stage] = -1
        elif role & START:
            work.begin[count] = i
            work.finish[count] = -1
            work.since[count] = first
            for e in range(count):
                before = frame.stage[work.begin[e]] + 1 if by_stage else 0
                if before == stage:
                    work.since[count] = work.finish[e] + 1
            work.open_stage[stage] = count
            count += 1
    return count


@kernel_function
def no_start(rules, out, c, r, n, reasons, start, next_at):
    """A finding without an episode: the start is missing, or may yet be deemed."""
    out.case[n] = c
    out.rule[n] = r
    out.start[n] = start
    out.stop[n] = -1
    out.stage[n] = -1
    out.state[n] = WAITING
    out.deemed[n] = -NEVER
    out.reasons[n] = reasons
    out.ignored[n] = 0
    out.elapsed[n] = 0
    out.part[n] = 0
    out.part_of[n] = 1
    out.next_at[n] = next_at
    for k in range(MOST_LIMITS):
        out.limit_kind[n * MOST_LIMITS + k] = NONE
        out.limit_due[n * MOST_LIMITS + k] = NEVER
    for k in range(MOST_LEVELS):
        out.level_instant[n * MOST_LEVELS + k] = NEVER
        out.level_reached[n * MOST_LEVELS + k] = 0
    return n + 1


@kernel_function
def judge_episode(cal, rules, frame, c, since, end, r, start, stop, effect, as_of, out, n, work):
    """One episode: its pauses, its limits, its levels."""
    begin = frame.at[start]
    day = cal.ordinal + day_of(cal, begin)
    if day < rules.from_day[r] or day > rules.to_day[r]:
        return no_start(rules, out, c, r, n, OUT_OF_FORCE, start, NEVER)
    until = min(as_of, frame.at[stop]) if stop >= 0 else as_of
    last = stop if stop >= 0 else end
    pauses, ignored, coarse = find_pauses(cal, rules, frame, since, last, r, work)
    if stop >= 0:
        for k in range(pauses):
            if work.pause_to[k] > frame.at[stop]:
                work.pause_to[k] = frame.at[stop]
    runs, resumes = find_runs(begin, pauses, work)
    clock = (rules.by_time[r], rules.same[r], rules.close[r])
    out.case[n] = c
    out.rule[n] = r
    out.start[n] = start
    out.stop[n] = stop
    out.stage[n] = frame.stage[start] if rules.episodes[r] == PER_STAGE else -1
    out.state[n] = STOPPED if stop >= 0 else (PAUSED if resumes > as_of else RUNNING)
    out.deemed[n] = effect
    coarse = coarse or frame.coarse[start] == 1 or (stop >= 0 and frame.coarse[stop] == 1)
    mode = mode_of(rules.count[r], rules.by_time[r])
    whole, part, of = elapsed_until(
        cal, mode, rules.close[r], rules.same[r], work.runs_from, work.runs_to, runs, begin, until
    )
    fine = rules.by_time[r] or seconds_of(rules.count[r]) > 0
    out.elapsed[n] = -1 if fine and coarse else whole
    out.part[n] = part
    out.part_of[n] = of
    out.next_at[n] = NEVER
    out.reasons[n] = 0
    out.ignored[n] = ignored
    set_limits(cal, rules, frame, c, r, start, last, clock, runs, out, n, work)
    set_levels(
        cal, rules, frame, r, start, stop, last, clock, runs, coarse, effect, as_of, out, n, work
    )
    return n + 1
