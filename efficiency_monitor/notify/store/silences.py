"""Silences: which stand, which have run out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row

from ...records.matter_tables import SilenceRow

SILENCE = SilenceRow.__table__  # type: ignore[attr-defined]


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write a silence."""
    connection.execute(insert(SILENCE).values(**values))


def find(connection: Connection, silence_no: str) -> Row | None:  # type: ignore[type-arg]
    """A silence by its number."""
    return connection.execute(select(SILENCE).where(SILENCE.c.silence_no == silence_no)).first()


def standing(connection: Connection, now: int) -> list[Row]:  # type: ignore[type-arg]
    """Silences that hold notices now, the one that ends last first."""
    return list(
        connection.execute(
            select(SILENCE)
            .where(
                SILENCE.c.ended_at.is_(None), SILENCE.c.starts_at <= now, SILENCE.c.ends_at > now
            )
            .order_by(SILENCE.c.ends_at.desc(), SILENCE.c.silence_no)
        )
    )


def run_out(connection: Connection, now: int) -> list[Row]:  # type: ignore[type-arg]
    """Silences whose end has come and is not recorded."""
    return list(
        connection.execute(
            select(SILENCE)
            .where(SILENCE.c.ended_at.is_(None), SILENCE.c.ends_at <= now)
            .order_by(SILENCE.c.ends_at, SILENCE.c.silence_no)
        )
    )


def end(
    connection: Connection, silence_no: str, *, at: int, by: str | None, reason: str | None
) -> bool:
    """Record the end of a silence that has none yet; whether it had none."""
    done = connection.execute(
        update(SILENCE)
        .where(SILENCE.c.silence_no == silence_no, SILENCE.c.ended_at.is_(None))
        .values(ended_at=at, ended_by=by, end_reason=reason)
    )
    return done.rowcount == 1


def listed(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Every silence, the newest first."""
    return list(
        connection.execute(
            select(SILENCE).order_by(SILENCE.c.starts_at.desc(), SILENCE.c.silence_no)
        )
    )
