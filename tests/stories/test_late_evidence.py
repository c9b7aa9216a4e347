"""Evidence by hand takes no yellow or red card away by itself: the card stays, contested."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.cards import explain as explaining
from efficiency_monitor.cards import listing
from efficiency_monitor.cards.store.cards import CardQuery
from efficiency_monitor.intake import ingest
from efficiency_monitor.ops.doctor.doctor import examine
from efficiency_monitor.scan import scan as scanning
from efficiency_monitor.scan.scan import ScanReport

from .world import PEOPLE, World, instant, write_csv

pytestmark = pytest.mark.both_engines

CASE = {
    "case_no": "A",
    "item_kind": "promised",
    "department": "住建局",
    "promised_limit": "3 working_days",
    "statutory_limit": "5 working_days",
}
ACCEPTED = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
DECIDED = {"case_no": "A", "event": "decided", "occurred_at": "2026-03-04 10:00"}
STANDING = ["A CASE red open", "A CASE warning superseded", "A CASE yellow superseded"]
LIFTED = [["lifted", "late_evidence"]] * 3


def red(folder: Path, late_evidence: str | None = None, *, supervised: bool = True) -> World:
    """A case that is red on 10 March."""
    world = World.made(folder / "ws", "2026-03-02 12:00", late_evidence=late_evidence)
    world.people(PEOPLE if supervised else PEOPLE[:2])
    world.receive("cases", [CASE])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    assert world.cards() == STANDING
    world.now = instant("2026-03-10 15:00")
    return world


def ends(world: World) -> list[list[str]]:
    """State and reason of each card."""
    return [card.split()[-2:] for card in world.cards()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A supervised workspace with a red card."""
    made = red(tmp_path)
    yield made
    made.close()


def preview(world: World) -> ScanReport:
    """`effmon scan --dry-run`."""
    return scanning.preview(
        world.context, as_of=world.now, known_by=None, run_id=app.run_id(), against=True
    )


def test_a_pause_that_saves_the_card_no_longer_is_not_said_to(world: World) -> None:
    """Held back while it would lift the card; with its days used up, the card is earned anyway."""
    pause = {"case_no": "A", "reason": "听证", "occurred_at": "2026-03-04 10:00"}
    world.receive("events", [{**pause, "event": "suspended", "kind": "hearing"}])
    back = {**pause, "event": "resumed", "kind": "hearing", "occurred_at": "2026-03-06 10:00"}
    world.receive("events", [back])
    red_card = world.card("A CASE red")
    assert red_card in world.scan().contested
    world.now = instant("2026-03-11 23:59")
    assert red_card in world.scan().contested
    world.now = instant("2026-03-12 00:01")
    report = world.scan()
    assert (report.contested, report.evidence) == ([], [])
    assert world.cards()[0] == STANDING[0]
    assert world.sound()


def test_a_line_by_hand_leaves_the_card(world: World) -> None:
    world.receive("events", [DECIDED])
    numbers = sorted(world.card(f"A CASE {level}") for level in ("yellow", "red"))
    assert preview(world).contested == numbers
    report = world.scan()
    assert world.cards() == STANDING
    assert report.contested == numbers
    assert report.as_json("Asia/Shanghai")["contested"] == {"cards": 2, "card_nos": numbers}
    assert preview(world).contested == numbers
    assert preview(world).lifted == 0
    document = explaining.explain(world.context, "A", as_of=world.now)
    assert document["contested"] == numbers
    listed = listing.list_cards(world.context, CardQuery(state="all"))
    assert sorted(each["card_no"] for each in listed if each["contested"]) == numbers
    shown = listing.show_card(world.context, world.card("A CASE red"))
    assert (shown["state"], shown["contested"]) == ("open", True)
    assert not listing.show_card(world.context, world.card("A CASE warning"))["contested"]
    found = {each["check"]: each for each in examine(world.context, quick=True)}
    assert found["contested"]["status"] == "look"
    assert all(number in found["contested"]["detail"] for number in numbers)
    assert found["corrections"]["status"] == "ok"
    world.now += 86_400
    assert world.scan().contested == numbers, "also where nothing is new"
    assert world.sound()


