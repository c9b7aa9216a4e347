"""What the doctor says of delivery: dead letters, what fails, what silences hold, whose hours."""

from collections.abc import Iterator
from datetime import date

from ...faults import EffmonError
from ...i18n.messages import t
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
        t("{dead} notices could not be delivered", dead=dead)
        + (
            t(": effmon notices list --state dead; when it is mended: effmon notices retry")
            if dead
            else ""
        ),
    )
    yield (
        "failing notices",
        LOOK if failing else GOOD,
        t("{failing} notices have failed and are tried again", failing=failing),
    )
    silent = sum(number for why, (number, _) in held.items() if why.startswith("silence:"))
    yield (
        "silences",
        LOOK if standing else GOOD,
        t("{n_standing} silences hold {silent} notices", n_standing=len(standing), silent=silent),
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
        yield "delivery hours", GOOD, t("by the calendar {name}", name=name)
        return
    yield (
        "delivery hours",
        LOOK,
        t(
            "the calendar {name} does not cover today: notices go Monday to Friday, 9:00-17:00",
            name=name,
        ),
    )
