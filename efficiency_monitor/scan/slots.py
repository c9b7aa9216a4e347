"""Which runs of a job are due, as pure arithmetic on a schedule.

A slot is the instant at which a run was due. Missed ones are found again by listing the slots
between the last finished one and now, so that a machine that was down loses no night.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from efficiency_monitor.faults import ConfigurationError

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY_SECONDS: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Once a day at a local time, on every day or on some weekdays.

    `at` is `HH:MM`; `days` is `every`, or weekdays and ranges of them by name: `mon-fri`,
    `mon,wed,sat-sun`; `zone` is an IANA name. ConfigurationError says which of them is wrong.
    """

    at: str
    days: str = "every"
    zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        if not _TIME.fullmatch(self.at):
            raise ConfigurationError(
                f"schedule: {self.at!r} is no time of day", "write hours and minutes: '02:00'"
            )
        _weekdays(self.days)
        zone_named(self.zone)

    @property
    def time(self) -> time:
        """The local time of day."""
        return time.fromisoformat(self.at)

    @property
    def weekdays(self) -> frozenset[int]:
        """The weekdays, Monday being 0."""
        return _weekdays(self.days)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about the slots since the last finished one; both oldest first."""

    #: Slots to run, each as of its own instant.
    run: tuple[int, ...]
    #: Slots that are too old to be run; each of them is to be recorded.
    skipped: tuple[int, ...]


def slots_between(schedule: Schedule, after: int, until: int) -> list[int]:
    """The slots in `(after, until]`, in unix seconds and in order; none if `until <= after`.

    A local time that the clocks jump over gives the first instant after the jump; of one that
    occurs twice the first is meant. Two dates that fall on one instant (a whole date was jumped
    over) are one slot.
    """
    if until <= after:
        return []
    zone = ZoneInfo(schedule.zone)
    at, weekdays = schedule.time, schedule.weekdays
    day = datetime.fromtimestamp(after, zone).date()
    # Clocks that were put back over midnight show a date that had already begun before.
    last = datetime.fromtimestamp(until, zone).date() + timedelta(days=1)
    found: set[int] = set()
    while day <= last:
        if day.weekday() in weekdays:
            slot = _instant(datetime.combine(day, at), zone)
            if after < slot <= until:
                found.add(slot)
        day += timedelta(days=1)
    return sorted(found)


def catch_up(last_done: int, now: int, schedule: Schedule, *, most_days: int = 31) -> Plan:
    """The slots after `last_done` up to `now`: those of the last `most_days` days are run.

    Where no slot has ever been done, `last_done` is the instant since which the job exists. A
    clock that was set back (`now` before `last_done`) makes nothing due.
    """
    oldest = now - most_days * _DAY_SECONDS
    slots = slots_between(schedule, last_done, now)
    return Plan(
        run=tuple(slot for slot in slots if slot >= oldest),
        skipped=tuple(slot for slot in slots if slot < oldest),
    )


def zone_named(name: str) -> ZoneInfo:
    """The zone of that IANA name; ConfigurationError if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # KeyError: the name is well formed but unknown
        raise ConfigurationError(
            f"schedule: {name!r} is no time zone", "write an IANA name: 'Asia/Shanghai'"
        ) from None


def _weekdays(text: str) -> frozenset[int]:
    if text == "every":
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = (name.strip() for name in part.partition("-"))
        last = last if dash else first
        if first not in _WEEKDAYS or last not in _WEEKDAYS:
            raise ConfigurationError(
                f"schedule: {text!r} names no weekdays",
                # One scheduler calls Monday 0, another 1: a digit would be a guess.
                "write 'every' or names: 'mon-fri', 'mon,wed,sat'; digits are not understood",
            )
        start = _WEEKDAYS.index(first)
        length = (_WEEKDAYS.index(last) - start) % 7 + 1
        days.update((start + step) % 7 for step in range(length))
    return frozenset(days)


def _instant(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which the clocks of the zone show `wall` or later."""
    high = _seconds(wall.replace(tzinfo=zone))
    if datetime.fromtimestamp(high, zone).replace(tzinfo=None) == wall:
        return high
    # The clocks jump over it. Read with the offset before the jump it lies after the jump (high),
    # with the one after the jump it lies before (low): PEP 495.
    low = _seconds(wall.replace(tzinfo=zone, fold=1))
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _seconds(instant: datetime) -> int:
    return (instant.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)
