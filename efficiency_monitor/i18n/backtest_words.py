"""The words of a back-test, in both languages: what became of a card, what is counted."""

from collections.abc import Mapping
from typing import Final

from efficiency_monitor.i18n.messages import mark

CHANGES: Final[Mapping[str, str]] = {
    "new": mark("new"),
    "gone": mark("gone"),
    "earlier": mark("earlier"),
    "later": mark("later"),
    "same": mark("the same"),
}
COUNTS: Final[Mapping[str, str]] = {
    "before": mark("Before", ctx="counts"),
    "after": mark("After", ctx="counts"),
    "new": mark("New", ctx="counts"),
    "gone": mark("Gone"),
    "earlier": mark("Earlier"),
    "later": mark("Later"),
    "same": mark("Same"),
    "moved_in": mark("Moved in"),
    "moved_out": mark("Moved out"),
}
