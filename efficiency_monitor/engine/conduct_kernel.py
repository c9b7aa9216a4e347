"""Columns in, offences out: what conditions find on a case's events, for every rule of conduct.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled. It knows
integers only; `conduct` makes the columns and reads the offences. docs/rules.md decides every line.
"""

from .clockwork import NEVER
from .columns import (
    ABSENT,
    ACROSS_CLOSING,
    AFTER,
    BEFORE,
    CONTRADICTION,
    COUNT,
    FEE_DEVIATION,
    GAP,
    LACKING_DATA,
    LACKING_FIELDS,
    LAG,
    LENGTH,
    NEED,
    NUMBER,
    OF,
    OVERLAPPING,
    PAUSED_SHARE,
    RECORDED_AFTER_DUE,
    REPEATED_TEXT,
    SAME_PERSON,
    SINCE,
    SKIPPED_STAGE,
    UNLISTED_STAGE,
)
from .compiling import kernel_function
from .conduct_late import recorded_late
from .conduct_measures import (
    by_then,
    fee_value,
    find_begun,
    first_with,
    gap_value,
    lag_value,
    number_value,
    same_person,
    stage_value,
)
from .conduct_pauses import across_closing, find_running, find_spans, paused_share
from .conduct_rows import binds, blank_row, guessed, reach, settle, write_row
from .levels import MILLION


@kernel_function
def judge_conduct(cal, conds, applies, frame, facts, lo, hi, as_of, out, desk, faults, lent):
    """Judge cases lo .. hi - 1 by every condition; returns the number of rows written.

    `applies[condition * cases + case]` says which are meant. Cases with a broken order (`faults`,
    as `kernel.judge` writes it) are passed over. `lent` is (rules, findings, work): the clocks that
    conditions borrow a due instant from, and where these are judged.
    """
    n = 0
    rules, findings, work = lent
    work.still_from[0] = -NEVER
    work.still_to[0] = NEVER
    work.still_from[1] = NEVER
    for c in range(lo, hi):
        if faults[c]:
            continue
        end = frame.first[c + 1]
        while end > frame.first[c] and frame.at[end - 1] > as_of:
            end -= 1
        for r in range(conds.conditions):
            if applies[r * frame.cases + c]:
                n = judge_condition(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent)
    return n


@kernel_function
def judge_condition(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent):
    """Rows of one condition on one case."""
    if first_with(conds, frame, r, frame.first[c], end, OF) < 0:
        return n
    m = conds.measure[r]
    if m == ACROSS_CLOSING:
        return across_closing(cal, conds, frame, c, end, r, as_of, out, n, desk)
    if m == PAUSED_SHARE:
        return paused_share(cal, conds, frame, c, end, r, as_of, out, n, desk)
    if m == COUNT or m == CONTRADICTION or m == REPEATED_TEXT:
        return running_number(cal, conds, frame, facts, c, end, r, as_of, out, n, desk)
    if m == RECORDED_AFTER_DUE:
        return recorded_late(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent)
    if m == NUMBER or m == LACKING_FIELDS:
        return once_a_case(cal, conds, frame, facts, c, end, r, as_of, out, n)
    return at_each(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent)


@kernel_function
def running_number(cal, conds, frame, facts, c, end, r, as_of, out, n, desk):
    """A number that grows with the events: each level once a case, at the event that reaches it."""
    first = frame.first[c]
    base = r * conds.signatures
    m = conds.measure[r]
    texts = conds.slot[r] * facts.events
    if m == REPEATED_TEXT:
        for i in range(first, end):
            if facts.text[texts + i] >= 0:
                desk.times[facts.text[texts + i]] = 0
    blank_row(c, r, -1, out, n)
    begun = conds.after[r] == 0
    number = 0
    before = -1
    for i in range(first, end):
        role = conds.role[base + frame.signature[i]]
        if role & OF and begun:
            if m == COUNT:
                number += 1
            else:
                text = facts.text[texts + i]
                if text < 0:
                    continue
                if m == CONTRADICTION:
                    number += 1 if before >= 0 and text != before else 0
                    before = text
                else:
                    desk.times[text] += 1
                    number = desk.times[text]
            if reach(conds, r, out, n, number * MILLION, 0, i, frame.at[i]) and out.event[n] < 0:
                if not binds(cal, conds, r, frame.at[i]):
                    return n
                out.event[n] = i
                out.value[n] = number * MILLION
        if role & BEFORE:
            break
        if role & AFTER:
            begun = True
    if out.event[n] < 0:
        return n
    settle(conds, r, out, n, False, as_of)
    return n + 1


