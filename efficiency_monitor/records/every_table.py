"""All tables that a database has, in one place for migrations, and which of them only grow."""

from typing import Final

from . import (
    change_tables,
    checkpoint_tables,
    evidence_tables,
    feed_tables,
    handover_table,
    lease_table,
    matter_tables,
    operation_tables,
    personal_tables,
    set_aside_table,
    tally_tables,
)
from .tables import metadata

#: What was received, issued, decided and recorded: rows are added, never changed or taken away.
APPEND_ONLY: Final = (
    "account_entry",
    "appeal_entry",
    "approval",
    "card_entry",
    "card_sum",
    "case_fact",
    "change_end",
    "change_proposal",
    "checkpoint",
    "command_record",
    "disclosure",
    "erased_case",
    "erased_person",
    "erasure",
    "event",
    "event_withdrawal",
    "evidence_decision",
    "evidence_seen",
    "item_fact",
    "kept_text",
    "ledger_entry",
    "order_entry",
    "person_key_entry",
    "set_aside",
    "settings_in_force",
    "source_handover",
    "text_use",
    "waiting_event",
)

__all__ = [
    "APPEND_ONLY",
    "change_tables",
    "checkpoint_tables",
    "evidence_tables",
    "feed_tables",
    "handover_table",
    "lease_table",
    "matter_tables",
    "metadata",
    "operation_tables",
    "personal_tables",
    "set_aside_table",
    "tally_tables",
]
