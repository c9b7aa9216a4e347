"""Slots of the nightly scan: what was missed is caught up, oldest first, as of its own instant."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..core.faults import EffmonError, Locked
from ..core.instants import parse_instant, rfc3339
from ..core.ledger import EntryType
from ..notify.channel import Channel
from ..store import ledger, runs
from ..store.engine import Store
from . import deliver as delivery
from .context import Context, compact_json, meta
from .scan import ScanReport, scan

JOB = "scan"


@dataclass(slots=True)
class NightReport:
    """What one ringing of the bell did."""

    scans: list[ScanReport] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    #: Slots that another process holds.
    held: list[int] = field(default_factory=list)
    delivered: delivery.DeliverReport | None = None


def since(context: Context) -> int:
    """Newest slot that needs no more work, else the instant the workspace was made."""
    with context.store.reading() as connection:
        newest = runs.newest_finished(connection, JOB)
        created = meta(connection).get("created_at")
    if newest is not None:
        return newest
    return parse_instant(created, context.zone)[0] if created else context.now()


def run_due(
    context: Context,
    channels: Callable[[], Mapping[str, Channel]],
    slots: Callable[[int, int], tuple[tuple[int, ...], tuple[int, ...]]],
    *,
    new_id: Callable[[], str],
    turn: Callable[[], int],
    progress: Callable[[int], None] | None = None,
) -> NightReport:
    """Run every open slot of the nightly scan, then deliver once.

    `slots(since, now)` gives the slots to run and those too old to be caught up, oldest first.
    Five nights caught up give one digest per recipient.
    """
    report = NightReport()
    to_run, too_old = slots(since(context), context.now())
    if too_old:
        _skip(context, too_old, new_id())
        report.skipped = list(too_old)
    for slot in to_run:
        done = _run_slot(context, slot, new_id(), turn(), progress)
        if done is None:
            report.held.append(slot)
            break
        report.scans.append(done)
    report.delivered, _ = delivery.deliver(context, channels())
    return report


def _skip(context: Context, slots: tuple[int, ...], run_id: str) -> None:
    with context.store.writing() as connection:
        runs.skip(connection, job=JOB, slots=slots, run_id=run_id, now=context.now())
        ledger.append(
            connection,
            [
                ledger.NewEntry(
                    type=EntryType.SLOT_SKIPPED,
                    fact=f"slot.skipped/{JOB}/{slot}",
                    at=rfc3339(context.now(), context.zone),
                    content={"job": JOB, "slot": rfc3339(slot, context.zone)},
                )
                for slot in slots
            ],
        )


def _run_slot(
    context: Context,
    slot: int,
    run_id: str,
    turn: int,
    progress: Callable[[int], None] | None,
) -> ScanReport | None:
    """Claim and run one slot; None where another process holds it."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{run_id}"
    lease = context.settings.jobs.scan.lease
    with context.store.writing() as connection:
        claim = runs.claim(
            connection,
            job=JOB,
            slot=slot,
            run_id=run_id,
            owner=owner,
            now=context.now(),
            lease=lease,
        )
    if claim is None:
        return None
    try:
        report = scan(
            context, as_of=slot, run_id=run_id, claim=claim, start_at=turn, progress=progress
        )
    except Locked:
        return None
    except EffmonError as fault:
        _finish(context.store, claim, "failed", context.now(), "{}", fault.message)
        with context.store.writing() as connection:
            _record_failure(context, connection, run_id, slot, fault.message)
        raise
    _finish(
        context.store,
        claim,
        "done",
        context.now(),
        compact_json(report.as_json(context.zone)),
        None,
    )
    return report


def _finish(
    store: Store, claim: runs.Claim, state: str, now: int, totals: str, message: str | None
) -> None:
    with store.writing() as connection:
        runs.finish(connection, claim, state=state, now=now, totals=totals, message=message)


def _record_failure(
    context: Context, connection: object, run_id: str, slot: int, message: str
) -> None:
    ledger.append(
        connection,  # type: ignore[arg-type]
        [
            ledger.NewEntry(
                type=EntryType.SCAN_FAILED,
                fact=f"scan.failed/{run_id}",
                at=rfc3339(context.now(), context.zone),
                content={"run": run_id, "slot": rfc3339(slot, context.zone), "reason": message},
            )
        ],
    )
