"""Proofs: the vectors of Certificate Transparency, another library, and no forgery accepted."""

import hashlib
import itertools
from collections.abc import Callable

import pymerkle  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.ledger.model.tree_proofs import (
    ProofError,
    Tree,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from efficiency_monitor.verifier import verify
from tests.ledger.test_trees import REFERENCE_LEAVES, REFERENCE_ROOTS

#: All trees up to here are looked at, with every index and every earlier size.
MOST = 128

#: Proofs of the reference implementation's merkle tree tests, over the leaves of `test_trees`.
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def sha256(data: bytes) -> bytes:
    """The hash of these tests' trees."""
    return hashlib.sha256(data).digest()


# RFC 6962 section 2.1 word for word, by recursion on lists of leaf hashes.
def plain_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = below(len(leaves))
    return sha256(b"\x01" + plain_root(leaves[:split]) + plain_root(leaves[split:]))


def plain_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    split = below(len(leaves))
    if index < split:
        return [*plain_path(index, leaves[:split]), plain_root(leaves[split:])]
    return [*plain_path(index - split, leaves[split:]), plain_root(leaves[:split])]


def plain_proof(first: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if first == len(leaves):
        return [] if whole else [plain_root(leaves)]
    split = below(len(leaves))
    if first <= split:
        return [*plain_proof(first, leaves[:split], whole), plain_root(leaves[split:])]
    return [*plain_proof(first - split, leaves[split:], False), plain_root(leaves[:split])]


def below(size: int) -> int:
    """The largest power of two below a size."""
    split = 1
    while split * 2 < size:
        split *= 2
    return split


LEAVES = [sha256(b"\x00" + bytes([number])) for number in range(MOST + 1)]


def refused(check: Callable[..., None], *arguments: object) -> None:
    """A check must end in the error that says why."""
    with pytest.raises(ProofError):
        check(*arguments)


def forged(proof: list[bytes]) -> list[list[bytes]]:
    """At least five proofs that are not this one."""
    other = sha256(b"".join(proof) or b"nothing")
    found = [[*proof, other], [other, *proof], [*proof, *proof, other]]
    found += [[*proof, proof[-1]], proof[:-1], proof[1:]] if proof else [[other] * 2, [b"", other]]
    for at, node in enumerate(proof):
        flipped = bytes([node[0] ^ 1]) + node[1:]
        found.append([*proof[:at], flipped, *proof[at + 1 :]])
        found.append([*proof[:at], node[:-1], *proof[at + 1 :]])
    if proof != proof[::-1]:
        found.append(proof[::-1])
    return [one for one in found if one != proof]


def reference() -> list[bytes]:
    return [sha256(b"\x00" + leaf) for leaf in REFERENCE_LEAVES]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_reference_inclusion_proofs(index: int, size: int) -> None:
    proof = [bytes.fromhex(node) for node in INCLUSION[index, size]]
    assert inclusion_proof(reference(), index, size, sha256) == proof
    root = bytes.fromhex(REFERENCE_ROOTS[size])
    verify_inclusion(reference()[index], index, size, proof, root, sha256)


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_reference_consistency_proofs(first: int, second: int) -> None:
    proof = [bytes.fromhex(node) for node in CONSISTENCY[first, second]]
    assert consistency_proof(reference(), first, second, sha256) == proof
    roots = [bytes.fromhex(REFERENCE_ROOTS[size]) for size in (first, second)]
    verify_consistency(first, roots[0], second, roots[1], proof, sha256)


def test_every_root_and_proof_is_that_of_the_definition() -> None:
    tree = Tree(LEAVES[:MOST], sha256)
    for size in range(MOST + 1):
        assert tree.root(size) == plain_root(LEAVES[:size])
        for at in range(size):
            assert tree.inclusion(at, size) == plain_path(at, LEAVES[:size])
            assert tree.consistency(at + 1, size) == plain_proof(at + 1, LEAVES[:size])


@pytest.mark.parametrize("step", [1, 2, 3, 5, 64, 127])
def test_a_tree_that_grows_by_steps_is_the_same(step: int) -> None:
    tree = Tree((), sha256)
    for at in range(0, MOST, step):
        tree.extend(LEAVES[at : min(at + step, MOST)])
        tree.extend([])
        assert tree.root(tree.size) == plain_root(LEAVES[: tree.size])
    assert tree.inclusion(77, MOST) == plain_path(77, LEAVES[:MOST])


def test_every_inclusion_is_accepted_and_no_forgery_of_it() -> None:
    tree = Tree(LEAVES[:MOST], sha256)
    honest = forgeries = 0
    for size in range(1, MOST + 1):
        root = tree.root(size)
        for index in range(size):
            leaf, proof = LEAVES[index], tree.inclusion(index, size)
            verify_inclusion(leaf, index, size, proof, root, sha256)
            refused(verify_inclusion, LEAVES[index + 1], index, size, proof, root, sha256)
            refused(verify_inclusion, leaf, index + 1, size, proof, root, sha256)
            refused(verify_inclusion, leaf, index - 1, size, proof, root, sha256)
            refused(verify_inclusion, leaf, index, size, proof, leaf[::-1], sha256)
            refused(verify_inclusion, leaf, index, index, proof, root, sha256)
            tried = forged(proof)
            assert len(tried) >= 5
            for one in tried:
                refused(verify_inclusion, leaf, index, size, one, root, sha256)
            honest, forgeries = honest + 1, forgeries + len(tried) + 5
    print(f"{honest} inclusion proofs accepted, {forgeries} forgeries refused")


def test_every_consistency_is_accepted_and_no_forgery_of_it() -> None:
    tree = Tree(LEAVES[:MOST], sha256)
    roots = [tree.root(size) for size in range(MOST + 1)]
    honest = forgeries = 0
    for second in range(MOST + 1):
        for first in range(second + 1):
            proof = tree.consistency(first, second)
            old, new = roots[first], roots[second]
            verify_consistency(first, old, second, new, proof, sha256)
            refused(verify_consistency, first, old[::-1], second, new, proof, sha256)
            if first:
                refused(verify_consistency, first, old, second, new[::-1], proof, sha256)
                refused(verify_consistency, first - 1, old, second, new, proof, sha256)
            refused(verify_consistency, second + 1, old, second, new, proof, sha256)
            tried = forged(proof)
            assert len(tried) >= 5
            for one in tried:
                refused(verify_consistency, first, old, second, new, one, sha256)
            honest, forgeries = honest + 1, forgeries + len(tried) + 2
    print(f"{honest} consistency proofs accepted, {forgeries} forgeries refused")


def test_a_size_that_was_lied_about_is_refused() -> None:
    """With the sizes of other trees, proof and roots as they are, nothing is accepted."""
    tree = Tree(LEAVES[:33], sha256)
    for second in range(1, 33):
        for first in range(1, second):
            proof = tree.consistency(first, second)
            for lie in range(1, 33):
                if lie != first and lie < second:
                    refused(
                        verify_consistency,
                        lie,
                        tree.root(first),
                        second,
                        tree.root(second),
                        proof,
                        sha256,
                    )


def test_a_tree_without_leaves_is_continued_by_any_and_has_one_root() -> None:
    tree = Tree(LEAVES[:5], sha256)
    verify_consistency(0, sha256(b""), 5, tree.root(5), [], sha256)
    verify_consistency(0, sha256(b""), 0, sha256(b""), [], sha256)
    refused(verify_consistency, 0, tree.root(5), 5, tree.root(5), [], sha256)
    refused(verify_consistency, 0, tree.root(5), 0, tree.root(5), [], sha256)


def test_two_roots_of_one_size_are_a_fork() -> None:
    tree = Tree(LEAVES[:5], sha256)
    verify_consistency(5, tree.root(5), 5, tree.root(5), [], sha256)
    refused(verify_consistency, 5, tree.root(4), 5, tree.root(5), [], sha256)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 21, 64, 100])
