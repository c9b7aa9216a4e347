"""Limits and levels of one running clock: which instant a threshold falls on (TIME 12, 13, 19-23).

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.
"""

from .clockwork import (
    BEYOND,
    CALENDAR_DAYS,
    CALENDAR_SECONDS,
    DAY,
    NEVER,
    U_MONTH,
    WORK_DAYS,
    WORK_SECONDS,
    WORK_SHARES,
    counting_from,
    day_of,
    due_after,
    elapsed_until,
    end_of_day,
    highest,
    lowest,
    mode_of,
    seconds_of,
    when_worked,
    worked,
)
from .compiling import kernel_function

#: Percentages are counted in hundredths of a per cent; this is 100 %.
WHOLE = 10_000


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
    """Calendar days from a date to the same day number `months` on (TIME 11, Civil Code 202)."""
    year, month, day = civil_of(ordinal)
    count = year * 12 + month - 1 + months
    first = ordinal_of(count // 12, count % 12 + 1, 1)
    count += 1
    length = ordinal_of(count // 12, count % 12 + 1, 1) - first
    return first + min(day, length) - 1 - ordinal


@kernel_function
def due_for(cal, clock, runs_from, runs_to, runs, start, unit, amount, percent, roll):
    """Due instant of `amount` (millionths of a unit) times `percent`, on this clock's runs."""
    by_time, same, close = clock
    if amount <= 0:
        return start
    mode = mode_of(unit, by_time)
    if unit == U_MONTH:
        ordinal = cal.ordinal + day_of(cal, start)
        amount = days_in_months(ordinal, amount // 1_000_000) * 1_000_000
    exact = amount * percent
    seconds = seconds_of(unit)
    if seconds:
        need = -((-exact * seconds) // DAY)
        return due_after(cal, mode, close, same, runs_from, runs_to, runs, start, need, 0)
    whole = exact // DAY
    part = exact - whole * DAY
    if by_time:
        scale = cal.work_scale if mode == WORK_SHARES else cal.day_scale
        need = whole * scale - ((-part * scale) // DAY)
        return due_after(cal, mode, close, same, runs_from, runs_to, runs, start, need, 0)
    due = due_after(cal, mode, close, same, runs_from, runs_to, runs, start, whole, part)
    if roll and mode == CALENDAR_DAYS and part == 0 and due < NEVER:
        return rolled(cal, close, runs_from, runs_to, runs, due)
    return due


@kernel_function
def rolled(cal, close, runs_from, runs_to, runs, due):
    """A due instant on a day off moves to the end of the next working day that counts (TIME 12)."""
    if due > cal.covered_to or due < cal.covered_from:
        return BEYOND
    d = day_of(cal, due)
    if cal.days_before[d + 1] > cal.days_before[d]:
        return due
    return due_after(cal, WORK_DAYS, close, False, runs_from, runs_to, runs, due, 1, 0)


@kernel_function
def amount_until(cal, clock, runs_from, runs_to, runs, unit, start, until):
    """Elapsed amount in millionths of the unit, rounded up so that comparisons stay exact enough."""
    by_time, same, close = clock
    mode = mode_of(unit, by_time)
    whole, part, of = elapsed_until(cal, mode, close, same, runs_from, runs_to, runs, start, until)
    if whole < 0:
        return -1
    seconds = seconds_of(unit)
    if seconds:
        return -((-whole * 1_000_000) // seconds)
    return whole * 1_000_000 - ((-part * 1_000_000) // of)


@kernel_function
def walked_back(cal, clock, runs_from, runs_to, runs, start, due, unit, amount):
    """Earliest instant, not before the start, with no more than the amount left (TIME 13)."""
    if due >= NEVER:
        return due
    low = start
    high = due
    while low < high:
        middle = (low + high) // 2
        left = amount_until(cal, clock, runs_from, runs_to, runs, unit, middle, due)
        if left < 0:
            return BEYOND
        if left <= amount:
            high = middle
        else:
            low = middle + 1
    return low


@kernel_function
def walked_on(cal, clock, runs_from, runs_to, runs, due, unit, amount):
    """The amount as a limit of its own from the due instant, first_day `next` (TIME 13)."""
    if due >= NEVER:
        return due
    by_time, _, close = clock
    after = (by_time, False, close)
    return due_for(cal, after, runs_from, runs_to, runs, due, unit, amount, WHOLE, False)


@kernel_function
def known_walk(cal, clock, work, runs, start, limit, level):
    """A threshold walked back from the due instant, by what was known at each time (TIME 23).

    The instant is computed after each pause that has ended; it stands when it comes before the
    next pause begins.
    """
    runs_from, runs_to = work.runs_from, work.runs_to
    unit, amount, roll = limit
    off_unit, off = level
    for j in range(runs):
        until = runs_to[j]
        runs_to[j] = NEVER
        due = due_for(cal, clock, runs_from, runs_to, j + 1, start, unit, amount, WHOLE, roll)
        at = walked_back(cal, clock, runs_from, runs_to, j + 1, start, due, off_unit, off)
        runs_to[j] = until
        if at == BEYOND:
            return BEYOND
        at = max(at, runs_from[j])
        if at <= until:
            return at
    return NEVER


@kernel_function
def level_at(cal, clock, work, runs, start, limit, percent, off_unit, off):
    """Instant of a threshold on an amount: `percent` of it, or `off` millionths more or less."""
    unit, amount, roll = limit
    runs_from, runs_to = work.runs_from, work.runs_to
    if percent:
        return due_for(cal, clock, runs_from, runs_to, runs, start, unit, amount, percent, False)
    if off == 0 or off_unit == unit:
        total = amount + off
        return due_for(cal, clock, runs_from, runs_to, runs, start, unit, total, WHOLE, roll)
    if off < 0:
        return known_walk(cal, clock, work, runs, start, limit, (off_unit, -off))
    due = due_for(cal, clock, runs_from, runs_to, runs, start, unit, amount, WHOLE, roll)
    return walked_on(cal, clock, runs_from, runs_to, runs, due, off_unit, off)


@kernel_function
def fixed_due(cal, close, due, date_only):
    """A stated due instant; a bare date means the `ends` of that date (TIME 21)."""
    if not date_only:
        return due
    if close and (due < cal.covered_from or due >= cal.covered_to):
        return BEYOND
    return end_of_day(cal, day_of(cal, due), close)


@kernel_function
def moved_due(cal, work, runs, start, due):
    """A stated due instant moved by pauses: its working seconds from the start, counted (TIME 21)."""
    if due >= NEVER or due <= start:
        return due
    if start < cal.covered_from or due > cal.covered_to:
        return BEYOND
    need = worked(cal, due) - worked(cal, start)
    moved = due_after(
        cal, WORK_SECONDS, False, False, work.runs_from, work.runs_to, runs, start, need, 0
    )
    return max(due, moved)


@kernel_function
def level_from_due(cal, clock, work, runs, start, due, percent, off_unit, off):
    """Instant of a threshold on a stated due instant (TIME 13, 21)."""
    if due >= NEVER:
        return due
    if percent:
        if start < cal.covered_from or due > cal.covered_to:
            return BEYOND
        total = worked(cal, max(due, start)) - worked(cal, start)
        need = -((-total * percent) // WHOLE)
        return start if need <= 0 else when_worked(cal, worked(cal, start) + need)
    if off == 0:
        return due
    if off < 0:
        back = walked_back(
            cal, clock, work.runs_from, work.runs_to, runs, start, due, off_unit, -off
        )
        return back
    return walked_on(cal, clock, work.runs_from, work.runs_to, runs, due, off_unit, off)


@kernel_function
def rests_on_provisional(cal, clock, unit, roll, start, instant):
    """Whether a date from the start's to the instant's that the unit asks is provisional (TIME 4)."""
    by_time, same, close = clock
    mode = mode_of(unit, by_time)
    if not roll and highest(cal, mode, close) != cal.covered_to:
        return False
    first = day_of(cal, start)
    last = day_of(cal, instant)
    return cal.provisional_before[last + 1] > cal.provisional_before[first]


@kernel_function
def within_coverage(cal, clock, unit, roll, start, until):
    """Whether every date that the unit asks from the start until `until` has a status (TIME 3)."""
    by_time, same, close = clock
    mode = mode_of(unit, by_time)
    since = counting_from(cal, mode, same, start)
    if until <= since or mode == CALENDAR_SECONDS:
        return True
    if roll:
        return cal.covered_from <= since and until <= cal.covered_to
    return since >= lowest(cal, mode, close) and until <= highest(cal, mode, close)
