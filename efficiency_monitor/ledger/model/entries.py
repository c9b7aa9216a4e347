"""The evidence ledger as values: entry → canonical bytes → two Merkle trees over the same leaves.

The bytes are RFC 8785 (JCS) without floats. The trees have the shape of RFC 6962 section 2.1, one
in SHA-256 and one in SM3 (GB/T 32905-2016). There is no hash chain beside them: mixing the two is
how a part of a log goes unchecked. Entry `seq` counts from 1, so the `seq` of an entry is its line
number in an export and the size of the tree once it is in.

Personal data never enters an entry. What must be provable later about a person stands outside, and
the entry carries a salted `commitment` to it, which says nothing once the salt is deleted.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final

import rfc8785

ENTRY_VERSION = 1
SALT_SIZE = 32
HASH_SIZE = 32

#: Integers from here on are no longer exact in JSON readers that use doubles (RFC 8785 app. D).
INTEGER_BOUND = 2**53
#: Deeper nesting is refused, so that no reader of an export runs out of stack.
MOST_DEPTH = 32

_BATCH = 4096
_LEAF, _NODE = b"\x00", b"\x01"

_Digest = Callable[[bytes], bytes]
_Json = None | bool | int | str | list["_Json"] | dict[str, "_Json"]

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class EntryType(StrEnum):
    """What an entry records: a closed set, so that an auditor can count them."""

    CARD_ISSUED = "card.issued"
    CARD_SUPERSEDED = "card.superseded"
    CARD_REVIVED = "card.revived"
    CARD_LIFTED = "card.lifted"
    CARD_ACKNOWLEDGED = "card.acknowledged"
    CARD_REPLIED = "card.replied"
    CARD_CONFIRMED = "card.confirmed"
    CARD_CLOSED = "card.closed"
    CARD_ESCALATED = "card.escalated"
    NOTICE_SENT = "notice.sent"
    NOTICE_UNCERTAIN = "notice.uncertain"
    NOTICE_DEAD = "notice.dead"
    NOTICE_RETRIED = "notice.retried"
    NOTICE_VOID = "notice.void"
    NOBODY_TOLD = "nobody.told"
    SILENCE_ADDED = "silence.added"
    SILENCE_ENDED = "silence.ended"
    ORDER_OPENED = "order.opened"
    ORDER_REPLIED = "order.replied"
    ORDER_RETURNED = "order.returned"
    ORDER_CLOSED = "order.closed"
    APPEAL_FILED = "appeal.filed"
    APPEAL_REFERRED = "appeal.referred"
    APPEAL_RETURNED = "appeal.returned"
    APPEAL_UPHELD = "appeal.upheld"
    APPEAL_SETTLED = "appeal.settled"
    APPROVAL_GIVEN = "approval.given"
    ALARM_RAISED = "alarm.raised"
    ALARM_ENDED = "alarm.ended"
    EVIDENCE_HELD = "evidence.held"
    EVIDENCE_DECIDED = "evidence.decided"
    EVIDENCE_SEEN = "evidence.seen"
    ACCOUNTABILITY_RECORDED = "accountability.recorded"
    ACCOUNTABILITY_VERIFIED = "accountability.verified"
    ACCOUNTABILITY_MEASURE = "accountability.measure"
    ACCOUNTABILITY_EXEMPTION_ASKED = "accountability.exemption_asked"
    ACCOUNTABILITY_EXEMPTED = "accountability.exempted"
    KEY_ENROLLED = "key.enrolled"
    KEY_REVOKED = "key.revoked"
    IMPORT_BEGUN = "import.begun"
    IMPORT_DONE = "import.done"
    SCAN_DONE = "scan.done"
    SCAN_FAILED = "scan.failed"
    SLOT_SKIPPED = "slot.skipped"
    CATALOGUE_CHANGED = "catalogue.changed"
    SETTINGS_CHANGED = "settings.changed"
    CHANGE_PROPOSED = "change.proposed"
    CHANGE_APPROVED = "change.approved"
    CHANGE_WITHDRAWN = "change.withdrawn"
    WORKSPACE_CREATED = "workspace.created"
    EXPORT_MADE = "export.made"
    PEOPLE_IMPORTED = "people.imported"
    FEED_PULLED = "feed.pulled"
    FEED_FAILED = "feed.failed"
    ROTATION_FOUND = "rotation.found"
    ROTATION_DONE = "rotation.done"
    CLOCK_JUMP = "clock.jump"
    SOURCE_HANDED_OVER = "source.handed_over"
    INPUT_SET_ASIDE = "input.set_aside"
    CLOCK_REPAIRED = "clock.repaired"
    CLOCKS_RESTORED = "clocks.restored"
    CASE_VANISHED = "case.vanished"
    CASE_REAPPEARED = "case.reappeared"
    CHECKPOINT_MADE = "checkpoint.made"
    LEDGER_KEY_ROTATED = "ledger.key_rotated"
    DATA_UNMASKED = "data.unmasked"
    DATA_ERASED = "data.erased"
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"
    COMMAND_FAILED = "command.failed"


_ENTRY_TYPES = frozenset(str(kind) for kind in EntryType)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The two hashes of one entry, 32 bytes each: H(0x00 ‖ body)."""

    sha256: bytes
    sm3: bytes


