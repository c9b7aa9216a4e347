"""Numbers of Chinese identity cards (GB 11643—1999): found by their check digit, and masked.

They are never imported unless a mapping names the column (个人信息保护法 Art. 6 and 28).
"""

import re
import unicodedata
from typing import Final

#: Region, date of birth, sequence, check digit; in one piece or in the usual three groups.
_SHAPE: Final = re.compile(
    r"(?<![0-9])([1-9][0-9]{5})[ -]?"
    r"((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))[ -]?"
    r"([0-9]{3}[0-9Xx])(?![0-9])"
)
#: Provinces (GB/T 2260), Taiwan, Hong Kong, Macao, and 91 to 99 for foreigners' cards.
_REGIONS: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-9]")
#: Characters of the shortest text that can hold a number.
SHORTEST: Final = 18
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_THIRTY: Final = frozenset({"04", "06", "09", "11"})


def find_id_number(text: str) -> str | None:
    """The first ID-card number in a text, masked; None if there is none.

    Full-width digits count. A number that belongs to a longer row of digits does not.
    """
    if len(text) < SHORTEST:
        return None
    for found in _SHAPE.finditer(_plain(text)):
        if _valid(found):
            return _hidden(found)
    return None


def masked(text: str) -> str:
    """The text with every ID-card number as `110***********123X`."""
    if len(text) < SHORTEST or find_id_number(text) is None:
        return text
    return _SHAPE.sub(lambda found: _hidden(found) if _valid(found) else found[0], _plain(text))


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _valid(found: re.Match[str]) -> bool:
    region, born, rest = found.groups()
    if not _REGIONS.match(region):
        return False
    month, day = born[4:6], born[6:]
    if (day == "31" and month in _THIRTY) or (month == "02" and day > "29"):
        return False
    digits = region + born + rest[:3]
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == rest[3].upper()


def _hidden(found: re.Match[str]) -> str:
    number = "".join(found.groups())
    return f"{number[:3]}{'*' * 11}{number[-4:]}"
