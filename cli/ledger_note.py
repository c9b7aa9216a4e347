"""`effmon ledger checkpoint | compare` and `effmon ledger key show | new | rotate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.language import t

from .render import Column, emit_object, emit_text, message, warn
from .state import Output, context_of, leave
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.core.signed_notes import Verifier
    from efficiency_monitor.services.checkpoints import Made, Tried
    from efficiency_monitor.services.compare import Compared

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

key = typer.Typer(help=t("台账签名密钥", "the key that signs the ledger"))


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of the ledger."""
    app.command("checkpoint", help=t("签一个检查点", "sign a checkpoint"))(checkpoint)
    app.command("compare", help=t("与所持的检查点比对", "compare with a checkpoint that was kept"))(
        compare
    )
    app.add_typer(key, name="key")


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
    from efficiency_monitor.services import checkpoints

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
    from efficiency_monitor.core.faults import ConfigurationError
    from efficiency_monitor.services import compare as service

    if (file is None) == (text is None):
        raise ConfigurationError(
            t("给出检查点文件，或 --text", "give the file of a checkpoint, or --text"),
            "effmon ledger compare FILE.note",
        )
    known = [_vkey(given) for given in keys or ()]
    context = context_of(ctx)
    if text is not None:
        found = service.compare_text(context, text)
    else:
        found = service.compare_note(context, _read(file), known)
    emit_object(found.as_json(), output, columns=_COMPARED if output is None else ())
    _say(found)
    leave(0 if found.result == service.EQUAL else 1)


def _read(file: Path | None) -> bytes:
    from efficiency_monitor.core.faults import ConfigurationError
    from efficiency_monitor.core.signed_notes import MOST_BYTES
    from efficiency_monitor.os_words import say_os

    try:
        with Path(file or "").open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as fault:
        raise ConfigurationError(
            f"{file}: {say_os(fault)}", t("检查路径和权限", "check the path and its permissions")
        ) from None


def _vkey(given: str) -> "Verifier":
    from efficiency_monitor.core.faults import ConfigurationError
    from efficiency_monitor.core.signed_notes import NoteError, Verifier

    try:
        return Verifier.parse(given.strip())
    except NoteError as fault:
        raise ConfigurationError(
            t(f"{given!r} 不是公钥：{fault}", f"{given!r} is no public key: {fault}"),
            t("形式：名称+8 位十六进制+BASE64", "its form: NAME+8 HEX DIGITS+BASE64"),
        ) from None


def _say(found: "Compared") -> None:
    """The result in words that can be put into a report."""
    from efficiency_monitor.services import compare as service

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
    from efficiency_monitor.services import compare as service

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


@key.command("show", help=t("显示公钥及其纸面形式", "show the public key, for paper too"))
def show_key(ctx: typer.Context, output: Output = None) -> None:
    """Print the public key that belongs on paper, and every key before it."""
    from efficiency_monitor.services import ledger_keys

    found = ledger_keys.shown(context_of(ctx))
    if output is not None:
        emit_object(found, output)
        return
    lines = [f"{found['vkey']}\n", "\n", f"{found['name']}   {found['digits']}\n"]
    emit_text([*lines, *(f"{row}\n" for row in found["paper"])])
    message(
        t(
            "请把以上公钥抄在纸上或印入公报，由监督部门保管；每行末两位是校验码",
            "put the key above on paper or into a bulletin, to be kept by the supervisors; the "
            "last two digits of a row check it",
        )
    )
    for before in found["keys"]:
        if not before["vouched"]:
            digits = before["vkey"].split("+")[1]
            warn(
                t(
                    f"密钥 {digits} 没有前一把密钥的签名",
                    f"the key {digits} has no signature of the key before",
                )
            )


@key.command("new", help=t("造一把新密钥", "write a new key"))
def new_key(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help=t("新文件（更换密钥时用）", "a new file, for a key that is to take over"),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a private key into a new file; without --out the one that the ledger begins with."""
    from efficiency_monitor import app
    from efficiency_monitor.services import ledger_keys

    context = context_of(ctx)
    made = ledger_keys.new_key(context, app.seed(), out)
    emit_text([f"{made.verifier.vkey}\n"])
    place = ledger_keys.key_file(context) if out is None else out
    message(
        t(
            f"私钥已写入 {place}；上面一行是公钥，请抄在纸上",
            f"the private key is in {place}; the line above is the public one: put it on paper",
        )
    )


@key.command("rotate", help=t("更换密钥", "let another key take over"))
def rotate_key(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="NEWFILE", show_default=False)] = None,
    to_program: Annotated[
        str | None,
        typer.Option(
            "--to-program",
            metavar="COMMAND",
            help=t("改由此程序签名（配合 --public）", "a program signs from now on, see --public"),
        ),
    ] = None,
    public: Annotated[
        str | None,
        typer.Option("--public", metavar="VKEY", help=t("该程序的公钥", "the program's key")),
    ] = None,
    lost: Annotated[
        str | None,
        typer.Option(
            "--lost",
            metavar="REASON",
            help=t(
                "原密钥已丢失：没有它的签名，台账永久留痕",
                "the old key is lost: it does not sign, and the ledger shows it for ever",
            ),
        ),
    ] = None,
) -> None:
    """Enter a new key, signed by the old one and itself; later checkpoints are of the new one."""
    import shlex

    from efficiency_monitor.core.faults import ConfigurationError
    from efficiency_monitor.services import ledger_keys, signer

    context = context_of(ctx)
    reason = read_text(lost)
    if file is not None and to_program is None and public is None:
        verifier = ledger_keys.rotate(context, file, lost=reason).verifier
    elif file is None and to_program is not None and public is not None:
        verifier = _vkey(public)
        signer.check_name(verifier, signer.origin_of(context.settings))
        command = tuple(shlex.split(to_program))
        timeout = context.settings.ledger.signer.timeout
        program = signer.Program(command, verifier, context.folder, timeout)
        ledger_keys.rotate_signer(context, program, lost=reason)
        message(
            t(
                '请在 effmon.toml 的 [ledger.signer] 写：kind = "command"、command、public',
                'now write kind = "command", command and public under [ledger.signer]',
            )
        )
    else:
        raise ConfigurationError(
            t(
                "给出新密钥的文件，或 --to-program 和 --public",
                "give the new key's file, or --to-program and --public",
            ),
            "effmon ledger key rotate NEWFILE",
        )
    emit_text([f"{verifier.vkey}\n"])
    message(
        t(
            "密钥已更换；上面一行是新公钥，请抄在纸上，旧密钥的检查点到此为止有效",
            "the key was replaced; the line above is the new public one: put it on paper. "
            "Checkpoints by the old key stay valid up to here",
        )
    )
