"""A source that is a database: rows of a view or a query, read-only, as JSON Lines in the spool.

Read-only is the database's own promise, not ours: SQLite opens the file so, the others are told
`SET TRANSACTION READ ONLY` and refuse what writes. A database that cannot promise it is not read.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, bindparam, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.types import NullType

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.workspace.source_settings import Since, SqlSection, is_view

from .spool import BeyondBound, Spool

#: Rows taken from the database at a time.
BATCH: Final = 1000
#: A value of SQLite that is longer ends the pull: a row of that size cannot be taken anyway.
MOST_VALUE_BYTES: Final = 16_000_000
#: PostgreSQL's server has so many seconds to let us in, each of its addresses for itself.
MOST_CONNECT_SECONDS: Final = 60
#: SQLite asks so often, in steps of its machine, whether to go on.
_STEPS: Final = 20_000
Progress = Callable[[int], None]


def fetch(
    source: str,
    section: SqlSection,
    url: SecretStr,
    spool: Spool,
    *,
    since: Mapping[str, str],
    monotonic: Callable[[], float],
    progress: Progress | None,
) -> None:
    """Fetch every table that the spool does not hold yet; FeedFailed with one line."""
    end = monotonic() + section.deadline_seconds

    def left() -> float:
        remaining = end - monotonic()
        if remaining <= 0:
            raise FeedFailed(
                t(
                    "source {source}: not read within {deadline_seconds} s",
                    source=source,
                    deadline_seconds=section.deadline_seconds,
                ),
                t("index the column of `since`, or raise deadline_seconds"),
            )
        return remaining

    secret = _parsed(source, section.url_env, url)
    with _translated(source, secret), _engine(source, secret, left) as engine:
        for name, query in section.tables.items():
            if spool.table(name, f"{name}.jsonl").done:
                continue
            spool.restart(name)
            value = since.get(name)
            with engine.connect() as connection:
                _begin_reading(source, connection, left())
                rows = _rows(connection, query, section.since, value)
                _take(f"{source}/{name}", section, spool, name, rows, left, progress)


def _parsed(source: str, variable: str, url: SecretStr) -> URL:
    """The URL taken apart. No part of one that cannot be is shown: it may be of the password."""
    try:
        found = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):  # ValueError: what stands for the port is no number
        found = None
    if found is None or _torn(found):
        raise ConfigurationError(
            t(
                "source {source}: {variable} holds no SQLAlchemy URL",
                source=source,
                variable=variable,
            ),
            t(
                "write postgresql+psycopg://user:password@host/database; an @ in the password as "
                "%40, a : as %3A"
            ),
        )
    return found


def _torn(url: URL) -> bool:
    """Whether the password was cut at an @ of its own, so that its rest passes for the host."""
    rest = f"{url.host or ''}{url.database or ''}"
    return "@" in rest and url.get_backend_name() != "sqlite"


@contextmanager
def _engine(source: str, url: URL, left: Callable[[], float]) -> Iterator[Engine]:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine("sqlite://", creator=lambda: open_readonly(source, url, left))
        elif url.get_backend_name() == "postgresql":
            # Numbers inside of JSON columns would pass through floats.
            engine = create_engine(
                url,
                json_deserializer=partial(json.loads, parse_float=Decimal),
                # A server that accepts and says nothing: no statement's time limit ends that.
                connect_args={"connect_timeout": max(2, min(MOST_CONNECT_SECONDS, int(left())))},
            )
        else:
            engine = create_engine(url)
    except ModuleNotFoundError as fault:
        raise ConfigurationError(
            t(
                "source {source}: the driver {name} is not installed",
                source=source,
                name=fault.name,
            ),
            t("drivers of each database: docs/sources.md"),
        ) from None
    except (NoSuchModuleError, ArgumentError):
        raise ConfigurationError(
            t(
                "source {source}: no database dialect {drivername!r}",
                source=source,
                drivername=url.drivername,
            ),
            t("drivers of each database: docs/sources.md"),
        ) from None
    try:
        yield engine
    finally:
        engine.dispose()


def open_readonly(source: str, url: URL, left: Callable[[], float]) -> sqlite3.Connection:
    """An SQLite file that this connection cannot change; ConfigurationError if there is none."""
    path = Path(url.database or "")
    if not url.database or not path.is_file():
        raise ConfigurationError(
            t("source {source}: there is no database file", source=source),
            t("write sqlite:////folder/file.db"),
        )
    raw = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)
    # A text that is none costs its own row, which the import quarantines.
    raw.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    raw.execute("PRAGMA query_only=ON")
    raw.execute("PRAGMA trusted_schema=OFF")
    # A text with broken bytes is one row in quarantine, not the end of the feed.
    raw.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)

    def late() -> int:
        try:
            left()
        except FeedFailed:
            return 1
        return 0

    raw.set_progress_handler(late, _STEPS)
    return raw


def _begin_reading(source: str, connection: Connection, seconds: float) -> None:
    """Make the transaction one that cannot write, and its statements end in time."""
    name = connection.dialect.name
    if name == "sqlite":
        return
    try:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    except DBAPIError:
        raise ConfigurationError(
            t("source {source}: {name} has no read-only transactions", source=source, name=name),
            t("let it come by HTTP or as files"),
        ) from None
    if name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")


def _rows(connection: Connection, query: str, since: Since | None, value: str | None) -> Any:
    """The statement's result, streamed."""
    if since is not None and value is None:
        value = since.first
    if is_view(query):
        names = connection.dialect.identifier_preparer
        place = ".".join(names.quote(part) for part in query.split("."))
        query = f"SELECT * FROM {place}"  # noqa: S608 - a name from the settings, quoted
        if since is not None and value is not None:
            query += f" WHERE {names.quote(since.column)} >= :since"
    statement = text(query)
    if since is not None and value is not None:
        # Without a type: PostgreSQL then takes the text as whatever the column is.
        statement = statement.bindparams(bindparam("since", value, type_=NullType()))
    return connection.execution_options(stream_results=True, yield_per=BATCH).execute(statement)