@dataclass(frozen=True, slots=True)
class Roots:
    """The two roots of a ledger of one size, 32 bytes each."""

    sha256: bytes
    sm3: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """All that must be kept to go on appending: the size and the right edge of both trees.

    A stack holds the roots of the perfect subtrees that `size` splits into, largest first: one
    32-byte hash per binary one of `size`. ValueError when the stacks cannot belong to the size.
    """

    size: int
    sha256_stack: tuple[bytes, ...]
    sm3_stack: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"a ledger of {self.size} entries")
        for stack in (self.sha256_stack, self.sm3_stack):
            if len(stack) != self.size.bit_count():
                raise ValueError(
                    f"a ledger of {self.size} entries has {self.size.bit_count()} hashes on its "
                    f"right edge, not {len(stack)}"
                )
            if any(len(node) != HASH_SIZE for node in stack):
                raise ValueError(f"a hash on the right edge is not {HASH_SIZE} bytes long")


def head_of(size: int, sha256_stack: bytes, sm3_stack: bytes) -> Head:
    """The head whose stacks are stored as bytes end to end; ValueError as `Head`."""

    def nodes(joined: bytes) -> tuple[bytes, ...]:
        return tuple(joined[at : at + HASH_SIZE] for at in range(0, len(joined), HASH_SIZE))

    return Head(size, nodes(sha256_stack), nodes(sm3_stack))


#: The head of a ledger without entries.
EMPTY = Head(0, (), ())


def canonical(entry: Mapping[str, object]) -> bytes:
    """Return the bytes of an entry that are hashed, stored and exported (RFC 8785).

    `entry` holds `v` (1), `seq` (from 1), `type` (an `EntryType`), `at` (RFC 3339 to the second,
    with offset) and further fields. ValueError says which field is wrong; what `canonical_json`
    refuses is refused here too.
    """
    if type(entry.get("v")) is not int or entry["v"] != ENTRY_VERSION:
        raise ValueError(f"an entry's v must be {ENTRY_VERSION}, not {entry.get('v')!r}")
    seq = entry.get("seq")
    if type(seq) is not int or seq < 1:
        raise ValueError(f"an entry's seq must be an integer from 1, not {seq!r}")
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in _ENTRY_TYPES:
        raise ValueError(f"unknown entry type {kind!r}: one of {', '.join(EntryType)}")
    _check_instant(entry.get("at"))
    return canonical_json(entry)


def _check_instant(at: object) -> None:
    try:
        if not isinstance(at, str) or not _INSTANT.fullmatch(at):
            raise ValueError("wrong form")
        datetime.fromisoformat(at)
    except ValueError:
        raise ValueError(
            f"an entry's at must be an instant such as 2026-11-24T02:00:07+08:00, not {at!r}"
        ) from None


def canonical_json(value: object) -> bytes:
    """Return `value` in RFC 8785 form, strings and keys normalised to Unicode NFC.

    Allowed are None, bool, int with |n| < 2^53, str (and str enums), list, tuple and mappings with
    str keys, nested at most 32 deep. ValueError names the place of anything else: a float, a
    larger integer, an int enum, a date, an unpaired surrogate, two keys that are one in NFC.
    """
    return rfc8785.dumps(_plain(value, "$", 0))


