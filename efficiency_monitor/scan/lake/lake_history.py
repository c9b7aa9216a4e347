"""A lake read back: its cases as values, as the database would give them, but for what is personal.

Rules of conduct that ask for what a lake leaves behind cannot be judged over it: they are left out
and said to be, never silent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...documents.masking import names_persons
from ...engine.encoding import BoundRule
from ...engine.timeline import CaseRecord, Event, FieldsVersion
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...intake.formats.parsing import parsing, unreadable
from ...rules.vocabulary import Vocabulary
from ...terms import Precision
from ...time.instants import rfc3339
from .lake_format import (
    ATTRIBUTE,
    CASE_TEXTS,
    MANIFEST,
    Manifest,
    Part,
    file_of,
    need_parquet,
    read_manifest,
)

#: Cases that become values together.
_BATCH: Final = 500
#: Measures that compare persons or texts that people wrote.
_OF_PERSONS: Final = frozenset({"same_person", "repeated_text"})
_LEFT_BEHIND: Final = frozenset({"actor", "reason"})
_CASE: Final = (
    "case_no",
    "source",
    "calendar",
    "torn",
    "rowless",
    "events",
    "versions",
    "first_told",
)
#: Where a case says how many events it has.
_EVENTS: Final = _CASE.index("events")
_EVENT: Final = (
    "case", "key", "type", "kind", "occurred_at", "dated", "recorded_at", "entered_at",
    "received_at", "stage", "department", "amount", "due_at", "due_dated", "source_key",
    "attributes",
)  # fmt: skip


class Lake:
    """A lake that was opened: its manifest, and which cases of which parts count."""

    def __init__(self, folder: Path, vocabulary: Vocabulary, vocabulary_digest: str) -> None:
        need_parquet()
        manifest = read_manifest(folder)
        if manifest is None:
            raise ConfigurationError(
                t("there is no {manifest} in {folder}", manifest=MANIFEST, folder=folder),
                t("first: effmon export lake --out DIR"),
            )
        self.folder = folder
        self.manifest: Manifest = manifest
        self.vocabulary = vocabulary
        #: Whether events stand in the order that these words give them.
        self.ordered = manifest.vocabulary == vocabulary_digest
        self._standing = _standing(folder, manifest)

    def count(self) -> int:
        """How many cases there are."""
        return sum(
            part.cases if mask is None else sum(mask)
            for part in self.manifest.parts
            for mask in (self.standing(part),)
        )

    def standing(self, part: Part) -> Sequence[bool] | None:
        """Of each case of a part whether it counts; None where all do."""
        return self._standing.get(part.number)

    def stale(self, as_of: int) -> frozenset[str]:
        """Sources that are stale as of an instant (`intake.feeds.stale_sources`)."""
        return frozenset(
            name
            for name, state in self.manifest.sources.items()
            if state.half
            or state.data_as_of is None
            or (
                state.data_as_of < as_of
                and (state.fresh_until is None or as_of > state.fresh_until)
            )
        )

    def table(self, name: str, part: Part, columns: Sequence[str]) -> Any:
        """Columns of a part's table, one chunk each."""
        import pyarrow.parquet as pq

        path = file_of(self.folder, name, part)
        with parsing(str(path), "Parquet"), pq.ParquetFile(path) as file:
            found = file.read(columns=list(columns))
            if found.num_rows != (part.cases if name == "cases" else part.events):
                raise ValueError(t("{num_rows} rows", num_rows=found.num_rows))
            return found.select(list(columns)).combine_chunks()

    def batches(self, as_of: int) -> Iterator[Sequence[CaseRecord]]:
        """The cases that count, part by part."""
        stale = self.stale(as_of)
        for part in self.manifest.parts:
            yield from self.records(part, stale)

    def records(
        self, part: Part, stale: frozenset[str], chosen: Sequence[bool] | None = None
    ) -> Iterator[Sequence[CaseRecord]]:
        """Cases of a part as values, some hundred at a time; `chosen` of those that count."""
        attributes = [ATTRIBUTE + name for name in part.attributes]
        own = (*_CASE, *CASE_TEXTS, *attributes)
        cases = self.table("cases", part, own)
        events = self.table("events", part, _EVENT)
        mask = self.standing(part)
        if chosen is not None:
            mask = chosen if mask is None else [a and b for a, b in zip(mask, chosen, strict=True)]
        if mask is not None:
            sizes = cases.column("events").to_pylist()
            cases, events = _filtered(cases, mask), _filtered(events, _each(mask, sizes))
        names = [name.removeprefix(ATTRIBUTE) for name in own[len(_CASE) :]]
        first = 0
        for lo in range(0, cases.num_rows, _BATCH):
            rows = list(_rows(cases, lo, min(cases.num_rows, lo + _BATCH)))
            size = sum(row[_EVENTS] for row in rows)
            told = iter([_event(row) for row in _rows(events, first, first + size)])
            first += size
            yield [
                self._record(row, names, tuple([next(told) for _ in range(row[_EVENTS])]), stale)
                for row in rows
            ]

    def _record(
        self,
        row: tuple[Any, ...],
        names: Sequence[str],
        events: tuple[Event, ...],
        stale: frozenset[str],
    ) -> CaseRecord:
        case_no, source, calendar, torn, rowless, _, versions, first_told, *texts = row
        own = zip(names, texts, strict=True)
        return CaseRecord(
            case_no=case_no,
            calendar=calendar,
            fields={name: text for name, text in own if text is not None},
            events=events,
            stale=source in stale,
            torn=bool(torn),
            rowless=bool(rowless),
            versions=tuple(
                FieldsVersion(received_at=at, calendar=its, fields=fields)
                for at, its, fields in json.loads(versions or "[]")
            ),
            first_told=json.loads(first_told or "{}"),
            supervised_from=self.manifest.supervised_from,
        )

    def damaged(self, part: Part) -> ConfigurationError:
        """That a part's files do not belong together."""
        return unreadable(str(file_of(self.folder, "events", part)), "Parquet", "columns differ")

    def check_period(self, until: int) -> None:
        """ConfigurationError where the lake ends before the dates that are asked about do."""
        if until > self.manifest.exported_at:
            at = rfc3339(self.manifest.exported_at, self.manifest.zone)
            raise ConfigurationError(
                t("the lake ends at {at}, before --to does", at=at),
                t("add to it first: effmon export lake"),
            )


