"""A signed ledger made by hand: from the published formats, with nothing of the product.

RFC 6962 section 2.1 word for word (roots, audit paths, consistency proofs), notes as C2SP
signed-note and tlog-checkpoint say, JSON by the `rfc8785` library, keys by `cryptography`.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "example.gov/ledger"
Hash = Callable[[bytes], bytes]


def sm3(data: bytes) -> bytes:
    """SM3 by the library's OpenSSL."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


HASHES: dict[str, Hash] = {"sha256": lambda data: hashlib.sha256(data).digest(), "sm3": sm3}
SUFFIX = {"sha256": "", "sm3": "-sm3"}


def coded(data: bytes) -> str:
    """Base64 as everybody writes it."""
    return base64.b64encode(data).decode()


def _split(size: int) -> int:
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def root(leaves: list[bytes], digest: Hash) -> bytes:
    """MTH of leaf hashes."""
    if not leaves:
        return digest(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return digest(b"\x01" + root(leaves[:split], digest) + root(leaves[split:], digest))


def path(index: int, leaves: list[bytes], digest: Hash) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(index, leaves[:split], digest), root(leaves[split:], digest)]
    return [*path(index - split, leaves[split:], digest), root(leaves[:split], digest)]


def proof(first: int, leaves: list[bytes], digest: Hash, whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if first == len(leaves):
        return [] if whole else [root(leaves, digest)]
    split = _split(len(leaves))
    if first <= split:
        return [*proof(first, leaves[:split], digest, whole), root(leaves[split:], digest)]
    rest = proof(first - split, leaves[split:], digest, False)
    return [*rest, root(leaves[:split], digest)]


class Signer:
    """An Ed25519 key under a name, from a word: the same word is the same key."""

    def __init__(self, word: str, name: str = ORIGIN) -> None:
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())
        data = b"\x01" + self.private.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{coded(data)}"

    def line(self, text: str) -> str:
        """The signature line of a note."""
        return f"\u2014 {self.name} {coded(self.key_id + self.private.sign(text.encode()))}\n"


def line(value: Any) -> bytes:
    """A line of canonical JSON."""
    return rfc8785.dumps(value) + b"\n"


def note(text: str, *signers: Signer) -> str:
    """A signed note."""
    return text + "\n" + "".join(signer.line(text) for signer in signers)


