"""The clock of the oracle: elapsed time, due instants, thresholds, a line of `calendar batch`.

Instants are UTC epoch seconds. Options everywhere: `resolution` day|time, `first_day` next|same,
`ends` midnight|close, `roll` none|next_working_day, `pauses` as (from, to or None, cap or None).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from .calendars import OracleCalendar
from .counting import NEVER, ONE_DAY, Clock, Pause, clock, counted, days_of_months, reached
from .words import (
    Amount,
    Threshold,
    decimal_text,
    instant_text,
    parse_amount,
    parse_instant,
    parse_threshold,
)


def elapsed(
    cal: OracleCalendar,
    start: int,
    end: int,
    unit: str,
    *,
    resolution: str = "day",
    first_day: str = "next",
    ends: str = "midnight",
    pauses: Sequence[Pause] = (),
) -> Fraction:
    """What has been counted from `start` to `end`; months in calendar days."""
    how = clock(cal, start, pauses, resolution=resolution, first_day=first_day, ends=ends)
    return counted(how, start, end, unit)


def due(
    cal: OracleCalendar,
    start: int,
    limit: Amount,
    *,
    resolution: str = "day",
    first_day: str = "next",
    ends: str = "midnight",
    roll: str | None = None,
    pauses: Sequence[Pause] = (),
) -> int | None:
    """The instant at which a limit falls due; None while an open pause withholds it."""
    how = clock(
        cal, start, pauses, resolution=resolution, first_day=first_day, ends=ends, roll=roll
    )
    return reached(how, start, limit)


def threshold(
    cal: OracleCalendar,
    start: int,
    limits: dict[str, Amount],
    at: str | Threshold,
    *,
    resolution: str = "day",
    first_day: str = "next",
    ends: str = "midnight",
    roll: str | None = None,
    pauses: Sequence[Pause] = (),
) -> int | None:
    """The instant of `promised`, `90% promised`, `promised - 2 working_days`."""
    point = parse_threshold(at) if isinstance(at, str) else at
    how = clock(
        cal, start, pauses, resolution=resolution, first_day=first_day, ends=ends, roll=roll
    )
    return point_on_limit(how, start, limits[point.limit], point)


def point_on_limit(how: Clock, start: int, limit: Amount, point: Threshold) -> int | None:
    """`threshold` on a clock that is set up (docs/time.md 10, 11)."""
    value, unit = limit
    if point.percent is not None:
        if unit == "calendar_months":
            value, unit = Fraction(days_of_months(how.cal, start, int(value))), "calendar_days"
        return reached(replace(how, roll=None), start, (value * point.percent / 100, unit))
    if point.offset is None:
        return reached(how, start, limit)
    if point.offset[1] == unit:
        return reached(how, start, (value + point.offset[0], unit))
    return walked(how, start, lambda knowing: reached(knowing, start, limit), point.offset)


def walked(
    how: Clock, start: int, base: Callable[[Clock], int | None], offset: Amount
) -> int | None:
    """An offset walked from a due instant that depends on what is known of the pauses.

    See docs/time.md 11.
    """
    value, unit = offset
    if value > 0:
        begin = base(how)
        if begin is None:
            return None
        answer = reached(replace(how, first_day="next"), begin, offset)
        return None if answer is None else max(start, answer)
    # docs/time.md 15: what had fallen due by an instant depends on what had happened by then.
    certain = [stretch for stretch in how.stretches if stretch[0] < how.unknown]
    for number in range(len(certain) + 1):
        resumed = certain[number - 1][1] if number else start
        following = certain[number][0] if number < len(certain) else how.unknown
        if resumed is None:
            return None
        if resumed >= following:
            continue
        knowing = replace(how, stretches=tuple(certain[:number]), unknown=NEVER, fault=None)
        instant = base(knowing)
        assert instant is not None, "no pause is open in what is known"
        instant = max(resumed, earliest_with_left(knowing, start, instant, (-value, unit)))
        if instant <= following:
            return instant
    assert how.fault
    raise how.fault


def earliest_with_left(how: Clock, start: int, due_at: int, left: Amount) -> int:
    """The earliest instant, not before the start, from which no more than that is left."""
    value, unit = left
    if unit == "calendar_months":
        raise ValueError("months are not walked backwards")
    if unit.endswith("days") and how.resolution == "day":
        return days_walked_back(how, start, due_at, value, working=unit.startswith("working"))
    how = replace(how, first_day="next")

    def enough(instant: int) -> bool:
        return counted(how, instant, due_at, unit) <= value

    if enough(start):
        return start
    first, last = start, due_at  # the later the start, the less is left
    while last - first > 1:
        middle = (first + last) // 2
        if enough(middle):
            last = middle
        else:
            first = middle
    return last


def days_walked_back(how: Clock, start: int, due_at: int, value: Fraction, *, working: bool) -> int:
    """Back to the end of the earliest date after which no more whole days are left, and a share."""
    if due_at <= start:
        return start
    cal, unit = how.cal, "working_days" if working else "calendar_days"
    own, first = cal.local_date(due_at), cal.local_date(start)
    if how.first_day == "next" and due_at <= cal.bounds(first).next:
        return start  # no date is asked
    if working or how.ends == "close":
        # What a walk rests on: the date of the due instant, and of a start that counts itself.
        cal.status(cal.local_date(due_at - 1))
        cal.status(first if how.first_day == "same" else first + ONE_DAY)
    # Only at its own midnight may the due instant be the closing of the date before, which a
    # calendar that begins here says nothing of.
    if how.ends == "close" and due_at == cal.bounds(own)[0] and how.end_of(own - ONE_DAY) == due_at:
        own -= ONE_DAY
    candidate = not working or cal.status(own).working
    if candidate and (own > first or how.first_day == "same"):
        from_start = counted(how, start, max(start, cal.bounds(own)[0]), unit) // 1 + 1
    else:
        from_start = counted(how, start, due_at, unit)
    if from_start <= value:
        return start
    days, share = divmod(value, 1)

    def left_after(day: date) -> Fraction:
        return counted(replace(how, first_day="same"), cal.bounds(day).next, due_at, unit)

    def date_with(most: int) -> date:
        day = cal.local_date(due_at)
        while day > first and left_after(day - ONE_DAY) <= most:
            day -= ONE_DAY
        return day

    day = date_with(days)
    end = min(how.end_of(day), due_at)
    if share:
        within = share_walked_back(how, day, end, share, working=working)
        if within is not None:
            return max(start, within)
        if day == first:
            return start
        end = how.end_of(date_with(days + 1))
    return max(start, end)


def share_walked_back(
    how: Clock, day: date, end: int, share: Fraction, *, working: bool
) -> int | None:
    """The earliest instant of a date with no more than a share of its time left to `end`."""
    begin = how.cal.bounds(day)[0]
    whole_day = how.shared(day, working)
    if end < how.end_of(day):
        whole_day = [(a, min(b, end)) for a, b in whole_day if a < end]
    most = share * sum(b - a for a, b in whole_day)

    def left(instant: int) -> int:
        return sum(how.ran(max(a, instant), min(b, end)) for a, b in whole_day)

    if left(begin) < math.floor(most):
        return None
    low, high = begin - 1, end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if left(middle) <= most else (middle, high)
    return high


def answer(row: dict[str, Any], calendars: dict[str, OracleCalendar]) -> dict[str, Any]:
    """`{"due": …}`, `{"elapsed": …}` or `{"error": …}` for one line."""
    try:
        cal = calendars[row["calendar"]]
        options: dict[str, Any] = {
            key: row[key] for key in ("resolution", "first_day", "ends") if row.get(key)
        }
        options["pauses"] = [
            (
                _instant(pause["from"], cal),
                None if pause.get("to") is None else _instant(pause["to"], cal),
                parse_amount(pause["cap"]) if pause.get("cap") else None,
            )
            for pause in row.get("pauses") or []
        ]
        start = _instant(row["start"], cal)
        if row["op"] == "elapsed":
            value = elapsed(cal, start, _instant(row["end"], cal), row["unit"], **options)
            return {"elapsed": decimal_text(value)}
        options["roll"] = row.get("roll")
        if row["op"] == "due":
            instant = due(cal, start, parse_amount(row["limit"]), **options)
        elif row["op"] == "threshold":
            limits = {name: parse_amount(text) for name, text in row["limits"].items()}
            instant = threshold(cal, start, limits, row["at"], **options)
        else:
            raise ValueError(f"no such op: {row['op']}")
        return {"due": instant_text(instant)}
    except (ValueError, KeyError, OverflowError) as fault:
        return {"error": str(fault)}


def _instant(text: str, cal: OracleCalendar) -> int:
    """An instant; a bare date means its last second (docs/time.md 1)."""
    read = parse_instant(text, cal)
    return cal.bounds(read).next - 1 if isinstance(read, date) else read
