"""`effmon pull`: one source, or all of them."""

import json

from ..faults import ConfigurationError, EffmonError, FeedFailed
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..workspace import logbook
from ..workspace.context import Context
from ..workspace.one_at_a_time import turn
from .feeds import source_of
from .ingest import Progress
from .one_pull import OnePull
from .pull_lock import alone
from .pull_report import PullDeps, PullReport
from .pulling.spool import Spool
from .store import feeds

SPOOL = "spool"
#: The nightly job waits so long (seconds) for another process that pulls the same source.
PATIENCE = 3600
#: What failed for a slot is tried again for it after so many seconds.
AGAIN_AFTER = 900
#: So many pulls for a slot may end with their process; then the slot is scanned without the source.
MOST_BROKEN_OFF = 3


def pull(
    context: Context,
    outside: PullDeps,
    name: str,
    *,
    dry_run: bool = False,
    anew: bool = False,
    slot: int | None = None,
    patience: int = 0,
    progress: Progress | None = None,
) -> PullReport:
    """Pull one source. FeedFailed (3) or ConfigurationError (2), each recorded.

    A dry run fetches into a spool of its own, imports nothing and moves no cursor; `anew` asks for
    everything and not only for what is newer than the cursor. Where another
    process pulls the source, it is waited for so many seconds of `patience`, and what it has pulled
    meanwhile is good enough; Locked (75) when they are over.
    """
    section = source_of(context, name)
    if section.kind == "import":
        raise _nowhere(name)
    spool = Spool(context.folder / SPOOL / (f"{name}.dry" if dry_run else name))
    asked_at = context.now()
    folder = context.folder / SPOOL
    with (
        alone(folder, name, outside.world, patience) as waited,
        turn(context, f"pull/{name}", folder, patience, outside.world.sleep) as mine,
    ):
        # Left by a trial that was killed; nobody else pulls the source now.
        Spool(folder / f"{name}.dry").remove()
        if waited and (found := _pulled_since(context, name, asked_at)) is not None:
            return found
        work = OnePull(
            context,
            outside,
            name,
            section,
            spool,
            dry_run=dry_run,
            anew=anew,
            slot=slot,
            progress=progress,
            writing=mine.writing,
        )
        try:
            return _run(work, name, spool)
        finally:
            if dry_run:
                spool.remove()


def _run(work: OnePull, name: str, spool: Spool) -> PullReport:
    """Run it; whatever it fails in is recorded."""
    try:
        done = work.run()
    except OSError as fault:
        broken = FeedFailed(
            f"{name}: {fault.filename or spool.folder}: {say_os(fault)}",
            t("check the disk's space and the permissions"),
        )
        broken.__cause__ = fault
        work.record_failure(broken)
        raise broken from None
    except EffmonError as fault:
        work.record_failure(fault)
        raise
    except Exception as fault:
        work.record_failure(_unexpected(name, fault))
        raise
    counts = {key: value for key, value in done.document.items() if key != "files"}
    logbook.event("pull.done", facts={"source": name, "state": done.state, **counts})
    return done


def _nowhere(name: str) -> ConfigurationError:
    return ConfigurationError(
        t("source {name} does not say where to pull from", name=name),
        t(
            "write [sources.{name}.http], .sql or .files; or effmon import --source {name}",
            name=name,
        ),
    )


def _unexpected(name: str, fault: Exception) -> EffmonError:
    said = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
    error = EffmonError(
        t("source {name}: unexpected fault: {said}", name=name, said=said),
        t("run it by itself: effmon pull {name}", name=name),
    )
    error.exit_code = 70
    error.__cause__ = fault
    return error


def pull_all(
    context: Context,
    outside: PullDeps,
    *,
    dry_run: bool = False,
    anew: bool = False,
    slot: int | None = None,
    progress: Progress | None = None,
) -> list[PullReport]:
    """Pull every source that can be pulled; one that fails stops none of the others.

    With a `slot`, a source that was pulled for it already is left out: whatever else goes wrong in
    a night, the sources are not asked again at every ring of the bell. One that ends our process
    again and again (memory, a driver that crashes) must not keep the night from being scanned.
    """
    context.store.ensure_unmasked()
    reports = []
    for name, section in context.settings.sources.items():
        if section.kind == "import" or (slot is not None and _was_pulled(context, name, slot)):
            continue
        if slot is not None and _ends_us(context, name, slot):
            said = t("pulling it has ended our process again and again")
            hint = t("run it by itself: effmon pull {name}", name=name)
            reports.append(_failed(name, FeedFailed(f"{name}: {said}", hint)))
            continue
        try:
            reports.append(
                pull(
                    context,
                    outside,
                    name,
                    dry_run=dry_run,
                    anew=anew,
                    slot=slot,
                    patience=0 if slot is None else PATIENCE,
                    progress=progress,
                )
            )
        except EffmonError as fault:
            reports.append(_failed(name, fault))
        except Exception as fault:  # noqa: BLE001  a defect met in one feed must not end the night
            reports.append(_failed(name, _unexpected(name, fault)))
    return reports


def _failed(name: str, fault: EffmonError) -> PullReport:
    return PullReport(name, "", state="failed", fault=fault, wrote=False)


def _was_pulled(context: Context, name: str, slot: int) -> bool:
    with context.store.reading() as connection:
        run = feeds.newest_run(connection, name)
    if run is None or run.slot != slot:
        return False
    lately = context.now() - AGAIN_AFTER
    return run.state in ("done", "idle") or (
        run.state in ("failed", "half") and run.finished_at > lately
    )


def _ends_us(context: Context, name: str, slot: int) -> bool:
    with context.store.reading() as connection:
        return feeds.broken_off(connection, name, slot) >= MOST_BROKEN_OFF


def _pulled_since(context: Context, name: str, instant: int) -> PullReport | None:
    """What another process has pulled and finished since an instant, None if nothing."""
    with context.store.reading() as connection:
        run = feeds.newest_run(connection, name)
    if run is None or run.state not in ("done", "idle") or run.finished_at < instant:
        return None
    return PullReport(
        name,
        run.id,
        state=run.state,
        document=json.loads(run.totals) | {"files": []},
        pages=run.pages,
        bytes=run.bytes,
        data_as_of=run.as_of,
        wrote=False,
    )
