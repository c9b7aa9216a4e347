"""Pulls of sources, how far each table was read, and which cases a full snapshot does not hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update
from sqlalchemy.engine import Row

from ...records.feed_tables import FeedCursor, FeedRun
from .cases import CASE, EVENT, FACT, chunks

RUN = FeedRun.__table__  # type: ignore[attr-defined]
CURSOR = FeedCursor.__table__  # type: ignore[attr-defined]


def begin(
    connection: Connection,
    *,
    run_id: str,
    source: str,
    kind: str,
    now: int,
    as_of: int,
    slot: int | None,
) -> None:
    """A run of a source begins. Pulls of it that nobody finished were interrupted.

    Only another pull can know: it has the source's lock, an import goes on beside a pull.
    """
    if kind == "pull":
        for was, state in (("running", "failed"), ("importing", "half")):
            connection.execute(
                update(RUN)
                .where(RUN.c.source == source, RUN.c.kind == "pull", RUN.c.state == was)
                .values(state=state, finished_at=now, message="interrupted")
            )
    connection.execute(
        insert(RUN).values(
            id=run_id,
            source=source,
            kind=kind,
            state="running",
            started_at=now,
            as_of=as_of,
            slot=slot,
        )
    )


def finish(connection: Connection, run_id: str, **values: Any) -> None:
    """Close a run with its `state`, `finished_at`, `as_of`, `pages`, `bytes`, `totals`, message."""
    connection.execute(update(RUN).where(RUN.c.id == run_id).values(**values))


def state_of(connection: Connection, run_id: str | None) -> str:
    """State of a run, empty where there is none of that id."""
    return connection.execute(select(RUN.c.state).where(RUN.c.id == run_id)).scalar() or ""


def newest_data(
    connection: Connection, known_by: int, pulled: Collection[str] = ()
) -> dict[str, int]:
    """As of which instant each source was last read whole, as known by another.

    Those that are `pulled` are read whole by a pull alone.
    """
    statement = (
        select(RUN.c.source, func.max(RUN.c.as_of))
        .where(RUN.c.state == "done", RUN.c.finished_at <= known_by, RUN.c.as_of <= known_by)
        .where(or_(RUN.c.kind == "pull", RUN.c.source.not_in(sorted(pulled))))
        .group_by(RUN.c.source)
    )
    return {row[0]: int(row[1]) for row in connection.execute(statement)}


def half_taken(connection: Connection, known_by: int) -> set[str]:
    """Sources of which a pull has written some batches and not all of them: it imports now, or it
    broke off there and none has ended well since."""
    torn = (
        select(RUN.c.source, func.max(RUN.c.seq).label("seq"))
        .where(RUN.c.state.in_(("importing", "half")), RUN.c.started_at <= known_by)
        .group_by(RUN.c.source)
        .subquery()
    )
    mended = exists().where(
        RUN.c.source == torn.c.source,
        RUN.c.seq > torn.c.seq,
        RUN.c.kind == "pull",
        RUN.c.state == "done",
        RUN.c.finished_at <= known_by,
    )
    return set(connection.execute(select(torn.c.source).where(~mended)).scalars())


def history(connection: Connection, source: str | None, most: int) -> list[Row[Any]]:
    """Newest runs first."""
    statement = select(RUN).order_by(RUN.c.seq.desc()).limit(most)
    if source is not None:
        statement = statement.where(RUN.c.source == source)
    return list(connection.execute(statement))


def newest_run(connection: Connection, source: str) -> Row[Any] | None:
    """The run of a source that began last."""
    found = history(connection, source, 1)
    return found[0] if found else None


def broken_off(connection: Connection, source: str, slot: int) -> int:
    """Pulls of a source for a slot whose process did not live to say how they ended."""
    ended = or_(RUN.c.state.in_(("running", "importing")), RUN.c.message == "interrupted")
    found = select(func.count()).where(RUN.c.source == source, RUN.c.slot == slot, ended)
    return int(connection.execute(found).scalar_one())


def cursors(connection: Connection, source: str) -> dict[str, str]:
    """How far each table of a source was read."""
    rows = connection.execute(select(CURSOR).where(CURSOR.c.source == source))
    return {row.table: row.value for row in rows}


def set_cursors(connection: Connection, source: str, values: Mapping[str, str]) -> None:
    """Replace the cursors of a source."""
    connection.execute(delete(CURSOR).where(CURSOR.c.source == source))
    if values:
        connection.execute(
            insert(CURSOR),
            [
                {"source": source, "table": table, "value": value}
                for table, value in sorted(values.items())
            ],
        )


def known_ids(connection: Connection, source: str, numbers: Collection[str]) -> dict[str, int]:
    """Row ids of those cases of a source that have one of these numbers."""
    found: dict[str, int] = {}
    for part in chunks(sorted(numbers)):
        rows = connection.execute(
            select(CASE.c.case_no, CASE.c.id).where(
                CASE.c.owner == source, CASE.c.case_no.in_(part)
            )
        )
        found |= {row.case_no: row.id for row in rows}
    return found


def most_id(connection: Connection) -> int:
    """The highest row id of a case; 0 where there is none."""
    return int(connection.execute(select(func.max(CASE.c.id))).scalar() or 0)


def watched(connection: Connection, source: str) -> Iterator[Sequence[Row[Any]]]:
    """Id, number and `vanished_at` of the source's cases that are open or had vanished."""
    after = 0
    while True:
        rows = connection.execute(
            select(CASE.c.id, CASE.c.case_no, CASE.c.open, CASE.c.vanished_at)
            .where(
                CASE.c.owner == source,
                CASE.c.id > after,
                or_(CASE.c.open == 1, CASE.c.vanished_at.is_not(None)),
            )
            .order_by(CASE.c.id)
            .limit(500)
        ).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def received_after(connection: Connection, ids: Sequence[int], instant: int) -> set[int]:
    """Of these cases, those of which something was received after an instant."""
    found: set[int] = set()
    for part in chunks(list(ids)):
        for table in (FACT, EVENT):
            rows = connection.execute(
                select(table.c.case_id)
                .where(table.c.case_id.in_(part), table.c.received_at > instant)
                .distinct()
            )
            found.update(rows.scalars())
    return found


def set_vanished(connection: Connection, ids: Sequence[int], at: int | None) -> None:
    """Say since when cases are missing from their source; None: they are there again."""
    for part in chunks(list(ids)):
        connection.execute(update(CASE).where(CASE.c.id.in_(part)).values(vanished_at=at))


def counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Open cases, and those of them that have vanished, by source."""
    rows = connection.execute(
        select(CASE.c.owner, func.count(), func.count(CASE.c.vanished_at))
        .where(CASE.c.open == 1)
        .group_by(CASE.c.owner)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def vanished_counts(connection: Connection) -> dict[str, int]:
    """Open cases that have vanished, by source. Costs what has vanished."""
    rows = connection.execute(
        select(CASE.c.owner, func.count())
        .where(CASE.c.vanished_at.is_not(None), CASE.c.open == 1)
        .group_by(CASE.c.owner)
    )
    return {row[0]: int(row[1]) for row in rows}
