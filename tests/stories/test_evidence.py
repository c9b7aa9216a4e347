"""Evidence that is held back: who accepts or rejects it, and what becomes of the cards."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.followup.evidence import actions, views
from efficiency_monitor.followup.evidence.actions import Decision
from efficiency_monitor.followup.evidence.matters import Target
from efficiency_monitor.intake import ingest
from efficiency_monitor.ops.doctor.doctor import examine
from efficiency_monitor.people import by_hand
from efficiency_monitor.people.keys import enrol
from efficiency_monitor.scan import scan as scanning
from efficiency_monitor.workspace.context import Context

from ..authority.desk import PEOPLE, key_of
from .test_late_evidence import ACCEPTED, CASE, DECIDED, STANDING
from .world import World, instant, town, write_csv

pytestmark = pytest.mark.both_engines

FELL = [["lifted", "late_evidence"]] * 3


def acting(world: World, person: str | None, key: str | None = None) -> Context:
    """The services as somebody uses them."""
    base = world.context
    return replace(
        base,
        actor=replace(base.actor, claimed=person),
        key=None if key is None else key_of(key),
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three supervisors, two of them with keys; a case that is red on 10 March."""
    made = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    made.people(PEOPLE)
    for person in ("wang", "chen"):
        enrol(acting(made, person), person, key_of(person).public)
    made.receive("cases", [CASE])
    made.receive("events", [{**ACCEPTED, "source_key": "k"}])
    made.now = instant("2026-03-10 09:00")
    made.scan()
    assert made.cards() == STANDING
    made.now = instant("2026-03-10 15:00")
    yield made
    made.close()


def told_late(world: World, row: dict[str, str] = DECIDED, kind: str = "events") -> str:
    """A row by hand that would take the red card away; the number of what is held back."""
    world.receive(kind, [row])
    world.scan()
    assert world.cards() == STANDING
    (matter,) = views.list_evidence(world.context)
    return str(matter["evidence"])


def decide(
    world: World, target: Target, person: str, key: str | None = None, *, accept: bool = True
) -> Decision:
    """`effmon evidence accept | reject`."""
    return actions.decide(acting(world, person, key), target, accept=accept, text="核对过原件")


def by(number: str) -> Target:
    return Target("evidence", number)


def ends(world: World) -> list[list[str]]:
    return [card.split()[-2:] for card in world.cards()]


def replay(world: World, known_by: int) -> str:
    """`effmon scan --known-by`, byte for byte."""
    report = scanning.preview(
        world.context,
        as_of=instant("2026-03-10 09:00"),
        known_by=known_by,
        run_id="RUN",
        against=False,
    )
    document = report.as_json("Asia/Shanghai")
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def test_two_supervisors_with_keys_accept(world: World) -> None:
    received = world.now
    number = told_late(world)
    (listed,) = views.list_evidence(world.context)
    assert (listed["level"], listed["signatures"], listed["lacking"]) == ("red", 2, 0)
    assert listed["cards"] == sorted(world.card(f"A CASE {one}") for one in ("yellow", "red"))
    world.now += 3600
    first = decide(world, by(number), "wang", "wang")
    assert (first.done, first.signed_by, first.needed) == (False, ["wang"], 2)
    assert decide(world, by(number), "wang", "wang").repeated
    world.scan()
    assert world.cards() == STANDING, "one signature takes no red card away"
    world.now += 3600
    replayed = replay(world, world.now), replay(world, received - 1)
    second = decide(world, by(number), "chen", "chen")
    assert (second.done, second.signed_by) == (True, ["wang", "chen"])
    accepted = world.now
    report = world.scan()
    assert ends(world) == FELL
    red = world.card("A CASE red")
    (entry,) = [
        one for one in world.entries() if one["type"] == "card.lifted" and one["card"] == red
    ]
    assert dict(entry["rests_on"])["evidence"] == [number]
    assert red in report.unseen
    world.now += 86_400
    # What was known before it was accepted is replayed as it was then, and from then on as it is.
    assert (replay(world, accepted - 1), replay(world, received - 1)) == replayed
    assert json.loads(replay(world, accepted - 1))["cards"]["issued"]["red"] == 1
    assert json.loads(replay(world, accepted))["cards"]["issued"]["red"] == 0
    again = decide(world, by(number), "chen", "chen")
    assert (again.done, again.repeated) == (True, True)
    assert world.sound()


