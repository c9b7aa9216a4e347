"""What falls due soon, by the last finished scan. Reads only."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ..cards.card_rows import handler_of
from ..engine.questions import provisional_between
from ..faults import NotScanned
from ..i18n.messages import t
from ..intake.store import cases
from ..ledger.store import ledger
from ..records.tables import CaseRow, ClockRow
from ..terms import Level
from ..time.instants import parse_instant, rfc3339, wall_text
from ..workspace.context import Context

CASE = CaseRow.__table__  # type: ignore[attr-defined]
CLOCK = ClockRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What falls due, and the scan that says so: its run, its instant, seconds since then."""

    run: str
    as_of: int
    age: int
    rows: list[dict[str, Any]]

    def words(self, zone: str) -> str:
        """The scan that the forecast rests on, and how old it is in full hours."""
        at, hours = wall_text(self.as_of, zone), self.age // 3600
        return t("rests on scan {run} as of {at} ({hours} h ago)", run=self.run, at=at, hours=hours)


def forecast(context: Context, *, now: int, days: int) -> Forecast:
    """Clocks of which a level falls due within so many calendar days, the next first.

    `overdue`: the instant has passed since the scan. `provisional`: a date between the clock's
    start and the instant is one whose notice is not published. Raises NotScanned before the first
    finished scan.
    """
    until = now + days * 86_400
    statement = (
        select(CLOCK, CASE.c.case_no)
        .join(CASE, CASE.c.id == CLOCK.c.case_id)
        .where(
            CLOCK.c.next_at.is_not(None), CLOCK.c.next_at <= until, CLOCK.c.next_level.is_not(None)
        )
        .order_by(CLOCK.c.next_at, CASE.c.case_no)
    )
    with context.store.reading() as connection:
        done = ledger.newest(connection, 1, "scan.done")
        if not done:
            raise NotScanned(
                t("no scan has finished yet: nothing can be foretold"),
                t("run effmon scan first"),
            )
        rows = list(connection.execute(statement))
        ids = sorted({row.case_id for row in rows})
        known = {case.case_id: case for case in cases.read_cases(connection, ids)}
    entry = json.loads(done[0])
    as_of, _ = parse_instant(entry["as_of"], context.zone)
    scan = {"run": entry["run"], "as_of": rfc3339(as_of, context.zone)}
    found = [
        {
            "case_no": row.case_no,
            "rule": row.rule_id,
            "level": Level(row.next_level).word,
            "at": rfc3339(row.next_at, context.zone),
            "limit_due_at": None
            if row.limit_due_at is None
            else rfc3339(row.limit_due_at, context.zone),
            "state": row.state,
            "department": known[row.case_id].record.fields.get("department"),
            "handler": handler_of(known[row.case_id], now),
            "overdue": row.next_at < now,
            "provisional": _provisional(context, row, known[row.case_id]),
            "scan": scan,
        }
        for row in rows
    ]
    return Forecast(run=entry["run"], as_of=as_of, age=max(0, now - as_of), rows=found)


def _provisional(context: Context, row: Any, case: cases.StoredCase) -> bool:
    """Whether a date between the start of a clock and its next instant is provisional."""
    if row.calendar not in context.catalogue.calendars:
        return False  # the next scan says that the calendar is gone
    events = case.record.events
    starts = [
        event.occurred_at
        for event in events
        if row.episode == event.key or row.episode.startswith(f"{event.key}/")
    ] or [event.occurred_at for event in events]
    start = min(starts, default=row.next_at)
    return provisional_between(context.catalogue.compiled(row.calendar).table, start, row.next_at)
