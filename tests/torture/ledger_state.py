"""A signed ledger as the values that an owner of the database can change, and the two verifiers.

The same state is written into the database's rows and into the folder of an export, so that both
verifiers are asked about the same thing. Whoever is outside holds the key on paper and one older
checkpoint; nothing of this file's forgeries uses the product's code.
"""

import contextlib
import io
import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import rfc8785

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import checkpoints, compare
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.model.signed_notes import SigningKey, Verifier
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.verifier import verify
from tests.ledger import hand_made
from tests.stories.world import World, instant

TREES = ("sha256", "sm3")
#: What entries are made up of: not those that rows of other tables are held against.
KINDS = (
    EntryType.NOBODY_TOLD,
    EntryType.SLOT_SKIPPED,
    EntryType.CARD_ESCALATED,
    EntryType.CATALOGUE_CHANGED,
)
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}


class Row(NamedTuple):
    """A row of the table of entries."""

    seq: int
    type: str
    fact: str
    body: bytes
    sha256: bytes
    sm3: bytes


class Signed(NamedTuple):
    """A row of the table of checkpoints."""

    tree: str
    size: int
    root: bytes
    origin: str
    note: str
    key_name: str
    key_hash: str
    made_at: int


@dataclass(frozen=True)
class State:
    """All that an owner can change. `head`: size and the two right edges, joined."""

    rows: tuple[Row, ...]
    head: tuple[int, bytes, bytes]
    signed: tuple[Signed, ...]
    consistency: bytes
    trust: bytes

    def files(self) -> dict[str, bytes]:
        """The export that an owner would hand out."""
        size, *stacks = self.head
        roots = {
            f"{tree}_root": _fold(stack, tree).hex()
            for tree, stack in zip(TREES, stacks, strict=True)
        }
        return {
            "entries.jsonl": b"".join(row.body + b"\n" for row in self.rows),
            "head.json": hand_made.line({"size": size, **roots}),
            "consistency.json": self.consistency,
            "trust.json": self.trust,
            **{
                f"checkpoints/{row.size:012}-{row.tree}.note": row.note.encode()
                for row in self.signed
            },
        }


def _fold(stack: bytes, tree: str) -> bytes:
    digest = hand_made.HASHES[tree]
    nodes = [stack[at : at + 32] for at in range(0, len(stack), 32)]
    if not nodes:
        return digest(b"")
    found = nodes[-1]
    for left in reversed(nodes[:-1]):
        found = digest(b"\x01" + left + found)
    return found


@dataclass
class Trial:
    """A workspace with a signed ledger, and what somebody outside holds of it."""

    world: World
    folder: Path
    honest: State
    #: The keys in their order, as they sign.
    keys: list[hand_made.Signer]
    #: The checkpoint that is held outside, and its size.
    held: str
    held_size: int
    #: The key on paper; and the one that signed the checkpoint that is held.
    paper: str
    held_key: str

    def close(self) -> None:
        """Give connections back and the disk too."""
        self.world.close()
        shutil.rmtree(self.folder)


class Owner:
    """Somebody with the database's file: no trigger stands in the way."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA synchronous=OFF")
        triggers = self.connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for (name,) in triggers:
            self.connection.execute(f'DROP TRIGGER "{name}"')
        self.connection.commit()

    def read(self, files: Path) -> State:
        """The state as it stands, with two files of an honest export."""
        ask = self.connection.execute
        return State(
            rows=tuple(
                Row(*row)
                for row in ask(
                    "SELECT seq, type, fact, body, sha256, sm3 FROM ledger_entry ORDER BY seq"
                )
            ),
            head=ask("SELECT size, sha256_stack, sm3_stack FROM ledger_head").fetchone(),
            signed=tuple(
                Signed(*row)
                for row in ask(
                    "SELECT tree, size, root, origin, note, key_name, key_hash, made_at "
                    "FROM checkpoint ORDER BY size, tree"
                )
            ),
            consistency=(files / "consistency.json").read_bytes(),
            trust=(files / "trust.json").read_bytes(),
        )

    def write(self, state: State) -> None:
        """Put another ledger into the place of the one that stands."""
        write = self.connection
        with write:
            write.execute("DELETE FROM ledger_entry")
            write.executemany("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?)", state.rows)
            write.execute(
                "UPDATE ledger_head SET size = ?, sha256_stack = ?, sm3_stack = ?", state.head
            )
            write.execute("DELETE FROM checkpoint")
            write.executemany(
                "INSERT INTO checkpoint (tree, size, root, origin, note, key_name, key_hash, "
                "made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                state.signed,
            )

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def grow(world: World, dice: random.Random, number: int) -> None:
    """Entries as scans and people leave them."""
    context = world.context
    with context.store.writing() as connection:
        for _ in range(number):
            world.now += dice.randint(1, 40_000)
            kind, fact = dice.choice(KINDS), f"trial/{dice.getrandbits(64):x}"
            content = {
                "card": f"Y-2026-{dice.randrange(10**6):06}",
                "level": dice.choice(["warning", "yellow"]),
                "department": dice.choice(["住建局", "公安局", "交通局"]),
                "counted": dice.randrange(100),
            }
            ledger.append(connection, [context.entry(kind, fact, content)])


def rotate(world: World, dice: random.Random) -> SigningKey:
    """Another key takes over, both sign."""
    path = world.folder / f"new-{dice.getrandbits(32):x}.key"
    ledger_keys.new_key(world.context, dice.randbytes(32), path)
    return ledger_keys.rotate(world.context, path)


class StolenKey(hand_made.Signer):
    """A key of the product in hands that sign whatever they like."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__("", key.verifier.name)
        self.private = key._private
        self.key_id = key.verifier.key_id
        self.vkey = key.verifier.vkey


