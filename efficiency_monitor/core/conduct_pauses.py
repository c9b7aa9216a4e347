"""Pauses as conditions see them: what an event begins, and when another one ends it.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled. Unlike the
pauses of a clock every event begins one of its own: that several run at once is what is looked for.
"""

from .clockwork import NEVER, covered, day_of, worked
from .columns import DATE_ONLY, LAST, NOT_COVERED, OF, PROVISIONAL, SINCE, UNTIL
from .compiling import kernel_function
from .conduct_rows import binds, blank_row, reach, settle, write_row
from .levels import MILLION


@kernel_function
def find_spans(conds, frame, r, first, end, desk):
    """Pauses in the order in which they begin: how many. NEVER: one that has not ended."""
    count = 0
    left = 0
    for i in range(first, end):
        role = conds.role[r * conds.signatures + frame.signature[i]]
        if role & OF:
            desk.span_from[count] = frame.at[i]
            desk.span_to[count] = NEVER
            desk.span_event[count] = i
            count += 1
        if role & UNTIL:
            for k in range(left, count):
                if _ends(conds, frame, k, i, desk):
                    desk.span_to[k] = frame.at[i]
            while left < count and desk.span_to[left] != NEVER:
                left += 1
    return count


@kernel_function
def _ends(conds, frame, k, i, desk):
    """Whether event `i` ends pause `k`: it is open, and of its kind; without a kind it ends all."""
    if desk.span_to[k] != NEVER:
        return False
    kind = conds.kind[frame.signature[i]]
    return kind < 0 or conds.kind[frame.signature[desk.span_event[k]]] == kind


@kernel_function
def others_running(cal, frame, i, spans, desk):
    """How many pauses that began before event `i` run when it begins one.

    Of what is known by its date only, those that ran before that date and after it.
    """
    at = frame.at[i]
    day = day_of(cal, at)
    count = 0
    for k in range(spans):
        j = desk.span_event[k]
        if j >= i:
            break
        if desk.span_to[k] <= at:
            continue
        if frame.coarse[i] and desk.span_to[k] < NEVER and day_of(cal, desk.span_to[k]) <= day:
            continue
        if (frame.coarse[i] or frame.coarse[j]) and day_of(cal, frame.at[j]) >= day:
            continue
        count += 1
    return count


@kernel_function
def paused_share(cal, conds, frame, c, end, r, as_of, out, n, desk):
    """The share of the time from the first `since` to the first `stop` that lay in pauses."""
    base = r * conds.signatures
    first = frame.first[c]
    stop = -1
    since = -1
    event = -1
    for i in range(first, end):
        role = conds.role[base + frame.signature[i]]
        if role & LAST:
            stop = i
            break
        if role & SINCE and since < 0:
            since = i
        if role & OF and event < 0:
            event = i
    if stop < 0 or since < 0 or event < 0 or not binds(cal, conds, r, frame.at[event]):
        return n
    begin = frame.at[since]
    until = frame.at[stop]
    dated = frame.coarse[since] or frame.coarse[stop]
    for i in range(first, stop):
        if conds.role[base + frame.signature[i]] & (OF | UNTIL) and frame.coarse[i]:
            dated = 1
    if dated:
        measured = (-1, 0, DATE_ONLY)
        return write_row(conds, c, r, event, until, measured, False, as_of, out, n)
    spans = find_spans(conds, frame, r, first, stop, desk)
    paused = 0
    reached = begin
    for k in range(spans):
        a = max(desk.span_from[k], reached)
        b = min(desk.span_to[k], until)
        if b > a:
            paused += b - a
            reached = b
    value = 0
    rest = 0
    if until > begin:
        share = paused * (100 * MILLION)
        value = share // (until - begin)
        rest = 1 if share % (until - begin) else 0
    return write_row(conds, c, r, event, until, (value, rest, 0), False, as_of, out, n)


@kernel_function
def across_closing(cal, conds, frame, c, end, r, as_of, out, n, desk):
    """Pauses across closing time, each counted when it ends; one row a case at most."""
    blank_row(c, r, -1, out, n)
    count = 0
    left = 0
    crossed = 0
    for i in range(frame.first[c], end):
        role = conds.role[r * conds.signatures + frame.signature[i]]
        if role & OF:
            desk.span_to[count] = NEVER
            desk.span_event[count] = i
            count += 1
        if not role & UNTIL:
            continue
        for k in range(left, count):
            if not _ends(conds, frame, k, i, desk):
                continue
            desk.span_to[k] = frame.at[i]
            event = desk.span_event[k]
            found, reason = _crosses(cal, frame, event, i, conds.within[r])
            if reason and binds(cal, conds, r, frame.at[event]):
                out.reasons[n] |= reason
                if out.event[n] < 0:
                    out.event[n] = event
            crossed += found
            if not found or not reach(conds, r, out, n, crossed * MILLION, 0, event, frame.at[i]):
                continue
            if out.value[n] == 0:
                if not binds(cal, conds, r, frame.at[event]):
                    return n
                out.event[n] = event
                out.value[n] = crossed * MILLION
        while left < count and desk.span_to[left] != NEVER:
            left += 1
    if out.event[n] < 0:
        return n
    settle(conds, r, out, n, False, as_of)
    return n + 1


@kernel_function
def _crosses(cal, frame, event, i, within):
    """Whether the pause from `event` to `i` lies across closing time: (0 or 1, why not known)."""
    since = frame.at[event]
    until = frame.at[i]
    if frame.coarse[event] or frame.coarse[i]:
        return 0, DATE_ONLY
    if not (covered(cal, since) and covered(cal, until)):
        return 0, NOT_COVERED
    d = day_of(cal, since)
    closing = cal.closing[d]
    if cal.work_before[d + 1] == cal.work_before[d] or not since <= closing < until:
        return 0, 0
    done = worked(cal, closing)
    if done - worked(cal, since) > within or worked(cal, until) - done > within:
        return 0, 0
    if cal.provisional_before[day_of(cal, until) + 1] > cal.provisional_before[d]:
        return 0, PROVISIONAL
    return 1, 0
