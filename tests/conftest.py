"""For every test: a skipped test is a failed one, and nothing leaves this machine."""

import ipaddress
import socket
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

# The story modules assert too; they are shared by several folders, so pytest learns of them here.
pytest.register_assert_rewrite("tests.stories.story", "tests.stories.laws", "tests.stories.world")

# Two shared cores: a slow example says nothing about the code. The printed blob replays a failure.
settings.register_profile("effmon", deadline=None, print_blob=True)
settings.load_profile("effmon")


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


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a UNIX socket
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")


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
