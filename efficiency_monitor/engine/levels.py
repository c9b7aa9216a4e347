"""Limits and levels of one running clock: which instant a threshold falls on.

By docs/time.md, rules 10, 11, 13, 14, 15 and 17.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.

`clock` is (by_time, same, close, roll): resolution `time`, first_day `same`, ends `close`, roll
`next_working_day`. `limit` is (kind, unit, amount in millionths, stated due instant, moved).
"""

from .clockwork import (
    BEYOND,
    CALENDAR_DAYS,
    CALENDAR_SHARES,
    DAY,
    NEVER,
    U_MONTH,
    U_WORK_DAY,
    WORK_DAYS,
    WORK_SECONDS,
    WORK_SHARES,
    counting_from,
    day_of,
    end_of_day,
    highest,
    into_day,
    lowest,
    mode_of,
    ordinal_at,
    seconds_of,
    worked,
    worked_on,
)
from .columns import STATED
from .compiling import inlined_function, kernel_function
from .counting import counted, due_after, elapsed_until

#: Percentages are counted in hundredths of a per cent; this is 100 %.
WHOLE = 10_000
MILLION = 1_000_000


@kernel_function
def civil_of(ordinal):
    """Year, month and day of a proleptic Gregorian ordinal (1 = 0001-01-01)."""
    z = ordinal + 305
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day = doy - (153 * mp + 2) // 5 + 1
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    return year, month, day


