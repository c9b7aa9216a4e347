"""`effmon calendar list | show | due | elapsed | batch`."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os

from . import calendar_notice, columns
from .render import emit, emit_object
from .state import Output, judging_catalogue_of

app = typer.Typer(help=t("calendars"))
calendar_notice.add_to(app)

Name = Annotated[str | None, typer.Option("--calendar", metavar="NAME|FILE", help=t("calendar"))]
Resolution = Annotated[str, typer.Option(help="day | time")]
FirstDay = Annotated[str, typer.Option("--first-day", help="next | same")]
Ends = Annotated[str, typer.Option(help="midnight | close")]
Roll = Annotated[str, typer.Option(help="none | next_working_day")]
Pauses = Annotated[
    list[str] | None,
    typer.Option("--pause", metavar="FROM/TO", help=t("a pause, repeatable")),
]


@app.command("list", help=t("list calendars"))
def list_calendars(ctx: typer.Context, output: Output = None) -> None:
    """List the calendars and what they cover."""
    from efficiency_monitor.catalogue.calendars.calendar_work import summary

    catalogue = judging_catalogue_of(ctx)
    emit(
        [summary(calendar) for _, calendar in sorted(catalogue.calendars.items())],
        columns.CALENDARS,
        output,
    )


@app.command("show", help=t("show a calendar day by day"))
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE")] = "cn",
    year: Annotated[int | None, typer.Option(help=t("year"))] = None,
    special: Annotated[
        bool, typer.Option("--special", help=t("days off and make-up days only"))
    ] = False,
    output: Output = None,
) -> None:
    """Show the dates of a calendar: kind, hours, name and notice."""
    from efficiency_monitor.catalogue.calendars.calendar_work import Calendars, day_rows
    from efficiency_monitor.faults import ConfigurationError

    catalogue = judging_catalogue_of(ctx)
    calendar = Calendars(catalogue).find(name).calendar
    first, last = calendar.first, calendar.last
    if year is not None:
        if not first.year <= year <= last.year:
            raise ConfigurationError(
                t(
                    "{id} covers {first}..{last}, not {year}",
                    id=calendar.id,
                    first=first,
                    last=last,
                    year=year,
                ),
                t("choose another --year"),
            )
        first, last = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
    rows = day_rows(calendar, first, last)
    if special:
        rows = (row for row in rows if row["kind"] in ("day_off", "make_up"))
    emit(rows, columns.DAYS, output)


def _ask(ctx: typer.Context, question: dict[str, Any], output: Output) -> None:
    from efficiency_monitor.catalogue.calendars.calendar_work import Calendars, ask

    catalogue = judging_catalogue_of(ctx)
    found = ask(Calendars(catalogue), question)
    emit_object(found, output, columns=columns.DUE if question["op"] == "due" else ())


def _pauses(texts: list[str] | None) -> list[dict[str, Any]]:
    pauses = []
    for text in texts or []:
        since, slash, until = text.partition("/")
        pauses.append({"from": since, "to": until if slash and until else None})
    return pauses


@app.command("due", help=t("when a limit is due"))
def due(
    ctx: typer.Context,
    start: str,
    limit: str,
    calendar: Name = None,
    resolution: Resolution = "day",
    first_day: FirstDay = "next",
    ends: Ends = "midnight",
    roll: Roll = "none",
    pause: Pauses = None,
    output: Output = None,
) -> None:
    """Say when LIMIT ('20 working_days') from START is due."""
    question = {
        "op": "due",
        "calendar": calendar or _default(ctx),
        "start": start,
        "limit": limit,
        "resolution": resolution,
        "first_day": first_day,
        "ends": ends,
        "roll": roll,
        "pauses": _pauses(pause),
    }
    _ask(ctx, question, output)


@app.command("elapsed", help=t("how much has elapsed"))
def elapsed(
    ctx: typer.Context,
    start: str,
    end: str,
    unit: Annotated[str, typer.Option(help="working_days, working_hours, …")] = "working_days",
    calendar: Name = None,
    resolution: Resolution = "day",
    first_day: FirstDay = "next",
    ends: Ends = "midnight",
    pause: Pauses = None,
    output: Output = None,
) -> None:
    """Say how much has elapsed from START to END."""
    question = {
        "op": "elapsed",
        "calendar": calendar or _default(ctx),
        "start": start,
        "end": end,
        "unit": unit,
        "resolution": resolution,
        "first_day": first_day,
        "ends": ends,
        "pauses": _pauses(pause),
    }
    _ask(ctx, question, output)


def _default(ctx: typer.Context) -> str:
    import os

    from efficiency_monitor.workspace import settings

    from .state import state_of

    folder = settings.workspace_folder(state_of(ctx).workspace, os.environ)
    if (folder / settings.FILE).is_file():
        return settings.load(folder).workspace.calendar
    return "cn"


@app.command(
    "batch",
    help=t("answer JSON questions, in JSON Lines only"),
)
def batch(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl")],
) -> None:
    """Answer a file of questions, one JSON object a line, in order ('-' reads stdin)."""
    import json

    from efficiency_monitor.catalogue.calendars.calendar_work import batch as answers
    from efficiency_monitor.faults import ConfigurationError

    from . import streams

    catalogue = judging_catalogue_of(ctx)
    streams.speak_unicode(sys.stdout, machine=True)
    try:
        stream = (
            sys.stdin if str(file) == "-" else file.open(encoding="utf-8-sig", errors="replace")
        )
    except OSError as fault:
        raise ConfigurationError(
            t("{file} cannot be read: {fault}", file=file, fault=say_os(fault)),
            t("name a file, or - for stdin"),
        ) from None
    try:
        with stream:
            for found in answers(catalogue, stream):
                streams.write(json.dumps(found, ensure_ascii=False) + "\n")
        streams.flush()
    except streams.ReaderGone:
        pass
