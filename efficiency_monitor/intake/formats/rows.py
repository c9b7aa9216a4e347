"""A row as a source has it, and a row that could not be taken, with its reason in two languages."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from efficiency_monitor.faults import Problem
from efficiency_monitor.i18n.messages import mark, t
from efficiency_monitor.people.model.id_numbers import masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One data row: `number` is the line (CSV, JSON Lines), the row (spreadsheets, Parquet) or the
    ordinal of the event (XES) as a person counts it, from 1.

    `cells` are trimmed texts by column name; an empty cell is an empty text.
    """

    file: str
    sheet: str | None
    number: int
    cells: Mapping[str, str]


class Refusal(StrEnum):
    """Why a row is in quarantine. The codes are fixed for ever."""

    OVER_LONG = "over_long"
    BAD_QUOTES = "bad_quotes"
    UNCLOSED_QUOTE = "unclosed_quote"
    UNDECODABLE = "undecodable"
    NUL = "nul"
    RAGGED = "ragged"
    ROUNDED_NUMBER = "rounded_number"
    ERROR_CELL = "error_cell"
    UNKNOWN_SHEET = "unknown_sheet"
    BAD_JSON = "bad_json"
    BAD_XES = "bad_xes"
    KEY_TWICE = "key_twice"
    TOO_DEEP = "too_deep"
    BINARY = "binary"
    NO_NUMBER = "no_number"
    CUT_OFF = "cut_off"
    UNKNOWN_TABLE = "unknown_table"
    ID_NUMBER = "id_number"
    MISSING = "missing"
    BAD_CASE_NO = "bad_case_no"
    CASE_NO_TYPE = "case_no_type"
    BAD_ITEM_CODE = "bad_item_code"
    BAD_VERSION = "bad_version"
    UNKNOWN_CODE = "unknown_code"
    BAD_TIME = "bad_time"
    SERIAL_NUMBER = "serial_number"
    NO_SUCH_TIME = "no_such_time"
    SKIPPED_TIME = "skipped_time"
    NO_ZONE = "no_zone"
    BAD_AMOUNT = "bad_amount"
    UNKNOWN_UNIT = "unknown_unit"
    CONTRADICTION = "contradiction"
    CONFLICT = "conflict"
    FOREIGN_CASE = "foreign_case"


_SAID: Final[Mapping[Refusal, str]] = {
    Refusal.OVER_LONG: mark("a cell or the row is too long"),
    Refusal.BAD_QUOTES: mark("text after a closing quote: {value}"),
    Refusal.UNCLOSED_QUOTE: mark("a quote is opened and not closed: {value}"),
    Refusal.UNDECODABLE: mark("holds bytes that are no text in the file's encoding"),
    Refusal.NUL: mark("holds a NUL character"),
    Refusal.RAGGED: mark("cells do not match the header: {value}"),
    Refusal.ROUNDED_NUMBER: mark(
        "is stored as a number, so its last digits are lost: {value}; make it text at the source"
    ),
    Refusal.ERROR_CELL: mark("the cell holds an error value such as #N/A"),
    Refusal.UNKNOWN_SHEET: mark("the sheet fits no table of the mapping"),
    Refusal.BAD_JSON: mark("is no JSON object: {value}"),
    Refusal.BAD_XES: mark("is not as XES has it: {value}"),
    Refusal.KEY_TWICE: mark("has two values under one name: {value}"),
    Refusal.TOO_DEEP: mark("is nested too deeply", ctx="said"),
    Refusal.BINARY: mark("holds bytes, not text"),
    Refusal.NO_NUMBER: mark("is no number: {value}"),
    Refusal.CUT_OFF: mark(
        "from here on the file is damaged or cut off: {value}; transfer it again"
    ),
    Refusal.UNKNOWN_TABLE: mark("its columns fit no table of the mapping, or two alike: {value}"),
    Refusal.ID_NUMBER: mark(
        "holds an ID-card number, {value}, in a column that the mapping does not allow to"
    ),
    Refusal.MISSING: mark("must be filled and is empty"),
    Refusal.BAD_CASE_NO: mark("is no usable case number: {value}"),
    Refusal.CASE_NO_TYPE: mark("a case number is text or a whole number: {value}"),
    Refusal.BAD_ITEM_CODE: mark("is no usable item code: {value}"),
    Refusal.BAD_VERSION: mark(
        "is no whole number or time, or not comparable with the version known: {value}"
    ),
    Refusal.UNKNOWN_CODE: mark("unknown code {value}"),
    Refusal.BAD_TIME: mark("is no time in an accepted format: {value}"),
    Refusal.SERIAL_NUMBER: mark(
        "looks like a spreadsheet's date number: {value}; make it a date at the source"
    ),
    Refusal.NO_SUCH_TIME: mark("no such date or time between 1900 and 2100: {value}"),
    Refusal.SKIPPED_TIME: mark("this wall time never occurs, the clocks jump over it: {value}"),
    Refusal.NO_ZONE: mark(
        "a time without offset, and the calendar of the case is unknown: {value}"
    ),
    Refusal.BAD_AMOUNT: mark("is no limit: {value}"),
    Refusal.UNKNOWN_UNIT: mark("unknown unit of a limit: {value}"),
    Refusal.CONTRADICTION: mark("contradicts itself: {value}"),
    Refusal.CONFLICT: mark(
        "another row of this import says something else of it ({value}); nothing tells them apart"
    ),
    Refusal.FOREIGN_CASE: mark(
        "the case belongs to source {value}, which alone changes it; see adds_to"
    ),
}

