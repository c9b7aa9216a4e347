"""`effmon database roles`."""

from typing import Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import t

from .render import emit, message
from .state import Output, context_of

app = typer.Typer(help=t("PostgreSQL 数据库", "the PostgreSQL database"))


@app.callback()
def _group() -> None:
    """Keep `roles` a word of its own."""


@app.command("roles", help=t("授予数据库角色所需的最小权限", "give roles their least rights"))
def roles(
    ctx: typer.Context,
    application: Annotated[
        str | None,
        typer.Option(
            "--app", metavar="ROLE", help=t("运行 effmon 的角色", "role that runs effmon")
        ),
    ] = None,
    auditor: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE", help=t("只读审计角色，看不到个人信息", "role that only reads")
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=t("只显示语句", "only show the statements"))
    ] = False,
    output: Output = None,
) -> None:
    """Give the application and an auditor their rights and take away all others."""
    from efficiency_monitor.ops import database_roles

    made = database_roles.give(
        context_of(ctx), application=application, auditor=auditor, dry_run=dry_run
    )
    emit(
        [{"statement": statement} for statement in made],
        (Column("statement", "语句", "Statement", least=40),),
        output,
    )
    if dry_run:
        message(t("预演：没有执行", "dry run: nothing was done"))
    else:
        message(t(f"已执行 {len(made)} 条语句", f"{len(made)} statements were run"))
