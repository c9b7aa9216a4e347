"""City of Boston 311: the city's own verdict, late or on time, held against the cards of a scan."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.terms import Level
from efficiency_monitor.time.instants import rfc3339

from .page import Figures, Part, data_line, require, share, table
from .workspace import Scanned, Taken, Workspace, event_of, opened

DATA = Path(__file__).resolve().parent / "data"
YEAR = DATA / "cases_2013.csv"
ZONE = "America/New_York"
#: Files of one content in three dialects, and the mapping that reads each.
DIALECTS = (
    ("boston311-100.csv", "boston-311", "plain"),
    ("boston311-100-with-nonascii.csv", "boston-311", "letters beyond ASCII, UTF-8"),
    ("boston311-dmy-100.csv", "boston-311", "day-first dates, the same mapping"),
    ("boston311-dmy-100.csv", "boston-311-dmy", "day-first dates, a mapping that says so"),
)
#: What a case says, apart from the names and keys of its source rows.
Content = tuple[tuple[str, str], ...]


def run() -> Part:
    """The year 2013, then the three dialects."""
    with _opened("2021-12-31") as workspace:
        taken = workspace.take([YEAR], "boston-311")
        scanned = workspace.scan()
        counted = _verdicts(workspace)
    dialects = {(name, mapping): _dialect(name, mapping) for name, mapping, _ in DIALECTS}
    plain = dialects[DIALECTS[0][:2]][1]
    figures = {
        "rows": taken.counts.read,
        "closed_with_target": counted["closed", "alike"] + counted["closed", "differ"],
        "closed_alike": counted["closed", "alike"],
        "closed_late": counted["closed", "late"],
        "open_with_target": counted["open", "alike"] + counted["open", "differ"],
        "open_alike": counted["open", "alike"],
        "without_target": counted["none", "all"],
        "without_target_on_time": counted["none", "on_time"],
        "not_judgeable": scanned.not_judgeable,
    }
    for (name, mapping), (dialect_taken, content, alike, compared) in dialects.items():
        key = f"{name}/{mapping}"
        figures |= {
            f"{key}/imported": dialect_taken.counts.imported,
            f"{key}/quarantined": dialect_taken.counts.quarantined,
            f"{key}/alike": alike,
            f"{key}/compared": compared,
            f"{key}/same": int(content == plain),
        }
    return Part(
        "City of Boston, 311 service requests 2013",
        figures,
        _blocks(taken, scanned, counted, figures),
        _summary(figures),
        _chinese(figures),
    )


def _opened(as_of: str) -> AbstractContextManager[Workspace]:
    return opened(zone=ZONE, calendar="us-new-york", pack="validation", as_of=as_of)


def _verdicts(workspace: Workspace) -> Counter[tuple[str, str]]:
    """The city's verdict against the red cards, for requests closed, open and without a target."""
    late = set(workspace.cards(Level.RED))
    found: Counter[tuple[str, str]] = Counter()
    for record in workspace.cases():
        city_late = record.fields["verdict"] == "overdue"
        promised, decided = record.fields.get("promised_due"), event_of(record, "decided")
        if promised is None:
            found["none", "all"] += 1
            found["none", "on_time"] += not city_late and record.case_no not in late
            continue
        state = "open" if decided is None else "closed"
        found[state, "late"] += city_late
        found[state, "at_target"] += rfc3339(decided.occurred_at) == promised if decided else 0
        found[state, "alike" if city_late == (record.case_no in late) else "differ"] += 1
    return found


def _dialect(name: str, mapping: str) -> tuple[Taken, dict[str, Content], int, int]:
    """Import one file alone: its counts, its cases' contents, verdicts alike and compared."""
    with _opened("2022-12-31") as workspace:
        taken = workspace.take([DATA / name], mapping)
        workspace.scan()
        counted = _verdicts(workspace)
        content = {record.case_no: _content(record) for record in workspace.cases()}
    alike = counted["closed", "alike"] + counted["open", "alike"]
    return taken, content, alike, alike + counted["closed", "differ"] + counted["open", "differ"]


def _content(record: CaseRecord) -> Content:
    events = ((event.type, str(event.occurred_at)) for event in record.events)
    return (*sorted(record.fields.items()), *sorted(events))


