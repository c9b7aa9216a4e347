"""What a measured value is compared with: `>= 2`, `< 60 calendar_seconds`, `> 5 %`. Exact."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ..faults import brief
from ..time.amount import PLACES, decimal_text

#: What a comparison begins with.
SIGNS: Final = ("<", ">", "=")
_OPERATORS: Final = {">": 0, ">=": 1, "<": 2, "<=": 3, "=": 4}
_COMPARISON = re.compile(
    r"(?P<sign>[<>]=?|=)\s*(?P<value>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|[a-z]+(?:_[a-z]+)?)?"
)
_MOST_SIGNS: Final = 60
_MOST = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sign, a number that is not negative, and its unit (empty where it is a bare count)."""

    sign: str
    value: Decimal
    unit: str = ""

    @classmethod
    def parse(cls, text: str) -> "Comparison":
        """Read `>= 2`, `> 1 working_days`, `< 5 %`; ValueError says what is wrong."""
        text = text.strip()
        found = _COMPARISON.fullmatch(text) if len(text) <= _MOST_SIGNS else None
        if not found:
            raise ValueError(f"{brief(text)} is no comparison: '>= 2', '> 1 working_days', '> 5 %'")
        value = Decimal(found["value"])
        if value > _MOST:
            raise ValueError(f"{text!r}: at most {_MOST}")
        if value != value.quantize(Decimal(1).scaleb(-PLACES)):
            raise ValueError(f"{text!r} has more than {PLACES} decimal places")
        return cls(found["sign"], value, found["unit"] or "")

    @property
    def code(self) -> int:
        """The sign as a number: 0 `>`, 1 `>=`, 2 `<`, 3 `<=`, 4 `=`."""
        return _OPERATORS[self.sign]

    def holds(self, value: Decimal | Fraction) -> bool:
        """Whether a measured value, in this unit, is as the comparison says."""
        given, limit = Fraction(value), Fraction(self.value)
        tests: dict[str, bool] = {
            ">": given > limit,
            ">=": given >= limit,
            "<": given < limit,
            "<=": given <= limit,
            "=": given == limit,
        }
        return tests[self.sign]

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.sign} {decimal_text(self.value)}{unit}"