def test_it_counts_as_received_when_it_was_accepted(world: World) -> None:
    number = told_late(world)
    for person in ("wang", "chen"):
        decide(world, by(number), person, person)
    world.scan()
    shown = views.show_evidence(world.context, number)
    assert shown["state"] == "accepted"
    assert [(one["what"], one["type"]) for one in shown["says"]] == [("event", "decided")]
    assert [one["decision"] for one in shown["decisions"]] == ["accepted"]


def test_rejected_evidence_counts_for_nothing_until_its_source_says_otherwise(world: World) -> None:
    number = told_late(world)
    done = decide(world, by(number), "wang", "wang", accept=False)
    assert done.done
    report = world.scan()
    assert world.cards() == STANDING
    assert (report.contested, report.evidence) == ([], [])
    assert views.list_evidence(world.context) == []
    world.receive("events", [DECIDED])  # the same again is nothing new
    world.scan()
    assert views.list_evidence(world.context) == []
    world.now += 60
    told_late(world, {**DECIDED, "occurred_at": "2026-03-04 11:00"})
    assert world.sound()


def test_a_rejected_withdrawal_lapses_when_the_source_tells_the_row_again(world: World) -> None:
    """The start that was withdrawn stands, then the source tells a third time: that one counts."""
    number = told_late(world, {**ACCEPTED, "source_key": "k", "occurred_at": "2026-03-09 10:00"})
    decide(world, by(number), "wang", "wang", accept=False)
    world.now += 60
    world.receive("events", [{**ACCEPTED, "source_key": "k", "occurred_at": "2026-03-02 11:00"}])
    world.scan()
    assert world.cards() == STANDING
    (again,) = views.list_evidence(world.context)
    assert again["evidence"] != number
    explained = _explained(world)
    assert [one["occurred_at"] for one in explained["events"]] == ["2026-03-02T10:00:00+08:00"]
    assert [(one["occurred_at"], one["state"]) for one in explained["held_back"]] == [
        ("2026-03-09T10:00:00+08:00", "rejected"),
        ("2026-03-02T11:00:00+08:00", "waiting"),
    ]
    for person in ("wang", "chen"):
        decide(world, by(again["evidence"]), person, person)
    world.scan()
    starts = {
        one["occurred_at"] for one in _explained(world)["events"] if one["type"] == "accepted"
    }
    assert starts == {"2026-03-02T11:00:00+08:00"}
    assert world.sound()


def _explained(world: World) -> dict[str, Any]:
    from efficiency_monitor.cards import explain

    return explain.explain(world.context, "A", as_of=world.now)


def test_what_was_rejected_can_still_be_accepted_by_two(world: World) -> None:
    number = told_late(world)
    decide(world, by(number), "wang", "wang", accept=False)
    world.scan()
    assert not decide(world, by(number), "wang", "wang").done
    assert decide(world, by(number), "chen", "chen").done
    world.scan()
    assert ends(world) == FELL
    assert world.sound()


def test_who_imported_it_does_not_accept_it(world: World) -> None:
    path = world.folder / "late.csv"
    write_csv(path, [DECIDED])
    ingest.import_files(acting(world, "wang", "wang"), [path], "canonical", source="by-hand")
    world.scan()
    (listed,) = views.list_evidence(world.context)
    assert (listed["by"], listed["lacking"]) == ("wang", 1), "zhao has no key"
    for accept in (True, False):
        with pytest.raises(NotAllowed, match=r"wang may not .*they imported it"):
            decide(world, by(listed["evidence"]), "wang", "wang", accept=accept)
    report = world.scan()
    assert report.undecidable == [listed["evidence"]]