def _blocks(
    taken: Taken,
    scanned: Scanned,
    counted: Counter[tuple[str, str]],
    figures: Figures,
) -> Sequence[str]:
    closed, opened_ = (counted[state, "alike"] for state in ("closed", "open"))
    all_closed, all_open = figures["closed_with_target"], figures["open_with_target"]
    none = counted["none", "all"]
    require(closed + opened_ == all_closed + all_open, "the engine and the city agree throughout")
    require(
        counted["none", "on_time"] == none == scanned.not_judgeable,
        "a request of Boston without a target is ONTIME, not judgeable and without a card",
    )
    require(counted["closed", "at_target"] == 0, "no request is closed in its target's second")
    return [
        (
            "An extract of the requests of 2013 from the city's open data (public domain, PDDL), "
            "without free text and addresses. "
            f"{data_line(YEAR, 'validation/data/cases_2013.csv')}."
        ),
        (
            f"**Imported** by the mapping `boston-311`: {taken.sentence}. Times are the city's "
            "wall time and are read in America/New_York."
        ),
        (
            "**What the city says**: of each request when it was opened, the target, when it was "
            "closed, and `on_time`: ONTIME or OVERDUE."
        ),
        (
            "**What the engine says**: a scan as of the end of 2021, after the last closing, with "
            "one rule: red past the city's own target. Red card: late; none: on time. No rule "
            "reads `on_time`."
        ),
        table(
            ("requests", "compared", "judged alike", "late by the city", "share"),
            [
                (
                    "closed, with a target",
                    all_closed,
                    closed,
                    counted["closed", "late"],
                    share(closed, all_closed),
                ),
                (
                    "still open, with a target",
                    all_open,
                    opened_,
                    counted["open", "late"],
                    share(opened_, all_open),
                ),
            ],
        ),
        (
            f"**The rest**: {none} requests have no target. The city calls them "
            f"ONTIME; the engine gives no verdict on what nobody promised: {scanned.not_judgeable} "
            "are not judgeable (`no_limit`), and none of them has a card. Nothing else differs: "
            "there is no unexplained residual. No request was closed at the very second of its "
            "target, so these data do not say which side of the boundary that second is on."
        ),
        *_dialect_blocks(figures),
    ]


def _dialect_blocks(figures: Figures) -> Sequence[str]:
    return [
        (
            "**Three dialects of one file** (100 requests of 2022; test resources of the program "
            "qsv). Each is imported alone and scanned as of the end of 2022:"
        ),
        table(
            ("file", "dialect", "imported", "quarantined", "verdicts alike", "same cases as plain"),
            [
                (
                    f"`{name}` by `{mapping}`",
                    dialect,
                    figures[f"{name}/{mapping}/imported"],
                    figures[f"{name}/{mapping}/quarantined"],
                    (
                        f"{figures[f'{name}/{mapping}/alike']} of "
                        f"{figures[f'{name}/{mapping}/compared']}"
                    ),
                    "yes" if figures[f"{name}/{mapping}/same"] else "no",
                )
                for name, mapping, dialect in DIALECTS
            ],
        ),
        (
            "A mapping that does not name the day-first format refuses every such row (`bad_time`) "
            "and guesses none: 04/02/2022 would be a date either way round."
        ),
    ]


def _chinese(figures: Figures) -> str:
    both = figures["closed_with_target"] + figures["open_with_target"]
    alike = figures["closed_alike"] + figures["open_alike"]
    return (
        f"波士顿市服务请求：有目标时限的 {both:,} 件中 {alike:,} 件与该市自己的结论"
        f"（按时或超时）一致；没有目标时限的 {figures['without_target']} 件不作判定"
    )


def _summary(figures: Figures) -> Sequence[Sequence[str]]:
    both = figures["closed_with_target"] + figures["open_with_target"]
    alike = figures["closed_alike"] + figures["open_alike"]
    return (
        (
            "Boston 311, 2013",
            "the city's verdict = red card past its target",
            f"{alike:,} of {both:,} ({share(alike, both)})",
            f"{figures['without_target']} without a target: no verdict given",
        ),
    )
