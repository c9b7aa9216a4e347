"""Cases that a full snapshot does not hold: reported once, cleared when back, judged all along."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from efficiency_monitor.cards import listing
from efficiency_monitor.faults import FeedFailed
from tests.feeds.conftest import Office, accepted, answer, case, http
from tests.stories.world import PEOPLE, instant

pytestmark = pytest.mark.both_engines

Serve = Callable[..., None]
TABLES = 'cases = "/cases", events = "/events"'


class Hall:
    """What the source holds now."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.cases: list[dict[str, Any]] = [case(number) for number in "ABCD"]
        self.events: list[dict[str, Any]] = [accepted(number) for number in "ABCD"]

    def drop(self, *numbers: str) -> None:
        self.cases = [row for row in self.cases if row["case_no"] not in numbers]
        self.events = [row for row in self.events if row["case_no"] not in numbers]

    def pull(self) -> tuple[list[str], list[str]]:
        self.office.world.now += 60
        found = self.office.pull().vanished
        return found.flagged, found.returned

    def vanished(self) -> list[str]:
        rows = listing.list_cases(self.office.world.context, vanished=True)
        return [row["case_no"] for row in rows]


@pytest.fixture
def hall(office: Office, httpserver: HTTPServer, serve: Serve) -> Hall:
    made = Hall(office)
    serve("/cases", lambda _: answer(made.cases))
    serve("/events", lambda _: answer(made.events))
    office.configure(http(httpserver, source="snapshot = true", tables=TABLES))
    office.world.people(PEOPLE)
    office.world.receive("cases", [case("OWN")])  # of another source: no snapshot speaks of it
    office.world.receive("events", [accepted("OWN")])
    assert made.pull() == ([], [])
    office.world.scan()
    return made


def test_what_is_missing_is_flagged_once_and_judged_as_before(hall: Hall) -> None:
    hall.drop("B")
    assert hall.pull() == (["B"], [])
    assert hall.pull() == ([], [])
    assert hall.vanished() == ["B"]
    (entry,) = [e for e in hall.office.world.entries() if e["type"] == "case.vanished"]
    assert entry["cases"] == ["B"]
    hall.office.world.now = instant("2026-03-10 09:00")
    report = hall.office.world.scan()
    assert report.vanished == {"hall": 1}
    cards = [line.split(" ", 1) for line in hall.office.world.cards()]
    of = {number: [rest for case_no, rest in cards if case_no == number] for number in "ABCD"}
    assert of["B"] == of["A"] != []


def test_what_comes_back_is_cleared(hall: Hall) -> None:
    kept = hall.cases, hall.events
    hall.drop("B", "C")
    hall.pull()
    hall.cases, hall.events = kept
    hall.drop("C")
    assert hall.pull() == ([], ["B"])
    assert hall.vanished() == ["C"]
    (entry,) = [e for e in hall.office.world.entries() if e["type"] == "case.reappeared"]
    assert entry["cases"] == ["B"]


def test_a_closed_case_may_leave_the_snapshot(hall: Hall) -> None:
    hall.events.append({**accepted("A"), "event": "decided", "source_key": "D-A"})
    hall.pull()  # closed by what it brought; no scan has said so yet
    hall.drop("A")
    assert hall.pull() == ([], [])
    hall.office.world.scan()
    assert hall.pull() == ([], [])


def test_a_case_whose_row_is_refused_has_not_vanished(hall: Hall) -> None:
    hall.drop("B", "C")
    hall.events.append({**accepted("B"), "event": "no such event"})
    hall.cases.append({**case("C"), "promised_limit": "soon"})
    assert hall.pull() == ([], [])


@pytest.mark.parametrize("row", [{"event": "accepted"}, 7, {"case_no": ""}])
def test_where_a_row_cannot_be_read_nobody_is_flagged(hall: Hall, row: Any) -> None:
    hall.drop("B")
    hall.events.append(row)
    hall.office.world.now += 60
    found = hall.office.pull().vanished
    assert (found.flagged, found.unreadable) == ([], 1)
    hall.events.pop()
    assert hall.pull() == (["B"], [])


def test_an_empty_snapshot_is_a_failure_and_flags_nobody(hall: Hall) -> None:
    hall.drop(*"ABCD")
    with pytest.raises(FeedFailed, match="empty"):
        hall.pull()
    assert hall.vanished() == []
    assert hall.office.runs()[-1][0] == "failed"


def test_a_failed_snapshot_flags_nobody(hall: Hall, httpserver: HTTPServer, serve: Serve) -> None:
    hall.drop("B")
    httpserver.clear()
    serve("/cases", lambda _: answer(hall.cases))
    serve("/events", lambda _: Response("no", 404))
    with pytest.raises(FeedFailed):
        hall.pull()
    assert hall.vanished() == []


def test_a_dry_run_flags_nobody(hall: Hall) -> None:
    hall.drop("B")
    before = hall.office.world.dump()
    hall.office.pull(dry_run=True)
    assert hall.office.world.dump() == before


def test_what_came_meanwhile_by_hand_is_left_for_the_next_snapshot(
    hall: Hall, httpserver: HTTPServer, serve: Serve
) -> None:
    from efficiency_monitor.people.by_hand import import_into

    world = hall.office.world
    path = world.folder / "late.csv"
    path.write_text("case_no,event,occurred_at\nNEW,accepted,2026-03-02 09:00\n", encoding="utf-8")

    def meanwhile(_: object) -> Response:
        world.now += 5
        import_into(world.acting("wang"), [path], "hall")
        return answer(hall.events)

    httpserver.clear()
    serve("/cases", lambda _: answer(hall.cases))
    serve("/events", meanwhile)
    assert hall.pull() == ([], [])
    httpserver.clear()
    serve("/cases", lambda _: answer(hall.cases))
    serve("/events", lambda _: answer(hall.events))
    assert hall.pull() == (["NEW"], [])
