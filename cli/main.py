"""The app and its global options. Commands import what is heavy when they run."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from efficiency_monitor import __version__
from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os
from typer.exceptions import TyperException

from . import (
    account,
    appeal,
    audit,
    backup,
    calendar,
    card,
    case,
    data,
    database,
    evidence,
    export,
    job,
    ladder,
    ledger,
    lift,
    mappings,
    notice,
    order,
    people,
    repair,
    rule,
    scan,
    silence,
    source,
    workspace,
)
from . import command_audit as given
from .render import fail, message
from .state import State, state_of
from .streams import to_nowhere
from .usage import asked_for_help, wrong_usage

app = typer.Typer(
    name="effmon",
    help=t(
        "administrative-efficiency e-supervision: warnings, yellow and red cards, accountability"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"effmon {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "-C",
            "--workspace",
            metavar="WORKSPACE",
            help=t("the workspace's folder"),
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--as", metavar="PERSON", help=t("for whom one acts")),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            envvar="EFFMON_KEY",
            help=t("file of the personal key to sign with"),
        ),
    ] = None,
    log_file: Annotated[
        Path | None,
        typer.Option(
            "--log-file",
            metavar="FILE",
            help=t("file of the log, see [operation] log"),
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help=t("show the version")),
    ] = False,
) -> None:
    """Take the global options."""
    ctx.obj = State(folder, person, key, state_of(ctx).clock)


for commands in (workspace, data, source, scan, backup):
    commands.add_to(app)
lift.add_to(card.app)
for name, group in (
    ("quarantine", data.quarantine),
    ("mappings", mappings.app),
    ("cases", case.app),
    ("cards", card.app),
    ("notices", notice.app),
    ("silences", silence.app),
    ("appeals", appeal.app),
    ("evidence", evidence.app),
    ("repair", repair.app),
    ("orders", order.app),
    ("accountability", account.app),
    ("ladders", ladder.app),
    ("database", database.app),
    ("people", people.app),
    ("ledger", ledger.app),
    ("rules", rule.app),
    ("export", export.app),
    ("calendar", calendar.app),
    ("sources", source.app),
    ("jobs", job.app),
    ("audit", audit.app),
):
    app.add_typer(group, name=name)
job.add_to(app)


def main() -> None:
    """Run a command; every fault ends in one line saying what and how to mend it.

    See docs/contract.md 14.
    """
    # Built once: it takes longer than most commands.
    command = typer.main.get_command(app)
    given.read(sys.argv[1:], command)
    code, fault = _run(command)
    given.finish(code, fault)
    sys.exit(code)


def _run(command: Any) -> tuple[int, EffmonError | None]:
    """Exit code of the command, and its fault if it has one."""
    try:
        code = command(standalone_mode=False)
    except EffmonError as fault:
        return fail(fault), fault
    except typer.Abort:
        message(t("aborted"))
        return 1, None
    except TyperException as fault:
        if asked_for_help(fault):
            typer.echo(str(fault), err=True)
            return 2, None
        # What the parser says repeats what was typed, which is nobody's business later.
        return fail(wrong_usage(fault)), ConfigurationError(t("wrong usage"))
    except KeyboardInterrupt:
        message(t("interrupted"))
        return 130, None
    except RecursionError:
        deep = _unexpected("nested too deeply")
        return fail(deep), deep
    except Exception as fault:
        if isinstance(fault, BrokenPipeError):
            to_nowhere(sys.stdout)
            return 1, None
        if os.environ.get("EFFMON_DEBUG"):
            raise
        found = _as_fault(fault)
        found.__cause__ = fault
        return fail(found), found
    return code if isinstance(code, int) else 0, None


def _as_fault(fault: Exception) -> EffmonError:
    """What the system refuses, the operator can mend; anything else is a defect of ours."""
    if isinstance(fault, UnicodeEncodeError) and any(not_text(word) for word in sys.argv[1:]):
        return ConfigurationError(
            t("an argument is no text in this encoding"),
            t("use a terminal in UTF-8, or a file in UTF-8: --text @FILE"),
        )
    if not isinstance(fault, OSError):
        return _unexpected(f"{type(fault).__name__}: {fault}")
    where = fault.filename
    if where is None:
        where = t("the output")
        to_nowhere(sys.stdout)
    return EffmonError(
        f"{where}: {say_os(fault)}",
        t("check the path, its permissions and the disk's space"),
    )


def not_text(word: str) -> bool:
    """Whether a word of the command line holds bytes that its encoding does not know."""
    return any("\udc80" <= sign <= "\udcff" for sign in word)


def _unexpected(what: str) -> EffmonError:
    error = EffmonError(
        t("unexpected fault: {what}", what=what).splitlines()[0],
        t("run it again with EFFMON_DEBUG=1 and report what it says"),
    )
    error.exit_code = 70
    return error
