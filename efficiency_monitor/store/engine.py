"""Engines and transactions: the settings without which SQLite loses updates silently.

Measured reasons stand in ADR 0006: `BEGIN IMMEDIATE` for every writer, `synchronous` FULL or
EXTRA, recursive triggers so that INSERT OR REPLACE cannot pass the append-only triggers, and no
WAL on SQLite versions with the WAL-reset fault.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from ..core.faults import ConfigurationError, EffmonError, Locked

BUSY_MILLISECONDS = 60_000
#: First SQLite release in which two writers cannot corrupt one WAL file.
WAL_SAFE = (3, 51, 3)


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite may be used in WAL mode by several processes."""
    return version >= WAL_SAFE


class Store:
    """One database and its two kinds of transaction."""

    def __init__(self, url: str) -> None:
        if not url.startswith("sqlite"):
            raise ConfigurationError(
                f"database {url.split(':', 1)[0]!r} is not supported yet",
                "use SQLite: leave EFFMON_DATABASE_URL unset",
            )
        self.url = url
        self.engine = _sqlite_engine(url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement; all or nothing."""
        with _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                _roll_back(connection)
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        with _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _roll_back(connection: Connection) -> None:
    # SQLite has rolled back by itself after "disk full"; a second ROLLBACK would hide that fault.
    raw: Any = connection.connection.dbapi_connection
    if raw is not None and raw.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


@contextmanager
def _translated() -> Iterator[None]:
    """Driver errors become faults with a hint, once and here."""
    try:
        yield
    except OperationalError as fault:
        text = str(fault.orig)
        if "locked" in text or "busy" in text:
            raise Locked(
                "another process holds the database", "try again when it has finished"
            ) from fault
        if "full" in text or "disk I/O" in text:
            error = EffmonError(
                f"the database could not be written: {text}",
                "free space on its disk; what was not committed will be done by the next scan",
            )
            error.exit_code = 70
            raise error from fault
        if "no such table" in text or "no such column" in text:
            raise ConfigurationError(
                f"the database does not have effmon's tables: {text}", "run: effmon init"
            ) from fault
        if "unable to open" in text or "readonly" in text:
            raise ConfigurationError(
                f"the database cannot be opened: {text}", "check the path and its permissions"
            ) from fault
        raise
    except DatabaseError as fault:
        if "not a database" in str(fault.orig) or "malformed" in str(fault.orig):
            raise ConfigurationError(
                f"the file is no intact SQLite database: {fault.orig}", "restore a backup"
            ) from fault
        raise


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    @event.listens_for(engine, "connect")
    def _settings(raw: sqlite3.Connection, _record: object) -> None:
        # The driver's own BEGIN comes too late to protect a read that precedes a write.
        raw.isolation_level = None
        cursor = raw.cursor()
        journal, synchronous = ("WAL", "FULL") if wal_is_safe() else ("DELETE", "EXTRA")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute(f"PRAGMA journal_mode={journal}")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA recursive_triggers=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.close()

    return engine
