"""A workspace with cards to tell of, and receivers that keep what they get."""

from collections.abc import Callable, Sequence
from pathlib import Path

from efficiency_monitor.notify.channels.channel import Limit, Message, Result, Sent
from tests.stories.world import PEOPLE, World, instant

CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}


class Receiver:
    """A channel that keeps what it got, with the instant, and answers as it is told."""

    def __init__(
        self,
        answer: Callable[[Message], Result] = lambda message: Sent("got it"),
        *,
        wakes: bool = True,
        limits: Sequence[Limit] = (),
        robot: str | None = None,
        clock: Callable[[], int] = lambda: 0,
    ) -> None:
        self.name = "file"
        self.wakes = wakes
        self.limits = tuple(limits)
        self.longest_bytes = None
        self.group = False
        self.got: list[tuple[int, Message]] = []
        self._answer = answer
        self._robot = robot
        self._clock = clock

    def counted_as(self, message: Message) -> str:
        """One robot for everybody, or each recipient one of their own."""
        return self._robot or message.recipient

    def send(self, message: Message) -> Result:
        """Take the message, then answer."""
        self.got.append((self._clock(), message))
        return self._answer(message)

    @property
    def ids(self) -> list[list[str]]:
        """Notice ids of every message, in the order in which they came."""
        return [sorted(notice.notice_id for notice in message.notices) for _, message in self.got]

    @property
    def recipients(self) -> list[str]:
        """Who was told, in the order in which the messages came."""
        return [message.recipient for _, message in self.got]


def red_and_warning(
    folder: Path, at: str = "2026-03-16 09:00", people: Sequence[dict[str, str]] = PEOPLE
) -> World:
    """A red card of which three people are to be told, and a warning for one of them: 4 notices."""
    world = World.made(folder, "2026-03-01 12:00")
    world.people(people)
    world.now = instant(at)
    world.receive("cases", [{"case_no": "A", **CASE}, {"case_no": "B", **CASE}])
    world.receive(
        "events",
        [
            {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"},
            {"case_no": "B", "event": "accepted", "occurred_at": "2026-03-11 10:00"},
        ],
    )
    world.scan()
    return world


def notices(world: World) -> list[dict[str, object]]:
    """Every notice as it stands."""
    return world.rows("SELECT * FROM notice ORDER BY notice_id")


def states(world: World) -> dict[str, int]:
    """Number of notices by state."""
    rows = world.rows("SELECT state, COUNT(*) AS number FROM notice GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


def held(world: World) -> dict[str, int]:
    """Number of notices by what holds them."""
    rows = world.rows(
        "SELECT held, COUNT(*) AS number FROM notice WHERE held IS NOT NULL GROUP BY held"
    )
    return {row["held"]: row["number"] for row in rows}


def recorded(world: World, kind: str) -> list[dict[str, object]]:
    """Ledger entries of a type."""
    return [entry for entry in world.entries() if entry["type"] == kind]
