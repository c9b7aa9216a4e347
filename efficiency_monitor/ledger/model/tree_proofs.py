"""Proofs over the ledger's trees: an entry is in it, and a later tree continues an earlier one.

The trees and proofs are those of RFC 6962 section 2.1, the checks the loops of RFC 9162 sections
2.1.3.2 and 2.1.4.2. A proof is a list of 32-byte hashes, about log2 of the tree's size. Leaves are
leaf hashes (`ledger.model.entries.leaf_of`), counted from 0: the index of an entry is its `seq -
1`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .entries import HASH_SIZE

Hash = Callable[[bytes], bytes]

_NODE: Final = b"\x01"


class ProofError(ValueError):
    """A proof does not show what it is said to show; the message says what is wrong with it."""


class Tree:
    """A tree that grows by leaf hashes and has the root and every proof of all its sizes.

    It keeps all perfect subtrees: 64 bytes a leaf. A root costs log2 n hashes, a proof their
    square.
    """

    __slots__ = ("_hash", "_levels", "size")

    def __init__(self, leaves: Iterable[bytes], hash: Hash) -> None:  # noqa: A002  the contract's word
        self._hash = hash
        self._levels: list[bytearray] = [bytearray()]
        #: Number of leaves.
        self.size = 0
        self.extend(leaves)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes; ValueError when one is not 32 bytes long, and then none is added."""
        new = list(leaves)
        for leaf in new:
            if len(leaf) != HASH_SIZE:
                raise ValueError(f"a leaf hash is {HASH_SIZE} bytes, not {len(leaf)}")
        self._levels[0] += b"".join(new)
        self.size += len(new)
        digest, below, level = self._hash, self._levels[0], 1
        while len(below) >= 2 * HASH_SIZE:
            if level == len(self._levels):
                self._levels.append(bytearray())
            nodes = self._levels[level]
            pairs = range(2 * len(nodes), len(below) - HASH_SIZE, 2 * HASH_SIZE)
            nodes += b"".join([digest(_NODE + below[at : at + 2 * HASH_SIZE]) for at in pairs])
            below, level = nodes, level + 1

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves; that of none is the hash of nothing."""
        self._check_size(size)
        return self._subtree(0, size) if size else self._hash(b"")

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of leaf `index` in the tree of `size` leaves (RFC 6962 2.1.1)."""
        self._check_size(size)
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} leaves has no leaf {index}")
        start, end, path = 0, size, []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._subtree(middle, end))
                end = middle
            else:
                path.append(self._subtree(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the tree of `second` leaves continues that of `first` (RFC 6962 2.1.2).

        From the empty tree, and from a tree to itself, it is empty.
        """
        self._check_size(second)
        if not 0 <= first <= second:
            raise ValueError(f"a tree of {second} leaves does not continue one of {first}")
        if first in (0, second):
            return []
        start, end, proof = 0, second, []
        # The subtree that ends with the first tree; it is left out where its root is known.
        while end != first:
            middle = start + _split(end - start)
            if first <= middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(start, middle))
                start = middle
        if start:
            proof.append(self._subtree(start, end))
        return proof[::-1]

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"there are {self.size} leaves, not {size}")

    def _subtree(self, start: int, end: int) -> bytes:
        """The root over leaves `start` to `end`, where `start` is a place that splitting finds."""
        right = []
        while end - start > 1 and (end - start) & (end - start - 1):
            middle = start + _split(end - start)
            right.append(self._perfect(start, middle))
            start = middle
        node = self._perfect(start, end)
        for left in reversed(right):
            node = self._hash(_NODE + left + node)
        return node

    def _perfect(self, start: int, end: int) -> bytes:
        level = (end - start).bit_length() - 1
        at = (start >> level) * HASH_SIZE
        return bytes(self._levels[level][at : at + HASH_SIZE])


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(
    leaves: Sequence[bytes],
    index: int,
    size: int,
    hash: Hash,  # noqa: A002  the contract's word
) -> list[bytes]:
    """The audit path of leaf `index` in the tree of the first `size` leaves."""
    return Tree(leaves[:size], hash).inclusion(index, size)


def consistency_proof(
    leaves: Sequence[bytes],
    first: int,
    second: int,
    hash: Hash,  # noqa: A002  the contract's word
) -> list[bytes]:
    """The proof that the tree of `second` leaves continues that of `first`."""
    return Tree(leaves[:second], hash).consistency(first, second)


def verify_inclusion(
    leaf: bytes,
    index: int,
    size: int,
    proof: Sequence[bytes],
    root: bytes,
    hash: Hash,  # noqa: A002  the contract's word
) -> None:
    """ProofError unless `leaf` is number `index` of the `size` leaves under `root`."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    _check_hashes([leaf, root, *proof])
    node, here, last = leaf, index, size - 1
    for other in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if here & 1 or here == last:
            node = hash(_NODE + other + node)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            node = hash(_NODE + node + other)
        here, last = here >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if node != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    first: int,
    first_root: bytes,
    second: int,
    second_root: bytes,
    proof: Sequence[bytes],
    hash: Hash,  # noqa: A002  the contract's word
) -> None:
    """ProofError unless the tree of `second` leaves continues that of `first`, root by root."""
    if not 0 <= first <= second:
        raise ProofError(f"a tree of {second} leaves does not continue one of {first}")
    _check_hashes([first_root, second_root, *proof])
    if first == 0 and first_root != hash(b""):
        raise ProofError("a tree without leaves has another root")
    if first in (0, second):
        if proof:
            raise ProofError("the proof is too long")
        if first == second and first_root != second_root:
            raise ProofError("two roots of one size differ")
        return
    rest = list(proof)
    if not first & (first - 1):
        # The first tree is a perfect subtree of the second: its root opens the proof.
        rest.insert(0, first_root)
    if not rest:
        raise ProofError("the proof is too short")
    _fold(first, first_root, second, second_root, rest, hash)


def _fold(
    first: int,
    first_root: bytes,
    second: int,
    second_root: bytes,
    rest: Sequence[bytes],
    hash: Hash,  # noqa: A002  the contract's word
) -> None:
    """Climb from the last node of the first tree; both roots must come out."""
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = rest[0]
    for other in rest[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if here & 1 or here == last:
            old, new = hash(_NODE + other + old), hash(_NODE + other + new)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            new = hash(_NODE + new + other)
        here, last = here >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if old != first_root:
        raise ProofError("the proof leads to another first root")
    if new != second_root:
        raise ProofError("the proof leads to another second root")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    for node in hashes:
        if len(node) != HASH_SIZE:
            raise ProofError(f"a hash is {HASH_SIZE} bytes, not {len(node)}")
