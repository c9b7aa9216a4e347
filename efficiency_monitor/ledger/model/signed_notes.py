"""Signed notes, byte for byte as C2SP signed-note defines them: a text and who signed it.

A note is a text that ends in a newline, an empty line, and one line a signature: `— NAME BASE64`.
The base64 holds four bytes that tell the key and then the signature. Keys are written as Go's
`sumdb/note` writes them, so that its tools verify what is signed here.

Stricter than the specification where it leaves room: base64 has one spelling, a key signs a note
once, and there are at most 16 signatures.
"""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ...faults import brief
from .curve_points import sound_point

#: The kinds of key that are read: Ed25519, and what the specification leaves to everybody's own.
ED25519: Final = 0x01
PRIVATE_KIND: Final = 0xFF
MOST_SIGNATURES: Final = 16
MOST_BYTES: Final = 1_000_000

_KEY_SIZE: Final = 32
_ID_SIZE: Final = 4
_DASH: Final = "\u2014 "
_SECRET: Final = "PRIVATE+KEY+"
_HEX: Final = re.compile(r"[0-9a-f]{8}")


class NoteError(ValueError):
    """It is no note, no key, or a signature does not hold; the message says which."""


class UnknownSigner(NoteError):
    """The note is well formed, but none of the known keys has signed it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: the key's name, the 4 bytes that tell it, and the signature itself."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and its signatures in order."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The whole note as it is written into a file."""
        lines = (
            f"{_DASH}{signature.name} {_base64(signature.key_id + signature.value)}\n"
            for signature in self.signatures
        )
        return f"{self.text}\n{''.join(lines)}"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, written `NAME+8 HEX DIGITS+BASE64(KIND ‖ KEY)` (a *vkey*)."""

    name: str
    kind: int
    key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.kind == ED25519:
            if len(self.key) != _KEY_SIZE:
                raise NoteError(f"an Ed25519 key has {_KEY_SIZE} bytes, not {len(self.key)}")
            if not sound_point(self.key):
                raise NoteError("it is no point that a private key could have")
        elif self.kind != PRIVATE_KIND:
            raise NoteError(f"keys of kind 0x{self.kind:02x} are not known")
        elif not self.key:
            raise NoteError("the key is empty")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a vkey; NoteError says what is wrong with it."""
        name, _, rest = vkey.partition("+")
        told, _, material = rest.partition("+")
        data = _of_base64(material)
        if not _HEX.fullmatch(told) or not data:
            raise NoteError("a key is written NAME+8 HEX DIGITS+BASE64")
        verifier = cls(name, data[0], data[1:])
        if verifier.key_id.hex() != told:
            raise NoteError(f"the key's digits are {verifier.key_id.hex()}, not {told}")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names the key: a checksum, no proof of anything."""
        data = self.name.encode() + b"\n" + bytes([self.kind]) + self.key
        return hashlib.sha256(data).digest()[:_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The key as `parse` reads it."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.key)}"

    @property
    def can_verify(self) -> bool:
        """Whether signatures of this kind of key can be verified here."""
        return self.kind == ED25519

    def made(self, signature: Signature) -> bool:
        """Whether a signature says that it is of this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def holds(self, text: str, value: bytes) -> bool:
        """Whether `value` is this key's signature of the text; NoteError unless `can_verify`."""
        if not self.can_verify:
            raise NoteError(f"signatures of kind 0x{self.kind:02x} cannot be verified here")
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(value, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """A private Ed25519 key under a name. It shows only its public half."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != _KEY_SIZE:
            raise NoteError(f"a private key has {_KEY_SIZE} bytes, not {len(seed)}")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        #: The public half.
        self.verifier = Verifier(name, ED25519, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"SigningKey({self.verifier.vkey})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a private key is not copied about")

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read `PRIVATE+KEY+NAME+8 HEX DIGITS+BASE64(KIND ‖ SEED)`, as Go's tools write it."""
        if not text.startswith(_SECRET):
            raise NoteError(f"a private key begins with {_SECRET}")
        name, _, rest = text[len(_SECRET) :].partition("+")
        told, _, material = rest.partition("+")
        data = _of_base64(material)
        if not data or data[0] != ED25519:
            raise NoteError("it is no Ed25519 key")
        key = cls(name, data[1:])
        if key.verifier.key_id.hex() != told:
            raise NoteError(f"the key's digits are {key.verifier.key_id.hex()}, not {told}")
        return key

    def secret(self) -> str:
        """The private key as `parse` reads it: for its file and for nothing else."""
        seed = self._private.private_bytes_raw()
        told = self.verifier.key_id.hex()
        return f"{_SECRET}{self.verifier.name}+{told}+{_base64(bytes([ED25519]) + seed)}"

    def sign(self, text: bytes) -> bytes:
        """The signature of a note's text in UTF-8, 64 bytes."""
        return self._private.sign(text)


def parse(data: bytes) -> Note:
    """Read a note; NoteError says what is wrong with its form. No signature is verified."""
    if len(data) > MOST_BYTES:
        raise NoteError(f"it is longer than {MOST_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteError("it is not UTF-8") from None
    if any(sign < " " and sign != "\n" for sign in whole):
        raise NoteError("it has a control character")
    before, found, after = whole.rpartition("\n\n")
    if not found:
        raise NoteError("there is no empty line between text and signatures")
    if not after.endswith("\n"):
        raise NoteError("there is no newline at its end" if after else "there are no signatures")
    lines = after[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteError(f"it has more than {MOST_SIGNATURES} signatures")
    signatures = tuple(map(_signature, lines))
    if len({(one.name, one.key_id) for one in signatures}) < len(signatures):
        raise NoteError("a key has signed it twice")
    return Note(before + "\n", signatures)


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise NoteError("a signature line does not begin with an em dash")
    name, _, coded = line[len(_DASH) :].partition(" ")
    _check_name(name)
    data = _of_base64(coded)
    if len(data) <= _ID_SIZE:
        raise NoteError("a signature is too short")
    return Signature(name, data[:_ID_SIZE], data[_ID_SIZE:])


def verified(note: Note, known: Iterable[Verifier]) -> tuple[Verifier, ...]:
    """The known keys that have signed the note, in its order.

    What unknown keys have signed is passed over. NoteError when the signature of a known key does
    not hold or cannot be verified, or two known keys are told apart by nothing; `UnknownSigner`
    when there is none of a known key.
    """
    keys = set(known)
    found = []
    for signature in note.signatures:
        candidates = [key for key in keys if key.made(signature)]
        if len(candidates) > 1:
            raise NoteError(f"two keys are called {candidates[0].vkey.rpartition('+')[0]}")
        for key in candidates:
            if not key.holds(note.text, signature.value):
                raise NoteError(f"the signature of {key.name}+{key.key_id.hex()} does not hold")
            found.append(key)
    if not found:
        raise UnknownSigner("none of the known keys has signed it")
    return tuple(found)


def sign(text: str, signers: Iterable[tuple[Verifier, Callable[[bytes], bytes]]]) -> Note:
    """Have a text signed: by each key in order, whose function gets its bytes in UTF-8.

    NoteError when the text does not end in a newline or holds what a note may not, and when what a
    function gives is not its key's signature; of a key that cannot be verified here only the form
    is looked at.
    """
    if not text.endswith("\n"):
        raise NoteError("a note's text ends in a newline")
    signatures = []
    for key, make in signers:
        value = make(text.encode())
        if key.can_verify and not key.holds(text, value):
            raise NoteError(f"the signature of {key.name}+{key.key_id.hex()} does not hold")
        signatures.append(Signature(key.name, key.key_id, value))
    note = Note(text, tuple(signatures))
    if parse(str(note).encode()) != note:
        raise NoteError("a note's text may not end in an empty line")
    return note


def _check_name(name: str) -> None:
    # Also what a terminal does not show: two names that look alike must not be two keys.
    if not name or "+" in name or not name.isprintable() or any(sign.isspace() for sign in name):
        raise NoteError(f"{brief(name)} is no name of a key: no spaces, no plus, nothing invisible")


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _of_base64(text: str) -> bytes:
    """Decode; NoteError unless it is spelled as it would be written again."""
    try:
        data = b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("it is not base64") from None
    if _base64(data) != text:
        raise NoteError("it is not base64 as it is written here")
    return data
