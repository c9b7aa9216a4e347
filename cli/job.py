"""`effmon jobs list | run | history` and `effmon serve`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.messages import t

from . import columns
from .ledger_note import say_tried
from .notice import say_round
from .render import emit, emit_object, fail, message, progress, warn
from .scan import exit_code, say
from .source import say as say_pulls
from .state import Output, context_of, first_of, leave

if TYPE_CHECKING:
    from efficiency_monitor.scan.nights import NightReport
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("scheduled jobs"))


def add_to(root: typer.Typer) -> None:
    """Add the command to the app."""
    root.command("serve", help=t("run the scheduled jobs"))(serve)


def _schedule(context: "Context") -> Any:
    from efficiency_monitor.scan.slots import Schedule

    section = context.settings.jobs.scan
    return Schedule(at=section.at, days=section.days, zone=context.zone)


@app.command("list", help=t("list the jobs and their next slots"))
def list_jobs(ctx: typer.Context, output: Output = None) -> None:
    """List the jobs: when they are due, what is open."""
    from efficiency_monitor.scan import nights
    from efficiency_monitor.scan.slots import catch_up, slots_between
    from efficiency_monitor.time.instants import rfc3339

    context = context_of(ctx)
    schedule = _schedule(context)
    now = context.now()
    open_slots = catch_up(
        nights.since(context),
        now,
        schedule,
        most_days=context.settings.jobs.scan.catch_up_days,
    )
    upcoming = slots_between(schedule, now, now + 8 * 86_400)
    emit(
        [
            {
                "job": nights.JOB,
                "at": schedule.at,
                "days": schedule.days,
                "open": len(open_slots.run),
                "next": rfc3339(upcoming[0], context.zone) if upcoming else None,
            }
        ],
        (
            Column("job", "Job"),
            Column("at", "At"),
            Column("days", "Days"),
            Column("open", "Open slots", right=True),
            Column("next", "Next slot"),
        ),
        output,
    )


@app.command("history", help=t("list past slots"))
def history(
    ctx: typer.Context,
    job: Annotated[str | None, typer.Option(help=t("job"))] = None,
    most: Annotated[int, typer.Option(min=1, help=t("how many"))] = 30,
    output: Output = None,
) -> None:
    """List the slots that ran, failed or were skipped, newest first."""
    from efficiency_monitor.cards import listing

    emit(
        listing.list_runs(context_of(ctx), job, most),
        columns.RUNS,
        output,
        empty=t("no slots yet"),
    )


@app.command("run", help=t("run what is due, then deliver"))
def run(
    ctx: typer.Context,
    job: Annotated[str | None, typer.Argument(show_default=False)] = None,
    output: Output = None,
) -> None:
    """Run every open slot, oldest first, each as of its own instant; then deliver once."""
    from efficiency_monitor.faults import ConfigurationError, Locked
    from efficiency_monitor.scan import nights

    if job not in (None, nights.JOB):
        raise ConfigurationError(
            t("there is no job {job!r}", job=job),
            t("there is: {job}", job=nights.JOB),
        )
    context = context_of(ctx)
    with progress(t("scanning")) as step:
        report = _ring(context, step)
    if output is None:
        say_pulls(report.pulls, context)
        for done in report.scans:
            say(done, context)
        if not report.scans and not report.held:
            message(t("no slot is due"))
        say_tried(report.checkpoint)
        _say_delivered(report)
    else:
        emit_object(_as_json(report, context.zone), output)
    if report.held:
        raise Locked(
            t("another process runs this slot"),
            t("try again later"),
        )
    leave(_exit_code(report))


def _exit_code(report: "NightReport") -> int:
    scans = (exit_code(done, None, strict=False) for done in report.scans)
    # A setting of one source that is wrong is a failed feed here, not a wrong use of the command.
    return first_of(*scans, 3 if any(pull.fault is not None for pull in report.pulls) else 0)


def _say_delivered(report: "NightReport") -> None:
    if report.round is not None:
        say_round(report.round)
    done = report.delivered
    if done is None or not done.messages:
        return
    message(
        t(
            "notices: {sent} sent, {retried} to retry, {dead} undeliverable",
            sent=done.sent,
            retried=done.retried,
            dead=done.dead,
        )
    )
    for who, why in done.faults:
        warn(f"{who}: {why}")


def _as_json(report: "NightReport", zone: str) -> dict[str, Any]:
    from efficiency_monitor.time.instants import rfc3339

    return {
        "pulls": [done.as_json(zone) for done in report.pulls],
        "scans": [done.as_json(zone) for done in report.scans],
        "skipped": [rfc3339(slot, zone) for slot in report.skipped],
        "held": [rfc3339(slot, zone) for slot in report.held],
        "checkpoint": None if report.checkpoint is None else report.checkpoint.as_json(),
        "delivered": None if report.delivered is None else report.delivered.as_json(),
        **({} if report.round is None else report.round.as_json(zone)),
    }


def _ring(context: "Context", step: Any) -> "NightReport":
    from efficiency_monitor import app as root
    from efficiency_monitor.intake.pull import pull_all
    from efficiency_monitor.scan import nights
    from efficiency_monitor.scan.slots import catch_up

    schedule = _schedule(context)
    most = context.settings.jobs.scan.catch_up_days

    def slots(since: int, now: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        plan = catch_up(since, now, schedule, most_days=most)
        return plan.run, plan.skipped

    return nights.run_due(
        context,
        lambda: root.channels(context),
        slots,
        new_id=root.run_id,
        turn=root.turn,
        pull=lambda slot: pull_all(context, root.outside(context.now), slot=slot),
        progress=step,
    )


def serve(
    ctx: typer.Context,
    every: Annotated[int, typer.Option(min=1, max=3600, help=t("seconds between two rings"))] = 30,
) -> None:
    """Stay and run what falls due, until SIGTERM or Ctrl-C; APScheduler is only the bell."""
    from efficiency_monitor import app as app_root
    from efficiency_monitor.faults import EffmonError
    from efficiency_monitor.ops.timer import run_every
    from efficiency_monitor.workspace import logbook

    context = context_of(ctx)
    message(t("running; looks every {every} s", every=every))

    def tick() -> None:
        current = app_root.read_again(context)
        report = _ring(current, None)
        say_pulls(report.pulls, current)
        for done in report.scans:
            say(done, current)
        say_tried(report.checkpoint)
        if report.round is not None:
            say_round(report.round)

    def on_error(fault: Exception) -> None:
        logbook.event("round.failed", level=40, facts={"fault": logbook.closed_words(fault)})
        if isinstance(fault, EffmonError):
            fail(fault)
        else:
            fail(EffmonError(f"{type(fault).__name__}: {fault}", "effmon doctor"))

    run_every(tick, every_seconds=every, zone=context.zone, on_error=on_error)
    leave(0)
