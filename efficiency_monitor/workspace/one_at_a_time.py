"""One process at a time does a piece of work, in the workspace and on every other machine.

The system's lock on a file keeps out the processes of this folder and is free at once when its
holder dies. The lease in the database keeps out other machines; whoever was overtaken while it
stood still finds another fence and writes nothing.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from ..faults import DoneElsewhere, EffmonError
from ..i18n.messages import t
from ..records import leases
from .context import Context

#: Seconds that a lease lasts from the last transaction it guarded.
LEASE: Final = 300
#: Seconds between two looks whether a lease is free.
_LOOK: Final = 1.0


def lease_now(context: Context, connection: Connection) -> int:
    """The clock that leases go by: the database's own, which all machines share, where it has one.

    Otherwise ours: then there is one machine.
    """
    clock = context.store.clock(connection)
    return context.now() if clock is None else clock


def end_ahead(context: Context, connection: Connection) -> None:
    """Let no lease run longer than now: its holder's clock, and so its end, was ahead."""
    leases.end_by(connection, lease_now(context, connection))


@dataclass(frozen=True, slots=True)
class Turn:
    """This process has its turn at a piece of work, until another takes it."""

    context: Context
    #: None on SQLite: its file is on one machine, where the system's lock is enough.
    lease: leases.Lease | None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that only who has the turn may commit; DoneElsewhere otherwise."""
        with self.context.store.writing() as connection:
            if self.lease is not None:
                until = lease_now(self.context, connection) + LEASE
                leases.hold(connection, self.lease, until)
            yield connection


@contextmanager
def turn(
    context: Context, name: str, folder: Path, patience: float, pause: Callable[[float], None]
) -> Iterator[Turn]:
    """Have the turn at a piece of work; DoneElsewhere after so many seconds of patience.

    The caller holds the system's lock on a file in `folder`: whoever held the lease from there has
    died.
    """
    if context.store.dialect == "sqlite":
        yield Turn(context, None)
        return
    lease = _taken(context, name, folder, patience, pause)
    try:
        yield Turn(context, lease)
    except Exception:
        # Left behind, it would keep others waiting until it runs out; the fault is what is told.
        with suppress(EffmonError):
            _give_back(context, lease)
        raise
    else:
        _give_back(context, lease)


def _taken(
    context: Context, name: str, folder: Path, patience: float, pause: Callable[[float], None]
) -> leases.Lease:
    # The folder by its inode too: under one kernel, containers may have others by the same name.
    held = folder.stat()
    place = f"{context.machine.kernel}:{held.st_dev}:{held.st_ino}:{folder.absolute()}"
    looks = int(patience / _LOOK)
    while True:
        with context.store.writing() as connection:
            lease = leases.take(
                connection,
                name=name,
                place=place,
                process=str(os.getpid()),
                now=lease_now(context, connection),
                seconds=LEASE,
            )
        if lease is not None:
            return lease
        if looks <= 0:
            raise DoneElsewhere(
                t("another machine does this work"),
                t("try again when it has finished"),
            )
        looks -= 1
        pause(_LOOK)


def _give_back(context: Context, lease: leases.Lease) -> None:
    with context.store.writing() as connection:
        leases.give_back(connection, lease)
