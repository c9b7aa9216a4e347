"""`effmon database roles`."""

from typing import Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.messages import t

from .render import emit, message
from .state import Output, context_of

app = typer.Typer(help=t("the PostgreSQL database"))


@app.callback()
def _group() -> None:
    """Keep `roles` a word of its own."""


@app.command("roles", help=t("give roles their least rights"))
def roles(
    ctx: typer.Context,
    application: Annotated[
        str | None,
        typer.Option("--app", metavar="ROLE", help=t("role that runs effmon")),
    ] = None,
    auditor: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help=t("role that only reads")),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=t("only show the statements"))] = False,
    output: Output = None,
) -> None:
    """Give the application and an auditor their rights and take away all others."""
    from efficiency_monitor.ops import database_roles

    made = database_roles.give(
        context_of(ctx), application=application, auditor=auditor, dry_run=dry_run
    )
    emit(
        [{"statement": statement} for statement in made],
        (Column("statement", "Statement", least=40),),
        output,
    )
    if dry_run:
        message(t("dry run: nothing was done"))
    else:
        message(t("{n_made} statements were run", n_made=len(made)))
