"""`effmon export lake`: cases and events as Parquet, so that years can be back-tested elsewhere.

What is personal stays behind: applicants' data (`people.model.personal`), the names of officials,
what people wrote as reasons. A second export into the same folder adds what has changed since.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ...documents.masking import mask_text, names_persons
from ...documents.tabular import put_in_place
from ...engine.encoding import FrameBuilder, Signature
from ...engine.evaluation import CompiledCalendar
from ...engine.timeline import CaseRecord, Event
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...intake import feeds
from ...intake.model.statements import digest
from ...intake.store import cases
from ...intake.store import feeds as feed_store
from ...people.model.personal import to_seal
from ...terms import Precision
from ...time.instants import LAST, rfc3339
from ...workspace.context import Context, compact_json
from ..store import exports
from .lake_format import (
    ATTRIBUTE,
    CASE_COLUMNS,
    CASE_TEXTS,
    EVENT_COLUMNS,
    FORMAT,
    LIMITS,
    TABLES,
    Manifest,
    Part,
    SourceState,
    file_of,
    need_parquet,
    read_manifest,
    schemas,
    write_manifest,
)

Progress = Callable[[int], None]
#: Cases that are read together; cases and events of a part.
_BATCH: Final = 500
_PART_CASES: Final = 100_000
_PART_EVENTS: Final = 800_000
#: Further fields of cases that get a column; the names of others are a source's fault.
_MOST_ATTRIBUTES: Final = 300


@dataclass(slots=True)
class LakeReport:
    """What an export wrote."""

    folder: str
    exported_at: str
    cases: int = 0
    events: int = 0
    withdrawals: int = 0
    unchanged: int = 0
    parts: int = 0

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Gathered:
    """Rows of one calendar that wait to become a part: columns by table and name."""

    compiled: CompiledCalendar
    known: bool
    columns: dict[str, dict[str, list[Any]]] = field(
        default_factory=lambda: {table: {} for table in TABLES}
    )
    cases: int = 0
    events: int = 0
    dated: int = 0
    torn: int = 0
    departments: bool = False
    attributes: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Append a row to a table."""
        columns = self.columns[table]
        for name, value in row.items():
            columns.setdefault(name, []).append(value)


def count_cases(context: Context) -> int:
    """How many cases an export has to look at."""
    with context.store.reading() as connection:
        return len(cases.all_case_ids(connection))


def export_lake(context: Context, out: Path, progress: Progress | None = None) -> LakeReport:
    """Write what is not yet in the lake, and say what was written."""
    context.store.ensure_unmasked()  # a back-test over masks would judge by them
    need_parquet()
    former = read_manifest(out)
    if former is None and out.is_dir() and any(out.iterdir()):
        raise ConfigurationError(
            t("{out} is no lake and not empty", out=out),
            t("name a new folder"),
        )
    now = context.now()
    if former is not None:
        _check_ours(context, out, former)
    for table in TABLES:
        (out / table).mkdir(parents=True, exist_ok=True)
    return _Export(context, out, former, now).run(progress)


def _check_ours(context: Context, out: Path, former: Manifest) -> None:
    mended = t("export into a new folder")
    if former.workspace != context.settings.workspace.name:
        raise ConfigurationError(
            t("{out} is of workspace {workspace}", out=out, workspace=former.workspace),
            mended,
        )
    if former.vocabulary != context.catalogue.vocabulary_digest:
        raise ConfigurationError(t("{out} was ordered by another vocabulary", out=out), mended)


