"""WABO: the deadlines of Dutch environmental permits, held against eight weeks after the start."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from efficiency_monitor.core.instants import parse_instant
from efficiency_monitor.core.questions import Counting
from efficiency_monitor.core.terms import Level
from efficiency_monitor.core.timeline import CaseRecord

from .page import Figures, Part, ResidualClass, data_line, require, share, sort_out, table
from .workspace import Scanned, Taken, Workspace, event_of, opened

ZONE = "Europe/Amsterdam"
CSV = "wabo_receipt/receipt_300.csv"
XES = "wabo_receipt/receipt_300.xes.gz"
#: Last day of which the log has an event.
AS_OF = "2012-01-23"
#: Limits whose due date is held against the deadline: name, limit, calendar.
LIMITS = (
    ("eight_weeks", "56 calendar_days", "nl"),
    ("extended", "98 calendar_days", "nl"),
    ("two_months", "2 calendar_months", "nl"),
    ("three_months", "3 calendar_months", "nl"),
    ("weekdays", "56 working_days", "nl-weekdays"),
    ("working_days", "56 working_days", "nl"),
)


@dataclass(frozen=True, slots=True)
class Permit:
    """An application with its dates (local, ISO); `due` has the date of each limit, by name."""

    case_no: str
    start: str
    deadline: str
    planned: str
    #: First event of the log, the confirmation of receipt in every case.
    first_step: str
    due: dict[str, str]
    #: Eight weeks that end on a day off moved on, as Algemene termijnenwet art. 1 has it.
    rolled: str
    #: Days from start to deadline.
    days: int


def run(folder: Path) -> Part:
    """Import the CSV, scan, compare; then the same log as XES."""
    path = folder / CSV
    with opened(zone=ZONE, calendar="nl", pack="validation", as_of=AS_OF) as workspace:
        taken = workspace.take([path], "wabo")
        scanned = workspace.scan()
        records = workspace.cases()
        permits = [_permit(workspace, record) for record in records]
        late = _late(workspace, records)
        again = workspace.take([folder / XES], "wabo")
        require(workspace.cases() == records, "the XES file adds nothing to the cases of the CSV")
    differing = [one for one in permits if one.due["eight_weeks"] != one.deadline]
    classes = _classes()
    sort_out(differing, classes)
    figures = {
        "rows": taken.counts.read,
        "quarantined": taken.counts.quarantined,
        "cases": len(permits),
        "equal": len(permits) - len(differing),
        "rolled": sum(one.rolled == one.deadline for one in permits),
        "end_on_day_off": sum(one.rolled != one.due["eight_weeks"] for one in permits),
        **{one.name: len(one.cases) for one in classes},
        **late,
        "xes_rows": again.counts.read,
        "xes_unchanged": again.counts.unchanged,
    }
    return Part(
        "Receipt phase of environmental permits (WABO), Netherlands 2010–2012",
        figures,
        _blocks(folder, (taken, again), scanned, classes, figures),
        _summary(figures),
    )


def _permit(workspace: Workspace, record: CaseRecord) -> Permit:
    from datetime import date

    accepted = event_of(record, "accepted")
    assert accepted is not None
    start = accepted.occurred_at
    deadline = workspace.date(parse_instant(record.fields["promised_due"], ZONE)[0])
    steps = [event.occurred_at for event in record.events if event.type == "stage_finished"]
    first = workspace.date(start)
    return Permit(
        case_no=record.case_no,
        start=first,
        deadline=deadline,
        planned=workspace.date(parse_instant(record.fields["planned"], ZONE)[0]),
        first_step=workspace.date(min(steps)),
        due={name: workspace.due_date(where, start, limit) for name, limit, where in LIMITS},
        rolled=workspace.due_date("nl", start, "56 calendar_days", Counting(roll=True)),
        days=(date.fromisoformat(deadline) - date.fromisoformat(first)).days,
    )
