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
    forget_open(conds, frame, first, end, desk)
    count = 0
    left = 0
    for i in range(first, end):
        role = conds.role[r * conds.signatures + frame.signature[i]]
        if role & OF:
            begin_span(conds, frame, i, count, left, desk)
            count += 1
        if role & UNTIL:
            kind = conds.kind[frame.signature[i]]
            k = first_ended(kind, count, left, desk)
            while k >= 0:
                end_span(frame, k, i, desk)
                k = next_ended(kind, k, count, desk)
            left = all_ended(kind, count, left, desk)
    return count


@kernel_function
def forget_open(conds, frame, first, end, desk):
    """Begin with no open pause of any kind that the events have."""
    for i in range(first, end):
        kind = conds.kind[frame.signature[i]]
        if kind >= 0:
            desk.kind_last[kind] = -1


@kernel_function
def begin_span(conds, frame, i, k, left, desk):
    """Event `i` begins pause k, the last of its kind that is open. All before `left` have ended."""
    kind = conds.kind[frame.signature[i]]
    desk.span_from[k] = frame.at[i]
    desk.span_to[k] = NEVER
    desk.span_event[k] = i
    desk.span_end[k] = -1
    desk.span_next[k] = -1
    if kind < 0:
        return
    if desk.kind_last[kind] >= left:
        desk.span_next[desk.kind_last[kind]] = k
    else:
        desk.kind_first[kind] = k
    desk.kind_last[kind] = k


@kernel_function
def end_span(frame, k, i, desk):
    """Event `i` ends pause k."""
    desk.span_to[k] = frame.at[i]
    desk.span_end[k] = i


@kernel_function
def first_ended(kind, count, left, desk):
    """The first pause that an event of a kind ends, or -1: those of its kind; without one all."""
    if kind < 0:
        return _open_from(left, count, desk)
    return desk.kind_first[kind] if desk.kind_last[kind] >= left else -1


@kernel_function
def next_ended(kind, k, count, desk):
    """The next one after pause k."""
    return _open_from(k + 1, count, desk) if kind < 0 else desk.span_next[k]


@kernel_function
def _open_from(k, count, desk):
    while k < count and desk.span_to[k] != NEVER:
        k += 1
    return k if k < count else -1


@kernel_function
def all_ended(kind, count, left, desk):
    """Note that none of the kind is open any more; before which pause all have ended."""
    if kind < 0:
        return count
    desk.kind_last[kind] = -1
    return left


@kernel_function
def find_running(cal, frame, first, end, spans, desk):
    """Note in `desk.running` how many pauses that began before an event run when it begins one.

    Of what is known by its date only, those that ran before that date and after it.
    """
    _count_ends(cal, frame, first, end, spans, desk)
    day = -1
    at = -NEVER
    # Running now; of these begun on this very date, and nothing else is known; running on from
    # before this date until after it.
    running = 0
    dated = 0
    through = 0
    k = 0
    for i in range(first, end):
        if day_of(cal, frame.at[i]) != day:
            day = day_of(cal, frame.at[i])
            dated = 0
            through = running
            j = i
            while j < end and day_of(cal, frame.at[j]) == day:
                through -= desk.ended_older[j - first]
                j += 1
        if frame.at[i] != at:
            at = frame.at[i]
            j = i
            while j < end and frame.at[j] == at:
                running -= desk.ended[j - first]
                dated -= desk.ended_dated[j - first]
                j += 1
        if k < spans and desk.span_event[k] == i:
            desk.running[i - first] = through if frame.coarse[i] else running - dated
            if desk.span_to[k] > at:
                running += 1
                dated += 1 if frame.coarse[i] else 0
            k += 1


@kernel_function
def _count_ends(cal, frame, first, end, spans, desk):
    """Count at each event the pauses that it ends, without those that began at its instant."""
    for place in range(end - first):
        desk.ended[place] = 0
        desk.ended_older[place] = 0
        desk.ended_dated[place] = 0
    for k in range(spans):
        if desk.span_to[k] == NEVER or desk.span_to[k] == desk.span_from[k]:
            continue
        place = desk.span_end[k] - first
        desk.ended[place] += 1
        if day_of(cal, desk.span_from[k]) < day_of(cal, desk.span_to[k]):
            desk.ended_older[place] += 1
        elif frame.coarse[desk.span_event[k]]:
            desk.ended_dated[place] += 1


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
    forget_open(conds, frame, frame.first[c], end, desk)
    count = 0
    left = 0
    crossed = 0
    for i in range(frame.first[c], end):
        role = conds.role[r * conds.signatures + frame.signature[i]]
        if role & OF:
            begin_span(conds, frame, i, count, left, desk)
            count += 1
        if not role & UNTIL:
            continue
        kind = conds.kind[frame.signature[i]]
        following = first_ended(kind, count, left, desk)
        while following >= 0:
            k = following
            following = next_ended(kind, k, count, desk)
            end_span(frame, k, i, desk)
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
        left = all_ended(kind, count, left, desk)
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
