"""A checkpoint is signed on what the rows give, continues all that was signed, or is not made."""

import os
import re
from base64 import b64decode
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError, Locked
from efficiency_monitor.ledger import signer_state
from efficiency_monitor.ledger.model import checkpoints as core_checkpoints
from efficiency_monitor.ledger.model import entries as core_ledger
from efficiency_monitor.ledger.model import signed_notes
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.ledger.tree import LedgerChanged
from tests.stories.world import World

from . import office


def test_both_trees_are_signed_under_two_origins(world: World) -> None:
    size = len(office.bodies(world))
    made = office.make(world)
    assert (made.new, made.size, made.origin) == (True, size, office.ORIGIN)
    root = core_ledger.root(core_ledger.rebuild(office.bodies(world)[:size]))
    for tree, said, origin in (
        ("sha256", root.sha256, "effmon-ledger/story"),
        ("sm3", root.sm3, "effmon-ledger/story-sm3"),
    ):
        note = signed_notes.parse(made.notes[tree].encode())
        assert signed_notes.verified(note, [office.key().verifier])
        assert core_checkpoints.of_note(note) == core_checkpoints.Checkpoint(origin, size, said)
        assert b64decode(made.roots[tree]) == said
    assert office.notes(world) == made.notes
    assert [(row[0], row[1], row[2], row[3]) for row in office.signed(world)] == [
        ("sha256", size, root.sha256, made.notes["sha256"]),
        ("sm3", size, root.sm3, made.notes["sm3"]),
    ]
    (entry,) = [e for e in world.entries() if e["type"] == "checkpoint.made"]
    assert entry["seq"] == size + 1
    assert (entry["size"], entry["key"]) == (size, office.key().verifier.key_id.hex())
    assert (entry["sha256_root"], entry["sm3_root"]) == (root.sha256.hex(), root.sm3.hex())
    assert office.SEED.hex() not in world.dump()


def test_nothing_but_checkpoints_is_no_reason_for_another(world: World) -> None:
    first = office.make(world)
    again = office.make(world)
    assert (again.new, again.size, again.notes) == (False, first.size, first.notes)
    office.add(world)
    third = office.make(world)
    assert (third.new, third.size) == (True, first.size + 2)
    assert len(office.signed(world)) == 4
    assert office.make(world).new is False


def test_the_first_checkpoint_enters_the_key_where_nobody_has(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-02 09:00")
    path = world.folder / "keys" / "ledger.key"
    path.parent.mkdir()
    path.write_text(office.key().secret())
    path.chmod(0o600)
    office.make(world)
    assert [e["type"] for e in world.entries()] == [
        "workspace.created",
        "ledger.key_rotated",
        "checkpoint.made",
    ]
    world.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET body = replace(body, '\"size\":', '\"sise\":') WHERE seq = 4",
        "UPDATE ledger_entry SET sha256 = zeroblob(32) WHERE seq = 4",
        "UPDATE ledger_entry SET sm3 = zeroblob(32) WHERE seq = 4",
        "UPDATE ledger_entry SET sha256 = sm3, sm3 = sha256 WHERE seq = 4",
        "DELETE FROM ledger_entry WHERE seq = 4",
        "DELETE FROM ledger_entry WHERE seq = 1",
        "DELETE FROM ledger_entry WHERE seq = (SELECT MAX(seq) FROM ledger_entry)",
        "UPDATE ledger_entry SET seq = 4000 WHERE seq = 4",
        "UPDATE ledger_head SET size = size - 1",
        "UPDATE ledger_head SET sha256_stack = sm3_stack",
        "UPDATE ledger_head SET sm3_stack = sha256_stack",
        "UPDATE checkpoint SET root = zeroblob(32) WHERE tree = 'sm3'",
        "UPDATE checkpoint SET size = size + 1000",
    ],
)
def test_rows_that_are_not_what_was_recorded_are_never_signed(world: World, statement: str) -> None:
    office.make(world)
    office.add(world, 2)
    before = office.notes(world), office.signed(world)
    office.tamper(world, statement)
    after = office.signed(world)
    with pytest.raises((LedgerChanged, ledger.HeadDamaged)) as refused:
        office.make(world)
    assert refused.value.exit_code == 1
    assert (office.notes(world), office.signed(world)) == (before[0], after)


def test_a_rewrite_with_every_hash_computed_anew_is_not_signed(world: World) -> None:
    office.make(world)
    office.add(world)
    office.make(world)
    office.rewrite(world, office.changed(world))
    office.add(world)
    with pytest.raises(LedgerChanged, match="changed afterwards"):
        office.make(world)
    # Also when the database's own checkpoints were taken out: the signer remembers.
    office.tamper(world, "DELETE FROM checkpoint")
    before = office.notes(world)
    with pytest.raises(LedgerChanged, match=r"memory, sha256.*changed afterwards"):
        office.make(world)
    assert office.notes(world) == before


def test_a_ledger_that_was_cut_off_is_not_signed(world: World) -> None:
    office.make(world)
    kept = office.bodies(world)
    office.add(world, 3)
    office.make(world)
    before = office.notes(world)
    office.rewrite(world, kept[:-1])
    office.tamper(world, "DELETE FROM checkpoint WHERE size > 7")
    with pytest.raises(LedgerChanged, match="was cut off"):
        office.make(world)
    # Grown again to the same size with other entries it is a fork.
    office.add(world, 4)
    with pytest.raises(LedgerChanged, match="changed afterwards"):
        office.make(world)
    assert office.notes(world) == before


