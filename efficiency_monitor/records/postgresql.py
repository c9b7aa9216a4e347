"""PostgreSQL: one writer at a time, settings of each transaction, faults with their way out.

Everything is set with the transaction and ends with it (`SET LOCAL`, a lock of the transaction):
nothing is left on a connection that a pooler gives to somebody else. Reasons: ADR 0018.
"""

import logging
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from ..faults import ConfigurationError, EffmonError, Locked
from ..i18n.messages import t
from .postgresql_faults import fault_of

#: Oldest release that the project is tried on or promises to work on.
OLDEST = 140000
#: The table that every writer locks: that takes the right to change it, so no role but those that
#: may write can stand in their way. Readers are not held up.
WRITE_LOCK = "ledger_head"
#: While there are no tables yet: "effmon" in ASCII.
_FIRST_LOCK = 0x6566666D6F6E
_LOCK = (
    f"DO $$ BEGIN IF to_regclass('{WRITE_LOCK}') IS NULL THEN"
    f" PERFORM pg_advisory_xact_lock({_FIRST_LOCK}); END IF;"
    f" IF to_regclass('{WRITE_LOCK}') IS NOT NULL THEN"
    f" LOCK TABLE {WRITE_LOCK} IN EXCLUSIVE MODE; END IF; END $$"
)
#: Who holds it. The server tells a role the age and place of its own sessions only.
_HOLDER = (
    "SELECT a.usename, a.application_name, a.client_addr::text,"
    " floor(extract(epoch FROM clock_timestamp() - a.xact_start))::bigint"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ExclusiveLock'"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND l.relation = to_regclass('ledger_head')"
)
#: No single statement takes that long, unless the server is in trouble.
STATEMENT_MILLISECONDS = 600_000
#: A writer that was stopped in the middle loses its lock before those who wait give up.
IDLE_WRITER_MILLISECONDS = 45_000
IDLE_READER_MILLISECONDS = 600_000
#: Of the driver: a server that is gone is noticed within about a minute.
_CONNECT = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "effmon",
    "client_encoding": "utf8",
    # Statements that the driver prepares by itself belong to a connection; a pooler swaps those.
    "prepare_threshold": None,
}


# Of a connection that is lost the driver and the pool speak on stderr where nobody listens to them;
# what there is to say is the one line of our fault. A log that is open gets their lines.
for _speaker in ("psycopg", "sqlalchemy"):
    logging.getLogger(_speaker).addHandler(logging.NullHandler())


class Postgresql:
    """A database on a server."""

    name = "postgresql"

    def __init__(self, url: str, patience: int) -> None:
        parsed = parsed_url(url)
        try:
            self.engine = create_engine(
                parsed,
                connect_args={key: _CONNECT[key] for key in _CONNECT if key not in parsed.query},
                pool_pre_ping=True,
                hide_parameters=True,
            )
        except ModuleNotFoundError:
            raise ConfigurationError(
                t("psycopg, PostgreSQL's driver, is missing"),
                t("install the extra postgres (deploy/README.md)"),
            ) from None
        self._writes = self.engine.execution_options(
            isolation_level="READ COMMITTED", postgresql_readonly=False
        )
        self._reads = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        common = (
            f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS};"
            "SET LOCAL timezone = 'UTC';"
            f"SET LOCAL lock_timeout = {patience};"
        )
        self._begins = {
            True: common + "SET LOCAL synchronous_commit = on;"
            f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_WRITER_MILLISECONDS};" + _LOCK,
            False: common
            + f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_READER_MILLISECONDS}",
        }

    def connect(self, *, writes: bool) -> Connection:
        """A connection on which no transaction is open."""
        return (self._writes if writes else self._reads).connect()

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """A writer waits for the one before it; what it reads then is what that one committed."""
        try:
            connection.exec_driver_sql(self._begins[writes])
        except DBAPIError as fault:
            if not writes or getattr(fault.orig, "sqlstate", None) != "55P03":
                raise
            connection.rollback()
            held = holder(connection)
            connection.rollback()
            raise Locked(
                t(
                    "another process writes to the database and does not come to an end: {value}",
                    value=held or "it ended just now",
                    value_2=held or "占用者刚刚结束",
                ),
                t(
                    "try again when it has finished; one that hangs is ended by the administrator "
                    "(pg_terminate_backend)"
                ),
            ) from None

    def commit(self, connection: Connection) -> None:
        """Make durable what was written."""
        raw: Any = connection.connection.dbapi_connection
        if raw.info.transaction_status == raw.info.transaction_status.INERROR:
            # The server answers such a COMMIT with a rollback, and with no error.
            raise RuntimeError("a statement failed and its transaction was to be committed")
        connection.exec_driver_sql("COMMIT")

    def roll_back(self, connection: Connection) -> None:
        """Take back what was written."""
        connection.rollback()

    def clock(self, connection: Connection) -> int | None:
        """The server's clock, UTC epoch seconds."""
        asked = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"
        found: Any = connection.exec_driver_sql(asked).scalar_one()
        return int(found)

    def fault_of(self, fault: DBAPIError, *, committing: bool) -> EffmonError | None:
        """What the operator can do about a driver's error; None where it is ours to mend."""
        return fault_of(fault, user=self.engine.url.username, committing=committing)


def holder(connection: Connection) -> str:
    """Who holds the write lock, from where and for how long; empty where nobody does."""
    found = connection.exec_driver_sql(_HOLDER).first()
    if found is None:
        return ""
    user, program, host, seconds = found
    zh = en = f"{user or '?'}, {program or '?'}, {host or t('local')}"
    if seconds is None:
        return t("{en}, for a time that this role is not shown", en=en, zh=zh)
    return t("{en}, for {seconds} s", en=en, seconds=seconds, zh=zh)


def parsed_url(url: str) -> URL:
    """The URL taken apart. No part of one that cannot be is shown: it may be of the password."""
    hint = t(
        "write postgresql+psycopg://user:password@host/database; an @ in the password as %40, a : "
        "as %3A"
    )
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: what stands for the port is no number
        found = None
    # An @ of the password that was not escaped makes its rest pass for the host.
    if found is None or "@" in f"{found.host or ''}{found.database or ''}" or not found.database:
        raise ConfigurationError(t("the database's URL cannot be understood"), hint)
    driver = found.drivername.partition("+")[2]
    if driver not in ("", "psycopg"):
        raise ConfigurationError(
            t("the driver {driver!r} is not supported", driver=driver[:40]), hint
        )
    return found.set(drivername="postgresql+psycopg")
