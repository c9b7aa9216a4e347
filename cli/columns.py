"""The columns of what is listed, in both languages; low priorities go first on narrow screens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded, say_value
from efficiency_monitor.i18n.act_words import say_account_status
from efficiency_monitor.i18n.language import (
    say_amount,
    say_item_kind,
    say_level,
    say_lift_reason,
    say_local,
    say_outcome,
    say_reason,
    say_state,
    say_unit,
)
from efficiency_monitor.i18n.messages import mark, t

from .account_view import exact, worked
from .notice_words import say_kind, say_subject
from .tally_view import SUBJECT


def _reasons(reasons: list[str]) -> str:
    return t(", ").join(say_reason(reason) for reason in reasons)


def _ledger_reason(reason: str | Mapping[str, str]) -> str:
    """Why a card was lifted; of what a person wrote the ledger has the digest only."""
    if isinstance(reason, str):
        return say_lift_reason(reason)
    if "sha256" in reason:  # of entries of before there were salts
        return f"SHA-256 {reason['sha256'][:12]}…"
    if "commitment" in reason:
        return t("commitment {commitment}…", commitment=reason["commitment"][:12])
    return say_value(reason)


def _mark(word: str) -> Callable[[Any], str]:
    """`say` for a column that marks what stands out, and leaves the rest empty."""
    return lambda found: t(word) if found else ""


def say_held(why: str) -> str:
    """Why a notice waits although its time has come."""
    kind, _, what = why.partition(":")
    words = coded(_HELD)(kind)
    return f"{words} {what}" if kind == "silence" else words


NOTICE_STATES = {
    "pending": mark("pending"),
    "sent": mark("sent"),
    "dead": mark("dead"),
    "void": mark("void"),
}
_HELD = {
    "quiet": mark("outside the recipient's hours"),
    "silence": mark("silence"),
    "rate": mark("rate limit"),
    "receiver": mark("receiver fails"),
}
_PARTS = {"held": mark("the case's"), "organ": mark("the organ's own")}
_FEED_STATES = {
    "running": mark("running"),
    "done": mark("done"),
    "idle": mark("nothing new"),
    "importing": mark("importing", ctx="feed states"),
    "half": mark("half imported"),
    "failed": mark("failed"),
}
_FEED_KINDS = {"pull": mark("pull"), "import": mark("import")}
_KINDS = {
    "weekday": mark("working day"),
    "weekend": mark("weekend", ctx="columns"),
    "day_off": mark("day off"),
    "make_up": mark("make-up day"),
}
CARDS = (
    Column("card_no", "Card", priority=1),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state, priority=2),
    Column("case_no", "Case"),
    Column("department", "Department", priority=2, least=8),
    Column("handler", "Handler", priority=3, least=6),
    Column("rule", "Rule", priority=3),
    Column("limit", "Limit", say=say_amount, priority=4),
    Column("elapsed", "Elapsed", say=say_amount, priority=4),
    Column("over", "Over", say=say_amount, priority=3),
    Column("fell_due_at", "Fell due", say=say_local, priority=2),
)


def of_cards(cards: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Columns of a list of cards: to whom they are given only where one is on no case."""
    if all(card["case_no"] is not None for card in cards):
        return CARDS
    place = [column.key for column in CARDS].index("case_no") + 1
    return (*CARDS[:place], SUBJECT, *CARDS[place:])