def test_a_signer_that_has_lost_its_memory_signs_nothing(world: World) -> None:
    office.make(world)
    office.add(world)
    (office.state(world) / "sm3.note").unlink()
    with pytest.raises(LedgerChanged, match="sm3: it is gone"):
        office.make(world)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"text\n\n", b"x" * 2_000_000])
def test_a_memory_that_was_damaged_is_said_to_be(world: World, content: bytes) -> None:
    office.make(world)
    office.add(world)
    (office.state(world) / "sha256.note").write_bytes(content)
    with pytest.raises(EffmonError, match="damaged") as refused:
        office.make(world)
    assert refused.value.exit_code == 70


def test_a_memory_that_somebody_else_has_signed_is_not_believed(world: World) -> None:
    made = office.make(world)
    office.add(world)
    note = signed_notes.parse(made.notes["sha256"].encode())
    other = office.key(office.OTHER)
    forged = signed_notes.sign(note.text, [(other.verifier, other.sign)])
    (office.state(world) / "sha256.note").write_text(str(forged))
    with pytest.raises(LedgerChanged, match="not signed by the key of its time"):
        office.make(world)


def test_after_a_loss_it_begins_again_and_says_so_for_ever(world: World, tmp_path: Path) -> None:
    office.make(world)
    backup = office.copied(world, tmp_path / "backup")
    office.add(world, 3)
    lost = office.make(world)
    # The database is restored, the signer's memory is not.
    (world.folder / "effmon.db").write_bytes((backup.folder / "effmon.db").read_bytes())
    world.close()
    office.add(world)
    with pytest.raises(LedgerChanged, match="old backup was restored"):
        office.make(world)
    with pytest.raises(EffmonError, match="missing"):
        office.make(world, after_loss=" ")
    made = office.make(world, after_loss="服务器硬盘损坏，恢复了前一日的备份")
    assert made.size < lost.size
    entry = world.entries()[-1]
    said = entry["after_loss"]["lost"]  # type: ignore[index]
    assert [each["size"] for each in said] == [lost.size, lost.size]
    assert "硬盘" not in str(entry)
    aside = sorted(path.name for path in office.state(world).glob("lost-*"))
    assert len(aside) == 4
    assert (office.state(world) / aside[0]).read_text() == lost.notes["sha256"]
    office.add(world)
    assert office.make(world).new
    assert office.make(world).new is False


def test_a_workspace_without_a_key_says_what_to_do(tmp_path: Path) -> None:
    world = World.made(tmp_path / "ws", "2026-03-02 09:00")
    with pytest.raises(EffmonError, match="no key of the ledger") as refused:
        office.make(world)
    assert refused.value.hint == "run: effmon ledger key new"
    world.close()


def test_another_key_in_the_file_signs_nothing(world: World) -> None:
    office.make(world)
    office.add(world)
    path = world.folder / "keys" / "ledger.key"
    path.write_text(office.key(office.OTHER).secret())
    with pytest.raises(EffmonError, match="not the one that the ledger names"):
        office.make(world)
    path.chmod(0o644)
    with pytest.raises(EffmonError, match="others may read"):
        office.make(world)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(EffmonError, match="others may read"):
        office.make(world)


@pytest.mark.parametrize(
    "content", ["", "PRIVATE+KEY+", "\xff", "x" * 20_000, office.key().verifier.vkey]
)
def test_a_file_that_holds_no_key_is_said_to_hold_none(world: World, content: str) -> None:
    (world.folder / "keys" / "ledger.key").write_bytes(content.encode("latin-1"))
    with pytest.raises(EffmonError, match="no key of a ledger") as refused:
        office.make(world)
    assert "PRIVATE" not in refused.value.message


def test_another_origin_is_no_way_to_begin_anew(world: World) -> None:
    office.make(world)
    office.add(world)
    settings = world.folder / "effmon.toml"
    settings.write_text(
        re.sub("origin = .*", 'origin = "another"', settings.read_text(encoding="utf-8"), count=1),
        encoding="utf-8",
    )
    world.close()
    with pytest.raises(EffmonError, match="the ledger's origin is another") as refused:
        office.make(world)
    assert f'origin = "{office.ORIGIN}"' in refused.value.hint


def test_of_two_processes_one_waits_and_finds_nothing_left(world: World) -> None:
    looks = []

    def look(seconds: float) -> None:
        looks.append(seconds)

    with signer_state.alone(office.state(world), 0, look):
        with pytest.raises(Locked) as refused:
            office.make(world, patience=0.3, pause=look)
        assert refused.value.exit_code == 75
        assert len(looks) == 3
    assert office.make(world).new


def test_a_memory_that_cannot_be_written_signs_nothing(world: World) -> None:
    office.state(world).parent.mkdir(exist_ok=True)
    office.state(world).write_text("a file where the folder should be")
    with pytest.raises(EffmonError, match="signer's memory") as refused:
        office.make(world)
    assert refused.value.exit_code == 70
    assert office.signed(world) == []
