"""A pull that was cut off goes on where it stopped, unless that would mix two states."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import FeedFailed
from tests.feeds.conftest import Office, accepted, answer, http, numbered

NUMBERS = [f"C{n:02}" for n in range(7)]
EVENTS = [accepted(number, minute) for minute, number in enumerate(NUMBERS)]
Serve = Callable[..., None]
PAGED = 'rows = "data.rows"\npage = {param = "page"}'


def test_a_pull_that_was_cut_off_goes_on_where_it_stopped(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    asked: list[str] = []
    broken = {"at": "3"}

    def handler(request: Request) -> Response:
        page = request.args["page"]
        asked.append(page)
        if page == broken["at"]:
            return Response("later", status=500)
        return answer(EVENTS[(int(page) - 1) * 2 : int(page) * 2])

    serve("/events", handler)
    office.configure(http(httpserver, 'page = {param = "page"}\nattempts = 2'))
    with pytest.raises(FeedFailed, match=r"answered 500 \(tried 2x\)"):
        office.pull()
    assert asked == ["1", "2", "3", "3"]
    assert office.spool().exists()
    state = office.spool() / "state.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE((office.spool() / "data" / "events.jsonl").stat().st_mode) == 0o600

    broken["at"] = ""
    asked.clear()
    assert office.pull().document["read"] == 7
    assert asked == ["3", "4", "5"]
    assert [state for state, _ in office.runs()] == ["failed", "done"]


def test_an_old_spool_is_begun_anew(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    asked: list[str] = []

    def handler(request: Request) -> Response:
        asked.append(request.args["page"])
        if len(asked) == 2:
            return Response("later", status=404)
        return answer(EVENTS if request.args["page"] == "1" else [])

    serve("/events", handler)
    office.configure(http(httpserver, 'page = {param = "page"}'))
    with pytest.raises(FeedFailed):
        office.pull()
    office.world.now += 7 * 3600
    office.pull()
    assert asked == ["1", "2", "1", "2"]


def test_other_settings_begin_anew(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    """Pages of another size are other pages."""
    asked: list[tuple[str, str]] = []

    def handler(request: Request) -> Response:
        asked.append((request.args["page"], request.args["size"]))
        if len(asked) == 2:
            return Response("later", status=404)
        start, size = int(request.args["page"]) - 1, int(request.args["size"])
        return answer(EVENTS[start * size : (start + 1) * size])

    serve("/events", handler)
    office.configure(http(httpserver, 'page = {size_param = "size", size = 2}'))
    with pytest.raises(FeedFailed):
        office.pull()
    office.configure(http(httpserver, 'page = {size_param = "size", size = 5}'))
    assert office.pull().document["read"] == 7
    assert asked == [("1", "2"), ("2", "2"), ("1", "5"), ("2", "5"), ("3", "5")]


def test_a_folder_that_is_no_spool_is_put_aside(
    office: Office, httpserver: HTTPServer, serve: Serve, tmp_path: Path
) -> None:
    serve("/events", numbered(EVENTS, 4))
    office.configure(http(httpserver, PAGED))
    spool = office.spool()
    (spool / "data").mkdir(parents=True)
    (spool / "state.json").write_text('{"version": 1, "key": "x", "tables": {"a": {}}}')
    assert office.pull().document["read"] == 7
