"""For every test: a skipped test is a failed one, and nothing leaves this machine."""

import gc
import ipaddress
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from efficiency_monitor.i18n.messages import language, set_language

# The story modules assert too; they are shared by several folders, so pytest learns of them here.
pytest.register_assert_rewrite("tests.stories.story", "tests.stories.laws", "tests.stories.world")

# Two shared cores: a slow example says nothing about the code. The printed blob replays a failure.
# With a seed for all other dice, these are thrown alike each time too.
settings.register_profile(
    "effmon", deadline=None, print_blob=True, derandomize="EFFMON_SEED" in os.environ
)
settings.load_profile("effmon")


def _share_compiled_statements() -> None:
    """Let the SQLite engines of this process share what SQLAlchemy has compiled.

    It keeps that with each engine. A test opens an engine of its own, so that most of its seconds
    went into compiling the same two hundred statements again. What is compiled for SQLite depends
    on the dialect's class alone.
    """
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


_share_compiled_statements()


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip, an expected failure or an unexpected pass into a failure."""
    if report.outcome == "skipped" or hasattr(report, "wasxfail"):
        reason = getattr(report, "wasxfail", "") or report.longrepr
        report.outcome = "failed"
        report.longrepr = f"no test may be skipped or expected to fail: {reason}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def pytest_collection_finish() -> None:
    """Take what is loaded out of what the collector of garbage looks through again and again."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `both_engines` on each: on PostgreSQL it takes a server, so it is full."""
    marked = metafunc.definition.get_closest_marker
    if marked("both_engines") and not marked("sqlite_only"):
        metafunc.parametrize(
            "database_engine",
            ["sqlite", pytest.param("postgresql", marks=pytest.mark.full)],
            indirect=True,
            scope="module",
        )


@pytest.fixture(scope="module", autouse=True)
def database_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which workspaces are made; a fixture of a module that makes one asks for it."""
    param = getattr(request, "param", "sqlite")
    if param == "sqlite":
        yield param
        return
    from tests import engines

    with engines.chosen(param):
        yield param


@pytest.fixture(autouse=True)
def _databases_of_one_test(database_engine: str) -> Iterator[None]:
    """Take away the databases that a test has made as soon as it has ended."""
    if database_engine == "sqlite":
        yield
        return
    from tests import engines

    with engines.chosen(database_engine):
        yield


#: Tests that were left out because the folder of data that may not be copied is not there.
_LEFT_OUT = pytest.StashKey[int]()


def _data_folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("VALIDATION_DATA") or beside)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `data` out where there are no data; the closing lines say so."""
    left_out = [item for item in items if item.get_closest_marker("data")]
    if not left_out or _data_folder().is_dir():
        return
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """With xdist the workers collect: take over what they have left out."""
    left_out = getattr(node, "workeroutput", {}).get("left_out")
    if left_out:
        node.config.stash[_LEFT_OUT] = left_out


def _say_figures(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures of trials that went well, each with its seed and its test.

    A trial says `RELIABILITY name: figures` on its output; tools/reliability.py makes tables of it.
    """
    shown = []
    for report in terminalreporter.getreports("passed"):
        lines = [line for _, text in report.sections for line in text.splitlines()]
        seed = next((line for line in lines if line.startswith("EFFMON_SEED=")), "no seed")
        shown += [
            f"{line} [{seed}] [{report.nodeid}]"
            for line in lines
            if line.startswith("RELIABILITY ")
        ]
    if shown:
        terminalreporter.section("figures")
        for line in dict.fromkeys(shown):
            terminalreporter.line(line)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say loudly what was not tested, and what was measured."""
    _say_figures(terminalreporter)
    left_out = config.stash.get(_LEFT_OUT, 0)
    if left_out:
        terminalreporter.section("NOT TESTED", red=True, bold=True)
        terminalreporter.line(
            f"{left_out} tests of docs/validation.md need data that are not here: {_data_folder()} "
            "is no folder. Name it: VALIDATION_DATA=FOLDER make test"
        )


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a UNIX socket
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")


@pytest.fixture(autouse=True)
def _language_of_one_test() -> Iterator[None]:
    """What a test speaks, a command within it too, is not what the next one hears."""
    before = language()
    yield
    set_language(before)


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuse connections that would leave the machine: the tests must pass without a network."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if not _is_loopback(address):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
