"""离线核验导出的台账。 Verify an exported ledger offline.

    python verify.py [FOLDER] [--key VKEY]… [--checkpoint FILE|FOLDER]… [--size N --root ROOT]
    python verify.py slip FILE [--key VKEY]…

One file, standard library only, Python 3.8 or later, no network. FOLDER (default: the current one)
holds `entries.jsonl`, one entry a line in RFC 8785 form, and `head.json`, the size and the roots of
two RFC 6962 trees over these lines, one in SHA-256, one in SM3 (GB/T 32905-2016).

VKEY is the key that signs the ledger's checkpoints, as you have it on paper. `checkpoints` holds
them as signed notes (C2SP signed-note and tlog-checkpoint, Ed25519), `consistency.json` a proof
that each continues the one before, `trust.json` the keys that are said to have signed. FILE is a
checkpoint that you received, as a note or in a mail; of a FOLDER all are taken. N and ROOT are a
size and a root from a notice, a bulletin, on paper: in hex or in base64.

`approvals.jsonl` says what persons signed who approved something: it is held against the entries,
and each signature against the key that was that person's at that time, in this ledger and on the
ledger as it stood when it was given. A red card that persons lifted must have two persons'
signatures behind it, and so must a repair of the clock that lifts cards and a hand-over of cases;
evidence that was held back must have been accepted before a card fell by it. A slip is one entry
with what proves that it is in the ledger of a checkpoint.

Exit code 0: as exported; 1: changed or damaged; 2: a file is missing or unreadable, wrong usage;
3: signed by a key that is not known.
"""

from __future__ import annotations

import argparse
import base64
import email
import functools
import hashlib
import json
import operator
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

INTEGER_BOUND = 2**53
PROGRESS_EVERY = 2.0
FILE_LIMIT = 1 << 28
MAIL_LIMIT = 1 << 25
NOTE_LIMIT = 1 << 16
SLIP_LIMIT = 1 << 20
HEX = re.compile(r"[0-9a-f]{64}")
#: The trees, what is added to the ledger's origin for each of them, and how they are called.
TREES = {"sha256": "", "sm3": "-sm3"}
TREE_NAMES = {"sha256": "SHA-256", "sm3": "SM3"}
#: Signed notes: a text, an empty line, signatures. That of a checkpoint is origin, size and root.
SIGNATURES = r"\n(?P<signatures>(?:\u2014 [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)"
NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\x00-\x1f]+)\n(?P<size>0|[1-9][0-9]{0,15})\n"
    r"(?P<root>[A-Za-z0-9+/]{43}=)\n)" + SIGNATURES
)
SIGNED_TEXT = re.compile(r"(?P<text>(?:[^\x00-\x1f]+\n)+)" + SIGNATURES)
NOTE_FILE = re.compile(r"([0-9]{12,16})-(sha256|sm3)\.note")
MOST_SIGNATURES = 16
VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
ED25519 = 1
#: What a statement that one key takes over from another opens with.
STATEMENT = "effmon/ledger-key/v1"
#: What a signed statement of an approval opens with, and what it has in common with its entry.
DOMAIN = "effmon/approval/v1"
SIGNED = ("act", "subject", "round", "decision", "ground", "text", "evidence", "person",
          "on_behalf_of", "key")  # fmt: skip
TYPE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
#: Entries about cards that are asked whether a red card was lifted rightly, and the reasons for
#: which a scan lifts one, without anybody's signature.
OF_CHECKPOINTS = ("checkpoint.made", "ledger.key_rotated")
OF_CARDS = ("card.issued", "card.lifted", "appeal.filed", "clock.repaired")
#: Entries about changes of rules, which another person approves where that is asked for.
OF_CHANGES = ("change.proposed", "change.approved")
#: Entries of what persons decided about evidence, and about whose the cases of a source are.
OF_DECISIONS = ("evidence.decided", "source.handed_over")
DECIDED = {"accepted": "accept", "rejected": "reject"}
BY_SCAN = ("late_evidence", "correction", "calendar_amended")
CLOCK_ERROR = "clock_error"


class Changed(Exception):
    """Something is not as it was exported; says what in both languages."""

    code, verdict = 1, "不通过 NOT OK"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Unreadable(Changed):
    """Nothing can be said, because a file is missing or the system does not give it to us."""

    code, verdict = 2, "无法核验 UNREADABLE"


class UnknownKey(Changed):
    """What was signed is whole, but not by anybody whom the auditor knows."""

    code, verdict = 3, "签署者不明 SIGNED BY AN UNKNOWN KEY"


class Roots(NamedTuple):
    """Both roots of a ledger, 64 hex digits each."""

    sha256: str
    sm3: str


class Anchor(NamedTuple):
    """A size and a root (64 hex digits) that the auditor brings from elsewhere."""

    size: int
    root: str


class Key(NamedTuple):
    """A key that signs checkpoints: its name, the kind of key, the key; written as a *vkey*."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names the key."""
        data = self.name.encode("utf-8") + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(data).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as it is printed: NAME+8 hex digits+base64."""
        return f"{self.name}+{self.id.hex()}+{coded(bytes([self.kind]) + self.public)}"

    def __str__(self) -> str:
        return shown(f"{self.name}+{self.id.hex()}")


class Note(NamedTuple):
    """A checkpoint: `text` is what was signed, by (name, 4 bytes, signature); `place`: its file."""

    text: str
    origin: str
    size: int
    root: str
    signatures: tuple[tuple[str, bytes, bytes], ...]
    place: str


class Term(NamedTuple):
    """A key and the sizes of the ledger that it signs, from and to; no end: None.

    `vouched`: the key before it has signed that this one takes over; the first key needs nobody.
    """

    key: Key
    since: int
    until: int | None
    vouched: bool = True


class Brought(NamedTuple):
    """What the auditor brings from elsewhere."""

    anchor: Anchor | None = None
    keys: tuple[Key, ...] = ()
    notes: tuple[Note, ...] = ()


class Reading(NamedTuple):
    """What `entries.jsonl` holds."""

    size: int
    types: dict[str, int]
    roots: Roots
    #: Entries about approvals and keys, red cards, what was lifted and decided, in order.
    signed: list[dict[str, Any]]
    #: Entries about checkpoints and the keys that sign them, in order.
    checkpoints: list[dict[str, Any]]
    #: SHA-256 of the first entry, which names the workspace; empty if there is none.
    workspace: str
    #: The roots at the sizes that were asked for, as far as the ledger reaches.
    at_size: dict[int, Roots]


_SM3_START = bytes.fromhex("7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e")
_SM3_T = [0x79CC4519] * 16 + [0x7A879D8A] * 48
_SM3_ROUND = [(t << j % 32 | t >> (32 - j % 32)) & 0xFFFFFFFF for j, t in enumerate(_SM3_T)]


def sm3(data: bytes) -> bytes:
    """The SM3 digest of `data` (GB/T 32905-2016), 32 bytes, where OpenSSL has none."""
    message = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack(">Q", 8 * len(data))
    state = struct.unpack(">8I", _SM3_START)
    m = 0xFFFFFFFF
    for block in struct.iter_unpack(">16I", message):
        w = list(block)
        for j in range(16, 68):
            x, y = w[j - 3], w[j - 13]
            x = w[j - 16] ^ w[j - 9] ^ ((x << 15 | x >> 17) & m)
            x ^= ((x << 15 | x >> 17) ^ (x << 23 | x >> 9)) & m
            w.append(x ^ ((y << 7 | y >> 25) & m) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            r = (a << 12 | a >> 20) & m
            s = (r + e + _SM3_ROUND[j]) & m
            s = (s << 7 | s >> 25) & m
            if j < 16:
                p, q = a ^ b ^ c, e ^ f ^ g
            else:
                p, q = a & b | a & c | b & c, e & f | (e ^ m) & g
            t = (p + d + (s ^ r) + (w[j] ^ w[j + 4])) & m
            u = (q + h + s + w[j]) & m
            a, b, c, d = t, a, (b << 9 | b >> 23) & m, c
            h, g, f = g, (f << 19 | f >> 13) & m, e
            e = u ^ (((u << 9 | u >> 23) ^ (u << 17 | u >> 15)) & m)
        state = tuple(map(operator.xor, state, (a, b, c, d, e, f, g, h)))
    return struct.pack(">8I", *state)


def best_sm3() -> tuple[Callable[[bytes], bytes], str]:
    """OpenSSL's SM3 or, where it has none, the one above; and which it is."""
    try:
        hashlib.new("sm3")
    except ValueError:
        return sm3, "verify.py"
    return lambda data: hashlib.new("sm3", data).digest(), "OpenSSL"


