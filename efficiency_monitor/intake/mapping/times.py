"""Written times of many sources to instants: the contract's own formats, and patterns of a mapping.

A pattern is written as standards write it, `YYYYMMDDThhmmss`: YYYY, MM, DD, hh, mm, ss stand for
digits, M, D and h for one or two of them, anything else for itself.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from efficiency_monitor.terms import Precision
from efficiency_monitor.time.instants import FIRST, LAST, from_wall, offset_of, rfc3339

from ..formats.rows import Refusal

_CLOCK = (
    r"(?P<h>[0-9]{1,2})(?::(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"|时(?P<mi2>[0-9]{1,2})分(?:(?P<s2>[0-9]{1,2})秒)?)"
    r"(?:\s*(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2}))?"
)
#: RFC 3339 and `YYYY-MM-DD[ HH:MM[:SS]]` (contract.md 2); besides `/`, `.` and 年月日, and the
#: single digits of spreadsheets' texts.
_STANDARD: Final = (
    re.compile(
        r"(?P<Y>[0-9]{4})(?P<sep>[-/.])(?P<M>[0-9]{1,2})(?P=sep)(?P<D>[0-9]{1,2})"
        rf"(?:(?:[Tt]|\s+){_CLOCK})?"
    ),
    re.compile(
        r"(?P<Y>[0-9]{4})年(?P<M>[0-9]{1,2})月(?P<D>[0-9]{1,2})日"
        rf"(?:(?:[Tt]|\s*){_CLOCK})?"
    ),
)
_TOKENS: Final = {
    "YYYY": r"(?P<Y>[0-9]{4})",
    "MM": r"(?P<M>[0-9]{2})",
    "DD": r"(?P<D>[0-9]{2})",
    "hh": r"(?P<h>[0-9]{2})",
    "mm": r"(?P<mi>[0-9]{2})",
    "ss": r"(?P<s>[0-9]{2})",
    "M": r"(?P<M>[0-9]{1,2})",
    "D": r"(?P<D>[0-9]{1,2})",
    "h": r"(?P<h>[0-9]{1,2})",
}
#: Asked before the zone is: near the ends of the calendar its arithmetic overflows.
_FIRST_YEAR, _LAST_YEAR = 1899, 2100
_TOKEN = re.compile(r"YYYY|MM|DD|hh|mm|ss|M|D|h|.", re.DOTALL)
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
#: The word for the contract's formats in a mapping's list.
STANDARD: Final = "standard"
#: The word for a spreadsheet's numbers of days, `46030.5`.
SERIAL: Final = "serial"
_SERIAL_FORMAT = re.compile(r"(?P<serial>[0-9]{1,5}(?:\.[0-9]{1,20})?)")
#: Day 60 is the 29 February 1900 that never was; from day 61 on days count from here.
_SERIAL_DAY_0: Final = datetime(1899, 12, 30)
_NO_SUCH_DAY: Final = 60
_FROM_1904: Final = 1462
_MOST_DAYS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant (seconds since 1970 UTC) and how exactly it is known.

    With precision `day` it is the first second of the date `day` in the zone it was read in.
    """

    instant: int
    precision: Precision
    day: str
    #: Whether it was written without an offset, and so read in the zone.
    wall: bool = field(default=True, compare=False)

    @property
    def text(self) -> str:
        """RFC 3339 in UTC, or the bare date: what the fields of a case hold."""
        return self.day if self.precision is Precision.DAY else rfc3339(self.instant)


