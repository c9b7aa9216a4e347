"""One table of a mapping file as a model: columns, conditions, and the events that a row yields."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from efficiency_monitor.intake.model.statements import CASE_FIELDS, ITEM_FIELDS
from efficiency_monitor.time.amount import Unit

from ..formats.headers import folded, folded_pattern

#: Code tables that come from the vocabulary: event types and kinds of suspension by every name.
EVENT_TYPES = "event_types"
SUSPENSION_KINDS = "suspension_kinds"
LIMIT_FIELDS = ("promised_limit", "statutory_limit")
DUE_FIELDS = ("promised_due", "statutory_due", "licence_expires")


class Grammar(BaseModel):
    """What all parts of a mapping file have in common: no unknown entries, and fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_cell(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class Cell(Grammar):
    """Where a value comes from: a column, or the same `value` in every row.

    A name in the file is the column's own name or one that `columns` lists other names for. With
    `codes` the cell is looked up in that table. `default` stands in for an empty cell.
    """

    column: str | None = None
    value: str | None = None
    codes: str | None = None
    #: What becomes of a code that the table does not have.
    unknown: Literal["refuse", "keep"] = "refuse"
    default: str | None = None
    #: Column with the unit of a limit; else the unit follows the number in the cell.
    unit: str | None = None
    #: Unit of a limit that is a number and nothing else, in a source that always means this unit.
    bare: Unit | None = None
    #: `day`: 00:00:00 is how the source writes a date without a time, as date columns do. A due
    #: time so written ends with that day; as its first second the last lawful day would be late.
    midnight: Literal["time", "day"] = "time"
    #: Field that gets the cell of a due time when it holds an amount instead.
    or_limit: Literal["promised_limit", "statutory_limit"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Cell":
        if (self.column is None) == (self.value is None):
            raise ValueError("a value comes either from a column or is given as `value`")
        taken = (self.codes, self.default, self.unit, self.bare, self.or_limit)
        if self.value is not None and any(taken):
            raise ValueError("a fixed `value` takes no codes, default, unit, bare or or_limit")
        return self


CellFrom = Annotated[Cell, BeforeValidator(_as_cell)]


class Condition(Grammar):
    """A condition on a row: a cell is one of some words (after `codes`) or none of them, or it is
    `like` a pattern (`*[0-9][0-9]*`); two times are equal, or one is `before` the other. Times that
    are not given fit neither.

    An empty cell is the word "".
    """

    column: str | None = None
    codes: str | None = None
    is_: tuple[str, ...] | None = Field(default=None, alias="is")
    is_not: tuple[str, ...] | None = None
    like: tuple[str, ...] | None = None
    same_time: tuple[str, str] | None = None
    before: tuple[str, str] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Condition":
        if sum(part is not None for part in (self.column, self.same_time, self.before)) != 1:
            raise ValueError("a condition has one of `column`, `same_time`, `before`")
        words = sum(part is not None for part in (self.is_, self.is_not, self.like))
        if words != (self.column is not None) or (self.codes and not self.column):
            raise ValueError("`column` goes with either `is`, `is_not` or `like`")
        return self


class EventFrom(Grammar):
    """An event that every row of a table yields whose `at` is filled and which fits `only`."""

    #: Name of the event among those of its table, fixed for ever: part of its identity.
    slot: str = "event"
    type: Annotated[Cell, BeforeValidator(lambda value: _as_type(value))]
    at: CellFrom
    #: All must hold.
    only: tuple[Condition, ...] = ()
    #: Not if all of these hold.
    unless: tuple[Condition, ...] = ()
    recorded_at: CellFrom | None = None
    stage: CellFrom | None = None
    actor: CellFrom | None = None
    department: CellFrom | None = None
    kind: CellFrom | None = None
    amount: CellFrom | None = None
    due_at: CellFrom | None = None
    reason: CellFrom | None = None
    attributes: dict[str, CellFrom] = {}
    #: Columns that tell this event from others of its case, if not those of the table.
    identifying: tuple[str, ...] | None = None

    def named_cells(self) -> Iterator[tuple[str, Cell]]:
        """Every cell that the event is made from, with the part of the event that it becomes."""
        for name in ("type", "at", "recorded_at", "stage", "actor", "department", "kind", "amount",
                     "due_at", "reason"):  # fmt: skip
            cell = getattr(self, name)
            if cell is not None:
                yield name, cell
        yield from self.attributes.items()

    def cells(self) -> Iterator[Cell]:
        """Every cell that the event is made from."""
        yield from (cell for _, cell in self.named_cells())


def _as_type(value: Any) -> Any:
    return {"value": value} if isinstance(value, str) else value


class Text(Grammar):
    """A text in both languages."""

    zh: str
    en: str


class RefuseIf(Grammar):
    """Rows that contradict themselves or leave open what they mean, and why that is so."""

    all: tuple[Condition, ...] = Field(min_length=1)
    because: Text


class Table(Grammar):
    """One table of a source: how it is recognised and what its rows say.

    Its rows speak of a case (`case_no`) or of an item (`item_code`).
    """

    name: str
    #: Columns that must be there, and columns that must not; of several tables that fit, the one
    #: with most of the former.
    recognised_by: tuple[str, ...] = Field(min_length=1)
    without: tuple[str, ...] = ()
    #: Patterns (`*申请*`) of sheet and file name; a table with `sheet` is never in a CSV file.
    sheet: str | None = None
    file: str | None = None
    #: Column with the case number.
    case_no: str | None = None
    #: Column with the item code, of a table of items: its `fields` are those of an item, and it
    #: states no events. A case has what its item states where its own rows do not say.
    item_code: str | None = None
    #: Column that tells rows of a case apart, for ever: the source's own primary key.
    source_key: str | None = None
    #: Columns that tell a row's events from others where there is no source key; absent: only the
    #: whole content does.
    identifying: tuple[str, ...] | None = None
    #: Column with a whole number or a time that grows with every change of the row: of rows with
    #: one source key (or identifying columns) the one with the highest stands, in whatever order
    #: they come.
    version: str | None = None
    #: If all hold, what the row stated before stands no longer: its events are withdrawn and the
    #: case fields of this table emptied.
    deleted: tuple[Condition, ...] = ()
    #: Columns that must be filled, besides the case number and the version; not of a deleted row.
    required: tuple[str, ...] = ()
    #: Whether the row is the whole statement about its case, so that an emptied cell empties the
    #: field.
    whole: bool = False
    fields: dict[str, CellFrom] = {}
    attributes: dict[str, CellFrom] = {}
    events: tuple[EventFrom, ...] = ()
    refuse: tuple[RefuseIf, ...] = ()
    #: Columns that are neither read nor kept, as names or patterns (`*证件号码*`).
    ignored: tuple[str, ...] = ()
    #: What becomes of columns that nothing names: kept as attributes, or left out.
    further: Literal["attributes", "leave_out"] = "leave_out"
    #: Columns whose texts may hold, or look like, ID-card numbers.
    id_numbers_allowed: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Column with the number of the case, or the code of the item, that a row speaks of."""
        return self.case_no or self.item_code or ""

    @property
    def known_again(self) -> bool:
        """Whether what a row stated is looked up when the row comes again."""
        return self.version is not None or bool(self.deleted)

    @model_validator(mode="after")
    def _whole(self) -> "Table":
        if (self.case_no is None) == (self.item_code is None):
            raise ValueError("a table has either a `case_no` or an `item_code`")
        of, names = ("case", CASE_FIELDS) if self.case_no is not None else ("item", ITEM_FIELDS)
        unknown = [name for name in self.fields if name not in names]
        if unknown:
            raise ValueError(f"fields: no {of} field is called {unknown[0]!r}: {', '.join(names)}")
        if self.item_code is not None and (self.events or self.whole):
            raise ValueError("a table of items has no `events` and no `whole`")
        if self.case_no is not None and self.known_again:
            if self.source_key is None and not self.identifying:
                word = "version" if self.version is not None else "deleted"
                raise ValueError(f"{word}: the table needs a `source_key` or `identifying` columns")
            if any(event.identifying is not None for event in self.events):
                raise ValueError("events: `identifying` is that of the row where rows come again")
        slots = [event.slot for event in self.events]
        if len(set(slots)) != len(slots):
            raise ValueError("events: each needs a `slot` of its own")
        for name, cell in self.fields.items():
            if (cell.unit or cell.bare) is not None and name not in LIMIT_FIELDS:
                raise ValueError(f"fields: {name} takes no unit")
            if cell.or_limit is not None and name not in DUE_FIELDS:
                raise ValueError(f"fields: {name} takes no or_limit")
        dropped = [name for name in self.named() if self.ignores(name)]
        if dropped:
            raise ValueError(f"ignored: column {dropped[0]!r} is used")
        return self

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the table."""
        for event in self.events:
            yield from event.only
            yield from event.unless
        for refusal in self.refuse:
            yield from refusal.all
        yield from self.deleted

    def cells(self) -> Iterator[Cell]:
        """Every cell that something is made from."""
        yield from self.fields.values()
        yield from self.attributes.values()
        for event in self.events:
            yield from event.cells()

    def named(self) -> Iterator[str]:
        """Every column that the table names, those to be ignored left out."""
        yield self.subject
        for name in (self.source_key, self.version):
            if name is not None:
                yield name
        yield from self.recognised_by
        yield from self.required
        yield from self.identifying or ()
        yield from self.id_numbers_allowed
        for event in self.events:
            yield from event.identifying or ()
        for cell in self.cells():
            if cell.column is not None:
                yield cell.column
            if cell.unit is not None:
                yield cell.unit
        for condition in self.conditions():
            yield from condition.same_time or condition.before or ()
            if condition.column is not None:
                yield condition.column

    @property
    def states_case(self) -> bool:
        """Whether its rows state fields of a case."""
        return self.case_no is not None and bool(self.fields or self.attributes)

    def times(self) -> Iterator[str]:
        """Every column whose cells are read as times."""
        cells = [cell for name, cell in self.fields.items() if name in DUE_FIELDS]
        for event in self.events:
            cells += [cell for cell in (event.at, event.recorded_at, event.due_at) if cell]
        yield from (cell.column for cell in cells if cell.column is not None)
        for condition in self.conditions():
            yield from condition.same_time or condition.before or ()
        if self.version is not None:
            yield self.version

    def ignores(self, name: str) -> bool:
        """Whether a column is to be left unread."""
        plain = folded(name)
        return any(fnmatchcase(plain, folded_pattern(pattern)) for pattern in self.ignored)


def fits(pattern: str | None, name: str) -> bool:
    """Whether a name fits a pattern such as `*申请*`; without one every name does."""
    return pattern is None or fnmatchcase(name.casefold(), pattern.casefold())
