"""A night: the scan of what is due among very many open clocks, against loading all of them."""

import tempfile
from pathlib import Path

from sqlmodel import Session, select

from efficiency_monitor.cards import issuing
from efficiency_monitor.cards.model import decide as core_cards
from efficiency_monitor.cards.store import cards
from efficiency_monitor.catalogue import catalogue_change
from efficiency_monitor.followup.accountability import store as accounts
from efficiency_monitor.followup.ladders import actions as ladders
from efficiency_monitor.intake.store import cases
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.records.tables import ClockRow
from efficiency_monitor.scan import scan
from efficiency_monitor.terms import Level
from efficiency_monitor.workspace.context import Catalogue, Context

from . import bureau
from .measure import Figure, Phases, Section, Taken, alternate, duration, say, seconds

FULL = bureau.Size(cases=500_000, due=20_000)
QUICK = bureau.Size(cases=100_000, due=4_000)
ROUNDS = 5
LEAST = 120

#: Where the time of a scan goes: the product's functions and the phase that each belongs to.
PLACES = (
    (catalogue_change, "note_changes", "find what is due"),
    (cases, "to_judge", "find what is due"),
    (cases, "read_cases", "read the cases, their fields and events"),
    (Catalogue, "judge", "judge them"),
    (cases, "still_to_judge", "look again under the lock"),
    (cards, "of_cases", "look again under the lock"),
    (core_cards, "decide", "decide on cards"),
    (issuing.Writer, "write", "make rows, accountability and ledger entries"),
    (cards, "issue", "write cards and what happens to them"),
    (cards, "happen", "write cards and what happens to them"),
    (cards, "stood_under", "write cards and what happens to them"),
    (accounts, "write", "write accountability"),
    (ladders, "begin", "choose who is told, write notices"),
    (ledger, "append", "write the ledger"),
    (cases, "write_judged", "write the clocks"),
    (cases, "outcome_totals", "totals of the report"),
    (cases, "problems", "totals of the report"),
    (ladders, "tell_everyone", "totals of the report"),
)
_REST = "begin and commit, the rest"


def load_all(context: Context, as_of: int) -> list[int]:
    """What a plain system does: every open clock as an object, each tested in Python."""
    with Session(context.store.engine) as session:
        rows = session.exec(select(ClockRow).where(ClockRow.state != "stopped")).all()
        return sorted({row.case_id for row in rows if row.next_at and row.next_at < as_of})


def run(size: bureau.Size, seed: int) -> Section:
    """Make the workspace, find what is due both ways, then run the scan once."""
    with tempfile.TemporaryDirectory(prefix="effmon-bench-") as name:
        say(f"night: {size.cases:,} open cases are made")
        folder = Path(name)
        context = bureau.make(folder, size, seed)
        try:
            return _measured(context, folder, size)
        finally:
            context.store.close()


def _measured(context: Context, folder: Path, size: bureau.Size) -> Section:
    clocks = _count_open(context)
    megabytes = sum(path.stat().st_size for path in folder.glob("effmon.db*")) / 1e6
    due = load_all(context, bureau.TONIGHT)
    found = list(scan._ids(context, bureau.TONIGHT, ()))
    if due != found or len(due) != size.due:
        raise AssertionError(f"{len(found)} cases found, {len(due)} are due, {size.due} were made")
    say(f"night: {size.due:,} due among {clocks:,} open clocks are looked for")
    taken = alternate(
        {
            "orm": lambda: load_all(context, bureau.TONIGHT),
            "find": lambda: scan.count_to_judge(context, bureau.TONIGHT),
        },
        rounds=ROUNDS,
        warm=False,
    )
    say("night: the scan")
    phases = Phases()
    with phases.watching(PLACES):
        reports: list[scan.ScanReport] = []
        night = seconds(lambda: reports.append(_scan(context)))
    _check(context, reports[0], size)
    section = Section(
        f"A night: {size.due:,} due among {clocks:,} open clocks",
        "The base is what a plain system does: `session.exec(select(ClockRow)…).all()` through "
        "the ORM and a comparison in Python, without writing anything. The scan is "
        "`scan` as `effmon scan` runs it: it finds what is due, judges it again from "
        "its events, and writes cards, notices, accountability and ledger entries.",
    )
    section.figures = [
        Figure(what="base: load every open clock by ORM, test each", taken=taken["orm"]),
        Figure(
            what="find what is due (the scan's own query)",
            taken=taken["find"],
            base=taken["orm"],
            least=LEAST,
        ),
        Figure(
            what="whole scan: find, judge, write everything",
            taken=Taken(night, night),
            base=taken["orm"],
        ),
        *_phase_figures(phases, night),
    ]
    issued = ", ".join(f"{reports[0].issued[level]:,} {level.word}" for level in Level)
    section.remarks = [
        f"Database {megabytes:,.0f} MB in a temporary folder; cards issued: {issued}.",
        f"The scan took {duration(night / size.due)} a due case. It ran once: it changes the data.",
        f"Load and finding are medians of {ROUNDS} alternated rounds.",
        "The aim is the finding's, which costs what is due, as the base costs what is open.",
        "The whole scan does what the base leaves out; it too costs what is due, not what is open.",
    ]
    return section


def _scan(context: Context) -> scan.ScanReport:
    return scan.scan(context, as_of=bureau.TONIGHT, run_id="R-BENCH")


def _phase_figures(phases: Phases, night: float) -> list[Figure]:
    spent = phases.seconds | {_REST: night - sum(phases.seconds.values())}
    order = dict.fromkeys(phase for _, _, phase in PLACES) | {_REST: None}
    return [
        Figure(what=f"– {phase}", note=f"{spent.get(phase, 0) / night:.1%} of the scan")
        for phase in order
    ]


def _count_open(context: Context) -> int:
    with context.store.reading() as connection:
        counted = connection.exec_driver_sql("SELECT count(*) FROM clock WHERE state <> 'stopped'")
        return int(counted.scalar_one())


def _check(context: Context, report: scan.ScanReport, size: bureau.Size) -> None:
    """The scan did its work: everything judged, a card for each, nothing due any more."""
    left = scan.count_to_judge(context, bureau.TONIGHT)
    issued = sum(report.issued.values())
    if report.evaluated != size.due or issued < size.due or left or report.problems:
        raise AssertionError(
            f"{report.evaluated} judged, {issued} cards, {left} left, {len(report.problems)} faults"
        )
