"""Amounts, thresholds and instants as text, read for the oracle."""

import re
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import NamedTuple

from .calendars import OracleCalendar

#: How much of which unit.
Amount = tuple[Fraction, str]

SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}
_AMOUNT = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)\s+((?:working|calendar)_(?:days|hours|minutes|seconds)|calendar_months)"
)
_THRESHOLD = re.compile(
    r"(?:(?P<percent>[0-9]+(?:\.[0-9]+)?)%\s+)?(?P<limit>[a-z][a-z0-9_]*)"
    r"(?:\s*(?P<sign>[+-])\s*(?P<offset>.+))?"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?\s*(Z|z|[+-]\d\d:?\d\d)?", re.ASCII
)


class Threshold(NamedTuple):
    """A point on a limit: the share of it, or so much before or after it, or just it."""

    limit: str
    percent: Fraction | None
    #: Positive is later.
    offset: Amount | None


def parse_amount(text: str) -> Amount:
    """`20 working_days`; ValueError if it is no positive amount."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no amount")
    value, unit = Fraction(found[1]), found[2]
    if value <= 0:
        raise ValueError(f"{text!r} is not positive")
    if unit == "calendar_months" and value.denominator != 1:
        raise ValueError(f"{text!r}: months are whole")
    return value, unit


def parse_threshold(text: str) -> Threshold:
    """`promised`, `90% promised`, `promised - 2 working_days`."""
    found = _THRESHOLD.fullmatch(text.strip())
    if not found or (found["percent"] and found["offset"]):
        raise ValueError(f"{text!r} is no threshold")
    percent = Fraction(found["percent"]) if found["percent"] else None
    if percent == 0:
        raise ValueError(f"{text!r} is not positive")
    if not found["offset"]:
        return Threshold(found["limit"], percent, None)
    value, unit = parse_amount(found["offset"])
    return Threshold(found["limit"], None, (value if found["sign"] == "+" else -value, unit))


def parse_instant(text: str, calendar: OracleCalendar) -> int | date:
    """An instant in UTC epoch seconds, or a bare date; without offset it is the calendar's wall.

    ValueError for a wall time that never occurs (time.md 1). Fractions of a second are cut off.
    """
    text = text.strip()
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no instant")
    wall = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ':00'}")
    if found[5]:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{found[5].upper()}").tzinfo
        return int(wall.replace(tzinfo=offset).timestamp())
    placed = wall.replace(tzinfo=calendar.zone, fold=0).astimezone(UTC)
    if placed.astimezone(calendar.zone).replace(tzinfo=None) != wall:
        raise ValueError(f"{text!r} never occurs in {calendar.zone}")
    return int(placed.timestamp())


def decimal_text(value: Fraction) -> str:
    """At most 6 places, rounded down, no trailing zeros (docs/time.md 16)."""
    whole, rest = divmod(value * 10**6 // 1, 10**6)
    text = f"{whole}.{rest:06d}"
    return text.rstrip("0").rstrip(".")


def instant_text(instant: int | None) -> str | None:
    """`2026-03-02T09:00:00Z`."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
