"""Numbers of Chinese identity cards (GB 11643—1999): found by their check digit, and masked.

They are never imported unless a mapping names the column (个人信息保护法 Art. 6 and 28).
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

#: What people write between the digits of a number.
_GAP: Final = r"[ .\-]?"
#: Region, date of birth, sequence, check digit; with or without signs between them. Looked for at
#: every place: a window that fails its check may overlap one that does not.
_EIGHTEEN: Final = re.compile(rf"(?<![0-9])(?=([1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx])(?![0-9]))")
#: The form until 1999: two digits of the year, no check digit. Only in one piece.
_FIFTEEN: Final = re.compile(
    r"(?<![0-9])(?=([1-9][0-9]{5}[0-9]{2}"
    r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3})(?![0-9]))"
)
#: Fast: is there anything that could be a number?
_MANY_DIGITS: Final = re.compile(rf"[0-9](?:{_GAP}[0-9]){{14}}")
#: Century, month, day.
_BORN: Final = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
#: Provinces (GB/T 2260), Taiwan, Hong Kong, Macao, and 91 to 99 for foreigners' cards.
_REGIONS: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-9]")
#: Characters of the shortest text that can hold a number.
SHORTEST: Final = 15
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_THIRTY: Final = frozenset({"04", "06", "09", "11"})
#: Born before this year is grown up. A case number of region, date and a running number looks like
#: an identity number; its date is that of the case.
_GROWN_UP: Final = "2010"


def find_id_number(text: str, *, identifier: bool = False) -> str | None:
    """The first ID-card number in a text, masked; None if there is none.

    Full-width digits count, and blanks, dots and dashes between the digits. A number that belongs
    to a longer row of digits does not.

    In an `identifier` (a case number, a key, an item code) only an 18-digit number of somebody
    born before 2010 counts: such numbers are often made of region, date and a running number.
    """
    return next((_hidden(digits) for _, digits in _found(text, identifier=identifier)), None)


def masked(text: str, *, identifier: bool = False) -> str:
    """The text with every ID-card number as `110***********123X`; see `find_id_number`."""
    found = list(_found(text, identifier=identifier))
    if not found:
        return text
    plain, parts, at = _plain(text), [], 0
    for (start, end), digits in found:
        if start >= at:
            parts += [plain[at:start], _hidden(digits)]
            at = end
    return "".join([*parts, plain[at:]])


def _found(text: str, *, identifier: bool = False) -> Iterator[tuple[tuple[int, int], str]]:
    """Place and digits of each number, from left to right."""
    if len(text) < SHORTEST:
        return
    plain = _plain(text)
    if _MANY_DIGITS.search(plain) is None:
        return
    places = [
        (found.span(1), re.sub(_GAP, "", found[1]))
        for shape in ((_EIGHTEEN,) if identifier else (_EIGHTEEN, _FIFTEEN))
        for found in shape.finditer(plain)
    ]
    for place, digits in sorted(places):
        if _valid(digits) and not (identifier and digits[6:10] >= _GROWN_UP):
            yield place, digits


def _plain(text: str) -> str:
    # Some full-width signs become two: places are those of this form, and so is what is masked.
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _born_then(region: str, born: str) -> bool:
    if not _REGIONS.match(region) or not _BORN.fullmatch(born):
        return False
    month, day = born[4:6], born[6:]
    return not ((day == "31" and month in _THIRTY) or (month == "02" and day > "29"))


def _valid(number: str) -> bool:
    if len(number) == 15:
        return _born_then(number[:6], f"19{number[6:12]}")
    if not _born_then(number[:6], number[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == number[17].upper()


def _hidden(number: str) -> str:
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
