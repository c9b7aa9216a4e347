"""A workspace for one data set, made in a temporary folder: the real import, the real scan.

Its catalogue is the installed one with the packs and calendars of this folder added. Its clock
stands still, so that the same data always give the same page.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from efficiency_monitor import app
from efficiency_monitor.cards.listing import list_cards
from efficiency_monitor.cards.store.cards import CardQuery
from efficiency_monitor.catalogue.catalogue_files import catalogue_folder
from efficiency_monitor.engine.questions import Counting, due
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.ingest import import_files
from efficiency_monitor.intake.model.decide import Counts
from efficiency_monitor.intake.store import cases
from efficiency_monitor.ops import setup
from efficiency_monitor.scan.scan import scan
from efficiency_monitor.terms import Level
from efficiency_monitor.time.amount import Amount
from efficiency_monitor.time.instants import local_date, parse_as_of
from efficiency_monitor.workspace.context import Context
from efficiency_monitor.workspace.settings import DATABASE_VARIABLE, FILE

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the rows of an import; refusals by their code and column."""

    counts: Counts
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def sentence(self) -> str:
        """`5 read = 4 imported + 0 unchanged + 1 quarantined`; they must add up."""
        one = self.counts
        assert one.read == one.imported + one.unchanged + one.quarantined
        return (
            f"{one.read:,} read = {one.imported:,} imported + {one.unchanged:,} unchanged + "
            f"{one.quarantined:,} quarantined"
        )


@dataclass(frozen=True, slots=True)
class Scanned:
    """Cases of a scan by outcome, and the reasons of those that could not be judged."""

    total: int
    judged: int
    not_judgeable: int
    excluded: int
    reasons: Counter[str]


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace whose clock stands at `as_of` (epoch seconds)."""

    context: Context
    as_of: int

    @property
    def zone(self) -> str:
        """The zone in which its dates are meant."""
        return self.context.zone

    def take(self, paths: Sequence[Path], mapping: str, *, encoding: str | None = None) -> Taken:
        """Import files by a mapping of this folder, or of the catalogue."""
        own = HERE / "mappings" / f"{mapping}.yaml"
        name = str(own) if own.is_file() else mapping
        report = import_files(self.context, paths, name, encoding=encoding)
        return Taken(report.total, report.reasons)

    def scan(self) -> Scanned:
        """Judge every case as of the clock, and give the cards."""
        report = scan(self.context, as_of=self.as_of, run_id=app.run_id())
        told = report.summary(self.zone)["cases"]
        assert isinstance(told, dict)
        return Scanned(
            told["total"],
            told["judged"],
            told["not_judgeable"],
            told["excluded"],
            Counter(reason for _, _, reason, _ in report.problems),
        )

    def cases(self) -> list[CaseRecord]:
        """Every case as it was imported, in the order of its number."""
        with self.context.store.reading() as connection:
            stored = cases.read_cases(connection, cases.all_case_ids(connection))
        return sorted((case.record for case in stored), key=lambda record: record.case_no)

    def cards(self, level: Level) -> dict[str, dict[str, Any]]:
        """Cards of a level, superseded by a higher one or not, by case number."""
        found = list_cards(self.context, CardQuery(state="all", level=level))
        return {str(card["case_no"]): card for card in found}

    def due_date(
        self, calendar: str, start: int, limit: str, counting: Counting | None = None
    ) -> str:
        """Local date on which a limit falls due that runs from `start` on a calendar."""
        found = due(
            self.context.catalogue.compiled(calendar).table,
            start,
            Amount.parse(limit),
            counting=counting or Counting(),
            pauses=[],
        )
        assert found is not None
        return self.date(found)

    def date(self, instant: int) -> str:
        """Local date of an instant."""
        return local_date(instant, self.zone)


def event_of(case: CaseRecord, kind: str) -> Event | None:
    """The case's first event of a type."""
    return next((event for event in case.events if event.type == kind), None)


@contextmanager
def opened(*, zone: str, calendar: str, pack: str, as_of: str) -> Iterator[Workspace]:
    """A fresh workspace; `as_of` is a time in the zone, a bare date its last second.

    ConfigurationError where the environment names a database: that one is somebody's own.
    """
    if os.environ.get(DATABASE_VARIABLE):
        raise ConfigurationError(
            f"{DATABASE_VARIABLE} is set: a validation would write into that database",
            f"unset {DATABASE_VARIABLE}",
        )
    instant = parse_as_of(as_of, zone)
    with TemporaryDirectory(prefix="effmon-validation-") as name:
        folder = Path(name) / "workspace"
        setup.write_settings(
            folder, name="validation", zone=zone, language="en", calendar=calendar, packs=(pack,)
        )
        _use_own_catalogue(folder)
        context = app.open_context(folder, create=True, clock=lambda: instant)
        try:
            setup.record_creation(context)
            yield Workspace(context, instant)
        finally:
            context.store.close()


def _use_own_catalogue(folder: Path) -> None:
    """Lay what validation adds over a copy of the catalogue, and name it in the settings."""
    catalogue = folder / "catalogue"
    shutil.copytree(catalogue_folder(), catalogue, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("packs", "calendars"):
        shutil.copytree(HERE / part, catalogue / part, dirs_exist_ok=True)
    settings = folder / FILE
    text = settings.read_text(encoding="utf-8")
    text = text.replace("[workspace]\n", '[workspace]\nrules = "catalogue"\n', 1)
    settings.write_text(text, encoding="utf-8")
