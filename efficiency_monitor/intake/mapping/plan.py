"""A table of a mapping laid over the columns of a file: one row in, its facts or a refusal out."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.intake.model.statements import (
    CASE_FIELDS,
    CaseFacts,
    EventFacts,
    ItemFacts,
    RowFacts,
    digest,
)
from efficiency_monitor.people.model.id_numbers import SHORTEST, find_id_number, masked
from efficiency_monitor.people.model.personal import is_personal
from efficiency_monitor.terms import ItemKind, Precision

from ..formats.jsonl_file import NoText
from ..formats.rows import Quarantined, Refusal, Row, refuse
from .cells import MOST_CHARACTERS, CellFault, Cells, Context
from .mapping import SourceMapping
from .misfit import Misfit, table_of
from .table import DUE_FIELDS, LIMIT_FIELDS, EventFrom
from .times import read_time

#: Fields by which a database looks things up.
_LOOKED_UP: Final = ("item_code", "item_version")
#: Stands in a row of the quarantine where an ID-card number was: no case is called so.
_MASKED: Final = "*" * 8
_FIELD_NAMES: Final = frozenset((*CASE_FIELDS, "case_no"))
_ITEM_KINDS: Final = frozenset(str(kind) for kind in ItemKind)


class Plan:
    """The table that a row belongs to, and how it reads rows with the same columns.

    Misfit if the columns fit no table.
    """

    def __init__(
        self, mapping: SourceMapping, row: Row, *, source: str = "", prefix: str = ""
    ) -> None:
        self._source = source
        self._prefix = prefix
        header = tuple(row.cells)
        table = table_of(mapping, row)
        self._mapping = mapping
        self._table = table
        try:
            self._columns = {
                name: mapping.resolve(name, header, file=row.file) for name in table.named()
            }
        except ConfigurationError as fault:
            raise Misfit(fault, Refusal.UNKNOWN_TABLE, value=fault.message) from None
        used = {column for column in self._columns.values() if column is not None}
        self._kept = tuple(name for name in header if name in used or not table.ignores(name))
        allowed = {self._columns[name] for name in table.id_numbers_allowed}
        self._checked = tuple(name for name in self._kept if name not in allowed)
        told_apart = (table.subject, table.source_key, table.version, *(table.identifying or ()))
        #: Case numbers and keys are often made of region, date and a running number.
        self._identifiers = {self._columns[name] for name in told_apart if name is not None}
        further = table.further == "attributes"
        states_case = table.case_no is not None and bool(table.fields or table.attributes)
        # An event is kept for ever as it was received: no telephone number belongs into it.
        self._further = tuple(
            name
            for name in self._kept
            if further and name not in used and (states_case or not is_personal(name))
        )
        self._refuse_names(row)
        self._times = frozenset(table.times())
        self._states_case = states_case
        versioned = table.version is not None
        self._shared = (
            frozenset[str]() if versioned else mapping.shared_fields(table, versioned=False)
        )
        #: What such a row says of its case may be overruled by a row with a version. Said again,
        #: it must not overrule that in turn.
        self._remembered = not versioned and bool(mapping.shared_fields(table, versioned=True))

    def _refuse_names(self, row: Row) -> None:
        taken = next((name for name in self._further if name in _FIELD_NAMES), None)
        if taken is None:
            return
        fault = ConfigurationError(
            t(
                "{file}: column {taken!r} is called like a field of cases, and mapping {id} does "
                "not use it",
                file=row.file,
                taken=taken,
                id=self._mapping.id,
            ),
            t("map or ignore the column"),
        )
        raise Misfit(fault, Refusal.UNKNOWN_TABLE, column=taken, value=taken)

    def read(self, row: Row, context: Context) -> RowFacts | Quarantined:
        """What the row says, or why it cannot be taken."""
        kept = {name: row.cells[name] for name in self._kept}
        for name in self._checked:
            if len(kept[name]) < SHORTEST:
                continue
            number = find_id_number(kept[name], identifier=name in self._identifiers)
            if number is not None:
                return self._refused(row, Refusal.ID_NUMBER, name, number, kept)
        cells = Cells(row, self._columns, mapping=self._mapping, context=context)
        try:
            if self._table.item_code is not None:
                return self._item_facts(row, cells, context, kept)
            return self._case_facts(row, cells, context, kept)
        except CellFault as fault:
            return self._refused(row, fault.refusal, fault.column, fault.value, kept)

    def _refused(
        self, row: Row, refusal: Refusal, column: str, value: str, kept: dict[str, str]
    ) -> Quarantined:
        known = self._identifiers
        return refuse(row, refusal, column=column, value=value, cells=kept, identifiers=known)

    def case_no(self, row: Row) -> str | None:
        """Number of the case that the row speaks of, if it speaks of one."""
        name = self._table.case_no
        found = row.cells.get(self._columns[name] or "") if name is not None else None
        return self._prefix + found if found else found

    def calendar(self, row: Row) -> tuple[str, str] | None:
        """Case number and calendar, if the row names one."""
        case_no = self.case_no(row)
        cell = self._table.fields.get("calendar")
        calendar = None
        if cell is not None:
            calendar = cell.value or row.cells.get(self._columns.get(cell.column or "") or "")
        calendar = calendar or (self._mapping.calendar if self._states_case else None)
        return (case_no, calendar) if case_no and calendar else None

    def _case_facts(
        self, row: Row, cells: Cells, context: Context, kept: dict[str, str]
    ) -> RowFacts:
        table = self._table
        case_no = self._subject(cells, Refusal.BAD_CASE_NO)
        stated = cells.text(table.fields.get("calendar")) or self._mapping.calendar
        placed = stated or context.calendar_of(case_no)
        cells.zone = context.zone_of(placed or context.default_calendar)
        cells.unplaced = context.several_zones and not placed
        deleted = self._is_deleted(cells)
        version, row_key = self._version(case_no, cells)
        if deleted:
            events: list[EventFacts] = []
            absent = [identity for _, identity in self._identities(case_no, cells)]
            case = self._emptied(case_no, cells) if self._states_case else None
        else:
            self._check(cells)
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
            version=version,
            row_key=row_key or self._remembered_key(case_no),
            deleted=deleted,
        )

    def _item_facts(
        self, row: Row, cells: Cells, context: Context, kept: dict[str, str]
    ) -> RowFacts:
        table = self._table
        code = self._subject(cells, Refusal.BAD_ITEM_CODE)
        cells.zone = context.zone_of(self._mapping.calendar or context.default_calendar)
        deleted = self._is_deleted(cells)
        item_version = cells.short(table.fields.get("item_version")) or ""
        given: dict[str, str] = {}
        if not deleted:
            self._check(cells)
            given = {name: row.cells[name] for name in self._further if row.cells[name]}
            for name in (*table.fields, *table.attributes):
                given.update(self._field(name, cells))
            given.pop("item_version", None)
        version, row_key = self._version(f"item {code}", cells, item_version)
        return RowFacts(
            file=row.file,
            sheet=row.sheet,
            number=row.number,
            case_no="",
            item=ItemFacts(item_code=code, item_version=item_version, fields=given),
            cells=kept,
            version=version,
            row_key=row_key,
            deleted=deleted,
        )

    def _subject(self, cells: Cells, unusable: Refusal) -> str:
        """The number of the case, or the code of the item, that the row speaks of."""
        name = self._table.subject
        found = cells.raw(name)
        if not found:
            raise cells.fault(Refusal.MISSING, name, "")
        if isinstance(found, NoText):
            raise cells.fault(Refusal.CASE_NO_TYPE, name, found)
        if not found.isprintable() or len(found) > MOST_CHARACTERS or _MASKED in found:
            raise cells.fault(unusable, name, found)
        return found if unusable is Refusal.BAD_ITEM_CODE else self._prefix + found

    def _is_deleted(self, cells: Cells) -> bool:
        conditions = self._table.deleted
        return bool(conditions) and all(cells.holds(condition) for condition in conditions)

    def _version(
        self, subject: str, cells: Cells, item_version: str | None = None
    ) -> tuple[str | None, str]:
        """The row's version and which row it is; None and "" if its table has no versions."""
        table = self._table
        if not table.known_again:
            return None, ""
        told_apart = self._told_apart(table.identifying, cells)
        if not told_apart and item_version is not None:
            told_apart = (item_version,)
        if not told_apart:
            name = table.source_key or next(iter(table.identifying or ()), None)
            raise cells.fault(Refusal.MISSING, name, "")
        if table.version is None:
            return None, ""
        # What one source says of its rows is no version of another's.
        whose = (self._source, subject) if item_version is None else (subject,)
        return cells.version(table.version), digest("row", *whose, table.name, *told_apart)

    def _remembered_key(self, case_no: str) -> str:
        return digest("case", case_no, self._table.name) if self._remembered else ""

    def _check(self, cells: Cells) -> None:
        """Whether everything is there, and nothing contradicts itself."""
        for name in self._table.required:
            if not cells.raw(name):
                raise cells.fault(Refusal.MISSING, name, "")
        for refusal in self._table.refuse:
            if all(cells.holds(condition) for condition in refusal.all):
                because = f"{refusal.because.zh} / {refusal.because.en}"
                raise cells.fault(Refusal.CONTRADICTION, None, because)

    def _emptied(self, case_no: str, cells: Cells) -> CaseFacts:
        """What a deleted row says of its case: nothing of what its table can say stands."""
        table = self._table
        limits = {cell.or_limit for cell in table.fields.values() if cell.or_limit is not None}
        blank = frozenset({*table.fields, *table.attributes, *self._further, *limits})
        return CaseFacts(
            case_no=case_no,
            table=table.name,
            fields={},
            blank=blank,
            shared=self._shared,
            told_by=self._told_by(cells),
        )

    def _told_by(self, cells: Cells) -> str:
        if not self._table.deleted:
            return ""
        return digest("row", *self._told_apart(self._table.identifying, cells))

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
                    told = field if is_personal(field) else f"{field}: {value}"
                    raise cells.fault(Refusal.CONTRADICTION, cell.column, told)
        if calendar is not None:
            given["calendar"] = calendar
        for name, mark in self._mapping.marks.items():
            given.setdefault(name, mark)
        return CaseFacts(
            case_no=case_no,
            table=table.name,
            fields=given,
            blank=frozenset(stated - given.keys()) if table.whole else frozenset(),
            shared=self._shared,
            told_by=self._told_by(cells),
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
            text = cells.short(cell) if name in _LOOKED_UP else cells.text(cell)
            if name == "item_kind" and text is not None and text not in _ITEM_KINDS:
                raise cells.fault(Refusal.UNKNOWN_CODE, cell.column, text)
        if text is not None:
            yield name, text

    def _events(
        self, case_no: str, cells: Cells, further: dict[str, str]
    ) -> tuple[list[EventFacts], list[str]]:
        """The events of the row, and the identities of those it could have stated."""
        source_key = self._source_key(cells)
        events: list[EventFacts] = []
        absent: list[str] = []
        for spec, identity in self._identities(case_no, cells):
            event = self._event(spec, case_no, cells, (source_key or None, identity, further))
            if event is not None:
                events.append(event)
            elif identity and cells.has(spec.at):
                # A file without the column could not have stated it.
                absent.append(identity)
        return events, absent

    def _identities(self, case_no: str, cells: Cells) -> Iterator[tuple[EventFrom, str]]:
        """The events that a row may have, and which facts of the source they are."""
        table = self._table
        for spec in table.events:
            own = spec.identifying
            told_apart = self._told_apart(own if own is not None else table.identifying, cells)
            named = ("event", case_no, table.name, spec.slot, *told_apart)
            yield spec, digest(*named) if told_apart else ""

    def _source_key(self, cells: Cells) -> str:
        """What the events of the row are called at the source.

        Of rows that can be taken back it is never empty: of two that state the same, one may go.
        """
        key = self._table.source_key
        found = cells.raw(key) if key is not None else ""
        if found or not self._table.known_again:
            return found
        return " ".join(self._told_apart(self._table.identifying, cells))

    def _told_apart(self, names: tuple[str, ...] | None, cells: Cells) -> tuple[str, ...]:
        key = self._table.source_key
        source_key = cells.raw(key) if key is not None else ""
        if source_key:
            return ("source_key", source_key)
        values = tuple(self._plainly(name, cells) for name in names or ())
        return values if any(values) else ()

    def _plainly(self, name: str, cells: Cells) -> str:
        """A cell as rows are told apart by it, however a time or a width is written.

        A time is taken as a clock on the wall shows it: a case may come to another zone.
        """
        text = cells.raw(name)
        if name in self._times:
            found = read_time(text, "UTC", self._mapping.formats)
            return text if isinstance(found, Refusal) else found.text.removesuffix("Z")
        return text if text.isascii() else unicodedata.normalize("NFKC", text)

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
        recorded_at = recorded.instant if recorded is not None else None
        due = cells.moment(spec.due_at) if spec.due_at is not None else None
        attributes = {name: cells.text(cell) for name, cell in spec.attributes.items()}
        times = {"occurred_at": at, "recorded_at": recorded, "due_at": due}
        wall = [name for name, time in times.items() if time is not None and time.wall]
        return EventFacts(
            case_no=case_no,
            type=kind,
            occurred_at=at.instant,
            precision=at.precision,
            recorded_at=recorded_at,
            entered_at=recorded_at if self._mapping.recorded_at == "entry" else None,
            stage=cells.short(spec.stage),
            actor=cells.text(spec.actor),
            department=cells.text(spec.department),
            kind=cells.text(spec.kind),
            amount=cells.amount(spec.amount) if spec.amount is not None else None,
            due_at=due.instant if due is not None else None,
            due_precision=due.precision if due is not None else Precision.SECOND,
            reason=masked(cells.text(spec.reason) or "") or None,
            source_key=source_key,
            attributes={n: masked(text) for n, text in attributes.items() if text} | further,
            identity=identity,
            wall=" ".join((cells.zone, *wall)) if wall and cells.zone else "",
            unplaced=bool(wall) and cells.unplaced,
        )
