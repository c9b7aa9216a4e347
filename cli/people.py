"""`effmon people import | list | check`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.language import t
from efficiency_monitor.reports.columns import Column
from efficiency_monitor.reports.text_safety import mask_name

from .render import emit, message, warn
from .state import DryRun, Output, context_of, leave

app = typer.Typer(help=t("人员与角色", "people and roles"))


@app.command("import", help=t("导入人员（替换原有）", "import people, replacing who was known"))
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=t("CSV 或 XLSX", "CSV or XLSX"))],
    dry_run: DryRun = False,
) -> None:
    """Import people and their roles from a table."""
    from efficiency_monitor.services.people import import_people

    report = import_people(context_of(ctx), file, dry_run=dry_run)
    for problem in report.problems:
        warn(f"{problem.where}: {problem.message}")
    message(t(f"导入 {report.imported} 行人员", f"{report.imported} rows of people"))
    if dry_run:
        message(t("仅预览，未写入", "a preview: nothing was written"))
    leave(3 if report.problems else 0)


@app.command("list", help=t("列出人员", "list people"))
def list_people(
    ctx: typer.Context,
    output: Output = None,
) -> None:
    """List people and roles; names are masked, addresses are left out."""
    from efficiency_monitor.services.notices import people

    context = context_of(ctx)
    with context.store.reading() as connection:
        everybody = people(connection)
    emit(
        [
            {
                "person_id": person.person_id,
                "name": mask_name(person.name),
                "department": person.department,
                "role": str(person.role),
                "region": person.region,
                "item_code": person.item_code,
                "channel": person.channel,
                "deputy": person.deputy,
            }
            for person in everybody
        ],
        (
            Column("person_id", "编号", "Person"),
            Column("name", "姓名", "Name"),
            Column("role", "角色", "Role"),
            Column("department", "部门", "Department", least=8),
            Column("region", "区划", "Region", priority=3),
            Column("item_code", "事项", "Item", priority=4),
            Column("channel", "渠道", "Channel", priority=2),
            Column("deputy", "代理人", "Deputy", priority=3),
        ),
        output,
        empty=t("没有人员", "nobody was imported"),
    )


@app.command("check", help=t("检查每个部门是否有人可通知", "is somebody told in every department"))
def check(ctx: typer.Context, output: Output = None) -> None:
    """Check that every level of every department reaches somebody; exit 1 if not."""
    from efficiency_monitor.services.people import check_people

    found = check_people(context_of(ctx))
    emit(
        found,
        (
            Column("department", "部门", "Department"),
            Column("level", "级别", "Level"),
            Column("told", "收件人数", "Told", right=True),
        ),
        output,
        empty=t("还没有办件", "no cases yet"),
    )
    leave(1 if any(not row["told"] for row in found) else 0)
