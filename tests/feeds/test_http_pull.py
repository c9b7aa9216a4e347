"""Pulling from a real HTTP server: paging, cursors, tokens, files, repeated pulls."""

import json
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from tests.feeds.conftest import TOKEN, Office, accepted, answer, case, http, numbered

NUMBERS = [f"C{n:02}" for n in range(7)]
EVENTS = [accepted(number, minute) for minute, number in enumerate(NUMBERS)]
Serve = Callable[..., None]
PAGED = 'rows = "data.rows"\npage = {param = "page"}'


def test_numbered_pages_are_all_pulled_and_pulling_again_changes_nothing(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    serve("/events", numbered(EVENTS, 3))
    office.configure(http(httpserver, PAGED))
    report = office.pull()
    assert office.case_nos() == NUMBERS
    document = report.as_json("UTC")
    assert (document["read"], document["imported"], document["pages"]) == (7, 7, 4)
    assert not office.spool().exists()

    before = office.world.rows("SELECT * FROM event")
    again = office.pull().as_json("UTC")
    assert (again["read"], again["imported"], again["unchanged"]) == (7, 0, 7)
    assert office.world.rows("SELECT * FROM event") == before


def test_a_corrected_row_changes_exactly_its_case(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    rows = [dict(row) for row in EVENTS]
    serve("/events", numbered(rows, 4))
    office.configure(http(httpserver, PAGED))
    office.pull()
    office.world.scan()
    rows[2]["occurred_at"] = "2026-03-02 09:30:00"
    report = office.pull()
    assert report.document["imported"] == 1
    changed = office.world.tuples("SELECT case_no FROM case_file WHERE changed = 1")
    assert changed == [(NUMBERS[2],)]


def test_a_server_that_repeats_its_last_page_needs_a_total(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    def clamped(request: Request) -> Response:
        page = min(int(request.args["page"]), 2)
        return answer({"rows": EVENTS[(page - 1) * 4 : page * 4], "count": 7, "page": page})

    serve("/events", clamped)
    office.configure(http(httpserver, 'rows = "rows"\npage = {param = "page"}'))
    with pytest.raises(FeedFailed, match="same rows"):
        office.pull()
    assert office.case_nos() == []
    office.configure(http(httpserver, 'rows = "rows"\ntotal = "count"\npage = {param = "page"}'))
    assert office.pull().document["read"] == 7


def test_fewer_rows_than_announced_are_no_pull(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    def short(request: Request) -> Response:
        page = int(request.args["page"])
        return answer({"rows": EVENTS[:3] if page == 1 else [], "count": 4})

    serve("/events", short)
    office.configure(http(httpserver, 'rows = "rows"\ntotal = "count"\npage = {param = "page"}'))
    with pytest.raises(FeedFailed, match="4 rows were announced and 3 came"):
        office.pull()
    assert office.case_nos() == []
    assert office.runs()[0][0] == "failed"


def test_cursor_pages_end_where_no_cursor_is_given(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    def cursored(request: Request) -> Response:
        at = int(request.args.get("after", "k0")[1:])
        more = {"next": f"k{at + 3}"} if at + 3 < len(EVENTS) else {"next": None}
        return answer({"rows": EVENTS[at : at + 3], "paging": more})

    serve("/events", cursored)
    office.configure(
        http(httpserver, 'rows = "rows"\ncursor = {param = "after", at = "paging.next"}')
    )
    assert office.pull().pages == 3
    assert office.case_nos() == NUMBERS


@pytest.mark.parametrize("by", ["header", "body"])
def test_links_lead_from_page_to_page(
    office: Office, httpserver: HTTPServer, serve: Serve, by: str
) -> None:
    def linked(request: Request) -> Response:
        at = int(request.args.get("at", "0"))
        url = f"/events?at={at + 3}" if at + 3 < len(EVENTS) else None
        if by == "body":
            return answer({"rows": EVENTS[at : at + 3], "next": url})
        headers = {"Link": f'<{url}>; rel="next"'} if url else {}
        return answer({"rows": EVENTS[at : at + 3]}, **headers)

    serve("/events", linked)
    link = "link = {}" if by == "header" else 'link = {at = "next"}'
    office.configure(http(httpserver, f'rows = "rows"\n{link}'))
    assert office.pull().pages == 3
    assert office.case_nos() == NUMBERS


def test_a_link_to_another_host_does_not_get_the_token(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    serve("/events", lambda _: answer({"rows": EVENTS[:1], "next": "http://localhost:1/steal"}))
    office.configure(
        http(httpserver, 'rows = "rows"\nlink = {at = "next"}\ntoken_env = "HALL_TOKEN"')
    )
    with pytest.raises(FeedFailed, match="another host"):
        office.pull()


@pytest.mark.parametrize(
    ("more", "name", "sent"),
    [
        ("", "Authorization", f"Bearer {TOKEN}"),
        ('token_header = "X-Api-Key"', "X-Api-Key", TOKEN),
    ],
)
def test_the_token_goes_into_its_header_and_nowhere_else(
    office: Office,
    httpserver: HTTPServer,
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    more: str,
    name: str,
    sent: str,
) -> None:
    seen: list[Request] = []

    def watching(request: Request) -> Response:
        seen.append(request)
        return answer([EVENTS[0]])

    serve("/events", watching)
    caplog.set_level("DEBUG")
    office.configure(http(httpserver, f'{more}\ntoken_env = "HALL_TOKEN"'))
    report = office.pull()
    assert [request.headers[name] for request in seen] == [sent]
    assert TOKEN not in seen[0].url
    kept = [path.read_bytes() for path in sorted(office.world.folder.rglob("*")) if path.is_file()]
    kept += [
        caplog.text.encode(),
        repr(report).encode(),
        json.dumps(report.as_json("UTC")).encode(),
    ]
    assert not any(TOKEN.encode() in each for each in kept)


def test_a_token_that_is_not_set_is_a_failed_run(office: Office, httpserver: HTTPServer) -> None:
    office.configure(http(httpserver, 'token_env = "NOBODY_SET_THIS"'))
    with pytest.raises(ConfigurationError, match="NOBODY_SET_THIS"):
        office.pull()
    assert office.runs()[0][0] == "failed"


def test_only_what_is_newer_is_asked_for(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    asked: list[str | None] = []
    rows = list(EVENTS)

    def since(request: Request) -> Response:
        given = request.args.get("from")
        asked.append(given)
        return answer([row for row in rows if given is None or row["recorded_at"] >= given])

    serve("/events", since)
    office.configure(
        http(
            httpserver,
            "[sources.hall.http.since]\n"
            'param = "from"\ncolumn = "recorded_at"\noverlap = "3 calendar_minutes"',
        )
    )
    assert office.pull().cursor == {"events": "2026-03-02 10:03:00"}
    rows.append(accepted("NEW", 30))
    report = office.pull()
    assert report.document["read"] == 5  # minutes 3 to 6, and the new one
    assert report.document["imported"] == 1
    # Nothing is 3 minutes older than the newest but what was read before: it goes on from minute 6.
    assert report.cursor == {"events": "2026-03-02 10:06:00"}
    office.pull()
    assert asked == [None, "2026-03-02 10:03:00", "2026-03-02 10:06:00"]


def test_a_time_in_the_future_does_not_hide_what_comes(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    rows = [accepted("A"), accepted("B", recorded_at="2099-12-31 00:00:00")]
    serve("/events", lambda _: answer(rows))
    office.configure(http(httpserver, '[sources.hall.http.since]\ncolumn = "recorded_at"'))
    report = office.pull()
    assert report.left_out == {"events": 1}
    assert report.cursor == {}  # of one time alone nothing is ten minutes older
    assert office.case_nos() == ["A", "B"]


def test_a_number_may_be_the_cursor(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    rows = [{**accepted("A"), "seq": 9}, {**accepted("B"), "seq": 10}]
    asked: list[str | None] = []

    def handler(request: Request) -> Response:
        asked.append(request.args.get("since"))
        return answer(rows)

    serve("/events", handler)
    office.configure(
        http(httpserver, '[sources.hall.http.since]\ncolumn = "seq"\norder = "number"')
    )
    assert office.pull().cursor == {"events": "10"}
    office.pull()
    assert asked == [None, "10"]


def test_a_cursor_moves_only_with_what_was_imported(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    good = {"yes": True}
    tables = 'cases = "/cases", events = "/events"'

    def second(_: Request) -> Response:
        return answer(EVENTS) if good["yes"] else Response("no", status=403)

    serve("/cases", lambda _: answer([{**case("C00"), "recorded_at": "2026-03-02 10:00:00"}]))
    serve("/events", second)
    since = '[sources.hall.http.since]\ncolumn = "recorded_at"\noverlap = "1 calendar_seconds"'
    office.configure(http(httpserver, since, tables=tables))
    good["yes"] = False
    with pytest.raises(FeedFailed, match="does not let us in"):
        office.pull()
    assert office.world.rows("SELECT * FROM feed_cursor") == []
    assert office.case_nos() == []
    good["yes"] = True
    office.pull()
    assert office.case_nos() == NUMBERS


def test_a_dry_run_leaves_nothing(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    serve("/events", numbered([*EVENTS, {"case_no": "X", "event": "no such"}], 3))
    office.configure(http(httpserver, PAGED))
    before = office.world.dump()
    report = office.pull(dry_run=True)
    assert (report.document["imported"], report.document["quarantined"]) == (7, 1)
    assert office.world.dump() == before
    assert not office.spool().exists()
    assert not office.spool("hall.dry").exists()


def test_rows_at_fault_are_quarantined_and_the_totals_add_up(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    rows = (
        '[{"case_no":"A","event":"accepted","occurred_at":"2026-03-02 09:00:00"},3,null,'
        '{"case_no":"B","case_no":"C","event":"accepted"},{"other":1.10}]'
    )
    serve("/events", lambda _: Response(rows, content_type="application/json"))
    office.configure(http(httpserver))
    document = office.pull().document
    assert (document["read"], document["imported"], document["quarantined"]) == (5, 1, 4)


def test_numbers_arrive_as_they_are_written(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    row = (
        '[{"case_no":12345678901234567890123,"event":"accepted",'
        '"occurred_at":"2026-03-02 09:00:00","source_key":1.10}]'
    )
    serve("/events", lambda _: Response(row, content_type="application/json"))
    office.configure(http(httpserver))
    office.pull()
    assert office.case_nos() == ["12345678901234567890123"]
    assert office.world.tuples("SELECT source_key FROM event") == [("1.10",)]


@pytest.mark.parametrize(
    "document", ['{"code":500,"data":null}', '{"code":500,"data":{"rows":[]}}']
)
def test_an_answer_that_says_it_failed_has_failed(
    office: Office, httpserver: HTTPServer, serve: Serve, document: str
) -> None:
    serve("/events", lambda _: Response(document, content_type="application/json"))
    office.configure(http(httpserver, 'rows = "data.rows"\nsuccess = {at = "code", is = ["200"]}'))
    with pytest.raises(FeedFailed, match="code = 500"):
        office.pull()


def test_an_empty_answer_is_a_pull(office: Office, httpserver: HTTPServer, serve: Serve) -> None:
    serve("/events", lambda _: Response("", status=204))
    office.configure(http(httpserver))
    report = office.pull()
    assert (report.state, report.document["read"]) == ("done", 0)
    assert office.runs() == [("done", "")]


def test_what_a_pull_did_stands_in_the_ledger(
    office: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    serve("/events", numbered(EVENTS, 4))
    office.configure(http(httpserver, PAGED))
    report = office.pull()
    done = [entry for entry in office.world.entries() if entry["type"] == "feed.pulled"]
    assert [(entry["run"], entry["read"], entry["source"]) for entry in done] == [
        (report.run_id, 7, "hall")
    ]
    imports = [entry for entry in office.world.entries() if entry["type"] == "import.done"]
    assert [entry["import"] for entry in imports] == [done[0]["import"]]
    assert office.world.sound()
