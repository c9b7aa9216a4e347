"""What the doctor says of running it: backups, drills, what a restore left, interruptions."""

import json
from collections.abc import Iterator

from sqlalchemy import func, select

from ...i18n.messages import t
from ...ledger.store import ledger
from ...ledger.workspace_keys import signed_size, state_folder
from ...records.matter_tables import NoticeRow
from ...scan.store import runs
from ...time.instants import parse_instant, rfc3339
from ...workspace.context import Context, meta
from .. import store as command_records
from ..backup.restore import RESTORED_FROM
from .clock_check import CORRECTION

GOOD, LOOK, BAD = "ok", "look", "bad"
Finding = tuple[str, str, str]
_DAY = 86_400
_WEEK = 7 * _DAY
#: Seconds after its instant from which a slot was caught up, not run.
_LATE = 3600
_MOST_DRILLS = 200
_NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


def check_operation(context: Context) -> Iterator[Finding]:
    """Backup, drill, restored data, the ledger's clock and memory, missed nights, refusals."""
    yield from _backups(context)
    yield from _restored(context)
    yield from _behind(context)
    yield from _nights(context)
    yield from _refused(context)


def _backups(context: Context) -> Iterator[Finding]:
    section = context.settings.operation
    with context.store.reading() as connection:
        made = ledger.newest(connection, 1, "backup.made")
        restored = ledger.newest(connection, _MOST_DRILLS, "backup.restored")
    drills = [body for body in restored if json.loads(body)["drill"]]
    yield _aged(
        context,
        "backup",
        made[-1:],
        section.backup_days,
        t("run: effmon backup FILE"),
    )
    yield _aged(
        context,
        "drill",
        drills[-1:],
        section.drill_days,
        t("rehearse it: effmon restore FILE --drill DIR"),
    )


def _aged(context: Context, name: str, newest: list[bytes], days: int, how: str) -> Finding:
    if not newest:
        return name, LOOK, t("none is on record; {how}", how=how)
    at, _ = parse_instant(json.loads(newest[0])["at"], context.zone)
    age = (context.now() - at) // _DAY
    said = t("last {at} ({age} days ago)", at=rfc3339(at, context.zone), age=age)
    late = context.now() - at > days * _DAY
    return name, LOOK if late else GOOD, said + (t("; {how}", how=how) if late else "")


def _restored(context: Context) -> Iterator[Finding]:
    with context.store.reading() as connection:
        since = meta(connection).get(RESTORED_FROM)
        if since is None:
            return
        at, _ = parse_instant(since, context.zone)
        waiting = connection.execute(
            select(func.count())
            .select_from(_NOTICE)
            .where(_NOTICE.c.state == "pending", _NOTICE.c.created_at <= at)
        ).scalar_one()
    said = t("restored from the backup of {since}", since=since)
    if waiting:
        said += t(
            "; {waiting} notices wait that may have left after it and leave again under the same "
            "number: effmon notices list",
            waiting=waiting,
        )
    yield "restored", LOOK if waiting else GOOD, said


def _behind(context: Context) -> Iterator[Finding]:
    """The ledger against what was signed, and the clock against its last entry."""
    with context.store.reading() as connection:
        size = ledger.size(connection)
        last = ledger.newest(connection, 1)
    signed = signed_size(state_folder(context.folder, context.settings))
    if signed > size:
        yield (
            "ledger length",
            BAD,
            t(
                "the ledger has {size} entries, a checkpoint of {signed} was signed: later ones "
                "are lost, see docs/ledger.md",
                size=size,
                signed=signed,
            ),
        )
    if not last:
        return
    at, _ = parse_instant(json.loads(last[0])["at"], context.zone)
    if at > context.now() + CORRECTION:
        yield (
            "ledger clock",
            BAD,
            t(
                "the last entry is of {at}, later than now: set the clock",
                at=rfc3339(at, context.zone),
            ),
        )


def _nights(context: Context) -> Iterator[Finding]:
    """Slots of the last week that nobody ran when they were due: what ran them had stopped."""
    since = context.now() - _WEEK
    with context.store.reading() as connection:
        rows = [row for row in runs.history(connection, "scan", 100) if row.scheduled_for >= since]
    skipped = [row for row in rows if row.state == "skipped"]
    late = [
        row for row in rows if row.state != "skipped" and row.started_at - row.scheduled_for > _LATE
    ]
    if not skipped and not late:
        yield "nights", GOOD, t("{n_rows} slots in a week", n_rows=len(rows))
        return
    yield (
        "nights",
        LOOK,
        t(
            "of the last week {n_late} slots were caught up and {n_skipped} skipped: serve or the "
            "timer had stopped; see effmon jobs history",
            n_late=len(late),
            n_skipped=len(skipped),
        ),
    )


def _refused(context: Context) -> Iterator[Finding]:
    with context.store.reading() as connection:
        failed = command_records.failed_since(connection, context.now() - _WEEK)
        refused = [
            body
            for body in ledger.newest(connection, 100, "command.failed")
            if parse_instant(json.loads(body)["at"], context.zone)[0] > context.now() - _WEEK
        ]
    yield (
        "refused acts",
        LOOK if refused else GOOD,
        t(
            "{n_refused} refused in a week, {failed} commands failed: effmon audit list --failed",
            n_refused=len(refused),
            failed=failed,
        ),
    )