@dataclass
class Book:
    """A ledger that grows, and the keys that sign it."""

    origin: str = ORIGIN
    entries: list[dict[str, Any]] = field(default_factory=list)
    #: (tree, size) → the whole note.
    notes: dict[tuple[str, int], str] = field(default_factory=dict)
    #: vkey, from, until.
    keys: list[list[Any]] = field(default_factory=list)
    signer: Signer | None = None

    @classmethod
    def begun(cls, word: str = "first", entries: int = 5, origin: str = ORIGIN) -> "Book":
        """A ledger with some entries whose first key is in use."""
        book = cls(origin)
        book.grow(entries)
        book.change_key(Signer(word, origin))
        return book

    def bodies(self, size: int | None = None) -> list[bytes]:
        """The lines of the first `size` entries."""
        return [rfc8785.dumps(entry) for entry in self.entries[:size]]

    def leaves(self, tree: str, size: int | None = None) -> list[bytes]:
        """Leaf hashes."""
        return [HASHES[tree](b"\x00" + body) for body in self.bodies(size)]

    def root(self, tree: str, size: int | None = None) -> bytes:
        """Root of the first `size` entries."""
        return root(self.leaves(tree, size), HASHES[tree])

    def add(self, kind: str, **content: Any) -> int:
        """One more entry; its number."""
        seq = len(self.entries) + 1
        head = {"v": 1, "seq": seq, "type": kind, "at": "2026-11-24T02:00:07+08:00"}
        self.entries.append({**head, **content})
        return seq

    def grow(self, number: int) -> None:
        """Some entries about cards."""
        for _ in range(number):
            card = f"Y-2026-{len(self.entries):06}"
            self.add("card.issued", card=card, level="yellow", department="住建局")

    def change_key(self, new: Signer, *, old_signs: bool = True) -> int:
        """Entry of the first key, or of one that takes over."""
        old = self.signer
        size = len(self.entries)
        lines = ("effmon/ledger-key/v1", self.origin, old.vkey if old else "-", new.vkey,
                 str(size), coded(self.root("sha256")))  # fmt: skip
        text = "".join(f"{line}\n" for line in lines)
        signers = [new, *([old] if old and old_signs else [])]
        seq = self.add("ledger.key_rotated", old=old and old.vkey, new=new.vkey, size=size,
                       note=note(text, *signers))  # fmt: skip
        if self.keys:
            self.keys[-1][2] = seq - 1
        self.keys.append([new.vkey, seq if self.keys else 0, None])
        self.signer = new
        return seq

    def checkpoint(self, *cosigners: Signer) -> int:
        """Sign both trees as they stand and record it; the size."""
        size = len(self.entries)
        for tree in HASHES:
            self.notes[tree, size] = self.note_of(tree, size, *cosigners)
        roots = {f"{tree}_root": self.root(tree).hex() for tree in HASHES}
        assert self.signer
        self.add("checkpoint.made", size=size, **roots, keys=[self.signer.key_id.hex()])
        return size

    def note_of(self, tree: str, size: int, *cosigners: Signer, by: Signer | None = None) -> str:
        """The checkpoint of a size, signed by the key in use or `by` another."""
        text = f"{self.origin}{SUFFIX[tree]}\n{size}\n{coded(self.root(tree, size))}\n"
        signer = by or self.signer
        assert signer
        return note(text, signer, *cosigners)

    def sizes(self) -> list[int]:
        """Sizes of the checkpoints."""
        return sorted({size for _, size in self.notes})

    def consistency(self) -> list[dict[str, Any]]:
        """The content of consistency.json."""
        return [
            {
                "tree": tree,
                "first": first,
                "second": second,
                "proof": [
                    node.hex() for node in proof(first, self.leaves(tree, second), HASHES[tree])
                ],
            }
            for tree in HASHES
            for first, second in zip(self.sizes(), self.sizes()[1:], strict=False)
        ]

    def files(self) -> dict[str, bytes]:
        """Names and bytes of an export."""
        head = {
            "size": len(self.entries),
            **{f"{tree}_root": self.root(tree).hex() for tree in HASHES},
        }
        keys = [
            {"vkey": vkey, "from_size": since, "until_size": until}
            for vkey, since, until in self.keys
        ]
        found = {
            "entries.jsonl": b"".join(body + b"\n" for body in self.bodies()),
            "head.json": line(head),
            "consistency.json": line(self.consistency()),
            "trust.json": line({"origin": self.origin, "keys": keys}),
        }
        for (tree, size), text in self.notes.items():
            found[f"checkpoints/{size:012}-{tree}.note"] = text.encode()
        return found

    def write(self, folder: Path) -> Path:
        """Write the export."""
        write(folder, self.files())
        return folder

    def slip(self, seq: int, size: int) -> bytes:
        """The evidence slip of an entry under a checkpoint."""
        proofs = [
            {
                "tree": tree,
                "note": self.notes[tree, size],
                "index": seq - 1,
                "size": size,
                "path": [
                    coded(node) for node in path(seq - 1, self.leaves(tree, size), HASHES[tree])
                ],
            }
            for tree in HASHES
        ]
        return line({"v": 1, "entry": self.entries[seq - 1], "proofs": proofs})


FIRST, SECOND, OTHER = Signer("first"), Signer("second"), Signer("other")


def grown() -> Book:
    """Three checkpoints, of 9, 30 and 35 entries: the last by a second key, from seq 32 on."""
    book = Book.begun(entries=5)
    book.grow(3)
    book.checkpoint()
    book.grow(20)
    book.checkpoint()
    book.change_key(SECOND)
    book.grow(3)
    book.checkpoint()
    book.grow(2)
    return book


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files by their names in a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
