"""`effmon ledger key show | read | new | rotate`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.messages import t

from .ledger_note import read_file, read_vkey
from .render import emit_object, emit_text, message, warn
from .state import Output, context_of
from .written import read_text

app = typer.Typer(help=t("the key that signs the ledger"))


@app.command("show", help=t("show the public key, for paper too"))
def show_key(
    ctx: typer.Context,
    foreign: Annotated[
        str | None,
        typer.Option(
            "--foreign",
            metavar="BASE64",
            help=t("write the key of another kind as a vkey"),
        ),
    ] = None,
    word: Annotated[
        str, typer.Option("--word", help=t("what that kind of key is called"))
    ] = "effmon-sm2",
    output: Output = None,
) -> None:
    """Print the public key that belongs on paper, and every key before it."""
    from efficiency_monitor.ledger import keys as ledger_keys

    context = context_of(ctx)
    if foreign is not None:
        emit_text([f"{ledger_keys.foreign(context, foreign, word).vkey}\n"])
        return
    found = ledger_keys.shown(context)
    if output is not None:
        emit_object(found, output)
        return
    lines = [f"{found['vkey']}\n", "\n", f"{found['name']}   {found['digits']}\n"]
    emit_text([*lines, *(f"{row}\n" for row in found["paper"])])
    message(
        t(
            "put the key above on paper or into a bulletin, to be kept by the supervisors; the "
            "last two digits of a row check it"
        )
    )
    for before in found["keys"]:
        if not before["vouched"]:
            digits = before["vkey"].split("+")[1]
            warn(t("the key {digits} has no signature of the key before", digits=digits))


@app.command("read", help=t("read a public key back from paper"))
def read_paper(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
) -> None:
    """Print the public key of rows that were typed in; a wrong digit is named by its row."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger.model.keys import of_paper
    from efficiency_monitor.ledger.model.signed_notes import NoteError
    from efficiency_monitor.ledger.signer import origin_of

    rows = read_file(file).decode("utf-8-sig", "replace").splitlines()
    try:
        found = of_paper(origin_of(context_of(ctx).settings), rows)
    except NoteError as fault:
        raise ConfigurationError(
            f"{file}: {fault}",
            t("write the rows of the paper only: number, digits, check digits"),
        ) from None
    emit_text([f"{found.vkey}\n"])


@app.command("new", help=t("write a new key"))
def new_key(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help=t("a new file, for a key that is to take over"),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a private key into a new file; without --out the one that the ledger begins with."""
    from efficiency_monitor import app
    from efficiency_monitor.ledger import keys as ledger_keys

    context = context_of(ctx)
    made = ledger_keys.new_key(context, app.seed(), out)
    emit_text([f"{made.verifier.vkey}\n"])
    place = ledger_keys.key_file(context) if out is None else out
    message(
        t(
            "the private key is in {place}; the line above is the public one: put it on paper",
            place=place,
        )
    )


@app.command("rotate", help=t("let another key take over"))
def rotate_key(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="NEWFILE", show_default=False)] = None,
    to_program: Annotated[
        str | None,
        typer.Option(
            "--to-program",
            metavar="COMMAND",
            help=t("a program signs from now on, see --public"),
        ),
    ] = None,
    public: Annotated[
        str | None,
        typer.Option("--public", metavar="VKEY", help=t("the program's key")),
    ] = None,
    lost: Annotated[
        str | None,
        typer.Option(
            "--lost",
            metavar="REASON",
            help=t("the old key is lost: it does not sign, and the ledger shows it for ever"),
        ),
    ] = None,
) -> None:
    """Enter a new key, signed by the old one and itself; later checkpoints are of the new one."""
    import shlex

    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.ledger import keys as ledger_keys
    from efficiency_monitor.ledger import signer

    context = context_of(ctx)
    reason = read_text(lost)
    if file is not None and to_program is None and public is None:
        verifier = ledger_keys.rotate(context, file, lost=reason).verifier
    elif file is None and to_program is not None and public is not None:
        verifier = read_vkey(public)
        signer.check_name(verifier, signer.origin_of(context.settings))
        command = tuple(shlex.split(to_program))
        timeout = context.settings.ledger.signer.timeout
        program = signer.Program(command, verifier, context.folder, timeout)
        ledger_keys.rotate_signer(context, program, lost=reason)
        message(t('now write kind = "command", command and public under [ledger.signer]'))
    else:
        raise ConfigurationError(
            t("give the new key's file, or --to-program and --public"),
            "effmon ledger key rotate NEWFILE",
        )
    emit_text([f"{verifier.vkey}\n"])
    message(
        t(
            "the key was replaced; the line above is the new public one: put it on paper. "
            "Checkpoints by the old key stay valid up to here"
        )
    )
