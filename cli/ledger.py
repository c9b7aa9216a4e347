"""`effmon ledger list | verify | export`; what is signed stands in `ledger_note`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from . import columns, ledger_key, ledger_note, ledger_slip
from .render import Column, Format, emit, emit_object, message, warn
from .state import Output, context_of, leave, state_of

_VERIFIED: Final = (
    Column("sound", "Sound"),
    Column("trees", "Trees agree"),
    Column("size", "Entries"),
    Column("kept_size", "Entries on record"),
    Column("first_bad", "First bad entry"),
    Column("sha256_root", "SHA-256 root"),
    Column("sm3_root", "SM3 root"),
    Column("approvals", "Keys and approvals"),
    Column("rows", "Rows that entries hold"),
    Column("not_checked", "Not checked"),
    Column("signed", "Signed up to"),
    Column("checkpoints", "Checkpoints"),
    Column("marks", "To be known"),
)
_EXPORTED: Final = (
    Column("folder", "Folder"),
    Column("size", "Entries"),
    Column("sha256_root", "SHA-256 root"),
    Column("sm3_root", "SM3 root"),
    Column("verifier_sha256", "SHA-256 of the verifier"),
    Column("signed", "Signed up to"),
)

_Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="VKEY",
        help=t("of an export: the ledger's key (the one on paper)"),
    ),
]
_Received = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help=t("of an export: checkpoints that came another way, a file or folder"),
    ),
]

app = typer.Typer(help=t("the ledger"))
ledger_note.add_to(app)
app.add_typer(ledger_key.app, name="key")
app.command("slip", help=t("the evidence slip of one entry"))(ledger_slip.slip)


@app.command("list", help=t("list the newest entries"))
def list_entries(
    ctx: typer.Context,
    most: Annotated[int, typer.Option(min=1, help=t("how many"))] = 50,
    kind: Annotated[str | None, typer.Option("--type", help="card.issued, …")] = None,
    output: Output = None,
) -> None:
    """List the newest entries of the ledger."""
    from efficiency_monitor.cards import listing

    emit(
        listing.list_ledger(context_of(ctx), most, kind),
        columns.LEDGER,
        output,
        empty=t("the ledger is empty") if kind is None else t("no entries of this type"),
    )


@app.command("verify", help=t("verify the ledger, or an export"))
def verify(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help=t("also every checkpoint's note, signature and consistency"),
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
            t("--rebuild is for the ledger itself"),
            t("of an export everything is always verified"),
        )
    if path is not None:
        _verify_export(path, keys or [], received or [], output)
        return
    if keys or received:
        raise ConfigurationError(
            t("--key and --checkpoint go with a FOLDER"),
            t("compare with this ledger: effmon ledger compare FILE"),
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
        message(t("the ledger is sound: {size} entries, both trees agree", size=found["size"]))
    elif found["trees"]:
        for fault in (*found["approvals"], *found["rows"], *found["checkpoints"]):
            warn(fault)
        message(
            t(
                "both trees agree, but keys, approvals, checkpoints or rows that entries hold are "
                "not sound"
            )
        )
    elif found["first_bad"] is None:
        # Each entry is whole by itself: some are gone at the end, or the head was changed.
        message(
            t(
                "the ledger was changed: each entry is whole, but entries are missing at its end, "
                "or what is kept of its size and roots was changed"
            )
        )
    else:
        message(
            t("the ledger was changed; first bad entry: {first_bad}", first_bad=found["first_bad"])
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


@app.command("export", help=t("export for offline verification"))
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=t("a new folder"))],
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
                "the newest checkpoint covers {signed} entries, those after it are not signed; "
                "run effmon ledger checkpoint first, then export again",
                signed=summary.signed,
            )
        )
