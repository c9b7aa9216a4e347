"""What somebody may change past effmon without being found, each with the reason."""

from typing import Final

_ROW: Final = "a number of the row, to which nothing refers"
_CASE: Final = (
    "written anew by each scan; `effmon scan --dry-run` judges every case from its events"
)
_CLOCK: Final = (
    "of a clock that wakes no case; of others the case remembers how many there are, and when"
)
_NEXT: Final = (
    "says what the round does next; what it did is held by notices and by entries card.escalated"
)
_DEADLINE: Final = "counted from the delivery of notices, whose instants are held"
_TRY: Final = "how delivery goes on; what it came to is held once the notice is sent"
_ATTEMPT: Final = "what a robot's limit counts; what was sent is held by the notices"
_TURN: Final = "who works just now; it is given back"
_RUN: Final = "what runs; what a slot came to stands in scan.done, scan.failed, slot.skipped"
_CURSOR: Final = "how far a source was read; reading it again changes nothing"
_REFUSED: Final = "rows that were not taken; import.done says how many, the source still has them"
_MEMORY: Final = "bookkeeping of imports: which version of a row was taken last"
_TALLY: Final = "what tallies are counted by; scans find it again from the cases' events"
_TRIAL: Final = "what a rule on trial would have given; it gives no card"
_META: Final = (
    "settings of the moment; how far rows are held is found by the spans, what a scan last saw "
    "of the catalogue by entries catalogue.changed"
)


def _all(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


#: By table, the columns in which a change goes unseen.
UNSEEN: Final[dict[str, dict[str, str]]] = {
    "accountability": _all(_ROW, "id"),
    "appeal": _all("when it was told that it is overdue; the notice is held", "overdue_told_at"),
    "attempt": _all(_ATTEMPT, "id message_id channel counted_as at result notices detail"),
    "card": _all("under which calendar a scan last found it standing", "stood_under"),
    "case_file": _all(
        _CASE,
        "calendar changed item_code judged_as_of judged_stale open outcome revision"
        " troubles vanished_at clock_mark contested waits",
    ),
    "case_span": _all(
        _TALLY,
        "case_id department handler item_code region item_kind channel begun_at accepted_at"
        " finished_at last_at first_recorded_at last_recorded_at dated incomplete seen_at",
    ),
    "clock": _all(_CLOCK, "id case_id rule_id episode state calendar next_level limit_due_at"),
    "feed_cursor": _all(_CURSOR, "source table value"),
    "ladder_run": _all(
        _NEXT,
        "card_no ladder_id ladder_version ladder_digest chain began_at step turn round told_at"
        " delivered_at missed_at missed first_delivered_at reply_within reply_due_at"
        " unanswered_at acknowledged_at replied_at state ended_reason next_at",
    ),
    "lease": _all(_TURN, "name owner fence lease_until"),
    "meta": _all(_META, "name value"),
    "notice": _all(_TRY, "attempts first_attempt_at held held_at last_error next_attempt_at"),
    "personal_value": _all(_ROW, "id"),
    "quarantine": _all(
        _REFUSED,
        "id row_key import_id file sheet row column code message content mapping received_at state"
        " source",
    ),
    "row_version": _all(_MEMORY, "row_key case_id version content_digest"),
    "run": _all(
        _RUN,
        "job scheduled_for run_id state owner fence lease_until started_at finished_at totals"
        " message",
    ),
    "tally_touch": _all(_TALLY, "id what since until"),
    "trial_finding": _all(
        _TRIAL,
        "id case_id rule_id rule_version pack episode level limit_name limit_at fell_due_at as_of",
    ),
    "supervision_order": _all(_DEADLINE, "delivered_at overdue_told_at reply_due_at"),
}
#: Tables in which the prepared workspace has no row.
EMPTY: Final = frozenset({"lease", "row_version", "tally_touch", "trial_finding"})
#: Tables of which a row may be taken away unseen; and those into which one may be put.
NOT_MISSED: Final = frozenset(
    {"attempt", "case_span", "clock", "feed_cursor", "ladder_run", "lease", "meta", "quarantine"}
    | {"row_version", "run", "tally_touch", "trial_finding"}
)
#: A second head, or a salt of nothing, is read by nobody.
NOT_STRANGE: Final = NOT_MISSED | {"ledger_head", "text_salt"}
