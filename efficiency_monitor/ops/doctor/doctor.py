"""`effmon doctor`: is everything in place that the next scan, and the next auditor, will need."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from ...cards.fallen import unseen
from ...cards.late_evidence import still_contested
from ...cards.store import cards
from ...faults import EffmonError
from ...followup.evidence import matters
from ...followup.evidence.attachments import spoilt
from ...followup.orders import store as orders
from ...i18n.act_words import say_role
from ...i18n.messages import t
from ...intake.feeds import check_added_types, mapping_of, stale_sources
from ...intake.formats.rows import Refusal
from ...intake.ingest import find_mapping
from ...intake.store import cases, feeds
from ...ledger.book import verify
from ...ledger.store import ledger
from ...notify.anchors import check_anchors
from ...notify.notices import people, unreadable
from ...people import supervision
from ...people.key_list import key_findings
from ...records.tables import CaseRow, QuarantineRow
from ...scan.store import runs
from ...time.instants import local_date, parse_instant, rfc3339
from ...workspace.context import Context
from .appeal_check import check_appeals
from .checkpoint_check import check_checkpoints
from .clock_check import check_clock
from .database_check import check_database
from .delivery_check import check_delivery
from .integrity_check import check_integrity
from .ladder_check import check_ladders
from .machine_check import check_machine
from .operation_check import check_operation
from .rotation_check import check_rotation
from .rule_check import check_own_calendars, check_rules

GOOD, LOOK, BAD = "ok", "look", "bad"
#: Days before the end of the covered and official calendar from which the doctor speaks up.
CALENDAR_DAYS = 60
Finding = tuple[str, str, str]


def examine(context: Context, *, quick: bool = False) -> list[dict[str, str]]:
    """Every check with its status (`ok`, `look`, `bad`) and a sentence saying what to do.

    A `quick` one leaves out what reads the whole database: pages, ledger, attachments.
    """
    checks: tuple[Callable[[Context], Iterator[Finding]], ...] = (
        check_database,
        check_machine,
        check_rules,
        _calendar,
        check_own_calendars,
        check_checkpoints,
        check_anchors,
        check_clock,
        _scans,
        check_rotation,
        _sources,
        _work_lists,
        check_delivery,
        _orders,
        check_appeals,
        check_ladders,
        _people,
        check_operation,
    )
    if not quick:
        checks = (*checks, check_integrity, _ledger, _attachments)
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check(context))
        except EffmonError as fault:
            found.append((check.__name__.strip("_"), BAD, f"{fault.message} ({fault.hint})"))
    return [{"check": name, "status": status, "detail": detail} for name, status, detail in found]


def _calendar(context: Context) -> Iterator[Finding]:
    today = date.fromisoformat(local_date(context.now(), context.zone))
    with context.store.reading() as connection:
        used = {
            row[0]
            for row in connection.execute(select(CaseRow.__table__.c.calendar).distinct())  # type: ignore[attr-defined]
        }
    for name in sorted(used | {context.settings.workspace.calendar}):
        calendar = context.catalogue.calendars.get(name)
        if calendar is None:
            yield (
                f"calendar {name}",
                BAD,
                t("there is no calendar of that name"),
            )
            continue
        official = max(
            (
                date(year, 12, 31)
                for year in range(calendar.first.year, calendar.last.year + 1)
                if not calendar.day(min(date(year, 12, 31), calendar.last)).provisional
            ),
            default=calendar.first,
        )
        left = (min(official, calendar.last) - today).days
        status = GOOD if left > CALENDAR_DAYS else LOOK if left >= 0 else BAD
        yield (
            f"calendar {name}",
            status,
            t(
                "official until {official}, provisional until {last}; {left} days left",
                official=official,
                last=calendar.last,
                left=left,
            ),
        )


def _ledger(context: Context) -> Iterator[Finding]:
    found = verify(context)
    if found["sound"]:
        yield (
            "ledger",
            GOOD,
            t("{size} entries, both trees sound", size=found["size"]),
        )
    elif found["trees"]:
        yield (
            "ledger",
            GOOD,
            t("{size} entries, both trees sound", size=found["size"]),
        )
        for fault in found["approvals"]:
            yield "approvals", BAD, fault
        for fault in found["rows"]:
            yield "rows", BAD, fault
        for fault in found["checkpoints"]:
            yield "checkpoint", BAD, fault
    else:
        yield (
            "ledger",
            BAD,
            t("the ledger was changed: run effmon ledger verify"),
        )
    for mark in (*found["not_checked"], *found["marks"]):
        yield "ledger", LOOK, mark


def _attachments(context: Context) -> Iterator[Finding]:
    """The ledger has their digests: what was handed in can be lost, not passed off as another."""
    number, bad = spoilt(context)
    names = t(", ").join(name[:16] for name in bad[:5])
    yield (
        "attachments",
        BAD if bad else GOOD,
        t("{number} files, {n_bad} lost or changed", number=number, n_bad=len(bad))
        + (f": {names}" if names else ""),
    )


def _scans(context: Context) -> Iterator[Finding]:
    with context.store.reading() as connection:
        history = runs.history(connection, "scan", 1)
        done = ledger.newest(connection, 1, "scan.done")
    if not done:
        yield "scan", LOOK, t("no scan yet: run effmon scan")
    else:
        entry = json.loads(done[0])
        at, _ = parse_instant(entry["at"], context.zone)
        age = (context.now() - at) // 3600
        yield (
            "scan",
            GOOD if age <= 36 else LOOK,
            t("last {at} ({age} h ago)", at=entry["at"], age=age),
        )
    for row in history:
        if row.state == "failed":
            slot = rfc3339(row.scheduled_for, context.zone)
            yield "slot", BAD, t("{slot} failed: {message}", slot=slot, message=row.message)


def _sources(context: Context) -> Iterator[Finding]:
    try:
        check_added_types(context)
    except EffmonError as fault:
        yield "source", BAD, f"{fault.message} ({fault.hint})"
    with context.store.reading() as connection:
        stale = stale_sources(context, connection, context.now())
        gone = feeds.vanished_counts(connection)
        newest = feeds.newest_data(connection, context.now())
        runs = {name: feeds.newest_run(connection, name) for name in context.settings.sources}
    for name, section in context.settings.sources.items():
        try:
            find_mapping(context, mapping_of(context, section))
        except EffmonError as fault:
            yield f"source {name}", BAD, f"{fault.message} ({fault.hint})"
            continue
        run = runs[name]
        failed = run.message if run is not None and run.state == "failed" else None
        if name in stale:
            said = stale[name].words(context.zone)
            yield f"source {name}", BAD, said if failed is None else f"{said} ({failed})"
        elif failed is not None:
            yield f"source {name}", LOOK, t("failed: {failed}", failed=failed)
        elif name not in newest:
            call = f"import --source {name} FILE" if section.kind == "import" else f"pull {name}"
            yield (
                f"source {name}",
                LOOK,
                t("was never read: run effmon {call}", call=call),
            )
        else:
            at = rfc3339(newest[name], context.zone)
            yield f"source {name}", GOOD, t("data of {at}", at=at)
    for name, number in gone.items():
        yield (
            f"vanished {name}",
            LOOK,
            t(
                "{number} open cases are missing from the full snapshot: effmon cases list "
                "--vanished",
                number=number,
            ),
        )


def _work_lists(context: Context) -> Iterator[Finding]:
    quarantine = QuarantineRow.__table__  # type: ignore[attr-defined]
    with context.store.reading() as connection:
        waiting = connection.execute(
            select(func.count()).select_from(quarantine).where(quarantine.c.state == "open")
        ).scalar_one()
        foreign = connection.execute(
            select(func.count()).where(
                quarantine.c.state == "open", quarantine.c.code == str(Refusal.FOREIGN_CASE)
            )
        ).scalar_one()
        totals = cases.outcome_totals(connection, -1)
        standing = cards.counts(connection)
        contested = list(still_contested(connection))
        corrected = cases.with_waiting(connection)
        fallen = [each.card_no for each in unseen(connection)]
        waiting_for_persons = [
            one.evidence.number
            for one in (matters.waiting(context, connection) if contested or corrected else ())
            if matters.lacks(context, connection, one)
        ]
    yield _count("quarantine", waiting, t("rows in quarantine"))
    if foreign:
        yield (
            "foreign cases",
            BAD,
            t(
                "{foreign} rows are about cases of other sources and change nothing: effmon "
                "quarantine list",
                foreign=foreign,
            ),
        )
    unjudged = totals.get("not_judgeable", 0)
    yield _count("not judgeable", unjudged, t("open cases cannot be judged"))
    pending = sum(count for (_, state), count in standing.items() if state == "pending")
    yield _count("to confirm", pending, t("cards wait to be confirmed"))
    yield _named("contested", contested, t("cards were contested at the last scan"))
    words = t("cases had corrections that waited at the last scan")
    yield _named("corrections", corrected, words)
    words = t("matters of evidence cannot be decided: persons are lacking who may and hold keys")
    yield _named("undecidable", waiting_for_persons, words)
    words = t("cards fell by evidence and no supervisor has seen it: effmon evidence list --fallen")
    yield _named("fallen", fallen, words)


def _orders(context: Context) -> Iterator[Finding]:
    """Orders that wait too long for a reply, and those that reached nobody."""
    query = orders.OrderQuery(state="overdue", now=context.now())
    with context.store.reading() as connection:
        late = [row.order_no for row in orders.listed(connection, query)]
        lost = orders.undelivered(connection)
    yield _count("overdue orders", len(late), t("orders are overdue"))
    said = t("{n_lost} orders reached nobody", n_lost=len(lost))
    if lost:
        said += t(": ") + t(", ").join(lost[:5])
    yield "orders", LOOK if lost else GOOD, said


def _named(name: str, which: Sequence[str], words: str) -> Finding:
    """How many there are, and the first of them by their numbers."""
    told, good, said = _count(name, len(which), words)
    if which:
        said += t(": ") + t(", ").join(which[:5]) + ("…" if len(which) > 5 else "")
    return told, good, said


def _count(name: str, number: int, words: str) -> Finding:
    return name, LOOK if number else GOOD, f"{number} {words}"


def _people(context: Context) -> Iterator[Finding]:
    with context.store.reading() as connection:
        everybody = people(connection)
        lost = unreadable(connection)
    if lost:
        yield (
            "people",
            BAD,
            t(
                "{lost} rows of people are unreadable: they were changed past effmon; import the "
                "people file again",
                lost=lost,
            ),
        )
    if not everybody:
        yield (
            "people",
            LOOK,
            t("nobody was imported, so nobody is told: effmon people import FILE"),
        )
        return
    roles = {str(person.role) for person in everybody}
    missing = sorted({"head", "supervisor"} - roles)
    said = t("{n_everybody} rows", n_everybody=len(everybody))
    if missing:
        said += t(
            "; no {missing}", missing=", ".join(missing), say_role="、".join(map(say_role, missing))
        )
    yield "people", LOOK if missing else GOOD, said
    for name, sound, detail in key_findings(context):
        yield name, GOOD if sound else LOOK, detail
    with context.store.reading() as connection:
        waits = supervision.waiting(connection)
    if waits:
        signed = supervision.Signatures(waits[0]["signed_by"], waits[0]["needed"])
        whose = t(", ").join(one["person_id"] for one in waits)
        yield "people", LOOK, supervision.words(signed, whose)


def worst(findings: list[dict[str, Any]]) -> bool:
    """Whether any check is bad."""
    return any(finding["status"] == BAD for finding in findings)