#: Of these the value is counts, headings or words of ours, and never a cell's text.
_SAYS_NO_CELL: Final = frozenset(
    {
        Refusal.RAGGED,
        Refusal.BAD_XES,
        Refusal.KEY_TWICE,
        Refusal.CUT_OFF,
        Refusal.UNKNOWN_TABLE,
        Refusal.ID_NUMBER,
        Refusal.CONTRADICTION,
        Refusal.CONFLICT,
    }
)

#: What only a new import of a mended file can settle: the cells are not what the source has, or
#: one row alone does not show the conflict.
_NOT_RETRYABLE: Final = frozenset(
    {
        Refusal.OVER_LONG,
        Refusal.BAD_QUOTES,
        Refusal.UNCLOSED_QUOTE,
        Refusal.UNDECODABLE,
        Refusal.NUL,
        Refusal.RAGGED,
        Refusal.ROUNDED_NUMBER,
        Refusal.ERROR_CELL,
        Refusal.UNKNOWN_SHEET,
        Refusal.BAD_JSON,
        Refusal.BAD_XES,
        Refusal.KEY_TWICE,
        Refusal.TOO_DEEP,
        Refusal.BINARY,
        Refusal.NO_NUMBER,
        # What is kept of it is a text, which would pass.
        Refusal.CASE_NO_TYPE,
        Refusal.CUT_OFF,
        Refusal.CONFLICT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that was read and not taken.

    Neither `value` (what is wrong, shortened) nor `cells` holds an ID-card number: those are
    masked. `column` is empty where the whole row is at fault.
    """

    file: str
    sheet: str | None
    number: int
    refusal: Refusal
    column: str = ""
    value: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """`file, sheet, row 7, column 受理时间` in the current language."""
        parts = [self.file]
        if self.sheet is not None:
            parts.append(t("sheet {sheet}", sheet=self.sheet))
        parts.append(t("row {number}", number=self.number))
        if self.column:
            parts.append(t("column {column}", column=self.column))
        return ", ".join(parts)

    @property
    def message(self) -> str:
        """The reason as a sentence in the current language, without the cell's text."""
        return say_refusal(self.refusal, self.value)

    @property
    def problem(self) -> Problem:
        """As the other data faults are reported."""
        return Problem(self.where, str(self.refusal), self.message)

    @property
    def retryable(self) -> bool:
        """Whether the same cells may pass another time (a mended mapping, a new calendar)."""
        return bool(self.cells) and self.refusal not in _NOT_RETRYABLE

    @property
    def row(self) -> Row:
        """The row to try again."""
        return Row(file=self.file, sheet=self.sheet, number=self.number, cells=self.cells)


def say_refusal(refusal: Refusal | str, value: str = "", *, whole: bool = False) -> str:
    """The sentence for a stored code and value, in the current language.

    A cell's own text is shown by its ends and its length: in a shifted row it may be anybody's
    name. `whole` shows it, to whoever gave a reason (`--unmask --reason`).
    """
    try:
        code = Refusal(refusal)
    except ValueError:
        return str(refusal)
    said = t(_SAID[code])
    return said.replace("{value}", value if whole or code in _SAYS_NO_CELL else ends_of(value))


def ends_of(value: str) -> str:
    """First and last sign and the length of a text: `欧…雀（5 个字符）`."""
    many = len(value)
    ends = value if many < 2 else f"{value[0]}…{value[-1]}"
    signs = "character" if many == 1 else "characters"
    return value and t("{ends} ({many} {signs})", ends=ends, many=many, signs=signs)


def refuse(
    row: Row,
    refusal: Refusal,
    *,
    column: str = "",
    value: str = "",
    cells: Mapping[str, str] | None = None,
    identifiers: Set[str | None] = frozenset(),
) -> Quarantined:
    """Put a row in quarantine. What is kept of it is masked and can be stored and printed.

    `identifiers` are columns of case numbers and keys, which often look like ID-card numbers.
    """
    kept = row.cells if cells is None else cells
    return Quarantined(
        file=row.file,
        sheet=row.sheet,
        number=row.number,
        refusal=refusal,
        column=masked(printable(column)),
        value=shown(value),
        cells={
            masked(printable(name)): masked(_storable(cell), identifier=name in identifiers)
            for name, cell in kept.items()
        },
    )


def shown(value: str, most: int = 80) -> str:
    """A text from a source as part of a message: one line, printable, without ID-card numbers."""
    # Masked before it is cut: half an ID number would no longer be recognised.
    text = printable(" ".join(masked(value).split()))
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    """The text with a mark in the place of what cannot be printed."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _storable(text: str) -> str:
    """Without NUL and lone surrogates, which databases refuse."""
    if text.isprintable():
        return text
    return "".join("�" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
