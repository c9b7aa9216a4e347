"""A catalogue that cannot be read stops no message, and lets none leave twice."""

import shutil
from pathlib import Path

import pytest

from efficiency_monitor.notify.channels.channel import Message, Result, Retry
from efficiency_monitor.notify.channels.file import FileDrop
from tests.stories.world import PEOPLE, World, instant, town

from .stage import run

CASE = {
    "case_no": "A",
    "item_kind": "promised",
    "department": "住建局",
    "handler": "张经办",
    "promised_limit": "3 working_days",
    "statutory_limit": "90 working_days",
}
EVENT = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.made(tmp_path / "office", "2026-03-06 09:00")
    made.people(PEOPLE)
    made.receive("cases", [CASE])
    made.receive("events", [EVENT])
    assert run(made, "scan").code == 0
    return made


def outbox(world: World) -> list[tuple[object, ...]]:
    return world.tuples("SELECT person_id, state FROM notice ORDER BY person_id")


def attempts(world: World) -> int:
    return int(world.tuples("SELECT COUNT(*) FROM attempt")[0][0])


SENT = [("li", "sent"), ("zhang", "sent")]


def test_faulty_calendar_lets_every_message_leave_once(world: World) -> None:
    world.calendar("town", "x: [")
    first = run(world, "notices deliver")
    assert (first.code, outbox(world), attempts(world)) == (3, SENT, 2), first
    assert "town.yaml" in first.err
    world.now = instant("2026-03-10 09:00")
    assert run(world, "notices deliver").code == 3
    assert attempts(world) == 2
    world.calendar("town", town())
    assert run(world, "notices deliver").code == 0
    # Five working days from the delivery on Friday 6 March, as if nothing had been wrong.
    assert world.tuples("SELECT reply_due_at FROM ladder_run") == [
        (instant("2026-03-13 23:59:59"),)
    ]


def test_order_is_delivered_once_with_a_faulty_calendar(world: World) -> None:
    assert run(world, "notices deliver").code == 0
    opened = run(world, "--as wang orders open '{A CASE yellow}' --text 整改")
    assert opened.code == 0, opened
    world.calendar("town", "x: [")
    assert run(world, "notices deliver").code == 3
    before = attempts(world)
    assert outbox(world) == [("li", "sent"), ("li", "sent"), ("zhang", "sent"), ("zhang", "sent")]
    world.now = instant("2026-03-09 09:00")
    assert run(world, "notices deliver").code == 3
    assert attempts(world) == before
    world.calendar("town", town())
    assert run(world, "notices deliver").code == 0
    assert world.tuples("SELECT reply_due_at FROM supervision_order") == [
        (instant("2026-03-13 23:59:59"),)
    ]


def test_ladder_that_is_missing_stops_no_message(world: World) -> None:
    settings = world.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8").replace('default = "standard"', 'default = "gone"')
    assert '"gone"' in text
    settings.write_text(text, encoding="utf-8")
    ran = run(world, "notices deliver")
    assert (ran.code, outbox(world)) == (2, SENT), ran


def test_scan_that_fails_stops_no_message(world: World) -> None:
    assert run(world, "jobs run").code == 0
    world.receive("cases", [CASE | {"case_no": "B"}])
    world.receive("events", [EVENT | {"case_no": "B"}])
    assert run(world, "scan").code == 0
    assert ("li", "pending") in outbox(world)
    (world.folder / "catalogue" / "packs" / "story" / "CASE.yaml").write_text("id: [", "utf-8")
    world.now = instant("2026-03-07 09:00")
    world.close()
    ran = run(world, "jobs run")
    assert (ran.code, {state for _, state in outbox(world)}) == (3, {"sent"}), ran


