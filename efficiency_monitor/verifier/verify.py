"""离线核验导出的台账。 Verify an exported ledger offline.

    python verify.py [FOLDER] [--size N --root HEX]

One file, standard library only, Python 3.8 or later, no network. FOLDER (default: the current one)
holds `entries.jsonl`, one entry a line in RFC 8785 form, and `head.json`, the size and the roots of
two RFC 6962 trees over these lines, one in SHA-256, one in SM3 (GB/T 32905-2016). N and HEX are a
size and a root that you hold from elsewhere: on paper, in a bulletin, in a mail. Where persons
approved something, `approvals.jsonl` says what each of them signed: it is held against the entries,
and each signature (Ed25519, RFC 8032) against the key that was that person's at that time, in this
ledger and on the ledger as it stood when it was given. A red card that persons lifted must have two
persons' signatures behind it.

Exit code 0: as exported; 1: changed or damaged; 2: a file is missing or unreadable, wrong usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import operator
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

INTEGER_BOUND = 2**53
HEAD_LIMIT = 4096
PROGRESS_EVERY = 2.0
HEX = re.compile(r"[0-9a-f]{64}")
#: What a signed statement of an approval opens with, and what it has in common with its entry.
DOMAIN = "effmon/approval/v1"
SIGNED = ("act", "subject", "round", "decision", "ground", "text", "evidence", "person",
          "on_behalf_of", "key")  # fmt: skip
TYPE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
#: Entries about cards that are asked whether a red card was lifted rightly, and the reasons for
#: which a scan lifts one, without anybody's signature.
OF_CARDS = ("card.issued", "card.lifted", "appeal.filed")
BY_SCAN = ("late_evidence", "calendar_amended")


class Changed(Exception):
    """Something is not as it was exported; says what in both languages."""

    code, verdict = 1, "不通过 NOT OK"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Unreadable(Changed):
    """Nothing can be said, because a file is missing or the system does not give it to us."""

    code, verdict = 2, "无法核验 UNREADABLE"


class Roots(NamedTuple):
    """Both roots of a ledger, 64 hex digits each."""

    sha256: str
    sm3: str


class Anchor(NamedTuple):
    """A size and a root (64 hex digits) that the auditor brings from elsewhere."""

    size: int
    root: str


class Reading(NamedTuple):
    """What `entries.jsonl` holds; `prefix` are the roots at the anchor's size, None if beyond."""

    size: int
    types: dict[str, int]
    roots: Roots
    prefix: Roots | None
    #: Entries about approvals and keys, red cards and what was lifted, in order.
    signed: list[dict[str, Any]]
    #: SHA-256 of the first entry, which names the workspace; empty if there is none.
    workspace: str
    #: The SHA-256 roots at the sizes that were asked for.
    at_size: dict[int, str]


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


def read_head(folder: Path) -> tuple[int, Roots]:
    """The size and the roots in `head.json`; Changed if it is not byte for byte as exported."""
    with open_regular(folder / "head.json") as file:
        text = file.read(HEAD_LIMIT)
    try:
        said = parse(text[:-1])
        known = isinstance(said, dict) and set(said) == {"size", "sha256_root", "sm3_root"}
        if not text.endswith(b"\n") or not known or type(said["size"]) is not int:
            raise Changed("形式不符合规定", "it is not of the exported form")
    except Changed as why:
        raise Changed(
            f"head.json 被改动或损坏:{why.zh}", f"head.json was changed or damaged: {why.en}"
        ) from None
    return said["size"], Roots(said["sha256_root"], said["sm3_root"])


