"""`effmon accountability list | export`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.language import t

from . import columns
from .render import emit, message
from .state import Output, context_of

app = typer.Typer(help=t("追责记录", "accountability records"))

Department = Annotated[str | None, typer.Option(help=t("部门", "department"))]
Card = Annotated[str | None, typer.Option(help=t("牌号", "card"))]


@app.command("list", help=t("谁持有多久、谁超期", "who held the case how long, whose overrun"))
def list_records(
    ctx: typer.Context, department: Department = None, card: Card = None, output: Output = None
) -> None:
    """List who held each case how long and whose overrun it was. Proposals, to be verified."""
    from efficiency_monitor.services.account_rows import list_accounts
    from efficiency_monitor.store.accounts import AccountQuery

    emit(
        list_accounts(context_of(ctx), AccountQuery(department=department, card_no=card)),
        columns.ACCOUNTS,
        output,
        empty=t("没有追责记录", "no accountability records"),
    )


@app.command("export", help=t("导出为 CSV、XLSX 或 JSON Lines", "export as CSV, XLSX, JSON Lines"))
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=".csv | .xlsx | .jsonl")],
    department: Department = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help=t("覆盖已有文件", "replace the file"))
    ] = False,
) -> None:
    """Export the records to a file; its ending says the format."""
    from efficiency_monitor.core.faults import ConfigurationError
    from efficiency_monitor.reports.tabular import TableKind, write_table
    from efficiency_monitor.services.account_rows import list_accounts
    from efficiency_monitor.store.accounts import AccountQuery

    endings = {f".{kind.value}": kind for kind in TableKind}
    kind = endings.get(out.suffix.lower())
    if kind is None:
        raise ConfigurationError(
            t(f"{out}：扩展名不是可用的格式", f"{out}: the ending says no format"),
            t(f"可用：{'、'.join(endings)}", f"choose one of {', '.join(endings)}"),
        )
    rows = list_accounts(context_of(ctx), AccountQuery(department=department))
    count = write_table(out, rows, columns.ACCOUNT_EXPORT, kind, overwrite=overwrite)
    message(t(f"已写入 {out}，共 {count} 行", f"wrote {count} rows to {out}"))
