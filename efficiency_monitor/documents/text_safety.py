"""Text from data made safe to print, to log and to open in a spreadsheet; names and numbers masked.

Data come from systems that nobody vouches for. A case name may hold a terminal escape, a bidi
control that turns a sentence round, or a formula. Nothing is dropped without a sign: what may not
be printed leaves a visible mark in its place.
"""

import re
import unicodedata
from typing import Final

#: Stands for a character that may not be printed.
MARK: Final = "\N{REPLACEMENT CHARACTER}"

#: Invisible although Unicode calls them letters or marks, so that `isprintable` lets them pass:
#: grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian and emoji variation selectors.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
#: An ideographic variation selector belongs to the rare form of a name's character.
_VARIANT: Final = range(0xE0100, 0xE01F0)


def safe(text: str) -> str:
    """The text as one printable line, in NFC: what a terminal, a log line or a cell may hold.

    A line break becomes ⏎; another control character of ASCII its picture (ESC ␛); C1 controls,
    bidi controls, zero-width and other invisible characters, private, unassigned and surrogate code
    points become U+FFFD. The result holds no line separator, so it never splits a log line.
    """
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text)
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    shown: list[str] = []
    for char in text.replace("\r\n", "\n"):
        shown.append(_printable(char, shown[-1] if shown else ""))
    return "".join(shown)


def _printable(char: str, before: str) -> str:
    code = ord(char)
    if code < 0x20:
        return "⏎" if char in "\n\r" else chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code in _VARIANT:
        return char if before and _ideograph(ord(before)) else MARK
    if _INVISIBLE.match(char):
        return MARK
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    # Planes 2 and 3 are set aside for ideographs: a rare name may be newer than this Python.
    return char if _ideograph(code) else MARK


def _ideograph(code: int) -> bool:
    if 0x20000 <= code <= 0x3FFFF:
        return code & 0xFFFF < 0xFFFE
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF


#: Full-width forms count, because spreadsheets read them as the ASCII sign.
_FORMULA_SIGNS: Final = "=+-@＝＋－＠"
_BLANK: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\x00]*")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may read the text as a formula (OWASP CSV injection, 2025).

    So it is when it begins with a tab or a line break, or when its first character after blanks
    and invisible characters is one of `= + - @` or their full-width forms.
    """
    if text[:1] in ("\t", "\r", "\n"):
        return True
    blank = _BLANK.match(text)
    return text[blank.end() if blank else 0 :][:1] in tuple(_FORMULA_SIGNS)


#: Where a spreadsheet of a country that separates by semicolons would begin another cell.
_NEXT_CELL: Final = re.compile(rf"(;\s*)(?=[{re.escape(_FORMULA_SIGNS)}])")


def safe_cell(text: str) -> str:
    """The text for a CSV cell: safe to print, and with a leading apostrophe if it is a formula.

    So it is after a semicolon within it, which separates cells in the spreadsheets of some
    countries.
    """
    shown = safe(text)
    if ";" in shown:
        shown = _NEXT_CELL.sub(r"\1'", shown)
    return f"'{shown}" if is_formula(text) else shown


#: 复姓, so that 欧阳震华 becomes 欧阳** and not 欧***.
_DOUBLE_SURNAMES: Final = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶"
        "太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良"
        "漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生公户公玉梁丘左丘东门"
        "西门第五纳兰叶赫完颜耶律",
    )
)


def mask_name(name: str) -> str:
    """A natural person's name with the given name hidden: 张*, 欧阳**; `J*** S****`.

    A double surname is kept whole when a given name follows it. Of a name in other writing the
    first letter of each part stays. A name of one character is hidden whole.
    """
    name = safe(name.strip())
    if len(name) < 2:
        return "*" * len(name)
    if _ideograph(ord(name[0])) and not re.search(r"[\s·•・.-]", name):
        kept = 2 if len(name) > 2 and name[:2] in _DOUBLE_SURNAMES else 1
        return name[:kept] + "*" * (len(name) - kept)
    parts = re.split(r"([\s·•・.-]+)", name)
    # A part of one letter is an initial: it says no more than what stays of a longer one.
    return "".join(
        part if place % 2 else part[:1] + "*" * (len(part) - 1) for place, part in enumerate(parts)
    )


def mask_phone(phone: str) -> str:
    """A telephone number: `138****1234`; of any other only the last four digits stay."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    if len(digits) == 13 and digits.startswith("861"):
        digits = digits[2:]
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    if len(digits) < 7:
        return "*" * len(phone)
    return "*" * (len(digits) - 4) + digits[-4:]


def mask_id(number: str) -> str:
    """An identity number: `110***********123X` (GB 11643), 15 digits alike.

    Of any other document the first character and the last two stay; a short one is hidden whole.
    """
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", number))
    if re.fullmatch(r"\d{17}[\dXx]|\d{15}", number):
        return number[:3] + "*" * (len(number) - 7) + number[-4:]
    number = safe(number)
    if len(number) < 8:
        return "*" * len(number)
    return number[:1] + "*" * (len(number) - 3) + number[-2:]