@pytest.mark.parametrize(
    ("person", "key", "signatures"),
    [("zhang", None, 2), ("chen", None, 2), ("chen", "chen", 1), ("zhang", "zhang", 2)],
)
def test_a_yellow_card_takes_two_where_nobody_signed_the_import(
    tmp_path: Path, person: str, key: str | None, signatures: int
) -> None:
    """Signed is what was imported with the own key that was enrolled, not with any."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    world.people(PEOPLE)
    for one in ("wang", "chen"):
        enrol(acting(world, one), one, key_of(one).public)
    world.receive("cases", [{**CASE, "statutory_limit": "30 working_days"}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    path = world.folder / "late.csv"
    write_csv(path, [DECIDED])
    by_hand.import_into(acting(world, person, key), [path])
    world.scan()
    (listed,) = views.list_evidence(world.context)
    assert (listed["level"], listed["signatures"]) == ("yellow", signatures)
    assert decide(world, by(listed["evidence"]), "wang", "wang").done is (signatures == 1)


def test_an_import_with_the_key_of_another_is_refused(world: World) -> None:
    path = world.folder / "late.csv"
    write_csv(path, [DECIDED])
    with pytest.raises(NotAllowed, match=r"the key \w+ that was given is not chen's"):
        by_hand.import_into(acting(world, "chen", "wang"), [path])


def test_a_claim_without_a_key_is_refused(world: World) -> None:
    number = told_late(world)
    for person in ("wang", "zhao", "zhang", "sun"):
        with pytest.raises(NotAllowed):
            decide(world, by(number), person)
    assert world.cards() == STANDING


def test_another_row_is_another_decision(world: World) -> None:
    """What one has signed nobody completes for more than they have seen."""
    told_late(world)
    red = Target("card", world.card("A CASE red"))
    assert not decide(world, red, "wang", "wang").done
    world.now += 60
    world.receive("events", [{**DECIDED, "occurred_at": "2026-03-05 10:00", "source_key": "9"}])
    world.scan()
    assert not decide(world, red, "chen", "chen").done
    assert decide(world, red, "wang", "wang").done
    world.scan()
    assert ends(world) == FELL


def test_a_card_that_fell_is_shown_until_a_supervisor_has_seen_it(world: World) -> None:
    number = told_late(world)
    for person in ("wang", "chen"):
        decide(world, by(number), person, person)
    report = world.scan()
    fallen = sorted(world.card(f"A CASE {one}") for one in ("yellow", "red"))
    assert report.unseen == fallen
    found = {each["check"]: each for each in examine(world.context, quick=True)}
    assert found["fallen"]["status"] == "look"
    world.deliver()
    told = {(one["person_id"], one["kind"]) for one in _notices(world)}
    assert {("wang", "lifted"), ("chen", "lifted"), ("zhao", "lifted")} <= told
    with pytest.raises(NotAllowed):
        actions.see(acting(world, "zhang"), Target("card", fallen[0]))
    with pytest.raises(NotAllowed):
        actions.see(acting(world, "wang"), Target("card", fallen[0]))
    assert actions.see(acting(world, "wang", "wang"), Target("card", fallen[0])).cards == fallen[:1]
    assert actions.see(acting(world, "wang", "wang"), Target("card", fallen[0])).repeated
    assert [each["card_no"] for each in views.list_fallen(world.context)] == fallen[1:]
    (import_id,) = views.list_fallen(world.context)[0]["imports"]
    assert actions.see(acting(world, "chen", "chen"), Target("import", import_id)).cards
    assert world.scan().unseen == []
    assert world.sound()


def _notices(world: World) -> list[dict[str, Any]]:
    return world.rows("SELECT person_id, kind FROM notice")


def test_accountability_follows_a_card_that_fell(world: World) -> None:
    number = told_late(world)
    for person in ("wang", "chen"):
        decide(world, by(number), person, person)
    world.scan()
    statuses = world.tuples("SELECT DISTINCT status FROM accountability")
    assert statuses == [("exempted",)]
    grounds = {one["ground"] for one in world.entries() if one["type"].endswith(".exempted")}
    assert grounds == {"card_fell"}


LONGER = {**CASE, "promised_limit": "300 working_days", "statutory_limit": "500 working_days"}


def test_a_correction_waits_contests_and_is_accepted(world: World) -> None:
    number = told_late(world, LONGER, "cases")
    shown = views.show_evidence(world.context, number)
    told = {(one["field"], one["before"], one["after"]) for one in shown["says"]}
    assert ("statutory_limit", "5 working_days", "500 working_days") in told
    report = world.scan()
    assert report.contested == sorted(world.card(f"A CASE {one}") for one in ("yellow", "red"))
    before = replay(world, world.now)
    world.now += 60
    for person in ("wang", "chen"):
        decide(world, by(number), person, person)
    world.scan()
    assert ends(world) == [["lifted", "correction"]] * 3
    assert replay(world, world.now - 1) == before
    assert world.sound()


def test_a_correction_that_makes_late_counts_from_its_acceptance(tmp_path: Path) -> None:
    """A clerk had typed 50 days for 5: when that is accepted the case is late from then on."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    world.people(PEOPLE)
    world.receive(
        "cases",
        [{**CASE, "promised_limit": "40 working_days", "statutory_limit": "50 working_days"}],
    )
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-16 09:00")
    world.scan()
    assert world.cards() == []
    world.receive("cases", [CASE])
    world.scan()
    assert world.cards() == []
    (listed,) = views.list_evidence(world.context)
    assert (listed["level"], listed["signatures"]) == (None, 2), "nobody signed the import"
    world.now = instant("2026-03-17 09:00")
    for person in ("wang", "chen"):
        done = decide(world, by(listed["evidence"]), person)
    assert done.done
    world.now += 60
    world.scan()
    assert [card.split()[2] for card in world.cards()] == ["red", "warning", "yellow"]
    fell = {row["fell_due_at"] for row in world.rows("SELECT fell_due_at FROM card")}
    assert min(fell) >= instant("2026-03-17 09:00")
    assert world.sound()
    world.close()


