"""A table of a mapping laid over the columns of a file: one row in, its facts or a refusal out."""

from collections.abc import Iterator
from typing import Final

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.core.intake import CASE_FIELDS, CaseFacts, EventFacts, RowFacts, digest
from efficiency_monitor.core.terms import ItemKind, Precision
from efficiency_monitor.language import t

from .cells import CellFault, Cells, Context
from .id_numbers import SHORTEST, find_id_number
from .mapping import SourceMapping
from .rows import Quarantined, Refusal, Row, refuse
from .table import DUE_FIELDS, LIMIT_FIELDS, EventFrom

_MOST_CASE_NO: Final = 200
_ITEM_KINDS: Final = frozenset(str(kind) for kind in ItemKind)


class Plan:
    """The table that a row belongs to, and how it reads rows with the same columns.

    ConfigurationError if the columns fit no table.
    """

    def __init__(self, mapping: SourceMapping, row: Row) -> None:
        header = tuple(row.cells)
        table = mapping.table_of(header, file=row.file, sheet=row.sheet)
        if table is None:
            fault = mapping.misfit(header)
            raise ConfigurationError(f"{row.file}: {fault.message}", fault.hint)
        self._mapping = mapping
        self._table = table
        self._columns = {
            name: mapping.resolve(name, header, file=row.file) for name in table.named()
        }
        used = {column for column in self._columns.values() if column is not None}
        self._kept = tuple(name for name in header if name in used or not table.ignores(name))
        allowed = {self._columns[name] for name in table.id_numbers_allowed}
        self._checked = tuple(name for name in self._kept if name not in allowed)
        further = table.further == "attributes"
        self._further = tuple(name for name in self._kept if further and name not in used)
        taken = next((name for name in self._further if name in (*CASE_FIELDS, "case_no")), None)
        if taken is not None:
            raise ConfigurationError(
                t(
                    f"{row.file}：列 {taken!r} 与办件字段同名，而映射 {mapping.id} 没有用到它",
                    f"{row.file}: column {taken!r} is called like a field of cases, "
                    f"and mapping {mapping.id} does not use it",
                ),
                t("请在映射中使用或忽略该列", "map or ignore the column"),
            )
        self._states_case = bool(table.fields or table.attributes)
        self._shared = mapping.shared_fields(table)

    def read(self, row: Row, context: Context) -> RowFacts | Quarantined:
        """What the row says, or why it cannot be taken."""
        kept = {name: row.cells[name] for name in self._kept}
        for name in self._checked:
            number = find_id_number(kept[name]) if len(kept[name]) >= SHORTEST else None
            if number is not None:
                return refuse(row, Refusal.ID_NUMBER, column=name, value=number, cells=kept)
        cells = Cells(row, self._columns, mapping=self._mapping, context=context)
        try:
            return self._facts(row, cells, context, kept)
        except CellFault as fault:
            return refuse(row, fault.refusal, column=fault.column, value=fault.value, cells=kept)

    def calendar(self, row: Row) -> tuple[str, str] | None:
        """Case number and calendar, if the row names one."""
        cell = self._table.fields.get("calendar")
        case_no = row.cells.get(self._columns[self._table.case_no] or "")
        calendar = None
        if cell is not None:
            calendar = cell.value or row.cells.get(self._columns.get(cell.column or "") or "")
        calendar = calendar or (self._mapping.calendar if self._states_case else None)
        return (case_no, calendar) if case_no and calendar else None

    def _facts(self, row: Row, cells: Cells, context: Context, kept: dict[str, str]) -> RowFacts:
        table = self._table
        case_no = self._case_no(cells)
        for name in table.required:
            if not cells.raw(name):
                raise cells.fault(Refusal.MISSING, name, "")
        stated = cells.text(table.fields.get("calendar")) or self._mapping.calendar
        calendar = stated or context.calendar_of(case_no) or context.default_calendar
        cells.zone = context.zone_of(calendar)
        for refusal in table.refuse:
            if all(cells.holds(condition) for condition in refusal.all):
                because = f"{refusal.because.zh} / {refusal.because.en}"
                raise cells.fault(Refusal.CONTRADICTION, None, because)
        further = {name: row.cells[name] for name in self._further if row.cells[name]}
        events, absent = self._events(case_no, cells, {} if self._states_case else further)
        case = self._case(case_no, cells, stated, further) if self._states_case else None
        return RowFacts(
            file=row.file,
            sheet=row.sheet,
            number=row.number,
            case_no=case_no,
            case=case,
            events=tuple(events),
            absent=tuple(absent),
            cells=kept,
        )

    def _case_no(self, cells: Cells) -> str:
        name = self._table.case_no
        case_no = cells.raw(name)
        if not case_no:
            raise cells.fault(Refusal.MISSING, name, "")
        if not case_no.isprintable() or len(case_no) > _MOST_CASE_NO:
            raise cells.fault(Refusal.BAD_CASE_NO, name, case_no)
        return case_no

    def _case(
        self, case_no: str, cells: Cells, calendar: str | None, further: dict[str, str]
    ) -> CaseFacts:
        table = self._table
        given: dict[str, str] = dict(further)
        stated: set[str] = set(self._further)
        for name, cell in (*table.fields.items(), *table.attributes.items()):
            if not cells.has(cell):
                continue
            stated.update(field for field in (name, cell.or_limit) if field is not None)
            for field, value in self._field(name, cells):
                if given.setdefault(field, value) != value:
                    raise cells.fault(Refusal.CONTRADICTION, cell.column, f"{field}: {value}")
        if calendar is not None:
            given["calendar"] = calendar
        return CaseFacts(
            case_no=case_no,
            table=table.name,
            fields=given,
            blank=frozenset(stated - given.keys()) if table.whole else frozenset(),
            shared=self._shared,
        )

    def _field(self, name: str, cells: Cells) -> Iterator[tuple[str, str]]:
        """The value of a field; of a due time that turned out a limit, that limit's."""
        cell = self._table.fields.get(name)
        if cell is None:
            text = cells.text(self._table.attributes[name])
        elif name in DUE_FIELDS:
            moment, limit = cells.due(cell)
            if limit is not None and cell.or_limit is not None:
                yield cell.or_limit, limit
            text = moment.text if moment is not None else None
        elif name in LIMIT_FIELDS:
            text = cells.amount(cell)
        else:
            text = cells.text(cell)
            if name == "item_kind" and text is not None and text not in _ITEM_KINDS:
                raise cells.fault(Refusal.UNKNOWN_CODE, cell.column, text)
        if text is not None:
            yield name, text

    def _events(
        self, case_no: str, cells: Cells, further: dict[str, str]
    ) -> tuple[list[EventFacts], list[str]]:
        """The events of the row, and the identities of those it could have had."""
        table = self._table
        source_key = cells.raw(table.source_key) if table.source_key is not None else ""
        events: list[EventFacts] = []
        absent: list[str] = []
        for spec in table.events:
            told_apart = self._told_apart(spec, cells, source_key)
            identity = (
                digest("event", case_no, table.name, spec.slot, *told_apart) if told_apart else ""
            )
            event = self._event(spec, case_no, cells, (source_key or None, identity, further))
            if event is not None:
                events.append(event)
            elif identity:
                absent.append(identity)
        return events, absent

    def _told_apart(self, spec: EventFrom, cells: Cells, source_key: str) -> tuple[str, ...]:
        if source_key:
            return ("source_key", source_key)
        names = spec.identifying if spec.identifying is not None else self._table.identifying
        values = tuple(cells.raw(name) for name in names or ())
        return values if any(values) else ()

    def _event(
        self,
        spec: EventFrom,
        case_no: str,
        cells: Cells,
        of_row: tuple[str | None, str, dict[str, str]],
    ) -> EventFacts | None:
        if not all(cells.holds(condition) for condition in spec.only):
            return None
        if spec.unless and all(cells.holds(condition) for condition in spec.unless):
            return None
        kind = cells.text(spec.type)
        at = cells.moment(spec.at)
        if kind is not None and at is None and spec.type.column is not None:
            # The row says what happened and not when.
            raise cells.fault(Refusal.MISSING, spec.at.column, "")
        if kind is None or at is None:
            return None
        source_key, identity, further = of_row
        recorded = cells.moment(spec.recorded_at) if spec.recorded_at is not None else None
        due = cells.moment(spec.due_at) if spec.due_at is not None else None
        attributes = {name: cells.text(cell) for name, cell in spec.attributes.items()}
        return EventFacts(
            case_no=case_no,
            type=kind,
            occurred_at=at.instant,
            precision=at.precision,
            recorded_at=recorded.instant if recorded is not None else None,
            stage=cells.text(spec.stage),
            actor=cells.text(spec.actor),
            department=cells.text(spec.department),
            kind=cells.text(spec.kind),
            amount=cells.amount(spec.amount) if spec.amount is not None else None,
            due_at=due.instant if due is not None else None,
            due_precision=due.precision if due is not None else Precision.SECOND,
            reason=cells.text(spec.reason),
            source_key=source_key,
            attributes={name: text for name, text in attributes.items() if text} | further,
            identity=identity,
        )
