"""What the doctor says of running it: backups, drills, what a restore left, interruptions."""

import json
from collections.abc import Iterator

from sqlalchemy import func, select

from ...i18n.language import t
from ...ledger.store import ledger
from ...ledger.workspace_keys import signed_size, state_folder
from ...records.matter_tables import NoticeRow
from ...scan.store import runs
from ...time.instants import parse_instant, rfc3339
from ...workspace.context import Context, meta
from .. import store as command_records
from ..backup.restore import RESTORED_FROM

GOOD, LOOK, BAD = "ok", "look", "bad"
Finding = tuple[str, str, str]
_DAY = 86_400
_WEEK = 7 * _DAY
#: Seconds after its instant from which a slot was caught up, not run.
_LATE = 3600
#: Seconds by which a clock may have been corrected without a word.
_CORRECTION = 300
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
        t("运行 effmon backup 文件", "run: effmon backup FILE"),
    )
    yield _aged(
        context,
        "drill",
        drills[-1:],
        section.drill_days,
        t(
            "运行 effmon restore 文件 --drill 目录",
            "rehearse it: effmon restore FILE --drill DIR",
        ),
    )


def _aged(context: Context, name: str, newest: list[bytes], days: int, how: str) -> Finding:
    if not newest:
        return name, LOOK, t(f"没有记录：{how}", f"none is on record; {how}")
    at, _ = parse_instant(json.loads(newest[0])["at"], context.zone)
    age = (context.now() - at) // _DAY
    said = t(
        f"最近一次 {rfc3339(at, context.zone)}（{age} 天前）",
        f"last {rfc3339(at, context.zone)} ({age} days ago)",
    )
    late = context.now() - at > days * _DAY
    return name, LOOK if late else GOOD, said + (t(f"：{how}", f"; {how}") if late else "")


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
    said = t(f"由 {since} 的备份恢复", f"restored from the backup of {since}")
    if waiting:
        said += t(
            f"；{waiting} 份待发通知可能在备份之后已发出，会以同一编号再发：effmon notices list",
            f"; {waiting} notices wait that may have left after it and leave again under the "
            "same number: effmon notices list",
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
                f"台账 {size} 条，签过 {signed} 条的检查点：其后的条目已丢失，见 docs/ledger.md",
                f"the ledger has {size} entries, a checkpoint of {signed} was signed: later ones "
                "are lost, see docs/ledger.md",
            ),
        )
    if not last:
        return
    at, _ = parse_instant(json.loads(last[0])["at"], context.zone)
    if at > context.now() + _CORRECTION:
        yield (
            "ledger clock",
            BAD,
            t(
                f"最后一条台账记于 {rfc3339(at, context.zone)}，晚于现在：校准系统时钟",
                f"the last entry is of {rfc3339(at, context.zone)}, later than now: set the clock",
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
        yield "nights", GOOD, t(f"近一周 {len(rows)} 个班次", f"{len(rows)} slots in a week")
        return
    yield (
        "nights",
        LOOK,
        t(
            f"近一周有 {len(late)} 个班次补跑、{len(skipped)} 个跳过：serve 或定时器中断过，"
            "见 effmon jobs history",
            f"of the last week {len(late)} slots were caught up and {len(skipped)} skipped: serve "
            "or the timer had stopped; see effmon jobs history",
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
            f"近一周 {len(refused)} 次越权被拒，{failed} 个命令未成功：effmon audit list --failed",
            f"{len(refused)} refused in a week, {failed} commands failed: "
            "effmon audit list --failed",
        ),
    )