def digest_of(tree: str) -> Callable[[bytes], bytes]:
    """The hash of a tree."""
    return best_sm3()[0] if tree == "sm3" else lambda data: hashlib.sha256(data).digest()


class Tree:
    """The right edge of an RFC 6962 tree: the roots of its perfect subtrees, largest first."""

    def __init__(self, digest: Callable[[bytes], bytes]) -> None:
        self.digest = digest
        self.size = 0
        self.edge: list[bytes] = []

    def add(self, body: bytes) -> None:
        """Add one entry."""
        node, size = self.digest(b"\x00" + body), self.size
        while size % 2:
            node = self.digest(b"\x01" + self.edge.pop() + node)
            size //= 2
        self.edge.append(node)
        self.size += 1

    def root(self) -> str:
        """The root at the present size, 64 hex digits."""
        if not self.edge:
            return self.digest(b"").hex()
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = self.digest(b"\x01" + left + node)
        return node.hex()


def split_of(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def root_by_path(
    leaf: bytes, index: int, size: int, path: list[bytes], digest: Callable[[bytes], bytes]
) -> bytes | None:
    """The root that an audit path leads to (RFC 6962 2.1.1); None if it is too long or short."""
    if size == 1 or not path:
        return leaf if size == 1 and not path else None
    split, other = split_of(size), path[-1]
    if index < split:
        left = root_by_path(leaf, index, split, path[:-1], digest)
        return left and digest(b"\x01" + left + other)
    right = root_by_path(leaf, index - split, size - split, path[:-1], digest)
    return right and digest(b"\x01" + other + right)


def roots_by_proof(
    first: int, second: int, proof: list[bytes], known: bytes, digest: Callable[[bytes], bytes]
) -> tuple[bytes, bytes] | None:
    """Both roots that a consistency proof leads to (RFC 6962 2.1.2), or None.

    `known` is the first root: it stands for itself where the first tree is a part of the second.
    """
    if first == second:
        rest = [known, *proof] if known else proof
        return (rest[0], rest[0]) if len(rest) == 1 else None
    if not proof:
        return None
    split, other = split_of(second), proof[-1]
    if first <= split:
        both = roots_by_proof(first, split, proof[:-1], known, digest)
        return both and (both[0], digest(b"\x01" + both[1] + other))
    both = roots_by_proof(first - split, second - split, proof[:-1], b"", digest)
    return both and (digest(b"\x01" + other + both[0]), digest(b"\x01" + other + both[1]))


_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)}
_ESCAPES.update({8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"})


def jcs(value: Any) -> str:
    """The RFC 8785 form of None, bool, int, str, list and dict."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.translate(_ESCAPES) + '"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join([jcs(part) for part in value]) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join([jcs(key) + ":" + jcs(value[key]) for key in keys]) + "}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Changed("有重复的键", "a key occurs twice")
    return found


def _number(text: str) -> int:
    if not text.lstrip("-").isdigit() or len(text) > 17 or abs(int(text)) >= INTEGER_BOUND:
        raise Changed("含有非整数或过大的数", "it holds a number that is no integer below 2^53")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_number
)


def parse(line: bytes) -> Any:
    """The value of a line that is byte for byte its own RFC 8785 form; Changed otherwise."""
    try:
        value = _DECODER.decode(line.decode("utf-8"))
        same = jcs(value).encode("utf-8") == line
    except (ValueError, RecursionError):
        raise Changed("不是有效的 JSON (UTF-8)", "it is not valid JSON in UTF-8") from None
    if not same:
        raise Changed("与其 RFC 8785 规范形式不一致", "it is not byte for byte its RFC 8785 form")
    return value


def coded(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """The bytes of base64 in its one spelling; Changed otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if coded(data) != text:
        raise Changed("不是规范的 Base64", "it is not base64 as it is written here")
    return data


def read_entry(line: bytes, number: int) -> dict[str, Any]:
    """The entry on line `number`, given with its line end; Changed if it is none."""
    if not line.endswith(b"\n"):
        raise Changed("行末没有换行符(文件被截断?)", "it has no line end (cut off?)")
    entry = parse(line[:-1])
    kind = entry.get("type") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or not TYPE.fullmatch(kind):
        raise Changed("不是台账条目", "it is no ledger entry")
    if type(entry.get("v")) is not int or entry["v"] != 1:
        raise Changed("v 应为 1", "its v should be 1")
    if type(entry.get("seq")) is not int or entry["seq"] != number:
        raise Changed(f"seq 应为 {number}", f"its seq should be {number}")
    return entry  # type: ignore[no-any-return]


def open_regular(path: Path) -> BinaryIO:
    """The file, open for reading; Unreadable if there is none (a pipe would wait for ever)."""
    if not path.is_file():
        raise Unreadable(f"找不到文件 {path.name}", f"there is no file {path.name}")
    return path.open("rb")


def read_file(path: Path, limit: int = FILE_LIMIT) -> bytes:
    """The bytes of a file; Unreadable if there is none, Changed if it is longer than `limit`."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Changed(f"{shown(path.name)} 过长", f"{shown(path.name)} is too long")
    return content


def not_as_exported() -> Changed:
    """Something is there in another form than an export has."""
    return Changed("形式不符合规定", "it is not of the exported form")


def of_file(name: str, why: Changed) -> Changed:
    """The same said of a file."""
    return type(why)(
        f"{shown(name)} 被改动或损坏:{why.zh}", f"{shown(name)} was changed or damaged: {why.en}"
    )


def read_head(folder: Path) -> tuple[int, Roots]:
    """The size and the roots in `head.json`; Changed if it is not byte for byte as exported."""
    text = read_file(folder / "head.json")
    try:
        said = parse(text[:-1])
        known = isinstance(said, dict) and set(said) == {"size", "sha256_root", "sm3_root"}
        if not text.endswith(b"\n") or not known or type(said["size"]) is not int:
            raise not_as_exported()
    except Changed as why:
        raise of_file("head.json", why) from None
    return said["size"], Roots(said["sha256_root"], said["sm3_root"])


def read_entries(folder: Path, sizes: Iterable[int] = ()) -> Reading:
    """Check every line and build both trees, keeping the roots at each of `sizes` too."""
    trees = Tree(digest_of("sha256")), Tree(digest_of("sm3"))

    def roots() -> Roots:
        return Roots(trees[0].root(), trees[1].root())

    wanted = frozenset(sizes)
    types: dict[str, int] = {}
    signed: list[dict[str, Any]] = []
    checkpoints: list[dict[str, Any]] = []
    workspace, at_size = "", {0: roots()}
    told, number = time.monotonic(), 0
    with open_regular(folder / "entries.jsonl") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = read_entry(line, number)
            except Changed as why:
                raise Changed(
                    f"entries.jsonl 第 {number} 行(seq {number})被改动或损坏:{why.zh}",
                    f"entries.jsonl line {number} (seq {number}) was changed or damaged: {why.en}",
                ) from None
            kind = entry["type"]
            types[kind] = types.get(kind, 0) + 1
            if kind in OF_CHECKPOINTS:
                checkpoints.append(entry)
            elif (
                kind.startswith("key.")
                or (kind == "approval.given" and "statement" in entry)
                or kind in OF_DECISIONS
                or (kind in OF_CARDS and (kind != "card.issued" or entry.get("level") == "red"))
                or kind in OF_CHANGES + OF_DECISIONS
            ):
                signed.append(entry)
            if number == 1:
                workspace = hashlib.sha256(line[:-1]).hexdigest()
            for tree in trees:
                tree.add(line[:-1])
            if number in wanted:
                at_size[number] = roots()
            if number % 256 == 0 and time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                print(f"… {number}", file=sys.stderr, flush=True)
    return Reading(number, types, roots(), signed, checkpoints, workspace, at_size)


def compare_head(size: int, roots: Roots, found: Reading) -> None:
    """Changed unless the entries are as many as `head.json` says and have its two roots."""
    if found.size != size:
        first = min(found.size, size) + 1
        zh, en = ("缺失", "missing") if found.size < size else ("多出", "surplus")
        raise Changed(
            f"head.json 记载 {size} 条,文件有 {found.size} 条:自 seq {first} 起{zh}",
            f"head.json says {size} entries, there are {found.size}: from seq {first} on {en}",
        )
    if found.roots != roots:
        raise Changed(
            f"根值与 head.json 不一致:seq 1..{size} 中有内容被改动,或 head.json 被改动。"
            "各行形式均正确,无法指明是哪一条;较早的根值(--size、--root)可缩小范围",
            f"the roots differ from head.json: content within seq 1..{size} was changed, or "
            "head.json. Every line is well formed, so which cannot be said; an earlier root "
            "(--size, --root) narrows it down",
        )


def compare_anchor(anchor: Anchor, found: Reading) -> str:
    """The tree whose root at the anchor's size is the auditor's; Changed if neither is."""
    if anchor.size > found.size:
        raise cut_off(anchor.size, found, "您的根值", "your root")
    roots = found.at_size[anchor.size]
    if anchor.root not in roots:
        raise Changed(
            f"与您的根值不一致:seq 1..{anchor.size} 中有内容被改动",
            f"your root does not match: content within seq 1..{anchor.size} was changed",
        )
    return "SHA-256" if anchor.root == roots.sha256 else "SM3"


def cut_off(size: int, found: Reading, zh: str, en: str) -> Changed:
    """What is to be said where something vouches for more entries than there are."""
    return Changed(
        f"{zh}对应 {size} 条:自 seq {found.size + 1} 起被截去,或导出早于它",
        f"{en} is of {size} entries: from seq {found.size + 1} on they were cut off, or the "
        "export is older",
    )


# Ed25519, RFC 8032 section 5.1: the field, the order of the base point, the curve's constant.
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


class Point(NamedTuple):
    """A point (x, y) with x = X/Z, y = Y/Z, x*y = T/Z."""

    x: int
    y: int
    z: int
    t: int


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % _P, g * h % _P, f * g % _P, e * h % _P)


@functools.lru_cache(maxsize=64)
def _multiples(point: Point) -> list[list[Point]]:
    """0 to 15 times the point, 16 times the point, 256 times the point …: a row a hex digit."""
    rows = []
    for _ in range(64):
        row = [Point(0, 1, 1, 0)]
        while len(row) < 16:
            row.append(_add(row[-1], point))
        rows.append(row)
        point = _add(row[-1], point)
    return rows


def _times(number: int, point: Point) -> Point:
    """`number` (below 2^256) times the point: quick from the second time on."""
    found = Point(0, 1, 1, 0)
    for row in _multiples(point):
        found = _add(found, row[number & 15])
        number >>= 4
    return found


def _point(data: bytes) -> Point | None:
    """The point of its 32 bytes, or None if they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT % _P
    if y >= _P or x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return Point(x, y, 1, x * y % _P)


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key's holder signed `message` (RFC 8032 section 5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    base, key = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")), _point(public)
    r, s = _point(signature[:32]), int.from_bytes(signature[32:], "little")
    # Of a point of small order (8 times it is the neutral one) anybody can make signatures.
    if base is None or key is None or r is None or s >= _L or _times(8, key)[0] == 0:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = _times(s, base), _add(r, _times(int.from_bytes(digest, "little") % _L, key))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % _P == 0


def _sha256_root(found: Reading, size: int) -> str | None:
    roots = found.at_size.get(size)
    return roots and roots.sha256


class Keys:
    """Whose keys are in use, entry by entry, and who approved which key with a signature."""

    def __init__(self, found: Reading) -> None:
        self.ledger = found
        self.enrolled: dict[str, tuple[str, str]] = {}
        self.revoked: set[str] = set()
        self.approved: dict[tuple[str, str], set[str]] = {}

    def take(self, entry: dict[str, Any]) -> None:
        """A key is enrolled or revoked; Changed unless two signatures stand behind it."""
        key, person = entry["key"], entry["person"]
        if entry["type"] == "key.revoked":
            self.revoked.add(key)
            return
        public = entry["public_key"]
        others = self.approved.get((person, public), set()) - {person}
        first = entry["bootstrap"] and len(self.enrolled) < 2
        named = hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16] == key
        if not named or key in self.enrolled or not (first or entry["recovery"] or len(others) > 1):
            raise Changed("密钥的登记不成立", "the key's enrolment does not hold")
        self.enrolled[key] = person, public

    def check(self, entry: dict[str, Any], line: dict[str, Any]) -> bool:
        """Hold an approval against what was signed; whether it is signed. Changed if it differs."""
        statement = line["statement"].encode("utf-8")
        said = parse(statement)
        if hashlib.sha256(statement).hexdigest() != entry["statement"]["sha256"]:
            raise Changed("与台账所记摘要不符", "its digest is not the one in the ledger")
        if any(said[name] != entry[name] for name in SIGNED) or said["domain"] != DOMAIN:
            raise Changed("与台账所记内容不符", "it says something else than the ledger")
        if line["signature"] != entry["signature"]:
            raise Changed("签名与台账所记不符", "its signature is not the one in the ledger")
        if said["workspace"] != self.ledger.workspace:
            raise Changed("属于另一个工作区", "it is of another workspace")
        size, root = said["ledger"]["size"], said["ledger"]["sha256_root"]
        if size >= entry["seq"] or _sha256_root(self.ledger, size) != root:
            raise Changed(
                "签名时的台账与现在的不符", "the ledger that it was signed on is not this one"
            )
        key, person = entry["key"], entry["person"]
        if key is None and entry["signature"] is None:
            if any(holder == person for holder, _ in self.enrolled.values()):
                raise Changed("缺少签名", "its signature is missing")
            return False
        holder, public = self.enrolled.get(key, ("", ""))
        if holder != person or key in self.revoked:
            raise Changed("密钥当时不是该人的", "the key was not that person's at that time")
        if not signature_holds(bytes.fromhex(public), statement, bytes.fromhex(entry["signature"])):
            raise Changed("签名不成立", "its signature does not hold")
        if entry["act"] == "enrol_key":
            key_of = entry["subject"][len("key:") :], entry["ground"]
            self.approved.setdefault(key_of, set()).add(person)
        return True


def voices_of(entry: dict[str, Any]) -> set[str]:
    """Who speaks in an approval; a deputy and the one absent are one voice."""
    return {entry["person"], entry["on_behalf_of"] or entry["person"]}


def apart(said: Iterable[set[str]]) -> int:
    """How many different voices there are."""
    found: list[set[str]] = []
    for voices in said:
        if not any(voices & others for others in found):
            found.append(voices)
    return len(found)


class Lifts:
    """Which red cards there are, and who signed that they be lifted, entry by entry."""

    def __init__(self, accepted: set[str]) -> None:
        self.red: set[str] = set()
        #: Evidence that was accepted so far.
        self.accepted = accepted
        #: Card of each appeal.
        self.appealed: dict[str, str] = {}
        #: Voices by card, or by the instant of a repair, and by what exactly was signed.
        self.agreed: dict[str, dict[tuple[Any, ...], list[set[str]]]] = {}
        #: Repairs of the clock: what was signed for each.
        self.repairs: dict[str, tuple[Any, ...]] = {}

    def signed(self, entry: dict[str, Any]) -> None:
        """An approval that is signed: it counts if it says to lift a card or repair the clock."""
        kind, _, number = entry["subject"].partition(":")
        card = self.appealed.get(number) if kind == "appeal" else number
        if entry["decision"] != ("repair" if kind == "clock" else "lift") or card is None:
            return
        what = entry["subject"], entry["act"], entry["round"], entry["ground"]
        self.agreed.setdefault(card, {}).setdefault(what, []).append(voices_of(entry))

    def take(self, entry: dict[str, Any]) -> None:
        """A card is issued, appealed against or lifted; Changed if a red one goes unsigned."""
        if entry["type"] == "clock.repaired":
            after, turn = entry.get("after"), entry.get("round")
            self.repairs[f"{after}/{turn}"] = f"clock:{after}", "repair_clock", turn, None
            return
        card = entry.get("card")
        if not isinstance(card, str):
            return
        if entry["type"] == "card.issued":
            self.red.add(card)
        elif entry["type"] == "appeal.filed":
            self.appealed[str(entry.get("appeal"))] = card
        elif entry.get("reason") in BY_SCAN:
            self.by_evidence(card, entry)
        elif entry.get("reason") == CLOCK_ERROR:
            self.by_repair(card, str(entry.get("repair")), entry["seq"])
        elif card in self.red:
            self.check(card, self.agreed.get(card, {}).values(), entry["seq"])

    def by_repair(self, card: str, repair: str, seq: int) -> None:
        """Changed unless two persons have signed the repair of the clock that lifts the card."""
        what = self.repairs.get(repair)
        if what is None:
            raise Changed(
                f"seq {seq}:牌 {shown(card)} 因时钟错误被撤销,却没有时钟更正的记录",
                f"seq {seq}: the card {shown(card)} was lifted for a clock that nobody repaired",
            )
        self.check(card, [self.agreed.get(repair.partition("/")[0], {}).get(what, [])], seq)

    def by_evidence(self, card: str, entry: dict[str, Any]) -> None:
        """Changed unless all evidence that was held back and lifts the card was accepted."""
        rests_on = entry.get("rests_on")
        for number in rests_on.get("evidence", ()) if isinstance(rests_on, dict) else ():
            if number not in self.accepted:
                raise Changed(
                    f"seq {entry['seq']}:牌 {shown(card)} 因证据 {shown(str(number))} "
                    "被撤销,却没有采信该证据的决定",
                    f"seq {entry['seq']}: the card {shown(card)} was lifted by the evidence "
                    f"{shown(str(number))}, which nobody accepted",
                )

    def check(self, card: str, given: Iterable[list[set[str]]], seq: int) -> None:
        """Changed unless two persons have signed the same that lifts the card."""
        if all(apart(voices) < 2 for voices in given):
            zh, en = ("红牌", "red card") if card in self.red else ("牌", "card")
            raise Changed(
                f"seq {seq}:{zh} {shown(card)} 被撤销,却没有两人的签名",
                f"seq {seq}: the {en} {shown(card)} was lifted without two persons' signatures",
            )


class Decisions:
    """What persons decided about evidence and about whose cases are, and who signed it."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        #: By subject, decision and round: who approved, for whom, and whether it is signed.
        self.agreed: dict[tuple[Any, ...], list[tuple[str, set[str], bool]]] = {}

    def given(self, entry: dict[str, Any], signed: bool) -> None:
        """An approval that holds; a claim is enough for some where no keys are in use."""
        if entry["act"] in ("decide_evidence", "hand_over"):
            what = entry["subject"], entry["decision"], entry["round"]
            said = entry["person"], voices_of(entry), signed
            self.agreed.setdefault(what, []).append(said)

    def take(self, entry: dict[str, Any], red: set[str], keys: bool) -> None:
        """Evidence is decided on, or cases change hands; Changed if who signed has not."""
        names = entry["signed_by"]
        if entry["type"] == "evidence.decided":
            decision = entry["decision"]
            subject = f"evidence:{entry['target']}@{entry['matters']}/{DECIDED[decision]}"
            what = subject, DECIDED[decision], 0
            must = decision == "accepted" and not red.isdisjoint(entry["cards"])
            wanted = 2 if must else 1
        elif entry["event"] is not None:
            return  # the former owner's own row says so
        else:
            subject = f"source:{entry['from']}>{entry['to']}"
            subject += "" if entry["case"] is None else f"/{entry['case']}"
            what = subject, "hand_over", entry["round"]
            must, wanted = True, 2 if keys or names else 0
        said = [one for one in self.agreed.get(what, []) if one[0] in names]
        if must:
            said = [one for one in said if one[2]]
        if {one[0] for one in said} != set(names) or apart(one[1] for one in said) < wanted:
            raise Changed(
                f"{shown(subject)} 的决定缺少应有的签名",
                f"the decision on {shown(subject)} lacks signatures",
            )
        if entry["type"] == "evidence.decided" and decision == "accepted":
            self.accepted.update(each["evidence"] for each in entry["evidence"])


class Changes:
    """Which changes of rules were proposed by whom, and who signed that they take effect."""

    def __init__(self) -> None:
        self.proposed: dict[str, dict[str, Any]] = {}
        #: By change the voices of each signature, and the digest of what they signed.
        self.agreed: dict[str, list[tuple[set[str], Any]]] = {}

    def signed(self, entry: dict[str, Any]) -> None:
        """An approval that is signed: it counts if it is one of a change."""
        kind, _, number = entry["subject"].partition(":")
        if kind == "change" and entry["act"] == "approve_change":
            voices = {entry["person"], entry["on_behalf_of"] or entry["person"]}
            self.agreed.setdefault(number, []).append((voices, entry["ground"]))

    def take(self, entry: dict[str, Any]) -> None:
        """A change is proposed, or takes effect; Changed if nobody else has signed that."""
        number = entry.get("change")
        if not isinstance(number, str):
            return
        if entry["type"] == "change.proposed":
            self.proposed[number] = entry
        elif entry.get("mode") != "none":
            first = self.proposed.get(number, {})
            own = {first.get("person"), first.get("on_behalf_of") or first.get("person")}
            what = entry.get("sha256")
            given = self.agreed.get(number, [])
            if what != first.get("sha256") or all(v & own or what != g for v, g in given):
                raise Changed(
                    f"seq {entry['seq']}:变更 {shown(number)} 生效,却没有另一人的签名",
                    f"seq {entry['seq']}: the change {shown(number)} took effect without another "
                    "person's signature",
                )


def signed_sizes(folder: Path) -> set[int]:
    """The sizes of the ledger on which approvals and changes of keys were signed."""
    sizes = set()
    for name, mark in (("approvals.jsonl", b""), ("entries.jsonl", b'"ledger.key_rotated"')):
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                for line in file:
                    try:
                        said = json.loads(line) if mark in line else {}
                        size = json.loads(said["statement"])["ledger"] if not mark else said
                        sizes.add(size["size"])
                    except (ValueError, KeyError, TypeError, RecursionError):
                        continue  # what cannot be read is said when it is checked
    return {size for size in sizes if type(size) is int}


def check_approvals(folder: Path, found: Reading) -> tuple[int, int]:
    """How many approvals there are and how many are signed; Changed at the first that is not so."""
    wanted = sum(entry["type"] == "approval.given" for entry in found.signed)
    path, lines, entries = folder / "approvals.jsonl", [], found.signed
    if not wanted and not path.exists():
        entries = [
            entry for entry in entries if entry["type"] in OF_CARDS + OF_CHANGES + OF_DECISIONS
        ]
    else:
        with open_regular(path) as file:
            lines = file.read().splitlines(keepends=True)
    keys, decisions, changes, given, signed = Keys(found), Decisions(), Changes(), 0, 0
    lifts = Lifts(decisions.accepted)
    for entry in entries:
        if entry["type"] in OF_CARDS + OF_CHANGES:
            (lifts if entry["type"] in OF_CARDS else changes).take(entry)
            continue
        try:
            if entry["type"] in OF_DECISIONS:
                decisions.take(entry, lifts.red, bool(keys.enrolled))
                continue
            if entry["type"] != "approval.given":
                keys.take(entry)
                continue
            line = lines[given] if given < len(lines) else b""
            if not line.endswith(b"\n"):
                raise Changed("缺失", "it is missing")
            value = parse(line[:-1])
            if value["seq"] != entry["seq"]:
                raise Changed("缺失或次序不对", "it is missing or out of order")
            given += 1
            by_key = keys.check(entry, value)
            decisions.given(entry, by_key)
            if by_key:
                signed += 1
                lifts.signed(entry)
                changes.signed(entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _of_entry(entry, not_as_exported()) from None
        except Changed as why:
            raise _of_entry(entry, why) from None
    if len(lines) > given:
        raise Changed(
            f"approvals.jsonl 多出 {len(lines) - given} 行",
            f"approvals.jsonl has {len(lines) - given} surplus lines",
        )
    return given, signed


def of_seq(entry: dict[str, Any], why: Changed) -> Changed:
    """The same said of an entry about checkpoints."""
    return type(why)(f"seq {entry['seq']}:{why.zh}", f"seq {entry['seq']}: {why.en}")


def _of_entry(entry: dict[str, Any], why: Changed) -> Changed:
    return Changed(
        f"seq {entry['seq']} 的密钥或批准(approvals.jsonl)不成立:{why.zh}",
        f"the key or approval of seq {entry['seq']} (approvals.jsonl) does not hold: {why.en}",
    )


def key_of(text: str) -> Key:
    """The key that a vkey says; Changed if it is none or its digits do not fit."""
    match = VKEY.fullmatch(text)
    if not match:
        raise Changed("不是密钥:名称+8 位十六进制+Base64", "no key: NAME+8 HEX DIGITS+BASE64")
    data = decoded(match[3])
    key = Key(match[1], data[0], data[1:])
    if key.id.hex() != match[2]:
        raise Changed("密钥与其校验位不符(抄错?)", "the key does not fit its digits (mistyped?)")
    return key


def signatures_of(match: re.Match[str]) -> tuple[tuple[str, bytes, bytes], ...]:
    """Name, 4 bytes and signature of each who signed a note; Changed if they are misspelled."""
    parts = [line[2:].split(" ") for line in match["signatures"].split("\n")[:-1]]
    found = [(name, decoded(text)[:4], decoded(text)[4:]) for name, text in parts]
    if len({one[:2] for one in found}) < len(found) or len(found) > MOST_SIGNATURES:
        raise Changed("同一密钥重复签名或签名过多", "a key has signed it twice, or too many have")
    return tuple(found)


def note_of(match: re.Match[str] | None, place: str) -> Note:
    """The checkpoint that `NOTE` found; Changed if there is none or it is misspelled."""
    if not match:
        raise not_as_exported()
    size, root = int(match["size"]), decoded(match["root"]).hex()
    return Note(match["text"], match["origin"], size, root, signatures_of(match), place)


def signed_by(text: str, signatures: Iterable[tuple[str, bytes, bytes]], key: Key) -> bool:
    """Whether the key has signed, as far as can be seen here; Changed if its signature is wrong."""
    for name, key_id, value in signatures:
        if (name, key_id) == (key.name, key.id) and key.kind == ED25519:
            if not signature_holds(key.public, text.encode("utf-8"), value):
                raise Changed(f"密钥 {key} 的签名不成立", f"the key {key} has not signed this")
            return True
    return False


def signer_of(note: Note, terms: Iterable[Term]) -> Key:
    """Which of the keys has signed a checkpoint: UnknownKey if none of them has, or another kind.

    Changed if a signature does not hold or its key was not in use at this size.
    """
    place = shown(note.place)
    for key, since, until, _ in terms:
        try:
            signed = signed_by(note.text, note.signatures, key)
        except Changed as why:
            raise of_file(note.place, why) from None
        if signed and since <= note.size <= (note.size if until is None else until):
            return key
        if signed:
            raise Changed(
                f"{place} 的签署密钥 {key} 在 {note.size} 条时不在使用",
                f"{place}: the key {key} was not in use at {note.size} entries",
            )
    names = ", ".join(shown(f"{name}+{key_id.hex()}") for name, key_id, _ in note.signatures)
    raise UnknownKey(
        f"{place} 由 {names} 签署:不是您认可的密钥,或此类密钥须用其他程序核对",
        f"{place} is signed by {names}: none of the keys that you know, or of a kind that takes "
        "another program to check",
    )


def terms_of(found: Reading) -> list[Term]:
    """The keys that sign checkpoints, as the ledger says; Changed at the first that is not so."""
    terms: list[Term] = []
    for entry in found.checkpoints:
        if entry["type"] == "checkpoint.made":
            continue
        seq, before = entry["seq"], terms[-1] if terms else None
        try:
            match = SIGNED_TEXT.fullmatch(entry["note"])
            if not match:
                raise not_as_exported()
            signatures, key = signatures_of(match), key_of(entry["new"])
            root = coded(bytes.fromhex(_sha256_root(found, entry["size"]) or ""))
            said = STATEMENT, key.name, entry["old"] or "-", key.vkey, str(entry["size"]), root, ""
            if match["text"] != "\n".join(said) or entry["size"] >= seq:
                raise Changed("与所签内容不符", "it is not what was signed")
            if entry["old"] != (before and before.key.vkey):
                raise Changed("与前一密钥不衔接", "it does not follow the key before")
            if not signed_by(match["text"], signatures, key) and key.kind == ED25519:
                raise Changed("新密钥没有签名", "the new key has not signed")
            vouched = not before or signed_by(match["text"], signatures, before.key)
        except (KeyError, TypeError, AttributeError):
            raise of_seq(entry, not_as_exported()) from None
        except Changed as why:
            raise of_seq(entry, why) from None
        if before:
            terms[-1] = before._replace(until=seq - 1)
        terms.append(Term(key, seq if before else 0, None, vouched))
    return terms


def trusted(terms: list[Term], given: Sequence[Key]) -> list[Term]:
    """The keys that are the auditor's, and those that they vouch for from change to change."""
    known = set(given)
    links = [{old.key, new.key} for old, new in zip(terms, terms[1:]) if new.vouched]
    for link in links + links[::-1]:
        known |= link if known & link else set()
    listed = {term.key for term in terms}
    return [term for term in terms if term.key in known] + [
        Term(key, 0, None) for key in given if key not in listed
    ]


def exported_notes(folder: Path) -> list[tuple[str, Note]]:
    """Tree and checkpoint of each file in `checkpoints`, smallest first."""
    found, place = [], folder / "checkpoints"
    for path in place.iterdir() if place.is_dir() else ():
        if path.suffix != ".note":
            continue  # what a file manager leaves in a folder
        try:
            name = NOTE_FILE.fullmatch(path.name)
            text = read_file(path, NOTE_LIMIT).decode("utf-8", "replace")
            note = note_of(NOTE.fullmatch(text), path.name)
            if not name or name[1] != str(note.size).zfill(12):
                raise not_as_exported()
        except Changed as why:
            raise of_file(path.name, why) from None
        found.append((name[2], note))
    return sorted(found, key=lambda pair: (pair[1].size, pair[0]))


def compare_roots(notes: Iterable[Note], found: Reading) -> None:
    """Changed unless the entries have the root of every note; says from where on they have not."""
    sound = last = 0
    for note in notes:
        if note.size > found.size:
            raise cut_off(note.size, found, f"检查点 {note.place} ", f"checkpoint {note.place}")
        if note.size > last:
            sound, last = last, note.size
        if note.root not in found.at_size[note.size]:
            raise Changed(
                f"seq {sound + 1}..{note.size} 中有内容被改动:根值与检查点 {note.place} 不一致",
                f"content within seq {sound + 1}..{note.size} was changed: the root is not that of "
                f"the checkpoint {note.place}",
            )


def compare_entries(notes: Iterable[tuple[str, Note]], found: Reading) -> None:
    """Changed unless the ledger says of exactly these checkpoints that they were made."""
    left = {(tree, note.size): note for tree, note in notes}
    for entry in found.checkpoints:
        size = entry.get("size") if entry["type"] == "checkpoint.made" else None
        for tree in TREES if entry["type"] == "checkpoint.made" else ():
            note = left.pop((tree, size), None) if type(size) is int else None
            if not note or {note.root} != {
                entry.get(f"{tree}_root"),
                getattr(found.at_size[note.size], tree),
            }:
                raise of_seq(
                    entry,
                    Changed(
                        f"{TREE_NAMES[tree]} 检查点缺失或不符",
                        f"its {TREE_NAMES[tree]} checkpoint is missing or another",
                    ),
                )
    for note in left.values():
        raise Changed(
            f"台账没有记载检查点 {note.place}",
            f"the ledger does not know of the checkpoint {note.place}",
        )


def compare_proofs(folder: Path, notes: list[tuple[str, Note]]) -> None:
    """Changed unless `consistency.json` proves each checkpoint from the one before it."""
    by_tree = [(tree, [note for kind, note in notes if kind == tree]) for tree in TREES]
    pairs = [(tree, *two) for tree, some in by_tree for two in zip(some, some[1:])]
    text = read_file(folder / "consistency.json")
    try:
        proofs = [part["proof"] for part in parse(text[:-1])]
        again = [
            {"tree": tree, "first": old.size, "second": new.size, "proof": proof}
            for (tree, old, new), proof in zip(pairs, proofs)
        ]
        if len(proofs) != len(pairs) or (jcs(again) + "\n").encode("utf-8") != text:
            raise Changed("不是相邻检查点的逐对证明", "it is not one proof from each to the next")
        for (tree, old, new), proof in zip(pairs, proofs):
            nodes = [bytes.fromhex(node) for node in proof if HEX.fullmatch(node)]
            roots = bytes.fromhex(old.root), bytes.fromhex(new.root)
            led = roots_by_proof(old.size, new.size, nodes, roots[0], digest_of(tree))
            if len(nodes) != len(proof) or led != roots:
                raise Changed(
                    f"{TREE_NAMES[tree]} 自 {old.size} 条至 {new.size} 条的证明不成立",
                    f"its {TREE_NAMES[tree]} proof from {old.size} to {new.size} does not hold",
                )
    except (KeyError, TypeError):
        raise of_file("consistency.json", not_as_exported()) from None
    except Changed as why:
        raise of_file("consistency.json", why) from None


def compare_trust(folder: Path, terms: list[Term]) -> None:
    """Changed unless `trust.json` names exactly the keys that the ledger says."""
    keys = [
        {"vkey": key.vkey, "from_size": since, "until_size": until}
        for key, since, until, _ in terms
    ]
    said = jcs({"keys": keys, "origin": terms[0].key.name}) if terms else ""
    if read_file(folder / "trust.json") != (said + "\n").encode("utf-8") or not terms:
        why = Changed("与台账所记的密钥不符", "its keys are not those that the ledger says")
        raise of_file("trust.json", why)


def of_text(data: Any) -> str:
    """Text with the line ends that it had before a mail or an editor changed them."""
    text = data.decode("utf-8-sig", "replace") if isinstance(data, bytes) else ""
    return text.replace("\r\n", "\n") + "\n"


def received(paths: Iterable[Path]) -> tuple[Note, ...]:
    """The checkpoints in files, and in all files of folders: as notes, or in mails.

    Unreadable where a file or folder has none.
    """
    notes: dict[Any, Note] = {}
    for path in paths:
        before = len(notes)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if path.is_dir() and not file.is_file():
                continue
            data = read_file(file, MAIL_LIMIT)
            texts: list[Any] = [data]
            if not NOTE.search(of_text(data)):
                parts = email.message_from_bytes(data).walk()
                texts = [part.get_payload(decode=True) for part in parts]
            for match in (match for text in texts for match in NOTE.finditer(of_text(text))):
                try:
                    note = note_of(match, file.name)
                except Changed as why:
                    raise of_file(file.name, why) from None
                notes[note[:5]] = note
        if len(notes) == before:
            name = shown(str(path))
            raise Unreadable(f"{name} 中没有检查点", f"there is no checkpoint in {name}")
    return tuple(sorted(notes.values(), key=lambda note: note.size))


def say(zh: str, en: str) -> None:
    """One statement in both languages."""
    print(f"{zh}\n  {en}")


def shown(text: str) -> str:
    """`text` without anything that a terminal would obey."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class Verified(NamedTuple):
    """What was found to hold."""

    found: Reading
    #: How many checkpoints each key has signed.
    signed: dict[Key, int]
    #: How far something from elsewhere vouches for the entries; None: nothing was given.
    vouched: int | None


def examine(folder: Path, brought: Brought, tell: Callable[[str], object] = print) -> Verified:
    """Verify the folder, telling what was found; Changed, Unreadable or UnknownKey otherwise."""
    anchor, (size, roots), notes = brought.anchor, read_head(folder), exported_notes(folder)
    sizes = signed_sizes(folder) | {note.size for note in brought.notes}
    sizes |= {note.size for _, note in notes} | ({anchor.size} if anchor else set())
    found = read_entries(folder, sizes)
    tell(f"条目 entries: {found.size}")
    for kind in sorted(found.types):
        tell(f"  {kind:<28} {found.types[kind]:>8}")
    # What comes from elsewhere first: where all differ, it narrows the place down.
    if anchor:
        tree = compare_anchor(anchor, found)
        tell(f"外部根值一致 the outside root matches: {tree}, seq 1..{anchor.size}")
    own = of_this_ledger(brought.notes, found)
    compare_roots(own, found)
    for note in own:
        tell(f"您的检查点一致 your checkpoint matches: {shown(note.place)}, seq 1..{note.size}")
    if len(own) < len(brought.notes):
        others = len(brought.notes) - len(own)
        tell(f"未核对:属于其他台账的检查点 not compared, being of other ledgers: {others}")
    compare_roots([note for _, note in notes], found)
    compare_head(size, roots, found)
    given, signed = check_approvals(folder, found)
    if given:
        tell(f"批准 approvals: {given}; 签名成立 with a signature that holds: {signed}")
    for entry in found.signed:
        if entry["type"] == "key.enrolled" and entry.get("recovery"):
            who = shown(f"{entry.get('person')} {entry.get('key')}")
            tell(f"  注意 note: seq {entry['seq']} 个人密钥由数据库所有者恢复,无人签名 a key that "
                 f"the database's owner put in, signed for by nobody: {who}")  # fmt: skip
    counted = check_checkpoints(folder, notes, own, found, brought.keys, tell)
    tell("已核对两棵树,均与 head.json 一致 both trees were checked and agree with head.json:")
    tell(f"  SHA-256 {found.roots.sha256}\n  SM3     {found.roots.sm3} ({best_sm3()[1]})")
    vouching = [note.size for note in own] + ([anchor.size] if anchor else [])
    vouching += [note.size for _, note in notes[-1:] if brought.keys]
    return Verified(found, counted, max(vouching) if vouching else None)


def of_this_ledger(notes: tuple[Note, ...], found: Reading) -> list[Note]:
    """Of the auditor's checkpoints those of this ledger; Changed if there are none of it."""
    keys = [str(entry.get("new")) for entry in found.checkpoints if "new" in entry]
    origin = keys[0].split("+")[0] if keys else "—"
    own = [note for note in notes if note.origin in {origin + end for end in TREES.values()}]
    if notes and not own:
        raise Changed(
            f"您的检查点属于台账 {shown(notes[0].origin)},本导出属于 {shown(origin)}",
            f"your checkpoint is of the ledger {shown(notes[0].origin)}, this is {shown(origin)}",
        )
    return own


def check_checkpoints(
    folder: Path,
    notes: list[tuple[str, Note]],
    own: list[Note],
    found: Reading,
    given: tuple[Key, ...],
    tell: Callable[[str], object],
) -> dict[Key, int]:
    """How many checkpoints each key has signed; Changed or UnknownKey if anything does not fit."""
    files = [(folder / name).exists() for name in ("trust.json", "consistency.json")]
    counted: dict[Key, int] = {}
    if found.checkpoints or notes or any(files):
        terms = terms_of(found)
        compare_entries(notes, found)
        compare_trust(folder, terms)
        compare_proofs(folder, notes)
        for tree, note in notes:
            if note.origin != terms[0].key.name + TREES[tree]:
                raise of_file(note.place, Changed("属于另一棵树", "it is of another tree"))
        known = trusted(terms, given) if given else terms
        for note in [note for _, note in notes] + own:
            key = signer_of(note, known)
            counted[key] = counted.get(key, 0) + 1
        trees = [tree for tree, _ in notes]
        some = ", ".join(f"{TREE_NAMES[tree]} {trees.count(tree)}" for tree in TREES)
        tell(f"检查点 checkpoints: {some}; 与条目、证明一致 they fit entries and proofs")
        for key, number in counted.items():
            zh, en = (
                ("由您的密钥认可", "vouched for by yours") if given else ("随导出", "of the export")
            )
            zh, en = ("您的密钥", "your key") if key in given else (zh, en)
            tell(f"  {key}: {number} 个签名成立 signatures hold ({zh} {en})")
        for term in terms:
            if not term.vouched:
                tell(
                    f"  注意 note: 自 seq {term.since} 起换用 {term.key},前一密钥没有签名 "
                    "a new key, not signed for by the one before"
                )
    if given and not counted:
        raise UnknownKey("导出中没有用您的密钥签署的内容", "nothing here is signed by your key")
    return counted


class SlipFound(NamedTuple):
    """What a slip says, filled in as far as it holds: its entry, its checkpoints, who signed."""

    entry: dict[str, Any]
    notes: list[Note]
    signers: list[Key]


def check_slip(
    path: Path, given: Sequence[Key], tell: Callable[[str], object], said: SlipFound
) -> None:
    """Verify a slip, telling what it says; Changed, Unreadable or UnknownKey otherwise."""
    text, notes = read_file(path, SLIP_LIMIT).rstrip(b"\r\n"), []
    try:
        slip = parse(text)
        entry, proofs = slip["entry"], slip["proofs"]
        line = jcs(entry).encode("utf-8")
        entry = read_entry(line + b"\n", entry["seq"])
        again = []
        for tree, proof in zip(TREES, proofs):
            note = note_of(NOTE.fullmatch(proof["note"]), f"{shown(path.name)}:{tree}")
            notes.append(note)
            nodes = [decoded(node) for node in proof["path"]]
            again.append({"tree": tree, "note": proof["note"], "index": entry["seq"] - 1,
                          "size": note.size, "path": proof["path"]})  # fmt: skip
            digest = digest_of(tree)
            root = entry["seq"] <= note.size and root_by_path(
                digest(b"\x00" + line), entry["seq"] - 1, note.size, nodes, digest
            )
            if not root or root.hex() != note.root:
                raise Changed(
                    f"该条目不在 {TREE_NAMES[tree]} 检查点的台账中",
                    f"the entry is not in the ledger of its {TREE_NAMES[tree]} checkpoint",
                )
        if (
            len(notes) != len(TREES)
            or jcs({"v": 1, "entry": entry, "proofs": again}).encode() != text
        ):
            raise not_as_exported()
        if notes[1].origin != notes[0].origin + TREES["sm3"]:
            raise Changed("检查点属于另一棵树", "a checkpoint is of another tree")
    except (KeyError, TypeError, AttributeError, ValueError):
        raise of_file(path.name, not_as_exported()) from None
    except Changed as why:
        raise of_file(path.name, why) from None
    said.entry.update(entry)
    said.notes.extend(notes)
    tell(f"条目 entry: seq {entry['seq']} {entry['type']}")
    for name in ("at", "card", "subject", "level", "state", "department"):
        if isinstance(entry.get(name), str):
            tell(f"  {name:<10} {shown(entry[name])}")
    for tree, note in zip(TREES, notes):
        where = f"{shown(note.origin)}, {TREE_NAMES[tree]}, seq 1..{note.size}"
        tell(f"在台账中 it is in the ledger: {where}")
    if not given:
        raise UnknownKey(
            "凭证自身相符,但未给出密钥(--key),不知由谁签署",
            "the slip fits itself, but without the key (--key) nobody knows who signed it",
        )
    for note in notes:
        said.signers.append(signer_of(note, [Term(key, 0, None) for key in given]))
        tell(f"签名成立 signature holds: {said.signers[-1]}")


def verify(folder: Path, brought: Brought) -> None:
    """Verify the folder and print what was found."""
    print(f"台账核验 ledger verification: {shown(str(folder.absolute()))}")
    done = examine(folder, brought)
    print("结论 RESULT: 通过 OK")
    if done.signed and not brought.keys:
        say(
            "注意:密钥随导出而来,不能证明由谁签署。请用 --key 给出您另行得到(纸面)的密钥。",
            "Note: the keys came with the export and prove nothing about who signed. Give the key "
            "that you have from elsewhere, on paper: --key VKEY",
        )
    if done.vouched is None:
        say(
            "注意:未提供外部根值、检查点或密钥。若全部内容被一并重写,本核验无法发现。"
            "请用 --key、--checkpoint 或 --size N --root 核对您从别处(纸面、公报、邮件)得到的。",
            "Note: without an outside root, checkpoint or key a full rewrite is not detectable. "
            "Give one from paper, a bulletin or a mail: --key, --checkpoint, --size N --root",
        )
    elif done.vouched < done.found.size:
        say(
            f"注意:seq {done.vouched + 1} 起晚于您的根值、检查点,只与 head.json 核对过。",
            f"Note: from seq {done.vouched + 1} on only head.json vouches; yours is earlier.",
        )
    say(
        "注意:不能证明所记属实或没有漏记;请使用您自己保存的 verify.py。",
        "Note: not proved: that entries are true or complete. Use a verify.py of your own keeping.",
    )


def _root(text: str) -> str:
    """A root as typed from paper: base64, or hex in groups of any case."""
    root = re.sub(r"[\s-]", "", text).lower()
    try:
        root = root if HEX.fullmatch(root) else decoded(text.strip()).hex()
    except Changed:
        root = ""
    if not HEX.fullmatch(root):
        raise argparse.ArgumentTypeError("根值应为 64 位十六进制或 Base64 a root is hex or base64")
    return root


def _key(text: str) -> Key:
    """A key as typed from paper."""
    try:
        return key_of(text.strip())
    except Changed as why:
        raise argparse.ArgumentTypeError(f"{why.zh} {why.en}") from None


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line says; exits with 2 on wrong usage."""
    title, usage = str(__doc__).split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=title, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--key", type=_key, action="append", default=[], metavar="VKEY", help="密钥 key on paper")
    if argv[:1] == ["slip"]:
        add("slip", help=argparse.SUPPRESS)
        add("file", type=Path, help="凭证 the slip")
        return parser.parse_args(argv)
    add("folder", nargs="?", type=Path, default=Path(), help="导出的文件夹 the exported folder")
    told = "您收到的检查点 checkpoints that you received: FILE or FOLDER"
    add("--checkpoint", type=Path, action="append", default=[], metavar="FILE", help=told)
    add("--size", type=int, metavar="N", help="根值对应的条目数 size of the root")
    add("--root", type=_root, metavar="ROOT", help="您持有的根值 the root you hold")
    given = parser.parse_args(argv)
    if (given.size is None) != (given.root is None) or (given.size or 0) < 0:
        parser.error("--size (≥ 0) 与 --root 须同时给出 --size (≥ 0) and --root go together")
    return given


def run(given: argparse.Namespace) -> None:
    """Verify what the command line says and print what was found."""
    if hasattr(given, "slip"):
        print(f"凭证核验 slip verification: {shown(str(given.file.absolute()))}")
        check_slip(given.file, given.key, print, SlipFound({}, [], []))
        print("结论 RESULT: 通过 OK")
        return
    anchor = None if given.size is None else Anchor(given.size, given.root)
    verify(given.folder, Brought(anchor, tuple(given.key), received(given.checkpoint)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verification and return the exit code; nothing is ever raised to the terminal."""
    for stream in (sys.stdout, sys.stderr):
        # A console without Chinese shows escapes instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = arguments(sys.argv[1:] if argv is None else list(argv))
    try:
        try:
            run(given)
        except Changed as stop:
            print(f"结论 RESULT: {stop.verdict}")
            say(stop.zh, stop.en)
            return stop.code
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads the answer any more; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Unreadable.code
    except (KeyboardInterrupt, Exception) as fault:  # noqa: BLE001  whatever it is, it is not "OK"
        reason = shown(f"{type(fault).__name__} {fault}"[:300])
        print(f"无法核验 cannot verify: {reason}", file=sys.stderr)
        return Unreadable.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
