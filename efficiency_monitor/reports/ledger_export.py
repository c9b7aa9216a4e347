"""Write the ledger as a folder that an auditor verifies offline with one standard-library file."""

import hashlib
import os
import string
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from pathlib import Path

from efficiency_monitor.core import ledger
from efficiency_monitor.core.faults import ConfigurationError, EffmonError
from efficiency_monitor.language import t
from efficiency_monitor.os_words import say_os

_BATCH = 4096

#: Keys of the readme's context that have a title in both languages; others are shown as they are.
_TITLES = {
    "organisation": "单位 Organisation",
    "workspace": "工作区 Workspace",
    "exported_at": "导出时间 Exported at",
    "exported_by": "导出人 Exported by",
    "version": "程序版本 Program version",
}

_README = string.Template("""\
行政效能监察台账(导出)   Administrative-efficiency ledger (export)

$context条目数 Entries: $size
SHA-256 根 root: $sha256_root
SM3 根 root:     $sm3_root
verify.py SHA-256: $verifier_sha256


一、内容
  entries.jsonl  台账条目,每行一条(RFC 8785 规范 JSON,UTF-8),行号即 seq
  approvals.jsonl  各项批准中本人所签的内容与签名,每行一条;没有批准则无此文件
  head.json      条目数与两个根值
  verify.py      核验程序:单个文件,只需 Python 3.8 或更高版本,不联网
  README.txt     本说明

二、如何核验
  1. 在本文件夹中打开命令行,运行:python verify.py
  2. 如持有纸面、公报或邮件上的条目数 N 与根值 HEX,运行:
     python verify.py --size N --root HEX
     N 可以小于现有条目数,程序会重算当时的根值。
  3. 核验程序本身也可能被替换。请使用您自己保存的 verify.py,或先核对其 SHA-256
     (Linux:sha256sum verify.py;Windows:certutil -hashfile verify.py SHA256),
     对照值应来自本文件夹之外。
  返回值:0 通过;1 被改动或损坏(指出第一处);2 文件缺失或无法读取。

三、能证明什么
  - 条目与 head.json 的根值相符:没有只改条目而未改根值的改动、删除、插入或调换顺序
    (RFC 6962 树,SHA-256 与 SM3 各算一遍)。
  - 与外部根值一致时:seq 1..N 与该根值公布之时逐字节相同。
  - 每项批准与台账所记相符;有签名的,由该人当时登记的密钥所签(Ed25519),除首批与恢复的密钥外,
    密钥由两名其他持有人签名登记。

四、不能证明什么
  - 没有外部根值时,若有人把全部条目连同 head.json 一并重写,核验无法发现。
  - 晚于外部根值的条目,只与 head.json 核对过。
  - 所记内容是否属实、有无漏记、时间是否准确(时间取自记录时的计算机)。
  - 本导出不带数字签名,不能证明由谁制作。

五、个人信息
  条目内不含个人信息,只有加盐承诺值(HMAC-SHA256);盐值销毁后无从还原。


1. Contents
  entries.jsonl  the entries, one a line (RFC 8785 JSON, UTF-8); the line number is the seq
  approvals.jsonl  what each person signed who approved something, one a line; no approvals, no file
  head.json      the number of entries and both roots
  verify.py      the verifier: one file, needs only Python 3.8 or later, no network
  README.txt     this page

2. How to verify
  1. Open a command line in this folder and run: python verify.py
  2. If you hold a number of entries N and a root HEX on paper, in a bulletin or a mail, run:
     python verify.py --size N --root HEX
     N may be less than the present number: the root of that time is computed again.
  3. The verifier itself can be swapped. Use a verify.py of your own keeping, or first compare
     its SHA-256 (Linux: sha256sum verify.py; Windows: certutil -hashfile verify.py SHA256) with
     a value from outside this folder.
  Exit code: 0 as exported; 1 changed or damaged (the first place is named); 2 a file is missing
  or unreadable.

3. What is proved
  - The entries agree with the roots in head.json: nothing was changed, deleted, inserted or
    reordered without changing the roots too (RFC 6962 trees, in SHA-256 and again in SM3).
  - With a matching outside root: seq 1..N are byte for byte what they were when it was given out.
  - Each approval is what the ledger says of it; where it is signed, by the key that was enrolled
    for that person at that time (Ed25519); and keys by two other holders, except for the first
    two and those that were recovered.

4. What is not proved
  - Without an outside root, a rewrite of all entries together with head.json is not detectable.
  - Entries later than the outside root are checked against head.json only.
  - That what was entered is true, that nothing was left out, that the times are right (they are
    those of the recording computer).
  - This export carries no signature and does not prove who made it.

5. Personal data
  The entries hold none, only salted commitments (HMAC-SHA256); once a salt is deleted, nothing
  can be recovered from them.
""")


class LedgerDamaged(EffmonError):
    """The stored entries are not those of the ledger's head; nothing is exported."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was exported: the folder, the number of entries, both roots in hex.

    `verifier_sha256` is the digest of the `verify.py` in the folder, to be given out with the
    roots: who can swap the entries can swap the program that checks them.
    """

    folder: Path
    size: int
    sha256_root: str
    sm3_root: str
    verifier_sha256: str


