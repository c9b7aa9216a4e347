"""A mapping file: which columns, codes, units and time formats of a source mean what.

`SourceMapping` is the file as a model; it knows which of its tables a header belongs to. What a
row says by it is in `intake.mapping.facts`; how files are found and extended in
`intake.mapping.mapping_files`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Literal

from pydantic import Field, model_validator

from efficiency_monitor.catalogue.strict_yaml import parse_model
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.intake.model.statements import CASE_FIELDS
from efficiency_monitor.time.amount import Unit

from ..formats.headers import folded
from ..formats.rows import shown
from ..formats.text_lines import ENCODINGS, is_encoding
from .table import EVENT_TYPES, SUSPENSION_KINDS, Grammar, Table, Text, fits
from .times import STANDARD, compile_formats


class SourceMapping(Grammar):
    """One mapping file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Text
    #: Name of the mapping whose tables, and all that this file does not say itself, it has.
    extends: str | None = None
    #: Calendar of the cases whose row names none.
    calendar: str | None = None
    times: tuple[str, ...] = (STANDARD,)
    #: What the `recorded_at` of its events is: when somebody entered what had happened, or when it
    #: was transferred, which says nothing of that.
    recorded_at: Literal["entry", "transfer"] = "transfer"
    #: Encodings that a text without a byte-order mark may have, in the order they are tried.
    encodings: tuple[str, ...] = Field(default=ENCODINGS, min_length=1)
    #: Words that mean an empty cell.
    empty: tuple[str, ...] = ()
    #: Other names of a column.
    columns: dict[str, tuple[str, ...]] = Field(default={})
    #: Code tables; a code without a word is known and means nothing.
    codes: dict[str, dict[str, str | None]] = Field(default={})
    units: dict[str, Unit] = Field(default={})
    #: Attributes that every case of the source has, unless its own row says otherwise: marks by
    #: which rules tell what a source keeps (`entry_times: kept`).
    marks: dict[str, str] = Field(default={})
    tables: tuple[Table, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "SourceMapping":
        compile_formats(self.times)
        for encoding in self.encodings:
            if not is_encoding(encoding):
                raise ValueError(f"encodings: {encoding!r} is none that a text can have")
        _check_words("units", self.units)
        for name, words in self.codes.items():
            _check_words(f"codes: {name}", words)
        taken = sorted(self.marks.keys() & {*CASE_FIELDS, "case_no"})
        if taken:
            raise ValueError(f"marks: {taken[0]!r} is a field of cases, not a mark")
        names = [table.name for table in self.tables]
        if len(set(names)) != len(names):
            raise ValueError("tables: each needs a name of its own")
        reserved = {EVENT_TYPES, SUSPENSION_KINDS}
        if reserved & self.codes.keys():
            raise ValueError(f"codes: {', '.join(sorted(reserved))} come from the vocabulary")
        for table in self.tables:
            used = {cell.codes for cell in table.cells()} | {c.codes for c in table.conditions()}
            missing = used - self.codes.keys() - reserved - {None}
            if missing:
                name = min(map(str, missing))
                raise ValueError(f"table {table.name}: no code table is called {name!r}")
            owners: dict[str, str] = {}
            for name in table.named():
                for other in (name, *self.columns.get(name, ())):
                    owner = owners.setdefault(folded(other), name)
                    if owner != name:
                        raise ValueError(
                            f"table {table.name}: {other!r} is a name of both {owner} and {name}"
                        )
        return self

    @cached_property
    def formats(self) -> tuple[re.Pattern[str], ...]:
        """The accepted time formats, in order."""
        return compile_formats(self.times)

    @cached_property
    def unit_words(self) -> Mapping[str, Unit]:
        """Units by their folded words, the contract's own among them."""
        return {str(unit): unit for unit in Unit} | {
            folded(word): unit for word, unit in self.units.items()
        }

    @cached_property
    def code_tables(self) -> Mapping[str, Mapping[str, str | None]]:
        """Code tables by folded codes."""
        return {
            name: {folded(code): word for code, word in table.items()}
            for name, table in self.codes.items()
        }

    @cached_property
    def empty_words(self) -> frozenset[str]:
        """Cells that mean nothing, the empty one among them."""
        return frozenset(("", *self.empty))

    def shared_fields(self, table: Table, *, versioned: bool) -> frozenset[str]:
        """Case fields of a table that others state too, those with a `version` or those without."""
        others = [
            other
            for other in self.tables
            if other is not table
            and other.case_no is not None
            and (other.version is not None) == versioned
        ]
        return frozenset(
            name for name in _stated(table) if any(name in _stated(other) for other in others)
        )

    def kept(self, cells: Mapping[str, str]) -> dict[str, str]:
        """What may be kept of a row whose table is unknown: what no table leaves unread."""
        return {
            name: text
            for name, text in cells.items()
            if not any(table.ignores(name) for table in self.tables)
        }

    def resolve(self, name: str, header: Iterable[str], *, file: str) -> str | None:
        """The column of a file's header that a name in this mapping means; None if it has none.

        ConfigurationError if it has two.
        """
        wanted = {folded(other) for other in (name, *self.columns.get(name, ()))}
        found = [column for column in header if folded(column) in wanted]
        if len(found) > 1:
            raise ConfigurationError(
                t(
                    "{file}: by mapping {id}, columns {found!r} and {found_2!r} are the same",
                    file=file,
                    id=self.id,
                    found=found[0],
                    found_2=found[1],
                ),
                t("remove one of them"),
            )
        return found[0] if found else None

    def table_of(self, header: Sequence[str], *, file: str, sheet: str | None) -> Table | None:
        """The table that these columns belong to; None if they fit none or two equally well."""
        plain = {folded(name) for name in header if name}
        fitting = [
            table
            for table in self.tables
            if fits(table.file, PurePath(file).name)
            and (table.sheet is None or (sheet is not None and fits(table.sheet, sheet)))
            and all(self._has(plain, name) for name in table.recognised_by)
            and not any(self._has(plain, name) for name in table.without)
        ]
        most = max((len(table.recognised_by) for table in fitting), default=0)
        best = [table for table in fitting if len(table.recognised_by) == most]
        return best[0] if len(best) == 1 else None

    def misfit(self, header: Sequence[str]) -> ConfigurationError:
        """Why no table fits these columns: what the nearest one lacks."""
        plain = {folded(name) for name in header if name}
        lacking = {
            table.name: [name for name in table.recognised_by if not self._has(plain, name)]
            for table in self.tables
        }
        nearest = min(
            self.tables,
            key=lambda table: (
                any(self._has(plain, name) for name in table.without),
                len(lacking[table.name]) / len(table.recognised_by),
            ),
        )
        columns = shown("、".join(name for name in header if name), 200)
        missing = "、".join(lacking[nearest.name]) or "-"
        return ConfigurationError(
            t(
                "the columns ({columns}) fit no table of mapping {id}, or two alike; the nearest, "
                "{name}, lacks: {missing}",
                columns=columns,
                id=self.id,
                name=nearest.name,
                missing=missing,
            ),
            t("name another --mapping, or mend the header"),
        )

    def _has(self, plain: set[str], name: str) -> bool:
        return any(folded(other) in plain for other in (name, *self.columns.get(name, ())))


def _stated(table: Table) -> set[str]:
    limits = {cell.or_limit for cell in table.fields.values() if cell.or_limit}
    return {*table.fields, *table.attributes, *limits}


def _check_words(part: str, words: Mapping[str, str] | Mapping[str, str | None]) -> None:
    """ValueError if two words that are read as the same mean different things."""
    seen: dict[str, str] = {}
    for word, meaning in words.items():
        first = seen.setdefault(folded(word), word)
        if words[first] != meaning:
            raise ValueError(f"{part}: {first!r} and {word!r} are the same and mean two things")


def load_mapping(text: str, source: str) -> SourceMapping:
    """Read a mapping file; `source` names it in faults. CatalogueError with file:line:col."""
    return parse_model(text, source, SourceMapping)
