"""Import: files through a mapping into the store; what cannot be taken goes to quarantine."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from ..core import intake
from ..core.instants import rfc3339
from ..core.intake import Counts, KnownCase, RowResult
from ..core.ledger import EntryType
from ..core.statements import RowFacts, RowVersion, digest
from ..sources import mapping_files
from ..sources.cells import Context as SourceContext
from ..sources.facts import Plans, case_calendars, layout_of, read_facts
from ..sources.file_bytes import BytesRead
from ..sources.mapping import SourceMapping
from ..sources.rows import Quarantined, Refusal
from ..sources.tabular import read_rows
from ..sources.text_lines import ENCODINGS
from ..store import cases, items, ledger, received
from ..store.tables import ImportRow
from . import quarantine
from .context import Context, compact_json

IMPORT = ImportRow.__table__  # type: ignore[attr-defined]
#: Rows decided together, one transaction each.
BATCH = 1000
#: How often an import reads a file.
_PASSES = 3

Progress = Callable[[int], None]
#: Is told the case numbers of a batch's rows that were imported or unchanged.
Touched = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class ImportReport:
    """Totals of an import: read = imported + unchanged + quarantined, per file and in all."""

    import_id: str
    files: dict[str, Counts] = field(default_factory=dict)
    #: What was quarantined, with place and reason in words.
    refused: list[Quarantined] = field(default_factory=list)
    wrote: bool = True

    @property
    def total(self) -> Counts:
        """All files together."""
        return sum(self.files.values(), Counts())

    def as_json(self) -> dict[str, object]:
        """The JSON others rely on (DESIGN 6)."""
        return {
            "import_id": self.import_id,
            **_counts(self.total),
            "files": [{"file": name, **_counts(counts)} for name, counts in self.files.items()],
            "wrote": self.wrote,
        }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "read": counts.read,
        "imported": counts.imported,
        "unchanged": counts.unchanged,
        "quarantined": counts.quarantined,
    }


def find_mapping(context: Context, name: str) -> SourceMapping:
    """A mapping by its name in the catalogue or by the path of its file."""
    return mapping_files.find_mapping(name, context.catalogue.folder / "mappings")


def source_context(
    context: Context,
    mapping: SourceMapping,
    paths: Sequence[Path],
    encodings: Sequence[str] = ENCODINGS,
    bytes_read: BytesRead | None = None,
) -> SourceContext:
    """Zones, words and calendars that the rows of these files need."""
    default = mapping.calendar or context.settings.workspace.calendar
    calendars: dict[str, str] = {}
    for path in paths:
        rows = read_rows(
            path,
            layout=layout_of(mapping, path.name),
            name=path.name,
            encodings=encodings,
            bytes_read=bytes_read,
        )
        calendars.update(case_calendars(mapping, rows))
    with context.store.reading() as connection:
        calendars = cases.own_calendars(connection, default) | calendars
    known = context.catalogue.calendars
    zones = {name: calendar.zone for name, calendar in known.items()}
    return SourceContext(
        vocabulary=context.catalogue.vocabulary,
        zone_of=zones.get,
        calendar_of=calendars.get,
        default_calendar=default,
    )


def bytes_to_read(paths: Sequence[Path]) -> int:
    """How many bytes an import of these files will tell of: every pass reads each once."""
    return _PASSES * sum(path.stat().st_size for path in set(paths) if path.is_file())


def import_files(
    context: Context,
    paths: Sequence[Path],
    mapping_name: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    source: str | None = None,
    touched: Touched | None = None,
    encoding: str | None = None,
    bytes_read: BytesRead | None = None,
) -> ImportReport:
    """Import files together. Idempotent: the same files twice change nothing.

    `source` is what new cases say they come from (default: the mapping's id), `encoding` that of
    every text (default: as the mapping says). `progress` is told of rows that are done,
    `bytes_read` of what has been read of `bytes_to_read`. Two passes: the first finds rows that
    contradict each other, the second decides and writes in batches; a crash in between leaves
    whole batches, and the same import again does the rest.
    """
    mapping = find_mapping(context, mapping_name)
    encodings = mapping.encodings if encoding is None else (encoding,)
    paths = list(dict.fromkeys(paths))
    sourced = source_context(context, mapping, paths, encodings, bytes_read)
    now = context.now()
    import_id = "I-" + digest([str(path) for path in paths], now, mapping.id)[:16].upper()
    names = file_names(paths)
    report = ImportReport(import_id, {name: Counts() for name in names}, wrote=not dry_run)

    def facts_of(path: Path, name: str) -> Iterator[RowFacts | Quarantined]:
        return read_facts(
            path, mapping, sourced, name=name, encodings=encodings, bytes_read=bytes_read
        )

    facts = chain.from_iterable(map(facts_of, paths, names))
    disputed = intake.find_conflicts(row for row in facts if isinstance(row, RowFacts))
    path = Path(mapping_name)
    found_again = str(path.resolve()) if path.is_file() else mapping_name
    writer = _ImportWriter(context, mapping, report, now, found_again, source, touched)
    if not dry_run:
        _begin(context, report, mapping.id, now)
    for path, name in zip(paths, names, strict=True):
        for part in _batches(facts_of(path, name)):
            writer.take(name, part, disputed)
            if progress is not None:
                progress(len(part))
    if not dry_run:
        _end(context, report, mapping.id, now)
    return report


def file_names(paths: Sequence[Path]) -> list[str]:
    """What the files are called in reports: their names, or their paths where names repeat."""
    names = [path.name for path in paths]
    return [
        name if names.count(name) == 1 else str(path)
        for path, name in zip(paths, names, strict=True)
    ]


def _batches(items: Iterable[RowFacts | Quarantined]) -> Iterator[list[RowFacts | Quarantined]]:
    part: list[RowFacts | Quarantined] = []
    for item in items:
        part.append(item)
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part


def _begin(context: Context, report: ImportReport, mapping: str, now: int) -> None:
    """Record that an import has begun; its id is its own even if two begin in one second."""
    with context.store.writing() as connection:
        before = connection.execute(select(func.count()).select_from(IMPORT)).scalar_one()
        report.import_id = "I-" + digest(report.import_id, before)[:16].upper()
        connection.execute(
            insert(IMPORT).values(
                id=report.import_id, mapping=mapping, received_at=now, totals="{}"
            )
        )


def _end(context: Context, report: ImportReport, mapping: str, now: int) -> None:
    """Record the totals, in the table and in the ledger."""
    total = _counts(report.total)
    with context.store.writing() as connection:
        connection.execute(
            update(IMPORT)
            .where(IMPORT.c.id == report.import_id)
            .values(totals=compact_json(total), finished_at=context.now())
        )
        ledger.append(
            connection,
            [
                ledger.NewEntry(
                    type=EntryType.IMPORT_DONE,
                    fact=f"import.done/{report.import_id}",
                    at=rfc3339(context.now(), context.zone),
                    content={
                        "import": report.import_id,
                        "mapping": mapping,
                        "received_at": rfc3339(now, context.zone),
                        "actor": {"os_user": context.os_user, "claimed": context.person},
                        **total,
                    },
                )
            ],
        )


class _ImportWriter:
    """Decides and writes batches of one import."""

    def __init__(
        self,
        context: Context,
        mapping: SourceMapping,
        report: ImportReport,
        now: int,
        name: str,
        source: str | None = None,
        touched: Touched | None = None,
    ) -> None:
        self.context = context
        self.mapping = mapping
        #: How `find_mapping` finds it again: its name, or the path of its file.
        self.name = name
        self.report = report
        self.now = now
        self.source = source or mapping.id
        self.touched = touched
        #: Cases as earlier batches would have left them, where nothing is written.
        self.dry: dict[str, KnownCase] = {}
        self.dry_rows: dict[str, RowVersion] = {}
        self.dry_items: dict[tuple[str, str], str] = {}

    def take(self, file: str, part: list[RowFacts | Quarantined], disputed: frozenset[int]) -> None:
        """One batch: decide and, unless it is a dry run, write."""
        rows = [row for row in part if isinstance(row, RowFacts)]
        refused = [row for row in part if isinstance(row, Quarantined)]
        if not self.report.wrote:
            with self.context.store.reading() as connection:
                decisions = self._decide(connection, file, rows, refused, disputed)
            self._tell(decisions)
            return
        with self.context.store.writing() as connection:
            decisions = self._decide(connection, file, rows, refused, disputed)
            received.append_rows(
                connection,
                decisions,
                import_id=self.report.import_id,
                received_at=self.now,
                source=self.source,
                default_calendar=self.mapping.calendar or self.context.settings.workspace.calendar,
            )
            quarantine.keep(connection, refused, self.report.import_id, self.name, self.now)
        self._tell(decisions)

    def _tell(self, decisions: list[intake.RowDecision]) -> None:
        if self.touched is not None:
            standing = [one for one in decisions if one.result is not RowResult.QUARANTINED]
            self.touched([one.row.case_no for one in standing if one.row.case_no])

    def _decide(
        self,
        connection: Connection,
        file: str,
        rows: list[RowFacts],
        refused: list[Quarantined],
        disputed: frozenset[int],
    ) -> list[intake.RowDecision]:
        case_nos = [row.case_no for row in rows if row.case_no]
        known = received.known_cases(connection, case_nos) | self.dry
        row_keys = [row.row_key for row in rows if row.row_key]
        remembered = received.remembered_rows(connection, row_keys) | self.dry_rows
        stated = [row.item for row in rows if row.item is not None]
        places = [(item.item_code, item.item_version) for item in stated]
        known_items = items.known_items(connection, places) | self.dry_items
        decisions = list(intake.decide(rows, known, disputed, remembered, known_items))
        if not self.report.wrote:
            for decision in decisions:
                case_no = decision.row.case_no
                self.dry[case_no] = _after(known.get(case_no, KnownCase()), decision)
                known[case_no] = self.dry[case_no]
                if decision.remember is not None:
                    self.dry_rows[decision.row.row_key] = decision.remember
                if decision.item is not None:
                    item = decision.item
                    self.dry_items[item.item_code, item.item_version] = item.key
        for decision in decisions:
            if decision.result is RowResult.QUARANTINED:
                refused.append(_conflict(decision))
        counts = self.report.files[file]
        for decision in decisions:
            if decision.result is not RowResult.QUARANTINED:
                counts = counts.plus(decision.result)
        for _ in refused:
            counts = counts.plus(RowResult.QUARANTINED)
        self.report.files[file] = counts
        self.report.refused.extend(refused)
        return decisions


def _after(known: KnownCase, decision: intake.RowDecision) -> KnownCase:
    """A case as a decision leaves it."""
    gone = {withdrawal.key for withdrawal in decision.withdrawals}
    live = {identity: key for identity, key in known.live.items() if key not in gone}
    live |= {event.identity: event.key for event in decision.events}
    return KnownCase(known.fields if decision.fields is None else decision.fields, live)


def _conflict(decision: intake.RowDecision) -> Quarantined:
    row = decision.row
    return Quarantined(
        file=row.file,
        sheet=row.sheet,
        number=row.number,
        refusal=Refusal.BAD_VERSION if decision.against else Refusal.CONFLICT,
        value=f"{row.version} ≠ {decision.against}" if decision.against else decision.dispute,
        cells=row.cells,
    )


def retry(context: Context) -> ImportReport:
    """Try the open quarantined rows again, by their mapping as it is now.

    What passes is imported and leaves the quarantine; the rest stays with its reason.
    """
    with context.store.reading() as connection:
        waiting = quarantine.listed(connection)
    now = context.now()
    report = ImportReport("I-" + digest("retry", now)[:16].upper())
    mappings = {name: find_mapping(context, name) for name in sorted({w.mapping for w in waiting})}
    if not waiting:
        return report
    _begin(context, report, "+".join(mappings), now)
    for name, mapping in mappings.items():
        sourced = source_context(context, mapping, [])
        writer = _ImportWriter(context, mapping, report, now, name)
        chosen = [row for row in waiting if row.mapping == name]
        _retry_mapping(context, mapping, sourced, writer, chosen)
    _end(context, report, "+".join(mappings), now)
    return report


def _retry_mapping(
    context: Context,
    mapping: SourceMapping,
    sourced: SourceContext,
    writer: _ImportWriter,
    waiting: Sequence[Any],
) -> None:
    facts: list[RowFacts | Quarantined] = []
    plans = Plans(mapping)
    for entry in waiting:
        bad = Quarantined(
            file=entry.file,
            sheet=entry.sheet,
            number=entry.row,
            refusal=Refusal(entry.code),
            column=entry.column or "",
            value=entry.message,
            cells=json.loads(entry.content),
        )
        facts.append(plans.read(bad.row, sourced) if bad.retryable else bad)
    disputed = intake.find_conflicts(row for row in facts if isinstance(row, RowFacts))
    for entry, fact in zip(waiting, facts, strict=True):
        writer.report.files.setdefault(entry.file, Counts())
        before = writer.report.files[entry.file].quarantined
        writer.take(entry.file, [fact], disputed)
        passed = writer.report.files[entry.file].quarantined == before
        # Refused for another reason now: the newer entry says it, the older one is done with.
        if passed or quarantine.row_key(writer.report.refused[-1]) != entry.row_key:
            with context.store.writing() as connection:
                quarantine.leave(connection, entry.id)
