"""`effmon audit list`: which commands were given, by whom, and how they ended."""

from typing import Annotated, Final

import typer
from efficiency_monitor.i18n.messages import t

from .render import Column, emit
from .state import Output, context_of

app = typer.Typer(help=t("records of commands"))

_COLUMNS: Final = (
    Column("at", "At"),
    Column("command", "Command"),
    Column("exit_code", "Exit code", right=True),
    Column("person_id", "Person"),
    Column("os_user", "System user"),
    Column("subject", "Subject"),
    Column("fault", "Fault", least=20),
    Column("options", "Options"),
    Column("sudo_user", "Before sudo"),
    Column("host", "Host"),
    Column("tty", "Terminal"),
    Column("took_ms", "Milliseconds", right=True),
)


@app.command("list", help=t("list what was done or tried"))
def list_commands(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help=t("only what did not succeed"))] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", show_default=False, help=t("from this instant")),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help=t("how many"))] = 100,
    output: Output = None,
) -> None:
    """List the newest records, oldest first."""
    from efficiency_monitor.ops import audit
    from efficiency_monitor.time.instants import parse_instant

    context = context_of(ctx)
    begin = None
    if since is not None:
        from efficiency_monitor.faults import ConfigurationError

        try:
            begin, _ = parse_instant(since, context.zone)
        except ValueError:
            said = t("{written!r} is no time", written=since)
            raise ConfigurationError(said, "--since '2026-03-02 18:00'") from None
    emit(
        audit.list_commands(context, failed=failed, since=begin, most=most),
        _COLUMNS,
        output,
        empty=t("no records"),
    )
