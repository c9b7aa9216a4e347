"""Ed25519 as RFC 8032 has it, and keys as people hand them over."""

import copy
import json
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.followup.evidence.model import Attachment
from efficiency_monitor.people.model.signatures import (
    PersonalKey,
    key_id,
    public_of,
    public_text,
    sound_point,
    statement,
    verify,
)

from .desk import key_of

#: RFC 8032 section 7.1, tests 1, 2 and 3: private, public, message, signature.
VECTORS = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
            "cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
            "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
            "84dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
)
#: Points of order 1, 2, 4 and 8, and forms of them that are not canonical.
SMALL = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)
SAID: dict[str, Any] = {
    "workspace": "00", "act": "lift", "subject": "card:R-1", "round": 0, "decision": "lift",
    "ground": "force_majeure", "text": {"commitment": "ab"},
    "evidence": (Attachment("a", "cd", 3),), "person": "wang", "on_behalf_of": "chen",
    "at": "2026-03-02T10:00:00+08:00", "size": 9, "root": "ef", "key": "12",
}  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=["RFC 8032 1", "RFC 8032 2", "RFC 8032 3"])
def test_the_vectors_of_the_standard(vector: tuple[str, ...]) -> None:
    private, public, message, signature = (bytes.fromhex(part) for part in vector)
    key = PersonalKey(Ed25519PrivateKey.from_private_bytes(private))
    assert key.public == public
    assert key.sign(message) == signature
    assert verify(public, message, signature)
    assert not verify(public, message + b"x", signature)


@given(st.binary(max_size=80), st.binary(min_size=32, max_size=32), st.integers(0, 511))
def test_one_bit_more_or_less_is_no_signature(message: bytes, seed: bytes, bit: int) -> None:
    key = PersonalKey(Ed25519PrivateKey.from_private_bytes(seed))
    signature = bytearray(key.sign(message))
    assert verify(key.public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify(key.public, message, bytes(signature))
    assert public_of(public_text(key.public)) == key.public


@pytest.mark.parametrize("public", SMALL)
def test_a_point_for_which_signatures_can_be_made_up_is_no_key(public: str) -> None:
    assert not sound_point(bytes.fromhex(public))
    with pytest.raises(ValueError, match="no point"):
        public_of(b64encode(bytes.fromhex(public)).decode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "effmon-ed25519",
        "effmon-ed25519 AAAA",
        "ssh-ed25519 AAAA",
        "!!",
        "密钥",
        "effmon-ed25519 " + "A" * 500,
    ],
)
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        public_of(text)


def test_nothing_verifies_with_what_is_no_key() -> None:
    assert not verify(b"", b"x", bytes(64))
    assert not verify(b"short", b"x", bytes(64))
    assert not verify(key_of("wang").public, b"x", b"")


def test_a_private_key_shows_nothing_and_is_not_copied() -> None:
    key = key_of("wang")
    seed = key._private.private_bytes_raw()
    assert seed.hex() not in repr(key) + str(key)
    assert repr(key) == f"PersonalKey({key_id(key.public)})"
    for copier in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copier(key)


@pytest.mark.parametrize("field", sorted(SAID))
def test_every_field_is_signed(field: str) -> None:
    other: dict[str, Any] = {
        "round": 1, "size": 8, "evidence": (), "ground": None, "text": None, "on_behalf_of": None,
    }  # fmt: skip
    changed = statement(**{**SAID, field: other.get(field, "other")})
    assert changed != statement(**SAID)
    assert json.loads(changed)["domain"] == "effmon/approval/v1"


def test_a_files_name_is_not_signed() -> None:
    """It may be a person's."""
    assert statement(**{**SAID, "evidence": (Attachment("b", "cd", 3),)}) == statement(**SAID)
