"""Both trees: the reference roots, a second library, and growth against rebuilding."""

import subprocess
import sys

import pymerkle  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.verifier import verify

#: The eight leaves and the roots of sizes 0 to 8 of the Certificate Transparency reference
#: implementation (merkle tree tests, github.com/google/certificate-transparency).
REFERENCE_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

BODIES = st.lists(st.binary(max_size=80), max_size=40)


def sm3_root(bodies: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 word for word, in SM3: split at the largest power of two below n."""
    if not bodies:
        return verify.sm3(b"")
    if len(bodies) == 1:
        return verify.sm3(b"\x00" + bodies[0])
    split = 1
    while split * 2 < len(bodies):
        split *= 2
    return verify.sm3(b"\x01" + sm3_root(bodies[:split]) + sm3_root(bodies[split:]))


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots(size: int) -> None:
    head = ledger.rebuild(REFERENCE_LEAVES[:size])
    assert ledger.root(head).sha256.hex() == REFERENCE_ROOTS[size]


@given(BODIES)
def test_the_sha256_tree_is_that_of_another_library(bodies: list[bytes]) -> None:
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for body in bodies:
        other.append_entry(body)
    assert ledger.root(ledger.rebuild(bodies)).sha256 == other.get_root()


@given(BODIES)
def test_the_sm3_tree_is_the_definition(bodies: list[bytes]) -> None:
    assert ledger.root(ledger.rebuild(bodies)).sm3 == sm3_root(bodies)


@given(BODIES, st.integers(0, 40))
def test_growing_one_by_one_or_in_batches_is_rebuilding(bodies: list[bytes], cut: int) -> None:
    head, leaves = ledger.EMPTY, []
    for body in bodies:
        head, leaf = ledger.append(head, body)
        leaves.append(leaf)
    first, some = ledger.append_many(ledger.EMPTY, bodies[:cut])
    both, others = ledger.append_many(first, bodies[cut:])
    assert head == both == ledger.rebuild(bodies)
    assert leaves == some + others == [ledger.leaf_of(body) for body in bodies]
    assert head.size == len(bodies)


def test_rebuilding_goes_beyond_one_batch() -> None:
    bodies = [str(number).encode() for number in range(9001)]
    assert ledger.rebuild(bodies) == ledger.append_many(ledger.EMPTY, bodies)[0]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.data())
def test_any_other_entry_gives_other_roots(bodies: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bodies) - 1))
    other = data.draw(st.binary(max_size=8).filter(lambda body: body != bodies[at]))
    changed = [*bodies[:at], other, *bodies[at + 1 :]]
    before, after = ledger.root(ledger.rebuild(bodies)), ledger.root(ledger.rebuild(changed))
    assert before.sha256 != after.sha256
    assert before.sm3 != after.sm3


def test_a_node_cannot_pass_for_an_entry() -> None:
    left, right = ledger.leaf_of(b"a").sha256, ledger.leaf_of(b"b").sha256
    two = ledger.root(ledger.rebuild([b"a", b"b"])).sha256
    assert ledger.root(ledger.rebuild([left + right])).sha256 != two


@pytest.mark.parametrize(
    ("size", "stack"),
    [(-1, ()), (1, ()), (2, (bytes(32), bytes(32))), (3, (bytes(32),)), (1, (bytes(31),))],
)
def test_a_head_whose_edge_cannot_be_is_refused(size: int, stack: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"hash|entries"):
        ledger.Head(size, stack, stack)


WITHOUT_OPENSSL_SM3 = """
import hashlib
whole = hashlib.new
def without_sm3(name, data=b"", **more):
    if name == "sm3":
        raise ValueError("unsupported hash type sm3")
    return whole(name, data, **more)
hashlib.new = without_sm3
from efficiency_monitor.ledger.model import entries as ledger
print(ledger.root(ledger.rebuild([b"a", b"b", b"c"])).sm3.hex())
"""


def test_without_sm3_in_openssl_the_tree_is_the_same() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENSSL_SM3], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ledger.root(ledger.rebuild([b"a", b"b", b"c"])).sm3.hex()
