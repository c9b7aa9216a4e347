"""Checkpoints: the ledger's size and root at one moment, as the text of a signed note.

C2SP tlog-checkpoint: three lines, which are the origin, the size and the root in base64. Each of
the two trees has checkpoints under an origin of its own.
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from .entries import HASH_SIZE, INTEGER_BOUND
from .signed_notes import Note

#: The trees of the ledger, and what is added to its origin for each of them.
SUFFIXES: Final = {"sha256": "", "sm3": "-sm3"}

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


class CheckpointError(ValueError):
    """A note's text is no checkpoint; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root (32 bytes) of the tree that `origin` names. ValueError where it cannot be."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or not self.origin.isprintable():
            raise ValueError(f"{self.origin!r} is no origin")
        if not 0 <= self.size < INTEGER_BOUND:
            raise ValueError(f"a ledger of {self.size} entries")
        if len(self.root) != HASH_SIZE:
            raise ValueError(f"a root has {HASH_SIZE} bytes, not {len(self.root)}")


def origin_of(origin: str, tree: str) -> str:
    """The origin of one of the trees (`sha256`, `sm3`) of the ledger that `origin` names."""
    return origin + SUFFIXES[tree]


def tree_of(origin: str, said: str) -> str | None:
    """Which tree of the ledger `origin` a checkpoint that says `said` is of; None: another's."""
    for tree, suffix in SUFFIXES.items():
        if said == origin + suffix:
            return tree
    return None


def body(checkpoint: Checkpoint) -> str:
    """The text that is signed: three lines."""
    root = b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"


def of_note(note: Note) -> Checkpoint:
    """The checkpoint of a note; CheckpointError unless its text is exactly one.

    Lines beyond the third are refused: nobody who watches a ledger could check what they say.
    """
    lines = note.text.split("\n")
    if len(lines) != len(("origin", "size", "root", "")) or lines[-1]:
        raise CheckpointError("a checkpoint has three lines: origin, size, root")
    origin, size, coded, _ = lines
    if not _SIZE.fullmatch(size):
        raise CheckpointError(f"{size!r} is no number of entries")
    try:
        root = b64decode(coded, validate=True)
    except (ValueError, binascii.Error):
        raise CheckpointError("its root is not base64") from None
    try:
        found = Checkpoint(origin, int(size), root)
    except ValueError as fault:
        raise CheckpointError(str(fault)) from None
    if body(found) != note.text:
        raise CheckpointError("its root is not base64 as it is written here")
    return found
