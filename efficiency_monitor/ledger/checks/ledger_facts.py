"""The natural key under which a fact is entered once, made again from what its entry says.

The column stands beside the entry and no tree vouches for it; entries are looked up by it.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..model.entries import EntryType

#: First word of a key, where it is not the entry's type.
_WORDS: Final[Mapping[str, str]] = {
    EntryType.ACCOUNTABILITY_RECORDED: "accountability",
    EntryType.CHANGE_APPROVED: "change.ended",
    EntryType.CHANGE_WITHDRAWN: "change.ended",
}
#: Fields of an entry that make up its key, after its type.
_OF: Final[Mapping[str, tuple[str, ...]]] = {
    EntryType.CARD_ISSUED: ("card",),
    EntryType.CARD_LIFTED: ("card",),
    EntryType.CARD_SUPERSEDED: ("card", "by"),
    EntryType.NOTICE_SENT: ("notice",),
    EntryType.NOTICE_VOID: ("notice",),
    EntryType.SILENCE_ADDED: ("silence",),
    EntryType.SILENCE_ENDED: ("silence",),
    EntryType.APPEAL_SETTLED: ("appeal",),
    EntryType.ALARM_RAISED: ("alarm",),
    EntryType.ALARM_ENDED: ("alarm",),
    EntryType.ACCOUNTABILITY_VERIFIED: ("card",),
    EntryType.ACCOUNTABILITY_MEASURE: ("card", "measure"),
    EntryType.ACCOUNTABILITY_EXEMPTED: ("card",),
    EntryType.KEY_ENROLLED: ("key",),
    EntryType.KEY_REVOKED: ("key",),
    EntryType.IMPORT_BEGUN: ("import",),
    EntryType.IMPORT_DONE: ("import",),
    EntryType.SCAN_DONE: ("run",),
    EntryType.CLOCK_JUMP: ("after",),
    EntryType.CLOCK_REPAIRED: ("after", "round"),
    EntryType.CHECKPOINT_MADE: ("origin", "size", "key"),
    EntryType.CHANGE_PROPOSED: ("change",),
    EntryType.CHANGE_APPROVED: ("change",),
    EntryType.CHANGE_WITHDRAWN: ("change",),
    EntryType.DATA_UNMASKED: ("seq",),
    EntryType.DATA_ERASED: ("seq",),
}
#: What of the others stands in their key first, after its first word.
_BEGINS: Final[Mapping[str, tuple[str, ...]]] = {
    EntryType.ROTATION_FOUND: ("slot",),
    EntryType.ROTATION_DONE: ("slot",),
    EntryType.CARD_ACKNOWLEDGED: ("card",),
    EntryType.CARD_REPLIED: ("card",),
    EntryType.CARD_CONFIRMED: ("card",),
    EntryType.CARD_CLOSED: ("card",),
    EntryType.CARD_REVIVED: ("card",),
    EntryType.NOTICE_DEAD: ("notice",),
    EntryType.NOTICE_UNCERTAIN: ("notice",),
    EntryType.NOTICE_RETRIED: ("notice",),
    EntryType.ORDER_OPENED: ("order",),
    EntryType.ORDER_REPLIED: ("order",),
    EntryType.ORDER_RETURNED: ("order",),
    EntryType.ORDER_CLOSED: ("order",),
    EntryType.APPEAL_FILED: ("appeal",),
    EntryType.APPEAL_REFERRED: ("appeal",),
    EntryType.APPEAL_RETURNED: ("appeal",),
    EntryType.APPEAL_UPHELD: ("appeal",),
    EntryType.ACCOUNTABILITY_RECORDED: ("card",),
    EntryType.ACCOUNTABILITY_EXEMPTION_ASKED: ("card",),
    EntryType.FEED_PULLED: ("run",),
    EntryType.FEED_FAILED: ("run",),
    EntryType.CLOCKS_RESTORED: ("run",),
}


def fits(fact: object, entry: Mapping[str, Any]) -> bool:
    """Whether a row's key can be that of its entry: whole where the entry says all of it.

    Of sorts that are not listed nothing is asked here: nobody looks them up, and spans of rows hold
    their keys too.
    """
    kind = str(entry["type"])
    exact = _OF.get(kind)
    names = _BEGINS.get(kind) if exact is None else exact
    if names is None:
        return True
    made = "/".join([_WORDS.get(kind, kind), *(str(entry.get(name)) for name in names)])
    return isinstance(fact, str) and (
        fact == made or (exact is None and fact.startswith(f"{made}/"))
    )
