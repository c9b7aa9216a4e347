"""Random weeks of notices, silences and hours, against a loop that asks of each moment: may it go?

The oracle knows the orders that were given, the wall clock and nothing of the product. A run is
replayed by `EFFMON_SEED`.
"""

import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random, SystemRandom

import pytest

from efficiency_monitor.notify.notices import notices_to, replace_people
from efficiency_monitor.notify.silences import Filters, add_silence, end_silence
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.notify.voiding import void
from efficiency_monitor.people.model.people import Person, Role
from tests.stories.world import ZONE, World, instant

from .receiving import CASE, Receiver

BEGIN = "2026-03-06 00:00"
STEP = 1800
#: Hours as they are written and, beside it, as the oracle reads them: days, and minutes of the day.
WRITTEN = {
    "any": ("all", [(0, 1440)]),
    "": ("working", [(540, 720), (840, 1020)]),
    "13:00-15:30": ("working", [(780, 930)]),
    "every 07:15-07:45,22:00-24:00": ("all", [(435, 465), (1320, 1440)]),
}
DEPARTMENTS = ("住建局", "公安局")
CASES = {"A": "住建局", "B": "公安局"}


@dataclass
class Told:
    """A notice as the oracle sees it."""

    number: str
    created: int
    person: str
    supervisor: bool
    case_no: str
    kind: str


@dataclass
class Order:
    """A silence as it was ordered."""

    number: str
    filters: dict[str, str]
    starts: int
    ends: int
    supervisor: bool


@dataclass
class Model:
    """What was ordered, and the question of every moment."""

    hours: dict[str, str]
    told: list[Told] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def may_go(self, notice: Told, at: int) -> bool:
        """Whether the notice may leave at this moment."""
        return self._open(notice.person, at) and not any(
            order.starts <= at < order.ends and self._fits(order, notice) for order in self.orders
        )

    def _open(self, person: str, at: int) -> bool:
        shown = datetime.fromtimestamp(at, ZONE)
        days, spans = WRITTEN[self.hours[person]]
        if days == "working" and shown.isoweekday() > 5:
            return False
        minute = shown.hour * 60 + shown.minute
        return any(first <= minute < last for first, last in spans)

    def _fits(self, order: Order, notice: Told) -> bool:
        if notice.kind == "lifted" or (notice.supervisor and not order.supervisor):
            return False
        says = {
            "department": CASES[notice.case_no],
            "case_no": notice.case_no,
            "person_id": notice.person,
        }
        return all(says[name] == value for name, value in order.filters.items())


def made(folder: Path, random: Random) -> tuple[World, Model, dict[str, str]]:
    """A world with two cards, and people with hours of every kind."""
    world = World.made(folder, "2026-03-01 12:00")
    people = [
        Person(
            person_id=f"p{n}",
            name=f"人{n}",
            role=Role.SUPERVISOR if n >= 6 else Role.HEAD,
            department="" if n >= 6 else DEPARTMENTS[n % 2],
            channel="webhook",
            hours=random.choice(list(WRITTEN)),
        )
        for n in range(8)
    ]
    with world.context.store.writing() as connection:
        replace_people(connection, people)
    world.now = instant(BEGIN)
    world.receive("cases", [{"case_no": c, **CASE, "department": d} for c, d in CASES.items()])
    world.receive(
        "events",
        [{"case_no": c, "event": "accepted", "occurred_at": "2026-02-02 10:00"} for c in CASES],
    )
    world.scan()
    cards = {
        row["case_no"]: row["card_no"] for row in world.rows("SELECT * FROM card WHERE level = 3")
    }
    with world.context.store.writing() as connection:
        subjects = [row.subject for row in outbox.pending(connection, world.now)]
        void(world.context, connection, subjects=subjects, reason="appeal", keep=())
    return world, Model({one.person_id: one.hours for one in people}), cards


def one_step(
    world: World, model: Model, cards: dict[str, str], people: list[Person], random: Random
) -> None:
    """Sometimes a notice is written, a silence ordered, or one ended before its time."""
    if random.random() < 0.5:
        person, case_no = random.choice(people), random.choice(list(CASES))
        kind = random.choice(["lifted", "closed", "unanswered"]) + f":{len(model.told)}"
        kind = "lifted" if kind.startswith("lifted") else kind
        subject = f"card:{case_no}-{len(model.told)}"
        new = notices_to([person], subject=subject, kind=kind, card_no=cards[case_no])
        with world.context.store.writing() as connection:
            outbox.add(connection, new, world.now)
        supervisor = person.role is Role.SUPERVISOR
        model.told.append(
            Told(new[0].notice_id, world.now, person.person_id, supervisor, case_no, kind)
        )
    if random.random() < 0.06:
        filters = random.choice(
            [{"department": random.choice(DEPARTMENTS)}, {"case_no": random.choice("AB")}, {}]
        )
        if random.random() < 0.3:
            filters["person_id"] = random.choice(people).person_id
        department = filters.get("department") or CASES.get(filters.get("case_no", ""), "")
        heads = [f"p{n}" for n in range(6) if DEPARTMENTS[n % 2] == department]
        owner = random.choice(["p6", "p7", *heads])
        ends = world.now + random.randrange(600, 3 * 86_400)
        number = add_silence(world.acting(owner), Filters(**filters), reason="x", until=ends)
        model.orders.append(Order(number, filters, world.now, ends, owner in ("p6", "p7")))
    standing = [order for order in model.orders if order.ends > world.now]
    if standing and random.random() < 0.03:
        order = random.choice(standing)
        end_silence(world.acting("p6"), order.number, reason="x")
        order.ends = world.now


@pytest.mark.parametrize(
    "days", [3, pytest.param(21, marks=pytest.mark.full)], ids=["three days", "three weeks"]
)
def test_each_notice_leaves_at_the_first_moment_at_which_it_may(tmp_path: Path, days: int) -> None:
    seed = int(os.environ.get("EFFMON_SEED") or SystemRandom().randrange(1 << 32))
    sys.stderr.write(f"EFFMON_SEED={seed}\n")
    random = Random(seed)
    world, model, cards = made(tmp_path / "ws", random)
    with world.context.store.reading() as connection:
        from efficiency_monitor.notify.notices import people

        everybody = people(connection)
    receiver = Receiver(clock=lambda: world.now)
    moments = []
    while world.now < instant(BEGIN) + days * 86_400:
        one_step(world, model, cards, everybody, random)
        world.deliver({"webhook": receiver})
        moments.append(world.now)
        world.now += random.randrange(1, 2 * STEP)
    left = {line.notice_id: at for at, message in receiver.got for line in message.notices}
    wanted = {
        notice.number: next(
            (at for at in moments if at >= notice.created and model.may_go(notice, at)), None
        )
        for notice in model.told
    }
    assert {number: left.get(number) for number in wanted} == wanted
    late = sum(
        at is None or at > notice.created
        for notice, at in zip(model.told, wanted.values(), strict=True)
    )
    sys.stderr.write(f"{len(wanted)} notices, {late} of them held, {len(model.orders)} silences\n")
    assert late > len(wanted) // 10, "a week in which nothing waits proves nothing"
    # Every silence that is over is recorded to be over, with an entry.
    ended = {entry["silence"] for entry in world.entries() if entry["type"] == "silence.ended"}
    assert ended == {order.number for order in model.orders if order.ends <= moments[-1]}
    assert world.sound()
    world.close()
