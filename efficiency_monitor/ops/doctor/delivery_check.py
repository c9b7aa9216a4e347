"""What the doctor says of delivery: dead letters, what fails, what silences hold, whose hours."""

from collections.abc import Iterator
from datetime import date

from ...faults import EffmonError
from ...i18n.language import t
from ...notify.dead_letters import undelivered
from ...notify.store import outbox, silences
from ...time.instants import local_date
from ...workspace.context import Context

GOOD, LOOK = "ok", "look"


def check_delivery(context: Context) -> Iterator[tuple[str, str, str]]:
    """Each check with its status (`ok`, `look`) and a sentence saying what to do."""
    now = context.now()
    dead = len(undelivered(context))
    with context.store.reading() as connection:
        failing = outbox.waiting_again(connection)
        standing = silences.standing(connection, now)
        held = outbox.held_until(connection)
    yield (
        "dead letters",
        LOOK if dead else GOOD,
        t(f"{dead} 条通知未能送达", f"{dead} notices could not be delivered")
        + (
            t(
                "：effmon notices list --state dead，改正后 effmon notices retry",
                ": effmon notices list --state dead; when it is mended: effmon notices retry",
            )
            if dead
            else ""
        ),
    )
    yield (
        "failing notices",
        LOOK if failing else GOOD,
        t(
            f"{failing} 条通知投递失败，待重试",
            f"{failing} notices have failed and are tried again",
        ),
    )
    silent = sum(number for why, (number, _) in held.items() if why.startswith("silence:"))
    yield (
        "silences",
        LOOK if standing else GOOD,
        t(
            f"{len(standing)} 个静默，拦住 {silent} 条通知",
            f"{len(standing)} silences hold {silent} notices",
        ),
    )
    yield from _hours(context)


def _hours(context: Context) -> Iterator[tuple[str, str, str]]:
    """Where the calendar has ended, notices go by weekdays: holidays are not known."""
    name = context.settings.workspace.calendar
    today = date.fromisoformat(local_date(context.now(), context.zone))
    try:
        calendar = context.catalogue.calendars.get(name)
    except EffmonError:
        calendar = None
    if calendar is not None and calendar.covers(today):
        yield "delivery hours", GOOD, t(f"按工作日历 {name}", f"by the calendar {name}")
        return
    yield (
        "delivery hours",
        LOOK,
        t(
            f"工作日历 {name} 未覆盖今天：通知按周一至周五 9:00-17:00 发送",
            f"the calendar {name} does not cover today: notices go Monday to Friday, 9:00-17:00",
        ),
    )
