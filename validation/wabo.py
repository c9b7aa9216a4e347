"""WABO: the deadlines of Dutch environmental permits, held against eight weeks after the start."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from efficiency_monitor.engine.questions import Counting
from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.terms import Level
from efficiency_monitor.time.instants import parse_instant

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

    @property
    def eight_weeks_before(self) -> str:
        """The day from which the deadline would be eight weeks."""
        return str(date.fromisoformat(self.deadline) - timedelta(weeks=8))

    @property
    def entered_on_weekday(self) -> bool:
        """Whether that day is one from Monday to Friday."""
        return date.fromisoformat(self.eight_weeks_before).isoweekday() <= 5


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
        "stay_on_day_off": sum(
            one.rolled != one.due["eight_weeks"] == one.deadline for one in permits
        ),
        **{one.name: len(one.cases) for one in classes},
        **late,
        "xes_rows": again.counts.read,
        "xes_unchanged": again.counts.unchanged,
    }
    return Part(
        "Receipt phase of environmental permits (WABO), Netherlands 2010–2012",
        figures,
        _blocks(folder, (taken, again), scanned, permits, classes, figures),
        _summary(figures),
        _chinese(figures),
    )


def _permit(workspace: Workspace, record: CaseRecord) -> Permit:
    accepted = event_of(record, "accepted")
    assert accepted is not None
    assert accepted.due_at is not None
    start = accepted.occurred_at
    deadline = workspace.date(parse_instant(record.fields["promised_due"], ZONE)[0])
    steps = [event.occurred_at for event in record.events if event.type == "stage_finished"]
    first = workspace.date(start)
    return Permit(
        case_no=record.case_no,
        start=first,
        deadline=deadline,
        planned=workspace.date(accepted.due_at),
        first_step=workspace.date(min(steps)),
        due={name: workspace.due_date(where, start, limit) for name, limit, where in LIMITS},
        rolled=workspace.due_date("nl", start, "56 calendar_days", Counting(roll=True)),
        days=(date.fromisoformat(deadline) - date.fromisoformat(first)).days,
    )


def _classes() -> list[ResidualClass[Permit]]:
    """The ways in which a deadline differs, most definite first."""
    return [
        ResidualClass(
            "extended",
            "98 days: eight weeks and the six of Wabo art. 3.9(2).",
            lambda one: one.deadline == one.due["extended"],
        ),
        ResidualClass(
            "weekdays",
            "56 days counted from Monday to Friday, holidays not left out: eleven weeks and a day. "
            "The number is that of eight weeks, the unit another.",
            lambda one: one.deadline == one.due["weekdays"],
        ),
        ResidualClass(
            "two_months",
            "two calendar months, to the same day of the month.",
            lambda one: one.deadline == one.due["two_months"],
        ),
        ResidualClass(
            "year_mistyped",
            "eight weeks to the day and month, the year one too high: a slip in typing.",
            lambda one: one.deadline[4:] == one.due["eight_weeks"][4:],
        ),
        ResidualClass(
            "planned_kept",
            "the planned end is eight weeks after the start and the deadline lies later: put off "
            "after it was set. Why is not in the log.",
            lambda one: one.planned == one.due["eight_weeks"],
        ),
        ResidualClass(
            "one_day_more",
            "57 or 99 days: eight or fourteen weeks from the day after the start.",
            lambda one: one.days in (57, 99),
        ),
        ResidualClass(
            "entered_later",
            "eight weeks from a day between the start and the first logged step: counted from the "
            "day on which the application was entered. The log has no such day, so this is "
            "possible and not shown.",
            lambda one: one.start < one.eight_weeks_before <= one.first_step,
        ),
        ResidualClass("shorter", "", lambda one: one.days < 56),
        ResidualClass("longer", "", lambda one: True),
    ]


def _late(workspace: Workspace, records: Sequence[CaseRecord]) -> dict[str, int]:
    """Red cards against the log's own instants, and against the dates of these."""
    cards = workspace.cards(Level.RED)
    found: Counter[str] = Counter()
    starts = {
        record.case_no: event.occurred_at
        for record in records
        if (event := event_of(record, "accepted")) is not None
    }
    for record in records:
        decided = event_of(record, "decided")
        due = parse_instant(record.fields["promised_due"], ZONE)[0]
        carded = record.case_no in cards
        if decided is None:
            found["open"] += 1
            found["open_past"] += carded
            continue
        if decided.occurred_at < starts[record.case_no]:
            found["faulty"] += 1
            continue
        is_late = decided.occurred_at > due
        found["closed"] += 1
        found["closed_late"] += carded
        found["closed_alike"] += carded == is_late
        found["closed_late_by_date"] += carded and workspace.date(
            decided.occurred_at
        ) > workspace.date(due)
    return dict(found)


