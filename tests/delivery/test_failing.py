"""What fails: how often it is tried, when one gives up, and what becomes of dead letters."""

import fcntl
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError, Locked
from efficiency_monitor.notify import after_delivery
from efficiency_monitor.notify.channels.channel import Message, Refused, Result, Retry, Sent
from efficiency_monitor.notify.dead_letters import retry, undelivered
from efficiency_monitor.notify.deliver import deliver
from efficiency_monitor.notify.deliver_lock import LOCK
from efficiency_monitor.notify.voiding import void
from efficiency_monitor.ops.doctor import delivery_check
from tests.stories.world import PEOPLE, World, instant, wall

from .receiving import CASE, Receiver, held, notices, recorded, red_and_warning, states

pytestmark = pytest.mark.both_engines

HOUR = 3600
EVERY_HOUR = [{**row, "hours": "any"} for row in PEOPLE]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Four notices to three people who may be told at any hour."""
    made = red_and_warning(tmp_path / "ws", people=EVERY_HOUR)
    yield made
    made.close()


def next_try(world: World) -> int | None:
    (row,) = world.rows("SELECT MIN(next_attempt_at) AS at FROM notice WHERE state='pending'")
    return None if row["at"] is None else int(row["at"])


def until_dead(world: World, channels: dict[str, Receiver]) -> list[int]:
    """Deliver whenever something is due until nothing is; the hours after the first try."""
    begun, moments = world.now, []
    while (at := next_try(world)) is not None:
        world.now = max(world.now, at)
        if world.deliver(channels).messages:
            moments.append(world.now - begun)
        assert len(moments) < 400
    return moments


def test_a_refusal_is_tried_every_four_hours_and_is_dead_after_three_days(world: World) -> None:
    receiver = Receiver(lambda message: Refused("no such robot"), clock=lambda: world.now)
    begun = world.now
    until_dead(world, {"file": receiver})
    mine = [at - begun for at, message in receiver.got if message.recipient == "王监察"]
    assert (mine[0], mine[-1]) == (0, 72 * HOUR)
    waits = [later - earlier for earlier, later in pairwise(mine[:-1])]
    assert all(4 * HOUR <= wait <= 5 * HOUR for wait in waits)
    assert len(receiver.got) <= 3 * 19, "nobody is hammered with what they refuse"
    assert states(world) == {"dead": 4}


def test_a_notice_that_joins_a_failing_digest_speeds_it_up(world: World) -> None:
    down = Receiver(lambda message: Retry("down"))
    for _ in range(5):
        world.now = next_try(world) or world.now
        world.deliver({"file": down})
    world.receive("cases", [{"case_no": "C", **CASE}])
    world.receive(
        "events", [{"case_no": "C", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    world.scan()
    world.now = max(int(str(row["next_attempt_at"])) for row in notices(world))
    world.deliver({"file": down})
    at = {int(str(row["next_attempt_at"])) for row in notices(world) if row["person_id"] == "li"}
    assert len(at) == 1, "they come back together"
    assert at.pop() - world.now <= 75


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[World]:
    """Ten people behind one robot."""
    people = [
        {"person_id": f"p{n}", "name": f"人{n}", "department": "", "role": "supervisor"}
        for n in range(10)
    ]
    made = red_and_warning(tmp_path / "ws", people=[{**row, "hours": "any"} for row in people])
    yield made
    made.close()


def test_after_three_failures_the_rest_is_put_off(crowd: World) -> None:
    robot = Receiver(lambda message: Retry("no answer"), robot="robot")
    report = crowd.deliver({"file": robot})
    assert len(robot.got) == report.messages == 3
    assert held(crowd) == {"receiver:robot": 7 * 2}
    put_off = [row for row in notices(crowd) if row["held"]]
    assert all(row["attempts"] == 0 for row in put_off)
    first = next_try(crowd)
    assert first is not None
    assert 60 <= first - crowd.now <= 75

    tried = set(robot.recipients)
    crowd.now = max(int(str(row["next_attempt_at"])) for row in notices(crowd))
    crowd.deliver({"file": robot})
    assert len(set(robot.recipients) - tried) == 3, "others have their turn first"
    crowd.now += 1
    before = len(robot.got)
    wait = min(int(str(row["next_attempt_at"])) for row in notices(crowd) if row["held"])
    assert wait - crowd.now > 100, "longer each time"
    assert len(robot.got) == before


def test_one_success_lets_go_what_was_put_off(crowd: World) -> None:
    up = False

    def answer(message: Message) -> Result:
        return Sent("got it") if up else Retry("no answer")

    robot = Receiver(answer, robot="robot")
    crowd.deliver({"file": robot})
    crowd.now = next_try(crowd) or crowd.now
    up = True
    crowd.deliver({"file": robot})
    crowd.deliver({"file": robot})
    assert held(crowd) == {}
    crowd.now += 75
    crowd.deliver({"file": robot})
    assert states(crowd) == {"sent": 20}


def test_a_receiver_that_asks_for_patience_is_given_it(crowd: World) -> None:
    robot = Receiver(lambda message: Retry("too many", 600), robot="robot")
    crowd.deliver({"file": robot})
    assert len(robot.got) == 1
    at = next_try(crowd)
    assert at == crowd.now + 600


def test_a_receiver_that_refuses_one_takes_the_others(crowd: World) -> None:
    def answer(message: Message) -> Result:
        return Refused("unknown mailbox") if message.recipient < "人7" else Sent("got it")

    robot = Receiver(answer, robot="robot")
    crowd.deliver({"file": robot})
    assert len(robot.got) == 10
    assert states(crowd) == {"pending": 14, "sent": 6}


def test_behind_a_receiver_that_is_down_everything_is_dead_after_three_days(
    crowd: World,
) -> None:
    robot = Receiver(lambda message: Retry("no answer"), robot="robot")
    begun = crowd.now
    until_dead(crowd, {"file": robot})
    assert crowd.now == begun + 72 * HOUR
    assert states(crowd) == {"dead": 20}
    assert len(recorded(crowd, "notice.dead")) == 20


def test_a_channel_that_breaks_its_promise_holds_up_no_other(world: World) -> None:
    def answer(message: Message) -> Result:
        if message.recipient == "李主任":
            raise KeyError("secret")
        return Sent("got it")

    receiver = Receiver(answer)
    report = world.deliver({"file": receiver})
    assert report.faults == [("李主任", "channel file failed: KeyError")]
    assert states(world) == {"pending": 1, "sent": 3}


def test_a_notice_that_cannot_be_said_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from efficiency_monitor.notify import outgoing

    poison = next(str(row["notice_id"]) for row in notices(world) if row["person_id"] == "zhang")
    said = outgoing.digest

    def broken(pending: list[object], **more: object) -> object:
        if any(one.notice_id == poison for one in pending):  # type: ignore[attr-defined]
            raise TypeError("about")
        return said(pending, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(outgoing, "digest", broken)
    receiver = Receiver()
    report = world.deliver({"file": receiver})
    assert report.faults == [("zhang", "cannot be put into words: TypeError")]
    assert states(world) == {"pending": 1, "sent": 3}
    monkeypatch.setattr(outgoing, "digest", said)
    world.now += 5 * HOUR
    world.deliver({"file": receiver})
    assert states(world) == {"sent": 4}


def test_who_needs_to_know_is_told_in_the_same_transaction(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, list[str]]] = []

    def note(what: str) -> Callable[..., None]:
        def hook(context: object, connection: object, rows: list[object], now: int) -> None:
            calls.append((what, [row.notice_id for row in rows]))  # type: ignore[attr-defined]
            if stop:
                raise RuntimeError("the transaction fails")

        return hook

    monkeypatch.setattr(after_delivery, "delivered", note("delivered"))
    monkeypatch.setattr(after_delivery, "undeliverable", note("undeliverable"))
    stop = True
    with pytest.raises(RuntimeError):
        world.deliver({"file": Receiver()})
    assert states(world) == {"pending": 4}
    assert recorded(world, "notice.sent") == []
    stop = False
    calls.clear()
    world.deliver({"file": Receiver()})
    assert sorted(number for what, ids in calls for number in ids if what == "delivered") == [
        row["notice_id"] for row in notices(world)
    ]


@pytest.fixture
def dead(world: World) -> World:
    """Four dead letters."""
    until_dead(world, {"file": Receiver(lambda message: Retry("down"))})
    return world


def test_dead_letters_are_seen_in_every_scan_and_in_the_doctor(dead: World) -> None:
    assert len(undelivered(dead.context)) == 4
    report = dead.scan()  # the warning has become a red card since
    assert len(report.undelivered) == 3
    assert {letter["reason"] for letter in report.undelivered} == {"down"}
    assert report.as_json(dead.context.zone)["undelivered"] == report.undelivered
    checks = {
        name: (status, said) for name, status, said in delivery_check.check_delivery(dead.context)
    }
    assert checks["dead letters"][0] == "look"
    assert "3 notices" in checks["dead letters"][1]
    assert "effmon notices retry" in checks["dead letters"][1]


def test_of_a_card_that_is_over_nobody_needs_to_hear(dead: World) -> None:
    (red,) = dead.rows("SELECT card_no FROM card WHERE level = 3")
    assert len(undelivered(dead.context)) == 4
    dead.change("UPDATE card SET state = 'lifted' WHERE card_no = ?", red["card_no"])
    assert len(undelivered(dead.context)) == 1


def test_dead_letters_that_are_put_back(dead: World) -> None:
    dead.people([{**row, "address": f"new-{row['person_id']}"} for row in EVERY_HOUR])
    (number,) = [str(row["notice_id"]) for row in notices(dead) if row["person_id"] == "wang"]
    assert retry(dead.context, [number]) == [number]
    receiver = Receiver()
    dead.deliver({"file": receiver})
    assert [message.address for _, message in receiver.got] == ["new-wang"]
    assert states(dead) == {"dead": 3, "sent": 1}
    assert len(retry(dead.context, [])) == 3
    entries = recorded(dead, "notice.retried")
    assert len(entries) == 4
    assert {(entry["was"], entry["address_changed"]) for entry in entries} == {("dead", True)}

    # They live for another three days, and their second death is on record too.
    begun = dead.now
    until_dead(dead, {"file": Receiver(lambda message: Retry("still down"))})
    assert dead.now == begun + 72 * HOUR
    assert len(recorded(dead, "notice.dead")) == 4 + 3
    assert dead.sound()


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("none", "there is no notice"),
        ("sent", "is sent"),
        ("void", "is void"),
        ("new", "not failed"),
    ],
)
def test_what_cannot_be_tried_again(world: World, which: str, said: str) -> None:
    (number,) = [str(row["notice_id"]) for row in notices(world) if row["person_id"] == "wang"]
    subject = next(str(row["subject"]) for row in notices(world) if row["notice_id"] == number)
    if which == "none":
        number = "N-NONE"
    elif which == "sent":
        world.deliver({"file": Receiver()})
    elif which == "void":
        with world.context.store.writing() as connection:
            void(world.context, connection, subjects=[subject], reason="appeal")
    before = world.dump()
    with pytest.raises(ConfigurationError, match=said) as fault:
        retry(world.context, [number])
    assert fault.value.hint
    assert world.dump() == before


def test_what_was_refused_goes_at_once_when_the_setting_is_mended(world: World) -> None:
    world.deliver({})
    assert world.deliver({"file": Receiver()}).messages == 0
    failing = [str(row["notice_id"]) for row in notices(world)]
    assert retry(world.context, failing) == sorted(failing)
    world.deliver({"file": Receiver()})
    assert states(world) == {"sent": 4}


def test_another_process_is_waited_for_but_not_for_ever(world: World) -> None:
    pauses: list[float] = []
    with (world.folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Locked) as fault:
            deliver(world.context, {"file": Receiver()}, pause=pauses.append)
    assert fault.value.exit_code == 75
    assert 29 <= sum(pauses) <= 31
    assert states(world) == {"pending": 4}

    other = (world.folder / LOCK).open("a")
    fcntl.flock(other, fcntl.LOCK_EX)
    report, _ = deliver(world.context, {"file": Receiver()}, pause=lambda seconds: other.close())
    assert report.sent == 4


def test_the_bell_waits_for_nobody(world: World) -> None:
    with (world.folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert world.nights({"file": Receiver()}).delivered is None
    assert world.nights({"file": Receiver()}).delivered is not None


def test_a_clock_that_ran_ahead_blocks_no_robot(crowd: World) -> None:
    from efficiency_monitor.notify.channels.channel import Limit

    robot = Receiver(robot="robot", limits=[Limit(5, 60)])
    crowd.now += 400 * 24 * HOUR
    crowd.deliver({"file": robot})
    crowd.now -= 400 * 24 * HOUR
    crowd.change("UPDATE notice SET next_attempt_at = ?", crowd.now)
    crowd.deliver({"file": robot})
    assert len(robot.got) == 10


def test_five_nights_caught_up_give_one_digest(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-01 12:00")
    world.people(EVERY_HOUR)
    world.receive("cases", [{"case_no": name, **CASE} for name in "ABCD"])
    world.receive(
        "events",
        [
            {"case_no": name, "event": "accepted", "occurred_at": f"2026-03-{day:02} 10:00"}
            for name, day in zip("ABCD", (2, 3, 4, 5), strict=True)
        ],
    )
    world.now = instant("2026-03-16 03:00")
    receiver = Receiver()
    report = world.nights({"file": receiver})
    assert len(report.scans) >= 5
    assert sorted(receiver.recipients) == sorted({message.recipient for _, message in receiver.got})
    assert len(receiver.recipients) == 3
    world.close()


def test_hours_are_told_where_the_calendar_has_ended(world: World) -> None:
    checks = {name: status for name, status, _ in delivery_check.check_delivery(world.context)}
    assert checks["delivery hours"] == "ok"
    world.now = instant("2028-01-03 10:00")
    said = {
        name: (status, text) for name, status, text in delivery_check.check_delivery(world.context)
    }
    assert said["delivery hours"][0] == "look"
    assert wall(world.now)[:4] == "2028"
