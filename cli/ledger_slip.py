"""`effmon ledger slip`: the evidence slip of one entry, written, or shown to people."""

from pathlib import Path
from typing import Annotated, Final

import typer
from efficiency_monitor.i18n.messages import t

from .render import Column, emit_object, message, warn
from .state import Output, context_of, leave

_WRITTEN: Final = (
    Column("file", "File"),
    Column("bytes", "Bytes"),
    Column("seq", "Entry"),
    Column("type", "Type"),
    Column("card", "Card"),
    Column("size", "Entries of the checkpoint"),
)
_SHOWN: Final = (
    Column("seq", "Entry"),
    Column("type", "Type"),
    Column("at", "Entered at"),
    Column("card", "Card"),
    Column("subject", "Subject"),
    Column("level", "Level"),
    Column("department", "Department"),
    Column("limit", "Limit"),
    Column("due_at", "Due", ctx="shown"),
    Column("fell_due_at", "Fell due", ctx="shown"),
    Column("rule", "Rule"),
    Column("ledger", "Ledger"),
    Column("size", "Entries of the checkpoint"),
    Column("signed_by", "Signed by"),
    Column("verified", "Verified"),
)


def slip(
    ctx: typer.Context,
    what: Annotated[str | None, typer.Argument(metavar="CARD|SEQ", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help=t("write a new file"))] = None,
    show: Annotated[
        Path | None,
        typer.Option("--show", help=t("show and verify a slip")),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY",
            help=t("the ledger's key (the one on paper)"),
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
            t("give CARD or SEQ and --out, or --show"),
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
            "a slip of {n_content} bytes; who has the key on paper verifies it with: verify.py "
            "slip FILE --key VKEY",
            n_content=len(made.content),
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
                "verified: when {size} entries were signed this one was among them, to the "
                "letter. Not proved: that it is true, that nothing was lifted later",
                size=found.size,
            )
        )
        if own:
            warn(t("by the keys of this workspace; for others use the one on paper: --key VKEY"))
    else:
        warn(found.fault)
    leave(found.code)
