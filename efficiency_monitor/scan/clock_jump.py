"""A clock that jumped 时钟跳变: a scan long after the newest entry says so, and goes on.

A clock that runs ahead gives cards before they are due; one that lies still gives none. Neither is
seen from inside one instant, but both leave a hole in the ledger of a workspace that is scanned
every night: nothing was entered for days.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..time.instants import parse_instant, rfc3339
from ..workspace.context import Context, Writing

#: Seconds without an entry of which a scan speaks: two nights were missed (DESIGN 5.11).
LEAST = 2 * 86_400


@dataclass(frozen=True, slots=True)
class Jump:
    """Two instants between which nothing was entered, epoch seconds, and the entry before them."""

    seq: int
    since: int
    until: int

    def as_json(self, zone: str) -> dict[str, object]:
        """For reports."""
        return {"from": rfc3339(self.since, zone), "to": rfc3339(self.until, zone)}


def jumps(entries: Iterable[tuple[int, int]], now: int) -> list[Jump]:
    """Where more than two days lie between an entry and the next, or the last and now.

    `entries` are numbers and instants of entries in their order, epoch seconds.
    """
    found: list[Jump] = []
    before: tuple[int, int] | None = None
    for seq, at in [*entries, (0, now)]:
        if before is not None and at - before[1] > LEAST:
            found.append(Jump(*before, at))
        before = (seq, at)
    return found


def note(context: Context, writing: Writing, run_id: str) -> list[Jump]:
    """Enter what jumped since the last finished scan; before the first one nothing is expected.

    An entry a jump, however often a scan that is broken off begins again.
    """
    with context.store.reading() as connection:
        times = [
            (seq, parse_instant(at, "UTC")[0])
            for seq, at in ledger.times_since(connection, EntryType.SCAN_DONE)
        ]
    found = jumps(times, context.now())
    if found:
        with writing() as connection:
            entries = [
                context.entry(
                    EntryType.CLOCK_JUMP,
                    f"{EntryType.CLOCK_JUMP}/{each.seq}",
                    {"run": run_id, "after": each.seq, **each.as_json(context.zone)},
                )
                for each in found
            ]
            ledger.append(connection, entries)
    return found
