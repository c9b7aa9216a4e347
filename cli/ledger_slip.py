"""`effmon ledger slip`: the evidence slip of one entry, written, or shown to people."""

from pathlib import Path
from typing import Annotated, Final

import typer
from efficiency_monitor.i18n.language import t

from .render import Column, emit_object, message, warn
from .state import Output, context_of, leave

_WRITTEN: Final = (
    Column("file", "文件", "File"),
    Column("bytes", "字节", "Bytes"),
    Column("seq", "台账条目", "Entry"),
    Column("type", "类型", "Type"),
    Column("card", "牌号", "Card"),
    Column("size", "检查点条目", "Entries of the checkpoint"),
)
_SHOWN: Final = (
    Column("seq", "台账条目", "Entry"),
    Column("type", "类型", "Type"),
    Column("at", "记入时间", "Entered at"),
    Column("card", "牌号", "Card"),
    Column("subject", "对象", "Subject"),
    Column("level", "级别", "Level"),
    Column("department", "部门", "Department"),
    Column("limit", "时限", "Limit"),
    Column("due_at", "应办结时间", "Due"),
    Column("fell_due_at", "发牌时点", "Fell due"),
    Column("rule", "规则", "Rule"),
    Column("ledger", "台账", "Ledger"),
    Column("size", "检查点条目", "Entries of the checkpoint"),
    Column("signed_by", "签名密钥", "Signed by"),
    Column("verified", "核验", "Verified"),
)


def slip(
    ctx: typer.Context,
    what: Annotated[str | None, typer.Argument(metavar="CARD|SEQ", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help=t("写入新文件", "write a new file"))
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option("--show", help=t("显示并核验一份凭证", "show and verify a slip")),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY",
            help=t("台账密钥（纸面所载）", "the ledger's key (the one on paper)"),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Write one entry with what proves that it is in a signed checkpoint, or show such a slip."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger import slips

    if show is not None and what is None and out is None:
        _show(ctx, show, keys or [], output)
        return
    if what is None or out is None or show is not None or keys:
        raise ConfigurationError(
            t("给出牌号或条目号和 --out，或只给 --show", "give CARD or SEQ and --out, or --show"),
            "effmon ledger slip R-2026-000381 --out slip.json",
        )
    made = slips.make(context_of(ctx), what)
    slips.write(made, out)
    emit_object(
        {
            "file": str(out),
            "bytes": len(made.content),
            "seq": made.entry["seq"],
            "type": made.entry["type"],
            "card": made.entry.get("card"),
            "size": made.size,
        },
        output,
        columns=_WRITTEN,
    )
    message(
        t(
            f"凭证 {len(made.content)} 字节；收件人用纸面密钥核验：verify.py slip 文件 --key VKEY",
            f"a slip of {len(made.content)} bytes; who has the key on paper verifies it with: "
            "verify.py slip FILE --key VKEY",
        )
    )


def _show(ctx: typer.Context, path: Path, keys: list[str], output: Output) -> None:
    from contextlib import suppress

    from efficiency_monitor.faults import EffmonError
    from efficiency_monitor.ledger import slips

    own = not keys
    if own:
        with suppress(EffmonError):
            keys = slips.own_keys(context_of(ctx))
    found = slips.read(path, keys)
    emit_object(found.values(), output, columns=_SHOWN)
    if found.code == 0:
        message(
            t(
                f"核验通过：签下前 {found.size} 条时，此条目即在台账中，一字未改。"
                "不能证明的是：所记属实、此后没有撤销",
                f"verified: when {found.size} entries were signed this one was among them, to the "
                "letter. Not proved: that it is true, that nothing was lifted later",
            )
        )
        if own:
            warn(
                t(
                    "密钥取自本工作区；对外证明请用纸面密钥：--key VKEY",
                    "by the keys of this workspace; for others use the one on paper: --key VKEY",
                )
            )
    else:
        warn(found.fault)
    leave(found.code)
