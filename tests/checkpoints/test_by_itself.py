"""Checkpoints that nobody asks for: after scans, nights and lifts, by the bell; and the doctor."""

from datetime import timedelta

import pytest

from efficiency_monitor.ledger import checkpoints
from efficiency_monitor.ops.doctor.checkpoint_check import check_checkpoints
from efficiency_monitor.ops.doctor.doctor import examine
from tests.cli.command import effmon
from tests.stories.world import World, instant

from . import office

DAY = int(timedelta(days=1).total_seconds())


def spoil(world: World) -> None:
    """Take the key away: from now on nothing can be signed."""
    (world.folder / "keys" / "ledger.key").unlink()


def kinds(world: World) -> list[object]:
    """Types of the ledger's entries."""
    return [entry["type"] for entry in world.entries()]


def test_a_scan_ends_with_a_checkpoint(world: World) -> None:
    world.close()
    ran = effmon("-C", world.folder, "scan", "-o", "json").well()
    assert ran.json["checkpoint"]["new"] is True
    assert kinds(world)[-2:] == ["scan.done", "checkpoint.made"]
    assert ran.json["checkpoint"]["size"] == len(world.entries()) - 1
    ran = effmon("-C", world.folder, "scan", "--dry-run", "-o", "json").well()
    assert "checkpoint" not in ran.json


def test_a_signer_that_fails_stops_no_scan_and_changes_no_exit_code(world: World) -> None:
    spoil(world)
    world.close()
    ran = effmon("-C", world.folder, "scan", "-o", "json").well(0)
    assert "no key of the ledger" in ran.json["checkpoint"]["fault"]
    ran = effmon("-C", world.folder, "scan").well(0)
    assert "no checkpoint: there is no key of the ledger" in ran.err
    assert kinds(world)[-1] == "scan.done"
    ran = effmon("-C", world.folder, "jobs", "run", "-o", "json").well(0, 3)
    assert "fault" in ran.json["checkpoint"]


def test_after_a_night_the_notices_show_what_was_signed(world: World) -> None:
    world.people([{"person_id": "wang", "name": "王", "role": "supervisor"}])
    world.receive(
        "cases",
        [{"case_no": "A", "item_kind": "promised", "promised_limit": "3 working_days"}],
    )
    accepted = {"case_no": "A", "event": "accepted", "occurred_at": "2026-02-09 10:00"}
    world.receive("events", [accepted])
    world.now = instant("2026-03-03 09:30")
    report = world.nights()
    assert report.checkpoint is not None
    assert report.checkpoint.made is not None
    made = report.checkpoint.made
    (message,) = world.messages()
    assert str(message["text"]).splitlines()[-1] == f"Ledger {made.size} · {made.roots['sha256']}"
    # What was delivered is pending; nothing is signed before a quarter of an hour has passed.
    assert world.nights().checkpoint == checkpoints.Tried()
    world.now += 14 * 60
    assert world.nights().checkpoint == checkpoints.Tried()
    world.now += 60
    rung = world.nights().checkpoint
    assert rung is not None
    assert rung.made is not None
    assert rung.made.size > made.size
    world.now += 3600
    assert world.nights().checkpoint == checkpoints.Tried()


def test_the_bell_does_not_try_what_failed_at_every_ring(world: World) -> None:
    world.now += 3600
    spoil(world)
    first = world.nights(most=0).checkpoint
    assert first is not None
    assert first.fault is not None
    world.now += 30
    assert world.nights(most=0).checkpoint == checkpoints.Tried()
    world.now += 15 * 60
    again = world.nights(most=0).checkpoint
    assert again is not None
    assert again.fault is not None
    # A clock that is set back silences it for no longer.
    world.now -= 1800
    back = world.nights(most=0).checkpoint
    assert back is not None
    assert back.fault is not None


def statuses(world: World) -> dict[str, str]:
    """What the doctor says of checkpoints: status by sentence."""
    return {said: status for _, status, said in check_checkpoints(world.context)}


def test_the_doctor_calls_bad_what_waited_for_more_than_a_day(world: World) -> None:
    office.make(world)
    assert set(statuses(world).values()) == {"ok"}
    world.now += 30 * DAY
    assert set(statuses(world).values()) == {"ok"}, "nothing waits"
    office.add(world)
    world.now += DAY
    assert set(statuses(world).values()) == {"ok"}
    world.now += 1
    (said,) = statuses(world)
    assert statuses(world)[said] == "bad"
    assert "effmon ledger checkpoint" in said
    office.make(world)
    assert set(statuses(world).values()) == {"ok"}


def test_the_doctor_says_what_is_wrong_with_the_key_and_with_checkpoints(world: World) -> None:
    office.make(world)
    spoil(world)
    assert "look" in statuses(world).values()
    office.tamper(world, "UPDATE checkpoint SET root = zeroblob(32) WHERE tree = 'sm3'")
    found = [each for each in examine(world.context) if each["check"] == "checkpoint"]
    assert "bad" in {each["status"] for each in found}
    assert any("checkpoint sm3" in each["detail"] for each in found)


@pytest.mark.parametrize("dry", [True, False])
def test_a_lift_ends_with_a_checkpoint(world: World, dry: bool) -> None:
    people = [
        {"person_id": "wang", "name": "王", "role": "supervisor"},
        {"person_id": "sun", "name": "孙", "role": "supervisor"},
    ]
    world.people(people)
    limits = {"promised_limit": "3 working_days", "department": "住建局"}
    world.receive("cases", [{"case_no": "A", "item_kind": "promised", **limits}])
    accepted = {"case_no": "A", "event": "accepted", "occurred_at": "2026-02-24 10:00"}
    world.receive("events", [accepted])
    world.scan()
    (card,) = world.rows("SELECT card_no, state FROM card WHERE state = 'open'")
    office.make(world)
    world.close()
    before = len(office.signed(world))
    options = ["--reason", "issued_in_error", "--text", "误发"] + (["--dry-run"] if dry else [])
    effmon("--as", "wang", "-C", world.folder, "cards", "lift", card["card_no"], *options).well()
    assert len(office.signed(world)) == before + (0 if dry else 2)
    assert (kinds(world)[-1] == "checkpoint.made") is True
