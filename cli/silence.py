"""`effmon silences add | list | end`."""

from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_local
from efficiency_monitor.i18n.messages import t

from .render import Format, emit, emit_object, message
from .signed_words import say_repeated
from .state import Output, context_of

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("silences"))

_COLUMNS = (
    Column("silence_no", "Silence"),
    Column("department", "Department", priority=2, least=8),
    Column("region", "Region", priority=4),
    Column("item_code", "Item", priority=4),
    Column("rule", "Rule", priority=4),
    Column("case_no", "Case", priority=3),
    Column("person_id", "Person", priority=3, ctx="notices"),
    Column("owner", "Owner", priority=2),
    Column("reason", "Reason", priority=2, least=10, ctx="changes"),
    Column("starts_at", "From", say=say_local, priority=4, ctx="calendars"),
    Column("ends_at", "Until", say=say_local),
    Column("ended_at", "Ended", say=say_local, priority=3, ctx="silence"),
    Column("holds", "Holds", right=True),
)


@app.command("add", help=t("hold matching notices until it ends"))
def add(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help=t("why"))],
    until: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help=t("when it ends, within 30 days; a bare date is its last second"),
        ),
    ],
    department: Annotated[str, typer.Option(help=t("department"))] = "",
    region: Annotated[str, typer.Option(help=t("region"))] = "",
    item: Annotated[str, typer.Option(help=t("item code"))] = "",
    rule: Annotated[str, typer.Option(help=t("rule"))] = "",
    case_no: Annotated[str, typer.Option("--case", help=t("case"))] = "",
    person: Annotated[str, typer.Option(help=t("recipient"))] = "",
    output: Output = None,
) -> None:
    """Hold notices that fit every option given until an instant; needs --as PERSON."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.notify.silences import Filters, add_silence
    from efficiency_monitor.time.instants import parse_as_of

    context = context_of(ctx)
    try:
        ends = parse_as_of(until, context.zone)
    except ValueError as fault:
        raise ConfigurationError(
            t("--until: {fault}", fault=fault, until=until),
            t("for example '2026-12-01 09:00'"),
        ) from None
    filters = Filters(
        department=department,
        region=region,
        item_code=item,
        rule_id=rule,
        case_no=case_no,
        person_id=person,
    )
    number = add_silence(context, filters, reason=reason, until=ends)
    _emit_one(context, number, output)
    message(t("{number}: notices wait until it ends", number=number))


@app.command("list", help=t("list silences"))
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help=t("those that ended too"))] = False,
    output: Output = None,
) -> None:
    """List the silences that stand, and how many notices each holds."""
    from efficiency_monitor.notify.silences import list_silences

    emit(
        list_silences(context_of(ctx), everything=everything),
        _COLUMNS,
        output,
        empty=t("no silences"),
    )


@app.command("end", help=t("end a silence and let its notices go"))
def end(
    ctx: typer.Context,
    silence_no: Annotated[str, typer.Argument(metavar="SILENCE")],
    reason: Annotated[str, typer.Option(help=t("why"))],
    output: Output = None,
) -> None:
    """End a silence before its time: its owner may, and supervisors; needs --as PERSON."""
    from efficiency_monitor.notify.silences import end_silence

    context = context_of(ctx)
    ended = end_silence(context, silence_no, reason=reason)
    _emit_one(context, silence_no, output)
    message(t("{silence_no}: ended", silence_no=silence_no))
    if not ended:
        say_repeated()


def _emit_one(context: "Context", silence_no: str, output: Format | None) -> None:
    """The silence as the list has it, where an output was asked for."""
    from efficiency_monitor.notify.silences import list_silences

    if output is not None:
        known = list_silences(context, everything=True)
        emit_object(next(row for row in known if row["silence_no"] == silence_no), output)
