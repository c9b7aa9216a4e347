"""`effmon audit list`: which commands were given, by whom, and how they ended."""

from typing import Annotated, Final

import typer
from efficiency_monitor.i18n.language import t

from .render import Column, emit
from .state import Output, context_of

app = typer.Typer(help=t("操作记录", "records of commands"))

_COLUMNS: Final = (
    Column("at", "时间", "At"),
    Column("command", "命令", "Command"),
    Column("exit_code", "退出码", "Exit code", right=True),
    Column("person_id", "人员", "Person"),
    Column("os_user", "系统用户", "System user"),
    Column("subject", "对象", "Subject"),
    Column("fault", "故障", "Fault", least=20),
    Column("options", "选项", "Options"),
    Column("sudo_user", "sudo 之前", "Before sudo"),
    Column("host", "主机", "Host"),
    Column("tty", "终端", "Terminal"),
    Column("took_ms", "毫秒", "Milliseconds", right=True),
)


@app.command("list", help=t("列出操作记录", "list what was done or tried"))
def list_commands(
    ctx: typer.Context,
    failed: Annotated[
        bool, typer.Option("--failed", help=t("只列未成功的", "only what did not succeed"))
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", show_default=False, help=t("此时刻起", "from this instant")),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help=t("条数", "how many"))] = 100,
    output: Output = None,
) -> None:
    """List the newest records, oldest first."""
    from efficiency_monitor.ops import audit
    from efficiency_monitor.time.instants import parse_instant

    context = context_of(ctx)
    begin = None
    if since is not None:
        from efficiency_monitor.faults import ConfigurationError

        try:
            begin, _ = parse_instant(since, context.zone)
        except ValueError as fault:
            said = t(f"{since!r} 不是时间", str(fault))
            raise ConfigurationError(said, "--since '2026-03-02 18:00'") from None
    emit(
        audit.list_commands(context, failed=failed, since=begin, most=most),
        _COLUMNS,
        output,
        empty=t("没有操作记录", "no records"),
    )