class _Export:
    """One export, part by part."""

    def __init__(self, context: Context, out: Path, former: Manifest | None, now: int) -> None:
        self.context = context
        self.out = out
        self.former = former
        self.now = now
        self.run_number = 1 if former is None else former.runs + 1
        self.parts: list[Part] = []
        self.signatures: dict[Signature, int] = {} if former is None else former.codes()
        self.gathered: dict[str, _Gathered] = {}
        self.report = LakeReport(str(out), rfc3339(now, context.zone))

    def run(self, progress: Progress | None) -> LakeReport:
        known = {} if self.former is None else _known(self.out, self.former)
        with self.context.store.reading() as connection:
            found = exports.revisions(connection)
        for part in cases.chunks(found, _BATCH):
            self._batch(part, known)
            if progress is not None:
                progress(len(part))
        for calendar in list(self.gathered):
            self._flush(calendar)
        write_manifest(self.out, self._manifest())
        return self.report

    def _batch(
        self, part: Sequence[exports.Revision], known: Mapping[int, tuple[int, int, bool]]
    ) -> None:
        changed = {
            row.case_id: row
            for row in part
            if row.case_id not in known
            or known[row.case_id][0] != row.revision
            or known[row.case_id][2]
        }
        self.report.unchanged += len(part) - len(changed)
        if not changed:
            return
        with self.context.store.reading() as connection:
            torn = feeds.torn_cases(self.context, connection, list(changed), None)
            stored = cases.read_cases(connection, list(changed), torn=torn)
            withdrawn: dict[int, list[exports.Withdrawal]] = {}
            for each in exports.withdrawals(connection, list(changed)):
                withdrawn.setdefault(each.case_id, []).append(each)
        for case in stored:
            gone = withdrawn.get(case.case_id, [])
            own = _digest(case, changed[case.case_id].source, gone)
            if case.case_id in known and known[case.case_id][1] == own:
                self.report.unchanged += 1
                continue
            self._case(case, changed[case.case_id], own, gone)

    def _case(
        self,
        case: cases.StoredCase,
        row: exports.Revision,
        own: int,
        gone: Sequence[exports.Withdrawal],
    ) -> None:
        record = case.record
        into = self.gathered.get(record.calendar) or self._begin(record.calendar)
        builder = FrameBuilder(
            self.context.catalogue.vocabulary, into.compiled.table, into.compiled.calendar.zone
        )
        builder.signatures = self.signatures
        builder.add(record, LAST)
        frame = builder.frame()
        texts, more = _case_texts(record.fields)
        kernel = {
            f"k_{name}_{limit}": getattr(frame, name)[place]
            for name in CASE_COLUMNS
            for place, limit in enumerate(LIMITS)
        }
        into.add(
            "cases",
            {
                "case": case.case_id,
                "case_no": record.case_no,
                "revision": row.revision,
                "digest": own,
                "torn": int(record.torn),
                "rowless": int(record.rowless),
                "source": row.source,
                "calendar": record.calendar,
                "events": len(builder.events[0]),
                **_versions(record),
                **texts,
                **kernel,
            },
        )
        for name, value in more.items():
            column = into.attributes.setdefault(name, [])
            column.extend([None] * (into.cases - len(column)))
            column.append(value)
        raw = {event.key: event for event in record.events}
        for place, moved in enumerate(builder.events[0]):
            event = raw[moved.key]
            into.add("events", _event_row(case.case_id, event, frame, place))
            into.dated += event.precision is Precision.DAY
            into.departments = into.departments or event.department is not None
        for each in gone:
            into.add("withdrawals", {"case": each.case_id, **_withdrawal_row(each)})
        into.cases += 1
        into.torn += record.torn
        into.events += len(builder.events[0])
        self.report.cases += 1
        self.report.events += len(builder.events[0])
        self.report.withdrawals += len(gone)
        if into.cases >= _PART_CASES or into.events >= _PART_EVENTS:
            self._flush(record.calendar)

    def _begin(self, calendar: str) -> _Gathered:
        known = calendar in self.context.catalogue.calendars
        # What has no calendar is ordered by the workspace's own; nothing judges it.
        name = calendar if known else self.context.settings.workspace.calendar
        into = _Gathered(self.context.catalogue.compiled(name), known)
        self.gathered[calendar] = into
        return into

    def _flush(self, calendar: str) -> None:
        into = self.gathered.pop(calendar)
        before = 0 if self.former is None else len(self.former.parts)
        part = Part(
            number=before + len(self.parts) + 1,
            run=self.run_number,
            calendar=calendar,
            zone=into.compiled.calendar.zone if into.known else None,
            cases=into.cases,
            events=into.events,
            dated=into.dated,
            torn=into.torn,
            departments=into.departments,
            attributes=tuple(sorted(into.attributes)[:_MOST_ATTRIBUTES]),
        )
        for name in part.attributes:
            column = into.attributes[name]
            column.extend([None] * (into.cases - len(column)))
            into.columns["cases"][ATTRIBUTE + name] = column
        _write(self.out, part, into.columns)
        self.parts.append(part)
        self.report.parts += 1

    def _manifest(self) -> Manifest:
        former = self.former
        return Manifest(
            format=FORMAT,
            workspace=self.context.settings.workspace.name,
            zone=self.context.zone,
            exported_at=self.now,
            runs=self.run_number,
            vocabulary=self.context.catalogue.vocabulary_digest,
            signatures=tuple(self.signatures),
            sources=self._sources(),
            supervised_from=self._supervised_from(),
            parts=(*(former.parts if former else ()), *self.parts),
        )

    def _supervised_from(self) -> int | None:
        with self.context.store.reading() as connection:
            return cases.supervised_from(connection)

    def _sources(self) -> dict[str, SourceState]:
        """The sources with a freshness limit, and how long what was read of them is fresh."""
        found: dict[str, SourceState] = {}
        with self.context.store.reading() as connection:
            pulled = feeds.pulled_sources(self.context)
            newest = feed_store.newest_data(connection, self.now, pulled)
            half = feeds.half_taken(self.context, connection, self.now)
        for name, section in self.context.settings.sources.items():
            data = newest.get(name)
            if section.freshness is None:
                if name in half:
                    found[name] = SourceState(data_as_of=data, fresh_until=None, half=True)
                continue
            until = None if data is None else feeds.fresh_until(self.context, section, data)
            found[name] = SourceState(data_as_of=data, fresh_until=until, half=name in half)
        return found


