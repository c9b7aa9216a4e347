"""SQLite: the settings without which it loses updates silently.

Measured reasons stand in ADR 0006: `BEGIN IMMEDIATE` for every writer, `synchronous` FULL or
EXTRA, recursive triggers so that INSERT OR REPLACE cannot pass the append-only triggers, and no
WAL on SQLite versions with the WAL-reset fault.
"""

import sqlite3
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from ..faults import ConfigurationError, EffmonError, Locked

#: First SQLite release in which two writers cannot corrupt one WAL file.
WAL_SAFE = (3, 51, 3)


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite may be used in WAL mode by several processes."""
    return version >= WAL_SAFE


class Sqlite:
    """A database in one file."""

    name = "sqlite"

    def __init__(self, url: str, patience: int) -> None:
        self.engine = create_engine(
            url, connect_args={"timeout": patience / 1000}, hide_parameters=True
        )

        @event.listens_for(self.engine, "connect")
        def _settings(raw: sqlite3.Connection, _record: object) -> None:
            # The driver's own BEGIN comes too late to protect a read that precedes a write.
            raw.isolation_level = None
            cursor = raw.cursor()
            journal, synchronous = ("WAL", "FULL") if wal_is_safe() else ("DELETE", "EXTRA")
            cursor.execute(f"PRAGMA busy_timeout={patience}")
            cursor.execute(f"PRAGMA journal_mode={journal}")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA recursive_triggers=ON")
            cursor.execute("PRAGMA trusted_schema=OFF")
            cursor.close()

    def connect(self, *, writes: bool) -> Connection:
        """A connection on which no transaction is open."""
        return self.engine.connect()

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """A writer holds the lock from its first statement."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def commit(self, connection: Connection) -> None:
        """Make durable what was written."""
        connection.exec_driver_sql("COMMIT")

    def roll_back(self, connection: Connection) -> None:
        """Take back what was written."""
        # SQLite has rolled back by itself after "disk full"; a second ROLLBACK would hide that.
        raw: Any = connection.connection.dbapi_connection
        if raw is not None and raw.in_transaction:
            connection.exec_driver_sql("ROLLBACK")

    def clock(self, connection: Connection) -> int | None:
        """None: the database has no clock of its own."""
        return None

    def fault_of(self, fault: DBAPIError, *, committing: bool) -> EffmonError | None:
        """What the operator can do about a driver's error; None where it is ours to mend."""
        text = str(fault.orig)
        if not isinstance(fault, OperationalError):
            if "not a database" in text or "malformed" in text:
                return ConfigurationError(
                    f"the file is no intact SQLite database: {text}", "restore a backup"
                )
            return None
        if "locked" in text or "busy" in text:
            return Locked("another process holds the database", "try again when it has finished")
        if "full" in text or "disk I/O" in text:
            error = EffmonError(
                f"the database could not be written: {text}",
                "free space on its disk; what was not committed will be done by the next scan",
            )
            error.exit_code = 70
            return error
        if "no such table" in text or "no such column" in text:
            return ConfigurationError(
                f"the database does not have effmon's tables: {text}", "run: effmon init"
            )
        if "unable to open" in text or "readonly" in text:
            return ConfigurationError(
                f"the database cannot be opened: {text}", "check the path and its permissions"
            )
        return None
