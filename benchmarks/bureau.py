"""A workspace with very many open cases, as a bureau has them: imported and scanned by the product.

A few thousand cases are drawn and written into the files many times over, each time under other
numbers; effmon imports them and scans them as of last night. So an import's entry holds every row,
and every handler is in the people file.
"""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from efficiency_monitor import app
from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.intake import ingest
from efficiency_monitor.ops import setup
from efficiency_monitor.people import people
from efficiency_monitor.scan import scan
from efficiency_monitor.time.instants import rfc3339
from efficiency_monitor.workspace.context import Context

ZONE = "Asia/Shanghai"


def _at(*wall: int) -> int:
    return int(datetime(*wall, tzinfo=ZoneInfo(ZONE)).timestamp())  # type: ignore[arg-type,misc]


LAST_NIGHT = _at(2026, 6, 9, 2, 10)
TONIGHT = _at(2026, 6, 10, 2, 10)
#: Midnight of the first of the days on which the cases begin, and how many days there are.
FIRST_DAY = _at(2026, 4, 1)
DAYS = 68
#: How often each drawn case stands in the files.
COPIES = 200
DEPARTMENTS = tuple(f"示例市审批{number}科" for number in range(1, 41))
HANDLERS = 4
NAMES = {"handler": "经办人", "head": "科长", "supervisor": "监察员"}
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
    copies = [replace(case, case_no=number) for case in chosen for number in _numbers(case)]
    _write(folder / "cases.csv", ({"case_no": case.case_no} | dict(case.fields) for case in copies))
    _write(folder / "events.csv", (row for case in copies for row in _event_rows(case)))
    files = [folder / "cases.csv", folder / "events.csv"]
    report = ingest.import_files(context, files, "canonical")
    if report.refused:
        raise AssertionError(f"the bench's own rows were refused: {report.refused[0]}")
    scan.scan(context, as_of=LAST_NIGHT, run_id="R-LAST")
    return context


def _numbers(case: CaseRecord) -> Iterator[str]:
    """The numbers under which a drawn case stands in the files."""
    return (f"{case.case_no}-{copy}" for copy in range(COPIES))


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
                    "name": f"{department}{NAMES[role]}{number}",
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
