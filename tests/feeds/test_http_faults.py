"""Endpoints that misbehave: what a pull says, how often it asks, and that nothing is half taken."""

import gzip
import json
import re
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import ConfigurationError, EffmonError, FeedFailed
from efficiency_monitor.intake import pull as pulling
from tests.feeds.conftest import TOKEN, Office, accepted, answer, http
from tests.notify import receivers
from tests.notify.receivers import answering, receiver

Serve = Callable[..., None]
PEM = Path(__file__).parents[1] / "notify" / "tls" / "hooks.example.pem"
EVENTS = [accepted("A"), accepted("B", 1)]
BODY = json.dumps(EVENTS).encode()


def whole(body: bytes, head: str = "") -> bytes:
    """An answer with its length."""
    return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def fails(office: Office, *words: str) -> str:
    """Pull, and look that it failed with one line, was recorded and took nothing."""
    with pytest.raises(FeedFailed) as raised:
        office.pull()
    said = raised.value.message
    assert "\n" not in said
    assert TOKEN not in said
    for word in words:
        assert word in said
    assert raised.value.exit_code == 3
    assert office.case_nos() == []
    assert office.runs()[-1] == ("failed", said)
    (entry,) = [e for e in office.world.entries() if e["type"] == "feed.failed"][-1:]
    assert re.fullmatch(r"\w+ intake\.[a-z_.]+", entry["fault"])
    assert said not in str(entry)
    assert office.world.rows("SELECT * FROM feed_cursor") == []
    return said


