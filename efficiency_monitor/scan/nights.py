"""Slots of the nightly scan: what was missed is caught up, oldest first, as of its own instant."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from ..faults import Disconnected, DoneElsewhere, EffmonError, Locked
from ..intake.pull_report import PullReport
from ..ledger.checkpoints import Tried, try_after, try_when_due
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify import deliver as delivery
from ..notify.channels.channel import Channel
from ..time.instants import parse_instant, rfc3339
from ..workspace.context import Context, meta
from ..workspace.one_at_a_time import lease_now
from .housekeeping import RoundReport, run
from .scan import scan
from .scan_report import ScanReport
from .store import runs

JOB = "scan"
#: Waits, in seconds, for a database server that is being restarted or replaced.
AGAIN: Final = (0.5, 1, 2, 4, 8, 15, 30)

T = TypeVar("T")


@dataclass(slots=True)
class NightReport:
    """What one ringing of the bell did."""

    #: Pulls of the sources: once, before the slots, for all of them.
    pulls: list[PullReport] = field(default_factory=list)
    scans: list[ScanReport] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    #: Slots that another process runs and has not finished yet.
    held: list[int] = field(default_factory=list)
    delivered: delivery.DeliverReport | None = None
    #: Ladders, alarms, what is overdue, and that delivery.
    round: RoundReport | None = None
    #: After the scans, before the notices: these show what was signed.
    checkpoint: Tried | None = None


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
    pull: Callable[[int], list[PullReport]] | None = None,
    progress: Callable[[int], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> NightReport:
    """Pull the sources, run every open slot of the nightly scan, then go one round.

    `pull(slot)` pulls every source for the newest slot; one that fails is reported and stops no
    scan. `slots(since, now)` gives the slots to run, and those too old for it, oldest first.
    Five nights caught up give one digest per recipient. A slot that another process runs is helped
    with; the next one is not begun before it is finished. A connection that is lost is waited for
    (`pause` sleeps so many seconds), and what it cut off is done again: it is the same done once.
    """
    report = NightReport()
    to_run, too_old = slots(since(context), context.now())
    if too_old:
        report.skipped = _skip(context, too_old, new_id())
    if to_run and pull is not None:
        report.pulls = pull(to_run[-1])
    fault: Exception | None = None
    for slot in to_run:
        try:
            # Of nights that are caught up the newest one alone has its share of the rotation.
            rotate = slot == to_run[-1]
            work = partial(_run_slot, context, slot, new_id(), turn(), progress, rotate=rotate)
            done = _lasting(work, pause)
        except Exception as found:  # noqa: BLE001  what was decided before is told all the same
            fault = found
            break
        if done is not None:
            report.scans.append(done)
        elif not _finished(context, slot):
            report.held.append(slot)
            break
    report.checkpoint = try_after(context) if report.scans else try_when_due(context)
    # Another process that delivers sends these notices too: no bell waits for it.
    report.round = _lasting(lambda: run(context, channels(), patience=0), pause)
    report.delivered = report.round.delivered
    if fault is not None:
        raise fault
    return report


def _lasting(work: Callable[[], T], pause: Callable[[float], None]) -> T:
    """Do it again where the connection to the database was lost, until the server is back."""
    for seconds in AGAIN:
        try:
            return work()
        except Disconnected:
            pause(seconds)
    return work()


def _skip(context: Context, slots: tuple[int, ...], run_id: str) -> list[int]:
    with context.store.writing() as connection:
        skipped = runs.skip(
            connection,
            job=JOB,
            slots=slots,
            run_id=run_id,
            now=context.now(),
            clock=lease_now(context, connection),
        )
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.SLOT_SKIPPED,
                    f"slot.skipped/{JOB}/{slot}",
                    {"job": JOB, "slot": rfc3339(slot, context.zone)},
                )
                for slot in skipped
            ],
        )
    return skipped


def _run_slot(
    context: Context,
    slot: int,
    run_id: str,
    turn: int,
    progress: Callable[[int], None] | None,
    *,
    rotate: bool,
) -> ScanReport | None:
    """Claim and run one slot; where another process runs it, help with it and return None."""
    with context.store.writing() as connection:
        _, owner = runs.state_of(connection, JOB, slot)
        claim = runs.claim(
            connection,
            job=JOB,
            slot=slot,
            run_id=run_id,
            owner=f"{context.machine.processes}:{os.getpid()}:{run_id}",
            now=context.now(),
            lease=context.settings.jobs.scan.lease,
            clock=lease_now(context, connection),
            gone=owner if _died(context, owner) else "",
        )
    held = claim or runs.Helper(JOB, slot)
    if claim is None and _finished(context, slot):
        return None
    try:
        report = scan(
            context,
            as_of=slot,
            run_id=run_id,
            slot=held,
            start_at=turn,
            progress=progress,
            rotate=rotate,
        )
    except DoneElsewhere:
        return None
    except EffmonError as fault:
        if claim is not None:
            # Where that cannot be written either, the next one to look finds the slot's owner
            # gone, or its lease run out; what is told is why the slot failed.
            with suppress(Locked, Disconnected):
                _record_failure(context, claim, run_id, fault.message)
        raise
    return None if claim is None else report


def _died(context: Context, owner: str) -> bool:
    """Whether a slot's owner was a process of this machine that is gone: no lease to wait for.

    Of another machine of the same name, and of this one before it was started anew, nobody knows.

    One that this process itself began and was cut off from is gone too. Taking a slot from an
    owner that lives after all does no harm: its fence is old, it stops.
    """
    where, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    if where != context.machine.processes or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _finished(context: Context, slot: int) -> bool:
    with context.store.reading() as connection:
        return runs.state_of(connection, JOB, slot)[0] in ("done", "skipped")


def _record_failure(context: Context, claim: runs.Claim, run_id: str, message: str) -> None:
    with context.store.writing() as connection:
        if not runs.finish(connection, claim, state="failed", now=context.now(), message=message):
            return
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.SCAN_FAILED,
                    f"scan.failed/{run_id}",
                    {
                        "run": run_id,
                        "slot": rfc3339(claim.slot, context.zone),
                        "reason": message,
                    },
                )
            ],
        )
