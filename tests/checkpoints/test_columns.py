"""What stands beside the entries that are signed: columns that rows are looked up by, names."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.signer import default_origin
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.workspace.settings import LedgerSection
from tests.stories.world import World

from . import office


def test_a_row_that_says_another_type_than_its_entry_is_found(world: World) -> None:
    """No tree vouches for the column, and keys are looked up by it."""
    office.make(world)
    assert ledger_book.verify(world.context, everything=True)["sound"]
    (seq,) = world.tuples("SELECT seq FROM ledger_entry WHERE type = 'ledger.key_rotated'")[0]
    office.tamper(world, f"UPDATE ledger_entry SET type = 'export.made' WHERE seq = {seq}")
    found = ledger_book.verify(world.context, everything=True)
    assert not found["sound"]
    assert found["checkpoints"] == [f"entry {seq}: its row says another type than the entry"]


def test_a_type_inside_an_entry_is_not_the_entrys(world: World) -> None:
    context = world.context
    with context.store.writing() as connection:
        entry = context.entry(
            EntryType.SCAN_DONE, "scan.done/R", {"run": "R", "x": {"type": "export.made"}}
        )
        ledger.append(connection, [entry])
    assert ledger_book.verify(context, everything=True)["sound"]
    office.tamper(world, "UPDATE ledger_entry SET type = 'export.made' WHERE fact = 'scan.done/R'")
    assert not ledger_book.verify(world.context, everything=True)["sound"]


@pytest.mark.parametrize("name", ["Cafe\u0301", "行政审批局", "\u1112\u1161\u11ab"])
def test_a_name_in_another_form_of_unicode_signs_and_is_verified(name: str, tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-02 09:00")
    settings = world.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    origin = default_origin("story")
    assert origin in text
    settings.write_text(text.replace(origin, f"effmon-ledger/{name}"), encoding="utf-8")
    world.close()
    verifier = ledger_keys.ensure(world.context, office.SEED)
    assert verifier
    office.make(world)
    assert ledger_book.verify(world.context, everything=True)["sound"]
    ledger_book.export(world.context, tmp_path / "out", words={})
    assert ledger_book.verify_export(tmp_path / "out", [verifier.vkey])[1] == 0
    trust = json.loads((tmp_path / "out" / "trust.json").read_text(encoding="utf-8"))
    assert trust["origin"] == default_origin(name)
    assert LedgerSection(origin=name).origin == default_origin(name).partition("/")[2]
    world.close()
