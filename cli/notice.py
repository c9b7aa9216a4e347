"""`effmon notices list | deliver | retry | dismiss`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.messages import mark, t
from efficiency_monitor.terms import AlarmKind

from . import columns
from .notice_words import say_subject
from .render import Format, emit, emit_object, message, warn
from .state import DryRun, Output, Strict, context_of, leave

if TYPE_CHECKING:
    from efficiency_monitor.notify.deliver import DeliverReport
    from efficiency_monitor.scan.housekeeping import RoundReport

app = typer.Typer(help=t("notices"))


class NoticeState(StrEnum):
    """What became of a notice; `held`: pending, and kept back although its time has come."""

    PENDING = "pending"
    HELD = "held"
    SENT = "sent"
    DEAD = "dead"
    VOID = "void"


@app.command("list", help=t("list notices"))
def list_notices(
    ctx: typer.Context,
    state: Annotated[NoticeState | None, typer.Option(help=t("state"), show_default=False)] = None,
    output: Output = None,
) -> None:
    """List the notices of the outbox, newest first."""
    from efficiency_monitor.cards import listing

    held = state is NoticeState.HELD
    emit(
        listing.list_notices(
            context_of(ctx), None if state is None or held else str(state), held=held
        ),
        columns.NOTICES,
        output,
        empty=t("no notices"),
    )


@app.command("deliver", help=t("deliver what is pending"))
def deliver(
    ctx: typer.Context, dry_run: DryRun = False, strict: Strict = False, output: Output = None
) -> None:
    """Go one round and deliver, one digest per recipient; say what is held back, and why.

    The round tells what time alone has made due: the next steps of ladders, what is overdue,
    alarms. A preview shows what is pending already.
    """
    from efficiency_monitor import app as root
    from efficiency_monitor.notify import deliver as service
    from efficiency_monitor.scan.housekeeping import run

    context = context_of(ctx)
    channels = root.channels(context)
    if dry_run:
        report, messages = service.deliver(context, channels, dry_run=True)
        _emit_preview(report, len(messages), output)
        for addressed in messages:
            message(
                f"{addressed.channel}: {addressed.message.recipient}: {addressed.message.subject}"
            )
    else:
        done = run(context, channels)
        assert done.delivered is not None  # it was waited for, or Locked was raised
        report = done.delivered
        _emit_round(done, context.zone, output)
        say_round(done)
    say_held(report, context.zone)
    if dry_run:
        message(t("a preview: nothing was delivered"))
    for who, why in report.faults:
        warn(f"{who}: {why}")
    leave(3 if strict and (report.dead or report.retried) else 0)


#: What a round did, for people: numbers; what is behind them is said line by line.
_ROUND = (
    Column("messages", "Messages", right=True),
    Column("sent", "Notices sent", right=True),
    Column("retry", "To retry", right=True),
    Column("dead", "Undeliverable", right=True),
    Column("held", "Held back", right=True),
    Column("told", "Steps told", right=True),
    Column("unanswered", "Replies missing", right=True),
    Column("orders", "Orders overdue", right=True),
    Column("appeals", "Appeals overdue", right=True),
    Column("alarms", "Alarms", right=True),
)


def _emit_preview(report: "DeliverReport", messages: int, output: Format | None) -> None:
    if output not in (None, Format.TABLE):
        emit_object(report.as_json(), output)
        return
    held = sum(number for number, _ in report.held.values())
    emit_object({"messages": messages, "held": held}, output, columns=(_ROUND[0], _ROUND[4]))


def _emit_round(done: "RoundReport", zone: str, output: Format | None) -> None:
    report = done.delivered
    assert report is not None  # it was waited for, or Locked was raised
    if output in (Format.JSON, Format.JSONL):
        emit_object(report.as_json() | done.as_json(zone), output)
        return
    numbers = {
        "messages": report.messages,
        "sent": report.sent,
        "retry": report.retried,
        "dead": report.dead,
        "held": sum(number for number, _ in report.held.values()),
        "told": len(done.ladders.told),
        "unanswered": len(done.ladders.unanswered),
        "orders": len(done.orders),
        "appeals": len(done.appeals),
        "alarms": len(done.alarms),
    }
    emit_object(numbers, output, columns=_ROUND)


_ALARMS: Final = {
    AlarmKind.NOT_FOLLOWED_UP: mark("has not followed up"),
    AlarmKind.ORDER_OPEN: mark("has left open the order"),
}


def say_round(done: "RoundReport") -> None:
    """Say what a round found that somebody should look at."""
    for card_no, _ in done.ladders.nobody:
        warn(t("{card_no}: this step finds nobody to tell", card_no=card_no))
    for card_no in done.ladders.exhausted:
        message(t("{card_no}: every step was told, nobody has answered", card_no=card_no))
    for calendar in done.ladders.uncovered:
        warn(
            t(
                "calendar {calendar} does not cover a ladder: weekdays were counted",
                calendar=calendar,
            )
        )
    for raised in done.alarms:
        about = say_subject(raised.subject)
        what = t(_ALARMS[raised.kind])
        nobody = "" if raised.told else t(", nobody to tell")
        message(
            t(
                "alarm {alarm_no}: {person_id} {what} {about}{nobody}",
                alarm_no=raised.alarm_no,
                person_id=raised.person_id,
                what=what,
                about=about,
                nobody=nobody,
            )
        )


def say_held(report: "DeliverReport", zone: str) -> None:
    """Say what waits although its time has come, why and until when."""
    from efficiency_monitor.time.instants import wall_text

    for why, (number, until) in sorted(report.held.items()):
        at = wall_text(until, zone)
        words = columns.say_held(why)
        message(
            t("{number} held: {words}; the first may go at {at}", number=number, words=words, at=at)
        )


@app.command("retry", help=t("let undelivered notices be tried again"))
def retry(
    ctx: typer.Context,
    notice_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NOTICE",
            show_default=False,
            help=t("notices; without any all dead letters"),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Put dead letters back, at the addresses known now; they go with the next delivery."""
    from efficiency_monitor.notify.dead_letters import retry as put_back

    done = put_back(context_of(ctx), notice_ids or [])
    if output is not None:
        emit_object({"retried": done}, output)
    message(t("{n_done} go with the next delivery: effmon notices deliver", n_done=len(done)))


@app.command("dismiss", help=t("let an undelivered notice be"))
def dismiss(
    ctx: typer.Context,
    notice_id: Annotated[str, typer.Argument(metavar="NOTICE", help=t("notice"))],
    reason: Annotated[str, typer.Option(help=t("why"))],
    output: Output = None,
) -> None:
    """Take a dead letter off the list of what somebody has to look at; needs --as PERSON.

    The notice is void and is never sent; the reason is on record.
    """
    from efficiency_monitor.notify.dead_letters import dismiss as let_be

    done = let_be(context_of(ctx), notice_id, reason)
    if output is not None:
        emit_object({"notice_id": notice_id, "state": "void", "repeated": not done}, output)
    message(
        t("{notice_id}: it is not sent any more", notice_id=notice_id)
        if done
        else t("{notice_id}: it was void already; nothing was written", notice_id=notice_id)
    )
