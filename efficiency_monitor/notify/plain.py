"""Text of unknown origin made harmless for a terminal, a file and a chat."""

import re
import unicodedata
from typing import Final

#: Stands for a character that may not be shown: nothing disappears without a sign.
MARK: Final = "\N{REPLACEMENT CHARACTER}"
LINE_BREAK: Final = "⏎"

#: Printable to Python and seen by nobody: joiner, fillers, inherent vowels, Mongolian selectors.
#: The selectors that choose a form of an ideograph or of a sign stay.
_UNSEEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0]")

_BREAKS: Final = str.maketrans({"\n": LINE_BREAK, "\r": LINE_BREAK, "\t": " "})


def plain(text: str) -> str:
    """The text without terminal escapes, bidi controls, invisible or surrogate characters.

    Line feeds stay, tabs become spaces, carriage returns go; each other character that cannot be
    printed becomes U+FFFD.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if text.replace("\n", "").isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(char if char == "\n" or _shown(char) else MARK for char in text)


def plain_line(text: str, *, longest: int) -> str:
    """As `plain`, on one line of at most `longest` characters: a line break becomes ⏎."""
    text = plain(text.replace("\r\n", "\n").translate(_BREAKS).strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _shown(char: str) -> bool:
    if _UNSEEN.match(char):
        return False
    # Planes 2 and 3 hold ideographs only: a rare name may be newer than this Python's tables.
    if char.isprintable() or 0x20000 <= ord(char) <= 0x3FFFD:
        return True
    return unicodedata.category(char) == "Zs"
