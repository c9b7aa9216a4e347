"""`effmon cases list | show | explain`."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.i18n.messages import one_of, t

from . import columns
from .render import emit
from .state import AsOf, KnownBy, Output, context_of, instant_of
from .unmasking import Reason, Unmask, erase_applicant
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.rules.vocabulary import Vocabulary
    from efficiency_monitor.workspace.context import Context

    from .explain_days import Naming

app = typer.Typer(help=t("cases"))
app.command("erase-applicant", help=t("erase the applicants' data"))(erase_applicant)


class OutcomeWord(StrEnum):
    """What the last scan said of a case."""

    JUDGED = "judged"
    NOT_JUDGEABLE = "not_judgeable"
    EXCLUDED = "excluded"


@app.command("list", help=t("list cases"))
def list_cases(
    ctx: typer.Context,
    outcome: Annotated[
        OutcomeWord | None, typer.Option(help=t("outcome"), show_default=False)
    ] = None,
    department: Annotated[
        str | None, typer.Option(help=t("department"), show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=t("closed ones too"))] = False,
    vanished: Annotated[
        bool,
        typer.Option(
            "--vanished",
            help=t("only those missing from their source's snapshot"),
        ),
    ] = False,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """List the open cases with what the last scan said and what falls due next."""
    from efficiency_monitor.cards import listing
    from efficiency_monitor.people import disclosing

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    rows: Iterable[dict[str, Any]] = listing.list_cases(
        context,
        outcome=None if outcome is None else str(outcome),
        department=department,
        everything=everything,
        vanished=vanished,
    )
    if unmask:
        rows = list(rows)
        _disclose(context, "cases.list", rows, reason)
    emit(
        rows,
        columns.VANISHED if vanished else columns.CASES,
        output,
        empty=t("no cases"),
        unmasked=unmask,
    )


def _disclose(
    context: "Context", what: str, shown: Sequence[Mapping[str, Any]], reason: str | None
) -> None:
    """Record that these cases are shown unmasked; only then may they be."""
    from efficiency_monitor.people.disclosing import unmasked
    from efficiency_monitor.people.model.authority import Scope

    unmasked(
        context,
        what,
        subjects=[row["case_no"] for row in shown],
        scopes={
            Scope(*(row.get(name) or "" for name in ("department", "region", "item_code")))
            for row in shown
        },
        reason=read_text(reason),
    )


def _asked(as_of: str | None, context: "Context") -> int:
    instant = instant_of(as_of, context)
    return context.now() if instant is None else instant


@app.command("show", help=t("show one case"))
def show(
    ctx: typer.Context,
    case_no: str,
    as_of: AsOf = None,
    known_by: KnownBy = None,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Show one case: its fields, its events, its clocks and its cards."""
    from efficiency_monitor.cards.explain import explain, find, opened
    from efficiency_monitor.people import disclosing

    from .documents import show_case

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    known = instant_of(known_by, context)
    case = find(context, case_no, known_by=known)
    document = explain(context, case_no, as_of=_asked(as_of, context), known_by=known)
    for clock in document["clocks"]:
        del clock["counted"]
    fields = opened(context, case)
    if unmask:
        _disclose(context, "cases.show", [{**fields, "case_no": case_no}], reason)
    show_case(
        fields,
        document,
        output,
        name=names_of(context.catalogue.vocabulary),
        zone=context.zone,
        unmasked=unmask,
    )


@app.command("explain", help=t("explain the count day by day"))
def explain_case(
    ctx: typer.Context,
    case_no: str,
    as_of: AsOf = None,
    known_by: KnownBy = None,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Explain a case: each date counted or not and why, so that it can be shown to anybody."""
    from efficiency_monitor.cards.explain import explain, find
    from efficiency_monitor.people import disclosing

    from .explain_view import show as show_page

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    document = explain(
        context,
        case_no,
        as_of=_asked(as_of, context),
        known_by=instant_of(known_by, context),
    )
    if unmask:
        about = find(context, case_no).record.fields
        _disclose(context, "cases.explain", [{**about, "case_no": case_no}], reason)
    show_page(document, output, name=names_of(context.catalogue.vocabulary), unmasked=unmask)


def names_of(vocabulary: "Vocabulary") -> "Naming":
    """What event types and grounds for a pause are called in the current language."""

    def name(code: str) -> str:
        if code in vocabulary.types:
            return one_of(vocabulary.types[code].zh, vocabulary.types[code].en)
        if code in vocabulary.kinds:
            return one_of(vocabulary.kinds[code].zh, vocabulary.kinds[code].en)
        return code

    return name
