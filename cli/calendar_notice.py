"""`effmon calendar import`."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_level, say_local
from efficiency_monitor.i18n.messages import mark, t

from .render import emit, emit_object, message
from .rule_change import Reason
from .state import Output, context_of
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.calendars.calendar_import import Proposed

_KINDS = {
    "weekday": mark("working day"),
    "weekend": mark("weekend"),
    "day_off": mark("day off"),
    "make_up": mark("make-up working day"),
}


def _day(word: Any) -> str:
    kind, _, provisional = str(word).partition(" ")
    said = t(_KINDS[kind]) if kind in _KINDS else str(word or "")
    return said + t(" (provisional)") if provisional else said


DAYS = (
    Column("date", "Date"),
    Column("before", "Before", say=_day, ctx="days"),
    Column("after", "After", say=_day, ctx="days"),
)
CLOCKS = (
    Column("case_no", "Case", ctx="clocks"),
    Column("rule", "Rule"),
    Column("name", "Limit"),
    Column("before", "Due before", say=say_local),
    Column("after", "Due after", say=say_local),
)
CARDS = (
    Column("what", "What", ctx="cards"),
    Column("case_no", "Case", ctx="clocks"),
    Column("rule", "Rule"),
    Column("level", "Level", say=say_level),
    Column("card_no", "Card", priority=2, ctx="cards"),
)


def import_notice(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=t("the notice, text or table"))],
    notice: Annotated[str, typer.Option("--notice", help=t("its number"))],
    published: Annotated[str, typer.Option(metavar="DATE", help=t("when published"))],
    calendar: Annotated[
        str | None, typer.Option("--calendar", metavar="ID", help=t("which calendar"))
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(help=t("the whole year that it sets, if not in its title")),
    ] = None,
    source: Annotated[str, typer.Option(help=t("where it stands"))] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="DATE", help=t("a make-up day that stays")),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="DATE", help=t("one that goes")),
    ] = None,
    propose: Annotated[bool, typer.Option("--propose", help=t("propose it for approval"))] = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Show what an official notice changes: days, clocks, cards; --propose asks for its approval.

    Without --propose nothing is written. With it: --as PERSON and --reason.
    """
    from efficiency_monitor.catalogue.calendars.calendar_import import Order
    from efficiency_monitor.catalogue.calendars.calendar_import import import_notice as service

    context = context_of(ctx)
    found = service(
        context,
        Order(
            path=file,
            number=notice,
            published=_date("--published", published),
            calendar=calendar or context.settings.workspace.calendar,
            source=source,
            year=year,
            keep=[_date("--keep", text) for text in keep or ()],
            drop=[_date("--drop", text) for text in drop or ()],
        ),
        reason=read_text(reason),
        propose=propose,
    )
    if output is None:
        _say(found)
    else:
        emit_object(found.as_json(context.zone), output)
    _say_next(found, one_person=context.settings.rules.approval == "none")


def _say_next(found: "Proposed", *, one_person: bool) -> None:
    """What has to follow."""
    if found.change is None:
        message(t("a preview: nothing was written; see --propose"))
        return
    number = found.change.change_no
    if one_person:
        message(
            t(
                '{number} is proposed. [rules] approval = "none": one person is enough: '
                "effmon rules approve {number}",
                number=number,
            )
        )
    else:
        message(
            t(
                "{number} is proposed; another person gives: effmon rules approve {number}",
                number=number,
            )
        )


def _say(found: "Proposed") -> None:
    emit(found.days, DAYS, None, title=t("days that change"))
    seen = found.preview
    if seen.clocks:
        emit(seen.clocks, CLOCKS, None, title=t("clocks that change"))
    rows = [{"what": t("lifted"), **row} for row in seen.lifted]
    rows += [{"what": t("issued", ctx="calendar notice"), **row} for row in seen.issued]
    if rows:
        emit(rows, CARDS, None, title=t("cards that change"))
    if found.confirmed:
        number = found.confirmed
        message(t("{number} days are provisional no more", number=number))
    message(
        t(
            "{n_days} days, {cases} cases: {n_clocks} instants change, {n_lifted} cards lifted, "
            "{n_issued} new",
            n_days=len(found.days),
            cases=seen.cases,
            n_clocks=len(seen.clocks),
            n_lifted=len(seen.lifted),
            n_issued=len(seen.issued),
        )
    )


def _date(option: str, text: str) -> date:
    from efficiency_monitor.faults import ConfigurationError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            t("{option}: {text_!r} is no date", option=option, text_=text),
            t("write 2026-01-31"),
        ) from None


def add_to(app: typer.Typer) -> None:
    """Add the command to the group of calendars."""
    app.command("import", help=t("import an official notice"))(import_notice)
