"""`effmon pull` and `effmon sources list | history | hand-over`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.i18n.messages import t

from . import columns
from .render import emit, emit_object, fail, message, progress, warn
from .signed_words import say_alone, say_repeated, say_signatures
from .state import DryRun, Output, Strict, context_of, first_of, leave
from .written import Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.intake.pull_report import PullReport
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("sources of cases"))

_SHOWN = 5


def add_to(root: typer.Typer) -> None:
    """Add the command to the app."""
    root.command("pull", help=t("fetch from a source and import"))(pull)


def pull(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Argument(help=t("source"), show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help=t("every source"))] = False,
    anew: Annotated[bool, typer.Option("--anew", help=t("everything, not only newer"))] = False,
    dry_run: DryRun = False,
    strict: Strict = False,
    output: Output = None,
) -> None:
    """Fetch what is new from a source of effmon.toml and import it.

    A pull that was cut off goes on where it stopped; pulling twice changes nothing.
    """
    from efficiency_monitor import app as root
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.intake.pull import pull as pull_one
    from efficiency_monitor.intake.pull import pull_all

    context = context_of(ctx)
    if (source is None) == (not everything):
        known = "、".join(context.settings.sources) or t("none")
        raise ConfigurationError(
            t("name one source, or --all"),
            t("effmon.toml has: {known}", known=known),
        )
    outside = root.outside(context.now)
    with progress(t("pulling")) as step:
        if source is not None:
            reports = [
                pull_one(context, outside, source, dry_run=dry_run, anew=anew, progress=step)
            ]
        else:
            reports = pull_all(context, outside, dry_run=dry_run, anew=anew, progress=step)
    documents = [report.as_json(context.zone) for report in reports]
    if source is not None and output is not None:
        emit_object(documents[0], output)
    else:
        emit(documents, columns.PULLS, output, empty=t("no sources"))
    say(reports, context)
    if dry_run:
        message(t("a preview: nothing was written"))
    leave(exit_code(reports, strict=strict))


def exit_code(reports: Sequence["PullReport"], *, strict: bool) -> int:
    """Exit code of pulls: a source that failed is 3, whatever kind of fault it was.

    See docs/contract.md 14.
    """
    codes = [0 if report.fault is None else max(report.fault.exit_code, 3) for report in reports]
    if strict and any(report.document["quarantined"] for report in reports):
        codes.append(3)
    return first_of(*codes)


def say(reports: Sequence["PullReport"], context: "Context") -> None:
    """What pulls have to say besides their counts, on stderr."""
    for report in reports:
        name = report.source
        if report.fault is not None:
            fail(report.fault)
        if report.state == "idle":
            message(t("{name}: nothing new", name=name))
        if report.document["quarantined"]:
            number = report.document["quarantined"]
            warn(
                t(
                    "{name}: {number} rows in quarantine: effmon quarantine list",
                    name=name,
                    number=number,
                )
            )
        for table, number in report.left_out.items():
            warn(
                t(
                    "{name}/{table}: {number} rows have no usable value for the cursor",
                    name=name,
                    table=table,
                    number=number,
                )
            )
        _say_vanished(report)


def _say_vanished(report: "PullReport") -> None:
    name, gone = report.source, report.vanished
    if gone.unreadable:
        warn(
            t(
                "{name}: {unreadable} rows do not say whose case they are, so no case is called "
                "vanished",
                name=name,
                unreadable=gone.unreadable,
            )
        )
    if gone.flagged:
        shown = t(", ").join(gone.flagged[:_SHOWN])
        warn(
            t(
                "{name}: {n_flagged} open cases are missing from the snapshot and are judged as "
                "before: {shown}",
                name=name,
                n_flagged=len(gone.flagged),
                shown=shown,
            )
        )
    if gone.returned:
        message(t("{name}: {n_returned} are back", name=name, n_returned=len(gone.returned)))


@app.command("list", help=t("list the sources"))
def list_sources(ctx: typer.Context, output: Output = None) -> None:
    """List the sources: newest data, freshness, open and vanished cases."""
    from efficiency_monitor.intake import feeds

    emit(
        feeds.list_sources(context_of(ctx)),
        columns.SOURCES,
        output,
        empty=t("effmon.toml names no sources"),
    )


@app.command("history", help=t("list past pulls"))
def history(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Argument(help=t("source"), show_default=False)] = None,
    most: Annotated[int, typer.Option(min=1, help=t("how many"))] = 30,
    output: Output = None,
) -> None:
    """List what was pulled, per source and night, newest first."""
    from efficiency_monitor.intake import feeds

    emit(
        feeds.list_history(context_of(ctx), source, most),
        columns.FEED_RUNS,
        output,
        empty=t("nothing was pulled yet"),
    )


@app.command("hand-over", help=t("let another source own cases"))
def hand_over(
    ctx: typer.Context,
    from_source: Annotated[str, typer.Argument(metavar="FROM", help=t("who owns them now"))],
    to_source: Annotated[str, typer.Argument(metavar="TO", help=t("who owns them from now on"))],
    case: Annotated[
        str | None, typer.Option(metavar="CASE_NO", help=t("this case alone; default: all"))
    ] = None,
    text: Text = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Let another source speak of all cases of one, or of one of them, and correct what it said.

    For a migration to a new system with the same numbers: what it tells again is the same event.
    Where somebody supervises it takes two persons with keys, who give the same command. Needs
    --text.
    """
    from efficiency_monitor.followup import hand_over as service

    context = context_of(ctx)
    done = service.hand_over(
        context, from_source, to_source, case, read_text(text), dry_run=dry_run
    )
    if output is not None:
        emit_object(done.as_json(), output)
    say_signatures(t("hand-over of {source}", source=from_source), done)
    if done.repeated:
        say_repeated()
        return
    if done.done:
        message(
            t(
                "{source}: {cases} cases are handed over to {to}; what {source} says of them from "
                "now on waits in quarantine",
                source=from_source,
                cases=done.cases,
                to=to_source,
            )
        )
        if not dry_run:
            say_alone(context)
    if dry_run:
        message(t("a preview: nothing was written"))
