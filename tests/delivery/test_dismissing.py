"""Dead letters that a supervisor lets be: who may, what stays on record, what is not touched."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.notify.channels.channel import Retry
from efficiency_monitor.notify.dead_letters import dismiss, retry, undelivered
from efficiency_monitor.ops.doctor import delivery_check
from tests.stories.world import PEOPLE, World

from .receiving import Receiver, notices, recorded, red_and_warning, states

WHY = "已当面告知本人"
CALM = 80 * 3600


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Four dead letters to three people; wang supervises."""
    people = [{**row, "hours": "any"} for row in PEOPLE]
    made = red_and_warning(tmp_path / "ws", people=people)
    down = {"file": Receiver(lambda message: Retry("down"))}
    made.deliver(down)
    made.now += CALM
    made.deliver(down)
    assert states(made) == {"dead": 4}
    yield made
    made.close()


def letter(world: World, person: str) -> str:
    return next(str(row["notice_id"]) for row in notices(world) if row["person_id"] == person)


def by(world: World, person: str | None, notice: str, why: str = WHY) -> bool:
    actor = replace(world.context.actor, claimed=person)
    return dismiss(replace(world.context, actor=actor), notice, why)


def test_a_dead_letter_that_is_dismissed_asks_for_nobody_any_more(world: World) -> None:
    number = letter(world, "wang")
    assert by(world, "wang", number)
    assert states(world) == {"dead": 3, "void": 1}
    assert number not in {row["notice_id"] for row in undelivered(world.context)}
    said = {name: text for name, _, text in delivery_check.check_delivery(world.context)}
    assert "3 notices" in said["dead letters"]
    assert len(world.deliver({"file": (receiver := Receiver())}).as_json()) > 0
    assert receiver.got == []
    with pytest.raises(ConfigurationError, match="is void"):
        retry(world.context, [number])
    assert world.sound()


def test_who_and_that_there_was_a_reason_is_on_record_the_words_are_not(world: World) -> None:
    number = letter(world, "wang")
    by(world, "wang", number)
    [entry] = recorded(world, "notice.void")
    assert (entry["notice"], entry["by"], entry["reason"]) == (number, "wang", "dismissed")
    assert re.fullmatch(r"[0-9a-f]{64}", *entry["text"].values())
    assert WHY not in json.dumps(entry, ensure_ascii=False)


def test_the_same_command_again_writes_nothing(world: World) -> None:
    number = letter(world, "wang")
    assert by(world, "wang", number)
    before = world.dump()
    assert not by(world, "wang", number)
    assert world.dump() == before


@pytest.mark.parametrize(
    ("person", "why", "said"),
    [
        ("zhang", WHY, "zhang"),
        ("nobody", WHY, "no person"),
        (None, WHY, "--as"),
        ("wang", " ", "no reason"),
        ("wang", "身份证 110101199003070038", "identity card"),
        ("wang", "x" * 5000, "at most"),
    ],
    ids=["no supervisor", "unknown", "unnamed", "blank", "identity card", "too long"],
)
def test_what_is_refused_writes_nothing(
    world: World, person: str | None, why: str, said: str
) -> None:
    before = world.dump()
    with pytest.raises((ConfigurationError, NotAllowed)) as fault:
        by(world, person, letter(world, "wang"), why)
    assert said in str(fault.value) + str(fault.value.hint)
    assert world.dump() == before


def test_only_what_is_dead_is_dismissed(world: World) -> None:
    with pytest.raises(ConfigurationError, match="there is no notice N-NONE"):
        by(world, "wang", "N-NONE")
    number = letter(world, "wang")
    retry(world.context, [number])
    with pytest.raises(ConfigurationError, match="is pending"):
        by(world, "wang", number)
    world.deliver({"file": Receiver()})
    with pytest.raises(ConfigurationError, match="is sent"):
        by(world, "wang", number)


def test_whom_an_alarm_is_about_does_not_dismiss_it(world: World) -> None:
    [card] = world.rows("SELECT card_no FROM card WHERE level = 3")
    number = letter(world, "wang")
    world.change(
        "INSERT INTO alarm (alarm_no, kind, subject, person_id, round, since, due_at, raised_at)"
        " VALUES ('AL-1', 'not_followed_up', ?, 'wang', 1, 1, 1, 1)",
        f"card:{card['card_no']}",
    )
    world.change("UPDATE notice SET subject = 'alarm:AL-1' WHERE notice_id = ?", number)
    with pytest.raises(NotAllowed, match="the alarm is about them"):
        by(world, "wang", number)
    assert states(world) == {"dead": 4}