@kernel_function
def once_a_case(cal, conds, frame, facts, c, end, r, as_of, out, n):
    """What is measured at the first event for which there is something to measure."""
    base = r * conds.signatures
    asked = -1
    for i in range(frame.first[c], end):
        if not conds.role[base + frame.signature[i]] & OF:
            continue
        if conds.measure[r] == LACKING_FIELDS:
            measured = (facts.case_lacks[conds.slot[r] * facts.cases + c] * MILLION, 0, 0)
        else:
            measured = number_value(conds, facts, c, r, i)
        if measured[0] >= 0 or measured[2]:
            if not binds(cal, conds, r, frame.at[i]):
                return n
            return write_row(conds, c, r, i, frame.at[i], measured, False, as_of, out, n)
        if asked < 0:
            asked = i
    if not binds(cal, conds, r, frame.at[asked]):
        return n
    measured = (-1, 0, LACKING_DATA)
    return write_row(conds, c, r, asked, frame.at[asked], measured, False, as_of, out, n)


@kernel_function
def at_each(cal, conds, frame, facts, c, end, r, as_of, out, n, desk, lent):
    """What is measured at each event: every one of them can be an offence."""
    rules, findings, work = lent
    first = frame.first[c]
    base = r * conds.signatures
    m = conds.measure[r]
    found = -1
    if m == ABSENT:
        found = first_with(conds, frame, r, first, end, NEED)
    elif m == OVERLAPPING:
        find_running(cal, frame, first, end, find_spans(conds, frame, r, first, end, desk), desk)
    elif SKIPPED_STAGE <= m <= UNLISTED_STAGE:
        find_begun(frame, facts, c, end, desk)
    cursor = first
    last = -1
    former = -1
    for i in range(first, end):
        if not conds.role[base + frame.signature[i]] & OF:
            continue
        if m == GAP:
            # Events of one instant come together: the last `since` may stand behind this one.
            while cursor < end and frame.at[cursor] <= frame.at[i]:
                if conds.role[base + frame.signature[cursor]] & SINCE:
                    former = last
                    last = cursor
                cursor += 1
            found = former if last == i else last
        if not binds(cal, conds, r, frame.at[i]):
            continue
        measured = value_at(cal, conds, frame, facts, c, r, i, found, desk, work)
        at = frame.at[i]
        since = at
        if m == LAG and facts.recorded[i] < NEVER:
            at = max(at, facts.recorded[i])
        elif m == GAP and found >= 0:
            since = frame.at[found]
        provisional = (m == GAP or m == LAG) and guessed(cal, conds.unit[r], since, at)
        n = write_row(conds, c, r, i, at, measured, provisional, as_of, out, n)
    return n


@kernel_function
def value_at(cal, conds, frame, facts, c, r, i, found, desk, work):
    """The value of a measure at event `i`; `found` is what was prepared for it."""
    m = conds.measure[r]
    if m == GAP:
        if found < 0:
            return -1, 0, 0
        return gap_value(cal, conds, frame, r, found, i, work)
    if m == LAG:
        return lag_value(cal, conds, frame, facts, r, i, work)
    if m == LENGTH:
        return facts.length[conds.slot[r] * facts.events + i] * MILLION, 0, 0
    if m == ABSENT:
        return (0 if found >= 0 and by_then(cal, frame, found, i) else MILLION), 0, 0
    if m == FEE_DEVIATION:
        return fee_value(facts, c, i)
    if m == OVERLAPPING:
        return desk.running[i - frame.first[c]] * MILLION, 0, 0
    if m == SAME_PERSON:
        return same_person(conds, facts, c, r, i)
    return stage_value(cal, frame, facts, c, m, i, desk)
