"""What it costs to hold the database's rows against the ledger, as a share of the rest."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import tree as ledger_tree
from efficiency_monitor.ledger.checks import approval_checks, held_checks
from tests.stories.world import World, instant

CARDS = 20_000
CASE = {
    "item_kind": "promised", "department": "住建局", "handler": "张经办", "applicant": "甲",
    "promised_limit": "3 working_days", "statutory_limit": "4 working_days",
}  # fmt: skip


def seconds(work: Callable[[], Any]) -> float:
    """Of the processor."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


@pytest.mark.soak
def test_verify_with_many_cards(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-09 09:00")
    numbers = [f"K{number}" for number in range(CARDS // 3 + 1)]
    world.receive("cases", [{"case_no": number, **CASE} for number in numbers])
    event = {"event": "accepted", "occurred_at": "2026-03-02 10:00", "actor": "张经办"}
    world.receive("events", [{"case_no": number, **event} for number in numbers])
    for at in ("2026-03-05 18:00", "2026-03-09 18:00"):
        world.now = instant(at)
        world.scan()
    (found,) = world.rows("SELECT count(*) AS cards FROM card")
    assert found["cards"] >= CARDS
    with world.context.store.reading() as connection:
        rest = seconds(lambda: ledger_tree.derive(connection))
        rest += seconds(lambda: approval_checks.check(connection))
        held = seconds(lambda: held_checks.check(connection))
    assert ledger_book.verify(world.context)["sound"]
    size = len(world.entries())
    print(
        f"\nRELIABILITY held: {found['cards']} cards, {size} entries: ledger verify"
        f" {rest + held:.1f} s of work, {rest:.1f} s without the rows,"
        f" {(rest + held) / rest:.1f} times"
    )
    world.close()
