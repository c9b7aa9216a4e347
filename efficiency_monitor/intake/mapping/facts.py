"""Rows to facts: what each row of a source says of its case, by a mapping. Every row gives exactly
one value, the facts or the reason why there are none, so that rows can be counted."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from efficiency_monitor.faults import CatalogueError, ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.intake.model.statements import RowFacts
from efficiency_monitor.rules.vocabulary import Vocabulary

from ..formats.file_bytes import BytesRead
from ..formats.headers import Layout
from ..formats.rows import Quarantined, Row, refuse
from ..formats.tabular import read_rows
from ..formats.text_lines import ENCODINGS
from .cells import Context
from .mapping import SourceMapping
from .misfit import Misfit
from .plan import Plan
from .table import EVENT_TYPES

#: Sets of columns of which the plan is kept; rows of JSON have as many as they like.
_MOST_PLANS: Final = 1_000


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
    """What the rows of one file say, one value for each row, in order.

    Raises CatalogueError if the mapping names an event type that the vocabulary does not have; at
    the end ConfigurationError if there were rows and not one fits a table of the mapping.
    """
    check_types(mapping, context.vocabulary)
    plans = Plans(mapping)
    for row in rows:
        yield row if isinstance(row, Quarantined) else plans.read(row, context)
    plans.close()


class Plans:
    """How a mapping reads the rows of a file, whose columns may differ from row to row."""

    def __init__(self, mapping: SourceMapping, *, source: str = "", prefix: str = "") -> None:
        self._mapping = mapping
        self._source = source
        self._prefix = prefix
        self._plans: dict[tuple[str, str | None, tuple[str, ...]], Plan | Misfit] = {}
        self._fits = False
        self._misfit: Misfit | None = None

    def read(self, row: Row, context: Context) -> RowFacts | Quarantined:
        """What the row says, or why it cannot be taken."""
        plan = self._plan(row)
        if isinstance(plan, Plan):
            return plan.read(row, context)
        kept = self._mapping.kept(row.cells)
        return refuse(row, plan.refusal, column=plan.column, value=plan.value, cells=kept)

    def calendar(self, row: Row) -> tuple[str, str] | None:
        """Case number and calendar, if the row names one."""
        plan = self._plan(row)
        return plan.calendar(row) if isinstance(plan, Plan) else None

    def case_no(self, row: Row) -> str | None:
        """Number of the case that the row speaks of, if it speaks of one."""
        plan = self._plan(row)
        return plan.case_no(row) if isinstance(plan, Plan) else None

    def close(self) -> None:
        """Raises what was wrong with the first row that fitted no table if none fitted one."""
        if self._misfit is not None and not self._fits:
            raise self._misfit

    def _plan(self, row: Row) -> Plan | Misfit:
        header = (row.file, row.sheet, tuple(row.cells))
        plan = self._plans.get(header)
        if plan is None:
            try:
                plan = Plan(self._mapping, row, source=self._source, prefix=self._prefix)
            except Misfit as misfit:
                self._misfit = self._misfit or misfit
                plan = misfit
            else:
                self._fits = True
            if len(self._plans) == _MOST_PLANS:
                self._plans.clear()
            self._plans[header] = plan
        return plan


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


def check_types(mapping: SourceMapping, vocabulary: Vocabulary) -> None:
    """CatalogueError if the mapping names an event type that the vocabulary does not have."""
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
                            "mapping {id}: table {name}: the vocabulary has no event type {word!r}",
                            id=mapping.id,
                            name=table.name,
                            word=word,
                        ),
                        t("mend the mapping, or add the type"),
                    )
