"""A clock a month ahead and brought back: what it did is undone by two supervisors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.followup.ladders import actions as ladders
from efficiency_monitor.ledger import book
from efficiency_monitor.ops.doctor.doctor import examine
from efficiency_monitor.ops.repair.clock import Repaired, repair
from efficiency_monitor.people.keys import enrol

from ..authority.desk import PEOPLE, key_of
from .test_evidence import acting
from .world import World, instant

pytestmark = pytest.mark.both_engines
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "5 working_days"}
RIGHT = "2026-03-09 09:00"
AHEAD = "2026-04-09 09:00"


def made(folder: Path) -> World:
    """On 9 March the cards of OLD are given and delivered, and NEW runs."""
    world = World.made(folder, "2026-03-02 08:00")
    world.people(PEOPLE)
    for person in ("wang", "chen"):
        enrol(acting(world, person), person, key_of(person).public)
    world.receive("cases", [
        {"case_no": "OLD", **CASE, "statutory_limit": "2 working_days"},
        {"case_no": "NEW", **CASE},
    ])  # fmt: skip
    world.receive("events", [
        {"case_no": "OLD", "event": "accepted", "occurred_at": "2026-03-02 09:00"},
        {"case_no": "NEW", "event": "accepted", "occurred_at": "2026-03-06 09:00"},
    ])  # fmt: skip
    world.now = instant(RIGHT)
    world.nights()
    world.scan()
    world.deliver()
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    begun = made(tmp_path / "ws")
    yield begun
    begun.close()


def jump(world: World) -> None:
    """Nights, rounds and deliveries by a clock that is a month ahead; then it is right again."""
    world.now = instant(AHEAD)
    world.nights()
    world.scan()
    for _ in range(3):
        ladders.advance(world.context)
        world.deliver()
        world.now += 5 * 86_400
    world.now = instant("2026-03-09 15:00")


def by(world: World, person: str, key: str | None = None, **more: bool) -> Repaired:
    """`effmon repair clock`."""
    return repair(acting(world, person, key), instant(RIGHT), "机房时钟快了一个月", **more)


def repaired(world: World) -> Repaired:
    by(world, "wang", "wang")
    return by(world, "chen", "chen")


def standing(world: World) -> list[str]:
    """Cards as they stand, without those that were lifted."""
    return [card for card in world.cards() if "lifted" not in card]


def clock_says(world: World) -> list[tuple[str, str]]:
    return [(one["status"], one["detail"]) for one in examine(world.context, quick=True)
            if one["check"] == "clock"]  # fmt: skip


def test_it_takes_two_with_keys_and_their_reason(world: World) -> None:
    jump(world)
    wrong = world.cards()
    with pytest.raises(NotAllowed):
        by(world, "wang")
    with pytest.raises(NotAllowed):
        by(world, "zhang", "zhang")
    with pytest.raises(ConfigurationError, match="reason"):
        repair(acting(world, "wang", "wang"), instant(RIGHT), None)
    with pytest.raises(ConfigurationError, match="has not come"):
        repair(acting(world, "wang", "wang"), instant(AHEAD), "x")
    first = by(world, "wang", "wang")
    assert (first.done, first.signed_by) == (False, ["wang"])
    assert by(world, "wang", "wang").repeated
    assert world.cards() == wrong
    before = world.dump()
    tried = by(world, "chen", "chen", dry_run=True)
    assert (tried.done, tried.cards != []) == (True, True)
    assert world.dump() == before
    assert by(world, "chen", "chen").done
    assert by(world, "chen", "chen").repeated


def test_afterwards_all_is_as_if_the_clock_had_been_right(world: World) -> None:
    right = standing(world)
    jump(world)
    assert [card for card in standing(world) if card.startswith("NEW")]
    assert any("repair clock --after 2026-03-09T09:00:00+08:00" in said
               for status, said in clock_says(world) if status == "bad")  # fmt: skip
    done = repaired(world)
    assert done.cards
    assert done.cases
    assert done.slots
    assert all(status == "ok" for status, _ in clock_says(world)), clock_says(world)
    world.scan()
    assert standing(world) == right
    assert {card.split()[-1] for card in world.cards() if "lifted" in card} == {"clock_error"}
    # Decided in time: no card comes back. Its twin story: it comes when it really falls due.
    world.now = instant("2026-03-10 09:00")
    world.receive("events", [
        {"case_no": "NEW", "event": "decided", "occurred_at": "2026-03-09 16:00"},
    ])  # fmt: skip
    world.now = instant("2026-03-20 09:00")
    world.nights()
    assert not [card for card in standing(world) if card.startswith("NEW")]
    assert world.sound()


def test_what_really_falls_due_is_given_when_it_does(world: World) -> None:
    jump(world)
    repaired(world)
    world.now = instant("2026-03-13 23:00")
    world.nights()
    given = [card for card in standing(world) if card.startswith("NEW")]
    assert given
    assert not any(" red" in card for card in given), given
    world.now = instant("2026-03-20 09:00")
    report = world.nights()
    assert report.scans
    assert [card for card in standing(world) if card.startswith("NEW CASE red#1")]
    numbers = [row["issue_no"] for row in world.rows("SELECT issue_no FROM card")]
    assert 1 in numbers
    assert world.sound()


def test_a_step_told_too_early_is_told_again_when_its_time_comes(world: World) -> None:
    run = (
        "SELECT step, turn, round, told_at, next_at FROM ladder_run JOIN card USING (card_no) "
        "WHERE case_no = 'OLD' AND card.state = 'open'"
    )
    (before,) = world.rows(run)
    jump(world)
    (ahead,) = world.rows(run)
    assert ahead["step"] > before["step"]
    done = repaired(world)
    (after,) = world.rows(run)
    assert (after["step"], after["turn"]) == (before["step"], before["turn"])
    assert after["told_at"] <= world.now
    assert after["next_at"] <= world.now
    assert done.steps
    kinds = (
        "SELECT kind, notice.state, created_at FROM notice JOIN card USING (card_no) "
        "WHERE kind LIKE 'step:%' AND case_no = 'OLD' ORDER BY number"
    )
    early = world.rows(kinds)
    assert not [row for row in early if row["state"] == "pending"]
    for day in range(10, 31):
        world.now = instant(f"2026-03-{day} 09:00")
        world.nights()
    again = world.rows(kinds)[len(early) :]
    assert again
    assert all(row["kind"].endswith(":2") for row in again)
    assert again[0]["created_at"] > instant("2026-03-10 00:00")
    (later,) = world.rows(run)
    assert (later["step"], later["round"]) == (ahead["step"], 2)
    assert world.sound()


def test_verify_sees_a_lift_that_nobody_signed(world: World) -> None:
    jump(world)
    repaired(world)
    assert world.sound()
    # Without the second signature's entry the lifts stand on one person.
    signed = "SELECT seq, body FROM ledger_entry WHERE type = 'approval.given' ORDER BY seq DESC"
    assert [json.loads(bytes(body))["subject"].split(":")[0]
            for _, body in world.tuples(signed)][:2] == ["clock", "clock"]  # fmt: skip
    (seq,) = world.tuples(signed)[0][:1]
    world.change("DROP TRIGGER IF EXISTS ledger_entry_no_update")
    body = bytes(world.tuples(signed)[0][1]).replace(b'"decision":"repair"', b'"decision":"refuse"')
    world.change("UPDATE ledger_entry SET body = ? WHERE seq = ?", body, seq)
    said = book.verify(world.context)["approvals"]
    assert any("lifted for a clock without two" in line for line in said), said


def test_nothing_to_repair_is_said(world: World) -> None:
    with pytest.raises(ConfigurationError, match="nothing was judged"):
        by(world, "wang", "wang")


def test_an_answer_after_the_last_right_scan_does_not_stop_the_repair(world: World) -> None:
    open_ = "SELECT card_no FROM card WHERE case_no = 'OLD' AND state = 'open'"
    ((number,),) = world.tuples(open_)
    world.now += 60
    world.answer("acknowledged", number, "zhang")
    jump(world)
    assert repaired(world).done
    assert world.sound()


def test_the_same_repair_again_lifts_nothing_that_was_given_since(world: World) -> None:
    jump(world)
    repaired(world)
    world.now = instant("2026-03-20 09:00")
    world.nights()
    cards = world.cards()
    assert by(world, "wang", "wang").repeated
    assert by(world, "chen", "chen").repeated
    world.scan()
    assert world.cards() == cards


def test_the_rotation_goes_on_in_slots_that_are_run_again(world: World) -> None:
    for day in range(9, 13):
        world.now = instant(f"2026-04-{day:02} 09:00")
        world.nights()
    world.now = instant("2026-03-09 15:00")
    repaired(world)
    parts = []
    for day in range(9, 13):
        world.now = instant(f"2026-04-{day:02} 09:00")
        report = world.nights().scans[-1]
        assert report.rotation is not None
        parts.append(report.rotation.part)
    assert parts == [(parts[0] + number) % 14 for number in range(4)]
    assert world.sound()


def test_an_alarm_by_the_wrong_clock_is_raised_again_when_due(world: World) -> None:
    alarms = (
        "SELECT alarm_no, subject, round, ended_reason, raised_at FROM alarm ORDER BY raised_at"
    )
    world.now = instant(AHEAD)
    for _ in range(6):
        world.nights()
        world.now += 3 * 86_400
    early = world.rows(alarms)
    assert early
    world.now = instant("2026-03-09 15:00")
    repaired(world)
    assert {row["ended_reason"] for row in world.rows(alarms)} == {"clock_error"}
    for day in range(10, 32):
        world.now = instant(f"2026-03-{day} 09:00")
        world.nights()
    again = [row for row in world.rows(alarms) if row["ended_reason"] is None]
    assert again
    assert 2 in {row["round"] for row in again}
    assert world.sound()
