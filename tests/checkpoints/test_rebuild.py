"""`ledger verify --rebuild`: whatever was done to checkpoints, keys, memory or entries is found."""

import json
import os
import random
from contextlib import suppress
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model import signed_notes
from tests.cli.command import effmon
from tests.stories.world import World

from . import office

QUICK, LONG = 60, 2_000
STRANGER = b"a third seed, of someone outside"


@pytest.fixture(scope="module")
def grown(fresh: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four checkpoints, the last two by another key."""
    world = office.copied(fresh, tmp_path_factory.mktemp("grown") / "ws")
    for number in (0, 3):
        office.add(world, number)
        office.make(world)
    file = world.folder / "keys" / "new.key"
    ledger_keys.new_key(world.context, office.OTHER, file)
    ledger_keys.rotate(world.context, file)
    for number in (0, 2):
        office.add(world, number)
        office.make(world)
    office.add(world)
    world.close()
    return world


def everything(world: World) -> dict[str, object]:
    """What is found."""
    return ledger_book.verify(world.context, everything=True)


def test_nothing_is_found_where_nothing_was_done(grown: World, tmp_path: Path) -> None:
    world = office.copied(grown, tmp_path / "ws")
    found = everything(world)
    assert (found["sound"], found["checkpoints"], found["marks"]) == (True, [], [])
    assert found["signed"] == office.signed(world)[-1][1]
    world.close()
    ran = effmon("-C", world.folder, "ledger", "verify", "--rebuild", "-o", "json").well()
    assert ran.json["checkpoints"] == []


def forged(world: World) -> str:
    """A note of the newest size by a key that the ledger does not know."""
    stranger = office.key(STRANGER)
    note = signed_notes.parse(str(office.signed(world)[-1][3]).encode())
    return str(signed_notes.sign(note.text, [(stranger.verifier, stranger.sign)]))


#: What is done, and a word of what is said.
STATEMENTS = {
    "a root": ("UPDATE checkpoint SET root = zeroblob(32) WHERE id = 3", "changed afterwards"),
    "a size": ("UPDATE checkpoint SET size = size + 1 WHERE id = 3", "changed afterwards"),
    "a tree": ("UPDATE checkpoint SET tree = 'sm3' WHERE id = 1", "changed afterwards"),
    "a note of another size": (
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE id = 3) WHERE id = 1",
        "not what its note says",
    ),
    "a note of the other tree": (
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE id = 2) WHERE id = 1",
        "it is of",
    ),
    "a note that is none": ("UPDATE checkpoint SET note = 'x' WHERE id = 5", "no empty line"),
    "a text under a signature": (
        "UPDATE checkpoint SET note = replace(note, 'story', 'storey') WHERE id = 5",
        "checkpoint sha256",
    ),
    "a checkpoint": ("DELETE FROM checkpoint WHERE id = 2", "has lost or changed it"),
    "all checkpoints": ("DELETE FROM checkpoint", "has lost or changed it"),
    "a size below nothing": ("UPDATE checkpoint SET size = -1 WHERE id = 3", "cannot be read"),
    "a size that is none": ("UPDATE checkpoint SET size = 'x' WHERE id = 3", "cannot be read"),
    "a root that is none": ("UPDATE checkpoint SET root = 'x' WHERE id = 3", "cannot be read"),
    "a short root": ("UPDATE checkpoint SET root = x'00' WHERE id = 3", "changed afterwards"),
    "a tree that is none": ("UPDATE checkpoint SET tree = 'md5' WHERE id = 3", "cannot be read"),
    "a key's name": ("UPDATE checkpoint SET key_hash = '00000000' WHERE id = 1", "says nothing"),
}


@pytest.mark.parametrize("what", STATEMENTS)
def test_a_checkpoint_that_was_changed_is_found(grown: World, tmp_path: Path, what: str) -> None:
    statement, said = STATEMENTS[what]
    world = office.copied(grown, tmp_path / "ws")
    office.tamper(world, statement)
    found = everything(world)
    assert found["trees"] is True
    assert found["sound"] is False
    assert any(said in fault for fault in found["checkpoints"]), found["checkpoints"]  # type: ignore[attr-defined]
    # No command ends in something unexpected because of it.
    with suppress(EffmonError):
        office.make(world)
    world.close()


def test_a_checkpoint_by_a_stranger_is_found(grown: World, tmp_path: Path) -> None:
    world = office.copied(grown, tmp_path / "ws")
    office.tamper(world, f"UPDATE checkpoint SET note = '{forged(grown)}' WHERE id = 8")
    assert "key of its time" in str(everything(world)["checkpoints"])
    # With an entry and a row of its own it is found all the same.
    world.close()


@pytest.mark.parametrize("tree", ["sha256", "sm3"])
def test_a_memory_that_says_something_else_is_found(
    grown: World, tmp_path: Path, tree: str
) -> None:
    world = office.copied(grown, tmp_path / "ws")
    path = office.state(world) / f"{tree}.note"
    note = signed_notes.parse(path.read_bytes())
    key = office.key(office.OTHER)
    lines = note.text.split("\n")
    text = "\n".join([lines[0], str(int(lines[1]) + 500), *lines[2:]])
    path.write_text(str(signed_notes.sign(text, [(key.verifier, key.sign)])))
    assert "old backup was restored" in str(everything(world)["checkpoints"])
    path.write_text(forged(grown) if tree == "sm3" else "x")
    assert everything(world)["sound"] is False
    world.close()


def test_a_changed_entry_about_a_key_is_found(grown: World, tmp_path: Path) -> None:
    """With all hashes of the database computed anew, as its owner can."""
    world = office.copied(grown, tmp_path / "ws")
    entries = office.bodies(world)
    at = max(n for n, body in enumerate(entries) if b"ledger.key_rotated" in body)
    entry = json.loads(entries[at])
    stranger = office.key(STRANGER).verifier
    entries[at] = entries[at].replace(entry["new"].encode(), stranger.vkey.encode())
    office.rewrite(world, entries)
    found = everything(world)
    assert found["trees"] is True
    assert any("key:" in fault for fault in found["checkpoints"])  # type: ignore[attr-defined]
    world.close()


def mutated(bodies: list[bytes], dice: random.Random) -> list[bytes]:
    """The entries with one thing changed: a bit, an order, a length, one put in or taken out."""
    at = dice.randrange(len(bodies))
    body = bodies[at]
    how = dice.choice(("bit", "delete", "swap", "truncate", "insert", "replace", "tail"))
    if how == "bit":
        place = dice.randrange(len(body))
        flipped = body[:place] + bytes([body[place] ^ 1 << dice.randrange(7)]) + body[place + 1 :]
        return [*bodies[:at], flipped, *bodies[at + 1 :]]
    if how == "delete":
        return [*bodies[:at], *bodies[at + 1 :]]
    if how == "swap":
        other = (at + dice.randrange(1, len(bodies))) % len(bodies)
        swapped = list(bodies)
        swapped[at], swapped[other] = bodies[other], bodies[at]
        return swapped
    if how == "truncate":
        return bodies[:at]
    if how == "insert":
        return [*bodies[:at], dice.choice(bodies), *bodies[at:]]
    if how == "replace":
        other = bodies[(at + 1) % len(bodies)]
        return [*bodies[:at], other, *bodies[at + 1 :]]
    return [*bodies[:at], body[:-1]]


def trials(grown: World, tmp_path: Path, number: int) -> None:
    """Mutations of what was signed, every hash of the database computed anew: all are found."""
    seed = int(os.environ.get("EFFMON_SEED", random.SystemRandom().getrandbits(32)))
    print(f"EFFMON_SEED={seed}")
    dice = random.Random(seed)
    world = office.copied(grown, tmp_path / "ws")
    # What came after the newest checkpoint is not vouched for by anything yet.
    size = int(office.signed(world)[-1][1])
    signed = office.bodies(world)[:size]
    for turn in range(number):
        office.rewrite(world, mutated(signed, dice))
        assert everything(world)["sound"] is False, turn
    print(f"{number} mutations, every hash computed anew, all found")
    world.close()


def test_mutations_with_every_hash_computed_anew(grown: World, tmp_path: Path) -> None:
    trials(grown, tmp_path, QUICK)


@pytest.mark.soak
def test_many_mutations_with_every_hash_computed_anew(grown: World, tmp_path: Path) -> None:
    trials(grown, tmp_path, LONG)


def test_honest_growth_raises_no_alarm(fresh: World, tmp_path: Path) -> None:
    """A checkpoint after every entry: each old note stays equal, each rebuild is sound."""
    world = office.copied(fresh, tmp_path / "ws")
    for _ in range(20):
        office.add(world)
        assert office.make(world).new
        assert everything(world)["sound"]
    world.close()
