"""Between two batches of an import a case may lack its decision: nobody gets a card for that."""

import errno
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from efficiency_monitor.intake import pull as pulling
from efficiency_monitor.scan import scan
from tests.feeds.conftest import Office, accepted, answer, case, http
from tests.stories.world import PEOPLE, instant

pytestmark = pytest.mark.both_engines

Serve = Callable[..., None]
TABLES = 'cases = "/cases", events = "/events", done = "/done"'
NUMBERS = [f"C{n:03}" for n in range(600)]


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def hall(office: Office, httpserver: HTTPServer, serve: Serve) -> Office:
    """600 cases, all of them decided in time."""
    serve("/cases", lambda _: answer([case(number) for number in NUMBERS]))
    serve("/events", lambda _: answer([accepted(number) for number in NUMBERS]))
    serve(
        "/done",
        lambda _: answer(
            [accepted(n, event="decided", source_key=f"D-{n}") for n in NUMBERS],
        ),
    )
    office.configure(http(httpserver, tables=TABLES))
    office.world.people(PEOPLE)
    office.world.now = instant("2026-03-10 09:00")
    return office


def pull(hall: Office, then: Callable[[], None]) -> None:
    """Pull; after two batches of a thousand rows, of cases and of acceptances, something happens.

    Before them the progress of the three fetched tables is told.
    """
    calls: list[int] = []

    def progress(rows: int) -> None:
        calls.append(rows)
        if len(calls) == 5:
            assert len(hall.case_nos()) == 600
            assert {kind for _, kind in hall.events()} == {"accepted"}
            then()

    pulling.pull(hall.world.context, hall.outside(), "hall", progress=progress)


def killed() -> None:
    raise Killed


def out_of_space() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("then", "fault"), [(killed, Killed), (out_of_space, FeedFailed)])
def test_half_an_import_gives_no_card(
    hall: Office, then: Callable[[], None], fault: type[BaseException]
) -> None:
    with pytest.raises(fault):
        pull(hall, then)
    report = hall.world.scan()
    assert hall.world.cards() == []
    assert report.totals["not_judgeable"] == 600
    assert [(each.source, each.half) for each in report.stale] == [("hall", True)]
    hall.pull()
    report = hall.world.scan()
    assert (report.stale, report.totals["judged"], hall.world.cards()) == ([], 600, [])
    assert [state for state, _ in hall.runs()] == ["half", "done"]


def test_a_scan_beside_an_import_waits_for_its_end(hall: Office) -> None:
    def scanned() -> None:
        report = hall.world.scan()
        assert report.totals["not_judgeable"] == 600

    pull(hall, scanned)
    assert hall.world.cards() == []
    hall.world.now += 1
    assert hall.world.scan().totals["judged"] == 600
    assert hall.world.cards() == []


def test_what_was_known_in_between_is_shown_as_it_was(hall: Office) -> None:
    with pytest.raises(Killed):
        pull(hall, killed)
    between = hall.world.now
    hall.world.now += 3600
    hall.pull()

    def shown(known_by: int | None) -> int:
        report = scan.preview(
            hall.world.context, as_of=between, known_by=known_by, run_id="R", against=False
        )
        return report.totals["not_judgeable"]

    assert shown(between) == 600
    assert shown(None) == 0


def test_a_pull_that_fails_before_it_imports_leaves_all_as_it_was(
    hall: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    hall.pull()
    httpserver.clear()
    for path in ("/cases", "/events", "/done"):
        serve(path, lambda _: answer([{"a": "b"}]))
    with pytest.raises(ConfigurationError):
        hall.pull()
    assert hall.world.scan().stale == []
    assert hall.runs()[-1][0] == "failed"


def test_a_source_that_is_not_pulled_any_more_is_not_waited_for(hall: Office) -> None:
    with pytest.raises(Killed):
        pull(hall, killed)
    hall.configure("")
    assert hall.world.scan().stale == []
