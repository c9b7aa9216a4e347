"""What the doctor says of the clock: whether it ran ahead, and the command that repairs that."""

import json
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, func, select

from ...i18n.messages import t
from ...intake.store import cases
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.store import outbox
from ...scan.store import runs
from ...time.instants import parse_instant, rfc3339
from ...workspace.context import Context, meta

#: Seconds by which a clock may have been corrected without a word.
CORRECTION: Final = 300
#: Finished scans among which the last one by a right clock is looked for.
_LOOKED_BACK: Final = 1_000


def check_clock(context: Context) -> Iterator[tuple[str, str, str]]:
    """A clock that ran ahead leaves cases, slots, notices and ladders that wait until that
    instant."""
    column = cases.CASE.c.judged_as_of
    now = context.now()
    with context.store.reading() as connection:
        ahead, newest = connection.execute(
            select(func.count(), func.max(column)).where(column > now + CORRECTION)
        ).one()
        dated = outbox.dated_after(connection, now + CORRECTION, ledger.told_ahead(connection))
        slots = runs.later(connection, now + CORRECTION)
        right = rfc3339(_last_right(context, connection, now), context.zone)
    if not ahead and dated is None and not slots:
        yield "clock", "ok", rfc3339(now, context.zone)
    repair = t(
        "two supervisors repair it: effmon repair clock --after {right} --text …", right=right
    )
    if ahead:
        until = rfc3339(newest, context.zone)
        yield (
            "clock",
            "bad",
            t(
                "{ahead} cases were judged as of a later instant, up to {until}: the clock ran "
                "ahead, and no scan looks at them before; {repair}",
                ahead=ahead,
                until=until,
                repair=repair,
            ),
        )
    elif slots:
        yield (
            "clock",
            "bad",
            t(
                "slots of the night are done whose time has not come: the clock ran ahead; "
                "{repair}",
                repair=repair,
            ),
        )
    if dated is not None:
        number, until = dated[0], rfc3339(dated[1], context.zone)
        yield (
            "clock",
            "bad",
            t(
                "{number} notices are dated later than now, up to {until}: the clock ran ahead; "
                "they, and the deadlines that count from them, wait until then; {repair}",
                number=number,
                until=until,
                repair=repair,
            ),
        )


def _last_right(context: Context, connection: Connection, now: int) -> int:
    """When a scan last ended that was not ahead of now; else when the workspace was made."""
    for body in ledger.newest(connection, _LOOKED_BACK, EntryType.SCAN_DONE):
        at, _ = parse_instant(json.loads(body)["at"], context.zone)
        if at <= now:
            return at
    made = meta(connection).get("created_at")
    return now if made is None else parse_instant(made, context.zone)[0]
