"""`effmon cases list | show | explain`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.language import t

from . import columns
from .render import emit
from .state import AsOf, KnownBy, Output, context_of, instant_of

if TYPE_CHECKING:
    from efficiency_monitor.services.context import Context

    from .explain_days import Naming

app = typer.Typer(help=t("办件", "cases"))


class OutcomeWord(StrEnum):
    """What the last scan said of a case."""

    JUDGED = "judged"
    NOT_JUDGEABLE = "not_judgeable"
    EXCLUDED = "excluded"


@app.command("list", help=t("列出办件", "list cases"))
def list_cases(
    ctx: typer.Context,
    outcome: Annotated[
        OutcomeWord | None, typer.Option(help=t("判定", "outcome"), show_default=False)
    ] = None,
    department: Annotated[
        str | None, typer.Option(help=t("部门", "department"), show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=t("也列出已办结的", "closed ones too"))
    ] = False,
    vanished: Annotated[
        bool,
        typer.Option(
            "--vanished",
            help=t("仅来源全量快照中已没有的", "only those missing from their source's snapshot"),
        ),
    ] = False,
    output: Output = None,
) -> None:
    """List the open cases with what the last scan said and what falls due next."""
    from efficiency_monitor.services import listing

    context = context_of(ctx)
    emit(
        listing.list_cases(
            context,
            outcome=None if outcome is None else str(outcome),
            department=department,
            everything=everything,
            vanished=vanished,
        ),
        columns.VANISHED if vanished else columns.CASES,
        output,
        empty=t("没有办件", "no cases"),
    )


def _asked(as_of: str | None, context: "Context") -> int:
    instant = instant_of(as_of, context)
    return context.now() if instant is None else instant


@app.command("show", help=t("显示一件办件", "show one case"))
def show(
    ctx: typer.Context,
    case_no: str,
    as_of: AsOf = None,
    known_by: KnownBy = None,
    output: Output = None,
) -> None:
    """Show one case: its fields, its events, its clocks and its cards."""
    from efficiency_monitor.services.explain import explain, find

    from .documents import show_case

    context = context_of(ctx)
    known = instant_of(known_by, context)
    case = find(context, case_no, known_by=known)
    document = explain(context, case_no, as_of=_asked(as_of, context), known_by=known)
    for clock in document["clocks"]:
        del clock["counted"]
    show_case(case.record.fields, document, output, name=_names(context), zone=context.zone)


@app.command("explain", help=t("逐日说明计时", "explain the count day by day"))
def explain_case(
    ctx: typer.Context,
    case_no: str,
    as_of: AsOf = None,
    known_by: KnownBy = None,
    output: Output = None,
) -> None:
    """Explain a case: each date counted or not and why, so that it can be shown to anybody."""
    from efficiency_monitor.services.explain import explain

    from .explain_view import show as show_page

    context = context_of(ctx)
    document = explain(
        context,
        case_no,
        as_of=_asked(as_of, context),
        known_by=instant_of(known_by, context),
    )
    show_page(document, output, name=_names(context))


def _names(context: "Context") -> "Naming":
    """What event types and grounds for a pause are called in the current language."""
    vocabulary = context.catalogue.vocabulary

    def name(code: str) -> str:
        if code in vocabulary.types:
            return t(vocabulary.types[code].zh, vocabulary.types[code].en)
        if code in vocabulary.kinds:
            return t(vocabulary.kinds[code].zh, vocabulary.kinds[code].en)
        return code

    return name