def read_entries(
    folder: Path,
    digest: Callable[[bytes], bytes],
    prefix_size: int,
    sizes: frozenset[int] = frozenset(),
) -> Reading:
    """Check every line and build both trees, keeping the roots at `prefix_size` (-1: none) too.

    Of each of `sizes` the SHA-256 root is kept.
    """
    trees = Tree(lambda data: hashlib.sha256(data).digest()), Tree(digest)

    def roots() -> Roots:
        return Roots(trees[0].root(), trees[1].root())

    types: dict[str, int] = {}
    signed: list[dict[str, Any]] = []
    prefix = roots() if prefix_size == 0 else None
    workspace, at_size = "", {}
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
            if (
                kind.startswith("key.")
                or (kind == "approval.given" and "statement" in entry)
                or (kind in OF_CARDS and (kind != "card.issued" or entry.get("level") == "red"))
            ):
                signed.append(entry)
            if number == 1:
                workspace = hashlib.sha256(line[:-1]).hexdigest()
            for tree in trees:
                tree.add(line[:-1])
            if number in sizes:
                at_size[number] = trees[0].root()
            if number == prefix_size:
                prefix = roots()
            if number % 256 == 0 and time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                print(f"… {number}", file=sys.stderr, flush=True)
    return Reading(number, types, roots(), prefix, signed, workspace, at_size)


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
    if found.prefix is None:
        raise Changed(
            f"您的根值对应 {anchor.size} 条:自 seq {found.size + 1} 起被截去,或导出早于该根值",
            f"your root is of {anchor.size} entries: from seq {found.size + 1} on they were cut "
            "off, or the export is older than your root",
        )
    if anchor.root not in found.prefix:
        raise Changed(
            f"与您的根值不一致:seq 1..{anchor.size} 中有内容被改动",
            f"your root does not match: content within seq 1..{anchor.size} was changed",
        )
    return "SHA-256" if anchor.root == found.prefix.sha256 else "SM3"


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


