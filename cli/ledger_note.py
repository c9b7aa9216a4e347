"""`effmon ledger checkpoint | compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.i18n.language import t

from .render import Column, emit_object, message, warn
from .state import Output, context_of, leave
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.ledger.checkpoints import Made, Tried
    from efficiency_monitor.ledger.compare import Compared
    from efficiency_monitor.ledger.model.signed_notes import Verifier

_MADE: Final = (
    Column("size", "条目", "Entries"),
    Column("sha256_root", "SHA-256 根", "SHA-256 root"),
    Column("sm3_root", "SM3 根", "SM3 root"),
    Column("key", "密钥", "Key"),
    Column("new", "新签", "New"),
)
_COMPARED: Final = (
    Column("result", "结果", "Result"),
    Column("tree", "树", "Tree"),
    Column("size", "条目", "Entries"),
    Column("said", "所持的根", "Root that was kept"),
    Column("here", "台账的根", "Root of the ledger"),
    Column("now", "现有条目", "Entries now"),
    Column("key", "密钥", "Key"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of the ledger."""
    app.command("checkpoint", help=t("签一个检查点", "sign a checkpoint"))(checkpoint)
    app.command("compare", help=t("与所持的检查点比对", "compare with a checkpoint that was kept"))(
        compare
    )


def checkpoint(
    ctx: typer.Context,
    after_loss: Annotated[
        str | None,
        typer.Option(
            "--after-loss",
            metavar="REASON",
            help=t(
                "恢复备份或丢失签名状态之后重新开始，台账永久留痕",
                "begin again after a backup was restored or the signer's memory was lost; "
                "the ledger shows it for ever",
            ),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Derive the ledger from its rows, hold it against all that was signed, sign it."""
    from efficiency_monitor.ledger import checkpoints

    made = checkpoints.make(context_of(ctx), after_loss=read_text(after_loss))
    if output is not None:
        emit_object(made.as_json(), output)
    else:
        emit_object({**made.as_json()}, output, columns=_MADE)
    say_made(made)


def say_made(made: "Made") -> None:
    """What a checkpoint came to, on stderr."""
    if made.new:
        message(t(f"已签检查点：{made.size} 条", f"signed a checkpoint of {made.size} entries"))
    else:
        message(
            t(
                f"没有新条目，最近的检查点：{made.size} 条",
                f"nothing to sign, the newest checkpoint has {made.size} entries",
            )
        )
    if not made.verified:
        warn(
            t(
                "此类密钥的签名在此无法验证",
                "signatures of this kind of key cannot be verified here",
            )
        )


def say_tried(tried: "Tried | None") -> None:
    """Why a checkpoint that was to be made by itself was not; one that was is no news."""
    if tried is None or tried.fault is None:
        return
    fault = tried.fault
    warn(
        t(
            f"未签检查点：{fault.message}（{fault.hint}）",
            f"no checkpoint: {fault.message} ({fault.hint})",
        )
    )


def compare(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE.note", show_default=False)] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text", help=t("通知末行：台账 1042 · 根值", "a notice's last line: 1042 · ROOT")
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY",
            help=t("只认此公钥（纸面所载）", "only this public key counts (the one on paper)"),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Hold a checkpoint against the rows; exit 1 where the ledger is another or shorter."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger import compare as service

    if (file is None) == (text is None):
        raise ConfigurationError(
            t("给出检查点文件，或 --text", "give the file of a checkpoint, or --text"),
            "effmon ledger compare FILE.note",
        )
    known = [read_vkey(given) for given in keys or ()]
    context = context_of(ctx)
    if text is not None:
        found = service.compare_text(context, text)
    else:
        found = service.compare_note(context, read_file(file), known)
    emit_object(found.as_json(), output, columns=_COMPARED if output is None else ())
    _say(found)
    leave(0 if found.result == service.EQUAL else 1)


def read_file(file: Path | None) -> bytes:
    """What a file holds, as far as a note may go; ConfigurationError where it cannot be read."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.i18n.os_words import say_os
    from efficiency_monitor.ledger.model.signed_notes import MOST_BYTES

    try:
        with Path(file or "").open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as fault:
        raise ConfigurationError(
            f"{file}: {say_os(fault)}", t("检查路径和权限", "check the path and its permissions")
        ) from None


def read_vkey(given: str) -> "Verifier":
    """A public key of the command line; ConfigurationError where it is none."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger.model.signed_notes import NoteError, Verifier

    try:
        return Verifier.parse(given.strip())
    except NoteError as fault:
        raise ConfigurationError(
            t(f"{given!r} 不是公钥：{fault}", f"{given!r} is no public key: {fault}"),
            t("形式：名称+8 位十六进制+BASE64", "its form: NAME+8 HEX DIGITS+BASE64"),
        ) from None


def _say(found: "Compared") -> None:
    """The result in words that can be put into a report."""
    from efficiency_monitor.ledger import compare as service

    if found.result == service.EQUAL:
        message(
            t(
                f"一致：第 1 至 {found.size} 条与当时逐字节相同"
                f"（现有 {found.now} 条，其后的不在证明之内）",
                f"equal: entries 1 to {found.size} are byte for byte what they were then "
                f"(of {found.now} now; the later ones are not proved by it)",
            )
        )
        if not found.key:
            message(
                t(
                    "文字没有签名：须是您自己当时收到的才作数",
                    "a text is signed by nobody: it counts only if you received it yourself",
                )
            )
    else:
        warn(_alarm(found))
        message(
            t(
                f"请原样写入报告：台账 {found.origin}，{found.size} 条；所持根值 {found.said}；"
                f"台账现给出 {found.here or '（不足此数）'}；现有 {found.now} 条；"
                f"签名密钥 {found.key or '无（文字）'}。"
                "请保留凭据和数据库原样，不要修复，告知其他持有检查点的人。",
                f"put this into a report: ledger {found.origin}, {found.size} entries; root that "
                f"was kept {found.said}; the ledger gives {found.here or '(not so many)'}; entries "
                f"now {found.now}; signed by {found.key or 'nobody (a text)'}. "
                "Keep your copy and the database as they are, mend nothing, and tell all others "
                "who hold checkpoints.",
            )
        )
    for mark in found.marks:
        warn(mark)


def _alarm(found: "Compared") -> str:
    from efficiency_monitor.ledger import compare as service

    if found.result == service.SHORTER:
        return t(
            f"台账变短：所持检查点有 {found.size} 条，台账只有 {found.now} 条"
            "（被截短，或恢复了旧备份）",
            f"the ledger is SHORTER than the checkpoint: {found.now} entries of {found.size}; it "
            "was cut off, or an old backup was restored",
        )
    if found.result == service.WRONG_KEY:
        return t(
            "根值相同，但签名密钥当时不在使用：该检查点不可采信",
            "the roots are the same, but the key that signed was not in use at that size: the "
            "checkpoint is not to be believed",
        )
    return t(
        f"不一致 DIFFERENT：前 {found.size} 条在签发之后被改动过，或签发过两份不同的台账",
        f"DIFFERENT: the first {found.size} entries were changed after that, or two ledgers were "
        "shown",
    )
