"""Deliveries that are killed between sending and marking: repeats, never losses.

The receiver itself kills the process that has just posted to it: at the worst of all moments, each
time. `EFFMON_SEED` replays the order.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
from pydantic import SecretStr

from efficiency_monitor import app
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.notify import after_delivery
from efficiency_monitor.notify.channels.webhook import Webhook, WebhookSettings
from efficiency_monitor.notify.deliver import deliver
from efficiency_monitor.notify.notices import notices_to, replace_people
from efficiency_monitor.notify.store import attempts, outbox
from efficiency_monitor.people.model.people import Person, Role
from tests.lengths import length
from tests.stories.world import World

from .fault_server import Book, Clock, hooks
from .receiving import Receiver, recorded, states
from .test_fault_server import LOOPBACK

pytestmark = pytest.mark.both_engines

AT = "2026-03-02 08:00"
KILLS = length(200, 8)
PEOPLE = 300


def with_notices(folder: Path, number: int) -> World:
    """One notice each to so many people."""
    world = World.made(folder, AT)
    people = [
        Person(
            person_id=f"p{n}",
            name=f"人{n}",
            role=Role.SUPERVISOR,
            channel="webhook",
            address=f"desk {n}",
            hours="any",
        )
        for n in range(number)
    ]
    with world.context.store.writing() as connection:
        replace_people(connection, people)
        for n, person in enumerate(people):
            new = notices_to([person], subject=f"key:{n}", kind="key_enrolled", card_no=None)
            outbox.add(connection, new, world.now)
    return world


def deliver_once(folder: str, url: str, at: int) -> None:
    """What the child process does: one delivery, as the command would."""
    clock = Clock(float(at))
    context = app.open_context(Path(folder), clock=clock.now)
    settings = WebhookSettings(
        secret=SecretStr("secret"),
        url=SecretStr(f"{url}/sound"),
        allow_http=True,
        allowed_networks=LOOPBACK,
        total_seconds=60,
    )
    channel = Webhook(settings, clock=clock.now, monotonic=clock.monotonic)
    deliver(context, {"webhook": channel})
    context.store.close()


@pytest.mark.full
@pytest.mark.trial
def test_kills_between_sending_and_marking(tmp_path: Path) -> None:
    seed = int(os.environ.get("EFFMON_SEED") or SystemRandom().randrange(1 << 32))
    sys.stderr.write(f"EFFMON_SEED={seed}\n")
    random = Random(seed)
    world = with_notices(tmp_path / "ws", PEOPLE)
    world.close()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    book = Book()
    kills = 0
    victim: Any = None
    known = threading.Event()
    left = 0

    def taken_in(path: str) -> None:
        nonlocal kills, left
        assert known.wait(60)
        if kills < KILLS and left == 0:
            # Counted first: who waits for the process may be faster than this thread.
            kills += 1
            os.kill(victim.pid, signal.SIGKILL)
            left = random.randrange(3)
        else:
            left = max(left - 1, 0)

    with hooks(Clock(float(world.now)), book, random) as server:
        server.taken_in = taken_in
        while True:
            known.clear()
            before = kills
            victim = context.Process(
                target=deliver_once, args=(str(world.folder), server.url, world.now)
            )
            victim.start()
            known.set()
            victim.join(120)
            assert victim.exitcode == (-signal.SIGKILL if kills > before else 0)
            if kills == before and states(world) == {"sent": PEOPLE}:
                break
    duplicates = sum(number - 1 for number in book.taken.values())
    sys.stderr.write(f"{kills} kills, {duplicates} duplicates of {PEOPLE} notices\n")
    assert kills == KILLS
    assert len(book.taken) == PEOPLE
    assert 0 < duplicates <= kills
    unknown = world.rows("SELECT * FROM attempt WHERE result = 'unknown'")
    assert len(unknown) == kills, "every attempt is on record, also one whose process died"
    assert len(recorded(world, "notice.uncertain")) == kills
    assert len(recorded(world, "notice.sent")) == PEOPLE
    assert world.sound()
    world.close()


class Power(BaseException):
    """The machine stops at this instant; nobody catches it."""


def stopping(call: Callable[..., Any], when: int, *, after: bool) -> Callable[..., Any]:
    """The call, but the machine stops at its n-th time, before or after it."""
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == when and not after:
            raise Power
        result = call(*arguments, **named)
        if calls == when and after:
            raise Power
        return result

    return wrapped


STEPS = {
    "attempt begun": (attempts, "begin"),
    "attempt ended": (attempts, "end"),
    "marked": (outbox, "mark"),
    "entry": (ledger, "append"),
    "let go": (outbox, "release"),
    "told on": (after_delivery, "delivered"),
    "held": (outbox, "hold"),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_stop_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    from efficiency_monitor.notify.channels.channel import Limit

    world = with_notices(tmp_path / "ws", 6)
    sent: list[str] = []
    stops = 0
    module, name = STEPS[step]
    for _ in range(60):
        # Another limit each time, so that some are held in every run.
        robot = Receiver(robot="robot", limits=[Limit(2, 60)])
        with monkeypatch.context() as patch:
            # Each message is marked twice: as it leaves, and when it has been taken. What was
            # stopped before has its entry first.
            place = {"marked": 4, "entry": 3 if stops else 2}.get(step, 2)
            patch.setattr(module, name, stopping(getattr(module, name), place, after=after))
            try:
                world.deliver({"webhook": robot})
            except Power:
                stops += 1
            world.close()
        sent += [number for ids in robot.ids for number in ids]
        if states(world) == {"sent": 6}:
            break
        world.now += 61
    assert states(world) == {"sent": 6}
    assert stops >= 1, "a stop that never comes proves nothing"
    assert len(set(sent)) == 6
    assert len(sent) - 6 <= stops
    assert len(recorded(world, "notice.sent")) == 6
    assert world.sound()
    world.close()
