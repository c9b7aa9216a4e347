"""Which database engine a test's workspaces are made on.

A test or module that is marked `both_engines` runs on SQLite and, marked `full` as well, on
PostgreSQL: `make test` and `make test-all`.
"""

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from efficiency_monitor.records import schema
from efficiency_monitor.records.engine import Store
from efficiency_monitor.workspace import settings
from tests.postgres_server import APPLICATION, Server, server

SQLITE, POSTGRESQL = "sqlite", "postgresql"


class _Chosen:
    engine = SQLITE
    made: list[str] = []  # noqa: RUF012 - of the test that runs


@contextmanager
def chosen(engine: str) -> Iterator[str]:
    """Make workspaces on this engine; their databases are taken away afterwards."""
    before, _Chosen.engine = _Chosen.engine, engine
    kept, _Chosen.made = _Chosen.made, []
    try:
        yield engine
    finally:
        for url in _Chosen.made:
            _server().drop(url)
        _Chosen.engine, _Chosen.made = before, kept


def new_url() -> str | None:
    """URL of a new database on the chosen engine; None: a file in the workspace.

    On PostgreSQL it is the application's, which may do what `effmon database roles` lets it.
    """
    if _Chosen.engine == SQLITE:
        return None
    url = _server().new_database(user=APPLICATION)
    _Chosen.made.append(url)
    return url


@cache
def template() -> Path:
    """An SQLite database with effmon's tables as `effmon init` makes them. Not to be written."""
    folder = Path(tempfile.mkdtemp(prefix="template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "effmon.db"
    store = Store(f"sqlite:///{file}")
    schema.upgrade(store)
    store.close()
    file.chmod(0o600)
    return file


def copied(workspace: Path, folder: Path) -> Path:
    """A copy of a workspace, which nobody uses just now, with its database."""
    shutil.copytree(workspace, folder)
    url = url_of(workspace)
    if not url.startswith(SQLITE):
        copy = _server().copied(url)
        _Chosen.made.append(copy)
        file = folder / settings.FILE
        file.write_text(file.read_text("utf-8").replace(url, copy), encoding="utf-8")
    return folder


def fits(url: str) -> bool:
    """Whether a database is of the engine that was chosen: a test must not be on another one."""
    return url.startswith(_Chosen.engine)


def spoken(statement: str, url: str) -> str:
    """A statement of a test, written for SQLite, as the engine says it: bytes, triggers."""
    if url.startswith(SQLITE):
        return statement
    statement = re.sub(r"\bx'([0-9a-fA-F]*)'", r"decode('\1', 'hex')", statement)
    return re.sub(r"\b(\w+)_no_(update|delete)\b", r"\1_no_\2 ON \1", statement)


def url_of(workspace: Path) -> str:
    """URL of a workspace's database, as its settings say."""
    return settings.database_url(workspace, settings.load(workspace), {})


def _server() -> Server:
    return server(durable=False)
