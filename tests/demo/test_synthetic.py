"""The synthetic cases: made again byte for byte, invented throughout, judged as their page says."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from demo.layout import LATE, MARK
from demo.make_synthetic import FOLDER, make
from demo.situations import AS_OF
from efficiency_monitor.catalogue.catalogue_files import (
    catalogue_folder,
    read_calendars,
    read_rules,
    read_vocabulary,
)
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.evaluation import CompiledCalendar, evaluate
from efficiency_monitor.engine.findings import CaseFindings
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.intake.formats.rows import Quarantined
from efficiency_monitor.intake.mapping.cells import Context
from efficiency_monitor.intake.mapping.facts import read_facts
from efficiency_monitor.intake.mapping.mapping import load_mapping
from efficiency_monitor.intake.model.decide import EventFacts, RowFacts, find_conflicts
from efficiency_monitor.people.model.people import Role, parse_people
from efficiency_monitor.terms import Level
from efficiency_monitor.time.instants import parse_as_of

ZONE = "Asia/Shanghai"
CATALOGUE = catalogue_folder(Path(__file__).resolve().parents[2] / "rules")
FILES = sorted(path for path in FOLDER.glob("*.csv"))
FIRST = [path for path in FILES if path.name != LATE]
PAGE_ROW = re.compile(
    r"\| (?P<zh>.+?) \| (?P<en>.+?) \| (?P<first>SYN-2026-\d{4})(?: … (?P<last>\d{4}))? "
    r"\| (?P<cards>.+) \|"
)
#: Level words of a rule, in the order of a first scan.
Cards = dict[str, list[str]]


class Shown:
    """One row of the page: the cases, and what is said of them."""

    def __init__(self, row: re.Match[str]) -> None:
        first = int(row["first"][-4:])
        self.numbers = [f"SYN-2026-{n:04}" for n in range(first, int(row["last"] or first) + 1)]
        before, _, after = row["cards"].partition(" → ")
        self.before, self.after = before, after or before

    @property
    def quarantined(self) -> bool:
        """Whether a row of the case is not taken."""
        return "quarantined" in self.before


def page() -> list[Shown]:
    """The rows of the page's table."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return [Shown(found) for line in text.splitlines() if (found := PAGE_ROW.fullmatch(line))]


def test_the_files_are_made_again_byte_for_byte() -> None:
    made = {name: text.encode() for name, text in make().items()}
    assert made == {path.name: path.read_bytes() for path in FOLDER.iterdir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_and_row_says_that_it_is_synthetic(path: Path) -> None:
    assert path.name.startswith("synthetic_")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["数据性质"] for row in rows} == {MARK}
    assert [row for row in rows if not row["办件编号"].startswith("SYN-")] == []


@cache
def facts(paths: tuple[Path, ...]) -> tuple[list[RowFacts], list[Quarantined]]:
    """What the files say by the mapping, and what is not taken."""
    calendars = read_calendars(CATALOGUE)
    mapping = load_mapping(
        (CATALOGUE / "mappings" / "gbt39046.yaml").read_text(encoding="utf-8"), "gbt39046.yaml"
    )
    context = Context(
        vocabulary=read_vocabulary(CATALOGUE),
        zone_of=lambda name: calendars[name].zone,
        calendar_of=lambda _: None,
        default_calendar="cn",
    )
    rows = [row for path in paths for row in read_facts(path, mapping, context, name=path.name)]
    taken = [row for row in rows if isinstance(row, RowFacts)]
    return taken, [row for row in rows if isinstance(row, Quarantined)]


def records(rows: Iterable[RowFacts]) -> Iterator[CaseRecord]:
    """The cases that the rows tell of."""
    fields: dict[str, dict[str, str]] = defaultdict(dict)
    events: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        fields[row.case_no] |= row.case.fields if row.case is not None else {}
        events[row.case_no] += [_event(one) for one in row.events]
    for number in sorted(fields):
        yield CaseRecord(
            case_no=number, calendar="cn", fields=fields[number], events=tuple(events[number])
        )


