"""The page that goes with an exported ledger: what is in it, how to verify it, what that proves."""

import string
from collections.abc import Mapping

#: Keys of the context that have a title in both languages; others are shown as they are.
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
已签到 Signed up to: $signed
verify.py SHA-256: $verifier_sha256


一、内容
  entries.jsonl  台账条目,每行一条(RFC 8785 规范 JSON,UTF-8),行号即 seq
  approvals.jsonl  各项批准中本人所签的内容与签名,每行一条;没有批准则无此文件
  checkpoints    检查点:某一条目数时两棵树的根值,由台账密钥签名(C2SP signed-note,Ed25519)
  consistency.json  每个检查点延续前一个的证明
  trust.json     据称签署的密钥;随导出而来,本身不能证明由谁签署
                 (尚未启用台账密钥的,无以上三项)
  head.json      条目数与两个根值
  verify.py      核验程序:单个文件,只需 Python 3.8 或更高版本,不联网
  README.txt     本说明

二、如何核验
  1. 在本文件夹中打开命令行,用您从纸面得到的台账密钥(VKEY)运行:
     python verify.py --key VKEY
     密钥不得取自本文件夹。多把密钥可重复 --key。
  2. 如另行收到过检查点(邮件或 .note 文件),一并给出,文件夹亦可:
     python verify.py --key VKEY --checkpoint 文件或文件夹
  3. 如只持有通知、公报或纸面上的条目数 N 与根值:
     python verify.py --key VKEY --size N --root 根值
     N 可以小于现有条目数,程序会重算当时的根值。
  4. 单张牌的凭证:python verify.py slip 文件 --key VKEY
  5. 核验程序本身也可能被替换。请使用您自己保存的 verify.py,或先核对其 SHA-256
     (Linux:sha256sum verify.py;Windows:certutil -hashfile verify.py SHA256),
     对照值应来自本文件夹之外。
  返回值:0 通过;1 被改动或损坏(指出第一处);2 文件缺失或无法读取;3 由您不认可的密钥签署。

三、能证明什么
  - 条目与 head.json 的根值相符:没有只改条目而未改根值的改动、删除、插入或调换顺序
    (RFC 6962 树,SHA-256 与 SM3 各算一遍)。
  - 给出密钥且签名成立时:截至最后一个检查点的条目,正是持有该密钥者所签的;每个检查点都延续
    前一个;换用的密钥由前一把签名认可。
  - 与您另行持有的检查点或根值一致时:seq 1..N 与其公布之时逐字节相同,持有密钥者也未改过。
  - 每项批准与台账所记相符;有签名的,由该人当时登记的密钥所签(Ed25519),除首批与恢复的密钥外,
    密钥由两名其他持有人签名登记。

四、不能证明什么
  - 没有给出密钥、检查点或根值时,若有人把全部内容一并重写,核验无法发现。
  - 只有密钥时,持有密钥者自己重写并重新签名,核验无法发现;与较早收到的检查点比对才能发现。
  - 晚于您的检查点、根值和最后签名的条目,只与 head.json 核对过。
  - 所记内容是否属实、有无漏记、时间是否准确(时间取自记录时的计算机)。

五、个人信息
  条目内不含个人信息,只有加盐承诺值(HMAC-SHA256);盐值销毁后无从还原。


1. Contents
  entries.jsonl  the entries, one a line (RFC 8785 JSON, UTF-8); the line number is the seq
  approvals.jsonl  what each person signed who approved something, one a line; no approvals, no file
  checkpoints    the roots of both trees at some number of entries, signed by the ledger's key
                 (C2SP signed-note, Ed25519)
  consistency.json  a proof that each checkpoint continues the one before
  trust.json     the keys that are said to have signed; as part of the export they prove nothing
                 about who did (without a key of the ledger, none of these three)
  head.json      the number of entries and both roots
  verify.py      the verifier: one file, needs only Python 3.8 or later, no network
  README.txt     this page

2. How to verify
  1. Open a command line in this folder and run, with the ledger's key as you have it on paper:
     python verify.py --key VKEY
     Never take the key from this folder. Several keys: repeat --key.
  2. If you have received checkpoints (in mails, as .note files), give them too, or their folder:
     python verify.py --key VKEY --checkpoint FILE
  3. If you hold a number of entries N and a root from a notice, a bulletin, on paper:
     python verify.py --key VKEY --size N --root ROOT
     N may be less than the present number: the root of that time is computed again.
  4. The evidence slip of one card: python verify.py slip FILE --key VKEY
  5. The verifier itself can be swapped. Use a verify.py of your own keeping, or first compare
     its SHA-256 (Linux: sha256sum verify.py; Windows: certutil -hashfile verify.py SHA256) with
     a value from outside this folder.
  Exit code: 0 as exported; 1 changed or damaged (the first place is named); 2 a file is missing
  or unreadable; 3 signed by a key that you do not know.

3. What is proved
  - The entries agree with the roots in head.json: nothing was changed, deleted, inserted or
    reordered without changing the roots too (RFC 6962 trees, in SHA-256 and again in SM3).
  - With your key and signatures that hold: the entries up to the last checkpoint are those that
    the key's holder signed; each checkpoint continues the one before; each later key was signed
    for by the one before.
  - With a checkpoint or root that you had already: seq 1..N are byte for byte what they were
    when it was given out, and not even the key's holder has changed them.
  - Each approval is what the ledger says of it; where it is signed, by the key that was enrolled
    for that person at that time (Ed25519); and keys by two other holders, except for the first
    two and those that were recovered.

4. What is not proved
  - Without a key, checkpoint or root of yours, a rewrite of everything is not detectable.
  - With a key alone, a rewrite that the key's holder signed again is not detectable; an earlier
    checkpoint that you received shows it.
  - Entries later than your checkpoint or root and the last signature are checked against
    head.json only.
  - That what was entered is true, that nothing was left out, that the times are right (they are
    those of the recording computer).

5. Personal data
  The entries hold none, only salted commitments (HMAC-SHA256); once a salt is deleted, nothing
  can be recovered from them.
""")


def readme(context: Mapping[str, str], **values: str) -> bytes:
    """The page, with a byte order mark and CRLF, so that any Windows editor shows the Chinese.

    `context` is shown one line for each key; `values` are size, roots, how far it is signed and
    the digest of the verifier.
    """
    lines = "".join(
        f"{_line(_TITLES.get(key, key))}: {_line(text)}\n" for key, text in context.items()
    )
    text = _README.substitute(values, context=lines)
    return text.replace("\n", "\r\n").encode("utf-8-sig", "replace")


def _line(text: str) -> str:
    """`text` on one line without control characters: it must not be able to forge a line."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
