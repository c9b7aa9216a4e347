"""Signatures of persons: Ed25519 (RFC 8032) over a statement that names what it is about.

A statement opens with a domain, so that nothing signed for one purpose passes for another, and
names the workspace and the ledger's root at that time: it fits no other workspace, and who signs
vouches for the ledger up to there.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ...followup.evidence.model import Attachment, for_ledger
from ...ledger.model.curve_points import sound_point
from ...ledger.model.entries import canonical_json

#: What a statement is for. A change of its fields takes another number.
APPROVAL: Final = "effmon/approval/v1"
KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
#: First word of a public key as people hand it over.
_WORD: Final = "effmon-ed25519"
_KEY_ID_SIZE: Final = 16


class PersonalKey:
    """A person's private key. It shows only the id of its public half."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        #: The 32 bytes of the public key.
        self.public: bytes = private.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        return f"PersonalKey({self.key_id})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a private key is not copied about")

    @property
    def key_id(self) -> str:
        """See `key_id`."""
        return key_id(self.public)

    def sign(self, statement: bytes) -> bytes:
        """The signature of a statement, 64 bytes."""
        return self._private.sign(statement)


def key_id(public: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of a public key's 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:_KEY_ID_SIZE]


def verify(public: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether the key's holder signed this statement; False also for what is no key at all."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_text(public: bytes) -> str:
    """A public key as one line: `effmon-ed25519 BASE64`."""
    return f"{_WORD} {b64encode(public).decode()}"


def public_of(text: str) -> bytes:
    """The 32 bytes of a public key's line, with or without its first word.

    ValueError where the text is none. Points of small order are refused: for them a signature can
    be made up without any private key.
    """
    words = text.split()
    if words[:1] == [_WORD]:
        words = words[1:]
    try:
        public = b64decode("".join(words), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("it is not base64") from None
    if len(public) != KEY_SIZE:
        raise ValueError(f"it has {len(public)} bytes, not {KEY_SIZE}")
    if not sound_point(public):
        raise ValueError("it is no point that a private key could have")
    return public


def statement(
    *,
    workspace: str | None,
    act: str,
    subject: str,
    round: int,  # noqa: A002  the column's and the statement's word
    decision: str,
    ground: str | None,
    text: Mapping[str, str] | None,
    evidence: Sequence[Attachment],
    person: str,
    on_behalf_of: str | None,
    at: str,
    size: int,
    root: str,
    key: str | None,
) -> bytes:
    """The canonical bytes (RFC 8785) of an approval, which are what is signed.

    `workspace` is the SHA-256 in hex of the ledger's first entry; `text` a salted commitment
    to what the person wrote (older ones: its digest); `at` an RFC 3339 instant; `size` and `root`
    (SHA-256, hex) the ledger's at that time; `key` the id of the key that signs, None for an
    approval without a signature.
    """
    return canonical_json(
        {
            "domain": APPROVAL,
            "workspace": workspace,
            "act": act,
            "subject": subject,
            "round": round,
            "decision": decision,
            "ground": ground,
            "text": text,
            "evidence": for_ledger(evidence),
            "person": person,
            "on_behalf_of": on_behalf_of,
            "at": at,
            "ledger": {"size": size, "sha256_root": root},
            "key": key,
        }
    )
