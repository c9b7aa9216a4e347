"""Whether each row that was set aside has an entry that says so, and each entry its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...i18n.messages import t
from ...intake.store import set_aside
from ..model.entries import EntryType

KINDS = (EntryType.INPUT_SET_ASIDE,)


@dataclass(slots=True)
class RowsSetAside:
    """What the ledger has said so far of rows that were set aside: table and number."""

    said: Counter[tuple[str, int]] = field(default_factory=Counter)

    def take(self, entry: Mapping[str, Any]) -> None:
        """Rows were set aside."""
        for table, numbers in entry["rows"].items():
            self.said.update((table, number) for number in numbers)

    def rows(self, connection: Connection) -> Iterator[str]:
        """The rows against the entries."""
        there = Counter((row.table_name, row.number) for row in set_aside.listed(connection))
        for table, number in sorted({*(there - self.said), *(self.said - there)}, key=str):
            yield t(
                "row {number} of table {table}: that it was set aside, row and ledger differ",
                number=number,
                table=table,
            )
