"""Written times to instants and back. Instants are whole UTC epoch seconds (contract.md 1; time.md
1)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from ..faults import brief
from ..terms import Precision

_WRITTEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?)?"
)
#: Instants the product deals with; anything outside is a slip of the pen.
FIRST = -2_208_988_800  # 1900-01-01T00:00:00Z
LAST = 4_102_444_800  # 2100-01-01T00:00:00Z


def earliest(*instants: int | None) -> int | None:
    """The first of the instants that there are, epoch seconds; None: there is none."""
    return min((each for each in instants if each is not None), default=None)


def parse_instant(text: str, zone: str) -> tuple[int, Precision]:
    """Read an RFC 3339 time or `YYYY-MM-DD[ HH:MM[:SS]]`; fractions are cut off.

    Without an offset it is read in `zone`; a bare date is its first second, precision `day`. Of a
    wall time that occurs twice the first is meant; one that never occurs is a ValueError.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{brief(text)} is no time: write '2026-03-02 10:00' or RFC 3339")
    clock = (found["time"] or "00:00:00").split(".")[0]
    if len(clock) == 5:
        clock += ":00"
    try:
        wall = datetime.fromisoformat(f"{found['date']}T{clock}")
    except ValueError as fault:
        raise ValueError(f"{brief(text)} is no time: {fault}") from None
    if found["offset"]:
        instant = int(wall.replace(tzinfo=offset_of(found["offset"])).timestamp())
    else:
        instant = from_wall(wall, zone, dated=found["time"] is None)
    if not FIRST <= instant < LAST:
        raise ValueError(f"{brief(text)} lies outside 1900-2100")
    return instant, Precision.DAY if found["time"] is None else Precision.SECOND


def from_wall(wall: datetime, zone: str, *, dated: bool = False) -> int:
    """Instant of a wall time in a zone. ValueError if it never occurs, unless only `dated`."""
    local = wall.replace(tzinfo=ZoneInfo(zone))
    instant = int(local.timestamp())
    back = datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None)
    if back != wall and not dated:
        raise ValueError(
            f"{wall:%Y-%m-%d %H:%M:%S} never occurs in {zone}: the clocks jump over it"
        )
    return instant


def offset_of(text: str) -> timezone:
    """`Z`, `+08:00` or `+0800` as a time zone."""
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def last_second(instant: int, zone: str) -> int:
    """Last second of the local date of an instant (docs/time.md 1)."""
    local = datetime.fromtimestamp(instant, ZoneInfo(zone))
    following = datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)) + timedelta(
        days=1
    )
    return int(following.timestamp()) - 1


def parse_as_of(text: str, zone: str) -> int:
    """Read an `--as-of`: as `parse_instant`, but a bare date means its last second (time.md 1)."""
    instant, precision = parse_instant(text, zone)
    return last_second(instant, zone) if precision is Precision.DAY else instant


def rfc3339(instant: int, zone: str = "UTC") -> str:
    """An instant as RFC 3339 with the zone's offset, `Z` for UTC."""
    moment = datetime.fromtimestamp(instant, ZoneInfo(zone))
    text = moment.isoformat(timespec="seconds")
    return text.replace("+00:00", "Z") if zone == "UTC" else text


def wall_text(instant: int, zone: str) -> str:
    """An instant as people in the zone write it: `2026-03-02 10:00:00`."""
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def local_date(instant: int, zone: str) -> str:
    """Local date of an instant, `YYYY-MM-DD`."""
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%Y-%m-%d}"


def in_zone(text: str, zone: str) -> str:
    """An RFC 3339 instant as another zone writes it; a bare date stays what it is."""
    return rfc3339(parse_instant(text, zone)[0], zone) if "T" in text else text
