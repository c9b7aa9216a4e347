"""Three hundred texts that a spreadsheet, a terminal, a chat or a log would obey."""

import re
from itertools import product

from ..terminal.hostile import NASTY

_SIGNS = "=+-@＝＋－＠"
_BEFORE = ("", " ", "\t", "\r", "\n", "\u3000", "\xa0", "\ufeff", "\u200b", "  \n ", "\x0b")
_BODIES = (
    "1+1",
    "cmd|'/C calc'!A0",
    'HYPERLINK("http://x","点")',
    "SUM(A1:A9)",
)
FORMULAS = tuple(b + s + body for b, s, body in product(_BEFORE, _SIGNS, _BODIES))[:240]
STEERING = (
    *(text for text in NASTY if not re.search("[\ud800-\udfff]", text)),
    "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\点\x1b]8;;\x1b\\", "\x1bP+q544e\x1b\\",
    "\x1b[?1049h", "\x1b[6n", "\x1b[5i", "\x1bc", "\x9b2J", "\x9d0;t\x9c", "\x1b[8m藏\x1b[0m",
    "\rERASED", "\x08" * 9, "\x0c", "\x85", "\u2028", "\u2029", "\u061c", "\u200e", "\u200f",
    "\u202a", "\u202b", "\u202d", "\u2066a", "\u2067a", "\u2068a", "\u00ad", "\u034f", "\u115f",
    "\u3164", "\ufeff", "\U000e0041", "[bold red]已撤销[/]", "[/]", "[red",
    "[link=http://x]y[/link]", "[@click=app.bell]x[/]", ":bomb:",
    "{0.__class__}", "%s%n", "${jndi:ldap://x}", "`id`", "$(id)", "'; DROP TABLE card;--",
    "<script>alert(1)</script>", "<@all>", "@所有人", "[点](http://x)", "![](http://x)",
    "一行\n{\"level\": \"info\", \"message\": \"forged\"}", "a;=1+1", 'a","=1+1', "x" * 5_000,
)  # fmt: skip
PAYLOADS = (*FORMULAS, *STEERING)[:300]
_FORMULA = re.compile(rf"^[\s\x00\u200b-\u200f\u2060\ufeff]*[{re.escape(_SIGNS)}]|^[\t\r\n]")
#: What a terminal obeys, and what turns a line round or is not seen.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\U000e0000-\U000e007f]"
)


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may read the cell as a formula."""
    return _FORMULA.search(cell) is not None