def test_a_calendar_that_one_person_amended(world: World) -> None:
    days = [f"2026-03-{day:02}" for day in range(3, 28) if day not in (7, 8, 14, 15, 21, 22)]
    world.calendar("town", town(days_off=days))
    report = world.scan()
    fallen = sorted(world.card(f"A CASE {one}") for one in ("yellow", "red"))
    assert world.cards() == STANDING
    assert report.contested == fallen
    world.now += 3600
    assert world.scan().contested == fallen, "also when nothing is new"
    (listed,) = views.list_evidence(world.context)
    assert (listed["calendar"], listed["level"], listed["signatures"]) == ("town", "red", 2)
    decide(world, Target("calendar", "town"), "wang", "wang")
    assert decide(world, Target("calendar", "town"), "chen", "chen").done
    world.scan()
    assert ends(world) == [["lifted", "calendar_amended"]] * 3
    assert world.sound()


def test_an_amendment_that_was_rejected_takes_nothing_away(world: World) -> None:
    days = [f"2026-03-{day:02}" for day in range(3, 28) if day not in (7, 8, 14, 15, 21, 22)]
    world.calendar("town", town(days_off=days))
    world.scan()
    assert decide(world, Target("calendar", "town"), "wang", "wang", accept=False).done
    report = world.scan()
    assert (world.cards(), report.contested) == (STANDING, [])
    # Evidence by hand is weighed by the calendar of before, and accepted as ever.
    number = told_late(world)
    for person in ("wang", "chen"):
        decide(world, by(number), person, person)
    world.scan()
    assert {card.split()[-2] for card in world.cards()} == {"lifted"}
    assert world.sound()


def test_an_amendment_and_a_late_row_are_two_matters(world: World) -> None:
    days = [f"2026-03-{day:02}" for day in range(3, 28) if day not in (7, 8, 14, 15, 21, 22)]
    world.calendar("town", town(days_off=days))
    world.receive("events", [DECIDED])
    world.scan()
    assert world.cards() == STANDING
    kinds = {one["calendar"] for one in views.list_evidence(world.context)}
    assert kinds == {None, "town"}


def test_nothing_is_held_back_of_that(world: World) -> None:
    for target in (by("E-NOTHING"), Target("card", "R-X"), Target("import", "I")):
        with pytest.raises(ConfigurationError, match="nothing is held back"):
            decide(world, target, "wang", "wang")
    with pytest.raises(ConfigurationError, match="there is no evidence"):
        views.show_evidence(world.context, "E-NOTHING")


@pytest.mark.parametrize("decision", ["accepted", "rejected"])
def test_a_decision_that_nobody_made(world: World, decision: str) -> None:
    """A row by SQL: the case cannot be judged, its cards stay, verify names it."""
    told_late(world)
    event = world.rows("SELECT id, case_id, import_id FROM event WHERE type = 'decided'")[0]
    world.change(
        "INSERT INTO evidence_decision (id, evidence_no, decision, at, case_id, import_id, rows,"
        " entry, os_user, host) VALUES (1, 'E-X', ?, ?, ?, ?, ?, 'evidence.decided/1', 'x', 'y')",
        decision,
        world.now,
        event["case_id"],
        event["import_id"],
        json.dumps({"event": [event["id"]]}),
    )
    world.mark_all_changed()
    report = world.scan()
    assert world.cards() == STANDING
    assert [each.table for each in report.not_held] == ["evidence_decision"]
    assert not world.sound()