def begun(folder: Path, dice: random.Random) -> Trial:
    """A ledger of about 100 entries with five checkpoints and two or three keys."""
    world = World.made(folder / "ws", "2026-03-02 09:00")
    seed = dice.randbytes(32)
    verifier = ledger_keys.ensure(world.context, seed)
    assert verifier
    keys: list[hand_made.Signer] = [StolenKey(SigningKey(verifier.name, seed))]
    names = [f"C{number}" for number in range(dice.randint(2, 6))]
    world.receive("cases", [{"case_no": name, **CASE} for name in names])
    world.receive(
        "events",
        [
            {"case_no": name, "event": "accepted", "occurred_at": "2026-03-02 10:00"}
            for name in names
        ],
    )
    world.now = instant("2026-03-16 03:00")
    world.scan()
    turns = set(dice.sample(range(1, 5), dice.randint(1, 2)))
    notes: list[tuple[int, str, str]] = []
    for number in range(5):
        grow(world, dice, dice.randint(6, 22))
        if number in turns:
            keys.append(StolenKey(rotate(world, dice)))
            grow(world, dice, dice.randint(1, 6))
        made = checkpoints.make(world.context)
        tree = dice.choice(TREES)
        notes.append((made.size, made.notes[tree], keys[-1].vkey))
    grow(world, dice, dice.randint(1, 9))
    ledger_book.export(world.context, folder / "honest", words={})
    world.close()
    # Opened again so that the export's own entry, which is after it, is taken back first.
    owner = Owner(world.folder / "effmon.db")
    honest = without_last(owner.read(folder / "honest"))
    owner.write(honest)
    owner.close()
    held_size, held, held_key = dice.choice(notes[1:-1])
    return Trial(world, folder, honest, keys, held, held_size, dice.choice(keys).vkey, held_key)


def without_last(state: State) -> State:
    """The state without its last entry, as the export before it has it."""
    rows = state.rows[:-1]
    return replace(state, rows=rows, head=head_of(rows))


def head_of(rows: Iterable[Row]) -> tuple[int, bytes, bytes]:
    """Size and right edges of these rows by their own leaf hashes."""
    kept = list(rows)
    stacks = []
    for tree in TREES:
        leaves, stack, start = [getattr(row, tree) for row in kept], b"", 0
        for bit in reversed(range(len(kept).bit_length())):
            if len(kept) >> bit & 1:
                part = leaves[start : start + (1 << bit)]
                stack += hand_made.root(part, hand_made.HASHES[tree])
                start += 1 << bit
        stacks.append(stack)
    return len(kept), stacks[0], stacks[1]


#: What each line of the verifier is counted as.
SAID = (
    ("canonical form or seq of a line", r"line \d+ \(seq \d+\) was changed"),
    ("cut off before a checkpoint", r"from seq \d+ on they were cut off"),
    ("root of the checkpoint held outside", r"not that of the checkpoint held\.note"),
    ("root of a checkpoint in the export", r"the root is not that of the checkpoint"),
    ("head.json", r"head\.json|says \d+ entries"),
    ("change of keys", r"seq \d+: (it is not what|it does not follow|the new key|the key)"),
    ("entry of a checkpoint", r"checkpoint is missing or another|does not know of the checkpoint"),
    ("form of a note", r"\.note was changed or damaged: (it is not|a key has)"),
    ("signature of a note", r"\.note was changed or damaged|was not in use at"),
    ("consistency.json", r"consistency\.json"),
    ("trust.json", r"trust\.json"),
    ("signed by an unknown key", r"is signed by|nothing here is signed"),
    ("approvals", r"approvals\.jsonl|without two persons"),
    ("change of keys", r"seq \d+:"),
    ("another ledger", r"is of the ledger"),
)


#: Checks that rest on the key or the checkpoint that did not come with the export.
FROM_OUTSIDE = {
    "root of the checkpoint held outside",
    "signed by an unknown key",
    "another ledger",
}


def verifier_finds(trial: Trial, folder: Path, held: Path) -> tuple[int, str]:
    """Code and the check by which verify.py, with key and checkpoint from outside, answers."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify.main([str(folder), "--key", trial.paper, "--checkpoint", str(held)])
    assert err.getvalue() == "", err.getvalue()
    last = out.getvalue().splitlines()[-1]
    return code, next((name for name, said in SAID if re.search(said, last)), last)


def product_finds(trial: Trial) -> list[str]:
    """The checks of `ledger verify --rebuild` and `ledger compare` that find something.

    What other tables say is left out: an owner would change them too.
    """
    try:
        found = ledger_book.verify(trial.world.context, everything=True)
    except EffmonError as fault:
        return [f"refused: {fault.message}"]
    checks = ["checkpoints"] if found["checkpoints"] else []
    checks += [] if found["trees"] else ["trees"]
    assert found["sound"] is not bool(checks or found["approvals"] or found["rows"]), found
    try:
        key = Verifier.parse(trial.held_key)
        said = compare.compare_note(trial.world.context, trial.held.encode(), [key]).result
    except EffmonError:
        said = "refused"
    return checks + ([] if said == compare.EQUAL else ["compare"])


def entry(row: Row) -> dict[str, Any]:
    """What a row's body says."""
    return dict(json.loads(row.body))


def row_of(content: dict[str, Any], fact: str) -> Row:
    """A row whose leaves fit its body."""
    body = rfc8785.dumps(content)
    leaves = [digest(b"\x00" + body) for digest in hand_made.HASHES.values()]
    return Row(content["seq"], content["type"], fact, body, *leaves)