def _event(given: EventFacts) -> Event:
    shared = [name for name in Event.__slots__ if name != "received_at"]
    return Event(**{name: getattr(given, name) for name in shared})


def judged(paths: list[Path]) -> dict[str, CaseFindings]:
    """Findings by case number, as of the page's instant, by the hunan pack."""
    rules = [BoundRule(one.rule, one.pack, one.digest) for one in read_rules(CATALOGUE, ["hunan"])]
    calendars = {name: CompiledCalendar.of(one) for name, one in read_calendars(CATALOGUE).items()}
    found = evaluate(
        list(records(facts(tuple(paths))[0])),
        rules,
        read_vocabulary(CATALOGUE),
        calendars,
        parse_as_of(AS_OF, ZONE),
    )
    return {one.case_no: one for one in found}


def said(findings: CaseFindings) -> str:
    """Findings in the words of the page."""
    cards: Cards = defaultdict(list)
    for episode in findings.episodes:
        for level in sorted(episode.levels, key=lambda one: one.level):
            # A case found closed late gets no warning (docs/contract.md 3).
            if level.reached and (episode.stop is None or level.level is not Level.WARNING):
                cards[episode.bound.rule.id].append(level.level.word)
    parts = [" ".join([rule, *levels]) for rule, levels in sorted(cards.items())]
    reasons = sorted({str(trouble.reason) for trouble in findings.troubles})
    parts += [f"not judgeable: {reason}" for reason in reasons]
    return "; ".join(parts) or "none"


def test_the_page_tells_of_every_case_once() -> None:
    told = [number for shown in page() for number in shown.numbers]
    assert sorted(told) == [f"SYN-2026-{n:04}" for n in range(1, len(told) + 1)]
    assert len(told) >= 60


def test_a_first_scan_gives_what_the_page_says() -> None:
    found = judged(FIRST)
    promised = {
        number: shown.before.removesuffix("; quarantined")
        for shown in page()
        for number in shown.numbers
        if shown.before != "quarantined"
    }
    assert {number: said(findings) for number, findings in found.items()} == promised


def test_the_late_evidence_changes_what_the_page_says_it_changes() -> None:
    before, after = judged(FIRST), judged(FILES)
    changed = {n: said(after[n]) for n in before if said(after[n]) != said(before[n])}
    promised = {n: s.after for s in page() for n in s.numbers if s.after != s.before}
    assert len(promised) == 2
    assert changed == promised


def test_late_evidence_tells_of_times_before_the_first_scan() -> None:
    late, _ = facts((FOLDER / LATE,))
    assert max(event.occurred_at for row in late for event in row.events) < parse_as_of(AS_OF, ZONE)


def test_the_rows_that_the_page_names_are_quarantined_and_no_others() -> None:
    _, refused = facts(tuple(FILES))
    named = [number for shown in page() if shown.quarantined for number in shown.numbers]
    assert sorted(row.cells["办件编号"] for row in refused) == named
    assert {str(row.refusal) for row in refused} == {"unknown_code", "no_such_time"}


def test_no_two_rows_contradict_each_other() -> None:
    taken, _ = facts(tuple(FILES))
    assert find_conflicts(taken) == frozenset()


def test_the_people_are_complete() -> None:
    """Everybody who handles a case is there, and every role and department has somebody."""
    with (FOLDER.parent / "people.csv").open(encoding="utf-8", newline="") as file:
        people, problems = parse_people(list(csv.DictReader(file)), where="people.csv")
    assert problems == ()
    assert {person.role for person in people} == set(Role)
    taken, _ = facts(tuple(FILES))
    actors = {event.actor for row in taken for event in row.events if event.actor}
    assert actors <= {person.name for person in people}
    departments = {
        row.case.fields["department"]
        for row in taken
        if row.case and "department" in row.case.fields
    }
    for role in (Role.HANDLER, Role.HEAD):
        assert {person.department for person in people if person.role is role} == departments