def test_another_library_makes_the_same_paths(size: int) -> None:
    other = pymerkle.InmemoryTree(algorithm="sha256")
    bodies = [bytes([number]) for number in range(size)]
    for body in bodies:
        other.append_entry(body)
    leaves = [sha256(b"\x00" + body) for body in bodies]
    tree = Tree(leaves, sha256)
    assert tree.root(size) == other.get_root()
    for index in range(size):
        theirs = other.prove_inclusion(index + 1, size)
        path = [node.hex() if isinstance(node, bytes) else node for node in theirs.path]
        # Theirs begins with the leaf itself.
        assert path[0] == leaves[index].hex()
        assert path[1:] == [node.hex() for node in tree.inclusion(index, size)]


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=60), st.data())
def test_in_sm3_proofs_hold_too(leaves: list[bytes], data: st.DataObject) -> None:
    tree = Tree(leaves, verify.sm3)
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index, size, verify.sm3)
    verify_inclusion(leaves[index], index, size, proof, tree.root(size), verify.sm3)
    if proof:
        with pytest.raises(ProofError):
            verify_inclusion(leaves[index], index, size, proof, tree.root(size), sha256)
    between = consistency_proof(leaves, index + 1, size, verify.sm3)
    verify_consistency(index + 1, tree.root(index + 1), size, tree.root(size), between, verify.sm3)


def test_what_cannot_be_asked_is_said() -> None:
    tree = Tree(LEAVES[:5], sha256)
    for ask in (
        lambda: tree.root(6),
        lambda: tree.root(-1),
        lambda: tree.inclusion(5, 5),
        lambda: tree.inclusion(-1, 5),
        lambda: tree.inclusion(0, 6),
        lambda: tree.consistency(4, 3),
        lambda: tree.consistency(-1, 3),
        lambda: tree.consistency(1, 6),
        lambda: tree.extend([LEAVES[5], b"short"]),
    ):
        with pytest.raises(ValueError, match=r"leaf|leaves"):
            ask()
    assert tree.size == 5
    assert tree.root(5) == plain_root(LEAVES[:5])
    assert list(itertools.chain(tree.inclusion(0, 1), tree.consistency(3, 3))) == []
