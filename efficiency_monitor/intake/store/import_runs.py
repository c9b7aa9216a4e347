"""Imports as they begin and end; which have begun and not ended, so that their cases lack rows."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, insert, not_, or_, select, update

from ...records.tables import ImportRow
from . import cases
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks

IMPORT = ImportRow.__table__  # type: ignore[attr-defined]


class NamedFile(NamedTuple):
    """A file of an import: its name there, its size in bytes and SHA-256 in hex where known."""

    name: str
    bytes: int | None
    sha256: str | None


class Who(NamedTuple):
    """Who imports: a person, the key that was shown, the operating user."""

    person: str | None
    key_id: str | None
    os_user: str


class Run(NamedTuple):
    """What is kept of an import beside its rows."""

    source: str
    received_at: int
    pulled: bool
    files: Sequence[NamedFile]
    who: Who


def by_id(connection: Connection, ids: Collection[str]) -> dict[str, Run]:
    """Imports by their ids."""
    found: dict[str, Run] = {}
    for part in chunks(sorted(ids)):
        for row in connection.execute(select(IMPORT).where(IMPORT.c.id.in_(part))):
            found[row.id] = Run(
                row.source,
                row.received_at,
                bool(row.pulled),
                [NamedFile(**file) for file in json.loads(row.files)],
                Who(row.person, row.key_id, row.os_user),
            )
    return found


def count(connection: Connection) -> int:
    """How many imports have ever begun."""
    return int(connection.execute(select(func.count()).select_from(IMPORT)).scalar_one())


def begin(
    connection: Connection,
    run_id: str,
    *,
    mapping: str,
    source: str,
    files: Sequence[NamedFile],
    pulled: bool,
    who: Who,
    now: int,
) -> None:
    """Record that an import has begun: from now on its cases are torn, until it ends."""
    connection.execute(
        insert(IMPORT).values(
            id=run_id,
            mapping=mapping,
            source=source,
            files=json.dumps([file._asdict() for file in files], ensure_ascii=False),
            **who._asdict(),
            pulled=int(pulled),
            received_at=now,
            totals="{}",
        )
    )


def end(connection: Connection, run_id: str, *, totals: str, now: int, torn: str) -> list[str]:
    """Record that an import has ended, and with it those that broke off before the same files, or
    before the same source's pull; the ids of these.

    Cases that were not judged for the reason `torn` meanwhile are judged by the next scan.
    """
    mine = connection.execute(select(IMPORT).where(IMPORT.c.id == run_id)).one()
    files = _names(mine.files)
    before = connection.execute(
        select(IMPORT).where(
            IMPORT.c.finished_at.is_(None), IMPORT.c.source == mine.source, IMPORT.c.id != run_id
        )
    ).all()
    ended = [
        row.id
        for row in before
        if (row.pulled and mine.pulled)
        or (row.mapping == mine.mapping and _names(row.files) <= files)
    ]
    connection.execute(
        update(IMPORT).where(IMPORT.c.id.in_([run_id, *ended])).values(finished_at=now)
    )
    connection.execute(update(IMPORT).where(IMPORT.c.id == run_id).values(totals=totals))
    cases.mark_troubled(connection, torn)
    return sorted(ended)


def goes_on(connection: Connection, run_id: str) -> bool:
    """Whether an import has begun and nothing has ended it."""
    found = select(IMPORT.c.id).where(IMPORT.c.id == run_id, IMPORT.c.finished_at.is_(None))
    return connection.execute(found).first() is not None


def cases_of(connection: Connection, import_ids: Sequence[str]) -> list[int]:
    """Ids of the cases of which these imports brought rows."""
    found: set[int] = set()
    for part in chunks(list(import_ids)):
        found.update(
            connection.execute(select(CASE.c.id).where(CASE.c.import_id.in_(part))).scalars()
        )
        for table in (FACT, EVENT):
            rows = select(table.c.case_id).where(table.c.import_id.in_(part)).distinct()
            found.update(connection.execute(rows).scalars())
    return sorted(found)


def not_marked(
    connection: Connection,
    run_id: str,
    numbers: Mapping[str, tuple[int, int]],
    slot: int,
    begun_at: int,
) -> set[int]:
    """Ids of cases with rows of an import, between these numbers of each table, that count as not
    changed although they were not judged since it began.

    What was judged as of `slot`, the slot that is being run and was first begun at `begun_at`, was
    judged since, where the import had ended by then, however early the slot is: else a scan that
    catches up a slot before the import would begin anew each time it is broken off.
    """
    of_import = IMPORT.c.id == run_id
    since = select(IMPORT.c.received_at).where(of_import).scalar_subquery()
    ended = select(IMPORT.c.finished_at).where(of_import).scalar_subquery()
    by_slot = and_(CASE.c.judged_as_of == slot, func.coalesce(ended, begun_at) < begun_at)
    quiet = and_(
        CASE.c.changed == 0,
        or_(CASE.c.judged_as_of.is_(None), and_(CASE.c.judged_as_of <= since, not_(by_slot))),
    )
    found: set[int] = set()
    for table in (FACT, EVENT):
        first, last = numbers.get(table.name, (0, -1))
        rows = (
            select(CASE.c.id)
            .join(table, table.c.case_id == CASE.c.id)
            .where(table.c.id.between(first, last), table.c.import_id == run_id, quiet)
        )
        found.update(connection.execute(rows).scalars())
    first, last = numbers.get(WITHDRAWN.name, (0, -1))
    gone = (
        select(CASE.c.id)
        .join(EVENT, EVENT.c.case_id == CASE.c.id)
        .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
        .where(WITHDRAWN.c.number.between(first, last), WITHDRAWN.c.import_id == run_id, quiet)
    )
    found.update(connection.execute(gone).scalars())
    return found


def not_ended(connection: Connection) -> list[str]:
    """Ids of the imports of which the table says that they have not ended."""
    statement = select(IMPORT.c.id).where(IMPORT.c.finished_at.is_(None))
    return list(connection.execute(statement.order_by(IMPORT.c.id)).scalars())


def _names(files: str) -> set[str]:
    return {file["name"] for file in json.loads(files)}


def running_at(connection: Connection, instant: int) -> frozenset[int]:
    """When those imports began that had begun and not ended at an instant, or have begun since.

    What they brought after it was received at the instant when they began.
    """
    open_ = or_(IMPORT.c.finished_at.is_(None), IMPORT.c.finished_at >= instant)
    return frozenset(connection.execute(select(IMPORT.c.received_at).where(open_)).scalars())


def unfinished(
    connection: Connection, known_by: int | None, pulling: Collection[str]
) -> dict[str, Any]:
    """Imports that have begun and not ended, by id, as known by an instant (default: now).

    Of pulled ones only those of sources that are `pulling`: another pull will end them.
    """
    open_ = IMPORT.c.finished_at.is_(None)
    if known_by is not None:
        open_ = and_(IMPORT.c.received_at <= known_by, or_(open_, IMPORT.c.finished_at > known_by))
    meant: ColumnElement[bool] = or_(IMPORT.c.pulled == 0, IMPORT.c.source.in_(sorted(pulling)))
    return {row.id: row for row in connection.execute(select(IMPORT).where(open_, meant))}


def torn_cases(
    connection: Connection, case_ids: Sequence[int], imports: Collection[str]
) -> frozenset[int]:
    """Those of some cases that have rows of these imports, and may lack others."""
    if not imports:
        return frozenset()
    meant = sorted(imports)
    withdrawn = (
        select(EVENT.c.case_id)
        .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
        .where(EVENT.c.case_id.in_(case_ids), WITHDRAWN.c.import_id.in_(meant))
    )
    stated = (
        select(table.c.case_id).where(table.c.case_id.in_(case_ids), table.c.import_id.in_(meant))
        for table in (EVENT, FACT)
    )
    return frozenset(connection.execute(withdrawn.union(*stated)).scalars())