def _times(number: int, point: Point) -> Point:
    found = Point(0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point = _add(point, point)
        number >>= 1
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
        if size >= entry["seq"] or self.ledger.at_size.get(size) != root:
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


class Lifts:
    """Which red cards there are, and who signed that they be lifted, entry by entry."""

    def __init__(self) -> None:
        self.red: set[str] = set()
        #: Card of each appeal.
        self.appealed: dict[str, str] = {}
        #: Voices by card and what exactly was signed; a deputy and the one absent are one voice.
        self.agreed: dict[str, dict[tuple[Any, ...], list[set[str]]]] = {}

    def signed(self, entry: dict[str, Any]) -> None:
        """An approval that is signed: it counts if it says to lift a card."""
        kind, _, number = entry["subject"].partition(":")
        card = self.appealed.get(number) if kind == "appeal" else number
        if entry["decision"] != "lift" or card is None:
            return
        what = entry["subject"], entry["act"], entry["round"], entry["ground"]
        voices = {entry["person"], entry["on_behalf_of"] or entry["person"]}
        before = self.agreed.setdefault(card, {}).setdefault(what, [])
        if not any(voices & others for others in before):
            before.append(voices)

    def take(self, entry: dict[str, Any]) -> None:
        """A card is issued, appealed against or lifted; Changed if a red one goes unsigned."""
        card = entry.get("card")
        if not isinstance(card, str):
            return
        if entry["type"] == "card.issued":
            self.red.add(card)
        elif entry["type"] == "appeal.filed":
            self.appealed[str(entry.get("appeal"))] = card
        elif card in self.red and entry.get("reason") not in BY_SCAN:
            self.check(card, entry["seq"])

    def check(self, card: str, seq: int) -> None:
        """Changed unless two persons have signed the same that lifts the card."""
        if all(len(voices) < 2 for voices in self.agreed.get(card, {}).values()):
            raise Changed(
                f"seq {seq}:红牌 {shown(card)} 被撤销,却没有两人的签名",
                f"seq {seq}: the red card {shown(card)} was lifted without two persons' signatures",
            )


def signed_sizes(folder: Path) -> frozenset[int]:
    """The sizes of the ledger on which something was signed, as far as it can be read."""
    path, sizes = folder / "approvals.jsonl", set()
    if path.is_file():
        with path.open("rb") as file:
            for line in file:
                try:
                    size = json.loads(json.loads(line)["statement"])["ledger"]["size"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # what cannot be read is said when it is checked
                if type(size) is int:
                    sizes.add(size)
    return frozenset(sizes)


def check_approvals(folder: Path, found: Reading) -> tuple[int, int]:
    """How many approvals there are and how many are signed; Changed at the first that is not so."""
    wanted = sum(entry["type"] == "approval.given" for entry in found.signed)
    path, lines, entries = folder / "approvals.jsonl", [], found.signed
    if not wanted and not path.exists():
        entries = [entry for entry in entries if entry["type"] in OF_CARDS]
    else:
        with open_regular(path) as file:
            lines = file.read().splitlines(keepends=True)
    keys, lifts, given, signed = Keys(found), Lifts(), 0, 0
    for entry in entries:
        if entry["type"] in OF_CARDS:
            lifts.take(entry)
            continue
        try:
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
            if keys.check(entry, value):
                signed += 1
                lifts.signed(entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _of_entry(
                entry, Changed("形式不符合规定", "it is not of the exported form")
            ) from None
        except Changed as why:
            raise _of_entry(entry, why) from None
    if len(lines) > given:
        raise Changed(
            f"approvals.jsonl 多出 {len(lines) - given} 行",
            f"approvals.jsonl has {len(lines) - given} surplus lines",
        )
    return given, signed


def _of_entry(entry: dict[str, Any], why: Changed) -> Changed:
    return Changed(
        f"seq {entry['seq']} 的密钥或批准(approvals.jsonl)不成立:{why.zh}",
        f"the key or approval of seq {entry['seq']} (approvals.jsonl) does not hold: {why.en}",
    )


def say(zh: str, en: str) -> None:
    """One statement in both languages."""
    print(f"{zh}\n  {en}")


def shown(text: str) -> str:
    """`text` without anything that a terminal would obey."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def verify(folder: Path, anchor: Anchor | None) -> None:
    """Verify the folder and print what was found; Changed or Unreadable if it does not hold."""
    print(f"台账核验 ledger verification: {shown(str(folder.absolute()))}")
    digest, made_by = best_sm3()
    size, roots = read_head(folder)
    sizes = signed_sizes(folder)
    found = read_entries(folder, digest, anchor.size if anchor else -1, sizes)
    print(f"条目 entries: {found.size}")
    for kind in sorted(found.types):
        print(f"  {kind:<28} {found.types[kind]:>8}")
    # The auditor's root first: where both differ, it narrows the place down.
    if anchor:
        tree = compare_anchor(anchor, found)
        print(f"外部根值一致 the outside root matches: {tree}, seq 1..{anchor.size}")
    compare_head(size, roots, found)
    given, signed = check_approvals(folder, found)
    if given:
        print(f"批准 approvals: {given}; 签名成立 with a signature that holds: {signed}")
    print("已核对两棵树,均与 head.json 一致 both trees were checked and agree with head.json:")
    print(f"  SHA-256 {found.roots.sha256}\n  SM3     {found.roots.sm3} ({made_by})")
    print("结论 RESULT: 通过 OK")
    say_limits(anchor, found.size)


def say_limits(anchor: Anchor | None, size: int) -> None:
    """What this verification could not see."""
    if anchor is None:
        say(
            "注意:未提供外部根值。若 entries.jsonl 与 head.json 被一并重写,本核验无法发现。"
            "请用 --size N --root HEX 核对您从别处(纸面、公报、邮件)得到的根值。",
            "Note: without an outside root a full rewrite (entries.jsonl and head.json together) "
            "is not detectable. Give one from paper, a bulletin or a mail: --size N --root HEX",
        )
    elif anchor.size < size:
        say(
            f"注意:seq {anchor.size + 1} 起晚于您的根值,只与 head.json 核对过。",
            f"Note: from seq {anchor.size + 1} on only head.json vouches; your root is earlier.",
        )
    say(
        "注意:不能证明所记属实或没有漏记;请使用您自己保存的 verify.py。",
        "Note: not proved: that entries are true or complete. Use a verify.py of your own keeping.",
    )


def _root(text: str) -> str:
    """A root as typed from paper: any case, with blanks or hyphens between groups."""
    root = re.sub(r"[\s-]", "", text).lower()
    if not HEX.fullmatch(root):
        raise argparse.ArgumentTypeError("根值应为 64 位十六进制 a root is 64 hex digits")
    return root


def arguments(argv: Sequence[str] | None) -> tuple[Path, Anchor | None]:
    """The folder and the anchor from the command line; exits with 2 on wrong usage."""
    title, usage = str(__doc__).split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=title, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default=".", help="导出的文件夹 the exported folder")
    parser.add_argument("--size", type=int, metavar="N", help="根值对应的条目数 size of the root")
    parser.add_argument("--root", type=_root, metavar="HEX", help="您持有的根值 the root you hold")
    given = parser.parse_args(argv)
    if (given.size is None) != (given.root is None) or (given.size or 0) < 0:
        parser.error("--size (≥ 0) 与 --root 须同时给出 --size (≥ 0) and --root go together")
    return Path(given.folder), None if given.size is None else Anchor(given.size, given.root)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verification and return the exit code; nothing is ever raised to the terminal."""
    for stream in (sys.stdout, sys.stderr):
        # A console without Chinese shows escapes instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    folder, anchor = arguments(argv)
    try:
        try:
            verify(folder, anchor)
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