_NAMES = {
    "extended": "six weeks' extension",
    "weekdays": "counted in weekdays",
    "two_months": "two months",
    "year_mistyped": "wrong year",
    "planned_kept": "put off later",
    "one_day_more": "one day more",
    "entered_later": "entered later",
    "shorter": "earlier, **unexplained**",
    "longer": "later, **unexplained**",
}


def _blocks(
    folder: Path,
    takings: tuple[Taken, Taken],
    scanned: Scanned,
    permits: Sequence[Permit],
    classes: Sequence[ResidualClass[Permit]],
    figures: Figures,
) -> list[str]:
    taken, again = takings
    equal, cases = figures["equal"], figures["cases"]
    return [
        (
            "The first 300 of 1,434 cases of: J.C.A.M. Buijs, Receipt phase of an environmental "
            "permit application process (WABO), CoSeLoG, 4TU.ResearchData, "
            "doi:10.4121/uuid:a07386a5-7be3-4367-9535-70bc9e77dbe6. Read from the data folder, not "
            f"copied. {data_line(folder / CSV, CSV)}; {data_line(folder / XES, XES)}."
        ),
        (
            f"**Imported** by the mapping `wabo`: {taken.sentence}; {cases} cases. The same log as "
            f"XES, imported after it by the same mapping: {again.sentence}. Not one case differs."
        ),
        (
            "**What the municipality says**: of each case a start and a deadline. Wabo art. 3.9(1) "
            "gives eight weeks; how the deadlines were set is not said."
        ),
        (
            "**What the engine says**: the local date on which `56 calendar_days` fall due from "
            "the start on the calendar `nl`. From a start in October the span crosses the end of "
            "summer time."
        ),
        table(
            ("deadlines", "cases", "share"),
            [
                ("on the date of start + 56 calendar days", equal, share(equal, cases)),
                ("on another date", cases - equal, share(cases - equal, cases)),
            ],
        ),
        (
            "Moving a term that ends on a Saturday, Sunday or holiday to the next working day "
            "(Algemene termijnenwet art. 1; `roll: next_working_day`) agrees with "
            f"{figures['rolled']} deadlines, fewer: {figures['end_on_day_off']} of all terms end "
            f"on such a day, and {figures['stay_on_day_off']} deadlines of the municipality stay "
            "there. So we count without it."
        ),
        "**The others**, each in the first class that fits it:",
        _class_table(classes),
        _doubts(permits, classes),
        "Every deadline that is not eight weeks, by days from the start:",
        _days_table(permits),
        (
            "**Late or not, by a scan** as of the log's last day: red says later than the "
            "municipality's own deadline, which it gives to the second."
        ),
        _late_table(scanned, figures),
    ]


def _class_table(classes: Sequence[ResidualClass[Permit]]) -> str:
    unknown = {
        "shorter": "sooner than eight weeks; nothing in the rows says why.",
        "longer": (
            "the clock may have stood while the applicant completed the papers (Awb art. 4:15); "
            "the log has no such event. Not tested, so not explained."
        ),
    }
    return table(
        ("class", "cases", "what is supposed, and how it was tested: by counting"),
        [(_NAMES[one.name], len(one.cases), one.supposed or unknown[one.name]) for one in classes],
    )


