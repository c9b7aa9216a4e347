"""Where going on cannot help the next pull begins anew; what a server says may be anything."""

import json
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.pulling.link_header import next_link
from tests.feeds.conftest import Office, accepted, answer, http
from tests.feeds.test_http_faults import BODY, EVENTS, fails, whole
from tests.notify.receivers import answering, receiver

Serve = Callable[..., None]
ROWS = [accepted(number) for number in "ABCD"]
NUMBERED = 'rows = "rows"\ntotal = "total"\npage = {}'


def test_after_pages_that_did_not_add_up_all_are_fetched_again(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    """Else the last page is asked for again for six hours, and the feed is stale by then."""
    kept: list[dict[str, str]] = [*ROWS[:2], ROWS[3]]

    def handler(request: Request) -> Response:
        page = int(request.args["page"])
        return answer({"rows": kept[(page - 1) * 2 : page * 2], "total": 4})

    serve("/events", handler)
    office.configure(http(httpserver, NUMBERED))
    fails(office, "4 rows were announced and 3 came")
    kept[:] = ROWS
    assert office.pull().document["imported"] == 4
    assert office.case_nos() == list("ABCD")


def test_a_cursor_that_has_expired_is_not_asked_for_again(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    epoch = [1]

    def handler(request: Request) -> Response:
        cursor = request.args.get("cursor")
        if cursor is None:
            return answer({"rows": ROWS[:1], "next": str(epoch[0])})
        if cursor != str(epoch[0]):
            return Response("", 410)
        if epoch == [1]:
            return Response("", 500)
        return answer({"rows": ROWS[1:], "next": None})

    serve("/events", handler)
    office.configure(http(httpserver, 'rows = "rows"\ncursor = {at = "next"}\nattempts = 1'))
    fails(office, "answered 500")
    epoch[0] = 2
    fails(office, "answered 410")
    office.pull()
    assert office.case_nos() == list("ABCD")


def test_rows_that_go_away_while_pages_turn_are_noticed(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    """B is deleted after the first page: C moves to it, and nobody would ask for C."""

    def handler(request: Request) -> Response:
        page = int(request.args["page"])
        rows = ROWS if page == 1 else [*ROWS[:1], *ROWS[2:]]
        return answer({"rows": rows[(page - 1) * 2 : page * 2], "total": len(rows)})

    serve("/events", handler)
    office.configure(http(httpserver, NUMBERED))
    fails(office, "the total fell from 4 to 3")


@pytest.mark.parametrize("total", ["9" * 5000, f'"{"9" * 5000}"'])
def test_a_total_of_any_length(office: Office, total: str) -> None:
    with receiver(answering(whole(f'{{"rows": [], "total": {total}}}'.encode()))) as running:
        office.configure(http(running.port, NUMBERED))
        fails(office, "no number of rows at total")


@pytest.mark.parametrize("cursor", ['"\\ud800"', f'"{"x" * 100_000}"'])
def test_a_cursor_that_fits_into_no_url(office: Office, cursor: str) -> None:
    body = f'{{"rows": {BODY.decode()}, "next": {cursor}}}'.encode()
    with receiver(answering(whole(body))) as running:
        office.configure(http(running.port, 'rows = "rows"\ncursor = {at = "next"}'))
        fails(office, "the cursor fits into no URL")


def test_a_wait_until_the_end_of_time(office: Office) -> None:
    head = b"HTTP/1.1 503 No\r\nRetry-After: Mon, 1 Jan 99999999999 00:00:00 GMT\r\n"
    with receiver(answering(head + b"Content-Length: 0\r\n\r\n")) as running:
        office.configure(http(running.port, "attempts = 2"))
        fails(office, "answered 503")
    assert office.waits == [1]


def test_a_number_of_any_length_is_left_out_of_the_cursor(office: Office) -> None:
    rows = [accepted("A", n="9" * 5000), accepted("B", n="7")]
    with receiver(answering(whole(json.dumps(rows).encode()))) as running:
        office.configure(http(running.port, 'since = {column = "n", order = "number"}'))
        report = office.pull()
    assert report.left_out == {"events": 1}
    assert report.cursor == {"events": "7"}


def test_a_path_that_makes_no_url_is_a_setting_to_mend(office: Office) -> None:
    path = "/" + "x" * 70_000
    more = 'since = {column = "n", first = "1"}'
    office.configure(http(1, more, tables=f'events = "{path}"'))
    with pytest.raises(ConfigurationError, match="is not a URL"):
        office.pull()


@pytest.mark.parametrize(
    "link",
    [
        '</more>; rel="prefetch next"',
        "</more>; rel=NEXT",
        '</more>; title="a, <b>; c"; rel=next',
        '</first>; rel="first", </more>;rel="next"; type="x"',
        '</more;v=1>; REL="next"',
    ],
)
def test_links_as_the_standard_allows_them(
    office: Office, httpserver: HTTPServer, serve: Serve, link: str
) -> None:
    """A next page that is not recognised is a feed that ends early without a word."""
    serve("/events", lambda _: answer(EVENTS[:1], Link=link))
    for path in ("/more", "/more;v=1"):
        serve(path, lambda _: answer(EVENTS[1:]))
    office.configure(http(httpserver, "link = {}"))
    office.pull()
    assert office.case_nos() == ["A", "B"]


@pytest.mark.parametrize("link", ["</more", "</more>; rel=prev; rel=next", "<" * 60_000, ""])
def test_what_is_no_link_to_a_next_page(link: str) -> None:
    assert next_link(link) is None