def test_a_withdrawal_by_hand_leaves_it(world: World) -> None:
    world.receive("events", [{**ACCEPTED, "occurred_at": "2026-03-09 10:00", "source_key": "x"}])
    world.scan()
    assert world.cards()[:3] == STANDING


def test_a_register_by_hand_lends_late_what_would_lift(tmp_path: Path) -> None:
    """The first kind that is told of a case is no correction: it comes from its item, too late."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    rule = world.folder / "catalogue" / "packs" / "story" / "CASE.yaml"
    text = rule.read_text(encoding="utf-8")
    meant = "item_kind: [promised, joint]"
    assert text.count(meant) == 1
    rule.write_text(text.replace(meant, "not: {item_kind: [instant]}"), encoding="utf-8")
    world.people(PEOPLE)
    untold = {name: value for name, value in CASE.items() if name != "item_kind"}
    world.receive("cases", [{**untold, "item_code": "X"}])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    assert world.cards() == STANDING
    world.now += 3600
    world.receive(
        "items", [{"item_code": "X", "item_kind": "instant", "fee_list": "", "stage_list": ""}]
    )
    report = world.scan()
    assert world.cards() == STANDING
    assert len(report.contested) == 2
    assert world.sound()
    world.close()


def test_what_takes_no_card_away_counts_at_once(world: World) -> None:
    world.receive("events", [{**DECIDED, "occurred_at": "2026-03-10 14:00"}])
    report = world.scan()
    assert world.cards() == STANDING
    assert report.contested == []
    assert world.tuples("SELECT state FROM clock WHERE rule_id = 'CASE'") == [("stopped",)]


def test_a_workspace_says_lift(tmp_path: Path) -> None:
    world = red(tmp_path, "lift")
    world.receive("events", [DECIDED])
    assert world.scan().contested == []
    assert ends(world) == LIFTED
    (entry,) = [
        one
        for one in world.entries()
        if one["type"] == "card.lifted" and one["card"] == world.card("A CASE red")
    ]
    events = world.rows("SELECT event_key, import_id FROM event WHERE type = 'decided'")
    assert entry["rests_on"] == {
        "imports": [events[0]["import_id"]],
        "event": {"count": 1, "keys": [events[0]["event_key"]]},
    }
    assert world.sound()
    world.close()


def test_nobody_who_could_agree(tmp_path: Path) -> None:
    world = red(tmp_path, supervised=False)
    world.receive("events", [DECIDED])
    world.scan()
    assert ends(world) == LIFTED
    world.close()


def _nothing() -> None:
    """A pull is told before it writes."""


@pytest.mark.parametrize(("pulled", "own"), [(True, True), (True, False), (False, True)])
def test_a_pulled_source_of_its_own_case(tmp_path: Path, *, pulled: bool, own: bool) -> None:
    """By a file in the source's name, and by what another adds to it, the card does not fall."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    settings = world.folder / "effmon.toml"
    files = 'files = {folder = "inbox"}'
    adds = 'adds_to = {sources = ["hall"], events = ["decided"]}'
    text = f"\n[sources.hall]\n{files}\n[sources.other]\n{files}\n{adds}\n"
    settings.write_text(settings.read_text(encoding="utf-8") + text, encoding="utf-8")
    world.close()
    world.people(PEOPLE)

    def take(name: str, rows: list[dict[str, str]], *, pull: bool) -> None:
        path = world.folder / f"{world.now}-{len(rows[0])}.csv"
        write_csv(path, rows)
        writing = _nothing if pull else None
        ingest.import_files(world.context, [path], "canonical", source=name, writing=writing)

    take("hall", [CASE], pull=True)
    take("hall", [ACCEPTED], pull=True)
    world.now = instant("2026-03-10 09:00")
    world.scan()
    assert world.cards() == STANDING
    world.now += 3600
    take("hall" if own else "other", [DECIDED], pull=pulled)
    report = world.scan()
    if pulled and own:
        assert ends(world) == LIFTED
    else:
        assert world.cards() == STANDING
        assert len(report.contested) == 2
    assert json.loads(json.dumps(report.summary(world.context.zone)))["contested"]["cards"] == len(
        report.contested
    )
    world.close()