def _plain(value: object, where: str, depth: int) -> _Json:
    """Check and normalise; `where` is the place in JSONPath form, for the message."""
    if depth > MOST_DEPTH:
        raise ValueError(f"{where}: nested deeper than {MOST_DEPTH}")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    # Exactly int: an int enum would be recorded as a number that says nothing to an auditor.
    if type(value) is int:
        if abs(value) >= INTEGER_BOUND:
            raise ValueError(f"{where}: integer {value} is not below 2^53; write it as a string")
        return value
    if isinstance(value, list | tuple):
        return [_plain(part, f"{where}[{at}]", depth + 1) for at, part in enumerate(value)]
    if isinstance(value, Mapping):
        plain: dict[str, _Json] = {}
        for key, part in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{where}: key {key!r} is not a string")
            name = _text(key, where)
            if name in plain:
                raise ValueError(f"{where}: key {name!r} occurs twice once it is in NFC")
            plain[name] = _plain(part, f"{where}.{name}", depth + 1)
        return plain
    raise ValueError(f"{where}: {type(value).__name__} has no place in a ledger entry")


def _text(value: str, where: str) -> str:
    # str() of an enum that only mixes str in would be its name; its value is what is meant.
    text = str.__str__(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: unpaired surrogate in {text!r}") from None
    return unicodedata.normalize("NFC", text)


def commitment(salt: bytes, text: str) -> str:
    """Return a salted commitment to personal data: HMAC-SHA256 of `text` in NFC, 64 hex digits.

    `salt` is 32 random bytes of its own for each record (ValueError otherwise: a short or shared
    one lets telephone numbers be guessed). Deleting the salt makes the commitment unreadable while
    the tree stays whole.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"the salt of a commitment is {SALT_SIZE} bytes, not {len(salt)}")
    return hmac.digest(salt, unicodedata.normalize("NFC", text).encode(), "sha256").hex()


def leaf_of(body: bytes) -> Leaf:
    """Return both leaf hashes of an entry's canonical bytes (RFC 6962 section 2.1)."""
    return Leaf(_sha256(_LEAF + body), _sm3(_LEAF + body))


def append(head: Head, leaf_bytes: bytes) -> tuple[Head, Leaf]:
    """Return the head after one more entry, given its canonical bytes, and the entry's hashes."""
    grown, leaves = append_many(head, (leaf_bytes,))
    return grown, leaves[0]


def append_many(head: Head, bodies: Iterable[bytes]) -> tuple[Head, list[Leaf]]:
    """Return the head after further entries, in order, and the hashes of each."""
    size, left, right = head.size, list(head.sha256_stack), list(head.sm3_stack)
    leaves = []
    for body in bodies:
        leaf = leaf_of(body)
        _push(left, size, leaf.sha256, _sha256)
        _push(right, size, leaf.sm3, _sm3)
        leaves.append(leaf)
        size += 1
    return Head(size, tuple(left), tuple(right)), leaves


def rebuild(bodies: Iterable[bytes]) -> Head:
    """Return the head of a ledger from the canonical bytes of all its entries, in small memory."""
    head, rest = EMPTY, iter(bodies)
    while batch := list(islice(rest, _BATCH)):
        head, _ = append_many(head, batch)
    return head


def root(head: Head) -> Roots:
    """Return both roots; those of an empty ledger are the hashes of nothing (RFC 6962)."""
    return Roots(_fold(head.sha256_stack, _sha256), _fold(head.sm3_stack, _sm3))


def _push(stack: list[bytes], size: int, node: bytes, digest: _Digest) -> None:
    """Add a leaf to the right edge of a tree of `size` leaves: carry as in binary counting."""
    while size & 1:
        node = digest(_NODE + stack.pop() + node)
        size >>= 1
    stack.append(node)


def _fold(stack: tuple[bytes, ...], digest: _Digest) -> bytes:
    if not stack:
        return digest(b"")
    node = stack[-1]
    for left in reversed(stack[:-1]):
        node = digest(_NODE + left + node)
    return node


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _openssl_sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def _library_sm3(data: bytes) -> bytes:
    """SM3 of the OpenSSL that `cryptography` brings; as fast, and slow to import."""
    from cryptography.hazmat.primitives.hashes import SM3, Hash

    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _best_sm3() -> _Digest:
    """SM3 (GB/T 32905-2016) of Python's OpenSSL, or the library's where it was left out."""
    try:
        _openssl_sm3(b"")
    except ValueError:
        return _library_sm3
    return _openssl_sm3


_sm3 = _best_sm3()

#: The hash of each of the two trees, by its name.
DIGESTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"sha256": _sha256, "sm3": _sm3}


def sm3_by() -> str:
    """What computes SM3: Python's `OpenSSL`, or `cryptography` where that was built without it."""
    return "OpenSSL" if _sm3 is _openssl_sm3 else "cryptography"
