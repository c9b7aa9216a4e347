"""Rows to facts: what each row of a source says of its case, by a mapping. Every row gives exactly
one value, the facts or the reason why there are none, so that rows can be counted."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from efficiency_monitor.core.faults import CatalogueError, ConfigurationError
from efficiency_monitor.core.intake import RowFacts
from efficiency_monitor.core.vocabulary import Vocabulary
from efficiency_monitor.language import t

from .cells import Context
from .file_bytes import BytesRead
from .headers import Layout
from .mapping import SourceMapping
from .plan import Plan
from .rows import Quarantined, Row
from .table import EVENT_TYPES
from .tabular import read_rows
from .text_lines import ENCODINGS


def read_facts(
    path: Path,
    mapping: SourceMapping,
    context: Context,
    *,
    name: str | None = None,
    encodings: Sequence[str] = ENCODINGS,
    bytes_read: BytesRead | None = None,
) -> Iterator[RowFacts | Quarantined]:
    """Read a file and apply a mapping to it; see `read_rows` and `apply`."""
    file = str(path) if name is None else name
    rows = read_rows(
        path,
        layout=layout_of(mapping, file),
        name=file,
        encodings=encodings,
        bytes_read=bytes_read,
    )
    return apply(mapping, rows, context)


def layout_of(mapping: SourceMapping, file: str) -> Layout:
    """What `read_rows` must know of a mapping to find the headers in that file."""
    return _TablesOf(mapping, file)


def apply(
    mapping: SourceMapping, rows: Iterable[Row | Quarantined], context: Context
) -> Iterator[RowFacts | Quarantined]:
    """What the rows say, one value for each row, in order.

    Raises CatalogueError if the mapping names an event type that the vocabulary does not have,
    ConfigurationError if the columns of the rows fit no table of the mapping.
    """
    _check_types(mapping, context.vocabulary)
    plans: dict[tuple[str, str | None, tuple[str, ...]], Plan] = {}
    for row in rows:
        if isinstance(row, Quarantined):
            yield row
            continue
        header = (row.file, row.sheet, tuple(row.cells))
        plan = plans.get(header)
        if plan is None:
            plan = plans[header] = Plan(mapping, row)
        yield plan.read(row, context)


def case_calendars(
    mapping: SourceMapping, rows: Iterable[Row | Quarantined]
) -> Iterator[tuple[str, str]]:
    """Case number and calendar of every row that names a calendar.

    For a first pass over an import whose events may come before their cases: without it, times
    of those events would be read in the zone of the default calendar.
    """
    plans: dict[tuple[str, str | None, tuple[str, ...]], Plan] = {}
    for row in rows:
        if isinstance(row, Quarantined):
            continue
        header = (row.file, row.sheet, tuple(row.cells))
        plan = plans.get(header)
        if plan is None:
            plan = plans[header] = Plan(mapping, row)
        found = plan.calendar(row)
        if found is not None:
            yield found


class _TablesOf:
    """A mapping as the reader of one file sees it (`headers.Layout`)."""

    def __init__(self, mapping: SourceMapping, file: str) -> None:
        self._mapping = mapping
        self._file = file

    def is_header(self, cells: Sequence[str], sheet: str | None) -> bool:
        return self._mapping.table_of(cells, file=self._file, sheet=sheet) is not None

    def misfit(self, cells: Sequence[str]) -> ConfigurationError:
        return self._mapping.misfit(cells)

    def wanted(self, cells: Sequence[str], sheet: str | None) -> frozenset[str]:
        mapping, file = self._mapping, self._file
        own = mapping.table_of(cells, file=file, sheet=sheet)
        # Columns that other tables are known by stay: without them a row might fit another one.
        named = {name for table in mapping.tables for name in (*table.named(), *table.without)}
        columns = {mapping.resolve(name, cells, file=file) for name in sorted(named)}
        if own is not None and own.further == "attributes":
            columns |= {name for name in cells if not own.ignores(name)}
        return frozenset(name for name in columns if name)

    def times(self, cells: Sequence[str], sheet: str | None) -> frozenset[str]:
        own = self._mapping.table_of(cells, file=self._file, sheet=sheet)
        names = own.times() if own is not None else ()
        found = (self._mapping.resolve(name, cells, file=self._file) for name in names)
        return frozenset(name for name in found if name)


def _check_types(mapping: SourceMapping, vocabulary: Vocabulary) -> None:
    for table in mapping.tables:
        for event in table.events:
            codes = event.type.codes
            words = [event.type.value, event.type.default]
            if codes is not None and codes != EVENT_TYPES:
                words += mapping.codes[codes].values()
            for word in words:
                if word is not None and word not in vocabulary.types:
                    raise CatalogueError(
                        t(
                            f"映射 {mapping.id}：表 {table.name}：词表中没有事件类型 {word!r}",
                            f"mapping {mapping.id}: table {table.name}: the vocabulary has no "
                            f"event type {word!r}",
                        ),
                        t("请改正映射或补充词表", "mend the mapping, or add the type"),
                    )
