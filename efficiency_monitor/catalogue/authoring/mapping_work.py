"""Trying a mapping on a file: which tables its rows belong to, what each column is used for, what
the first rows become and what would be quarantined. Nothing is written, no workspace is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ...intake.formats.file_bytes import BytesRead
from ...intake.formats.rows import Quarantined, Row, shown
from ...intake.formats.tabular import read_rows
from ...intake.mapping import mapping_files
from ...intake.mapping.cells import Context as SourceContext
from ...intake.mapping.facts import Plans, check_types, layout_of
from ...intake.mapping.mapping import SourceMapping
from ...intake.mapping.table import DUE_FIELDS, Table
from ...intake.model.statements import EventFacts, RowFacts
from ...terms import Precision
from ...time.calendar import Calendar
from ...time.instants import in_zone, rfc3339
from ...workspace.context import Catalogue

#: Stands for the calendar of a workspace that need not be there.
_OWN: Final = ""
#: Reasons that are told apart; the rows of all others are counted together.
_MOST_REASONS: Final = 200

USED, KEPT, IGNORED, UNKNOWN, MISSING = "used", "kept", "ignored", "unknown", "missing"


@dataclass(slots=True)
class ColumnUse:
    """A column of a file, or one that the mapping knows and the file does not have.

    `use` is `used`, `kept` (as an attribute), `ignored`, `unknown` (read by nobody) or `missing`;
    `becomes` names what is made of it: a field, a part of an event, a condition.
    """

    column: str
    use: str
    becomes: tuple[str, ...] = ()


@dataclass(slots=True)
class TableCheck:
    """The rows of a file, or of one of its sheets, that have the same columns."""

    table: str | None
    sheet: str | None
    columns: list[ColumnUse]
    rows: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Reason:
    """Rows that would be quarantined for one reason, with the first of them."""

    code: str
    column: str
    message: str
    sheet: str | None
    first: int
    rows: int = 0


@dataclass(slots=True)
class MappingCheck:
    """What a mapping makes of a file. `rows` are the first ones of each table."""

    mapping: SourceMapping
    file: str
    tables: list[TableCheck] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    read: int = 0
    quarantined: int = 0

    def as_json(self) -> dict[str, object]:
        """As JSON: everything, the totals first."""
        return {
            "mapping": self.mapping.id,
            "extends": self.mapping.extends,
            "file": self.file,
            "read": self.read,
            "taken": self.read - self.quarantined,
            "quarantined": self.quarantined,
            "tables": self.tables,
            "rows": self.rows,
            "reasons": self.reasons,
        }


def check_mapping(
    catalogue: Catalogue,
    name: str,
    path: Path,
    *,
    zone: str,
    most: int = 10,
    encoding: str | None = None,
    bytes_read: BytesRead | None = None,
) -> MappingCheck:
    """Read a whole file by a mapping and say what becomes of it.

    `zone` is that of times without offset in cases whose calendar is not known; of each table the
    first `most` rows are told in full; `bytes_read` is told how far the reading is. Faults of the
    mapping, and of a file that no table fits, are raised as an import would raise them. Rows that
    contradict each other are found by an import alone.
    """
    mapping = mapping_files.find_mapping(name, catalogue.folder / "mappings")
    check_types(mapping, catalogue.vocabulary)
    check = MappingCheck(mapping, path.name)
    trial = _Trial(check, source_context(catalogue, mapping, zone), most)
    rows = read_rows(
        path,
        layout=layout_of(mapping, path.name),
        name=path.name,
        encodings=(encoding,) if encoding is not None else mapping.encodings,
        bytes_read=bytes_read,
    )
    for row in rows:
        trial.take(row)
    trial.close()
    return check


def source_context(catalogue: Catalogue, mapping: SourceMapping, zone: str) -> SourceContext:
    """What reading needs where there is no workspace."""
    calendars = catalogue.calendars
    default = mapping.calendar or _OWN
    return SourceContext(
        vocabulary=catalogue.vocabulary,
        zone_of=lambda name: zone if name == _OWN else _zone(calendars.get(name)),
        calendar_of=lambda _: None,
        default_calendar=default,
    )


def _zone(calendar: Calendar | None) -> str | None:
    return calendar.zone if calendar is not None else None


class _Trial:
    """Takes rows one after the other and fills a `MappingCheck`."""

    def __init__(self, check: MappingCheck, context: SourceContext, most: int) -> None:
        self._check = check
        self._context = context
        self._most = most
        self._plans = Plans(check.mapping)
        self._tables: dict[tuple[str | None, tuple[str, ...]], TableCheck] = {}
        self._reasons: dict[tuple[str | None, str, str, str], Reason] = {}

    def take(self, row: Row | Quarantined) -> None:
        """One row of the file."""
        self._check.read += 1
        if isinstance(row, Quarantined):
            self._refuse(row, None)
            return
        table = self._table(row)
        table.rows += 1
        fact = self._plans.read(row, self._context)
        if isinstance(fact, Quarantined):
            table.quarantined += 1
            self._refuse(fact, table)
        elif table.rows <= self._most:
            self._check.rows.extend(became(fact, table.table, self._zone(fact)))

    def close(self) -> None:
        """After the last row; raises if not one row fitted a table."""
        self._plans.close()

    def _zone(self, fact: RowFacts) -> str:
        stated = fact.case.fields.get("calendar") if fact.case is not None else None
        default = self._context.default_calendar
        return self._context.zone_of(stated or default) or self._context.zone_of(default) or "UTC"

    def _subject(self, row: Quarantined, name: str | None) -> str | None:
        """Number of the case, or code of the item, that a refused row speaks of, if it says it."""
        table = next((one for one in self._check.mapping.tables if one.name == name), None)
        if table is None:
            return None
        column = self._check.mapping.resolve(table.subject, tuple(row.cells), file=row.file)
        return shown(row.cells.get(column or "", ""))

    def _table(self, row: Row) -> TableCheck:
        header = (row.sheet, tuple(row.cells))
        found = self._tables.get(header)
        if found is None:
            table = self._check.mapping.table_of(header[1], file=row.file, sheet=row.sheet)
            name = table.name if table is not None else None
            columns = list(uses(self._check.mapping, table, row))
            found = next((one for one in self._check.tables if _same(one, name, row.sheet)), None)
            if found is None:
                found = TableCheck(name, row.sheet, columns)
                self._check.tables.append(found)
            else:
                found.columns = _joined(found.columns, columns)
            self._tables[header] = found
        return found

    def _refuse(self, row: Quarantined, table: TableCheck | None) -> None:
        self._check.quarantined += 1
        code, column = str(row.refusal), row.column
        key = (row.sheet, code, column, row.message)
        if len(self._reasons) >= _MOST_REASONS:
            key = (row.sheet, code, column, "")
        reason = self._reasons.get(key)
        if reason is None:
            reason = Reason(code, column, row.message, row.sheet, row.number)
            self._reasons[key] = reason
            self._check.reasons.append(reason)
        reason.rows += 1
        if table is None or table.rows <= self._most:
            name = table.table if table is not None else None
            self._check.rows.append(
                {
                    **_place(row.number, row.sheet, name, self._subject(row, name)),
                    "what": "quarantined",
                    "at": None,
                    "detail": {"column": column, "reason": code, "message": row.message},
                }
            )


def _same(check: TableCheck, name: str | None, sheet: str | None) -> bool:
    return check.table == name and check.sheet == sheet


def _joined(before: Sequence[ColumnUse], now: Sequence[ColumnUse]) -> list[ColumnUse]:
    """Columns of rows that bring their own names: one that any row has is not missing."""
    known = {use.column: use for use in before}
    for use in now:
        if known.setdefault(use.column, use).use == MISSING:
            known[use.column] = use
    return list(known.values())


def uses(mapping: SourceMapping, table: Table | None, row: Row) -> Iterator[ColumnUse]:
    """What the columns of a row are for, those of the file first, in their order."""
    if table is None:
        yield from (ColumnUse(name, UNKNOWN) for name in row.cells)
        return
    purposes = {name: tuple(dict.fromkeys(_purposes(table, name))) for name in table.named()}
    # A table is known by some columns of which it makes nothing.
    purposes |= {n: purposes[n] or ("recognised_by",) for n in table.recognised_by}
    columns = {name: mapping.resolve(name, tuple(row.cells), file=row.file) for name in purposes}
    used = {column: purposes[name] for name, column in columns.items() if column is not None}
    for column in row.cells:
        if used.get(column):
            yield ColumnUse(column, USED, used[column])
        elif table.ignores(column):
            yield ColumnUse(column, IGNORED)
        elif table.further == "attributes":
            yield ColumnUse(column, KEPT, (column,))
        else:
            yield ColumnUse(column, UNKNOWN)
    for name, found in columns.items():
        if found is None and purposes[name]:
            yield ColumnUse(name, MISSING, purposes[name])


def _purposes(table: Table, name: str) -> Iterator[str]:
    """What a table makes of the column that it calls by that name."""
    for key in ("case_no", "item_code", "source_key", "version"):
        if getattr(table, key) == name:
            yield key
    for part, cell in (*table.fields.items(), *table.attributes.items()):
        if name in (cell.column, cell.unit):
            yield part
    for event in table.events:
        for part, cell in event.named_cells():
            if name in (cell.column, cell.unit):
                yield f"{event.slot}.{part}"
    if name in (table.identifying or ()):
        yield "identifying"
    if name in table.required:
        yield "required"
    for condition in table.conditions():
        if name in (condition.column, *(condition.same_time or condition.before or ())):
            yield "condition"


def became(fact: RowFacts, table: str | None, zone: str) -> Iterator[dict[str, Any]]:
    """What a row becomes: one record for its case or item, one for each event."""
    subject = fact.item.item_code if fact.item is not None else fact.case_no
    place = _place(fact.number, fact.sheet, table, subject)
    if fact.deleted:
        yield {**place, "what": "deleted", "at": None, "detail": {}}
        return
    stated: Mapping[str, str] | None = fact.case.fields if fact.case is not None else None
    if fact.item is not None:
        version = {"item_version": fact.item.item_version} if fact.item.item_version else {}
        stated = version | dict(fact.item.fields)
    if stated is not None:
        stated = {
            name: in_zone(text, zone) if name in DUE_FIELDS else text
            for name, text in stated.items()
        }
    if stated is not None:
        what = "item" if fact.item is not None else "case"
        yield {**place, "what": what, "at": None, "detail": stated}
    for event in fact.events:
        yield {**place, "what": event.type, "at": _at(event, zone), "detail": _detail(event, zone)}
    if stated is None and not fact.events:
        yield {**place, "what": "nothing", "at": None, "detail": {}}


def _place(
    number: int, sheet: str | None, table: str | None, subject: str | None
) -> dict[str, Any]:
    return {"row": number, "sheet": sheet, "table": table, "subject": subject or None}


def _at(event: EventFacts, zone: str) -> str:
    return _written(event.occurred_at, event.precision, zone)


def _written(instant: int, precision: Precision, zone: str) -> str:
    text = rfc3339(instant, zone)
    return text[:10] if precision is Precision.DAY else text


def _detail(event: EventFacts, zone: str) -> dict[str, str]:
    parts = {
        name: value
        for name in ("stage", "kind", "amount", "actor", "department", "reason")
        if (value := getattr(event, name)) is not None
    }
    if event.due_at is not None:
        parts["due_at"] = _written(event.due_at, event.due_precision, zone)
    if event.recorded_at is not None:
        parts["recorded_at"] = rfc3339(event.recorded_at, zone)
    return {**parts, **event.attributes}
