"""`effmon notices list | deliver`."""

from enum import StrEnum
from typing import Annotated

import typer
from efficiency_monitor.language import t

from . import columns
from .render import emit, emit_object, message, warn
from .state import DryRun, Output, Strict, context_of, leave

app = typer.Typer(help=t("通知", "notices"))


class NoticeState(StrEnum):
    """What became of a notice."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@app.command("list", help=t("列出通知", "list notices"))
def list_notices(
    ctx: typer.Context,
    state: Annotated[
        NoticeState | None, typer.Option(help=t("状态", "state"), show_default=False)
    ] = None,
    output: Output = None,
) -> None:
    """List the notices of the outbox, newest first."""
    from efficiency_monitor.services import listing

    emit(
        listing.list_notices(context_of(ctx), None if state is None else str(state)),
        columns.NOTICES,
        output,
        empty=t("没有通知", "no notices"),
    )


@app.command("deliver", help=t("投递待发通知", "deliver what is pending"))
def deliver(
    ctx: typer.Context, dry_run: DryRun = False, strict: Strict = False, output: Output = None
) -> None:
    """Deliver the pending notices, one digest per recipient."""
    from efficiency_monitor import app as root
    from efficiency_monitor.services import deliver as service

    context = context_of(ctx)
    channels = {} if dry_run else root.channels(context)
    report, messages = service.deliver(context, channels, dry_run=dry_run)
    emit_object(report.as_json(), output)
    if dry_run:
        for addressed in messages:
            message(
                f"{addressed.channel}: {addressed.message.recipient}: {addressed.message.subject}"
            )
        message(t("仅预览，未投递", "a preview: nothing was delivered"))
    for who, why in report.faults:
        warn(f"{who}: {why}")
    leave(3 if strict and (report.dead or report.retried) else 0)