@kernel_function
def ordinal_of(year, month, day):
    """Proleptic Gregorian ordinal of a civil date."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    mp = month - 3 if month > 2 else month + 9
    doy = (153 * mp + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 305


@kernel_function
def days_in_months(ordinal, months):
    """Calendar days from a date to the same day number `months` on.

    By docs/time.md, rule 9; Civil Code 202.
    """
    year, month, day = civil_of(ordinal)
    count = year * 12 + month - 1 + months
    first = ordinal_of(count // 12, count % 12 + 1, 1)
    count += 1
    length = ordinal_of(count // 12, count % 12 + 1, 1) - first
    return first + min(day, length) - 1 - ordinal


@inlined_function
def whole_working_days(clock, unit, amount):
    """How many days an amount is that is told in whole working days; 0 for any other."""
    by_time, same, close, roll = clock
    days = amount // MILLION
    if by_time or unit != U_WORK_DAY or days <= 0 or days * MILLION != amount:
        return 0
    return days


@kernel_function
def due_for(cal, clock, runs, start, unit, amount, percent, rolls):
    """Due instant of `amount` (millionths of a unit) times `percent`, on this clock's runs."""
    by_time, same, close, roll = clock
    if amount <= 0:
        return start
    mode = mode_of(unit, by_time)
    if unit == U_MONTH:
        amount = days_in_months(ordinal_at(cal, start), amount // MILLION) * MILLION
    seconds = seconds_of(unit)
    if seconds:
        # In two parts: a hundred years in millionths of a second, times 1000 %, leave 64 bits.
        exact = amount * seconds
        upper = exact // DAY
        need = upper * percent - ((-(exact - upper * DAY) * percent) // DAY)
        return due_after(cal, mode, close, same, runs, start, need, 0)
    exact = amount * percent
    whole = exact // DAY
    part = exact - whole * DAY
    if by_time:
        scale = cal.work_scale if mode == WORK_SHARES else cal.day_scale
        need = whole * scale - ((-part * scale) // DAY)
        return due_after(cal, mode, close, same, runs, start, need, 0)
    due = due_after(cal, mode, close, same, runs, start, whole, part)
    if rolls and roll and mode == CALENDAR_DAYS and part == 0 and due < NEVER:
        return rolled(cal, close, runs, due)
    return due


@kernel_function
def rolled(cal, close, runs, due):
    """A due instant on a day off moves to the end of the next working day that counts.

    By docs/time.md, rule 10.
    """
    # With `close` a day may end at 24:00, which is the first second of the next date.
    last = due - 1
    if last < cal.covered_from or last >= cal.covered_to:
        return BEYOND
    d = day_of(cal, last)
    if cal.days_before[d + 1] > cal.days_before[d]:
        return due
    return due_after(cal, WORK_DAYS, close, 0, runs, last, 1, 0)


@kernel_function
def base_due(cal, clock, runs, start, limit):
    """Due instant of a limit itself."""
    kind, unit, amount, due, moved = limit
    if kind != STATED:
        return due_for(cal, clock, runs, start, unit, amount, WHOLE, 1)
    if not moved or due >= NEVER:
        return due
    # Moved by pauses: its working seconds from the start, counted while the clock runs
    # (docs/time.md, rule 17).
    if start < cal.covered_from or due > cal.covered_to:
        return BEYOND
    need = worked(cal, due) - worked(cal, start)
    return max(due, due_after(cal, WORK_SECONDS, 0, 0, runs, start, need, 0))


@kernel_function
def level_at(cal, clock, runs, start, limit, percent, off_unit, off):
    """Instant of a threshold: `percent` of a limit, or `off` millionths of a unit more or less."""
    kind, unit, amount, due, moved = limit
    if percent:
        if kind == STATED:
            return share_of_stated(cal, runs, start, due, percent)
        return due_for(cal, clock, runs, start, unit, amount, percent, 0)
    if kind != STATED and (off == 0 or off_unit == unit):
        return due_for(cal, clock, runs, start, unit, amount + off, WHOLE, 1)
    if off < 0:
        return known_walk(cal, clock, runs, start, limit, off_unit, -off)
    at = base_due(cal, clock, runs, start, limit)
    if off == 0 or at >= NEVER:
        return at
    by_time, same, close, roll = clock
    after = (by_time, 0, close, roll)
    return max(start, due_for(cal, after, runs, at, off_unit, off, WHOLE, 1))


@kernel_function
def share_of_stated(cal, runs, start, due, percent):
    """A percentage of a stated due instant: of the working seconds up to it.

    By docs/time.md, rule 17.
    """
    if due >= NEVER:
        return due
    if due <= start:
        return start
    if start < cal.covered_from or due > cal.covered_to:
        return BEYOND
    total = worked(cal, due) - worked(cal, start)
    need = -((-total * percent) // WHOLE)
    return due_after(cal, WORK_SECONDS, 0, 0, runs, start, need, 0)


@kernel_function
def known_walk(cal, clock, runs, start, limit, unit, amount):
    """A threshold walked back from the due instant, by what was known at each time.

    By docs/time.md, rule 15.

    The instant is computed after each pause that has ended; it stands when it comes before the
    next pause begins.
    """
    runs_from, runs_to, count = runs
    for j in range(count):
        until, following = runs_to[j], runs_from[j + 1]
        runs_to[j], runs_from[j + 1] = NEVER, NEVER
        known = (runs_from, runs_to, j + 1)
        due = base_due(cal, clock, known, start, limit)
        at = walked_back(cal, clock, known, start, due, unit, amount)
        runs_to[j], runs_from[j + 1] = until, following
        if at == BEYOND:
            return BEYOND
        at = max(at, runs_from[j])
        if at <= until:
            return at
    return runs_from[count]


@kernel_function
def walked_back(cal, clock, runs, start, due, unit, amount):
    """Earliest instant, not before the start, with no more than the amount left.

    Days at resolution `day` end at the end of a date instead (docs/time.md, rule 11).
    """
    by_time, same, close, roll = clock
    mode = mode_of(unit, by_time)
    if due >= NEVER:
        return due
    if due <= start:
        return start
    since = counting_from(cal, mode, same, start)
    if since < lowest(cal, mode, close) or due > highest(cal, mode, close):
        return start if due <= since else BEYOND
    # Whether a date after the calendar is a working day is not known; one may close at its start.
    closes = close and cal.closing[day_of(cal, due - 1)] == due
    if mode == WORK_DAYS and due == cal.covered_to and due > since and not closes:
        return BEYOND
    if mode == WORK_DAYS or mode == CALENDAR_DAYS:
        return days_back(cal, mode, same, close, runs, start, due, amount)
    if mode == WORK_SHARES or mode == CALENDAR_SHARES:
        scale = cal.work_scale if mode == WORK_SHARES else cal.day_scale
        whole = amount // MILLION
        left = whole * scale + (amount - whole * MILLION) * scale // MILLION
    else:
        left = amount * seconds_of(unit) // MILLION
    need = counted(cal, mode, close, runs, start, due) - left
    return due_after(cal, mode, close, 0, runs, start, need, 0)


@kernel_function
def days_back(cal, mode, same, close, runs, start, due, amount):
    """An amount of days walked back from `due`: the end of a date, or a share of it more."""
    if left_from_start(cal, mode, same, close, runs, start, due) <= amount:
        return start
    whole = amount // MILLION
    part = amount - whole * MILLION
    d = date_back(cal, mode, close, runs, start, due, whole)
    if d == day_of(cal, start) and start < lowest(cal, mode, close):
        return BEYOND
    end = min(end_of_day(cal, d, close), due)
    if part == 0:
        return max(start, end)
    at = share_back(cal, mode == WORK_DAYS, close, runs, d, end, part)
    if at < 0 and d == day_of(cal, start):
        return start
    if at < 0:
        d = date_back(cal, mode, close, runs, start, due, whole + 1)
        if d == day_of(cal, start) and start < lowest(cal, mode, close):
            return BEYOND
        at = end_of_day(cal, d, close)
    return max(start, at)


@kernel_function
def left_from_start(cal, mode, same, close, runs, start, due):
    """Days from the start to `due` in millionths, rounded up, the day of `due` taken as one."""
    own = day_of(cal, due)
    if close and own > 0 and cal.closing[own - 1] == due:
        own -= 1  # a day that closes at 24:00
    begin = cal.day_start[own]
    candidate = mode == CALENDAR_DAYS or cal.days_before[own + 1] > cal.days_before[own]
    if candidate and (same or start < begin):
        whole, part, of = elapsed_until(cal, mode, close, same, runs, start, begin)
        return (whole + 1) * MILLION
    whole, part, of = elapsed_until(cal, mode, close, same, runs, start, due)
    return whole * MILLION - ((-part * MILLION) // of)


@kernel_function
def date_back(cal, mode, close, runs, start, due, days):
    """Earliest date, from the start's on, after which no more than so many days are left."""
    low = day_of(cal, start)
    high = day_of(cal, due)
    while low < high:
        d = (low + high) // 2
        whole, part, of = elapsed_until(cal, mode, close, 1, runs, cal.day_start[d + 1], due)
        if whole < days or (whole == days and part == 0):
            high = d
        else:
            low = d + 1
    return low


@kernel_function
def share_back(cal, working, close, runs, d, end, part):
    """Earliest instant of day d with no more than a share of its time left to `end`; -1: none.

    The share, in millionths, is of the day's own time up to `end`, whether it ran or not.
    """
    runs_from, runs_to, count = runs
    begin = cal.day_start[d]
    # The last second before midnight belongs to the date's time although nothing is left of it.
    whole = end >= end_of_day(cal, d, close)
    hours = cal.work_before[d + 1] - cal.work_before[d]
    if working:
        total = hours if whole else worked_on(cal, d, end)
    elif whole and not (close and hours):
        total = cal.day_start[d + 1] - begin
    else:
        total = end - begin
    left = total * part // MILLION
    i = count - 1
    while i >= 0 and runs_to[i] > begin:
        a = max(runs_from[i], begin)
        b = min(runs_to[i], end)
        if a < b:
            before = worked_on(cal, d, a)
            got = worked_on(cal, d, b) - before if working else b - a
            if got > left:
                if not working:
                    return b - left
                # The earliest instant with so much done: from an opening, the closing before.
                need = before + got - left
                return into_day(cal, d, need)
            left -= got
        i -= 1
    return begin if left == 0 else -1


@kernel_function
def stated_due(cal, close, due, dated):
    """A stated due instant; a bare date means the `ends` of that date (docs/time.md, rule 17)."""
    if not dated:
        return due
    if close and (due < cal.covered_from or due >= cal.covered_to):
        return BEYOND
    return end_of_day(cal, day_of(cal, due), close)


@kernel_function
def asks_status(clock, unit, rolls):
    """Whether counting in a unit asks the status of dates, not only their bounds.

    By docs/time.md, rule 3.
    """
    by_time, same, close, roll = clock
    if unit < 4:
        return True
    if seconds_of(unit) or by_time:
        return False
    return close == 1 or (rolls == 1 and roll == 1)
