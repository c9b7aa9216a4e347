"""`effmon ledger list | verify | export`; what is signed stands in `ledger_note`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.language import t

from . import columns, ledger_key, ledger_note, ledger_slip
from .render import Column, Format, emit, emit_object, message, warn
from .state import Output, context_of, leave, state_of

_VERIFIED: Final = (
    Column("sound", "完好", "Sound"),
    Column("trees", "两棵树一致", "Trees agree"),
    Column("size", "条目", "Entries"),
    Column("kept_size", "已记条目", "Entries on record"),
    Column("first_bad", "首条异常", "First bad entry"),
    Column("sha256_root", "SHA-256 根", "SHA-256 root"),
    Column("sm3_root", "SM3 根", "SM3 root"),
    Column("approvals", "密钥与批准", "Keys and approvals"),
    Column("rows", "台账所保的数据", "Rows that entries hold"),
    Column("not_checked", "未核对", "Not checked"),
    Column("signed", "已签到", "Signed up to"),
    Column("checkpoints", "检查点", "Checkpoints"),
    Column("marks", "须知", "To be known"),
)
_EXPORTED: Final = (
    Column("folder", "文件夹", "Folder"),
    Column("size", "条目", "Entries"),
    Column("sha256_root", "SHA-256 根", "SHA-256 root"),
    Column("sm3_root", "SM3 根", "SM3 root"),
    Column("verifier_sha256", "验证程序的 SHA-256", "SHA-256 of the verifier"),
    Column("signed", "已签到", "Signed up to"),
)

_Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="VKEY",
        help=t("导出：台账密钥（纸面所载）", "of an export: the ledger's key (the one on paper)"),
    ),
]
_Received = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help=t(
            "导出：另行收到的检查点，文件或文件夹",
            "of an export: checkpoints that came another way, a file or folder",
        ),
    ),
]

app = typer.Typer(help=t("台账", "the ledger"))
ledger_note.add_to(app)
app.add_typer(ledger_key.app, name="key")
app.command("slip", help=t("一个条目的证据凭证", "the evidence slip of one entry"))(
    ledger_slip.slip
)


@app.command("list", help=t("列出最近的台账条目", "list the newest entries"))
def list_entries(
    ctx: typer.Context,
    most: Annotated[int, typer.Option(min=1, help=t("条数", "how many"))] = 50,
    kind: Annotated[str | None, typer.Option("--type", help="card.issued, …")] = None,
    output: Output = None,
) -> None:
    """List the newest entries of the ledger."""
    from efficiency_monitor.cards import listing

    emit(
        listing.list_ledger(context_of(ctx), most, kind),
        columns.LEDGER,
        output,
        empty=t("台账是空的", "the ledger is empty")
        if kind is None
        else t("没有这种条目", "no entries of this type"),
    )


@app.command("verify", help=t("验证台账或导出的台账", "verify the ledger, or an export"))
def verify(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help=t(
                "连同每个检查点的文本、签名和前后一致",
                "also every checkpoint's note, signature and consistency",
            ),
        ),
    ] = False,
    keys: _Keys = None,
    received: _Received = None,
    output: Output = None,
) -> None:
    """Rebuild both trees and compare; exit 1 if the ledger was changed."""
    from efficiency_monitor.ledger import book as ledger_book

    if path is not None and rebuild:
        raise ConfigurationError(
            t("--rebuild 用于本台账", "--rebuild is for the ledger itself"),
            t("导出总是全部核验", "of an export everything is always verified"),
        )
    if path is not None:
        _verify_export(path, keys or [], received or [], output)
        return
    if keys or received:
        raise ConfigurationError(
            t(
                "--key 和 --checkpoint 用于核验导出的文件夹",
                "--key and --checkpoint go with a FOLDER",
            ),
            t(
                "与本台账比对：effmon ledger compare 文件",
                "compare with this ledger: effmon ledger compare FILE",
            ),
        )
    found = ledger_book.verify(context_of(ctx), everything=rebuild)
    emit_object(found, output, columns=() if output is Format.CSV else _VERIFIED)
    _say_found(found)
    leave(0 if found["sound"] else 1)


def _say_found(found: Mapping[str, Any]) -> None:
    """What a verification came to, on stderr."""
    for left_out in found["not_checked"]:
        warn(left_out)
    if found["sound"]:
        message(
            t(
                f"台账完好：{found['size']} 条，SHA-256 与 SM3 两棵树一致",
                f"the ledger is sound: {found['size']} entries, both trees agree",
            )
        )
    elif found["trees"]:
        for fault in (*found["approvals"], *found["rows"], *found["checkpoints"]):
            warn(fault)
        message(
            t(
                "两棵树一致，但密钥、批准、检查点或台账所保的数据有误",
                "both trees agree, but keys, approvals, checkpoints or rows that entries hold are "
                "not sound",
            )
        )
    elif found["first_bad"] is None:
        # Each entry is whole by itself: some are gone at the end, or the head was changed.
        message(
            t(
                "台账已被改动：各条目自身完好，但末尾有缺失，或首部（树根）被改动",
                "the ledger was changed: each entry is whole, but entries are missing at its end, "
                "or what is kept of its size and roots was changed",
            )
        )
    else:
        message(
            t(
                f"台账已被改动，首条异常：{found['first_bad']}",
                f"the ledger was changed; first bad entry: {found['first_bad']}",
            )
        )


def _verify_export(path: Path, keys: list[str], received: list[Path], output: Output) -> None:
    """In words it is the verifier itself that speaks, as it does for the auditor."""
    from efficiency_monitor.ledger import book as ledger_book

    if output is None:
        from efficiency_monitor.verifier import verify as verifier

        ledger_book.vkeys(keys)
        given = [f"--key={key}" for key in keys] + [f"--checkpoint={one}" for one in received]
        leave(verifier.main([*given, "--", str(path)]))
        return
    found, code = ledger_book.verify_export(path, keys, received)
    emit_object(found, output)
    leave(code)


@app.command("export", help=t("导出供审计离线验证", "export for offline verification"))
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=t("新文件夹", "a new folder"))],
    output: Output = None,
) -> None:
    """Write a folder that an auditor verifies with one standard-library file."""
    from efficiency_monitor import __version__
    from efficiency_monitor.ledger import book as ledger_book
    from efficiency_monitor.time.instants import rfc3339

    context = context_of(ctx)
    summary = ledger_book.export(
        context,
        out,
        words={
            "organisation": context.settings.workspace.name,
            "exported_at": rfc3339(context.now(), context.zone),
            "exported_by": state_of(ctx).person or context.os_user,
            "version": __version__,
        },
    )
    emit_object(
        {
            "folder": str(summary.folder),
            "size": summary.size,
            "sha256_root": summary.sha256_root,
            "sm3_root": summary.sm3_root,
            "verifier_sha256": summary.verifier_sha256,
            "signed": summary.signed,
        },
        output,
        columns=_EXPORTED,
    )
    # The entry that says that the checkpoint was made stands after it, always.
    if summary.size > summary.signed + 1:
        warn(
            t(
                f"最后的检查点只到 {summary.signed} 条，其后的条目没有签名；"
                "可先运行 effmon ledger checkpoint 再导出",
                f"the newest checkpoint covers {summary.signed} entries, those after it are not "
                "signed; run effmon ledger checkpoint first, then export again",
            )
        )