@pytest.mark.parametrize(
    ("habit", "word"),
    [
        (receivers.silent, "did not answer in time"),
        (receivers.drip_head, "did not answer in time"),
        (receivers.drip_body, "did not answer in time"),
        (receivers.hang_up, "broke off"),
        (receivers.reset, "broke off"),
        (receivers.half_body, "broke off"),
        (receivers.no_http, "does not speak HTTP"),
        (answering(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "answered 500"),
        (answering(b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"), "answered 429"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n[]"), "broke off"),
        (answering(b'HTTP/1.1 200 OK\r\n\r\n[{"case_no":'), "broke off"),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_what_may_pass_is_tried_again(office: Office, habit: receivers.Habit, word: str) -> None:
    with receiver(habit) as running:
        office.configure(http(running.port, "attempts = 3\nrequest_seconds = 1"))
        said = fails(office, word)
    assert "tried 3x" in said
    assert len(running.requests) == 3
    assert office.waits == [1, 2]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (whole(b"<html>log in</html>", "Content-Type: text/html\r\n"), "web page"),
        (whole(b"<html>log in</html>"), "is no JSON"),
        (whole(b'{"rows": []}'), "no list of rows at its top"),
        (whole(b"null"), "no list of rows at its top"),
        (whole(BODY[:-1]), "is no JSON, or cut off"),
        (whole(b"[NaN]"), "is no JSON"),
        (whole(b"\xff\xfe[]"), "is no text in UTF-8"),
        (whole(b"[" * 100_000), "is no JSON"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\n\r\n", "redirects are not"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /other\r\n\r\n", "redirects are not"),
        (b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", "answered 400"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "does not let us in (401)"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 206 Part\r\nContent-Length: 0\r\n\r\n", "answered 206"),
    ],
)
def test_what_will_not_pass_is_said_at_once(office: Office, reply: bytes, word: str) -> None:
    with receiver(answering(reply)) as running:
        office.configure(http(running.port, 'token_env = "HALL_TOKEN"'))
        fails(office, word)
    assert len(running.requests) == 1
    assert office.waits == []


def test_a_server_may_ask_for_patience(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    asked: list[int] = []

    def handler(_: Request) -> Response:
        asked.append(1)
        if len(asked) == 1:
            return Response("", status=429, headers={"Retry-After": "90"})
        if len(asked) == 2:
            at = "Mon, 02 Mar 2026 04:03:20 GMT"  # 200 seconds from the office's now
            return Response("", status=503, headers={"Retry-After": at})
        return answer(EVENTS)

    serve("/events", handler)
    office.configure(http(httpserver))
    office.pull()
    assert office.waits == [90, 200]
    assert office.case_nos() == ["A", "B"]


def test_more_patience_than_the_deadline_is_a_failure(
    office: Office, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/events").respond_with_data(
        "", status=429, headers={"Retry-After": "3601"}
    )
    office.configure(http(httpserver))
    fails(office, "answered 429", "tried 1x")
    assert office.waits == []


def test_a_drip_is_cut_off_and_the_next_attempt_succeeds(office: Office) -> None:
    """One connection that drips must not eat the time of the whole pull."""
    count = iter(range(10))

    def habit(connection: socket.socket, stop: threading.Event) -> None:
        if next(count) == 0:
            receivers.drip_body(connection, stop)
        else:
            connection.sendall(whole(BODY))

    with receiver(habit) as running:
        office.configure(http(running.port, "request_seconds = 1"))
        office.pull()
    assert office.case_nos() == ["A", "B"]
    assert len(running.requests) == 2


def test_pages_in_a_circle_end(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    def circle(request: Request) -> Response:
        turn = {"": "a", "a": "b", "b": "a"}
        return answer({"rows": EVENTS, "next": turn[request.args.get("cursor", "")]})

    serve("/events", circle)
    office.configure(http(httpserver, 'rows = "rows"\ncursor = {at = "next"}'))
    fails(office, "the next page was there before")


def test_endless_pages_end(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    served: list[int] = []

    def endless(request: Request) -> Response:
        served.append(1)
        return answer([accepted(f"C{request.args['page']}")])

    serve("/events", endless)
    office.configure(http(httpserver, 'page = {param = "page"}\nmost_pages = 5'))
    fails(office, "more than 5 pages")
    assert len(served) == 5
    assert not office.spool().exists(), "nobody will ever import what came"


def test_more_bytes_than_allowed_end(office: Office) -> None:
    with receiver(receivers.endless) as running:
        office.configure(http(running.port, 'format = "parquet"\nmost_megabytes = 1'))
        fails(office, "more than 1 MB")
        assert not office.spool().exists()


def test_pages_of_more_bytes_than_allowed_leave_nothing(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    def endless(request: Request) -> Response:
        return answer([accepted(f"C{request.args['page']}", note="x" * 600_000)])

    serve("/events", endless)
    office.configure(http(httpserver, 'page = {param = "page"}\nmost_megabytes = 1'))
    fails(office, "more than 1 MB")
    assert not office.spool().exists()


def test_a_page_that_is_refused_leaves_the_cursor_and_no_half_state(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    """What was taken before stands, and its cases can be judged."""
    bodies = [json.dumps([accepted("A", 0), accepted("B", 9)])]
    serve("/events", lambda _: Response(bodies[-1], content_type="application/json"))
    since = 'since = {column = "recorded_at", overlap = "2 calendar_minutes"}'
    office.configure(http(httpserver, f"{since}\nattempts = 1"))
    office.pull()
    cursors = office.world.rows("SELECT * FROM feed_cursor")
    assert cursors
    bodies.append(bodies[0][:-9])
    with pytest.raises(FeedFailed):
        office.pull()
    assert [state for state, _ in office.runs()] == ["done", "failed"]
    assert office.world.rows("SELECT * FROM feed_cursor") == cursors
    assert office.case_nos() == ["A", "B"]


def test_a_file_that_is_refused_leaves_the_cursor_and_no_half_state(office: Office) -> None:
    """It came whole over the wire, and ends in the middle: no row of it is taken."""
    inbox = office.world.folder / "inbox"
    inbox.mkdir()
    head = "case_no,event,occurred_at\n"
    (inbox / "events-1.csv").write_text(f"{head}A,accepted,2026-03-02 09:00\n")
    office.configure('[sources.hall.files]\nfolder = "inbox"\npatterns = ["events-*.csv"]')
    office.pull()
    cursors = office.world.rows("SELECT * FROM feed_cursor")
    whole_file = gzip.compress(f"{head}B,accepted,2026-03-02 09:00\n".encode())
    (inbox / "events-2.csv").write_bytes(whole_file[:-4])
    with pytest.raises(ConfigurationError):
        office.pull()
    assert [state for state, _ in office.runs()] == ["done", "failed"]
    assert office.world.rows("SELECT * FROM feed_cursor") == cursors
    assert not office.spool().exists()
    (inbox / "events-2.csv").write_bytes(whole_file)
    office.pull()
    assert office.case_nos() == ["A", "B"]


def test_a_page_of_any_size_does_not_fill_the_memory(office: Office) -> None:
    with receiver(receivers.endless) as running:
        office.configure(http(running.port))
        fails(office, "a page of more than 64 MB")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_without_a_length_could_be_cut_off_unseen(office: Office, kind: str) -> None:
    body = b"case_no,event,occurred_at\nA,accepted,2026-03-02 09:00\n"
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n" + body)) as running:
        office.configure(http(running.port, f'format = "{kind}"'))
        fails(office, "does not say how long it is")


def test_a_file_that_is_cut_off_is_fetched_again_from_its_beginning(office: Office) -> None:
    body = b"case_no,event,occurred_at\nA,accepted,2026-03-02 09:00\nB,accepted,2026-03-02 09:00\n"
    count = iter(range(10))

    def habit(connection: socket.socket, stop: threading.Event) -> None:
        reply = whole(body)
        connection.sendall(reply[:-30] if next(count) == 0 else reply)

    with receiver(habit) as running:
        office.configure(http(running.port, 'format = "csv"'))
        report = office.pull()
    assert report.document["read"] == 2
    assert office.case_nos() == ["A", "B"]


@pytest.mark.parametrize("name", ["undefined", "punycode", "hex", "no such", "x\\u0000y"])
def test_an_encoding_that_is_none_is_one_line(office: Office, name: str) -> None:
    with receiver(answering(whole(b"\xff\xfe[]"))) as running:
        office.configure(http(running.port, source=f'encoding = "{name}"'))
        fails(office, "is no text in UTF-8")


def test_an_empty_file_is_no_answer(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/events").respond_with_data(b"")
    office.configure(http(httpserver, 'format = "csv"'))
    fails(office, "the answer is empty")


def test_a_file_that_fits_no_mapping_is_not_kept(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/events").respond_with_data(b"a,b\n1,2\n")
    office.configure(http(httpserver, 'format = "csv"'))
    with pytest.raises(ConfigurationError):
        office.pull()
    assert office.runs()[-1][0] == "failed"
    assert not office.spool().exists()


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://hall.example/api", "http is not allowed"),
        ("https://user:secret@hall.example/api", "user name"),
        ("https://127.0.0.1:9/api", "not public"),
        ("ftp://hall.example", "https://"),
    ],
)
def test_an_address_that_is_not_allowed_is_a_setting_to_mend(
    office: Office, url: str, word: str
) -> None:
    office.configure(f'[sources.hall.http]\nbase_url = "{url}"\ntables = {{events = "/events"}}')
    with pytest.raises(ConfigurationError, match=word) as raised:
        office.pull()
    assert "secret" not in raised.value.message
    assert office.runs()[-1][0] == "failed"


def test_https_trusts_only_what_it_is_told(office: Office) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    outside = office.outside
    resolved = replace(outside().world, resolver=lambda host, port: ["127.0.0.1"])

    def pull() -> None:
        pulling.pull(office.world.context, replace(outside(), world=resolved), "hall")

    with HTTPServer("127.0.0.1", ssl_context=context) as server:
        server.expect_request("/events").respond_with_json(EVENTS)
        text = http(server).replace("http://127.0.0.1", "https://hooks.example")
        office.configure(text.replace("allow_http = true", ""))
        with pytest.raises(FeedFailed, match="certificate is not trusted"):
            pull()
        shutil.copy(PEM, office.world.folder / "ca.pem")
        office.configure(text.replace("allow_http = true", 'ca_file = "ca.pem"'))
        pull()
        assert office.case_nos() == ["A", "B"]
        office.configure(text.replace("allow_http = true", 'ca_file = "no.pem"'))
        with pytest.raises(ConfigurationError, match="cannot read certificates"):
            pull()


@pytest.mark.parametrize("link", ["http://[", "\\\\x", "https://127.0.0.1/", "//localhost:1/x"])
def test_a_link_that_leads_nowhere_good(
    office: Office, httpserver: HTTPServer, serve: Serve, link: str
) -> None:
    serve("/events", lambda _: answer({"rows": EVENTS, "next": link}))
    office.configure(http(httpserver, 'rows = "rows"\nlink = {at = "next"}'))
    with pytest.raises(EffmonError) as raised:
        office.pull()
    assert "\n" not in raised.value.message
    assert office.case_nos() == []


@pytest.mark.parametrize(
    "row", ['{"case_no": "\\ud800"}', '{"' + "n" * 300_000 + '": 1}', '{"": 1}']
)
def test_strange_rows_are_quarantined(office: Office, httpserver: HTTPServer, row: str) -> None:
    good = json.dumps(EVENTS[0])
    httpserver.expect_request("/events").respond_with_data(
        f"[{row},{good}]", content_type="application/json"
    )
    office.configure(http(httpserver))
    document = office.pull().document
    assert (document["read"], document["imported"], document["quarantined"]) == (2, 1, 1)