def _take(
    where: str,
    section: SqlSection,
    spool: Spool,
    name: str,
    result: Any,
    left: Callable[[], float],
    progress: Progress | None,
) -> None:
    names = list(result.keys())
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FeedFailed(
            t("{where}: two columns are called {twice!r}", where=where, twice=min(twice)),
            t("rename one in the query: AS"),
        )
    for part in result.partitions(BATCH):
        left()
        lines = [
            json.dumps({key: exact(value) for key, value in zip(names, row, strict=True)}) + "\n"
            for row in part
        ]
        data = "".join(lines).encode("ascii")
        if spool.bytes + len(data) > section.most_megabytes * 1_000_000:
            raise BeyondBound(
                t(
                    "{where}: more than {most_megabytes} MB",
                    where=where,
                    most_megabytes=section.most_megabytes,
                ),
                t("use `since`, or raise most_megabytes"),
            )
        spool.append(name, data, rows=len(lines), next_=None, done=False)
        if progress is not None:
            progress(len(lines))
    spool.end(name)


def exact(value: Any) -> Any:
    """A database's value as JSON, nothing rounded: numbers and times as the text that says them.

    Binary values are written in hexadecimal digits: that is what keys in RAW columns are.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, float):
        number = Decimal(repr(value))
        return format(number, "f") if number.is_finite() else str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple):
        return [exact(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): exact(inner) for key, inner in value.items()}
    return str(value)


@contextmanager
def _translated(source: str, url: URL) -> Iterator[None]:
    """The driver's errors as one line, without what is secret in the URL."""
    try:
        yield
    except SQLAlchemyError as fault:
        said = " ".join(str(getattr(fault, "orig", None) or fault).split())
        for secret in (url.password, quote(str(url.password))):
            said = said.replace(str(secret), "…") if url.password else said
        raise FeedFailed(
            t("source {source}: {said}", source=source, said=said[:300]),
            t("check the view, its permissions and the network"),
        ) from None
