"""The keys that sign the ledger's checkpoints: which one from which size to which.

A key begins with an entry `ledger.key_rotated`, which holds a signed note: the statement that the
new key takes over from the old one at a size and root of the ledger. Both keys sign it; the first
key signs alone, and so does one whose predecessor was lost, which shows for ever.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .entries import HASH_SIZE
from .signed_notes import Note, NoteError, UnknownSigner, Verifier, parse, verified

#: First line of a statement: nothing that is signed for something else begins with it.
STATEMENT: Final = "effmon/ledger-key/v1"
_NOBODY: Final = "-"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_ROW: Final = 16
_CHECK: Final = 97


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What a statement says: at this size and root `new` takes over from `old` (None: nobody)."""

    origin: str
    old: Verifier | None
    new: Verifier
    size: int
    #: Root of the SHA-256 tree, 32 bytes.
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPeriod:
    """A key and the sizes of the checkpoints that it may sign; `until_size` None: it is in use."""

    verifier: Verifier
    from_size: int
    until_size: int | None
    #: Whether the key before has signed for it; the first key needs nobody.
    vouched: bool

    def covers(self, size: int) -> bool:
        """Whether a checkpoint of this size is of its time."""
        return self.from_size <= size and (self.until_size is None or size <= self.until_size)


def statement(change: KeyChange) -> str:
    """The text that is signed: six lines."""
    old = _NOBODY if change.old is None else change.old.vkey
    root = b64encode(change.root).decode()
    lines = (STATEMENT, change.origin, old, change.new.vkey, str(change.size), root)
    return "".join(f"{line}\n" for line in lines)


def change_of(note: Note) -> KeyChange:
    """What a statement says; NoteError where it is none."""
    lines = note.text.split("\n")
    if len(lines) != 7 or lines[0] != STATEMENT or not _NUMBER.fullmatch(lines[4]):
        raise NoteError("it is no statement about a key")
    try:
        root = b64decode(lines[5], validate=True)
    except (ValueError, Base64Error):
        raise NoteError("its root is not base64") from None
    change = KeyChange(
        origin=lines[1],
        old=None if lines[2] == _NOBODY else Verifier.parse(lines[2]),
        new=Verifier.parse(lines[3]),
        size=int(lines[4]),
        root=root,
    )
    if len(root) != HASH_SIZE or statement(change) != note.text:
        raise NoteError("it is no statement about a key")
    return change


def periods(bodies: Iterable[bytes]) -> tuple[list[KeyPeriod], list[tuple[int, str]]]:
    """The keys in their order, and what is wrong, as (number of the entry, why).

    `bodies` are the canonical bytes of the entries `ledger.key_rotated`, in order. What is wrong
    begins no period.
    """
    found: list[KeyPeriod] = []
    faults: list[tuple[int, str]] = []
    for body in bodies:
        seq = 0
        try:
            entry = json.loads(body)
            seq = int(entry["seq"])
            change, vouched = _change(entry, found[-1].verifier if found else None)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            faults.append((seq, str(fault)))
            continue
        if change.size >= seq:
            faults.append((seq, "it speaks of a larger ledger"))
            continue
        if found:
            last = found[-1]
            found[-1] = KeyPeriod(
                verifier=last.verifier,
                from_size=last.from_size,
                until_size=seq - 1,
                vouched=last.vouched,
            )
        found.append(
            KeyPeriod(
                verifier=change.new,
                from_size=seq if found else 0,
                until_size=None,
                vouched=vouched,
            )
        )
    return found, faults


def _change(entry: Mapping[str, Any], before: Verifier | None) -> tuple[KeyChange, bool]:
    """What an entry says, and whether the key before has signed it."""
    note = parse(entry["note"].encode())
    change = change_of(note)
    said = (entry["old"], entry["new"], entry["size"])
    if said != (None if change.old is None else change.old.vkey, change.new.vkey, change.size):
        raise NoteError("the entry says something else than what was signed")
    if change.old != before:
        raise NoteError("it does not follow the key before")
    if not signed_by(note, change.new):
        raise NoteError("the new key has not signed")
    return change, before is None or signed_by(note, before)


def signed_by(note: Note, key: Verifier) -> bool:
    """Whether a key has signed; NoteError where its signature does not hold.

    Of a key that cannot be verified here: whether there is a signature in its name.
    """
    if not key.can_verify:
        return any(key.made(signature) for signature in note.signatures)
    try:
        return bool(verified(note, (key,)))
    except UnknownSigner:
        return False


def paper(key: Verifier) -> list[str]:
    """A public key for paper: rows of sixteen hex digits, each with two digits that check it."""
    digits = (bytes([key.kind]) + key.key).hex().upper()
    rows = [digits[at : at + _ROW] for at in range(0, len(digits), _ROW)]
    return [
        f"{number}  {' '.join(row[at : at + 4] for at in range(0, len(row), 4))}  "
        f"{_check(number, row):02}"
        for number, row in enumerate(rows, start=1)
    ]


def of_paper(name: str, rows: Iterable[str]) -> Verifier:
    """The key of rows that were typed in; NoteError names the row in which a digit is wrong."""
    digits = ""
    for number, row in enumerate((row for row in rows if row.strip()), start=1):
        told, *groups, check = row.upper().split() or [""]
        typed = "".join(groups)
        if not re.fullmatch(r"[0-9A-F]{2,16}", typed) or told != str(number):
            raise NoteError(f"row {number} has no sixteen hex digits")
        if check != f"{_check(number, typed):02}":
            raise NoteError(f"row {number} has a wrong digit")
        digits += typed
    if len(digits) < 4 or len(digits) % 2:
        raise NoteError("a row is missing")
    data = bytes.fromhex(digits)
    return Verifier(name, data[0], data[1:])


def _check(number: int, row: str) -> int:
    # 97 is prime and larger than 16: one wrong digit, or two that changed places, changes it.
    return (int(row, 16) + 7 * number) % _CHECK