def compile_formats(names: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """The formats of a mapping: `standard`, `serial` or patterns; ValueError says what is wrong
    with one."""
    made: list[re.Pattern[str]] = []
    for name in names:
        if name == SERIAL:
            made.append(_SERIAL_FORMAT)
        else:
            made += _STANDARD if name == STANDARD else [_compile(name)]
    return tuple(made)


def _compile(pattern: str) -> re.Pattern[str]:
    tokens = _TOKEN.findall(pattern)
    used = [token[0] if token[0] in "YMDh" else token for token in tokens if token in _TOKENS]
    if len(set(used)) != len(used):
        raise ValueError(f"time format {pattern!r}: a part stands there twice")
    if not {"Y", "M", "D"} <= set(used):
        raise ValueError(f"time format {pattern!r}: YYYY, MM and DD must all be there")
    if ("h" in used) != ("mm" in used) or ("ss" in used and "mm" not in used):
        raise ValueError(f"time format {pattern!r}: hh goes with mm, and ss with both")
    return re.compile("".join(_TOKENS.get(token, re.escape(token)) for token in tokens))


def read_time(
    text: str, zone: str | None, formats: tuple[re.Pattern[str], ...]
) -> Moment | Refusal:
    """Read a time; without an offset it is in `zone` (None: unknown). Fractions are cut off.

    Of a wall time that occurs twice the first is meant; one that never occurs is refused
    (docs/time.md 1). The first format that fits the whole text decides.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.strip()
    for pattern in formats:
        found = pattern.fullmatch(plain)
        if found:
            return _moment(found.groupdict(), zone)
    return Refusal.SERIAL_NUMBER if _SERIAL.fullmatch(plain) else Refusal.BAD_TIME


def serial_wall(days: str) -> datetime | None:
    """The wall time of a spreadsheet's number of days (1900 system); None if there is none.

    Fractions of a second are cut off, after a thousandth is rounded: a binary fraction of a day
    falls just short of the second that was written.
    """
    number = Decimal(days)
    if not 1 <= number < _MOST_DAYS or int(number) == _NO_SUCH_DAY:
        return None
    seconds = int(round(number * 86_400, 3))
    # Days 1 to 59 are one later than the day number 0 makes them.
    return _SERIAL_DAY_0 + timedelta(seconds=seconds, days=number < _NO_SUCH_DAY)


def from_1904(text: str) -> str:
    """A number of days since 1904 as the usual one since 1900; any other text as it is."""
    if not _SERIAL_FORMAT.fullmatch(text):
        return text
    return format(Decimal(text) + _FROM_1904, "f")


def _serial(text: str, zone: str | None) -> Moment | Refusal:
    wall = serial_wall(text)
    if wall is None:
        return Refusal.NO_SUCH_TIME
    dated = Decimal(text) == int(Decimal(text))
    written = f"{wall:%Y %m %d}".split() if dated else f"{wall:%Y %m %d %H %M %S}".split()
    return _moment(dict(zip(("Y", "M", "D", "h", "mi", "s"), written, strict=False)), zone)


def _moment(parts: dict[str, str | None], zone: str | None) -> Moment | Refusal:
    if parts.get("serial"):
        return _serial(parts["serial"] or "", zone)
    dated = parts.get("h") is None
    minute = parts.get("mi") or parts.get("mi2")
    second = parts.get("s") or parts.get("s2")
    try:
        wall = datetime(
            int(parts["Y"] or 0),
            int(parts["M"] or 0),
            int(parts["D"] or 0),
            int(parts.get("h") or 0),
            int(minute or 0),
            int(second or 0),
        )
        if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
            return Refusal.NO_SUCH_TIME
        offset = parts.get("offset")
        if offset:
            instant = int(wall.replace(tzinfo=offset_of(offset)).timestamp())
        elif zone is None:
            return Refusal.NO_ZONE
        else:
            instant = _placed(wall, zone, dated)
    except _Skipped:
        return Refusal.SKIPPED_TIME
    except (ValueError, OverflowError):
        return Refusal.NO_SUCH_TIME
    if not FIRST <= instant < LAST:
        return Refusal.NO_SUCH_TIME
    precision = Precision.DAY if dated else Precision.SECOND
    return Moment(instant, precision, wall.date().isoformat(), wall=not offset)


class _Skipped(Exception):
    """The wall time does not occur in its zone."""


def _placed(wall: datetime, zone: str, dated: bool) -> int:
    try:
        instant = from_wall(wall, zone, dated=dated)
    except ValueError:
        raise _Skipped from None
    # Of a date whose midnight is jumped over the first second is meant, but some zones have left
    # out a whole day.
    if dated and rfc3339(instant, zone)[:10] != wall.date().isoformat():
        raise _Skipped
    return instant
