"""What was recorded after a due instant: for every event, of the run that was known by its record.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled. A record
may tell of any instant, so each event can rest on another stretch of the case. What a run says
depends on few events of such a stretch: those that pause, extend or stop it. It is judged once for
each of them that comes last, and not once for every event that asks.
"""

from .clockwork import NEVER, covered
from .columns import (
    ENDS,
    EXTEND,
    LACKING_DATA,
    OF,
    ONCE,
    PAIRS,
    PER_STAGE,
    PROVISIONAL,
    START,
    STOP,
    WAITING,
    WAYS,
)
from .compiling import kernel_function
from .conduct_rows import binds, guessed, write_row
from .kernel import deeming, find_starts, judge_episode, judge_once, meant_for
from .levels import MILLION


@kernel_function
def recorded_late(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent):
    """How much later than the due instant of a clock events were recorded.

    The due instant is the one that was known when the event was recorded: of what had happened by
    then.
    """
    rules, findings, work = lent
    first = frame.first[c]
    clock = conds.clock[r]
    _ask(conds, frame, facts, r, first, end, desk)
    if rules.episodes[clock] != ONCE or rules.deem_amount[clock] == 0:
        _choose(rules, frame, clock, first, end, desk, work)
        for s in range(first, end):
            if desk.asks[s - first] >= 0:
                _judge_run(cal, rules, frame, c, clock, s, end, desk, findings, work)
    else:
        _judge_deemed(cal, rules, frame, c, clock, end, desk, findings, work)
    for i in range(first, end):
        if not conds.role[r * conds.signatures + frame.signature[i]] & OF:
            continue
        if not binds(cal, conds, r, frame.at[i]):
            continue
        if facts.recorded[i] >= NEVER:
            lacking = (-1, 0, LACKING_DATA)
            n = write_row(conds, c, r, i, frame.at[i], lacking, False, as_of, out, n)
            continue
        measured = (-1, 0, 0)
        provisional = False
        s = desk.run[i - first]
        if s >= 0:
            due, reasons = desk.due[i - first], desk.why[i - first]
            if reasons:
                measured = (-1, 0, reasons)
            else:
                measured = (max(facts.recorded[i] - due, 0) * MILLION, 0, 0)
                provisional = due < NEVER and guessed(cal, 0, frame.at[s], due)
        n = write_row(conds, c, r, i, desk.now[i - first], measured, provisional, as_of, out, n)
    return n


@kernel_function
def _ask(conds, frame, facts, r, first, end, desk):
    """Note of each event when it was known, and the last event that was known then.

    `desk.known` is -1 where an event asks nothing; nothing is remembered of the condition before.
    """
    for i in range(first, end):
        place = i - first
        desk.run[place] = -1
        desk.known[place] = -1
        for way in range(WAYS):
            desk.told[WAYS * place + way] = 0
        asked = conds.role[r * conds.signatures + frame.signature[i]] & OF
        if not asked or facts.recorded[i] >= NEVER:
            continue
        now = max(frame.at[i], facts.recorded[i])
        low = i + 1
        high = end
        while low < high:
            middle = (low + high) // 2
            if frame.at[middle] <= now:
                low = middle + 1
            else:
                high = middle
        desk.now[place] = now
        desk.known[place] = low - 1


@kernel_function
def _choose(rules, frame, clock, first, end, desk, work):
    """Chain to each start the events that ask about its run: the one that began last by then.

    What starts by an event does not hang on what comes after it.
    """
    by_stage = rules.episodes[clock] == PER_STAGE
    base = clock * rules.signatures
    if rules.episodes[clock] == ONCE:
        starts = 0
        for i in range(first, end):
            if rules.role[base + frame.signature[i]] & START:
                work.begin[0] = i
                starts = 1
                break
    else:
        starts = find_starts(rules, frame, base, first, end, by_stage, work)
    for place in range(end - first + 1):
        desk.asks[place] = -1
        desk.newest[place] = -1
    begun = 0
    for i in range(first, end):
        stage = frame.stage[i] + 1 if by_stage else 0
        if begun < starts and work.begin[begun] == i:
            desk.newest[stage] = i
            begun += 1
        s = desk.newest[stage]
        if desk.known[i - first] >= 0 and s >= 0:
            desk.run[i - first] = s
            desk.following[i - first] = desk.asks[s - first]
            desk.asks[s - first] = i


@kernel_function
def _judge_run(cal, rules, frame, c, clock, s, end, desk, findings, work):
    """Tell every event that asks about the run that event `s` starts."""
    first = frame.first[c]
    by_stage = rules.episodes[clock] == PER_STAGE
    base = clock * rules.signatures
    last = s
    stop = end - 1
    desk.matters[s - first] = s
    for i in range(s + 1, end):
        role = rules.role[base + frame.signature[i]]
        stops = False
        if role & (STOP | ENDS):
            stops = meant_for(frame, role, i, s, by_stage)
        if stops or role & EXTEND or role >> PAIRS:
            last = i
        desk.matters[i - first] = last
        if stops:
            stop = i
            break
    i = desk.asks[s - first]
    while i >= 0:
        now = desk.now[i - first]
        last = desk.matters[min(desk.known[i - first], stop) - first]
        slot = WAYS * (last - first) + (1 if covered(cal, now) else 0)
        if desk.told[slot] != s + 1:
            judge_episode(cal, rules, frame, c, last + 1, clock, s, -NEVER, now, findings, 0, work)
            _remember(findings, slot, s + 1, desk)
        desk.due[i - first] = desk.told_due[slot]
        desk.why[i - first] = desk.told_why[slot]
        i = desk.following[i - first]


@kernel_function
def _remember(findings, slot, mark, desk):
    """Keep what a run says; no matter whether it rests on a guess, which has to do with now."""
    desk.told[slot] = mark
    desk.told_due[slot] = findings.level_instant[0]
    desk.told_why[slot] = findings.reasons[0] & ~PROVISIONAL


@kernel_function
def _judge_deemed(cal, rules, frame, c, clock, end, desk, findings, work):
    """The same for a clock whose start may be deemed: there is one run at most."""
    first = frame.first[c]
    last = -1
    for i in range(first, end):
        if rules.role[clock * rules.signatures + frame.signature[i]]:
            last = i
        desk.deemed_at[i - first] = -NEVER
        desk.matters[i - first] = last
    for i in range(first, end):
        if desk.known[i - first] < 0:
            continue
        last = desk.matters[desk.known[i - first] - first]
        if last < 0:
            continue
        if desk.deemed_at[last - first] == -NEVER:
            deemed, deemed_at = deeming(cal, rules, frame, first, last + 1, clock, work)
            desk.deemed_at[last - first] = deemed_at
        now = desk.now[i - first]
        slot = WAYS * (last - first) + (1 if covered(cal, now) else 0)
        if desk.deemed_at[last - first] < now:
            slot += 2
        if desk.told[slot] == 0:
            count = judge_once(cal, rules, frame, c, last + 1, clock, now, findings, 0, work)
            _remember(findings, slot, 1, desk)
            none = count == 0 or findings.state[0] == WAITING
            desk.told_run[slot] = -1 if none else findings.start[0]
        if desk.told_run[slot] <= i:
            desk.run[i - first] = desk.told_run[slot]
            desk.due[i - first] = desk.told_due[slot]
            desk.why[i - first] = desk.told_why[slot]
