"""`effmon init | demo | doctor | version`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor import __version__
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import language, t

from .render import emit, emit_object, emit_text, message
from .state import Output, context_of, leave, state_of


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        "init", help=t("建立工作区或升级其数据库", "set up a workspace or upgrade its database")
    )(init)
    app.command("doctor", help=t("检查工作区是否就绪", "check that everything is in place"))(doctor)
    app.command("metrics", help=t("供 Prometheus 读取的指标", "figures for Prometheus"))(metrics)
    app.command("version", help=t("显示版本", "show the version"))(version)
    app.command("demo", help=t("演示：从导入到导出的台账", "show it: from import to ledger"))(demo)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    name: Annotated[str, typer.Option(help=t("单位名称", "whose workspace it is"))] = "effmon",
    zone: Annotated[str, typer.Option(help=t("时区", "time zone"))] = "Asia/Shanghai",
    calendar: Annotated[str, typer.Option(help=t("默认工作日历", "default calendar"))] = "cn",
    pack: Annotated[
        list[str] | None, typer.Option(help=t("规则包，可多次", "rule pack, repeatable"))
    ] = None,
) -> None:
    """Make a workspace, or bring its database to this release."""
    import os

    from efficiency_monitor import app
    from efficiency_monitor.faults import EffmonError
    from efficiency_monitor.ledger import keys as ledger_keys
    from efficiency_monitor.ops import setup
    from efficiency_monitor.workspace import settings

    state = state_of(ctx)
    where = settings.workspace_folder(folder or state.workspace, os.environ)
    packs = tuple(pack or ["national"])
    there = where.exists()
    if not (where / settings.FILE).exists():
        setup.check_choice(calendar=calendar, packs=packs)
    made = setup.write_settings(
        where, name=name, zone=zone, language=language(), calendar=calendar, packs=packs
    )
    try:
        context = app.open_context(
            where, person=state.person, create=True, clock=state.clock or app.now
        )
    except EffmonError:
        if made:
            setup.take_back(where, with_folder=not there)
        raise
    context.catalogue.rules  # noqa: B018 - a wrong pack is said now, not at night
    setup.record_creation(context)
    key = ledger_keys.ensure(context, app.seed())
    if made:
        message(t(f"已建立工作区 {where}", f"made the workspace {where}"))
    else:
        message(
            t(
                f"工作区 {where} 已就绪（{settings.FILE} 未改动）",
                f"the workspace {where} is up to date ({settings.FILE} is left as it is)",
            )
        )
    if key is not None:
        message(
            t(
                f"台账签名公钥（请抄在纸上，交监督部门；见 effmon ledger key show）：{key.vkey}",
                "the public key that the ledger is signed by (put it on paper, for the "
                f"supervisors to keep; see effmon ledger key show): {key.vkey}",
            )
        )


def doctor(
    ctx: typer.Context,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help=t("不逐条核验台账、附件和数据库", "without reading ledger and files whole"),
        ),
    ] = False,
    output: Output = None,
) -> None:
    """Check that everything is in place; exit 1 if something is bad."""
    from efficiency_monitor.ops.doctor.doctor import examine, worst

    context = context_of(ctx)
    found = examine(context, quick=quick)
    emit(
        found,
        (
            Column("check", "检查", "Check", say=_check),
            Column("status", "结果", "Status", say=_status, styles=_STYLES),
            Column("detail", "说明", "Detail", least=20),
        ),
        output,
    )
    leave(1 if worst(found) else 0)


def _status(word: str) -> str:
    return t(*_STATUS[word])


_CHECKS = {
    "database clock": "数据库时钟",
    "database role": "数据库角色",
    "durability": "持久性",
    "disk": "磁盘",
    "file rights": "文件权限",
    "versions": "版本",
    "integrity": "数据库文件",
    "references": "引用",
    "triggers": "触发器",
    "attachments": "附件",
    "backup": "备份",
    "drill": "恢复演练",
    "restored": "恢复",
    "ledger length": "台账长度",
    "ledger clock": "台账时间",
    "nights": "近一周班次",
    "refused acts": "被拒操作",
    "encoding": "编码",
    "rules": "规则",
    "calendar": "工作日历",
    "ledger": "台账",
    "approvals": "密钥与批准",
    "checkpoint": "检查点",
    "anchors": "锚",
    "clock": "系统时钟",
    "scan": "巡检",
    "slot": "班次",
    "source": "数据源",
    "vanished": "消失的办件",
    "quarantine": "隔离区",
    "not judgeable": "无法判定",
    "to confirm": "待确认",
    "contested": "存疑",
    "corrections": "更正",
    "dead letters": "未能送达",
    "failing notices": "投递失败",
    "silences": "静默",
    "delivery hours": "接收时间",
    "overdue orders": "逾期督办单",
    "orders": "督办单",
    "appeals": "申诉",
    "appeals nobody may decide": "无人可裁决的申诉",
    "ladders": "督办层级",
    "told": "无人知晓的牌",
    "steps": "无人收到的层级",
    "alarms": "报警",
    "people": "人员",
    "keys": "密钥",
}


def _check(name: str) -> str:
    """The check in words: `calendar cn`, `source hall` are a word and a name."""
    if name in _CHECKS:
        return t(_CHECKS[name], name)
    word, _, rest = name.partition(" ")
    return f"{t(_CHECKS[word], word)} {rest}" if word in _CHECKS else name


_STATUS = {"ok": ("正常", "ok"), "look": ("请看", "look"), "bad": ("异常", "bad")}
_STYLES = {"ok": "green", "look": "yellow", "bad": "bold red"}


def metrics(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help=t("写入此文件（整体替换）", "write this file, replaced as a whole"),
        ),
    ] = None,
) -> None:
    """Print the figures, or write them where node_exporter looks for them."""
    from efficiency_monitor.ops import metrics as service

    context = context_of(ctx)
    if out is not None:
        service.write(context, out)
    else:
        emit_text([service.gather(context)])


def version(output: Output = None) -> None:
    """Show the version."""
    import platform
    import sqlite3

    emit_object(
        {
            "effmon": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        output,
    )


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(show_default=False)] = Path("effmon-demo"),
) -> None:
    """Set up a demonstration workspace and show the main job from import to a verified ledger."""
    from .demo import show

    show(folder, ctx.find_root().command)
