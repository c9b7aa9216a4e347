"""`effmon export lake`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.messages import t

from .render import emit_object, message, progress
from .state import Output, context_of

app = typer.Typer(help=t("export for other programs"))


@app.command("lake", help=t("cases and events as a Parquet lake"))
def lake(
    ctx: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help=t("a new folder, or the lake to add to"),
        ),
    ],
    output: Output = None,
) -> None:
    """Write what the lake does not have yet; names and personal data stay behind."""
    from efficiency_monitor.scan.lake.lake import count_cases, export_lake
    from efficiency_monitor.scan.lake.lake_format import need_parquet

    need_parquet()
    context = context_of(ctx)
    with progress(t("exporting"), count_cases(context)) as step:
        report = export_lake(context, out, step)
    if output is not None:
        emit_object(report.as_json(), output)
    message(
        t(
            "{out}: {cases} cases and {events} events written, {unchanged} unchanged",
            out=out,
            cases=report.cases,
            events=report.events,
            unchanged=report.unchanged,
        )
    )
