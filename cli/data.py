"""`effmon import`, `effmon quarantine …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.messages import t

from . import columns
from .render import emit, emit_object, message, progress, warn
from .state import DryRun, Output, Strict, context_of, leave
from .unmasking import Reason, Unmask
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.intake.import_report import ImportReport

quarantine = typer.Typer(help=t("rows that could not be taken"))

_SHOWN = 5


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("import", help=t("import cases and events"))(import_)


def import_(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help=t("CSV, XLSX, XLS, JSON Lines, Parquet or XES files; texts and XES also as gzip")
        ),
    ],
    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping",
            "-m",
            help=t("mapping by name or file (default: the source's, else canonical)"),
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help=t("as rows of this source of effmon.toml (default: by-hand)"),
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            help=t("encoding of text files, such as gb18030, cp1252; found out by default"),
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    output: Output = None,
) -> None:
    """Import files; bad rows go to quarantine, the rest is taken."""
    from efficiency_monitor.intake.ingest import bytes_to_read
    from efficiency_monitor.people.by_hand import import_into

    context = context_of(ctx)
    with progress(t("importing"), bytes_to_read(files), percent=True) as step:
        report = import_into(
            context,
            files,
            source,
            mapping=mapping,
            encoding=encoding,
            dry_run=dry_run,
            bytes_read=step,
        )
    if output is None:
        emit(report.as_json()["files"], _FILES)  # type: ignore[arg-type]
    else:
        emit_object(report.as_json(), output)
    _say(report)
    if dry_run:
        message(t("a preview: nothing was written"))
    leave(3 if strict and report.total.quarantined else 0)


def _say(report: "ImportReport") -> None:
    """The totals and the first rows that were refused, on stderr."""
    total = report.total
    message(
        t(
            "read {read} rows: {imported} imported, {unchanged} unchanged, {quarantined} "
            "quarantined",
            read=total.read,
            imported=total.imported,
            unchanged=total.unchanged,
            quarantined=total.quarantined,
        )
    )
    for refused in report.refused[:_SHOWN]:
        warn(f"{refused.where}: {refused.message}")
    if total.quarantined > _SHOWN:
        rest = total.quarantined - _SHOWN
        warn(t("{rest} more rows: effmon quarantine list", rest=rest))


_FILES = (
    Column("file", "File"),
    Column("read", "Read", right=True),
    Column("imported", "Imported", right=True),
    Column("unchanged", "Unchanged", right=True),
    Column("quarantined", "Quarantined", right=True),
)


@quarantine.command("list", help=t("list the rows in quarantine"))
def list_quarantine(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=t("also those that passed later"))
    ] = False,
    output: Output = None,
) -> None:
    """List the rows in quarantine."""
    from efficiency_monitor.intake import quarantine
    from efficiency_monitor.intake.formats.rows import say_refusal

    context = context_of(ctx)
    with context.store.reading() as connection:
        rows = quarantine.listed(connection, None if everything else "open")
    emit(
        [
            {
                "id": row.id,
                "file": row.file,
                "sheet": row.sheet,
                "row": row.row,
                "column": row.column,
                "code": row.code,
                "message": say_refusal(row.code, row.message),
                "state": row.state,
            }
            for row in rows
        ],
        columns.QUARANTINE,
        output,
        empty=t("the quarantine is empty"),
    )


@quarantine.command("show", help=t("show one row"))
def show_quarantine(
    ctx: typer.Context,
    number: int,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Show one row as it was read; names, telephones and the like are masked."""
    import json

    from efficiency_monitor.documents.masking import masked_row
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.intake import quarantine
    from efficiency_monitor.intake.formats.rows import ends_of, say_refusal
    from efficiency_monitor.people import disclosing

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    with context.store.reading() as connection:
        found = [row for row in quarantine.listed(connection, None) if row.id == number]
    if not found:
        raise ConfigurationError(
            t("there is no row {number} in quarantine", number=number),
            "effmon quarantine list",
        )
    row = found[0]
    content = json.loads(row.content)
    said = say_refusal(row.code, row.message, whole=unmask)
    if unmask:
        about = [f"quarantine:{row.id}"]
        disclosing.unmasked(
            context, "quarantine.show", subjects=about, scopes=(), reason=read_text(reason)
        )
    else:
        named = quarantine.named_columns(context, row.mapping, list(content))
        hidden = masked_row(content, named)
        refused = content.get(row.column or "")
        if refused is not None and hidden[row.column] == refused:
            hidden[row.column] = ends_of(refused)
        content = hidden
    emit_object(
        {
            "id": row.id,
            "file": row.file,
            "sheet": row.sheet,
            "row": row.row,
            "column": row.column,
            "code": row.code,
            "message": said,
            "state": row.state,
            "mapping": row.mapping,
            "content": content,
        },
        output,
        unmasked=True,
    )


@quarantine.command("retry", help=t("try the rows again"))
def retry_quarantine(ctx: typer.Context, output: Output = None) -> None:
    """Try the rows again, after a mapping or a calendar was mended."""
    from efficiency_monitor.intake.ingest import retry

    report = retry(context_of(ctx))
    emit_object(report.as_json(), output)
