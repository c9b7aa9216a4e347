"""Statements are compiled once a process, not once a workspace.

SQLAlchemy keeps what it has compiled with each engine. A test opens an engine of its own, so that
most of its seconds went into compiling the same two hundred statements again. What is compiled for
SQLite depends on the dialect's class alone: one cache serves all engines of a process.
"""

from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache


def share() -> None:
    """Let the SQLite engines that this process makes from now on share one cache."""
    shared: LRUCache[Any, Any] = LRUCache(5000)
    own = "_own_compiled_cache"

    def kept(engine: Engine) -> Any:
        is_sqlite = isinstance(engine.dialect, SQLiteDialect_pysqlite)
        return shared if is_sqlite else engine.__dict__.get(own)

    def keep(engine: Engine, cache: Any) -> None:
        engine.__dict__[own] = cache

    # A compiled statement is looked up by its dialect, which is equal to another of its class.
    SQLiteDialect_pysqlite.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    Engine._compiled_cache = property(kept, keep)  # type: ignore[assignment]
