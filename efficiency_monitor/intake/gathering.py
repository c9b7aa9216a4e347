"""The first pass of an import: rows become facts, which are kept on disk until all have been seen.

Only then is known which rows contradict each other, and in which zone the times of a case are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ..workspace.context import Context
from .formats.rows import Quarantined, Row
from .mapping.cells import Context as SourceContext
from .mapping.facts import Plans
from .mapping.mapping import SourceMapping
from .model.statements import RowFacts
from .spill import Fact, Spill
from .store import cases
from .store.scratch import Claims, Scratch

#: Rows that are read together by plans of their file, and what belongs to them.
Batch = tuple[Plans, Sequence[Row | Quarantined], Any]


class Gathering:
    """Reads rows by a mapping into a spill, and finds what is disputed among them."""

    def __init__(
        self, context: Context, mapping: SourceMapping, scratch: Scratch, folder: Path
    ) -> None:
        self.spill = Spill(folder)
        self._context = context
        self._scratch = scratch
        self._folder = folder
        self._default = mapping.calendar or context.settings.workspace.calendar
        self._zones = {name: one.zone for name, one in context.catalogue.calendars.items()}
        #: Calendars of the cases of a batch, as far as their rows do not name them.
        self._calendars: Mapping[str, str] = {}
        with context.store.reading() as connection:
            in_use = cases.calendars_in_use(connection)
        # Only the zone matters. Where all cases are in one there is nothing to look up.
        self._look_up = mapping.calendar is None and any(map(self._elsewhere, in_use))
        zones = {self._zones.get(name) for name in (*in_use, self._default)}
        states_cases = any(table.states_case for table in mapping.tables)
        #: Where the zone of a case that has no row yet is open.
        self._several = mapping.calendar is None and states_cases and len(zones) > 1
        self._named = mapping.calendar is None and any(
            "calendar" in table.fields for table in mapping.tables
        )
        self._again = False
        self._sourced = SourceContext(
            vocabulary=context.catalogue.vocabulary,
            zone_of=self._zones.get,
            calendar_of=lambda case_no: self._calendars.get(case_no),
            default_calendar=self._default,
            several_zones=self._several,
        )

    def gather(self, batches: Callable[[], Iterable[Batch]]) -> None:
        """Read everything; a second time if rows name calendars with other zones: events may come
        before the row of their case, and are to be read as it says."""
        while True:
            with closing(Claims(self._folder)) as claims:
                self._read_all(batches(), claims)
                if self._again or not self._scratch.any_calendar:
                    self._scratch.note_disputed(claims.disputed())
                    return
            self.spill.clear()
            self._again = self._look_up = True

    def _read_all(self, batches: Iterable[Batch], claims: Claims) -> None:
        for plans, rows, tag in batches:
            if self._look_up:
                self._calendars = self._calendars_of(plans, rows)
            facts: list[Fact] = []
            for row in rows:
                fact = row if isinstance(row, Quarantined) else plans.read(row, self._sourced)
                facts.append(fact)
                if self._named and not self._again:
                    self._note(plans, row, fact)
                if isinstance(fact, RowFacts):
                    claims.add((thing, assertion) for thing, assertion, _ in fact.claims())
            self.spill.put(facts, tag)

    def _elsewhere(self, calendar: str, other: str | None = None) -> bool:
        """Whether a calendar is in another zone than another one (default: the default one)."""
        return self._zones.get(calendar) != self._zones.get(other or self._default)

    def _calendars_of(self, plans: Plans, rows: Sequence[Row | Quarantined]) -> Mapping[str, str]:
        wanted = [plans.case_no(row) for row in rows if isinstance(row, Row)]
        case_nos = [case_no for case_no in wanted if case_no]
        with self._context.store.reading() as connection:
            found = cases.calendars_of(connection, case_nos)
        return found | self._scratch.calendars(case_nos) if self._again else found

    def _note(self, plans: Plans, row: Row | Quarantined, fact: Fact) -> None:
        """Remember the calendar that a row names if another row would be read otherwise by it."""
        if isinstance(fact, Quarantined):
            named = plans.calendar(row) if isinstance(row, Row) else None
        else:
            stated = fact.case.fields.get("calendar") if fact.case is not None else None
            named = (fact.case_no, stated) if stated is not None else None
        if named is None:
            return
        case_no, calendar = named
        if self._scratch.any_calendar or self._elsewhere(calendar, self._calendars.get(case_no)):
            self._scratch.note_calendar(case_no, calendar)
