"""`effmon ledger checkpoint | compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.i18n.messages import t

from .render import Column, emit_object, message, warn
from .state import Output, context_of, leave
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.ledger.checkpoints import Made, Tried
    from efficiency_monitor.ledger.compare import Compared
    from efficiency_monitor.ledger.model.signed_notes import Verifier

_MADE: Final = (
    Column("size", "Entries"),
    Column("sha256_root", "SHA-256 root"),
    Column("sm3_root", "SM3 root"),
    Column("key", "Key"),
    Column("new", "New"),
)
_COMPARED: Final = (
    Column("result", "Result"),
    Column("tree", "Tree"),
    Column("size", "Entries"),
    Column("said", "Root that was kept"),
    Column("here", "Root of the ledger"),
    Column("now", "Entries now"),
    Column("key", "Key"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of the ledger."""
    app.command("checkpoint", help=t("sign a checkpoint"))(checkpoint)
    app.command("compare", help=t("compare with a checkpoint that was kept"))(compare)


def checkpoint(
    ctx: typer.Context,
    after_loss: Annotated[
        str | None,
        typer.Option(
            "--after-loss",
            metavar="REASON",
            help=t(
                "begin again after a backup was restored or the signer's memory was lost; the "
                "ledger shows it for ever"
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
        message(t("signed a checkpoint of {size} entries", size=made.size))
    else:
        message(t("nothing to sign, the newest checkpoint has {size} entries", size=made.size))
    if not made.verified:
        warn(t("signatures of this kind of key cannot be verified here"))


def say_tried(tried: "Tried | None") -> None:
    """Why a checkpoint that was to be made by itself was not; one that was is no news."""
    if tried is None or tried.fault is None:
        return
    fault = tried.fault
    warn(t("no checkpoint: {message} ({hint})", message=fault.message, hint=fault.hint))


def compare(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE.note", show_default=False)] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", help=t("a notice's last line: 1042 · ROOT")),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY",
            help=t("only this public key counts (the one on paper)"),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Hold a checkpoint against the rows; exit 1 where the ledger is another or shorter."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger import compare as service

    if (file is None) == (text is None):
        raise ConfigurationError(
            t("give the file of a checkpoint, or --text"),
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
            f"{file}: {say_os(fault)}", t("check the path and its permissions")
        ) from None


def read_vkey(given: str) -> "Verifier":
    """A public key of the command line; ConfigurationError where it is none."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger.model.signed_notes import NoteError, Verifier

    try:
        return Verifier.parse(given.strip())
    except NoteError as fault:
        raise ConfigurationError(
            t("{given!r} is no public key: {fault}", given=given, fault=fault),
            t("its form: NAME+8 HEX DIGITS+BASE64"),
        ) from None


def _say(found: "Compared") -> None:
    """The result in words that can be put into a report."""
    from efficiency_monitor.ledger import compare as service

    if found.result == service.EQUAL:
        message(
            t(
                "equal: entries 1 to {size} are byte for byte what they were then (of {now} now; "
                "the later ones are not proved by it)",
                size=found.size,
                now=found.now,
            )
        )
        if not found.key:
            message(t("a text is signed by nobody: it counts only if you received it yourself"))
    else:
        warn(_alarm(found))
        message(
            t(
                "put this into a report: ledger {origin}, {size} entries; root that was kept "
                "{said}; the ledger gives {value}; entries now {now}; signed by {value_2}. Keep "
                "your copy and the database as they are, mend nothing, and tell all others who "
                "hold checkpoints.",
                origin=found.origin,
                size=found.size,
                said=found.said,
                value=found.here or t("(not so many)"),
                now=found.now,
                value_2=found.key or t("nobody (a text)"),
            )
        )
    for mark in found.marks:
        warn(mark)


def _alarm(found: "Compared") -> str:
    from efficiency_monitor.ledger import compare as service

    if found.result == service.SHORTER:
        return t(
            "the ledger is SHORTER than the checkpoint: {now} entries of {size}; it was cut off, "
            "or an old backup was restored",
            now=found.now,
            size=found.size,
        )
    if found.result == service.WRONG_KEY:
        return t(
            "the roots are the same, but the key that signed was not in use at that size: the "
            "checkpoint is not to be believed"
        )
    return t(
        "DIFFERENT: the first {size} entries were changed after that, or two ledgers were shown",
        size=found.size,
    )
