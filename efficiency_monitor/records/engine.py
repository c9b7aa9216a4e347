"""One database and its two kinds of transaction, on SQLite and on PostgreSQL.

There is one writer at a time on both: what a writer reads is what was last committed, and stays so
until it commits. What each engine needs for that stands in its own module.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ..faults import ConfigurationError
from ..i18n.messages import t
from .sqlite import Sqlite

if TYPE_CHECKING:
    from .postgresql import Postgresql

#: How long a transaction waits for a lock that another one holds.
BUSY_MILLISECONDS = 60_000


class Store:
    """One database and its two kinds of transaction."""

    def __init__(self, url: str, *, patience: int | None = None) -> None:
        """Nothing is connected yet. `url` may hold a password: it is shown to nobody.

        `patience` is how many milliseconds a transaction waits for another's lock, where it is
        not to be `BUSY_MILLISECONDS`.
        """
        self._database = _database(url, BUSY_MILLISECONDS if patience is None else patience)
        self._guard: Callable[[Connection], None] | None = None
        self._masked: bool | None = None

    def guarded_by(self, check: Callable[[Connection], None]) -> None:
        """Let every writing transaction begin with this check; what it raises ends it."""
        self._guard = check

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which engine it is."""
        return "sqlite" if self._database.name == "sqlite" else "postgresql"

    @property
    def masked(self) -> bool:
        """Whether this is an auditor's role, which only reads and is not shown what is personal."""
        if self._masked is None:
            if self.dialect == "sqlite":
                self._masked = False
            else:
                from .auditor_views import masked

                with self.reading() as connection:
                    self._masked = masked(connection)
        return self._masked

    def ensure_unmasked(self) -> None:
        """ConfigurationError for an auditor's role: what needs all that is stored, or writes."""
        if self.masked:
            raise ConfigurationError(
                t(
                    "database role {role} only reads, and is not shown what is personal",
                    role=self.role,
                ),
                t("give the command as the role that runs effmon"),
            )

    @property
    def role(self) -> str:
        """Role as which the database is used; empty on SQLite, and where the URL names none."""
        return self.engine.url.username or ""

    @property
    def engine(self) -> Engine:
        """The engine with its pool. Transactions are opened by `writing` and `reading` alone."""
        return self._database.engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement; all or nothing.

        Locked where another writer does not come to an end. Disconnected where the connection is
        lost; if it was lost while committing, nobody knows whether it was written.
        ConfigurationError for an auditor's role.
        """
        self.ensure_unmasked()
        database = self._database
        with self._translated(), database.connect(writes=True) as connection:
            database.begin(connection, writes=True)
            try:
                if self._guard is not None:
                    self._guard(connection)
                yield connection
            except BaseException:
                # Why it is taken back must not be hidden by a connection that is gone by then.
                with suppress(DBAPIError):
                    database.roll_back(connection)
                raise
            with self._translated(committing=True):
                database.commit(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        database = self._database
        with self._translated(), database.connect(writes=False) as connection:
            database.begin(connection, writes=False)
            try:
                yield connection
            finally:
                database.roll_back(connection)

    def clock(self, connection: Connection) -> int | None:
        """The database's own clock, UTC epoch seconds; None on SQLite, which has none.

        The same for all processes that share the database, whatever their machines' clocks say.
        """
        return self._database.clock(connection)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _translated(self, *, committing: bool = False) -> Iterator[None]:
        """Driver errors become faults with a hint, once and here."""
        try:
            yield
        except DBAPIError as fault:
            error = self._database.fault_of(fault, committing=committing)
            if error is None:
                raise
            raise error from fault


def _database(url: str, patience: int) -> "Sqlite | Postgresql":
    name = url.partition(":")[0]
    if name == "sqlite":
        return Sqlite(url, patience)
    if name.partition("+")[0] in ("postgresql", "postgres"):
        from .postgresql import Postgresql

        return Postgresql(url, patience)
    raise ConfigurationError(
        f"database {name[:40]!r} is not supported",
        "use SQLite (leave EFFMON_DATABASE_URL unset) or postgresql+psycopg://…",
    )
