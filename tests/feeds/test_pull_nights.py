"""Several sources, several processes, bad nights: each source is pulled once and stops no other."""

import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import ConfigurationError, Locked
from efficiency_monitor.intake import pull as pulling
from tests.feeds.conftest import Office, accepted, answer, http

Serve = Callable[..., None]
PEM = Path(__file__).parents[1] / "notify" / "tls" / "hooks.example.pem"
EVENTS = [accepted("A"), accepted("B", 1)]


def test_two_pulls_of_a_source_do_not_run_at_once(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    seen: list[BaseException] = []

    def handler(_: Request) -> Response:
        other = Office(office.world, office.environ)
        with pytest.raises(Locked) as raised:
            other.pull()
        seen.append(raised.value)
        return answer(EVENTS)

    serve("/events", handler)
    office.configure(http(httpserver))
    office.pull()
    assert [getattr(each, "exit_code", None) for each in seen] == [75]
    assert office.runs() == [("done", "")]


def test_one_source_that_fails_stops_none_of_the_others(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    serve("/events", lambda _: answer(EVENTS))
    other = http(httpserver).replace("sources.hall", "sources.annex")
    office.configure(http(httpserver, tables='events = "/nothing"') + other)
    first, second = office.pull_all()
    assert (first.state, second.state) == ("failed", "done")
    assert first.fault is not None
    assert office.case_nos() == ["A", "B"]


def test_a_defect_met_in_one_source_does_not_end_the_night(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    """What no code of ours foresees, here a resolver that breaks, is said and recorded."""
    serve("/events", lambda _: answer(EVENTS))
    other = http(httpserver).replace("sources.hall", "sources.annex")
    broken = http(httpserver).replace("127.0.0.1:", "broken.example:")

    def resolver(host: str, port: int) -> list[str]:
        if host == "broken.example":
            return 7  # type: ignore[return-value]
        return ["127.0.0.1"]

    office.configure(broken + other)
    outside = office.outside()
    outside = replace(outside, world=replace(outside.world, resolver=resolver))
    first, second = pulling.pull_all(office.world.context, outside)
    assert first.fault is not None
    assert first.fault.exit_code == 70
    assert "unexpected fault" in first.fault.message
    assert second.state == "done"
    assert [state for state, _ in office.runs()] == ["failed", "done"]


def test_a_night_that_goes_on_badly_does_not_pull_at_every_ring(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    asked: list[int] = []

    def handler(_: Request) -> Response:
        asked.append(1)
        return Response("", 404) if len(asked) == 1 else answer(EVENTS)

    serve("/events", handler)
    office.configure(http(httpserver))
    slot = office.world.now
    assert [each.state for each in office.pull_all(slot)] == ["failed"]
    assert office.pull_all(slot) == []
    office.world.now += 901
    assert [each.state for each in office.pull_all(slot)] == ["done"]
    office.world.now += 901
    assert office.pull_all(slot) == []
    assert [each.state for each in office.pull_all(slot + 86_400)] == ["done"]
    assert len(asked) == 3


def test_a_source_that_ends_our_process_does_not_keep_the_night_for_ever(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    """Out of memory, a driver that crashes: each ring of the bell would die in the same source."""

    class Killed(BaseException):
        pass

    def sleep(_: float) -> None:
        raise Killed

    asked: list[int] = []

    def handler(_: Request) -> Response:
        asked.append(1)
        return Response("", 503) if len(asked) <= 3 else answer(EVENTS)

    serve("/events", handler)
    office.configure(http(httpserver))
    slot = office.world.now
    outside = office.outside()
    deadly = replace(outside, world=replace(outside.world, sleep=sleep))
    for _ in range(3):
        with pytest.raises(Killed):
            pulling.pull_all(office.world.context, deadly, slot=slot)
    (report,) = office.pull_all(slot)
    assert report.state == "failed"
    assert "ended our process" in str(report.fault)
    assert [each.state for each in office.pull_all(slot + 86_400)] == ["done"]


def test_a_setting_that_is_wrong_is_recorded(office: Office, httpserver: HTTPServer) -> None:
    office.configure(http(httpserver, source='mapping = "nonsense"'))
    with pytest.raises(ConfigurationError):
        office.pull()
    assert office.runs() == [("failed", "there is no mapping 'nonsense'")]


def test_a_night_waits_for_another_process_that_pulls(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    serve("/events", lambda _: answer(EVENTS))
    office.configure(http(httpserver))
    (office.spool().parent).mkdir()
    with office.spool().with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outside = office.outside()

        def sleep(seconds: float) -> None:
            office.waits.append(seconds)
            if len(office.waits) == 3:  # the other one is ready
                fcntl.flock(lock, fcntl.LOCK_UN)
                office.pull()
                fcntl.flock(lock, fcntl.LOCK_UN)

        waiting = replace(outside, world=replace(outside.world, sleep=sleep))
        (report,) = pulling.pull_all(office.world.context, waiting, slot=office.world.now)
    assert office.waits == [1, 1, 1]
    assert (report.state, report.document["read"], report.wrote) == ("done", 2, False)
    assert office.runs() == [("done", "")]
