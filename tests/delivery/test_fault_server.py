"""2,000 notices over every channel to receivers that fail: none lost, none repeated without cause.

`EFFMON_SEED` replays a run.
"""

import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
from pydantic import SecretStr

from efficiency_monitor.notify.channels.channel import Channel
from efficiency_monitor.notify.channels.dingtalk import DingTalk
from efficiency_monitor.notify.channels.feishu import Feishu
from efficiency_monitor.notify.channels.file import FileDrop
from efficiency_monitor.notify.channels.robot import RobotSettings
from efficiency_monitor.notify.channels.smtp import Mail, MailSettings
from efficiency_monitor.notify.channels.webhook import Webhook, WebhookSettings
from efficiency_monitor.notify.channels.wecom import WeCom
from efficiency_monitor.notify.dead_letters import undelivered
from efficiency_monitor.notify.deliver import deliver
from efficiency_monitor.notify.notices import notices_to, replace_people
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.people.model.people import Language, Person, Role
from tests.stories.world import World, instant

from .fault_server import Book, Clock, hooks, mail, most_within, outcome, wrong_tls

pytestmark = pytest.mark.full
LOOPBACK = (ipaddress.IPv4Network("127.0.0.0/8"),)
WAVES = 25
APART = 600
#: A delivery a minute, as a bell would ring.
BELL = 60
#: Notices of a wave by channel; with the crowd before the first wave 2,000 in all.
SHARES = {
    "webhook": 16,
    "wecom": 6,
    "dingtalk": 8,
    "feishu": 8,
    "mail": 10,
    "file": 4,
    "wrong-tls": 2,
    "down": 2,
    "crowd": 0,
}
#: So many at once for one robot that never fails and takes some twenty of them in a message.
CROWD = 600
#: Robots by kind: several people stand behind each.
ROBOTS = {"wecom": 4, "dingtalk": 3, "feishu": 2, "crowd": 1}
NEVER = ("wrong-tls", "down")


def made_channels(
    folder: Path, clock: Clock, url: str, smtp: int, tls: int
) -> Mapping[str, Channel]:
    """The product's own channels, set to these servers."""

    def hook(name: str, where: str) -> Webhook:
        settings = WebhookSettings(
            secret=SecretStr("secret"),
            url=SecretStr(where),
            allow_http=True,
            allowed_networks=LOOPBACK,
            connect_seconds=60,
            read_seconds=60,
            total_seconds=60,
        )
        return Webhook(
            settings,
            clock=clock.now,
            monotonic=clock.monotonic,
            resolver=lambda host, port: ("127.0.0.1",),
            name=name,
        )

    robot = RobotSettings(
        base=url,
        allow_http=True,
        allowed_networks=LOOPBACK,
        connect_seconds=60,
        read_seconds=60,
        total_seconds=60,
    )
    letters = MailSettings(
        host="127.0.0.1",
        port=smtp,
        tls="none",
        allow_plaintext=True,
        sender="effmon@city.example",
        allowed_networks=LOOPBACK,
        total_seconds=60,
    )
    clocks = {"clock": clock.now, "monotonic": clock.monotonic}
    return {
        "webhook": hook("webhook", f"{url}/hook"),
        "wrong-tls": hook("wrong-tls", f"https://other.example:{tls}/hook"),
        "down": hook("down", f"{url}/down"),
        "wecom": WeCom(robot, **clocks),  # type: ignore[arg-type]
        "crowd": WeCom(replace(robot, base=f"{url}/sound"), name="crowd", **clocks),  # type: ignore[arg-type]
        "dingtalk": DingTalk(robot, **clocks),  # type: ignore[arg-type]
        "feishu": Feishu(robot, **clocks),  # type: ignore[arg-type]
        "mail": Mail(letters, clock=clock.now, monotonic=clock.monotonic),
        "file": FileDrop(folder / "outbox"),
    }


def made_people() -> dict[str, list[Person]]:
    """Fifty people to each channel, reached at any hour."""

    def address(channel: str, number: int) -> str:
        if channel in ROBOTS:
            return f"{channel}-robot-{number % ROBOTS[channel]}"
        return f"p{number}@city.example" if channel == "mail" else f"desk {number}"

    return {
        channel: [
            Person(
                person_id=f"{channel}-{number}",
                name=f"人{number}",
                role=Role.SUPERVISOR,
                channel=channel,
                address=address(channel, number),
                language=Language.ZH if number % 2 else Language.EN,
                hours="any",
            )
            for number in range(50)
        ]
        for channel in SHARES
    }


def write_crowd(world: World, people: Mapping[str, list[Person]]) -> None:
    """So many at once for one robot, before anything that takes time away from its minute."""
    new = []
    for number in range(CROWD):
        person = people["crowd"][number % 50]
        subject = f"key:crowd-{number}"
        new += notices_to([person], subject=subject, kind="key_enrolled", card_no=None)
    with world.context.store.writing() as connection:
        outbox.add(connection, new, world.context.now())


