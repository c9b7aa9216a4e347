"""All tables that a database has, in one place for migrations."""

from . import feed_tables, matter_tables
from .tables import metadata

__all__ = ["feed_tables", "matter_tables", "metadata"]
