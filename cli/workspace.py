"""`effmon init | demo | doctor | version`."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor import __version__
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.messages import language, mark, t

from .render import emit, emit_object, emit_text, message
from .state import Output, context_of, leave, state_of


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("init", help=t("set up a workspace or upgrade its database"))(init)
    app.command("doctor", help=t("check that everything is in place"))(doctor)
    app.command("metrics", help=t("figures for Prometheus"))(metrics)
    app.command("version", help=t("show the version"))(version)
    app.command("demo", help=t("show it: from import to ledger"))(demo)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    name: Annotated[str, typer.Option(help=t("whose workspace it is"))] = "effmon",
    zone: Annotated[str, typer.Option(help=t("time zone"))] = "Asia/Shanghai",
    calendar: Annotated[str, typer.Option(help=t("default calendar"))] = "cn",
    pack: Annotated[list[str] | None, typer.Option(help=t("rule pack, repeatable"))] = None,
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
        message(t("made the workspace {where}", where=where))
    else:
        message(
            t(
                "the workspace {where} is up to date ({file} is left as it is)",
                where=where,
                file=settings.FILE,
            )
        )
    if key is not None:
        message(
            t(
                "the public key that the ledger is signed by (put it on paper, for the "
                "supervisors to keep; see effmon ledger key show): {vkey}",
                vkey=key.vkey,
            )
        )


def doctor(
    ctx: typer.Context,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help=t("without reading ledger and files whole"),
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
            Column("check", "Check", say=_check),
            Column("status", "Status", say=_status, styles=_STYLES, ctx="workspace"),
            Column("detail", "Detail", least=20, ctx="workspace"),
        ),
        output,
    )
    leave(1 if worst(found) else 0)


def _status(word: str) -> str:
    return t(_STATUS[word])


#: Names of doctor's checks.
_CHECKS = {
    "database clock": mark("database clock", ctx="doctor"),
    "database role": mark("database role", ctx="doctor"),
    "durability": mark("durability", ctx="doctor"),
    "disk": mark("disk", ctx="doctor"),
    "file rights": mark("file rights", ctx="doctor"),
    "versions": mark("versions", ctx="doctor"),
    "integrity": mark("integrity", ctx="doctor"),
    "references": mark("references", ctx="doctor"),
    "triggers": mark("triggers", ctx="doctor"),
    "attachments": mark("attachments", ctx="doctor"),
    "backup": mark("backup", ctx="doctor"),
    "drill": mark("drill", ctx="doctor"),
    "restored": mark("restored", ctx="doctor"),
    "ledger length": mark("ledger length", ctx="doctor"),
    "ledger clock": mark("ledger clock", ctx="doctor"),
    "nights": mark("nights", ctx="doctor"),
    "refused acts": mark("refused acts", ctx="doctor"),
    "encoding": mark("encoding", ctx="doctor"),
    "rules": mark("rules", ctx="doctor"),
    "calendar": mark("calendar", ctx="doctor"),
    "ledger": mark("ledger", ctx="doctor"),
    "approvals": mark("approvals", ctx="doctor"),
    "checkpoint": mark("checkpoint", ctx="doctor"),
    "anchors": mark("anchors", ctx="doctor"),
    "clock": mark("clock", ctx="doctor"),
    "scan": mark("scan", ctx="doctor"),
    "slot": mark("slot", ctx="doctor"),
    "source": mark("source", ctx="doctor"),
    "vanished": mark("vanished", ctx="doctor"),
    "quarantine": mark("quarantine", ctx="doctor"),
    "not judgeable": mark("not judgeable", ctx="doctor"),
    "to confirm": mark("to confirm", ctx="doctor"),
    "contested": mark("contested", ctx="doctor"),
    "undecidable": mark("undecidable", ctx="doctor"),
    "fallen": mark("fallen", ctx="doctor"),
    "corrections": mark("corrections", ctx="doctor"),
    "dead letters": mark("dead letters", ctx="doctor"),
    "failing notices": mark("failing notices", ctx="doctor"),
    "silences": mark("silences", ctx="doctor"),
    "delivery hours": mark("delivery hours", ctx="doctor"),
    "overdue orders": mark("overdue orders", ctx="doctor"),
    "orders": mark("orders", ctx="doctor"),
    "appeals": mark("appeals", ctx="doctor"),
    "appeals nobody may decide": mark("appeals nobody may decide", ctx="doctor"),
    "ladders": mark("ladders", ctx="doctor"),
    "told": mark("told", ctx="doctor"),
    "steps": mark("steps", ctx="doctor"),
    "alarms": mark("alarms", ctx="doctor"),
    "people": mark("people", ctx="doctor"),
    "keys": mark("keys", ctx="doctor"),
}


def _check(name: str) -> str:
    """The check in words: `calendar cn`, `source hall` are a word and a name."""
    if name in _CHECKS:
        return t(_CHECKS[name])
    word, _, rest = name.partition(" ")
    return f"{t(_CHECKS[word])} {rest}" if word in _CHECKS else name


_STATUS = {"ok": mark("ok"), "look": mark("look"), "bad": mark("bad")}
_STYLES = {"ok": "green", "look": "yellow", "bad": "bold red"}


def metrics(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help=t("write this file, replaced as a whole"),
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