def _doubts(permits: Sequence[Permit], classes: Sequence[ResidualClass[Permit]]) -> str:
    """Where two explanations fit the same cases, and what speaks against the looser ones."""
    found = {one.name: one.cases for one in classes}
    both = sum(one.start < one.eight_weeks_before <= one.first_step for one in found["two_months"])
    entered = found["entered_later"]
    working = sum(one.deadline == one.due["working_days"] for one in permits)
    weekday = sum(one.entered_on_weekday for one in entered)
    return (
        "What speaks against it: of the cases with two months, "
        f"{both} fit “entered later” as well, so these data do not tell the two apart. "
        f"“Entered later” allows any day of a span, so it fits some cases by chance; of its "
        f"{len(entered)} days {weekday} lie between Monday and Friday, where chance would have "
        "put five in seven. With public holidays left out of the count, 56 working days meet "
        f"{working} deadlines, fewer than weekdays do."
    )


def _days_table(permits: Sequence[Permit]) -> str:
    counted = Counter(one.days for one in permits if one.deadline != one.due["eight_weeks"])
    by_count: dict[int, list[int]] = {}
    for days, count in sorted(counted.items()):
        by_count.setdefault(count, []).append(days)
    return table(
        ("cases each", "days from start to deadline"),
        [
            (count, ", ".join(map(str, days)))
            for count, days in sorted(by_count.items(), reverse=True)
        ],
    )


def _late_table(scanned: Scanned, figures: Figures) -> str:
    closed, late = figures["closed"], figures["closed_late"]
    by_date = figures["closed_late_by_date"]
    require(scanned.not_judgeable == figures["faulty"], "what ends before it starts is not judged")
    require(
        figures["closed_alike"] == closed, "a red card for every case closed after its deadline"
    )
    return (
        table(
            ("cases", "number", "red cards"),
            [
                ("closed", closed, late),
                ("open on the last day", figures["open"], figures["open_past"]),
            ],
        )
        + f"\n\nEvery one of the {late} closed cases with a card was closed after the instant of "
        f"its deadline, and no other. By date alone {by_date} are late: {late - by_date} were "
        "closed on the day of the deadline, hours after the time of day that the log gives it. "
        "Whether that is late is for the rule to say: a deadline that is a bare date runs to the "
        "end of its day. "
        f"Of {scanned.total} cases {scanned.judged} are judged, {scanned.not_judgeable} not "
        f"judgeable, {scanned.excluded} excluded: {figures['faulty']} ends in the log before it "
        "starts, which is faulty data, not counted above, and gets no card."
    )


def _chinese(figures: Figures) -> str:
    unexplained = figures["longer"] + figures["shorter"]
    return (
        f"荷兰环境许可（WABO）：{figures['cases']} 件中 {figures['equal']} 件的期限"
        f"等于起始日后 56 个自然日，{unexplained} 件未能解释；"
        f"已办结 {figures['closed']} 件，是否超过其自定期限逐件一致"
    )


def _summary(figures: Figures) -> Sequence[Sequence[str]]:
    unexplained = figures["longer"] + figures["shorter"]
    explained = figures["cases"] - figures["equal"] - unexplained
    return (
        (
            "WABO, Netherlands 2010–2012",
            "deadline = start + 56 calendar days, by local date",
            (
                f"{figures['equal']} of {figures['cases']} "
                f"({share(figures['equal'], figures['cases'])})"
            ),
            f"{explained} in seven classes with a supposed cause, {unexplained} unexplained",
        ),
        (
            "WABO, Netherlands 2010–2012",
            "closed after the stated deadline = red card",
            (
                f"{figures['closed_alike']} of {figures['closed']} "
                f"({share(figures['closed_alike'], figures['closed'])})"
            ),
            f"{figures['faulty']} ends before it starts: no card",
        ),
    )
