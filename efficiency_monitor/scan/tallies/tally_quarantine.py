"""Cases of which a row waits in quarantine: their data are not complete."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection

from ...engine.tally_rows import CaseRow
from ...faults import EffmonError
from ...intake import quarantine
from ...intake.mapping import mapping_files
from ...intake.mapping.mapping import SourceMapping
from ...workspace.context import Context


def with_quarantine(
    context: Context, connection: Connection, cases: tuple[CaseRow, ...]
) -> tuple[CaseRow, ...]:
    """The cases, those incomplete too of which a row waits in quarantine."""
    numbers = waiting(context, connection)
    if not numbers:
        return cases
    return tuple(
        replace(case, incomplete=True) if case.case_no in numbers else case for case in cases
    )


def waiting(context: Context, connection: Connection) -> frozenset[str]:
    """The numbers of cases of which a row waits in quarantine."""
    return frozenset(_waiting(context, connection))


def _waiting(context: Context, connection: Connection) -> Iterator[str]:
    """The numbers of cases that rows in quarantine speak of, as far as they say it."""
    known: dict[str, SourceMapping | None] = {}
    for row in quarantine.listed(connection):
        if row.mapping not in known:
            known[row.mapping] = None
            with suppress(EffmonError):  # the mapping is not there any more
                known[row.mapping] = mapping_files.find_mapping(
                    row.mapping, context.catalogue.folder / "mappings"
                )
        mapping = known[row.mapping]
        if mapping is None:
            continue
        cells = json.loads(row.content)
        with suppress(EffmonError):
            table = mapping.table_of(tuple(cells), file=row.file, sheet=row.sheet)
            if table is not None:
                column = mapping.resolve(table.subject, tuple(cells), file=row.file)
                if column and cells.get(column):
                    yield str(cells[column]).strip()
