"""A stale feed: its open cases are not judged, to the second, and are judged again after a pull."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import event
from werkzeug import Response

from efficiency_monitor.cards import explain
from efficiency_monitor.intake.store import cases
from efficiency_monitor.people import by_hand
from efficiency_monitor.scan import scan
from tests.feeds.conftest import Office, accepted, answer, case, http
from tests.stories.world import PEOPLE, instant

pytestmark = pytest.mark.both_engines

Serve = Callable[..., None]
TABLES = 'cases = "/cases", events = "/events"'


@pytest.fixture
def hall(office: Office, httpserver: HTTPServer, serve: Serve) -> Office:
    """A source with two late cases, of which one is decided, and one that came by itself."""
    serve("/cases", lambda _: answer([case("A"), case("B")]))
    events = [
        accepted("A"),
        accepted("B"),
        {**accepted("B"), "event": "decided", "source_key": "D-B"},
    ]
    serve("/events", lambda _: answer(events))
    office.configure(http(httpserver, source='freshness = "26 calendar_hours"', tables=TABLES))
    office.world.people(PEOPLE)
    office.world.receive("cases", [case("OWN")])
    office.world.receive("events", [accepted("OWN")])
    return office


def outcomes(office: Office) -> dict[str, str]:
    return dict(office.world.tuples("SELECT case_no, outcome FROM case_file ORDER BY 1"))  # type: ignore[arg-type]


def test_at_the_limit_fresh_and_one_second_later_stale(hall: Office) -> None:
    hall.pull()
    limit = hall.world.now + 26 * 3600
    hall.world.now = limit
    report = hall.world.scan()
    assert report.stale == []
    assert outcomes(hall) == {"A": "judged", "B": "judged", "OWN": "judged"}
    hall.world.now = limit + 1
    report = hall.world.scan()
    assert [(each.source, each.fresh_until) for each in report.stale] == [("hall", limit)]
    assert outcomes(hall) == {"A": "not_judgeable", "B": "judged", "OWN": "judged"}
    assert {(number, reason) for number, _, reason, _ in report.problems} == {("A", "stale_feed")}
    assert report.totals["not_judgeable"] == 1
    # Only what turned was looked at; what is stale and stays so costs nothing.
    assert report.evaluated == 1
    hall.world.now += 60
    assert hall.world.scan().evaluated == 0


def test_after_a_pull_what_was_held_back_is_carded(hall: Office) -> None:
    hall.pull()
    hall.world.now = instant("2026-03-10 09:00")
    report = hall.world.scan()
    assert sum(report.issued.values()) == len(
        [line for line in hall.world.cards() if line.startswith("OWN")]
    )
    assert not [line for line in hall.world.cards() if line.startswith("A ")]
    hall.pull()
    report = hall.world.scan()
    assert report.stale == []
    assert report.evaluated == 1
    assert [line for line in hall.world.cards() if line.startswith("A ")]
    own = [line.split(" ", 1)[1] for line in hall.world.cards() if line.startswith("OWN")]
    assert [line.split(" ", 1)[1] for line in hall.world.cards() if line.startswith("A ")] == own


def test_a_card_that_stands_is_not_touched_by_a_stale_feed(hall: Office) -> None:
    hall.pull()
    hall.world.now = instant("2026-03-10 09:00")
    hall.pull()
    hall.world.scan()
    cards = hall.world.cards()
    assert cards
    hall.world.now += 27 * 3600
    report = hall.world.scan()
    assert report.stale
    assert report.lifted == 0
    assert hall.world.cards() == cards


def test_a_limit_in_working_days_follows_the_calendar(hall: Office, httpserver: HTTPServer) -> None:
    hall.configure(http(httpserver, source='freshness = "1 working_days"', tables=TABLES))
    hall.world.now = instant("2026-03-06 12:00")  # a Friday
    hall.pull()
    hall.world.now = instant("2026-03-09 23:59:59")
    assert hall.world.scan().stale == []
    hall.world.now += 1
    assert [each.source for each in hall.world.scan().stale] == ["hall"]


def test_where_the_calendar_ends_nothing_is_guessed(hall: Office, httpserver: HTTPServer) -> None:
    hall.configure(http(httpserver, source='freshness = "5 working_days"', tables=TABLES))
    hall.world.now = instant("2027-12-30 12:00")
    hall.pull()
    hall.world.now = instant("2027-12-31 12:00")
    assert hall.world.scan().stale == []  # it ends later than the calendar: not yet
    hall.world.now = instant("2028-01-03 12:00")
    assert [each.source for each in hall.world.scan().stale] == ["hall"]


def test_a_source_that_was_never_read_is_stale(hall: Office) -> None:
    report = hall.world.scan()
    assert [(each.source, each.data_as_of) for each in report.stale] == [("hall", None)]
    assert outcomes(hall) == {"OWN": "judged"}


def test_what_was_known_when_decides(hall: Office) -> None:
    hall.pull()
    first = hall.world.now
    late = first + 30 * 3600
    hall.world.now = late
    hall.pull()
    hall.world.now = late + 5

    def shown(as_of: int, known_by: int | None) -> list[str]:
        report = scan.preview(
            hall.world.context, as_of=as_of, known_by=known_by, run_id="R", against=False
        )
        again = scan.preview(
            hall.world.context, as_of=as_of, known_by=known_by, run_id="R", against=False
        )
        assert report == again
        return [each.source for each in report.stale]

    assert shown(late - 60, None) == []  # the later pull tells of it
    assert shown(late - 60, late - 60) == ["hall"]  # which nobody could know then
    assert shown(first + 60, first + 60) == []
    document = explain.explain(hall.world.context, "A", as_of=late - 60, known_by=late - 60)
    assert document["outcome"] == "not_judgeable"
    assert document["clocks"][0]["reason"] == "stale_feed"
    document = explain.explain(hall.world.context, "A", as_of=late - 60)
    assert document["outcome"] == "judged"


def test_a_failed_pull_makes_nothing_fresh(
    hall: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    hall.pull()
    hall.world.now += 27 * 3600
    httpserver.clear()
    serve("/cases", lambda _: Response("no", 404))
    hall.pull_all()
    assert [each.source for each in hall.world.scan().stale] == ["hall"]


def test_what_was_imported_by_hand_before_stays_by_hand(hall: Office) -> None:
    """The source does not take it over of itself: its rows say so, and whose the case is."""
    hall.world.receive("cases", [case("A")])
    hall.world.receive("events", [accepted("A")])
    hall.pull()
    found = dict(hall.world.tuples("SELECT case_no, source FROM case_file"))
    assert found == {"A": "by-hand", "B": "hall", "OWN": "by-hand"}
    refused = hall.world.tuples("SELECT code, message, source FROM quarantine")
    assert refused == [("foreign_case", "by-hand", "hall")] * 2
    hall.world.now += 27 * 3600
    hall.world.scan()
    assert outcomes(hall) == {"A": "judged", "B": "judged", "OWN": "judged"}


def test_another_limit_judges_again(hall: Office, httpserver: HTTPServer) -> None:
    hall.pull()
    hall.world.now += 27 * 3600
    hall.world.scan()
    assert outcomes(hall)["A"] == "not_judgeable"
    hall.configure(http(httpserver, source='freshness = "3 working_days"', tables=TABLES))
    hall.world.now += 1
    hall.world.scan()
    assert outcomes(hall)["A"] == "judged"
    hall.configure("")
    hall.world.now += 1
    assert hall.world.scan().evaluated == 0


def test_missed_nights_are_caught_up_after_one_pull(hall: Office) -> None:
    hall.world.now = instant("2026-03-03 03:00")
    hall.world.nights(pull=hall.pull_all)
    pulls = len(hall.runs())
    hall.world.now = instant("2026-03-10 09:00")
    report = hall.world.nights(pull=hall.pull_all)
    assert len(report.scans) == 7
    assert len(hall.runs()) == pulls + 1
    assert [done.stale for done in report.scans] == [[]] * 7
    (slot,) = hall.world.tuples("SELECT slot FROM feed_run ORDER BY seq DESC LIMIT 1")
    assert slot == (instant("2026-03-10 02:10"),)
    assert [line for line in hall.world.cards() if line.startswith("A ")]


def test_a_source_that_fails_stops_no_night(
    hall: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    hall.pull()
    httpserver.clear()
    serve("/cases", lambda _: Response("no", 404))
    hall.world.now = instant("2026-03-10 09:00")
    report = hall.world.nights(pull=hall.pull_all)
    assert [pull.state for pull in report.pulls] == ["failed"]
    assert len(report.scans) == 8
    assert [line for line in hall.world.cards() if line.startswith("OWN")]
    assert not [line for line in hall.world.cards() if line.startswith("A ")]
    assert "hall" in [each.source for each in report.scans[-1].stale]
    (entry,) = [e for e in hall.world.entries() if e["type"] == "scan.done"][-1:]
    assert [each["source"] for each in entry["stale"]] == ["hall"]  # type: ignore[attr-defined]


def test_no_pull_where_no_slot_is_open(hall: Office) -> None:
    assert hall.world.nights(pull=hall.pull_all).pulls == []
    assert hall.runs() == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize("stale", [(), ("hall",)])
def test_asking_what_turned_costs_what_turned(hall: Office, stale: tuple[str, ...]) -> None:
    hall.pull()
    asked: list[tuple[str, Any]] = []

    @event.listens_for(hall.world.context.store.engine, "before_cursor_execute")
    def _keep(_1: object, _2: object, statement: str, values: object, *_rest: object) -> None:
        asked.append((statement, values))

    with hall.world.context.store.reading() as connection:
        cases.to_judge(connection, hall.world.now, stale)
        statement, values = next(entry for entry in asked if entry[0].startswith("SELECT"))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    steps = [str(row[3]) for row in plan]
    assert any("ix_case_file_stale (judged_stale=?" in step for step in steps), steps
    assert [step for step in steps if step.startswith("SCAN case_file") and "ix_" not in step] == []


def test_a_pull_under_a_clock_that_was_wrong_is_not_fresh_for_ever(hall: Office) -> None:
    right = hall.world.now
    hall.world.now = right + 400 * 86_400
    hall.pull()
    hall.world.now = right + 30 * 86_400
    assert [each.source for each in hall.world.scan().stale] == ["hall"]
    assert not [line for line in hall.world.cards() if line.startswith("A ")]
    hall.pull()
    assert hall.world.scan().stale == []


def test_an_import_beside_a_pull_does_not_call_it_interrupted(
    hall: Office, httpserver: HTTPServer, serve: Serve
) -> None:
    seen: list[str] = []
    path = hall.world.folder / "more.csv"
    path.write_text("case_no,department\nC,住建局\n", encoding="utf-8")

    def handler(_: object) -> Response:
        by_hand.import_into(hall.world.acting("wang"), [path], "hall")
        seen.extend(state for state, _ in hall.runs())
        return answer([accepted("A")])

    httpserver.clear()
    serve("/cases", lambda _: answer([case("A")]))
    serve("/events", handler)
    hall.pull()
    assert seen == ["running", "done"]
