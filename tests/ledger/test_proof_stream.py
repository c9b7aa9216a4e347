"""Proofs from leaves that pass by once: those of the definition, for every pair of sizes."""

import hashlib

import pymerkle  # type: ignore[import-untyped]
import pytest

from efficiency_monitor.ledger.model.entries import DIGESTS
from efficiency_monitor.ledger.model.proof_stream import ProofStream, path_spans, step_spans
from efficiency_monitor.ledger.model.tree_proofs import verify_consistency, verify_inclusion

from . import hand_made

MOST = 70
BODIES = [str(number).encode() for number in range(MOST)]


@pytest.mark.parametrize("tree", ["sha256", "sm3"])
def test_every_proof_is_that_of_the_definition(tree: str) -> None:
    digest = DIGESTS[tree]
    leaves = [digest(b"\x00" + body) for body in BODIES]
    roots = [hand_made.root(leaves[:size], digest) for size in range(MOST + 1)]
    steps = [(first, second) for second in range(1, MOST + 1) for first in range(1, second + 1)]
    paths = [(index, size) for size in range(1, MOST + 1) for index in range(size)]
    stream = ProofStream(digest, steps=steps, paths=paths)
    for leaf in leaves:
        stream.add(leaf)
    for first, second in steps:
        proof = stream.consistency(first, second)
        assert proof == hand_made.proof(first, leaves[:second], digest)
        verify_consistency(first, roots[first], second, roots[second], proof, digest)
    for index, size in paths:
        path = stream.inclusion(index, size)
        assert path == hand_made.path(index, leaves[:size], digest)
        verify_inclusion(leaves[index], index, size, path, roots[size], digest)


def test_another_library_has_the_same_hashes() -> None:
    """pymerkle writes proofs in its own way; the nodes that it sends are the same."""
    digest = DIGESTS["sha256"]
    other = pymerkle.InmemoryTree(algorithm="sha256")
    paths = [(index, size) for size in range(2, 20) for index in range(size)]
    stream = ProofStream(digest, paths=paths)
    for body in BODIES[:20]:
        other.append_entry(body)
        stream.add(hashlib.sha256(b"\x00" + body).digest())
    for index, size in paths:
        sent = other.prove_inclusion(index + 1, size).path
        assert set(stream.inclusion(index, size)) == set(sent[1:]) | (
            {sent[0]} - {hashlib.sha256(b"\x00" + BODIES[index]).digest()}
        )


def test_only_what_was_asked_for_is_kept() -> None:
    stream = ProofStream(DIGESTS["sha256"], steps=[(3, 700)], paths=[(5, 900)])
    for number in range(1000):
        stream.add(hashlib.sha256(bytes([number % 256])).digest())
    assert len(stream._kept) == len(set(step_spans(3, 700)) | set(path_spans(5, 900)))
    assert len(stream.stack) == (1000).bit_count()
    with pytest.raises(KeyError):
        stream.consistency(300, 701)


def test_a_tree_that_has_not_grown_so_far_has_no_proof() -> None:
    stream = ProofStream(DIGESTS["sha256"], steps=[(1, 3)])
    stream.add(bytes(32))
    stream.add(bytes(32))
    with pytest.raises(KeyError):
        stream.consistency(1, 3)


@pytest.mark.parametrize(("first", "second"), [(-1, 2), (3, 2)])
def test_sizes_that_cannot_be(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="does not continue"):
        ProofStream(DIGESTS["sha256"], steps=[(first, second)])


@pytest.mark.parametrize(("index", "size"), [(-1, 2), (2, 2), (0, 0)])
def test_leaves_that_cannot_be(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        ProofStream(DIGESTS["sha256"], paths=[(index, size)])
