"""Batches of an import: decided against what the store knows, and written in one transaction."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection

from ..people.model.id_numbers import masked
from ..people.store.personal import NewValue, Sealing
from ..terms import Precision
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.source_settings import SourceSection
from . import quarantine
from .formats.rows import Quarantined, Refusal
from .held_import import HeldImport
from .import_report import ImportReport
from .mapping.mapping import SourceMapping
from .model import decide as intake
from .model.decide import Counts, RowDecision, RowResult, Voice
from .model.statements import RowFacts
from .spill import Fact
from .store import items, received
from .store.scratch import Scratch
from .store.superseded_statements import drop_superseded_statements

#: What became of a row: refused for a reason, or taken.
Outcome = Quarantined | RowResult
_REHEARSED = bytes(32)


@dataclass(slots=True, kw_only=True)
class ImportWriter:
    """Decides and writes batches of one import."""

    context: Context
    mapping: SourceMapping
    report: ImportReport
    scratch: Scratch
    now: int
    #: How `find_mapping` finds the mapping again: its name, or the path of its file.
    mapping_name: str
    #: Who says the rows; its settings say what it may add to others' cases.
    source: str
    #: Digests what is written; None of a dry run.
    held: HeldImport | None = None

    def take(
        self,
        facts: Sequence[Fact],
        also: Callable[[Connection, Sequence[Outcome]], None] | None = None,
        waited_since: Sequence[int] | None = None,
    ) -> None:
        """One batch: decide and, unless it is a dry run, write.

        `also` is called in the same transaction with what became of each row. Of rows that have
        `waited_since` an instant what others have said since stands.
        """
        rows = [fact for fact in facts if isinstance(fact, RowFacts)]
        # What a dry run seals is compared with what it sealed before, and thrown away.
        sealing = Sealing(self.context.salt if self.report.wrote else lambda: _REHEARSED)
        if self.report.wrote:
            with self.context.store.writing() as connection:
                if self.held is not None:
                    self.held.before(connection)
                rows = sealing.rows(connection, rows)
                if waited_since is not None:
                    rows = drop_superseded_statements(
                        connection,
                        rows,
                        [
                            at
                            for fact, at in zip(facts, waited_since, strict=True)
                            if isinstance(fact, RowFacts)
                        ],
                        self.report.import_id,
                        self.source,
                    )
                decisions = self._decide(connection, rows)
                outcomes = _outcomes(facts, decisions)
                self._write(connection, decisions, outcomes, waited_since, sealing.new)
                if self.held is not None:
                    self.held.after(connection)
                if also is not None:
                    also(connection, outcomes)
        else:
            with self.context.store.reading() as connection:
                decisions = self._decide(connection, sealing.rows(connection, rows))
            outcomes = _outcomes(facts, decisions)
        self._count(facts, outcomes)

    def _decide(self, connection: Connection, rows: Sequence[RowFacts]) -> list[RowDecision]:
        row_keys = [key for row in rows for key in row.kept_under()]
        codes = [row.item.item_code for row in rows if row.item is not None]
        known = received.known_cases(connection, rows, self.source)
        remembered = received.remembered_rows(connection, row_keys)
        known_items = items.known_items(connection, codes)
        if not self.report.wrote:
            known = self.scratch.overlaid(known, rows, self.source)
            remembered |= self.scratch.remembered(row_keys)
            known_items |= self.scratch.items(codes)
        disputed: Set[int] = frozenset()
        if self.scratch.any_disputed:
            things = [thing for row in rows for thing, _, _ in row.claims()]
            disputed = self.scratch.disputed(things)
        voice = voice_of(self.context, self.source)
        decisions = list(intake.decide(rows, known, disputed, remembered, known_items, voice))
        if not self.report.wrote:
            self._pretend(decisions)
        return decisions

    def _pretend(self, decisions: Sequence[RowDecision]) -> None:
        """Remember what a dry run would have written."""
        self.scratch.note_changes(one for one in decisions if one.row.item is None)
        self.scratch.note_remembered({key: kept for one in decisions for key, kept in one.kept()})
        self.scratch.note_items(
            {(one.item.item_code, one.item.item_version): one.item.key
             for one in decisions if one.item is not None}
        )  # fmt: skip

    def _write(
        self,
        connection: Connection,
        decisions: Sequence[RowDecision],
        outcomes: Sequence[Outcome],
        waited_since: Sequence[int] | None,
        personal_values: Mapping[NewValue, tuple[bytes, str]],
    ) -> None:
        calendars = self.context.catalogue.calendars
        told = received.Told(
            import_id=self.report.import_id,
            received_at=self.now,
            source=self.source,
            places={name: place for place, name in enumerate(self.report.files)},
            zone_of=lambda name: calendars[name].zone if name in calendars else None,
            welcomes=lambda source, kind: welcomes(self.context, self.source, source, kind),
        )
        unplaced = received.append_rows(
            connection,
            decisions,
            told,
            default_calendar=self.mapping.calendar or self.context.settings.workspace.calendar,
            personal_values=personal_values,
        )
        received_at = waited_since or [self.now] * len(outcomes)
        refused = [
            (one, at)
            for one, at in zip(outcomes, received_at, strict=True)
            if isinstance(one, Quarantined)
        ]
        quarantine.keep(
            connection,
            [one for one, _ in refused],
            self.report.import_id,
            self.mapping_name,
            self.source,
            [at for _, at in refused],
        )
        for one in unplaced:
            bad = written_out(one, self.source, self.context.settings.sources)
            quarantine.keep(
                connection,
                [bad],
                self.report.import_id,
                "canonical",
                one.source,
                [one.received_at],
            )

    def _count(self, facts: Sequence[Fact], outcomes: Sequence[Outcome]) -> None:
        tally: Counter[tuple[str, RowResult]] = Counter()
        for fact, outcome in zip(facts, outcomes, strict=True):
            if isinstance(outcome, Quarantined):
                self.report.refuse(outcome)
                outcome = RowResult.QUARANTINED
            tally[fact.file, outcome] += 1
        files = self.report.files
        for (file, result), number in tally.items():
            files[file] = files.get(file, Counts()).plus(result, number)


def voice_of(context: Context, source: str) -> Voice:
    """What a source may say, by its settings."""
    section = context.settings.sources.get(source)
    adds = section.adds_to if section is not None else None
    if adds is None:
        return Voice(source)
    return Voice(source, frozenset(adds.sources), frozenset(adds.events))


def welcomes(context: Context, owner: str, source: str, kind: str) -> bool:
    """Whether a source may add events of a type to the cases of another."""
    voice = voice_of(context, source)
    return owner in voice.adds_to and kind in voice.adds


def written_out(
    one: received.Unplaced, owner: str, sections: Mapping[str, SourceSection]
) -> Quarantined:
    """An event that waited and could not be taken, as a row of the canonical mapping."""
    event = one.event
    section = sections.get(one.source)
    prefix = section.prefix if section is not None else ""
    zone = event.wall.split()[0] if event.wall else "UTC"
    walls = event.wall.split()[1:]
    times = {
        name: rfc3339(at, zone)[:19].replace("T", " ") if name in walls else rfc3339(at)
        for name in ("occurred_at", "recorded_at", "due_at")
        if (at := getattr(event, name)) is not None
    }
    if event.precision is Precision.DAY:
        times["occurred_at"] = rfc3339(event.occurred_at, zone)[:10]
    named = ("stage", "actor", "department", "kind", "amount", "reason", "source_key")
    cells = {
        "case_no": event.case_no.removeprefix(prefix),
        "event": event.type,
        **times,
        **{name: text for name in named if (text := getattr(event, name)) is not None},
        **event.attributes,
    }
    return Quarantined(
        file="",
        sheet=None,
        number=0,
        refusal=Refusal.FOREIGN_CASE if one.foreign else Refusal.SKIPPED_TIME,
        column="" if one.foreign else "occurred_at",
        value=owner if one.foreign else times["occurred_at"],
        cells={name: masked(text) for name, text in cells.items()},
    )


def _outcomes(facts: Sequence[Fact], decisions: Sequence[RowDecision]) -> list[Outcome]:
    """What became of each fact, in order."""
    decided = iter(decisions)
    outcomes: list[Outcome] = []
    for fact in facts:
        if isinstance(fact, Quarantined):
            outcomes.append(fact)
            continue
        decision = next(decided)
        refused = decision.result is RowResult.QUARANTINED
        outcomes.append(_conflict(decision) if refused else decision.result)
    return outcomes


def _conflict(decision: RowDecision) -> Quarantined:
    row = decision.row
    refusal, value = Refusal.CONFLICT, decision.dispute
    if decision.owner:
        refusal, value = Refusal.FOREIGN_CASE, decision.owner
    elif decision.against:
        refusal, value = Refusal.BAD_VERSION, f"{row.version} ≠ {decision.against}"
    return Quarantined(
        file=row.file,
        sheet=row.sheet,
        number=row.number,
        refusal=refusal,
        value=value,
        # Such a row waits for a new file: what looks like an ID-card number is not kept.
        cells={name: masked(text) for name, text in row.cells.items()},
    )
