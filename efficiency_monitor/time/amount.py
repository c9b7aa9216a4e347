"""Amounts of time with a unit, and thresholds built from them. Exact: no floats.

By docs/time.md, rules 11 and 16.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from ..faults import brief


class Unit(StrEnum):
    """Unit of an amount (docs/time.md, rule 16)."""

    WORKING_DAYS = "working_days"
    WORKING_HOURS = "working_hours"
    WORKING_MINUTES = "working_minutes"
    WORKING_SECONDS = "working_seconds"
    CALENDAR_DAYS = "calendar_days"
    CALENDAR_HOURS = "calendar_hours"
    CALENDAR_MINUTES = "calendar_minutes"
    CALENDAR_SECONDS = "calendar_seconds"
    CALENDAR_MONTHS = "calendar_months"

    @property
    def working(self) -> bool:
        """Whether only working time counts."""
        return self.value.startswith("working_")

    @property
    def seconds(self) -> int:
        """Seconds in one unit of a continuous measure; 0 for days and months."""
        return _SECONDS.get(self.value.split("_")[1], 0)

    @property
    def most(self) -> int:
        """The longest amount in this unit: a hundred years (docs/time.md, rule 16)."""
        if self is Unit.CALENDAR_MONTHS:
            return MOST_MONTHS
        return MOST_SECONDS // self.seconds if self.seconds else MOST_DAYS


_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}

#: Amounts reach to a hundred years in any unit (docs/time.md, rule 16). The compiled kernel keeps
#: every product of twice as much with 1000 % inside 64 bits.
MOST_DAYS = 36_525
MOST_SECONDS = MOST_DAYS * 86_400
MOST_MONTHS = 1_200
PLACES = 6

#: Signs of an amount or a threshold: arithmetic with a hundred thousand digits takes seconds.
_MOST_SIGNS: Final = 100
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s+([a-z]+_[a-z]+)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A positive decimal with a unit, such as `20 working_days`."""

    value: Decimal
    unit: Unit

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value <= 0:
            raise ValueError(f"amount {self.value} must be positive")
        if self.unit is Unit.CALENDAR_MONTHS and self.value != int(self.value):
            raise ValueError(f"{self.value} {self.unit}: months are whole numbers")
        most = self.unit.most
        if self.value > most:
            raise ValueError(f"{self.value} {self.unit} is too long: at most {most}, 100 years")
        if self.value != self.value.quantize(Decimal(1).scaleb(-PLACES)):
            raise ValueError(f"amount {self.value} has more than {PLACES} decimal places")

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """Read `20 working_days`; ValueError says what is wrong."""
        text = text.strip()
        found = _AMOUNT.fullmatch(text) if len(text) <= _MOST_SIGNS else None
        if not found:
            raise ValueError(
                f"{brief(text)} is no amount: write a number and a unit, '20 working_days'"
            )
        try:
            unit = Unit(found[2])
        except ValueError:
            raise ValueError(f"unknown unit {found[2]!r}{_meant(found[2])}") from None
        return cls(Decimal(found[1]), unit)

    def __str__(self) -> str:
        return f"{decimal_text(self.value)} {self.unit}"

    def as_json(self) -> dict[str, str]:
        """`{"value": "17", "unit": "working_days"}`."""
        return {"value": decimal_text(self.value), "unit": str(self.unit)}


def _meant(unit: str) -> str:
    close = get_close_matches(unit, list(Unit), 1, 0.8)
    return f"; did you mean {str(close[0])!r}?" if close else f": one of {', '.join(Unit)}"


def check_cap(cap: Amount) -> None:
    """ValueError for a cap of a pause in parts of days, which has no meaning.

    By docs/time.md, rule 12.
    """
    if not cap.unit.seconds and cap.value != int(cap.value):
        raise ValueError(f"a pause is capped in whole days, not {cap}")


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_THRESHOLD = re.compile(
    r"(?:(?P<percent>[0-9]+(?:\.[0-9]+)?)%\s+)?(?P<limit>[a-z][a-z0-9_]*)"
    r"(?:\s*(?P<sign>[+-])\s*(?P<offset>[0-9]+(?:\.[0-9]+)?\s+[a-z_]+))?"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Point on a limit: `promised`, `90% promised`, `statutory + 1 working_days`.

    By docs/time.md, rules 10 and 11.
    """

    limit: str
    percent: Decimal | None = None
    offset: Amount | None = None
    later: bool = True

    @classmethod
    def parse(cls, text: str) -> "Threshold":
        """Read a threshold; ValueError says what is wrong."""
        text = text.strip()
        found = _THRESHOLD.fullmatch(text) if len(text) <= _MOST_SIGNS else None
        if not found:
            raise ValueError(
                f"{brief(text)} is no threshold: 'promised', "
                "'promised - 2 working_days', '90% promised'"
            )
        percent = _percent(found["percent"]) if found["percent"] else None
        if percent is not None and found["offset"]:
            raise ValueError(f"{text!r}: a percentage takes no offset")
        offset = Amount.parse(found["offset"]) if found["offset"] else None
        return cls(found["limit"], percent, offset, found["sign"] != "-")

    def check_unit(self, unit: Unit | None) -> None:
        """ValueError where the offset has no meaning on a limit in `unit` (None: any, or none).

        Months are not walked backwards: how many days they are depends on where one arrives.
        """
        months = self.offset is not None and self.offset.unit is Unit.CALENDAR_MONTHS
        if months and not self.later and unit is not Unit.CALENDAR_MONTHS:
            raise ValueError(
                f"'{self}': calendar_months are subtracted from a limit in months only; write days"
            )

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{decimal_text(self.percent)}% {self.limit}"
        if self.offset is None:
            return self.limit
        return f"{self.limit} {'+' if self.later else '-'} {self.offset}"


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern admits numbers only
        raise ValueError(f"{text!r} is no percentage") from None
    if value <= 0 or value > 1000 or value != value.quantize(Decimal("0.01")):
        raise ValueError(f"{text}%: above 0, at most 1000, at most two decimal places")
    return value
