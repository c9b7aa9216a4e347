"""What a checkpoint, a comparison and `verify --rebuild` cost: all of them read every entry."""

import resource
import time
from collections.abc import Callable
from contextlib import closing
from sqlite3 import connect

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger.model import entries as core_ledger
from tests.stories.world import World

from . import office

QUICK, LONG = 100_000, 1_000_000


def filled(world: World, size: int) -> None:
    """Fill the ledger with entries as long as those of cards, past the services."""
    world.close()
    head = core_ledger.rebuild(office.bodies(world))
    with closing(connect(world.folder / "effmon.db")) as raw, raw:
        while head.size < size:
            some = range(head.size + 1, min(head.size + 10_000, size) + 1)
            bodies = [core_ledger.canonical(entry(seq)) for seq in some]
            head, leaves = core_ledger.append_many(head, bodies)
            raw.executemany(
                "INSERT INTO ledger_entry (seq, type, fact, body, sha256, sm3)"
                " VALUES (?, 'export.made', ?, ?, ?, ?)",
                [
                    (seq, f"f/{seq}", body, leaf.sha256, leaf.sm3)
                    for seq, body, leaf in zip(some, bodies, leaves, strict=True)
                ],
            )
        raw.execute(
            "UPDATE ledger_head SET size = ?, sha256_stack = ?, sm3_stack = ?",
            (head.size, b"".join(head.sha256_stack), b"".join(head.sm3_stack)),
        )


def entry(seq: int) -> dict[str, object]:
    """An entry of a usual length."""
    return {
        "v": 1,
        "seq": seq,
        "type": "export.made",
        "at": "2026-03-02T09:00:00+08:00",
        "actor": {"claimed": None, "host": "hall", "os_user": "effmon", "tty": None},
        "card": f"R-{seq:012}",
        "case": f"2026-行审-{seq:09}",
        "level": "red",
        "rule": {"id": "r-12", "sha256": "0" * 64},
        "persons": {"commitment": "1" * 64},
    }


def timed(what: str, do: Callable[[], object]) -> object:
    """Do it, and say how long it took."""
    begun, worked = time.perf_counter(), time.process_time()
    found = do()
    seconds, busy = time.perf_counter() - begun, time.process_time() - worked
    print(f"{what}: {seconds:.1f} s, {busy:.1f} s of them working")
    return found


def trial(world: World, size: int) -> None:
    """A ledger of this size is signed, compared and verified; figures are printed."""
    first = office.make(world)
    filled(world, size)
    made = timed(f"checkpoint of {size} entries", lambda: office.make(world))
    assert made.size == size  # type: ignore[attr-defined]
    note = first.notes["sm3"].encode()
    found = timed("compare", lambda: compare.compare_note(world.context, note))
    assert found.result == compare.EQUAL  # type: ignore[attr-defined]
    verified = timed("verify --rebuild", lambda: ledger_book.verify(world.context, everything=True))
    assert verified["sound"]  # type: ignore[index]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"largest memory: {peak} MB")


@pytest.mark.full
def test_what_a_hundred_thousand_entries_cost(world: World) -> None:
    trial(world, QUICK)


@pytest.mark.soak
def test_what_a_million_entries_cost(world: World) -> None:
    trial(world, LONG)
