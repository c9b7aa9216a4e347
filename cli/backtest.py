"""`effmon rules backtest`: what other rules would have given."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.backtest_words import CHANGES, COUNTS
from efficiency_monitor.i18n.language import say_level, say_local, say_reason
from efficiency_monitor.i18n.messages import one_of, t

from .render import Format, emit, emit_text, message, progress, warn
from .state import Output, catalogue_of, context_of, state_of
from .tally_view import SUBJECT

if TYPE_CHECKING:
    from efficiency_monitor.scan.backtest.backtest import BacktestReport, History
    from efficiency_monitor.scan.backtest.backtest_sides import Asked, Plan

_STYLES: Final = {"new": "bold", "gone": "bold", "earlier": "", "later": "", "same": "dim"}
_CARDS: Final = (
    Column("change", "Change", say=coded(CHANGES), styles=_STYLES),
    Column("case_no", "Case"),
    Column("rule", "Rule", priority=2),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("department", "Department", priority=2, least=8),
    Column("item_code", "Item", priority=3, least=8, ctx="cards"),
    Column("start_at", "Started", say=say_local, priority=4, ctx="cards"),
    Column("stop_at", "Stopped", say=say_local, priority=4),
    Column("before.fell_due_at", "Fell due before", say=say_local, ctx="cards"),
    Column("after.fell_due_at", "Fell due after", say=say_local, ctx="cards"),
)
#: With cards that are on no case.
_TALLIED: Final = (*_CARDS[:2], SUBJECT, *_CARDS[2:])
_TOTALS: Final = tuple(
    Column(name, words, right=True) for name, words in COUNTS.items() if "moved" not in name
)
_SHOWN: Final = {
    "level": Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    "rule": Column("rule", "Rule"),
    "month": Column("month", "Month"),
    "department": Column("department", "Department", least=8),
    "item": Column("item", "Item", least=8),
}
_UNJUDGED: Final = (
    Column("rule", "Rule"),
    Column("reason", "Reason", say=say_reason),
    Column("before", "Before", right=True),
    Column("after", "After", right=True),
)


_What = Annotated[
    str,
    typer.Argument(metavar="PATH|PACK", help=t("a rule file, a folder or a pack")),
]
_First = Annotated[str, typer.Option("--from", metavar="DATE", help=t("the first date"))]
_Last = Annotated[str, typer.Option("--to", metavar="DATE", help=t("the last date"))]
_Against = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH|PACK",
        help=t("against these (default: the rules in use)"),
    ),
]
_Renamed = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OLD=NEW", help=t("a rule with a new id")),
]
_Calendars = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help=t("calendar files that PATH is judged by")),
]
_Lake = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help=t("over this lake, without a database")),
]
_Department = Annotated[
    list[str] | None,
    typer.Option(help=t("only this department; repeatable")),
]
_Always = Annotated[
    bool,
    typer.Option("--as-if-in-force", help=t("PATH as if it had always been in force")),
]
_Same = Annotated[bool, typer.Option("--same", help=t("list the cards that stay, too"))]
_Page = Annotated[Path | None, typer.Option(metavar="FILE.html", help=t("write a page as well"))]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help=t("replace the file"))]


def backtest(
    ctx: typer.Context,
    what: _What,
    first: _First,
    last: _Last,
    against: _Against = None,
    renamed: _Renamed = None,
    calendars: _Calendars = None,
    lake: _Lake = None,
    department: _Department = None,
    always: _Always = False,
    same: _Same = False,
    page: _Page = None,
    overwrite: _Overwrite = False,
    output: Output = None,
) -> None:
    """Judge the history by other rules and show each card that differs; writes nothing.

    The rules at PATH stand against the rules in use: as a first scan as of the end of `--to`, by
    everything that is known, would issue cards.
    """
    from efficiency_monitor.scan.backtest.backtest_sides import Asked
    from efficiency_monitor.scan.lake import lake_compare

    asked = Asked(
        what=what,
        first=first,
        last=last,
        against=against or (),
        renamed=renamed or (),
        calendars=calendars,
        departments=department or (),
        always_in_force=always,
    )
    plan, history = _prepared(ctx, asked, lake)
    _warn_of(plan)
    with progress(t("back-testing"), history.count()) as step:
        report = lake_compare.backtest(plan, history, same=same, progress=step)
    with report:
        _show(report, output)
        _say(report)
        if page is not None:
            _write_page(report, page, history, overwrite=overwrite)
            message(t("the page: {page}", page=page))
    message(t("nothing was written to any database"))


def _prepared(ctx: typer.Context, asked: "Asked", lake: Path | None) -> "tuple[Plan, History]":
    """The two sides, and the history that both are to judge."""
    from efficiency_monitor import app
    from efficiency_monitor.scan.backtest import backtest as service
    from efficiency_monitor.scan.backtest.backtest_sides import plan
    from efficiency_monitor.scan.backtest.backtest_tallies import unseen

    if lake is None:
        context = context_of(ctx)
        found = plan(context.catalogue, context.zone, context.now(), asked)
        if context.store.masked:
            found = found.without(unseen([*found.before.tallies, *found.after.tallies]))
        return found, service.StoredHistory(context)
    from efficiency_monitor.scan.lake.lake_history import Lake, left_out

    catalogue, _ = catalogue_of(ctx)
    opened = Lake(lake, catalogue.vocabulary, catalogue.vocabulary_digest)
    now = (state_of(ctx).clock or app.now)()
    found = plan(catalogue, opened.manifest.zone, now, asked)
    opened.check_period(found.as_of)
    return found.without(left_out([*found.before.every, *found.after.every])), opened


def _warn_of(plan: "Plan") -> None:
    """What would otherwise look like a rule that gives no card."""
    in_force = [
        bound
        for bound in plan.after.every
        if bound.rule.id not in plan.brought
        and bound.rule.in_force.from_ <= plan.last
        and (bound.rule.in_force.to is None or plan.first <= bound.rule.in_force.to)
    ]
    if not in_force:
        warn(
            t(
                "{name} is not in force in these dates and gives no card; see --as-if-in-force",
                name=plan.after.name,
            )
        )
    for rule, reason in plan.left_out:
        warn(t("rule {rule} is left out: {reason}", rule=rule, reason=reason))


def _show(report: "BacktestReport", output: Format | None) -> None:
    from efficiency_monitor.scan.backtest.backtest import difference_json

    rows = (difference_json(each, report.plan.window.zone) for each in report.found)
    if output is Format.JSON:
        emit_text(_document(report, rows))
        return
    if output is Format.TABLE or (output is None and _on_terminal()):
        _show_totals(report)
    emit(
        rows,
        _TALLIED if report.plan.tallied else _CARDS,
        output,
        title=t("Card by card"),
        empty=t("no card differs"),
    )


def _on_terminal() -> bool:
    import sys

    from . import streams

    return streams.is_terminal(sys.stdout)


def _document(report: "BacktestReport", rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """The whole report as one JSON document, a card at a time."""
    from efficiency_monitor.documents.masking import masked
    from efficiency_monitor.documents.tabular import json_text

    head = json_text(masked(report.as_json()), indent=2)
    yield head.removesuffix("\n}") + ',\n  "cards": ['
    begun = False
    for row in rows:
        yield (",\n    " if begun else "\n    ") + json_text(masked(row))
        begun = True
    yield "\n  ]\n}\n" if begun else "]\n}\n"


def _show_totals(report: "BacktestReport") -> None:
    """The totals before the cards, each as a table of its own."""
    titles = {
        "level": t("By level"),
        "rule": t("By rule"),
        "month": t("By month"),
        "department": t("By department"),
        "item": t("By item"),
    }
    for dimension, title in titles.items():
        found = [{dimension: v, **counts} for v, counts in report.totals.rows(dimension)]
        if found:
            emit(found, (_SHOWN[dimension], *_TOTALS), Format.TABLE, title=title)
    unjudged = report.not_judgeable()
    if unjudged:
        title = t("Cases not judgeable")
        emit(unjudged, _UNJUDGED, Format.TABLE, title=title)
    untallied = report.tallies_not_judgeable()
    if untallied:
        title = t("Subjects of tallies not judgeable")
        emit(untallied, _UNJUDGED, Format.TABLE, title=title)


def _say(report: "BacktestReport") -> None:
    """The totals in one line, on stderr."""
    document = report.as_json()
    counts = document["totals"]
    before, after = (report.cases[side] for side in ("before", "after"))
    total = sum(after.values())
    message(
        t(
            "{total} cases; {before} cards become {after}: {new} new, {gone} gone, {earlier} "
            "earlier, {later} later, {same} the same",
            total=total,
            before=counts["before"],
            after=counts["after"],
            new=counts["new"],
            gone=counts["gone"],
            earlier=counts["earlier"],
            later=counts["later"],
            same=counts["same"],
        )
    )
    if before["not_judgeable"] or after["not_judgeable"]:
        was, now = before["not_judgeable"], after["not_judgeable"]
        message(t("not judgeable: {was} before, {now} after", was=was, now=now))
    if report.plan.tallied:
        was, now = (document["tallies"][side]["total"] for side in ("before", "after"))
        message(t("subjects of tallies: {was} before, {now} after", was=was, now=now))


def _write_page(
    report: "BacktestReport", page: Path, history: "History", *, overwrite: bool
) -> None:
    """Write the page, with the names of the events in the place of their codes."""
    from efficiency_monitor.documents.backtest_page import write_page
    from efficiency_monitor.scan.backtest.backtest import difference_json

    zone = report.plan.window.zone
    names = {code: one_of(one.zh, one.en) for code, one in history.vocabulary.types.items()}

    def cards() -> Iterator[dict[str, Any]]:
        for each in report.found:
            row = difference_json(each, zone)
            yield {**row, **{key: names.get(row[key], row[key]) for key in ("start", "stop")}}

    write_page(page, report.as_json(), cards(), overwrite=overwrite)
