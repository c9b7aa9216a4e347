"""Slots of jobs: claimed in one statement, held by a lease, guarded by a fence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, text, update
from sqlalchemy.engine import Row

from ...faults import DoneElsewhere
from ...records.tables import RunRow

RUN = RunRow.__table__  # type: ignore[attr-defined]
#: Of the totals of a slot that is not done: what was done for it so far.
SO_FAR = "so_far"
#: State of a slot that was run under a clock that had run ahead: it is run again.
TAKEN_BACK = "taken_back"

_CLAIM = text(
    "INSERT INTO run (job, scheduled_for, run_id, state, owner, fence, lease_until, started_at,"
    " totals) VALUES (:job, :slot, :run_id, 'running', :owner, 1, :lease, :now, '{}')"
    " ON CONFLICT (job, scheduled_for) DO UPDATE SET owner = :owner, state = 'running',"
    " run_id = :run_id, lease_until = :lease, fence = run.fence + 1, finished_at = NULL,"
    " message = NULL"
    " WHERE run.state IN ('failed', 'taken_back')"
    " OR (run.state = 'running' AND (run.lease_until < :clock OR run.owner = :gone))"
    " RETURNING fence"
)
_SKIP = text(
    "INSERT INTO run (job, scheduled_for, run_id, state, owner, fence, lease_until, started_at,"
    " finished_at, totals) VALUES (:job, :slot, :run_id, 'skipped', '', 0, 0, :now, :now, '{}')"
    " ON CONFLICT (job, scheduled_for) DO UPDATE SET state = 'skipped', fence = run.fence + 1,"
    " finished_at = :now"
    " WHERE run.state IN ('failed', 'taken_back')"
    " OR (run.state = 'running' AND run.lease_until < :clock)"
    " RETURNING scheduled_for"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A slot that this process runs; `fence` grows with every claim of the slot."""

    job: str
    slot: int
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class Helper:
    """A slot that another process runs and this one helps with."""

    job: str
    slot: int


def claim(
    connection: Connection,
    *,
    job: str,
    slot: int,
    run_id: str,
    owner: str,
    now: int,
    lease: int,
    clock: int | None = None,
    gone: str = "",
) -> Claim | None:
    """Take a slot, or None where another holds it or has done it.

    Leases go by `clock`, the one that all machines share; by `now` where it is not given. `gone`
    is an owner that is known to have died: its lease need not run out first.
    """
    fence = connection.execute(
        _CLAIM,
        {
            "job": job,
            "slot": slot,
            "run_id": run_id,
            "owner": owner,
            "now": now,
            "clock": now if clock is None else clock,
            "lease": (now if clock is None else clock) + lease,
            "gone": gone,
        },
    ).scalar()
    return None if fence is None else Claim(job, slot, owner, int(fence))


def state_of(connection: Connection, job: str, slot: int) -> tuple[str, str]:
    """State and owner of a slot; both empty where nobody has begun it."""
    row = connection.execute(
        select(RUN.c.state, RUN.c.owner).where(RUN.c.job == job, RUN.c.scheduled_for == slot)
    ).first()
    return ("", "") if row is None else (row.state, row.owner)


def begun_at(connection: Connection, job: str, slot: int) -> int:
    """When a slot was first claimed, in unix seconds; 0 where nobody has begun it."""
    found = select(RUN.c.started_at).where(RUN.c.job == job, RUN.c.scheduled_for == slot)
    return connection.execute(found).scalar() or 0


def still_runs(connection: Connection, helper: Helper) -> bool:
    """Whether the slot is being run: what a helper checks in each of its transactions."""
    return state_of(connection, helper.job, helper.slot)[0] == "running"


def _held_by(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        RUN.c.job == claim.job,
        RUN.c.scheduled_for == claim.slot,
        RUN.c.fence == claim.fence,
        RUN.c.owner == claim.owner,
    )


def hold(connection: Connection, claim: Claim, lease_until: int) -> None:
    """Lengthen the lease in a batch's own transaction; DoneElsewhere if the slot was taken
    over."""
    found = connection.execute(
        update(RUN)
        .where(*_held_by(claim), RUN.c.state == "running")
        .values(lease_until=lease_until)
    ).rowcount
    if found != 1:
        raise DoneElsewhere(
            "another process has taken over this slot", "nothing was lost; it goes on with the rest"
        )


def count(connection: Connection, slot: Claim | Helper, more: Mapping[str, int]) -> dict[str, int]:
    """Add to what was done for a slot so far, by whoever; the sums. In a batch's own transaction.

    So a slot that was helped with, taken over or begun again says at its end what was done for it.
    """
    this = (RUN.c.job == slot.job, RUN.c.scheduled_for == slot.slot)
    kept = json.loads(connection.execute(select(RUN.c.totals).where(*this)).scalar_one())
    before: dict[str, int] = kept.get(SO_FAR, {})
    sums = {name: before.get(name, 0) + number for name, number in more.items()}
    if any(more.values()):
        kept = json.dumps({SO_FAR: sums}, separators=(",", ":"))
        connection.execute(update(RUN).where(*this).values(totals=kept))
    return sums


def finish(
    connection: Connection,
    claim: Claim,
    *,
    state: str,
    now: int,
    message: str | None,
    totals: str | None = None,
) -> bool:
    """Close a slot that this process holds; False, and nothing happens, if it was taken over or
    is closed already: a connection that is lost in COMMIT does not say that it was.

    Without `totals` what was counted so far stays.
    """
    values: dict[str, object] = {"state": state, "finished_at": now, "message": message}
    if totals is not None:
        values["totals"] = totals
    held = (*_held_by(claim), RUN.c.state == "running")
    found = connection.execute(update(RUN).where(*held).values(**values))
    return found.rowcount == 1


def skip(
    connection: Connection,
    *,
    job: str,
    slots: Sequence[int],
    run_id: str,
    now: int,
    clock: int | None = None,
) -> list[int]:
    """Record slots that are too old to be caught up; those that were not recorded before.

    A slot that failed or was left behind by a process that died is given up; one that is done or
    still held is left alone; leases go by `clock` as in `claim`.
    """
    values = {"job": job, "run_id": run_id, "now": now, "clock": now if clock is None else clock}
    return [
        slot
        for slot in slots
        if connection.execute(_SKIP, {**values, "slot": slot}).scalar() is not None
    ]


def later(connection: Connection, after: int) -> bool:
    """Whether something became of a slot after an instant."""
    found = select(RUN.c.job).where(RUN.c.scheduled_for > after, RUN.c.state != TAKEN_BACK)
    return connection.execute(found.limit(1)).first() is not None


def take_back(connection: Connection, after: int, clock: int) -> list[int]:
    """Let the slots after an instant be run when their time comes, whatever became of them; they.

    Who runs one loses it. Of earlier ones that are being run the lease ends by now at the latest:
    by `clock`, as in `claim`.
    """
    later = RUN.c.scheduled_for > after
    found = select(RUN.c.scheduled_for).where(later, RUN.c.state != TAKEN_BACK).distinct()
    slots = sorted(connection.execute(found).scalars())
    connection.execute(
        update(RUN)
        .where(later, RUN.c.state != TAKEN_BACK)
        .values(state=TAKEN_BACK, fence=RUN.c.fence + 1, totals="{}", finished_at=None)
    )
    connection.execute(
        update(RUN)
        .where(RUN.c.state == "running", RUN.c.lease_until > clock)
        .values(lease_until=clock)
    )
    return slots


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
