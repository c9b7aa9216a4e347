"""`effmon metrics`: how much waits and how old it is, for a monitoring system. Never a name."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from ..cards.store import cards
from ..intake.store import cases, feeds
from ..ledger.store import checkpoints, ledger
from ..notify.store import outbox
from ..records.matter_tables import NoticeRow, OrderRow
from ..records.tables import CaseRow, QuarantineRow
from ..scan.store import runs
from ..terms import Level
from ..time.instants import parse_instant
from ..workspace.context import Context
from . import store as command_records
from .prometheus import Figure, text

_NOTICE: Table = NoticeRow.__table__  # type: ignore[attr-defined]
_ORDER: Table = OrderRow.__table__  # type: ignore[attr-defined]
_CASE: Table = CaseRow.__table__  # type: ignore[attr-defined]
_QUARANTINE: Table = QuarantineRow.__table__  # type: ignore[attr-defined]
_DAY = 86_400


def gather(context: Context) -> str:
    """All figures as text."""
    now = context.now()
    with context.store.reading() as connection:
        return text([*_work(connection, now), *_nights(context, connection, now)])


def write(context: Context, path: Path) -> None:
    """Write the figures beside `path` and give them its name: readers see old or new, whole."""
    content = gather(context)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        # Who collects the figures is another user; they name nobody.
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _counted(connection: Connection, column: object) -> dict[str, int]:
    statement = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    return {str(value): int(count) for value, count in connection.execute(statement)}


def _work(connection: Connection, now: int) -> Iterator[Figure]:
    yield Figure("time_seconds", "When these figures were taken", {(): now})
    yield Figure(
        "cards",
        "Cards by level and state",
        {
            (("level", Level(level).word), ("state", state)): count
            for (level, state), count in cards.counts(connection).items()
        },
    )
    yield Figure(
        "cases",
        "Cases by outcome of the last scan that judged them",
        {
            (("outcome", outcome),): count
            for outcome, count in cases.outcome_totals(connection, -1).items()
        },
    )
    quarantined = _counted(connection, _QUARANTINE.c.state)
    yield Figure("quarantined_rows", "Rows in quarantine", {(): quarantined.get("open", 0)})
    states = _counted(connection, _NOTICE.c.state)
    yield Figure(
        "notices", "Notices by state", {(("state", state),): n for state, n in states.items()}
    )
    oldest = connection.execute(
        select(func.min(_NOTICE.c.created_at)).where(_NOTICE.c.state == "pending")
    ).scalar()
    yield Figure(
        "oldest_pending_notice_seconds",
        "Age of the oldest notice that waits, 0 where none does",
        {(): 0 if oldest is None else max(0, now - int(oldest))},
    )
    yield Figure(
        "dead_letters",
        "Notices that could not be delivered and still matter",
        {(): len(outbox.undelivered_rows(connection))},
    )
    yield Figure(
        "orders",
        "Supervision orders by state",
        {(("state", state),): n for state, n in _counted(connection, _ORDER.c.state).items()},
    )
    yield Figure(
        "failed_commands_day",
        "Commands of the last day that did not end with 0",
        {(): command_records.failed_since(connection, now - _DAY)},
    )


def _nights(context: Context, connection: Connection, now: int) -> Iterator[Figure]:
    yield Figure("ledger_entries", "Entries of the ledger", {(): ledger.size(connection)})
    for name, kind, said in (
        ("last_scan_age_seconds", "scan.done", "Time since the last scan"),
        ("last_backup_age_seconds", "backup.made", "Time since the last backup"),
    ):
        at = newest_of(context, connection, kind)
        yield Figure(name, said, {} if at is None else {(): max(0, now - at)})
    signed = [row.made_at for row in checkpoints.newest(connection)]
    yield Figure(
        "last_checkpoint_age_seconds",
        "Time since the ledger was last signed",
        {(): max(0, now - max(signed))} if signed else {},
    )
    history = runs.history(connection, "scan", 1000)
    finished = [row for row in history if row.finished_at is not None]
    if finished:
        yield Figure(
            "last_slot_seconds",
            "How long the last slot took",
            {(): finished[0].finished_at - finished[0].started_at},
        )
        totals = json.loads(finished[0].totals)
        yield Figure(
            "last_slot_evaluated", "Cases that it judged", {(): totals.get("evaluated", 0)}
        )
    counts: dict[str, int] = {}
    for row in history:
        counts[row.state] = counts.get(row.state, 0) + 1
    yield Figure(
        "slots", "The last 1000 slots by state", {(("state", s),): n for s, n in counts.items()}
    )
    newest = feeds.newest_data(connection, now)
    yield Figure(
        "source_age_seconds",
        "Age of a source's newest data",
        {
            (("source", name),): max(0, now - newest[name])
            for name in context.settings.sources
            if name in newest
        },
    )


def newest_of(context: Context, connection: Connection, kind: str) -> int | None:
    """When the newest entry of a type was made."""
    found = ledger.newest(connection, 1, kind)
    if not found:
        return None
    at, _ = parse_instant(json.loads(found[0])["at"], context.zone)
    return at
