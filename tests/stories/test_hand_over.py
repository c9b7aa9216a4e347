"""A source hands its cases over: nothing begins anew, and the new owner alone speaks of them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.followup.hand_over import HandedOver, hand_over
from efficiency_monitor.followup.ladders import actions as ladders
from efficiency_monitor.ledger import book
from efficiency_monitor.people.keys import enrol
from efficiency_monitor.scan import scan as scanning
from tests.matters.stage import run

from ..authority.desk import PEOPLE, key_of
from .test_evidence import acting
from .world import World, instant

pytestmark = pytest.mark.both_engines
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
SOURCES = """
[sources.old]
mapping = "canonical"
late_evidence = "{old}"
[sources.new]
mapping = "canonical"
late_evidence = "{new}"
[sources.other]
mapping = "canonical"
prefix = "X-"
"""


def event(what: str, at: str, **more: str) -> dict[str, str]:
    return {"case_no": "A", "event": what, "occurred_at": at, **more}


BEGUN = event("accepted", "2026-03-02 10:00:07", source_key="1")
HEARD = event("suspended", "2026-03-03 09:00", source_key="2", kind="hearing")
WENT_ON = event("resumed", "2026-03-04 09:00", source_key="3")


def made(
    folder: Path,
    *,
    people: bool = False,
    begun: Mapping[str, str] = BEGUN,
    late: Mapping[str, str] = {"old": "lift", "new": "lift"},
) -> World:
    """Case A of the old system: a hearing of a day, red on 20 March, told to its head."""
    world = World.made(folder, "2026-03-02 12:00")
    settings = folder / "effmon.toml"
    sources = SOURCES.format(**late)
    settings.write_text(settings.read_text(encoding="utf-8") + sources, encoding="utf-8")
    world.close()
    head = [one for one in PEOPLE if one["role"] == "head"]
    world.people(PEOPLE if people else head)
    for person in ("wang", "chen") if people else ():
        enrol(acting(world, person), person, key_of(person).public)
    says(world, "old", "cases", {"case_no": "A", **CASE})
    for row in (begun, HEARD, WENT_ON):
        says(world, "old", "events", row)
    world.now = instant("2026-03-20 09:00")
    world.scan()
    world.deliver()
    world.now += 3600
    return world


def says(world: World, source: str, kind: str, *rows: Mapping[str, str]) -> int:
    """A source brings rows; how many wait in quarantine."""
    world.source = source
    world.now += 60
    return int(world.receive(kind, list(rows)).total.quarantined)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    begun = made(tmp_path / "ws")
    yield begun
    begun.close()


def migrate(world: World, case_no: str | None = None) -> HandedOver:
    return hand_over(world.context, "old", "new", case_no, "新系统上线")


def everything(world: World) -> tuple[object, ...]:
    """What a migration must not touch: cards, ladders, notices."""
    return (
        world.rows("SELECT card_no, state, issue_no, episode, limit_due_at FROM card ORDER BY 1"),
        world.rows("SELECT card_no, step, turn, state, told_at FROM ladder_run ORDER BY 1"),
        world.rows("SELECT notice_id, state FROM notice ORDER BY 1"),
    )


#: What the new system tells of the same facts: its own numbers, coarser times, a remark.
AGAIN = (
    event("accepted", "2026-03-02", source_key="n/10"),
    event("suspended", "2026-03-03 09:00", source_key="n/11", kind="hearing", reason="听证"),
    event("resumed", "2026-03-04 09:00", source_key="n/12"),
)


def test_what_the_new_system_tells_again_begins_nothing_anew(world: World) -> None:
    ladders.advance(world.context)
    before = everything(world)
    assert world.cards()
    assert says(world, "new", "cases", {"case_no": "A", **CASE}) == 1
    assert migrate(world).cases == 1
    world.scan()
    assert everything(world) == before
    assert says(world, "new", "cases", {"case_no": "A", **CASE, "handler": "李新"}) == 0
    assert says(world, "new", "events", *AGAIN) == 0
    world.scan()
    assert everything(world) == before
    live = (
        "SELECT source, type, occurred_at FROM event WHERE id NOT IN "
        "(SELECT event_id FROM event_withdrawal) ORDER BY occurred_at"
    )
    told = world.rows(live)
    assert [row["source"] for row in told] == ["new"] * 3
    # To the second where the former owner knew it.
    assert told[0]["occurred_at"] == instant("2026-03-02 10:00") + 7
    # Told once more, nothing is new.
    for row in AGAIN:
        says(world, "new", "events", row)
    assert world.rows(live) == told
    # Its ladder goes on.
    world.now += 5 * 86_400
    world.nights()
    steps = world.rows("SELECT max(step) AS step FROM ladder_run")
    assert steps[0]["step"] > 1
    assert world.sound()


def test_the_new_owner_alone_speaks_and_corrects_what_the_former_said(world: World) -> None:
    migrate(world)
    shown = json.loads(run(world, "cases list --output json").well().out)
    assert [one["source"] for one in shown] == ["new"]
    assert json.loads(run(world, "cases explain A --output json").well().out)["owner"] == "new"
    assert says(world, "old", "events", event("decided", "2026-03-03 11:00", source_key="9")) == 1
    assert [row["code"] for row in world.rows("SELECT code FROM quarantine")] == ["foreign_case"]
    says(world, "new", "events", *AGAIN)
    world.scan()
    assert " red open" in world.cards()[0]
    # It says that the hearing went on until the 19th: evidence like any other of its own.
    says(world, "new", "events", event("resumed", "2026-03-19 09:00", source_key="n/12"))
    world.scan()
    assert {card.split()[-1] for card in world.cards()} == {"late_evidence"}
    assert world.sound()


def test_where_somebody_supervises_it_takes_two_with_keys(tmp_path: Path) -> None:
    world = made(tmp_path / "ws", people=True)
    with pytest.raises(NotAllowed):
        migrate(world)
    with pytest.raises(NotAllowed):
        hand_over(acting(world, "wang"), "old", "new", None, "x")
    with pytest.raises(NotAllowed):
        hand_over(acting(world, "li", "li"), "old", "new", None, "x")
    one = hand_over(acting(world, "wang", "wang"), "old", "new", None, "x")
    assert (one.done, one.signed_by) == (False, ["wang"])
    assert hand_over(acting(world, "wang", "wang"), "old", "new", None, "x").repeated
    assert says(world, "new", "events", AGAIN[0]) == 1
    assert hand_over(acting(world, "chen", "chen"), "old", "new", None, "y").done
    assert hand_over(acting(world, "chen", "chen"), "old", "new", None, "y").repeated
    assert says(world, "new", "events", AGAIN[0]) == 0
    assert world.sound()
    world.close()


def test_what_cannot_be_handed_over_is_said(world: World) -> None:
    for args, said in (
        (("old", "nwe", None), "no source 'nwe'"),
        (("old", "old", None), "owns its cases already"),
        (("old", "other", None), "other prefixes"),
        (("new", "old", None), "owns no such case"),
        (("old", "new", "B"), "B"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            hand_over(world.context, *args, "x")
    with pytest.raises(ConfigurationError, match="reason"):
        hand_over(world.context, "old", "new", None, None)


def test_the_owner_transfers_one_case_by_an_event(world: World) -> None:
    says(world, "old", "cases", {"case_no": "B", **CASE})
    says(world, "old", "events", event("transferred", "2026-03-20 09:30", kind="new"))
    assert says(world, "old", "events", event("rated", "2026-03-20 10:00")) == 1
    assert says(world, "new", "events", event("rated", "2026-03-20 10:00")) == 0
    assert says(world, "old", "events", {**event("rated", "2026-03-20 10:00"), "case_no": "B"}) == 0
    assert [one["event"] is not None for one in world.entries()
            if one["type"] == "source.handed_over"] == [True]  # fmt: skip
    # A source that there is not takes nothing, and who owns nothing hands nothing over.
    says(world, "new", "events", event("transferred", "2026-03-20 11:00", kind="nowhere"))
    says(world, "new", "events", event("transferred", "2026-03-20 11:05", kind="old"))
    assert says(world, "old", "events", event("rated", "2026-03-20 12:00")) == 0
    assert world.sound()


def test_cases_that_come_later_are_the_former_owners_own(world: World) -> None:
    migrate(world)
    says(world, "old", "cases", {"case_no": "B", **CASE})
    assert says(world, "new", "cases", {"case_no": "B", **CASE}) == 1
    assert migrate(world).cases == 1
    assert says(world, "new", "cases", {"case_no": "B", **CASE}) == 0


def test_what_was_known_before_is_told_as_it_was(world: World) -> None:
    def replay(known_by: int) -> str:
        report = scanning.preview(
            world.context, as_of=instant("2026-03-20 09:00"), known_by=known_by, run_id="RUN",
            against=False,
        )  # fmt: skip
        return str(report.as_json("Asia/Shanghai"))

    before, known = replay(world.now), world.now
    world.now += 60
    migrate(world)
    says(world, "new", "events", *AGAIN)
    world.scan()
    assert replay(known) == before


def test_a_hand_over_that_nobody_answers_for_is_named(world: World) -> None:
    world.change(
        "INSERT INTO source_handover (from_source, to_source, upto_case, at, entry, os_user, host)"
        " VALUES ('old', 'by-hand', 9, ?, 'source.handed_over/x', 'x', 'x')", world.now,
    )  # fmt: skip
    world.change("UPDATE case_file SET owner = 'by-hand', changed = 1")
    says(world, "by-hand", "events", event("decided", "2026-03-03 11:00"))
    report = world.scan()
    assert [each.table for each in report.not_held] == ["source_handover"]
    assert " red open" in world.cards()[0]
    assert any("row and ledger differ" in line for line in book.verify(world.context)["approvals"])


def test_another_owner_in_the_copy_alone_is_named(world: World) -> None:
    world.change("UPDATE case_file SET owner = 'by-hand', changed = 1")
    assert says(world, "by-hand", "events", event("decided", "2026-03-03 11:00")) == 1
    assert [each.table for each in world.scan().not_held] == ["source_handover"]


# What a fresh reader found.


def test_two_systems_number_their_rows_alike(world: World) -> None:
    migrate(world)
    says(world, "new", "events", event("contacted", "2026-03-19 09:00", source_key="1"))
    world.scan()
    assert " red open" in world.cards()[0]
    assert "lifted" not in " ".join(world.cards())


@pytest.mark.parametrize("at", ["2026-03-02 10:00", "2026-03-02", "2026-03-02 10:00:07"])
def test_told_to_the_minute_or_the_day_it_is_the_same(world: World, at: str) -> None:
    before = everything(world)
    migrate(world)
    for _ in range(2):
        says(world, "new", "events", event("accepted", at, source_key="n/10"))
        world.scan()
        assert everything(world) == before
    live = "SELECT count(*) FROM event WHERE type = 'accepted' AND id NOT IN"
    assert world.tuples(f"{live} (SELECT event_id FROM event_withdrawal)") == [(1,)]


def test_a_date_told_to_the_second_keeps_its_cards_and_can_be_corrected(tmp_path: Path) -> None:
    world = made(tmp_path / "ws", begun=event("accepted", "2026-03-02", source_key="1"))
    cards = world.rows("SELECT card_no, state, issue_no FROM card ORDER BY 1")
    migrate(world)
    says(world, "new", "events", event("accepted", "2026-03-02 10:00:07", source_key="n/10"))
    world.scan()
    assert world.rows("SELECT card_no, state, issue_no FROM card ORDER BY 1") == cards
    says(world, "new", "events", event("contacted", "2026-03-19", source_key="n/30"))
    says(world, "new", "events", event("contacted", "2026-03-19 15:00", source_key="n/30"))
    (told,) = world.rows(
        "SELECT precision FROM event WHERE type = 'contacted' AND id NOT IN"
        " (SELECT event_id FROM event_withdrawal)"
    )
    assert told["precision"] == "second"
    assert world.sound()
    world.close()


def test_two_events_of_one_day_stay_two(world: World) -> None:
    migrate(world)
    one = event("contacted", "2026-03-19", source_key="n/20", actor="甲")
    other = {**one, "source_key": "n/21", "actor": "乙"}
    for _ in range(3):
        says(world, "new", "events", one, other)
    live = "SELECT count(*) FROM event WHERE type = 'contacted'"
    assert world.tuples(live) == [(2,)]


@pytest.mark.parametrize(("old", "new"), [("lift", "confirm"), ("confirm", "lift")])
def test_what_the_new_owner_withdraws_goes_by_its_own_setting(
    tmp_path: Path, old: str, new: str
) -> None:
    world = made(tmp_path / "ws", people=True, late={"old": old, "new": new})
    for person in ("wang", "chen"):
        hand_over(acting(world, person, person), "old", "new", None, "x")
    says(world, "new", "events", *AGAIN)
    says(world, "new", "events", event("accepted", "2026-03-19", source_key="n/10"))
    world.scan()
    stands = [card for card in world.cards() if " red open" in card]
    assert bool(stands) == (new == "confirm")
    assert bool(world.tuples("SELECT 1 FROM case_file WHERE contested <> '[]'")) == bool(stands)
    world.close()


def test_a_former_owner_takes_nothing_back_that_it_told_as_owner(world: World) -> None:
    settings = world.folder / "effmon.toml"
    adds = 'adds_to = {sources = ["new"], events = ["rated"]}'
    text = settings.read_text(encoding="utf-8").replace("[sources.old]", f"[sources.old]\n{adds}")
    settings.write_text(text, encoding="utf-8")
    world.close()
    migrate(world)
    says(world, "old", "events", event("rated", "2026-03-19 10:00", source_key="3"))
    world.scan()
    assert " red open" in world.cards()[0]
    assert "lifted" not in " ".join(world.cards())


def test_transferred_to_a_source_with_other_numbers_says_nothing(world: World) -> None:
    says(world, "old", "events", event("transferred", "2026-03-20 09:30", kind="other"))
    assert world.tuples("SELECT owner FROM case_file") == [("old",)]


def test_transferred_again_is_another_hand_over(world: World) -> None:
    handed = event("transferred", "2026-03-20 09:30", kind="new", source_key="5")
    says(world, "old", "events", handed)
    hand_over(world.context, "new", "old", "A", "退回")
    says(world, "old", "events", {**handed, "kind": "nowhere"})
    says(world, "old", "events", handed)
    assert world.tuples("SELECT owner FROM case_file") == [("new",)]
    assert world.sound()


def test_a_file_by_hand_transfers_nothing_where_somebody_supervises(tmp_path: Path) -> None:
    world = made(tmp_path / "ws", people=True)
    says(world, "old", "events", event("transferred", "2026-03-20 09:30", kind="new"))
    assert world.tuples("SELECT owner FROM case_file") == [("old",)]
    world.close()
