"""All tables that a database has, in one place for migrations."""

from . import (
    checkpoint_tables,
    feed_tables,
    matter_tables,
    personal_tables,
)
from .tables import metadata

__all__ = [
    "checkpoint_tables",
    "feed_tables",
    "matter_tables",
    "metadata",
    "personal_tables",
]
