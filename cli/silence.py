"""`effmon silences add | list | end`."""

from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_local, t

from .render import Format, emit, emit_object, message
from .signed_words import say_repeated
from .state import Output, context_of

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("静默", "silences"))

_COLUMNS = (
    Column("silence_no", "静默编号", "Silence"),
    Column("department", "部门", "Department", priority=2, least=8),
    Column("region", "区划", "Region", priority=4),
    Column("item_code", "事项", "Item", priority=4),
    Column("rule", "规则", "Rule", priority=4),
    Column("case_no", "办件编号", "Case", priority=3),
    Column("person_id", "收件人", "Person", priority=3),
    Column("owner", "设置人", "Owner", priority=2),
    Column("reason", "理由", "Reason", priority=2, least=10),
    Column("starts_at", "自", "From", say=say_local, priority=4),
    Column("ends_at", "至", "Until", say=say_local),
    Column("ended_at", "已结束", "Ended", say=say_local, priority=3),
    Column("holds", "拦住", "Holds", right=True),
)


@app.command(
    "add", help=t("设置静默：匹配的通知等到其结束再发", "hold matching notices until it ends")
)
def add(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help=t("理由", "why"))],
    until: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help=t(
                "结束时刻，30 天以内；只写日期即当日最后一秒",
                "when it ends, within 30 days; a bare date is its last second",
            ),
        ),
    ],
    department: Annotated[str, typer.Option(help=t("部门", "department"))] = "",
    region: Annotated[str, typer.Option(help=t("区划", "region"))] = "",
    item: Annotated[str, typer.Option(help=t("事项编码", "item code"))] = "",
    rule: Annotated[str, typer.Option(help=t("规则", "rule"))] = "",
    case_no: Annotated[str, typer.Option("--case", help=t("办件", "case"))] = "",
    person: Annotated[str, typer.Option(help=t("收件人", "recipient"))] = "",
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
            t(f"--until：{until!r} 不是时间", f"--until: {fault}"),
            t("如 '2026-12-01 09:00'", "for example '2026-12-01 09:00'"),
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
    message(t(f"{number}：通知等到静默结束再发", f"{number}: notices wait until it ends"))


@app.command("list", help=t("列出静默", "list silences"))
def list_(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=t("也列出已结束的", "those that ended too"))
    ] = False,
    output: Output = None,
) -> None:
    """List the silences that stand, and how many notices each holds."""
    from efficiency_monitor.notify.silences import list_silences

    emit(
        list_silences(context_of(ctx), everything=everything),
        _COLUMNS,
        output,
        empty=t("没有静默", "no silences"),
    )


@app.command("end", help=t("提前结束静默并放行通知", "end a silence and let its notices go"))
def end(
    ctx: typer.Context,
    silence_no: Annotated[str, typer.Argument(metavar="SILENCE")],
    reason: Annotated[str, typer.Option(help=t("理由", "why"))],
    output: Output = None,
) -> None:
    """End a silence before its time: its owner may, and supervisors; needs --as PERSON."""
    from efficiency_monitor.notify.silences import end_silence

    context = context_of(ctx)
    ended = end_silence(context, silence_no, reason=reason)
    _emit_one(context, silence_no, output)
    message(t(f"{silence_no}：已结束", f"{silence_no}: ended"))
    if not ended:
        say_repeated()


def _emit_one(context: "Context", silence_no: str, output: Format | None) -> None:
    """The silence as the list has it, where an output was asked for."""
    from efficiency_monitor.notify.silences import list_silences

    if output is not None:
        known = list_silences(context, everything=True)
        emit_object(next(row for row in known if row["silence_no"] == silence_no), output)
