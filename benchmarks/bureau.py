"""A workspace with very many open cases: made by the product, then multiplied.

A few thousand cases are imported and scanned as of last night by effmon itself; then their rows
are copied under other numbers. So every row is one that effmon wrote, and half a million open
clocks are there within a minute.
"""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from efficiency_monitor import app
from efficiency_monitor.core.cards import card_number, subject_of
from efficiency_monitor.core.evaluation import evaluate
from efficiency_monitor.core.instants import rfc3339
from efficiency_monitor.core.terms import Level
from efficiency_monitor.core.timeline import CaseRecord, Event
from efficiency_monitor.services.context import Context
from efficiency_monitor.services.intake import ingest
from efficiency_monitor.services.operation import setup
from efficiency_monitor.services.people import people
from efficiency_monitor.services.scans import scan
from efficiency_monitor.store.cards import CARD, ENTRY
from efficiency_monitor.store.cases import CASE, CLOCK, EVENT, FACT

ZONE = "Asia/Shanghai"


def _at(*wall: int) -> int:
    return int(datetime(*wall, tzinfo=ZoneInfo(ZONE)).timestamp())  # type: ignore[arg-type,misc]


LAST_NIGHT = _at(2026, 6, 9, 2, 10)
TONIGHT = _at(2026, 6, 10, 2, 10)
#: Midnight of the first of the days on which the cases begin, and how many days there are.
FIRST_DAY = _at(2026, 4, 1)
DAYS = 68
#: Copies of each case, itself included.
COPIES = 200
DEPARTMENTS = tuple(f"示例市审批{number}科" for number in range(1, 41))
HANDLERS = 4
GROUNDS = ("hearing", "site_visit", "testing", "expert_review")
HOUR, DAY = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Size:
    """How many cases there are, and of how many of them a clock falls due tonight."""

    cases: int
    due: int


def make(folder: Path, size: Size, seed: int) -> Context:
    """Make the workspace in an empty folder; its clock stands at tonight's scan."""
    setup.write_settings(
        folder, name="bench", zone=ZONE, language="en", calendar="cn", packs=("hunan",)
    )
    context = app.open_context(folder, create=True, clock=lambda: TONIGHT)
    setup.record_creation(context)
    _write(folder / "people.csv", _people())
    people.import_people(context, folder / "people.csv")
    wanted = Size(size.cases // COPIES, size.due // COPIES)
    chosen = _choose(context, wanted, seed)
    _write(folder / "cases.csv", ({"case_no": case.case_no} | dict(case.fields) for case in chosen))
    _write(folder / "events.csv", (row for case in chosen for row in _event_rows(case)))
    files = [folder / "cases.csv", folder / "events.csv"]
    report = ingest.import_files(context, files, "canonical")
    if report.refused:
        raise AssertionError(f"the bench's own rows were refused: {report.refused[0]}")
    scan.scan(context, as_of=LAST_NIGHT, run_id="R-LAST")
    with context.store.writing() as connection:
        _multiply(connection, wanted.cases)
        _copy_cards(connection, wanted.cases)
    return context


def _choose(context: Context, wanted: Size, seed: int) -> list[CaseRecord]:
    """Draw cases until there are as many as wanted, of which as many as wanted fall due tonight."""
    drawn = random.Random(seed)
    chosen: list[CaseRecord] = []
    due = 0
    while len(chosen) < wanted.cases:
        case = _draw(drawn, f"BENCH-2026-{len(chosen):07}")
        if _falls_due(context, case):
            if due == wanted.due:
                continue
            due += 1
        elif len(chosen) - due == wanted.cases - wanted.due:
            continue
        chosen.append(case)
    drawn.shuffle(chosen)
    return chosen


def _draw(drawn: random.Random, case_no: str) -> CaseRecord:
    """An open case: its limits, its beginning, sometimes a special procedure or an assignment."""
    promised = drawn.choice((5, 7, 10, 15, 20, 30))
    department = drawn.choice(DEPARTMENTS)
    handler = f"{department}经办人{drawn.randrange(HANDLERS)}"
    submitted = FIRST_DAY + drawn.randrange(DAYS) * DAY + drawn.randrange(9 * HOUR, 17 * HOUR)
    accepted = submitted + drawn.randrange(600, 5 * HOUR)
    events = [
        Event(key="1", type="submitted", occurred_at=submitted),
        Event(key="2", type="accepted", occurred_at=accepted, actor=handler),
    ]
    if drawn.random() < 0.3:
        at = accepted + drawn.randrange(600, 7 * DAY)
        back = at + drawn.randrange(600, 10 * DAY)
        kind = drawn.choice(GROUNDS)
        if back < LAST_NIGHT:
            amount = f"{drawn.randrange(2, 11)} working_days"
            events.append(
                Event(key="3", type="suspended", occurred_at=at, kind=kind, amount=amount)
            )
            events.append(Event(key="4", type="resumed", occurred_at=back, kind=kind))
    if drawn.random() < 0.3:
        at = accepted + drawn.randrange(300, DAY)
        events.append(Event(key="5", type="assigned", occurred_at=at, actor=handler))
    fields = {
        "item_code": f"4303{drawn.randrange(80):05}",
        "item_name": "示例行政许可事项",
        "item_kind": "promised",
        "region": "430300",
        "department": department,
        "handler": handler,
        "promised_limit": f"{promised} working_days",
        "statutory_limit": f"{promised * 2} working_days",
    }
    return CaseRecord(case_no=case_no, calendar="cn", fields=fields, events=tuple(events))


def _falls_due(context: Context, case: CaseRecord) -> bool:
    """Whether a level of the case's clock falls due between last night's scan and tonight's."""
    catalogue = context.catalogue
    calendars = catalogue.compiled_for([case.calendar])
    found = evaluate([case], catalogue.rules, catalogue.vocabulary, calendars, LAST_NIGHT)[0]
    return found.next_at is not None and found.next_at < TONIGHT


def _event_rows(case: CaseRecord) -> Iterator[dict[str, str]]:
    for event in case.events:
        yield {
            "case_no": case.case_no,
            "event": event.type,
            "occurred_at": rfc3339(event.occurred_at, ZONE),
            "actor": event.actor or "",
            "kind": event.kind or "",
            "amount": event.amount or "",
        }


def _people() -> Iterator[dict[str, str]]:
    """Somebody for every role of every department."""
    for place, department in enumerate(DEPARTMENTS):
        for role, count in (("handler", HANDLERS), ("head", 1), ("supervisor", 1)):
            for number in range(count):
                yield {
                    "person_id": f"P-{place}-{role}-{number}",
                    "name": f"{department}示例{role}{number}",
                    "department": department,
                    "role": role,
                    "channel": "file",
                    "address": f"{place}-{role}-{number}",
                }


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    every = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(every[0]))
        writer.writeheader()
        writer.writerows(every)


