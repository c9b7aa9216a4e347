"""The header row of a table: found below title rows, checked, and laid over the data rows."""

import unicodedata
from collections.abc import Sequence
from typing import Final, Protocol

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .rows import Quarantined, Refusal, Row, printable, refuse, shown


class Layout(Protocol):
    """What the reader must know of a mapping: which rows are headers of its tables."""

    def is_header(self, cells: Sequence[str], sheet: str | None) -> bool:
        """Whether these names are the header of a table, on that sheet (None: no sheets)."""

    def misfit(self, cells: Sequence[str]) -> ConfigurationError:
        """Why these names are not."""

    def wanted(self, cells: Sequence[str], sheet: str | None) -> frozenset[str]:
        """Which columns under such a header are read at all; ConfigurationError if two of them
        would be the same one."""

    def times(self, cells: Sequence[str], sheet: str | None) -> frozenset[str]:
        """Which of them hold times."""


#: How far down a header may stand.
MOST_TITLE_ROWS: Final = 20
MOST_COLUMNS: Final = 2_000
#: What surrounds a cell's text without being part of it, besides what `strip` knows.
_EDGES: Final = (
    " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000\ufeff\u200b\u200c\u200d\u2060"
)


def trimmed(text: str) -> str:
    """The text without surrounding blanks, full-width and invisible ones included."""
    return text.strip(_EDGES)


def column_name(text: str) -> str:
    """A column's name as it is kept: on one line, and storable whatever the file holds."""
    name = " ".join(trimmed(text).split())
    return name if name.isprintable() else printable(name)


def folded(name: str) -> str:
    """A column name as names are compared: width, case, blanks and a closing asterisk aside."""
    return folded_pattern(trimmed(name).rstrip("*＊"))


def folded_pattern(pattern: str) -> str:
    """A pattern of column names (`*证件*`) as it is compared with folded names."""
    return "".join(unicodedata.normalize("NFKC", trimmed(pattern)).casefold().split())


def find_header(
    rows: Sequence[Sequence[str]], sheet: str | None, layout: Layout | None
) -> tuple[int, list[str]] | None:
    """Which of the first rows is the header, and its names; None if there is none.

    Without `layout`, the first row with at least two texts is taken, else the first with one.
    """
    if layout is None:
        return _likely_header(rows)
    for index, cells in enumerate(rows[: MOST_TITLE_ROWS + 1]):
        if layout.is_header(cells, sheet):
            return index, list(cells)
    return None


def misfit(layout: Layout, names: Sequence[str], place: str, number: int) -> ConfigurationError:
    """The layout's reason why the names of that row are no header, with the place."""
    fault = layout.misfit(names)
    row = t("row {number}", number=number)
    return ConfigurationError(f"{place}: {row}: {fault.message}", fault.hint)


def _likely_header(rows: Sequence[Sequence[str]]) -> tuple[int, list[str]] | None:
    for least in (2, 1):
        for index, cells in enumerate(rows[: MOST_TITLE_ROWS + 1]):
            # A row of delimiters, read with another delimiter, is no name.
            if sum(any(map(str.isalnum, cell)) for cell in cells) >= least:
                return index, list(cells)
    return None


class Header:
    """The names of a table's columns; an empty one has no name and may hold nothing.

    ConfigurationError if two columns have one name: which of them is meant cannot be known.
    """

    def __init__(self, names: Sequence[str], *, file: str, sheet: str | None, number: int) -> None:
        cleaned = [column_name(name) for name in names]
        while cleaned and not cleaned[-1]:
            cleaned.pop()
        place = file if sheet is None else f"{file} [{sheet}]"
        seen: dict[str, int] = {}
        for column, name in enumerate(cleaned, start=1):
            first = seen.setdefault(folded(name), column) if name else column
            if first != column:
                said = shown(name)
                raise ConfigurationError(
                    t(
                        "{place}: row {number}: columns {first} and {column} are both called "
                        "{said!r}",
                        place=place,
                        number=number,
                        first=first,
                        column=column,
                        said=said,
                    ),
                    t("rename one of the two"),
                )
        if len(cleaned) > MOST_COLUMNS:
            raise ConfigurationError(
                t(
                    "{place}: row {number}: more than {most_columns} columns",
                    place=place,
                    number=number,
                    most_columns=MOST_COLUMNS,
                ),
                t("check the delimiter and the header"),
            )
        self.names = tuple(cleaned)
        self._file = file
        self._sheet = sheet

    def row(self, number: int, cells: Sequence[str], *, whole: bool) -> Row | Quarantined | None:
        """A data row; None if it is blank.

        A row with a text outside the named columns is refused, and so is one that ends early if
        `whole` says that the format writes every cell: it may have been cut off.
        """
        values = [trimmed(cell) for cell in cells]
        if not any(values):
            return None
        row = Row(
            file=self._file,
            sheet=self._sheet,
            number=number,
            cells={name: value for name, value in zip(self.names, values, strict=False) if name},
        )
        if len(values) == len(self.names) == len(row.cells) or self._fits(values, whole=whole):
            return storable(row)
        extra = {f"#{place + 1}": values[place] for place in self._nameless(values)}
        return refuse(
            row,
            Refusal.RAGGED,
            column=next(iter(extra), ""),
            value=f"{len(values)} ≠ {len(self.names)}",
            cells={**row.cells, **extra},
        )

    def _fits(self, values: Sequence[str], *, whole: bool) -> bool:
        return not self._nameless(values) and (not whole or len(values) >= len(self.names))

    def _nameless(self, values: Sequence[str]) -> list[int]:
        """Places of texts that stand under no name."""
        return [
            place
            for place, value in enumerate(values)
            if value and not (place < len(self.names) and self.names[place])
        ]


def storable(row: Row) -> Row | Quarantined:
    """The row, refused if it holds what is no text or what a database cannot keep."""
    for name, value in row.cells.items():
        if value.isprintable():
            continue
        if "\0" in value:
            return refuse(row, Refusal.NUL, column=name)
        if any("\ud800" <= char <= "\udfff" for char in value):
            return refuse(row, Refusal.UNDECODABLE, column=name)
    return row