def test_dead_letter_of_what_is_over_is_not_sent_again(world: World) -> None:
    assert run(world, "notices deliver").code == 0
    shutil.rmtree(world.folder / "outbox")
    (world.folder / "outbox").write_text("no folder")
    assert run(world, "--as wang orders open '{A CASE yellow}' --text 整改").code == 0
    for hours in range(0, 96, 4):
        world.now = instant("2026-03-06 09:00") + hours * 3600
        run(world, "notices deliver")
    dead = world.tuples(
        "SELECT notice_id FROM notice WHERE kind = 'order_opened' AND state = 'dead'"
    )
    assert len(dead) == 2
    assert len(run(world, "scan -o json").json["undelivered"]) == 2
    assert run(world, "--as wang orders close {order} --text 撤回").code == 0
    # It asks for an answer that nobody waits for any more.
    assert run(world, "scan -o json").json["undelivered"] == []
    assert run(world, "notices retry -o json").json == {"retried": []}
    refused = run(world, f"notices retry {dead[0][0]}")
    assert (refused.code, "is over" in refused.err) == (2, True), refused
    (world.folder / "outbox").unlink()
    world.now += 5 * 3600
    assert run(world, "notices deliver").code == 0
    told = world.tuples(
        "SELECT person_id, kind, state FROM notice WHERE subject LIKE 'order:%' ORDER BY 2, 1"
    )
    # An answer may have been lost, so whoever was tried hears of the end.
    assert told == [
        ("li", "order_closed", "sent"),
        ("wang", "order_closed", "sent"),
        ("zhang", "order_closed", "sent"),
        ("li", "order_opened", "dead"),
        ("zhang", "order_opened", "dead"),
    ]


class Meanwhile(FileDrop):
    """A channel that takes its time: something happens while its first message is on its way."""

    def __init__(self, world: World, line: str, *, lost: bool) -> None:
        super().__init__(world.folder / "outbox")
        self._world, self._line, self._lost = world, line, lost

    def send(self, message: Message) -> Result:
        line, self._line = self._line, ""
        sent = super().send(message)
        if line:
            assert run(self._world, line).code == 0
            return Retry("its answer was lost") if self._lost else sent
        return sent


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_order_closed_while_its_notice_is_on_its_way(world: World, lost: bool) -> None:
    assert run(world, "notices deliver").code == 0
    assert run(world, "--as wang orders open '{A CASE yellow}' --text 整改").code == 0
    line = "--as wang orders close {order} --text 撤回"
    world.deliver({"file": Meanwhile(world, line, lost=lost)})
    assert run(world, "notices deliver").code == 0
    told = world.tuples(
        "SELECT person_id, kind, state FROM notice WHERE subject LIKE 'order:%' ORDER BY 2, 1"
    )
    first = "void" if lost else "sent"
    on_its_way = {(who, state) for who, kind, state in told if kind == "order_opened"}
    assert {state for _, state in on_its_way} <= {first, "void"}
    reached = [who for who, kind, _ in told if kind == "order_closed"]
    # Whoever opened it, and the one whom the notice reached.
    assert len(reached) == 2
    assert "wang" in reached


def test_card_closed_while_its_notice_is_on_its_way(world: World) -> None:
    assert run(world, "--as li cards reply '{A CASE yellow}' --text 已办").code == 0
    line = "--as wang cards close '{A CASE yellow}' --text 同意"
    world.deliver({"file": Meanwhile(world, line, lost=False)})
    assert run(world, "notices deliver").code == 0
    kinds = world.tuples("SELECT kind, state, COUNT(*) FROM notice GROUP BY 1, 2 ORDER BY 1, 2")
    assert kinds == [("closed", "sent", 1), ("issued", "sent", 1), ("issued", "void", 1)]


def test_doctor_says_that_a_clock_which_ran_ahead_holds_deadlines(world: World) -> None:
    assert run(world, "notices deliver").code == 0
    world.now = instant("2027-03-06 09:00")
    assert run(world, "notices deliver").code == 0
    world.now = instant("2026-03-07 09:00")
    ran = run(world, "doctor")
    assert (ran.code, "notices are dated later than now, up to 2027-03-06" in ran.out) == (1, True)
    world.now = instant("2027-03-06 09:00")
    assert "dated later" not in run(world, "doctor").out
