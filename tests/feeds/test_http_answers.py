"""Answers that look like less than they are, or like more: nothing is lost, nothing explodes."""

import gzip
import resource
import zlib
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.feeds.conftest import Office, answer, http
from tests.feeds.test_http_faults import BODY, EVENTS, fails, whole
from tests.notify.receivers import answering, receiver

Serve = Callable[..., None]
CSV = b"case_no,event,occurred_at\nA,accepted,2026-03-02 09:00\nB,accepted,2026-03-02 09:00\n"
GZIP = "Content-Encoding: gzip\r\n"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_nothing_new_needs_no_length(office: Office, kind: str) -> None:
    """RFC 9110 forbids a 204 to say one."""
    with receiver(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as running:
        office.configure(http(running.port, f'format = "{kind}"'))
        assert office.pull().document["read"] == 0
    assert office.runs() == [("done", "")]


def test_an_empty_body_is_no_end_of_the_pages(
    office: Office, serve: Serve, httpserver: HTTPServer
) -> None:
    """A page that a broken proxy has emptied: what follows it must not be taken for gone."""
    serve("/events", lambda r: Response("") if r.args["page"] == "2" else answer(EVENTS))
    office.configure(http(httpserver, "page = {}"))
    fails(office, "is no JSON")


def test_an_empty_body_without_a_length_may_be_cut_off(office: Office) -> None:
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as running:
        office.configure(http(running.port, "attempts = 2"))
        fails(office, "broke off", "tried 2x")


def test_no_content_before_the_total_has_come(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    def handler(request: Request) -> Response:
        if request.args["page"] == "1":
            return answer({"rows": EVENTS, "total": 9})
        return Response("", 204)

    serve("/events", handler)
    office.configure(http(httpserver, 'rows = "rows"\ntotal = "total"\npage = {}'))
    fails(office, "rows were announced and 2 came")


@pytest.mark.parametrize("at", [30, 60, len(CSV)])
def test_every_member_of_a_gzip_is_read(office: Office, at: int) -> None:
    body = gzip.compress(CSV[:at]) + gzip.compress(CSV[at:])
    with receiver(answering(whole(body, GZIP))) as running:
        office.configure(http(running.port, 'format = "csv"'))
        document = office.pull().document
    assert (document["read"], document["imported"]) == (2, 2)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_gzip_that_ends_early_is_cut_off(office: Office, keep: float) -> None:
    """The length is right: it is the file behind the server that was not whole."""
    rows = b"".join(b"%d,accepted,2026-03-02 09:00\n" % (n * n) for n in range(20_000))
    body = gzip.compress(CSV + rows)
    with receiver(answering(whole(body[: int(len(body) * keep)], GZIP))) as running:
        office.configure(http(running.port, 'format = "csv"\nattempts = 2'))
        fails(office, "broke off", "tried 2x")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(CSV))),
        ("deflate", zlib.compress(CSV)),
        ("br", CSV),
    ],
    # A gzip holds the time: as part of a name it would differ between two workers.
    ids=["gzip, gzip", "deflate", "br"],
)
def test_other_packings_were_not_asked_for(office: Office, name: str, body: bytes) -> None:
    with receiver(answering(whole(body, f"Content-Encoding: {name}\r\n"))) as running:
        office.configure(http(running.port, 'format = "csv"'))
        fails(office, "another way than gzip")


def test_a_bomb_does_not_fill_the_memory(office: Office) -> None:
    bomb = gzip.compress(b"[" + b" " * 400_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with receiver(answering(whole(bomb, GZIP))) as running:
        office.configure(http(running.port))
        fails(office, "a page of more than 64 MB")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_page_in_a_gzip(office: Office) -> None:
    with receiver(answering(whole(gzip.compress(BODY) + b"\0\0", GZIP))) as running:
        office.configure(http(running.port))
        office.pull()
    assert office.case_nos() == ["A", "B"]
