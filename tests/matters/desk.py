"""A department with late cases, supervisors over it, and what tests of answers and orders ask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from efficiency_monitor.ledger.checks import notice_checks
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.notify import after_delivery
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.notify.voiding import told_of
from tests.stories.world import World, instant, wall

from .stage import run

PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "chen", "name": "陈分管", "department": "住建局", "role": "leader"},
    {"person_id": "gao", "name": "高主任", "department": "规划局", "role": "head"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    {"person_id": "sun", "name": "孙监察", "department": "", "role": "supervisor"},
)


def opened(folder: Path, at: str = "2026-03-07 09:00", people: Sequence[Any] = PEOPLE) -> World:
    """Cases A and B of one department and C of another, late since Monday 2 March; red on the 7th.

    Saturday 7 March is a day off of the calendar.
    """
    world = World.made(folder, "2026-03-01 12:00")
    world.people(people)
    world.now = instant(at)
    for number, department in (("A", "住建局"), ("B", "住建局"), ("C", "规划局")):
        case(world, number, department)
    world.scan()
    arrive(world)
    return world


def case(world: World, number: str, department: str = "住建局", **more: str) -> None:
    """A case that was accepted on 2 March and has to be done by the 5th, at the latest the 6th."""
    fields = {"item_kind": "promised", "handler": "张经办", "department": department}
    limits = {"promised_limit": "3 working_days", "statutory_limit": "4 working_days"}
    world.receive("cases", [{"case_no": number, **fields, **limits, **more}])
    accepted = {"event": "accepted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [{"case_no": number, **accepted}])


def arrive(world: World, *, dead: bool = False, only: str | None = None) -> None:
    """What is pending (for one person) reaches them now, or never will.

    Delivery itself has its own tests.
    """
    with world.context.store.writing() as connection:
        found = outbox.pending(connection, world.now)
        rows = [row for row in found if only in (None, row.person_id)]
        state = {"state": "dead"} if dead else {"state": "sent", "sent_at": world.now}
        # As delivery does it: what is on its way bears the id of its message.
        numbers = [row.notice_id for row in rows]
        outbox.mark(connection, numbers, message_id="m", **state)
        _enter(world, connection, numbers, dead=dead)
        follow = after_delivery.undeliverable if dead else after_delivery.delivered
        follow(world.context, connection, rows, world.now)


def _enter(world: World, connection: Connection, numbers: Sequence[str], *, dead: bool) -> None:
    """What delivery enters of them."""
    marked = outbox.rows_of(connection, numbers)
    kind = EntryType.NOTICE_DEAD if dead else EntryType.NOTICE_SENT
    sent = {} if dead else notice_checks.as_sent(world.context, connection, marked)
    entries = [
        world.context.entry(
            kind,
            f"{kind}/{row.notice_id}",
            {**told_of(row), "message": "m", **sent.get(row.notice_id, {})},
        )
        for row in marked
    ]
    ledger.append(connection, entries)


#: Where an order stands among those that were opened in one second.
_BEGAN = "(SELECT MIN(id) FROM order_entry e WHERE e.order_no = supervision_order.order_no)"


def order(world: World) -> dict[str, Any]:
    """The newest order's row."""
    return world.rows(f"SELECT * FROM supervision_order ORDER BY opened_at DESC, {_BEGAN} DESC")[0]


def order_states(world: World) -> list[str]:
    """Orders as `state round deadline`, oldest first."""
    return [
        f"{row['state']} {row['round']} "
        + ("-" if row["reply_due_at"] is None else wall(row["reply_due_at"]))
        for row in world.rows(f"SELECT * FROM supervision_order ORDER BY opened_at, {_BEGAN}")
    ]


def notices(world: World, kind: str) -> list[str]:
    """Notices of a kind as `PERSON state`, sorted."""
    return sorted(
        f"{row['person_id']} {row['state']}"
        for row in world.rows("SELECT person_id, state FROM notice WHERE kind = ?", kind)
    )


def happened(world: World, card_no: str) -> list[str]:
    """What happened to a card as `KIND PERSON`, oldest first."""
    return [
        f"{row['kind']} {row['person'] or '-'}"
        for row in world.rows("SELECT * FROM card_entry WHERE card_no = ? ORDER BY id", card_no)
    ]


def entries(world: World, kind: str) -> list[dict[str, Any]]:
    """Ledger entries of a type, oldest first."""
    return [dict(entry) for entry in world.entries() if entry["type"] == kind]


def say(world: World, line: str) -> str:
    """A command that has to succeed; what it said."""
    ran = run(world, line).well()
    return ran.out + ran.err


def refused(world: World, line: str) -> str:
    """A command that has to be refused in one line and a hint, and to change nothing."""
    before = world.dump()
    ran = run(world, line)
    assert ran.code == 2, ran
    assert ran.err.count("\n") == 2, ran.err
    assert world.dump() == before
    return ran.err
