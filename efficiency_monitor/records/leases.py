"""Leases: one process at a time, with a fence that shows who was overtaken.

A process that was stopped and goes on behind its lease finds another fence and writes nothing.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ..faults import DoneElsewhere
from ..i18n.messages import t
from .lease_table import LeaseRow

LEASE = LeaseRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Lease:
    """A piece of work that this process holds."""

    name: str
    owner: str
    fence: int


def end_by(connection: Connection, instant: int) -> None:
    """Let every lease end by an instant at the latest. Inside `Store.writing`."""
    connection.execute(
        update(LEASE).where(LEASE.c.lease_until > instant).values(lease_until=instant)
    )


def take(
    connection: Connection, *, name: str, place: str, process: str, now: int, seconds: int
) -> Lease | None:
    """Take a piece of work for so many seconds, or None while another holds it.

    `place` is a machine and a folder on which the caller already holds the system's own lock: a
    holder of that same place must have died, and need not run out. Inside `Store.writing`.
    """
    owner = f"{place}|{process}"
    row = connection.execute(select(LEASE).where(LEASE.c.name == name)).first()
    if row is None:
        connection.execute(
            insert(LEASE).values(name=name, owner=owner, fence=1, lease_until=now + seconds)
        )
        return Lease(name, owner, 1)
    if row.lease_until >= now and row.owner.rpartition("|")[0] != place:
        return None
    fence = int(row.fence) + 1
    connection.execute(
        update(LEASE)
        .where(LEASE.c.name == name)
        .values(owner=owner, fence=fence, lease_until=now + seconds)
    )
    return Lease(name, owner, fence)


def hold(connection: Connection, lease: Lease, until: int) -> None:
    """Lengthen a lease in the transaction that it guards; DoneElsewhere where another has it."""
    found = connection.execute(
        update(LEASE)
        .where(
            LEASE.c.name == lease.name,
            LEASE.c.owner == lease.owner,
            LEASE.c.fence == lease.fence,
        )
        .values(lease_until=until)
    ).rowcount
    if found != 1:
        raise DoneElsewhere(
            t("another process has taken this work over"),
            t("nothing was lost; it goes on with the rest"),
        )


def give_back(connection: Connection, lease: Lease) -> None:
    """End a lease; nothing happens where another has taken it."""
    connection.execute(
        update(LEASE)
        .where(LEASE.c.name == lease.name, LEASE.c.fence == lease.fence)
        .values(lease_until=0)
    )