#: Columns in which a copy differs.
OWN = ("id", "case_id", "case_no")


def _multiply(connection: Connection, made: int) -> None:
    """Copy every case that the product made, with its fields, events and clocks.

    The tables' other columns are taken as they are, whichever the schema has.
    """
    for table in (CASE, FACT, EVENT, CLOCK):
        own = "id" if table is CASE else "case_id"
        columns = [column.name for column in table.c if column.name not in OWN]
        given = [f"{own} + {made} * k", *columns]
        if table is CASE:
            columns.append("case_no")
            given.append("case_no || '-' || k")
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join([own, *columns])}) "
            "WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL "
            f"SELECT k + 1 FROM copies WHERE k + 1 < {COPIES}) SELECT {', '.join(given)} "
            f"FROM copies CROSS JOIN {table.name} WHERE {own} <= {made} ORDER BY k, {own}"
        )


def _copy_cards(connection: Connection, made: int) -> None:
    """Copy the standing cards of the cases that fall due: they decide what tonight's scan does."""
    due = select(CLOCK.c.case_id).where(CLOCK.c.next_at < TONIGHT, CLOCK.c.case_id <= made)
    found = connection.execute(select(CARD).where(CARD.c.case_id.in_(due))).mappings().all()
    rows: list[dict[str, Any]] = []
    for card in found:
        for copy in range(1, COPIES):
            subject = subject_of(f"{card['case_no']}-{copy}")
            number = card_number(
                subject, card["rule_id"], card["episode"], Level(card["level"]), card["issue_no"]
            )
            rows.append(
                dict(card)
                | {
                    "card_no": number,
                    "subject": subject,
                    "case_id": card["case_id"] + made * copy,
                    "case_no": f"{card['case_no']}-{copy}",
                }
            )
    if not rows:
        return
    connection.execute(insert(CARD), rows)
    entry = {"kind": "issued", "at": LAST_NIGHT, "os_user": "bench", "person": None, "text": None}
    connection.execute(insert(ENTRY), [entry | {"card_no": row["card_no"]} for row in rows])
