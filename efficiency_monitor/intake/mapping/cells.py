"""The cells of one row, read as a mapping says: texts, codes, times and limits."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from efficiency_monitor.rules.vocabulary import Vocabulary
from efficiency_monitor.terms import Precision
from efficiency_monitor.time.amount import Amount, Unit
from efficiency_monitor.time.instants import rfc3339

from ..formats.headers import folded
from ..formats.rows import Refusal, Row
from .mapping import SourceMapping
from .table import EVENT_TYPES, SUSPENSION_KINDS, Cell, Condition
from .times import Moment, read_time

#: Of a number, a code, a stage. The indexes of databases end at about 2,700 bytes.
MOST_CHARACTERS: Final = 200
_WHOLE: Final = re.compile(r"[0-9]{1,40}")
_FRACTION: Final = re.compile(r":[0-9]{2}[.,]([0-9]+)")
_AMOUNT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading needs besides the mapping.

    `zone_of` gives the IANA zone of a calendar, None if there is no such calendar; `calendar_of`
    the calendar of a case as known from earlier rows or imports, None if unknown.
    """

    vocabulary: Vocabulary
    zone_of: Callable[[str], str | None]
    calendar_of: Callable[[str], str | None]
    default_calendar: str
    #: Whether the times of a case that nobody has named a calendar for may come to be read in
    #: another zone: calendars of several zones are in use.
    several_zones: bool = False


class CellFault(Exception):
    """A cell cannot be read. It never leaves this package: the row goes to quarantine."""

    def __init__(self, refusal: Refusal, column: str, value: str) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.column = column
        self.value = value


