"""A workspace whose ledger has a key, and what a person with the database can do to it."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from efficiency_monitor.ledger import checkpoints
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.checkpoints import Made
from efficiency_monitor.ledger.model import entries as core_ledger
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.model.signed_notes import SigningKey
from efficiency_monitor.ledger.store import ledger
from tests.stories.world import World

SEED = b"the seed of these tests' ledger."
OTHER = b"a seed of which nobody has heard"
ORIGIN = "effmon-ledger/story"


def made(folder: Path, at: str = "2026-03-02 09:00") -> World:
    """A workspace on the morning of a Monday, with people and a key."""
    world = World.made(folder, at)
    ledger_keys.ensure(world.context, SEED)
    return world


def add(world: World, number: int = 1) -> None:
    """Append entries that say something."""
    with world.context.store.writing() as connection:
        size = ledger.read_head(connection).size
        ledger.append(
            connection,
            [
                world.context.entry(
                    EntryType.EXPORT_MADE, f"export.made/test/{size + at}", {"size": size + at}
                )
                for at in range(number)
            ],
        )


def make(world: World, **more: Any) -> Made:
    """`effmon ledger checkpoint`."""
    return checkpoints.make(world.context, **more)


def state(world: World) -> Path:
    """The signer's memory."""
    return world.folder / "keys" / "checkpoints"


def signed(world: World) -> list[tuple[Any, ...]]:
    """The checkpoints of the database."""
    return world.tuples("SELECT tree, size, root, note, key_hash FROM checkpoint ORDER BY id")


def notes(world: World) -> dict[str, str]:
    """The notes of the signer's memory, by tree."""
    return {path.stem: path.read_text() for path in state(world).glob("[!.l]*.note")}


def copied(world: World, folder: Path) -> World:
    """The same workspace in another folder."""
    world.close()
    shutil.copytree(world.folder, folder)
    return World(folder, world.now)


def tamper(world: World, *statements: str) -> None:
    """What a person does who opens the file: triggers stop nobody who can drop them."""
    world.close()
    with closing(sqlite3.connect(world.folder / "effmon.db")) as raw, raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


def rewrite(world: World, bodies: Sequence[bytes]) -> None:
    """Put these entries in place of the ledger, with every hash of the database computed anew."""
    world.close()
    head, leaves = core_ledger.append_many(core_ledger.EMPTY, bodies)
    tamper(world, "DELETE FROM ledger_entry")
    with closing(sqlite3.connect(world.folder / "effmon.db")) as raw, raw:
        raw.executemany(
            "INSERT INTO ledger_entry (seq, type, fact, body, sha256, sm3) VALUES (?,?,?,?,?,?)",
            [
                (seq, kind_of(body), f"rewritten/{seq}", body, leaf.sha256, leaf.sm3)
                for seq, (body, leaf) in enumerate(zip(bodies, leaves, strict=True), start=1)
            ],
        )
        raw.execute(
            "UPDATE ledger_head SET size = ?, sha256_stack = ?, sm3_stack = ?",
            (head.size, b"".join(head.sha256_stack), b"".join(head.sm3_stack)),
        )


def changed(world: World) -> list[bytes]:
    """The ledger's entries, of which one of the first says something else."""
    found = bodies(world)
    at = next(at for at, body in enumerate(found) if b"export.made" in body)
    return [*found[:at], found[at].replace(b'"size":', b'"sise":'), *found[at + 1 :]]


def kind_of(body: bytes) -> str:
    """The type of an entry, as its row has it; one that was spoilt keeps any."""
    kinds = (str(kind) for kind in EntryType if f'"type":"{kind}"'.encode() in body)
    return next(kinds, str(EntryType.EXPORT_MADE))


def bodies(world: World) -> list[bytes]:
    """The ledger's entries."""
    return [bytes(row[0]) for row in world.tuples("SELECT body FROM ledger_entry ORDER BY seq")]


def key(seed: bytes = SEED) -> SigningKey:
    """The key of the tests' ledger, or another of its name."""
    return SigningKey(ORIGIN, seed)
