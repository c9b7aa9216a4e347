"""Rows of `command_record`: appended, listed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from .operation_tables import CommandRow

COMMAND = CommandRow.__table__  # type: ignore[attr-defined]


def add(connection: Connection, values: Mapping[str, object]) -> None:
    """Append one."""
    connection.execute(insert(COMMAND), [dict(values)])


def listed(connection: Connection, *, failed: bool, since: int | None, most: int) -> list[Row[Any]]:
    """The newest ones, oldest first; those that did not end with 0, or none before an instant."""
    statement = select(COMMAND).order_by(COMMAND.c.id.desc()).limit(most)
    if failed:
        statement = statement.where(COMMAND.c.exit_code != 0)
    if since is not None:
        statement = statement.where(COMMAND.c.at >= since)
    return list(connection.execute(statement))[::-1]


def failed_since(connection: Connection, since: int) -> int:
    """How many commands did not end with 0 since an instant."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(COMMAND)
            .where(COMMAND.c.exit_code != 0, COMMAND.c.at >= since)
        ).scalar_one()
    )