class Cells:
    """One row under a mapping. `columns` has the column of the file by the mapping's name for it,
    None where the file has no such column. Methods raise CellFault."""

    def __init__(
        self,
        row: Row,
        columns: Mapping[str, str | None],
        *,
        mapping: SourceMapping,
        context: Context,
    ) -> None:
        self._columns = columns
        empty = mapping.empty_words
        self._texts = {
            name: text
            for name, column in columns.items()
            if column is not None and (text := row.cells[column]) not in empty
        }
        self._mapping = mapping
        self._context = context
        #: Zone of the case's calendar, once that is known; times are read in it.
        self.zone: str | None = None
        #: Whether the zone may be another one: the calendar of the case is not known.
        self.unplaced = False

    def raw(self, name: str) -> str:
        """The text of a column; empty if it says nothing or the file has no such column."""
        return self._texts.get(name, "")

    def has(self, cell: Cell) -> bool:
        """Whether the file has the cell's column at all."""
        return cell.column is None or self._columns.get(cell.column) is not None

    def fault(self, refusal: Refusal, name: str | None, value: str) -> CellFault:
        """A fault in a column, called as the file calls it."""
        column = (self._columns.get(name) or name) if name is not None else ""
        return CellFault(refusal, column or "", value)

    def text(self, cell: Cell | None) -> str | None:
        """The cell's text, or its word where the cell has a code table; None if it is empty."""
        if cell is None or cell.column is None:
            return cell.value if cell is not None else None
        text = self._texts.get(cell.column)
        if text is None:
            return cell.default
        if cell.codes is None:
            return text
        return self._word(cell.codes, text, cell.column, keep=cell.unknown == "keep")

    def short(self, cell: Cell | None) -> str | None:
        """The same of a cell by which a database looks things up: its indexes take no long text."""
        text = self.text(cell)
        if text is not None and len(text) > MOST_CHARACTERS:
            raise self.fault(Refusal.OVER_LONG, cell.column if cell else None, "")
        return text

    def _word(self, table: str, code: str, column: str, *, keep: bool = False) -> str | None:
        if table == EVENT_TYPES:
            word = self._context.vocabulary.find_type(code)
        elif table == SUSPENSION_KINDS:
            word = self._context.vocabulary.find_kind(code)
        else:
            words = self._mapping.code_tables[table]
            if folded(code) in words:
                return words[folded(code)]
            word = None
        if word is None and not keep:
            raise self.fault(Refusal.UNKNOWN_CODE, column, code)
        return word or code

    def moment(self, cell: Cell | None) -> Moment | None:
        """The cell's time; None if it is empty."""
        text = self.text(cell)
        if text is None or cell is None:
            return None
        found = read_time(text, self.zone, self._mapping.formats)
        if isinstance(found, Refusal):
            raise self.fault(found, cell.column, text)
        return self._dated(found) if cell.midnight == "day" else found

    def _dated(self, found: Moment) -> Moment:
        """The date alone if the clock on the wall shows midnight."""
        wall = rfc3339(found.instant, self.zone or "UTC")
        if found.precision is Precision.DAY or wall[11:19] != "00:00:00":
            return found
        return Moment(found.instant, Precision.DAY, wall[:10], wall=found.wall)

    def version(self, name: str) -> str:
        """The row's version in the form that `intake.model.statements` compares: a whole number
        without leading zeros, or a time in UTC to the nanosecond."""
        text = self.raw(name)
        if not text:
            raise self.fault(Refusal.MISSING, name, "")
        plain = unicodedata.normalize("NFKC", text).strip()
        if _WHOLE.fullmatch(plain):
            return plain.lstrip("0") or "0"
        found = read_time(text, self.zone, self._mapping.formats)
        if found is Refusal.NO_ZONE:
            raise self.fault(found, name, text)
        if isinstance(found, Refusal):
            raise self.fault(Refusal.BAD_VERSION, name, text)
        fraction = _FRACTION.search(plain)
        digits = (fraction[1] if fraction else "")[:9].ljust(9, "0")
        return f"{rfc3339(found.instant)[:-1]}.{digits}Z"

    def due(self, cell: Cell) -> tuple[Moment | None, str | None]:
        """A cell that holds a due time or, with `or_limit`, an amount: one of the two, or none."""
        try:
            return self.moment(cell), None
        except CellFault as fault:
            if cell.or_limit is None or fault.refusal is not Refusal.BAD_TIME:
                raise
            return None, self.amount(cell)

    def amount(self, cell: Cell | None) -> str | None:
        """The cell's limit as `20 working_days`; None if it is empty."""
        text = self.text(cell)
        if text is None or cell is None:
            return None
        unit_text = self.raw(cell.unit) if cell.unit is not None else ""
        plain = unicodedata.normalize("NFKC", text).strip()
        found = _AMOUNT.fullmatch(plain)
        if not found:
            raise self.fault(Refusal.BAD_AMOUNT, cell.column, text)
        units = {self._unit(word, cell.column) for word in (found[2], unit_text) if word}
        if not units and cell.bare is not None:
            units = {cell.bare}
        if not units:
            raise self.fault(Refusal.UNKNOWN_UNIT, cell.unit or cell.column, text)
        if len(units) > 1:
            raise self.fault(Refusal.CONTRADICTION, cell.column, f"{text}, {unit_text}")
        try:
            return str(Amount.parse(f"{found[1]} {units.pop()}"))
        except ValueError:
            raise self.fault(Refusal.BAD_AMOUNT, cell.column, text) from None

    def _unit(self, word: str, column: str | None) -> Unit:
        unit = self._mapping.unit_words.get(folded(word))
        if unit is None:
            raise self.fault(Refusal.UNKNOWN_UNIT, column, word)
        return unit

    def holds(self, condition: Condition) -> bool:
        """Whether the row fits a condition."""
        names = condition.same_time or condition.before
        if names is not None:
            first, second = (self.moment(Cell(column=name)) for name in names)
            if first is None or second is None:
                return False
            if condition.before is not None:
                return first.instant < second.instant
            return first.instant == second.instant
        column = condition.column or ""
        text = self.raw(column)
        if text and condition.codes is not None:
            text = self._word(condition.codes, text, column) or ""
        if condition.is_not is not None:
            return text not in condition.is_not
        if condition.like is not None:
            return any(fnmatchcase(text, pattern) for pattern in condition.like)
        return text in (condition.is_ or ())
