"""`effmon export lake`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.language import t

from .render import emit_object, message, progress
from .state import Output, context_of

app = typer.Typer(help=t("导出给其他程序", "export for other programs"))


@app.command("lake", help=t("办件与事件写入数据湖", "cases and events as a Parquet lake"))
def lake(
    ctx: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help=t("新目录或已有数据湖", "a new folder, or the lake to add to"),
        ),
    ],
    output: Output = None,
) -> None:
    """Write what the lake does not have yet; names and personal data stay behind."""
    from efficiency_monitor.scan.lake.lake import count_cases, export_lake
    from efficiency_monitor.scan.lake.lake_format import need_parquet

    need_parquet()
    context = context_of(ctx)
    with progress(t("导出", "exporting"), count_cases(context)) as step:
        report = export_lake(context, out, step)
    if output is not None:
        emit_object(report.as_json(), output)
    message(
        t(
            f"{out}：写入 {report.cases} 个办件、{report.events} 个事件，{report.unchanged} 个未变",
            f"{out}: {report.cases} cases and {report.events} events written, "
            f"{report.unchanged} unchanged",
        )
    )
