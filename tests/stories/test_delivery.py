"""What becomes of notices when the channel, the receiver or the machine fails."""

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.notify.channels.channel import Limit, Message, Result, Retry, Sent
from efficiency_monitor.notify.deliver_lock import LOCK

from .world import PEOPLE, World, instant, wall

pytestmark = pytest.mark.both_engines

HOUR = 3600


class Power(BaseException):
    """The machine stops at this instant; nobody catches it."""


class Receiver:
    """A receiver that keeps what it got and answers as it is told."""

    name = "file"
    wakes = False
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(self, answer: Callable[[Message], Result]) -> None:
        self.got: list[Message] = []
        self._answer = answer

    def counted_as(self, message: Message) -> str:
        """Each recipient is a receiver."""
        return message.recipient

    def send(self, message: Message) -> Result:
        """Take the message, then answer."""
        self.got.append(message)
        return self._answer(message)

    def ids(self) -> list[list[str]]:
        """Notice ids of every message, in the order in which they came."""
        return [sorted(notice.notice_id for notice in message.notices) for message in self.got]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A red card of which three people are to be told, and a warning for one of them."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(PEOPLE)
    made.now = instant("2026-03-16 09:00")
    case = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
    made.receive("cases", [{"case_no": "A", **case}, {"case_no": "B", **case}])
    made.receive(
        "events",
        [
            {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
            {"case_no": "B", "event": "accepted", "occurred_at": "2026-03-11 10:00"},
        ],
    )
    made.scan()
    assert made.cards() == [
        "A CASE red open",
        "A CASE warning superseded",
        "A CASE yellow superseded",
        "B CASE warning open",
    ]
    yield made
    made.close()


def states(world: World) -> dict[str, int]:
    """Number of notices by state."""
    rows = world.rows("SELECT state, COUNT(*) AS number FROM notice GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


def recorded(world: World, kind: str) -> list[str]:
    """Notices that the ledger names in entries of a type."""
    return sorted(str(entry["notice"]) for entry in world.entries() if entry["type"] == kind)


def test_a_stop_between_sending_and_marking_sends_the_same_ids_again(world: World) -> None:
    def stop(_message: Message) -> Result:
        raise Power

    dying = Receiver(stop)
    with pytest.raises(Power):
        world.deliver({"file": dying})
    assert states(world) == {"pending": 4}
    assert recorded(world, "notice.sent") == []

    whole = Receiver(lambda message: Sent("got it"))
    report = world.deliver({"file": whole})
    assert dying.ids() == whole.ids()[:1]
    assert dying.got[0].message_id == whole.got[0].message_id
    assert (report.messages, report.sent) == (3, 4)
    assert states(world) == {"sent": 4}
    assert recorded(world, "notice.sent") == sorted(number for ids in whole.ids() for number in ids)
    assert world.sound()

    assert world.deliver({"file": whole}).messages == 0


def test_one_receiver_that_fails_holds_up_no_other(world: World) -> None:
    def answer(message: Message) -> Result:
        return Retry("down", 600) if message.recipient == "李主任" else Sent("got it")

    receiver = Receiver(answer)
    report = world.deliver({"file": receiver})
    assert (report.messages, report.sent, report.retried) == (3, 3, 1)
    assert report.faults == [("李主任", "down")]
    assert states(world) == {"pending": 1, "sent": 3}

    world.now += 599
    assert world.deliver({"file": receiver}).messages == 0
    world.now += 1
    assert world.deliver({"file": receiver}).messages == 1
    assert receiver.ids()[-1] == [
        row["notice_id"]
        for row in world.rows("SELECT notice_id FROM notice WHERE state = 'pending'")
    ]


@pytest.mark.parametrize("configured", [True, False], ids=["a receiver is down", "no such channel"])
def test_a_notice_is_a_dead_letter_after_three_days(world: World, configured: bool) -> None:
    down = Receiver(lambda message: Retry("down"))
    channels = {"file": down} if configured else {}
    begun = world.now
    tries = 0
    while states(world) != {"dead": 4}:
        (upcoming,) = world.rows(
            "SELECT MIN(next_attempt_at) AS at FROM notice WHERE state='pending'"
        )
        assert upcoming["at"] <= begun + 72 * HOUR, wall(upcoming["at"])
        world.now = max(world.now, upcoming["at"])
        tries += world.deliver(channels).messages
        assert tries < 200
    assert world.now == begun + 72 * HOUR
    assert tries >= 3 * 18, "every four hours at the least"
    every = [row["notice_id"] for row in world.rows("SELECT notice_id FROM notice ORDER BY 1")]
    assert recorded(world, "notice.dead") == every
    assert recorded(world, "notice.sent") == []
    world.now += 100 * HOUR
    assert world.deliver(channels).messages == 0
    assert world.sound()


def test_nobody_else_delivers_while_one_does(world: World) -> None:
    def answer(_message: Message) -> Result:
        with (world.folder / LOCK).open("a") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Sent("got it")

    receiver = Receiver(answer)
    assert world.deliver({"file": receiver}).sent == 4
    with (world.folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert len(receiver.got) == 3


def test_a_preview_of_the_delivery_leaves_everything_as_it_is(world: World) -> None:
    from efficiency_monitor.notify.deliver import deliver

    before = world.dump()
    report, messages = deliver(world.context, {}, dry_run=True)
    assert (report.messages, report.sent) == (3, 0)
    assert {message.message.recipient for message in messages} == {"张经办", "李主任", "王监察"}
    assert world.dump() == before