BY_HAND = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state),
    Column("lifted_reason", "Lifted for", say=say_lift_reason, priority=3),
    Column("issued_at", "Issued", say=say_local),
    Column("basis", "Basis", least=12),
)
CASES = (
    Column("case_no", "Case"),
    Column("item_name", "Item", priority=3, least=8),
    Column("item_kind", "Kind", say=say_item_kind, priority=4, ctx="cases"),
    Column("department", "Department", priority=2, least=8),
    Column("handler", "Handler", priority=3, least=6),
    Column("last_event", "Last event", priority=3),
    Column("last_at", "At", say=say_local, priority=4),
    Column("outcome", "Outcome", say=say_outcome, priority=2),
    Column("reasons", "Reason", say=_reasons, priority=2, least=6),
    Column("next_level", "Next", say=say_level, styles=LEVEL_STYLES, priority=2),
    Column("next_at", "Due", say=say_local),
)
VANISHED = (
    Column("case_no", "Case"),
    Column("source", "Source", priority=2),
    Column("vanished_at", "Missing since", say=say_local),
    *CASES[1:],
)
SOURCES = (
    Column("source", "Source"),
    Column("kind", "Kind", priority=3, ctx="sources"),
    Column("mapping", "Mapping", priority=4),
    Column("state", "Last run", say=coded(_FEED_STATES), priority=2),
    Column("data_as_of", "Data of", say=say_local),
    Column("fresh_until", "Fresh until", say=say_local, priority=2),
    Column("stale", "Stale"),
    Column("open_cases", "Open cases", right=True, priority=3),
    Column("vanished", "Vanished", right=True, priority=3),
    Column("message", "Message", priority=3, least=10),
)
FEED_RUNS = (
    Column("source", "Source"),
    Column("kind", "Kind", say=coded(_FEED_KINDS), priority=3, ctx="sources"),
    Column("started_at", "Started", say=say_local),
    Column("slot", "Slot", say=say_local, priority=4),
    Column("state", "State", say=coded(_FEED_STATES)),
    Column("totals.read", "Read", right=True),
    Column("totals.imported", "Imported", right=True, priority=2),
    Column("totals.unchanged", "Unchanged", right=True, priority=3),
    Column("totals.quarantined", "Quarantined", right=True, priority=2),
    Column("pages", "Pages", right=True, priority=4),
    Column("bytes", "Bytes", right=True, priority=4),
    Column("message", "Message", priority=3, least=10),
)
PULLS = (
    Column("source", "Source"),
    Column("state", "State", say=coded(_FEED_STATES)),
    Column("read", "Read", right=True),
    Column("imported", "Imported", right=True),
    Column("unchanged", "Unchanged", right=True, priority=2),
    Column("quarantined", "Quarantined", right=True),
    Column("pages", "Pages", right=True, priority=3),
    Column("bytes", "Bytes", right=True, priority=3),
    Column("data_as_of", "Data of", say=say_local, priority=2),
    Column("message", "Message", priority=2, least=10),
)
DUE = (
    Column("due", "Due", say=say_local, ctx="due"),
    Column("provisional", "Provisional"),
)
FORECAST = (
    Column("at", "Falls due", say=say_local),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("overdue", "Overdue", say=_mark(mark("overdue", ctx="forecast"))),
    Column("provisional", "Provisional", say=_mark("provisional")),
    Column("case_no", "Case"),
    Column("rule", "Rule", priority=3),
    Column("department", "Department", priority=2, least=8),
    Column("handler", "Handler", priority=3, least=6),
    Column("limit_due_at", "Limit ends", say=say_local, priority=4),
)
NOTICES = (
    Column("notice_id", "Notice", ctx="notices"),
    Column("kind", "Kind", say=say_kind, priority=2),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("subject", "About", say=say_subject, priority=2),
    Column("case_no", "Case", priority=3),
    Column("person_id", "Person", ctx="notices"),
    Column("channel", "Channel", priority=3),
    Column("state", "State", say=coded(NOTICE_STATES)),
    Column("held", "Held", say=say_held, priority=3, ctx="notices"),
    Column("attempts", "Tries", right=True, priority=4),
    Column("next_attempt_at", "Next", say=say_local, priority=3, ctx="notices"),
    Column("sent_at", "Sent", say=say_local, priority=3),
    Column("last_error", "Fault", priority=3, least=10),
)
ACCOUNTS = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("card_state", "Card state", say=say_state, priority=4),
    Column("case_no", "Case", priority=3),
    Column("department", "Department", least=8),
    Column("holder", "Holder", priority=2, least=6),
    Column("stage", "Stage", priority=3, least=6),
    Column("amount", "Held", say=exact, right=True),
    Column("over", "Of it over", say=exact, right=True, priority=2),
    Column("held_seconds", "Working time", say=worked, right=True, priority=4),
    Column("charged_seconds", "Charged", say=worked, right=True),
    Column("as_of", "As of", say=say_local, priority=4),
    Column("status", "Status", say=say_account_status, priority=2),
)
ACCOUNT_CLOCKS = (
    *ACCOUNTS[:2],
    Column("part", "Clock", say=coded(_PARTS)),
    *ACCOUNTS[2:],
)
ACCOUNT_EXPORT = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level),
    Column("card_state", "Card state", say=say_state),
    Column("case_no", "Case"),
    Column("rule", "Rule"),
    Column("fell_due_at", "Fell due", say=say_local),
    Column("part", "Clock", say=coded(_PARTS)),
    Column("department", "Department"),
    Column("stage", "Stage"),
    Column("holder", "Holder"),
    Column("since", "Since", say=say_local),
    Column("until", "Until", say=say_local),
    Column("amount.value", "Held", right=True),
    Column("over.value", "Of it over", right=True),
    Column("amount.unit", "Unit", say=say_unit),
    Column("held_seconds", "Working time (seconds)", right=True),
    Column("overrun_seconds", "Of it overrun (seconds)", right=True),
    Column("charged_seconds", "Charged (seconds)", right=True),
    Column("handler", "Handler"),
    Column("reviewer", "Reviewer"),
    Column("approver", "Approver"),
    Column("as_of", "As of", say=say_local),
    Column("status", "Status", say=say_account_status),
)
RUNS = (
    Column("job", "Job"),
    Column("slot", "Slot", say=say_local),
    Column("state", "State"),
    Column("totals.cases.total", "Cases", right=True, priority=2),
    Column("totals.cards.issued.red", "Red", right=True, priority=2),
    Column("totals.cards.issued.yellow", "Yellow", right=True, priority=2),
    Column("totals.cards.issued.warning", "Warning", right=True, priority=3),
    Column("started_at", "Started", say=say_local, priority=3),
    Column("finished_at", "Finished", say=say_local, priority=4),
    Column("message", "Message", priority=2, least=10),
)
QUARANTINE = (
    Column("id", "No.", right=True),
    Column("file", "File", least=8),
    Column("sheet", "Sheet", priority=4),
    Column("row", "Row", right=True),
    Column("column", "Column", priority=2, least=6),
    Column("code", "Code", priority=3),
    Column("message", "Reason", least=12),
)
LEDGER = (
    Column("seq", "No.", right=True, ctx="ledger"),
    Column("at", "At", say=say_local),
    Column("type", "Type", ctx="ledger"),
    Column("card", "Card", priority=2),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES, priority=3),
    Column("subject", "Subject", priority=2, least=10),
    Column("reason", "Reason", say=_ledger_reason, priority=3),
    Column("run", "Run", priority=4),
)
RULES = (
    Column("id", "Rule"),
    Column("version", "Version", right=True, priority=3),
    Column("pack", "Pack", priority=2),
    Column("title", "Title", least=12),
    Column("cards", "Cards", priority=2, least=12),
    Column("status", "Status", priority=3, ctx="rules"),
    Column("in_force", "In force", priority=4),
)
LADDER_EXAMPLES = (
    Column("ladder", "Ladder"),
    Column("level", "Level", say=say_level, priority=2),
    Column("example", "Example", least=16),
    Column("wanted", "Wanted", least=20),
    Column("found", "Found", least=20),
)
CALENDARS = (
    Column("id", "Calendar"),
    Column("zone", "Zone", priority=2),
    Column("from", "From", ctx="calendars"),
    Column("to", "To", ctx="calendars"),
    Column("notices", "Notices", right=True, priority=3, ctx="calendars"),
    Column("provisional", "Provisional", priority=2),
    Column("version", "Version", priority=4, least=12),
)
DAYS = (
    Column("date", "Date"),
    Column("kind", "Kind", say=coded(_KINDS)),
    Column("hours", "Hours", priority=2),
    Column("name", "Name"),
    Column("notice", "Notice", priority=2, least=10),
    Column("provisional", "Provisional", priority=3),
)
LACKS = (
    Column("place", "Place", least=16),
    Column("what", "What", least=16, ctx="lacks"),
    Column("hint", "Hint", least=16),
)
EXAMPLES = (
    Column("rule", "Rule"),
    Column("level", "Level", say=say_level, priority=2),
    Column("kind", "Kind", priority=2),
    Column("example", "Example", least=16),
    Column("as_of", "As of", priority=2, ctx="examples"),
    Column("wanted", "Wanted"),
    Column("found", "Found"),
)
