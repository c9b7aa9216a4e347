"""All tables that a database has, in one place for migrations."""

from . import (
    change_tables,
    checkpoint_tables,
    feed_tables,
    lease_table,
    matter_tables,
    operation_tables,
    personal_tables,
    tally_tables,
)
from .tables import metadata

__all__ = [
    "change_tables",
    "checkpoint_tables",
    "feed_tables",
    "lease_table",
    "matter_tables",
    "metadata",
    "operation_tables",
    "personal_tables",
    "tally_tables",
]
