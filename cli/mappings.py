"""`effmon mappings list | check`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column, as_record, coded
from efficiency_monitor.i18n.language import say_amount, say_item_kind, say_local, t

from . import streams
from .documents import FIELDS
from .render import Format, emit, emit_object, emit_text, message, progress
from .state import Output, Strict, catalogue_of, leave

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.authoring.mapping_work import MappingCheck
    from efficiency_monitor.rules.vocabulary import Vocabulary

app = typer.Typer(help=t("数据源映射", "mappings of source layouts"))

_LIST = (
    Column("id", "映射", "Mapping"),
    Column("title", "名称", "Title", least=12),
    Column("tables", "表", "Tables", least=12, priority=2),
)
_TABLES = (
    Column("table", "表", "Table", least=12),
    Column("sheet", "工作表", "Sheet", least=6),
    Column("rows", "行数", "Rows", right=True),
    Column("quarantined", "隔离", "Quarantined", right=True),
)
_USES = {
    "used": ("使用", "used"),
    "kept": ("保留", "kept"),
    "ignored": ("忽略", "ignored"),
    "unknown": ("未用", "not used"),
    "missing": ("缺少", "missing"),
}
_COLUMNS = (
    Column("column", "列", "Column", least=10),
    Column("use", "用途", "Use", say=coded(_USES)),
    Column("becomes", "成为", "Becomes", least=14),
)
_REASONS = (
    Column("first", "首行", "First row", right=True),
    Column("rows", "行数", "Rows", right=True),
    Column("sheet", "工作表", "Sheet", least=6),
    Column("column", "列", "Column", least=8),
    Column("message", "原因", "Reason", least=16),
)
_WHAT = {
    "case": ("办件", "case"),
    "item": ("事项", "item"),
    "deleted": ("删除", "deleted"),
    "nothing": ("无内容", "nothing"),
    "quarantined": ("隔离", "quarantined"),
}


@app.command("list", help=t("列出映射", "list the mappings"))
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
                "title": t(mapping.title.zh, mapping.title.en),
                "tables": [table.name for table in mapping.tables],
            }
            for mapping in found
        ],
        _LIST,
        output,
    )


@app.command("check", help=t("在数据文件上试用映射", "try a mapping on a file"))
def check(
    ctx: typer.Context,
    mapping: Annotated[
        str, typer.Argument(metavar="FILE", help=t("映射名称或文件", "mapping by name or file"))
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help=t("数据文件", "file of data"))],
    rows: Annotated[
        int,
        typer.Option("--rows", min=0, help=t("每表显示的行数", "rows of each table to show")),
    ] = 10,
    encoding: Annotated[
        str | None,
        typer.Option(
            help=t(
                "文本文件的编码，如 gb18030、cp1252；默认自动识别",
                "encoding of text files, such as gb18030, cp1252; found out by default",
            )
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
    with progress(t("读取", "reading"), size, percent=True) as step:
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
            f"读取 {found.read} 行：{found.read - found.quarantined} 行可用，"
            f"{found.quarantined} 行将被隔离；未写入任何内容",
            f"read {found.read} rows: {found.read - found.quarantined} can be taken, "
            f"{found.quarantined} would be quarantined; nothing was written",
        )
    )
    leave(3 if strict and found.quarantined else 0)


def _show(found: "MappingCheck", vocabulary: "Vocabulary", fmt: Format | None) -> None:
    """The check for people: one table after the other, each under its title."""
    _section(t("表", "Tables"), found.tables, _TABLES, fmt, first=True)
    if fmt is None and not streams.is_terminal(sys.stdout):
        uses = [(table.table, use) for table in found.tables for use in table.columns]
        rows = [{"table": name, **as_record(use)} for name, use in uses]
        _section("", rows, (_TABLES[0], *_COLUMNS), fmt)
    else:
        for table in found.tables:
            name = table.table or t("（不符任何表）", "(fits no table)")
            _section(t(f"{name} 的列", f"Columns of {name}"), table.columns, _COLUMNS, fmt)
    _section(t("前几行成为", "What the first rows become"), found.rows, _became(vocabulary), fmt)
    _section(t("将被隔离的行", "What would be quarantined"), found.reasons, _REASONS, fmt)


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
        return t(known.zh, known.en) if known is not None else t(*_WHAT.get(word, (word, word)))

    def said(part: str, value: str) -> str:
        if part == "kind" and value in vocabulary.kinds:
            return t(vocabulary.kinds[value].zh, vocabulary.kinds[value].en)
        return _SAY.get(part, str)(value)

    def detail(parts: dict[str, str]) -> str:
        if "message" in parts:
            return t("：", ": ").join(parts[key] for key in ("column", "message") if parts[key])
        return t("；", "; ").join(
            f"{t(*_PARTS.get(part, (part, part)))}{t('：', ': ')}{said(part, value)}"
            for part, value in parts.items()
        )

    return (
        Column("row", "行", "Row", right=True),
        Column("subject", "编号", "Number", least=6),
        Column("what", "成为", "Becomes", say=what, least=8),
        Column("at", "时间", "Time", say=say_local, least=10),
        Column("detail", "内容", "Content", say=detail, least=14),
        Column("table", "表", "Table", priority=4, least=8),
        Column("sheet", "工作表", "Sheet", priority=4, least=6),
    )


#: Parts of events and fields of cases in words; what a mapping calls itself stays as it is.
_PARTS = {
    **{column.key: (column.zh, column.en) for column in FIELDS},
    "item_version": ("事项版本", "Item version"),
    "stage": ("环节", "Stage"),
    "kind": ("种类", "Ground"),
    "amount": ("期限", "Amount"),
    "actor": ("经办", "Actor"),
    "reason": ("原因", "Reason"),
    "due_at": ("到期", "Due"),
    "recorded_at": ("入库", "Recorded"),
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
