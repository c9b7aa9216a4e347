"""Both trees derived from the stored rows alone: what may be signed, proved and compared.

Nothing that the database keeps of its own hashes is trusted: one flipped bit in a kept leaf would
be signed for ever (it has ended a public log). They are held against what the rows give.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from ..faults import EffmonError
from ..i18n.messages import t
from .model import entries as core
from .model.entries import EntryType
from .model.tree_proofs import Tree
from .store import ledger

_BATCH = 4096
_CHECKPOINT = f'"type":"{EntryType.CHECKPOINT_MADE}"'.encode()
_ROTATED = f'"type":"{EntryType.LEDGER_KEY_ROTATED}"'.encode()


class LedgerChanged(EffmonError):
    """The stored rows are not what was recorded or signed. Nothing is signed on them."""

    exit_code = 1


@dataclass(slots=True)
class Derived:
    """What the rows give."""

    trees: Mapping[str, Tree]
    #: What the database keeps of itself; None where that belongs to no ledger.
    kept: core.Head | None
    #: Number of the first row that is not what was recorded by its own hashes or number.
    first_bad: int | None = None
    #: Bodies of the entries about checkpoints and the ledger's keys, in order.
    checkpoints: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    #: Number of the newest entry that is no `checkpoint.made`; 0: there is none.
    newest_other: int = 0

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.trees["sha256"].size

    def root(self, tree: str, size: int) -> bytes:
        """The root of a tree at a size that is not above the ledger's, 32 bytes."""
        return self.trees[tree].root(size)

    def roots(self) -> core.Roots:
        """Both roots of all entries."""
        return core.Roots(self.root("sha256", self.size), self.root("sm3", self.size))

    @property
    def fits_head(self) -> bool:
        """Whether the kept size and right edges give what the rows give."""
        kept = self.kept
        return kept is not None and kept.size == self.size and core.root(kept) == self.roots()

    def check(self) -> None:
        """LedgerChanged where the rows are not what the database keeps of them."""
        if self.first_bad is not None:
            raise LedgerChanged(
                t("entry {first_bad} of the ledger was changed", first_bad=self.first_bad),
                t("nothing was signed; run: effmon ledger verify"),
            )
        if not self.fits_head:
            size = "?" if self.kept is None else self.kept.size
            raise LedgerChanged(
                t(
                    "the ledger's rows ({size}) are not those of its head ({size_2})",
                    size=self.size,
                    size_2=size,
                ),
                t("nothing was signed; run: effmon ledger verify"),
            )


def derive(connection: Connection) -> Derived:
    """Read every row once and build both trees: 128 bytes of memory an entry."""
    trees = {name: Tree((), digest) for name, digest in core.DIGESTS.items()}
    try:
        found = Derived(trees=trees, kept=ledger.read_head_only(connection))
    except ledger.HeadDamaged:
        found = Derived(trees=trees, kept=None)
    rows, place = ledger.stored(connection), 0
    while batch := list(islice(rows, _BATCH)):
        leaves = [core.leaf_of(body) for _, body, _, _ in batch]
        found.trees["sha256"].extend(leaf.sha256 for leaf in leaves)
        found.trees["sm3"].extend(leaf.sm3 for leaf in leaves)
        for (seq, body, sha256, sm3), leaf in zip(batch, leaves, strict=True):
            place += 1
            if found.first_bad is None and (seq, sha256, sm3) != (place, leaf.sha256, leaf.sm3):
                found.first_bad = seq
            if _CHECKPOINT in body:
                found.checkpoints.append(body)
            else:
                found.newest_other = place
                if _ROTATED in body:
                    found.keys.append(body)
    return found
