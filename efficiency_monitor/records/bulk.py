"""Many rows at once: one statement on PostgreSQL, where each statement is a way to the server.

The rows go as one array a column (`unnest`), so no statement grows with their number. COPY was no
faster on batches of this size and leaves SQLAlchemy's path; the figures stand in
`docs/reliability.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

#: Where a row stands among those that were given.
PLACE = "place_given"
Rows = Sequence[Mapping[str, object]]
#: A column's value from the rows that are given.
Computed = Callable[[TableValuedAlias], ColumnElement[Any]]


def add(
    connection: Connection, table: Table, rows: Rows, computed: Mapping[str, Computed] | None = None
) -> None:
    """Insert rows that name the same columns, in their order. `computed` is for PostgreSQL alone.

    No default of the classes is filled in: every column without one in the database is named.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), [dict(row) for row in rows])
        return
    names = list(rows[0])
    given = _given(table, names)
    more = {name: make(given) for name, make in (computed or {}).items()}
    chosen = select(*(given.c[name] for name in names), *more.values()).order_by(given.c[PLACE])
    statement = insert(table).from_select([*names, *more], chosen, include_defaults=False)
    connection.execute(statement, _arrays(names, rows))


def change(
    connection: Connection, table: Table, rows: Rows, values: Mapping[str, object] | None = None
) -> None:
    """Set columns of the rows with these `id`s; `values` are the same for all."""
    if not rows:
        return
    fixed = dict(values or {})
    names = list(rows[0])
    if connection.dialect.name != "postgresql":
        own: dict[str, object] = {name: bindparam(f"b_{name}") for name in names if name != "id"}
        statement = update(table).where(table.c.id == bindparam("b_id")).values({**own, **fixed})
        marked = [{f"b_{name}": value for name, value in row.items()} for row in rows]
        connection.execute(statement, marked)
        return
    given = _given(table, names)
    own_values = {name: given.c[name] for name in names if name != "id"}
    connection.execute(
        update(table).where(table.c.id == given.c.id).values({**own_values, **fixed}),
        _arrays(names, rows),
    )


def _given(table: Table, names: Sequence[str]) -> TableValuedAlias:
    arrays = [bindparam(f"given_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    made = func.unnest(*arrays).table_valued(*columns, with_ordinality=PLACE, name="given")
    return made.render_derived()


def _arrays(names: Sequence[str], rows: Rows) -> dict[str, list[object]]:
    return {f"given_{name}": [row[name] for row in rows] for name in names}