def left_out(rules: Sequence[BoundRule]) -> list[tuple[str, str]]:
    """The rules that ask for what a lake leaves behind, each with what that is; and tallies."""
    found = []
    for bound in rules:
        if bound.rule.form == "tally":
            why = t("tallies are judged over a database, not over a lake")
            found.append((bound.rule.id, why))
        condition = bound.rule.condition
        if condition is None:
            continue
        asked = {name for name in (condition.field, *(condition.case_fields or ())) if name}
        lacking = sorted(name for name in asked if name in _LEFT_BEHIND or names_persons(name))
        if condition.measure in _OF_PERSONS or lacking:
            what = ", ".join(lacking) or condition.measure
            found.append((bound.rule.id, t("a lake has no {what}", what=what)))
    return sorted(set(found))


def _standing(folder: Path, manifest: Manifest) -> dict[int, list[bool]]:
    """Of parts whose cases stand in later parts again, which of them still count."""
    import pyarrow.parquet as pq

    if len({part.run for part in manifest.parts}) < 2:
        return {}
    later: set[int] = set()
    found: dict[int, list[bool]] = {}
    for part in reversed(manifest.parts):
        path = file_of(folder, "cases", part)
        with parsing(str(path), "Parquet"):
            ids = pq.read_table(path, columns=["case"]).column("case").to_pylist()
        mask = [case not in later for case in ids]
        if not all(mask):
            found[part.number] = mask
        later.update(ids)
    return found


def _rows(table: Any, lo: int, hi: int) -> Iterator[tuple[Any, ...]]:
    """Rows [lo, hi) of a table as tuples."""
    part = table.slice(lo, hi - lo)
    return zip(*(column.to_pylist() for column in part.columns), strict=True)


def _filtered(table: Any, mask: Sequence[bool]) -> Any:
    import pyarrow

    return table.filter(pyarrow.array(mask, type=pyarrow.bool_())).combine_chunks()


def _each(mask: Sequence[bool], sizes: Sequence[int]) -> list[bool]:
    """The mask of cases as one of their events."""
    return [one for one, size in zip(mask, sizes, strict=True) for _ in range(size)]


def _event(row: tuple[Any, ...]) -> Event:
    (_, key, kind_of, kind, at, dated, recorded, entered, received, stage, department, amount, due,
     due_dated, source_key, attributes) = row  # fmt: skip
    return Event(
        key=key,
        type=kind_of,
        occurred_at=at,
        precision=Precision.DAY if dated else Precision.SECOND,
        recorded_at=recorded,
        entered_at=entered,
        received_at=received,
        stage=stage,
        department=department,
        kind=kind,
        amount=amount,
        due_at=due,
        due_precision=Precision.DAY if due_dated else Precision.SECOND,
        source_key=source_key,
        attributes=_attributes(attributes),
    )


def _attributes(text: str | None) -> Mapping[str, str]:
    found: Mapping[str, str] = {} if text is None else json.loads(text)
    return found