def write_wave(world: World, people: Mapping[str, list[Person]], wave: int) -> None:
    """The notices of one wave, each about another key."""
    new = []
    for channel, share in SHARES.items():
        for number in range(share):
            person = people[channel][(wave * share + number) % 50]
            subject = f"key:{channel}-{wave}-{number}"
            new += notices_to([person], subject=subject, kind="key_enrolled", card_no=None)
    with world.context.store.writing() as connection:
        outbox.add(connection, new, world.context.now())


@pytest.fixture
def seed() -> int:
    found = int(os.environ.get("EFFMON_SEED") or SystemRandom().randrange(1 << 32))
    sys.stderr.write(f"EFFMON_SEED={found}\n")
    return found


def deliver_until_done(world: World, clock: Clock, channels: Mapping[str, Channel]) -> int:
    """Write the waves and ring the bell until nothing is pending; how often it rang."""
    people = made_people()
    with world.context.store.writing() as connection:
        replace_people(connection, [one for some in people.values() for one in some])
    runs = wave = 0
    write_crowd(world, people)
    next_wave = clock.seconds + APART
    while True:
        (row,) = world.rows("SELECT MIN(next_attempt_at) AS at FROM notice WHERE state='pending'")
        moments = [row["at"]] if row["at"] is not None else []
        moments += [next_wave] if wave < WAVES else []
        if not moments:
            return runs
        clock.seconds = max(clock.seconds, -(-int(min(moments)) // BELL) * float(BELL))
        if wave < WAVES and clock.seconds >= next_wave:
            write_wave(world, people, wave)
            wave, next_wave = wave + 1, next_wave + APART
        deliver(world.context, channels)
        runs += 1
        assert runs < 5000


def test_two_thousand_notices_to_receivers_that_fail(tmp_path: Path, seed: int) -> None:
    world = World.made(tmp_path / "ws", "2026-03-02 08:00")
    clock, book = Clock(float(instant("2026-03-02 08:00"))), Book()
    object.__setattr__(world.context, "now", clock.now)
    with (
        hooks(clock, book, Random(seed)) as server,
        mail(clock, book, Random(seed + 1)) as letters,
        wrong_tls() as tls,
    ):
        channels = made_channels(world.folder, clock, server.url, letters.port, tls)
        runs = deliver_until_done(world, clock, channels)
    (tried,) = world.rows("SELECT COUNT(*) AS number, SUM(result = 'begun') AS begun FROM attempt")
    sys.stderr.write(f"{outcome(book)}\n{runs} runs, {tried['number']} attempts\n")
    rows = world.rows("SELECT * FROM notice")
    assert len(rows) == 2000
    by_channel = {name: [row for row in rows if row["channel"] == name] for name in SHARES}
    for name, some in by_channel.items():
        assert some, name
        assert {row["state"] for row in some} == {"dead" if name in NEVER else "sent"}, name
    # None lost: whatever is called sent, its receiver has taken in.
    for name in SHARES.keys() - {*NEVER, "file"}:
        assert all(book.taken[row["notice_id"]] >= 1 for row in by_channel[name]), name
    # What works is not held up by what does not: files are there in the run that follows.
    assert all(row["sent_at"] == row["created_at"] for row in by_channel["file"])
    # Every attempt is on record, those that never got through too.
    assert tried["number"] >= book.requests
    assert tried["begun"] == 0
    repeats_have_a_cause(book, {row["notice_id"] for row in rows})
    limits_are_kept(book, channels)
    the_dead_are_reported(world, [row for name in NEVER for row in by_channel[name]])
    assert world.sound()
    world.close()


def repeats_have_a_cause(book: Book, written: set[str]) -> None:
    """A repeat, always under the same number, only where the receiver itself lost its answer."""
    for number, times in book.taken.items():
        assert times - 1 <= book.unanswered[number], number
    assert set(book.taken) <= written
    assert sum(book.unanswered.values()) > 100, "a server that loses no answers proves nothing"


def limits_are_kept(book: Book, channels: Mapping[str, Channel]) -> None:
    """No robot is called more often than its vendor allows, as the robot itself has seen it."""
    robots = {name: at for name, at in book.calls.items() if "robot-" in name}
    most = {name: most_within(at, 60) for name, at in robots.items()}
    sys.stderr.write(f"most calls a minute by robot: {most}\n")
    assert len(robots) == sum(ROBOTS.values())
    for name, at in robots.items():
        kind = next(kind for kind in ROBOTS if f"{kind}-robot" in name)
        for limit in channels[kind].limits:
            assert most_within(at, limit.seconds) <= limit.messages, (name, limit)
    assert max(most.values()) == 20, "a limit that is never reached proves nothing"


def the_dead_are_reported(world: World, dead: list[dict[str, Any]]) -> None:
    """What failed for three days is dead and said to be."""
    numbers = sorted(str(row["notice_id"]) for row in dead)
    assert sorted(letter["notice_id"] for letter in undelivered(world.context)) == numbers
    recorded = [entry["notice"] for entry in world.entries() if entry["type"] == "notice.dead"]
    assert sorted(map(str, recorded)) == numbers
    now = world.context.now()
    assert all(now - row["first_attempt_at"] >= 72 * 3600 for row in dead)
