"""Proofs over a tree whose leaves pass by once: what an export and a slip need of a large ledger.

Memory is that of the proofs that were asked for and log2 n hashes. What the proofs are is said in
`tree_proofs` (RFC 6962 section 2.1), which verifies them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

_NODE: Final = b"\x01"
#: Leaves from and up to: the part of a tree over which a hash is taken.
Span = tuple[int, int]


class ProofStream:
    """A tree that grows by leaf hashes and keeps what the wanted proofs are made of.

    `steps` are pairs of sizes for consistency proofs, `paths` are pairs of leaf index (from 0) and
    size for inclusion proofs. ValueError where a pair cannot be one.
    """

    __slots__ = ("_digest", "_kept", "_stack", "_wanted", "size")

    def __init__(
        self,
        digest: Callable[[bytes], bytes],
        *,
        steps: Iterable[Span] = (),
        paths: Iterable[Span] = (),
    ) -> None:
        self._digest = digest
        self._stack: list[bytes] = []
        #: Number of leaves so far.
        self.size = 0
        #: Starts of the wanted spans, by their end.
        self._wanted: dict[int, set[int]] = defaultdict(set)
        self._kept: dict[Span, bytes] = {}
        wanted = [span for step in steps for span in step_spans(*step)]
        wanted += [span for path in paths for span in path_spans(*path)]
        for start, end in wanted:
            self._wanted[end].add(start)

    def add(self, leaf: bytes) -> None:
        """Add one leaf hash (32 bytes)."""
        start, width, node = self.size, 1, leaf
        self.size += 1
        wanted = self._wanted.pop(self.size, None)
        if wanted and start in wanted:
            self._kept[start, self.size] = node
        while start & width:
            node = self._digest(_NODE + self._stack.pop() + node)
            start -= width
            width <<= 1
            if wanted and start in wanted:
                self._kept[start, self.size] = node
        self._stack.append(node)
        if wanted:
            self._keep_ragged(wanted, start)

    def _keep_ragged(self, wanted: set[int], start: int) -> None:
        """Keep spans up to the right edge that are no perfect subtree: folds of the stack's end."""
        node = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            node = self._digest(_NODE + left + node)
            # The lowest bit that is set is the width of the last perfect subtree before `start`.
            start &= start - 1
            if start in wanted:
                self._kept[start, self.size] = node

    @property
    def stack(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees that the size splits into, largest first."""
        return tuple(self._stack)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that was asked for; KeyError where the tree has not grown so far."""
        return [self._kept[span] for span in step_spans(first, second)]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path that was asked for; KeyError where the tree has not grown so far."""
        return [self._kept[span] for span in path_spans(index, size)]


def path_spans(index: int, size: int) -> list[Span]:
    """Over which leaves the hashes of an inclusion proof are taken, in the proof's order."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def step_spans(first: int, second: int) -> list[Span]:
    """Over which leaves the hashes of a consistency proof are taken, in the proof's order."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves does not continue one of {first}")
    if first in (0, second):
        return []
    start, end, spans = 0, second, []
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    # The subtree in which the first tree ends; where that is all of it, its root is known.
    return [*([(start, end)] if start else []), *spans[::-1]]


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
