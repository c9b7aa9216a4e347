"""A row whose columns fit no table of a mapping."""

from efficiency_monitor.faults import ConfigurationError

from ..formats.rows import Refusal, Row
from .mapping import SourceMapping
from .table import Table


class Misfit(ConfigurationError):
    """The columns of a row cannot be laid under a table; `refusal`, `column` and `value` say so of
    the single row."""

    def __init__(
        self, fault: ConfigurationError, refusal: Refusal, *, column: str = "", value: str
    ) -> None:
        super().__init__(fault.message, fault.hint)
        self.refusal = refusal
        self.column = column
        self.value = value


def table_of(mapping: SourceMapping, row: Row) -> Table:
    """The table of a mapping that a row belongs to; Misfit if there is none."""
    header = tuple(row.cells)
    table = mapping.table_of(header, file=row.file, sheet=row.sheet)
    if table is None:
        fault = mapping.misfit(header)
        placed = ConfigurationError(f"{row.file}: {fault.message}", fault.hint)
        raise Misfit(placed, Refusal.UNKNOWN_TABLE, value="、".join(header))
    return table