def _digest(case: cases.StoredCase, source: str, gone: Sequence[exports.Withdrawal]) -> int:
    """63 bits that change with anything of the case that the lake holds."""
    record = case.record
    text = digest(
        record.case_no,
        record.calendar,
        source,
        int(record.torn),
        int(record.rowless),
        dict(record.fields),
        _versions(record),
        [event.key for event in record.events],
        [list(each[1:]) for each in gone],
    )
    return int(text[:16], 16) >> 1


def _known(out: Path, manifest: Manifest) -> dict[int, tuple[int, int, bool]]:
    """Case → (revision, digest, torn) as the lake has it; the newest part says."""
    import pyarrow.parquet as pq

    found: dict[int, tuple[int, int, bool]] = {}
    for part in manifest.parts:
        table = pq.read_table(
            file_of(out, "cases", part), columns=["case", "revision", "digest", "torn"]
        )
        columns = [table.column(name).to_pylist() for name in table.column_names]
        for case, revision, own, torn in zip(*columns, strict=True):
            found[case] = revision, own, bool(torn)
    return found


def _case_texts(fields: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """A case's fields: those with a column of their own, and the further ones; no persons."""
    own = {name: fields.get(name) for name in CASE_TEXTS}
    more = {
        name: mask_text(value)
        for name, value in fields.items()
        if name not in own and name != "calendar" and not _personal(name, value)
    }
    return own, more


def _versions(record: CaseRecord) -> dict[str, str | None]:
    """What was told otherwise of a case's fields, where anything was; no persons."""
    told = []
    for version in record.versions:
        own, more = _case_texts(version.fields)
        fields = {name: value for name, value in {**own, **more}.items() if value is not None}
        told.append([version.received_at, version.calendar, fields])
    return {
        "versions": compact_json(told) if told else None,
        "first_told": compact_json(dict(record.first_told)) if record.first_told else None,
    }


def _personal(name: str, value: str) -> bool:
    return to_seal(name, value) or names_persons(name)


def _event_row(case: int, event: Event, frame: Any, place: int) -> dict[str, Any]:
    attributes = {
        name: mask_text(value)
        for name, value in event.attributes.items()
        if not _personal(name, value)
    }
    return {
        "case": case,
        "key": event.key,
        "type": event.type,
        "kind": event.kind,
        "occurred_at": event.occurred_at,
        "dated": event.precision is Precision.DAY,
        "recorded_at": event.recorded_at,
        "entered_at": event.entered_at,
        "received_at": event.received_at,
        "stage": event.stage,
        "department": event.department,
        "amount": event.amount,
        "due_at": event.due_at,
        "due_dated": event.due_precision is Precision.DAY,
        "source_key": event.source_key,
        "attributes": compact_json(attributes) if attributes else None,
        **{f"k_{name}": getattr(frame, name)[place] for name in EVENT_COLUMNS},
    }


def _withdrawal_row(each: exports.Withdrawal) -> dict[str, Any]:
    return {
        "key": each.key,
        "type": each.type,
        "occurred_at": each.occurred_at,
        "received_at": each.received_at,
        "withdrawn_at": each.withdrawn_at,
    }


def _write(out: Path, part: Part, columns: Mapping[str, Mapping[str, list[Any]]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table, schema in schemas(part.attributes).items():
        arrays = [pa.array(columns[table].get(each.name, []), type=each.type) for each in schema]
        content = pa.Table.from_arrays(arrays, schema=schema)
        # Put in place whole: a part of a broken export is written anew by the next one.
        with put_in_place(file_of(out, table, part), overwrite=True) as file:
            pq.write_table(content, file, compression="zstd", row_group_size=max(1, len(content)))
