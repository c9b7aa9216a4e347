"""The app and its global options. Commands import what is heavy when they run."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor import __version__
from efficiency_monitor.core.faults import ConfigurationError, EffmonError
from efficiency_monitor.language import t
from efficiency_monitor.os_words import say_os
from typer.exceptions import TyperException

from . import (
    account,
    appeal,
    backup,
    calendar,
    card,
    case,
    data,
    database,
    job,
    ladder,
    ledger,
    lift,
    mappings,
    notice,
    order,
    people,
    rule,
    scan,
    silence,
    source,
    workspace,
)
from .render import fail, message
from .state import State, state_of
from .streams import to_nowhere
from .usage import asked_for_help, wrong_usage

app = typer.Typer(
    name="effmon",
    help=t(
        "行政效能电子监察：预警、黄牌、红牌、督办与追责",
        "administrative-efficiency e-supervision: warnings, yellow and red cards, accountability",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"effmon {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "-C",
            "--workspace",
            metavar="WORKSPACE",
            help=t("工作区目录（默认 EFFMON_WORKSPACE，再为当前目录）", "the workspace's folder"),
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--as", metavar="PERSON", help=t("代表何人操作", "for whom one acts")),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            envvar="EFFMON_KEY",
            help=t("个人私钥文件，用以签名", "file of the personal key to sign with"),
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help=t("显示版本", "show the version")
        ),
    ] = False,
) -> None:
    """Take the global options."""
    ctx.obj = State(folder, person, key, state_of(ctx).clock)


for commands in (workspace, data, source, scan, backup):
    commands.add_to(app)
lift.add_to(card.app)
for name, group in (
    ("quarantine", data.quarantine),
    ("mappings", mappings.app),
    ("cases", case.app),
    ("cards", card.app),
    ("notices", notice.app),
    ("silences", silence.app),
    ("appeals", appeal.app),
    ("orders", order.app),
    ("accountability", account.app),
    ("ladders", ladder.app),
    ("database", database.app),
    ("people", people.app),
    ("ledger", ledger.app),
    ("rules", rule.app),
    ("calendar", calendar.app),
    ("sources", source.app),
    ("jobs", job.app),
):
    app.add_typer(group, name=name)
job.add_to(app)


def main() -> None:
    """Run a command; every fault ends in one line saying what and how to mend it (DESIGN 6)."""
    try:
        code = app(standalone_mode=False)
    except EffmonError as fault:
        sys.exit(fail(fault))
    except typer.Abort:
        message(t("已中止", "aborted"))
        sys.exit(1)
    except TyperException as fault:
        if asked_for_help(fault):
            typer.echo(str(fault), err=True)
            sys.exit(2)
        sys.exit(fail(wrong_usage(fault)))
    except KeyboardInterrupt:
        message(t("已中断", "interrupted"))
        sys.exit(130)
    except RecursionError:
        sys.exit(fail(_unexpected("nested too deeply")))
    except Exception as fault:
        if isinstance(fault, BrokenPipeError):
            to_nowhere(sys.stdout)
            sys.exit(1)
        if os.environ.get("EFFMON_DEBUG"):
            raise
        sys.exit(fail(_as_fault(fault)))
    if isinstance(code, int):
        sys.exit(code)


def _as_fault(fault: Exception) -> EffmonError:
    """What the system refuses, the operator can mend; anything else is a defect of ours."""
    if isinstance(fault, UnicodeEncodeError) and any(not_text(word) for word in sys.argv[1:]):
        return ConfigurationError(
            t("参数不是有效的文字（编码不符）", "an argument is no text in this encoding"),
            t(
                "在 UTF-8 终端运行，或把内容存为 UTF-8 文件：--text @文件",
                "use a terminal in UTF-8, or a file in UTF-8: --text @FILE",
            ),
        )
    if not isinstance(fault, OSError):
        return _unexpected(f"{type(fault).__name__}: {fault}")
    where = fault.filename
    if where is None:
        where = t("输出", "the output")
        to_nowhere(sys.stdout)
    return EffmonError(
        f"{where}: {say_os(fault)}",
        t("检查路径、权限和磁盘空间", "check the path, its permissions and the disk's space"),
    )


def not_text(word: str) -> bool:
    """Whether a word of the command line holds bytes that its encoding does not know."""
    return any("\udc80" <= sign <= "\udcff" for sign in word)


def _unexpected(what: str) -> EffmonError:
    error = EffmonError(
        t(f"意外故障：{what}", f"unexpected fault: {what}").splitlines()[0],
        t(
            "请带上 EFFMON_DEBUG=1 重新运行并报告",
            "run it again with EFFMON_DEBUG=1 and report what it says",
        ),
    )
    error.exit_code = 70
    return error