def write_export(
    out: Path,
    bodies: Iterable[bytes],
    head: ledger.Head,
    *,
    approvals: Iterable[bytes] = (),
    readme_context: Mapping[str, str],
) -> ExportSummary:
    """Write `entries.jsonl`, `head.json`, `verify.py` and `README.txt` into the new folder `out`.

    What `appearing` and `fill` say holds for it.
    """
    with appearing(out) as folder:
        return fill(folder, out, bodies, head, approvals=approvals, readme_context=readme_context)


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, to be filled: it becomes `out` when the block ends well.

    Whatever is to be on record before anybody can have the export is written in the block. After a
    crash `out` is complete or not there. Raises `ConfigurationError` when `out` exists and is no
    empty folder (nothing is ever overwritten) or cannot be written.
    """
    out = out.absolute()
    try:
        _check_free(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".effmon-export-", dir=out.parent, ignore_cleanup_errors=True
        ) as beside:
            # A folder inside: the outer one is private, this one has the modes of the umask.
            folder = Path(beside, "export")
            folder.mkdir()
            yield folder
            _sync(folder)
            folder.rename(out)
            _sync(out.parent)
    except OSError as fault:
        raise ConfigurationError(
            t(
                f"无法把导出写入 {out}：{say_os(fault)}",
                f"cannot write the export to {out}: {say_os(fault)}",
            ),
            t(
                "用 --out 写一个新文件夹，须可写且有空间",
                "name a new folder with --out, on a disk with room where you may write",
            ),
        ) from fault


def fill(
    folder: Path,
    out: Path,
    bodies: Iterable[bytes],
    head: ledger.Head,
    *,
    approvals: Iterable[bytes] = (),
    readme_context: Mapping[str, str],
) -> ExportSummary:
    """Write the files of an export into a folder that will be `out`, on the disk when this ends.

    `approvals` are the lines of `approvals.jsonl`, in the order of the entries; without any there
    is no such file.

    `bodies` are the canonical bytes of all entries in order, read once and never held together;
    both trees are rebuilt from them on the way and must end at `head`. `readme_context` is shown
    in the readme, one line for each key (`organisation`, `workspace`, `exported_at`,
    `exported_by`, `version` have titles).

    Raises `LedgerDamaged` when the entries do not end at `head`, OSError as writing does.
    """
    verifier = resources.files("efficiency_monitor.verifier").joinpath("verify.py").read_bytes()
    roots = ledger.root(head)
    summary = ExportSummary(
        folder=out.absolute(),
        size=head.size,
        sha256_root=roots.sha256.hex(),
        sm3_root=roots.sm3.hex(),
        verifier_sha256=hashlib.sha256(verifier).hexdigest(),
    )
    _write_entries(folder / "entries.jsonl", bodies, head)
    lines = b"".join(line + b"\n" for line in approvals)
    if lines:
        _write(folder / "approvals.jsonl", lines)
    _write(folder / "head.json", _head_json(summary))
    _write(folder / "verify.py", verifier)
    _write(folder / "README.txt", _readme(summary, readme_context))
    return summary


def _check_free(out: Path) -> None:
    if out.resolve() == Path.cwd():
        # Renaming would leave the user's shell in a deleted folder.
        raise ConfigurationError(f"{out} is the current folder", "name a new folder with --out")
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise ConfigurationError(
            f"{out} exists and is not an empty folder; an export never overwrites",
            "name a new folder with --out, or move the old one away",
        )


def _write_entries(path: Path, bodies: Iterable[bytes], head: ledger.Head) -> None:
    """Write one line an entry while both trees are rebuilt; `LedgerDamaged` unless they match."""
    grown, rest = ledger.EMPTY, iter(bodies)
    with path.open("wb") as file:
        while batch := list(islice(rest, _BATCH)):
            grown, _ = ledger.append_many(grown, batch)
            for body in batch:
                file.write(body + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if grown != head:
        raise LedgerDamaged(
            f"the stored entries ({grown.size}, root {ledger.root(grown).sha256.hex()}) are not "
            f"those of the ledger's head ({head.size}, root {ledger.root(head).sha256.hex()})",
            "nothing was exported; keep the database as it is and compare it with a backup",
        )


def _head_json(summary: ExportSummary) -> bytes:
    said = {
        "size": summary.size,
        "sha256_root": summary.sha256_root,
        "sm3_root": summary.sm3_root,
    }
    return ledger.canonical_json(said) + b"\n"


def _readme(summary: ExportSummary, context: Mapping[str, str]) -> bytes:
    """The readme with a byte order mark and CRLF, so that any Windows editor shows the Chinese."""
    lines = "".join(
        f"{_line(_TITLES.get(key, key))}: {_line(text)}\n" for key, text in context.items()
    )
    text = _README.substitute(
        context=lines,
        size=summary.size,
        sha256_root=summary.sha256_root,
        sm3_root=summary.sm3_root,
        verifier_sha256=summary.verifier_sha256,
    )
    return text.replace("\n", "\r\n").encode("utf-8-sig", "replace")


def _line(text: str) -> str:
    """`text` on one line without control characters: it must not be able to forge a line."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make the names in a folder as lasting as the files (POSIX)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
