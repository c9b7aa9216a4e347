"""What decides is bound when an episode starts: what is told later of a limit, a kind, an item."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.cards import explain as explaining

from .world import PEOPLE, World, instant

pytestmark = pytest.mark.both_engines

CASE = {"case_no": "A", "item_kind": "promised", "department": "住建局"}
LIMITS = {"promised_limit": "3 working_days", "statutory_limit": "5 working_days"}
ACCEPTED = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
DECIDED = {"case_no": "A", "event": "decided", "occurred_at": "2026-03-04 10:00"}
STANDING = ["A CASE red open", "A CASE warning superseded", "A CASE yellow superseded"]


def town(folder: Path, *, supervised: bool = True) -> World:
    """A workspace with or without somebody who supervises."""
    made = World.made(folder / "ws", "2026-03-02 12:00")
    made.people(PEOPLE if supervised else PEOPLE[:2])
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A supervised workspace."""
    made = town(tmp_path)
    yield made
    made.close()


@pytest.fixture
def county(tmp_path: Path) -> Iterator[World]:
    """A workspace in which nobody has ever supervised."""
    made = town(tmp_path, supervised=False)
    yield made
    made.close()


def late(world: World) -> None:
    """A case that is red on 10 March."""
    world.receive("cases", [{**CASE, **LIMITS}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    assert world.cards() == STANDING


@pytest.mark.parametrize(
    "told",
    [
        {**LIMITS, "promised_limit": "500 working_days", "statutory_limit": "900 working_days"},
        {**LIMITS, "promised_due": "2027-01-04", "statutory_due": "2027-01-04"},
        {**LIMITS, "item_kind": "instant"},
        {**LIMITS, "item_kind": "forwarded"},
        {"promised_limit": "", "statutory_limit": ""},
    ],
)
def test_what_is_told_later_lifts_no_card(world: World, told: dict[str, str]) -> None:
    late(world)
    world.now = instant("2026-03-10 15:00")
    world.receive("cases", [{**CASE, **told}])
    report = world.scan()
    assert world.cards() == STANDING
    assert report.corrections == ["A"]
    assert report.as_json("Asia/Shanghai")["corrections_waiting"] == {
        "cases": 1,
        "case_nos": ["A"],
    }


def test_a_case_that_was_in_time_stays_so(world: World) -> None:
    world.receive("cases", [{**CASE, **LIMITS}])
    world.now = instant("2026-03-04 12:00")
    world.receive("events", [ACCEPTED, DECIDED])
    world.scan()
    world.now = instant("2026-03-20 12:00")
    told = {"promised_limit": "1 working_days", "statutory_limit": "1 working_days"}
    world.receive("cases", [{**CASE, **told}])
    report = world.scan()
    assert world.cards() == []
    assert report.corrections == ["A"]


def test_a_lengthened_limit_that_has_not_fallen_due_waits(world: World) -> None:
    world.receive("cases", [{**CASE, **LIMITS}])
    world.receive("events", [ACCEPTED])
    world.receive("cases", [{**CASE, **LIMITS, "promised_limit": "30 working_days"}])
    world.now = instant("2026-03-02 13:00")
    world.receive("cases", [{**CASE, **LIMITS, "promised_limit": "30 working_days"}])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert world.cards() == []  # both versions came in the second of the start


def test_a_limit_shortened_in_time_counts_at_once(world: World) -> None:
    long = {"promised_limit": "10 working_days", "statutory_limit": "20 working_days"}
    world.receive("cases", [{**CASE, **long}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-03 09:00")
    world.receive("cases", [{**CASE, **long, "promised_limit": "3 working_days"}])
    world.scan()
    world.now = instant("2026-03-06 09:00")
    report = world.scan()
    assert world.cards() == ["A CASE warning superseded", "A CASE yellow open"]
    assert report.corrections == []


def test_a_limit_shortened_after_it_would_have_ended_waits(world: World) -> None:
    long = {"promised_limit": "10 working_days", "statutory_limit": "20 working_days"}
    world.receive("cases", [{**CASE, **long}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.receive("cases", [{**CASE, **long, "promised_limit": "3 working_days"}])
    report = world.scan()
    assert world.cards() == []
    assert report.corrections == ["A"]


def test_an_item_register_binds_as_the_case_itself(world: World) -> None:
    lists = {"fee_list": "", "stage_list": ""}
    item = {"item_code": "X", "statutory_limit": "20 working_days", **lists}
    world.receive("items", [{**item, "promised_limit": "10 working_days"}])
    world.receive("cases", [{**CASE, "item_code": "X"}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-03 09:00")
    world.receive("items", [{**item, "promised_limit": "3 working_days"}])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert world.cards() == ["A CASE warning superseded", "A CASE yellow open"]
    world.receive("items", [{**item, "promised_limit": "30 working_days"}])
    report = world.scan()
    assert world.cards() == ["A CASE warning superseded", "A CASE yellow open"]
    assert report.corrections == ["A"]


def test_a_corrected_start_keeps_what_the_former_one_bound(world: World) -> None:
    start = {**ACCEPTED, "source_key": "s"}
    world.receive("cases", [{**CASE, **LIMITS}])
    world.receive("events", [start])
    world.now = instant("2026-03-03 09:00")
    world.receive("cases", [{**CASE, **LIMITS, "promised_limit": "30 working_days"}])
    world.receive("events", [{**start, "occurred_at": "2026-03-02 09:00"}])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert world.cards() == ["A CASE warning superseded", "A CASE yellow open"]


def test_a_start_told_anew_under_another_number_keeps_it_too(world: World) -> None:
    world.receive("cases", [{**CASE, **LIMITS}])
    world.receive("events", [{**ACCEPTED, "source_key": "s"}])
    world.now = instant("2026-03-03 09:00")
    world.receive("cases", [{**CASE, **LIMITS, "promised_limit": "30 working_days"}])
    gone = {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [{**gone, "source_key": "s"}, {**ACCEPTED, "source_key": "t"}])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert world.cards() == ["A CASE warning superseded", "A CASE yellow open"]


def test_without_a_supervisor_a_correction_counts_at_once(county: World) -> None:
    late(county)
    told = {**CASE, "promised_limit": "500 working_days", "statutory_limit": "900 working_days"}
    county.now = instant("2026-03-10 15:00")
    county.receive("cases", [told])
    report = county.scan()
    assert [card.split()[-2:] for card in county.cards()] == [["lifted", "correction"]] * 3
    assert report.corrections == []


def test_without_a_supervisor_nothing_is_late_before_it_was_told(county: World) -> None:
    county.receive("cases", [{**CASE, **LIMITS}])
    county.receive("events", [ACCEPTED, DECIDED])
    county.now = instant("2026-03-20 12:00")
    told = {"promised_limit": "1 working_days", "statutory_limit": "1 working_days"}
    county.receive("cases", [{**CASE, **told}])
    county.scan()
    assert county.cards() == []


def test_a_workspace_that_had_a_supervisor_once_stays_one(world: World) -> None:
    late(world)
    world.people(PEOPLE[:2])
    world.now = instant("2026-03-10 15:00")
    world.receive("cases", [{**CASE, "promised_limit": "500 working_days"}])
    world.scan()
    assert world.cards() == STANDING


def test_the_explanation_names_both_values(world: World) -> None:
    late(world)
    world.now = instant("2026-03-10 15:00")
    world.receive("cases", [{**CASE, **LIMITS, "statutory_limit": "900 working_days"}])
    world.scan()
    document = explaining.explain(world.context, "A", as_of=world.now)
    assert document["corrections"] == [
        {
            "field": "statutory_limit",
            "bound": "5 working_days",
            "later": "900 working_days",
            "received_at": "2026-03-10T15:00:00+08:00",
            "waits": True,
        }
    ]
    (clock,) = document["clocks"]
    assert clock["limits"]["statutory"] == {"value": "5", "unit": "working_days"}


def test_each_episode_binds_by_its_own_start(world: World) -> None:
    """Of two inquiries the limit is shortened while the second one runs."""
    case = {**CASE, "watch": "inquiries"}
    asked = {"case_no": "A", "event": "inquiry_received"}
    world.receive("cases", [case])
    world.receive("events", [{**asked, "occurred_at": "2026-03-02 10:00", "source_key": "1"}])
    world.now = instant("2026-03-04 09:00")
    world.scan()
    assert world.cards() == ["A ANSWER yellow open"]
    world.receive("cases", [{**CASE, "watch": "nothing"}])
    world.receive("events", [{**asked, "occurred_at": "2026-03-03 10:00", "source_key": "2"}])
    world.now = instant("2026-03-06 09:00")
    world.scan()
    assert world.cards() == ["A ANSWER yellow open"]
