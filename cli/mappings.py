"""`effmon mappings list | check`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column, as_record, coded
from efficiency_monitor.i18n.language import say_amount, say_item_kind, say_local
from efficiency_monitor.i18n.messages import mark, one_of, t

from . import streams
from .documents import FIELDS
from .render import Format, emit, emit_object, emit_text, message, progress
from .state import Output, Strict, catalogue_of, leave

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.authoring.mapping_work import MappingCheck
    from efficiency_monitor.rules.vocabulary import Vocabulary

app = typer.Typer(help=t("mappings of source layouts"))

_LIST = (
    Column("id", "Mapping"),
    Column("title", "Title", least=12),
    Column("tables", "Tables", least=12, priority=2),
)
_TABLES = (
    Column("table", "Table", least=12),
    Column("sheet", "Sheet", least=6),
    Column("rows", "Rows", right=True, ctx="tables"),
    Column("quarantined", "Quarantined", right=True),
)
_USES = {
    "used": mark("used"),
    "kept": mark("kept"),
    "ignored": mark("ignored"),
    "unknown": mark("not used"),
    "missing": mark("missing"),
}
_COLUMNS = (
    Column("column", "Column", least=10),
    Column("use", "Use", say=coded(_USES)),
    Column("becomes", "Becomes", least=14),
)
_REASONS = (
    Column("first", "First row", right=True),
    Column("rows", "Rows", right=True, ctx="tables"),
    Column("sheet", "Sheet", least=6),
    Column("column", "Column", least=8),
    Column("message", "Reason", least=16),
)
_WHAT = {
    "case": mark("case"),
    "item": mark("item"),
    "deleted": mark("deleted"),
    "nothing": mark("nothing", ctx="mappings"),
    "quarantined": mark("quarantined"),
}


@app.command("list", help=t("list the mappings"))
def list_mappings(ctx: typer.Context, output: Output = None) -> None:
    """List the mappings of the catalogue."""
    from efficiency_monitor.intake.mapping.mapping_files import find_mapping, mapping_names

    catalogue, _ = catalogue_of(ctx)
    folder = catalogue.folder / "mappings"
    found = [find_mapping(name, folder) for name in mapping_names(folder)]
    emit(
        [
            {
                "id": mapping.id,
                "title": one_of(mapping.title.zh, mapping.title.en),
                "tables": [table.name for table in mapping.tables],
            }
            for mapping in found
        ],
        _LIST,
        output,
    )


@app.command("check", help=t("try a mapping on a file"))
def check(
    ctx: typer.Context,
    mapping: Annotated[str, typer.Argument(metavar="FILE", help=t("mapping by name or file"))],
    data: Annotated[Path, typer.Argument(metavar="DATA", help=t("file of data"))],
    rows: Annotated[
        int,
        typer.Option("--rows", min=0, help=t("rows of each table to show")),
    ] = 10,
    encoding: Annotated[
        str | None,
        typer.Option(
            help=t("encoding of text files, such as gb18030, cp1252; found out by default")
        ),
    ] = None,
    strict: Strict = False,
    output: Output = None,
) -> None:
    """Show what a mapping makes of a file: tables, columns, first rows, what is quarantined.

    Nothing is written and no workspace is needed. Exit 3 with --strict if a row is refused.
    """
    from efficiency_monitor.catalogue.authoring.mapping_work import check_mapping

    catalogue, zone = catalogue_of(ctx)
    size = data.stat().st_size if data.is_file() else None
    with progress(t("reading"), size, percent=True) as step:
        found = check_mapping(
            catalogue, mapping, data, zone=zone, most=rows, encoding=encoding, bytes_read=step
        )
    if output in (Format.CSV, Format.JSONL):
        emit(found.rows, _became(catalogue.vocabulary), output)
    elif output is Format.JSON:
        emit_object(found.as_json(), output)
    else:
        _show(found, catalogue.vocabulary, output)
    message(
        t(
            "read {read} rows: {value} can be taken, {quarantined} would be quarantined; nothing "
            "was written",
            read=found.read,
            value=found.read - found.quarantined,
            quarantined=found.quarantined,
        )
    )
    leave(3 if strict and found.quarantined else 0)


def _show(found: "MappingCheck", vocabulary: "Vocabulary", fmt: Format | None) -> None:
    """The check for people: one table after the other, each under its title."""
    _section(t("Tables"), found.tables, _TABLES, fmt, first=True)
    if fmt is None and not streams.is_terminal(sys.stdout):
        uses = [(table.table, use) for table in found.tables for use in table.columns]
        rows = [{"table": name, **as_record(use)} for name, use in uses]
        _section("", rows, (_TABLES[0], *_COLUMNS), fmt)
    else:
        for table in found.tables:
            name = table.table or t("(fits no table)")
            _section(t("Columns of {name}", name=name), table.columns, _COLUMNS, fmt)
    _section(t("What the first rows become"), found.rows, _became(vocabulary), fmt)
    _section(t("What would be quarantined"), found.reasons, _REASONS, fmt)


def _section(
    title: str, rows: Any, columns: tuple[Column, ...], fmt: Format | None, *, first: bool = False
) -> None:
    """A table under its title, without columns that no row fills; nothing where it is empty."""
    used = [column for column in columns if any(column.words(row) for row in rows)]
    if not used:
        return
    if not first:
        emit_text(["\n"])
    emit(rows, used, fmt, title=title)


def _became(vocabulary: "Vocabulary") -> tuple[Column, ...]:
    def what(word: str) -> str:
        known = vocabulary.types.get(word)
        return one_of(known.zh, known.en) if known is not None else t(_WHAT.get(word, word))

    def said(part: str, value: str) -> str:
        if part == "kind" and value in vocabulary.kinds:
            return one_of(vocabulary.kinds[value].zh, vocabulary.kinds[value].en)
        return _SAY.get(part, str)(value)

    def detail(parts: dict[str, str]) -> str:
        if "message" in parts:
            return t(": ").join(parts[key] for key in ("column", "message") if parts[key])
        return t("; ").join(
            f"{t(_PARTS.get(part, part))}{t(': ')}{said(part, value)}"
            for part, value in parts.items()
        )

    return (
        Column("row", "Row", right=True),
        Column("subject", "Number", least=6),
        Column("what", "Becomes", say=what, least=8),
        Column("at", "Time", say=say_local, least=10),
        Column("detail", "Content", say=detail, least=14),
        Column("table", "Table", priority=4, least=8),
        Column("sheet", "Sheet", priority=4, least=6),
    )


#: Parts of events and fields of cases in words; what a mapping calls itself stays as it is.
_PARTS = {
    **{column.key: mark(column.heading, ctx=column.ctx) for column in FIELDS},
    "item_version": mark("Item version"),
    "stage": mark("Stage"),
    "kind": mark("Ground"),
    "amount": mark("Amount"),
    "actor": mark("Actor"),
    "reason": mark("Reason"),
    "due_at": mark("Due"),
    "recorded_at": mark("Recorded", ctx="mappings"),
}
_SAY = {
    "item_kind": say_item_kind,
    "amount": say_amount,
    "promised_limit": say_amount,
    "statutory_limit": say_amount,
    "promised_due": say_local,
    "statutory_due": say_local,
    "licence_expires": say_local,
    "due_at": say_local,
    "recorded_at": say_local,
}
