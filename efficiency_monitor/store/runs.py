"""Slots of jobs: claimed in one statement, held by a lease, guarded by a fence."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.engine import Row

from ..core.faults import Locked
from .tables import RunRow

RUN = RunRow.__table__  # type: ignore[attr-defined]

_CLAIM = text(
    "INSERT INTO run (job, scheduled_for, run_id, state, owner, fence, lease_until, started_at,"
    " totals) VALUES (:job, :slot, :run_id, 'running', :owner, 1, :lease, :now, '{}')"
    " ON CONFLICT (job, scheduled_for) DO UPDATE SET owner = :owner, state = 'running',"
    " run_id = :run_id, lease_until = :lease, fence = run.fence + 1"
    " WHERE (run.state = 'running' AND run.lease_until < :now) OR run.state = 'failed'"
    " RETURNING fence"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A slot that this process runs; `fence` grows with every claim of the slot."""

    job: str
    slot: int
    owner: str
    fence: int


def claim(
    connection: Connection, *, job: str, slot: int, run_id: str, owner: str, now: int, lease: int
) -> Claim | None:
    """Take a slot, or None where another holds it or has done it."""
    fence = connection.execute(
        _CLAIM,
        {
            "job": job,
            "slot": slot,
            "run_id": run_id,
            "owner": owner,
            "now": now,
            "lease": now + lease,
        },
    ).scalar()
    return None if fence is None else Claim(job, slot, owner, int(fence))


def hold(connection: Connection, claim: Claim, lease_until: int) -> None:
    """Lengthen the lease in a batch's own transaction; Locked if the slot was taken over."""
    found = connection.execute(
        update(RUN)
        .where(
            RUN.c.job == claim.job,
            RUN.c.scheduled_for == claim.slot,
            RUN.c.fence == claim.fence,
            RUN.c.owner == claim.owner,
            RUN.c.state == "running",
        )
        .values(lease_until=lease_until)
    ).rowcount
    if found != 1:
        raise Locked(
            "another process has taken over this slot", "nothing was lost; it goes on with the rest"
        )


def finish(
    connection: Connection, claim: Claim, *, state: str, now: int, totals: str, message: str | None
) -> None:
    """Close a slot that this process holds."""
    connection.execute(
        update(RUN)
        .where(
            RUN.c.job == claim.job,
            RUN.c.scheduled_for == claim.slot,
            RUN.c.fence == claim.fence,
            RUN.c.owner == claim.owner,
        )
        .values(state=state, finished_at=now, totals=totals, message=message)
    )


def skip(connection: Connection, *, job: str, slots: Sequence[int], run_id: str, now: int) -> None:
    """Record slots that are too old to be caught up."""
    for slot in slots:
        connection.execute(
            insert(RUN).values(
                job=job,
                scheduled_for=slot,
                run_id=run_id,
                state="skipped",
                owner="",
                fence=0,
                lease_until=0,
                started_at=now,
                finished_at=now,
                totals="{}",
            )
        )


def newest_finished(connection: Connection, job: str) -> int | None:
    """Newest slot of a job that is done or skipped and has no unfinished slot before it."""
    rows = connection.execute(
        select(RUN.c.scheduled_for, RUN.c.state)
        .where(RUN.c.job == job)
        .order_by(RUN.c.scheduled_for)
    )
    newest = None
    for row in rows:
        if row.state not in ("done", "skipped"):
            break
        newest = row.scheduled_for
    return newest


def history(connection: Connection, job: str | None, most: int) -> list[Row]:  # type: ignore[type-arg]
    """Newest slots first."""
    statement = select(RUN).order_by(RUN.c.scheduled_for.desc(), RUN.c.job).limit(most)
    if job is not None:
        statement = statement.where(RUN.c.job == job)
    return list(connection.execute(statement))
