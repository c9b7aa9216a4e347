"""The words of a back-test, in both languages: what became of a card, what is counted."""

from collections.abc import Mapping
from typing import Final

CHANGES: Final[Mapping[str, tuple[str, str]]] = {
    "new": ("新增", "new"),
    "gone": ("消失", "gone"),
    "earlier": ("提前", "earlier"),
    "later": ("推后", "later"),
    "same": ("不变", "the same"),
}
COUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "before": ("原有", "Before"),
    "after": ("新规则", "After"),
    "new": ("新增", "New"),
    "gone": ("消失", "Gone"),
    "earlier": ("提前", "Earlier"),
    "later": ("推后", "Later"),
    "same": ("不变", "Same"),
    "moved_in": ("移入期间", "Moved in"),
    "moved_out": ("移出期间", "Moved out"),
}
