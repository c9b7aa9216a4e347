"""The scan 巡检: judge what is due or has changed; write what follows, a transaction a batch."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from ..cards import card_rows, issuing
from ..cards.continuing import going_on
from ..cards.fallen import unseen
from ..cards.late_evidence import Weighed, Weighing, still_contested
from ..cards.model import decide as core_cards
from ..cards.store import cards
from ..catalogue import calendar_files, catalogue_change, settings_in_force
from ..catalogue import rule_equivalence as alike
from ..catalogue.rule_waiting import waiting
from ..engine.findings import CaseFindings
from ..faults import DoneElsewhere
from ..followup.evidence import matters
from ..followup.ladders import actions as ladders
from ..intake import feeds
from ..intake.store import cases
from ..intake.store import feeds as feed_store
from ..ledger import row_commitments as binding
from ..ledger.checks.held_input import HeldInput, Seen
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.dead_letters import undelivered
from ..terms import CardState, Level, LiftReason, Outcome, Reason
from ..time.instants import earliest, parse_instant, rfc3339
from ..workspace import logbook
from ..workspace.context import Context, Writing, compact_json
from ..workspace.one_at_a_time import lease_now
from . import clock_jump, rotation, trials
from .judged import judged
from .scan_report import NotHeld, ScanReport
from .store import runs
from .tallies import tally_preview, tally_spans, tallying

#: Cases judged together; one transaction each.
BATCH = 250

Progress = Callable[[int], None]
#: A slot that is run, one that is helped with, or a scan as of now.
Slot = runs.Claim | runs.Helper | None


def watch_from(context: Context) -> int | None:
    """The workspace's `watch_from` as an instant: the first second of a bare date."""
    text = context.settings.workspace.watch_from
    if text is None:
        return None
    return parse_instant(text, context.zone)[0]


@contextmanager
def _writing(context: Context, slot: Slot) -> Iterator[Connection]:
    """A transaction that only who still runs the slot may commit; DoneElsewhere otherwise."""
    with context.store.writing() as connection:
        if isinstance(slot, runs.Claim):
            until = lease_now(context, connection) + context.settings.jobs.scan.lease
            runs.hold(connection, slot, until)
        elif isinstance(slot, runs.Helper) and not runs.still_runs(connection, slot):
            raise DoneElsewhere(
                "this slot is finished", "nothing was lost; there is nothing left to do"
            )
        yield connection


def scan(
    context: Context,
    *,
    as_of: int,
    run_id: str,
    slot: Slot = None,
    start_at: int = 0,
    progress: Progress | None = None,
    rotate: bool = False,
) -> ScanReport:
    """Judge every case that changed or of which a clock falls due before `as_of`, and write.

    `slot` is the slot this process runs or helps with; `start_at` is where among the cases it
    begins, so that several scanners do not tread on each other's heels. `rotate`: it is a night of
    its own, in which whoever runs it judges a share of the other cases too (`scan.rotation`). Safe
    to kill and to run many at once. DoneElsewhere if the slot was taken over or finished by
    another process.
    """
    report = ScanReport(run_id=run_id, as_of=as_of)
    # Said before anything is written, not in the middle of the night's cards.
    ladders.check(context)
    calendar_files.settle(context)
    with context.store.writing():
        pass  # other settings than those in force are entered before anything is judged
    report.waiting = waiting(context)
    writing = partial(_writing, context, slot)
    if not isinstance(slot, runs.Helper):
        report.jumped = clock_jump.note(context, writing, run_id)
    changed = catalogue_change.note_changes(context, writing)
    report.changed = [
        *_changed_settings(context),
        *changed,
        *settings_in_force.untold(context),
    ]
    stale = _stale(context, as_of, None, report)
    held = HeldInput()
    with context.store.reading() as connection:
        held.start(connection)
        if rotate and isinstance(slot, runs.Claim):
            report.rotation = rotation.begin(context, connection, slot.slot)
            held.read_part(connection, report.rotation.part, report.rotation.parts)
    if not isinstance(slot, runs.Helper):
        _wake(context, writing, held, report, slot)
    while True:
        ids = _ids(context, as_of, stale)
        if not ids:
            break
        turn = start_at % len(ids)
        for part in cases.chunks(ids[turn:] + ids[:turn], BATCH):
            _judge_batch(context, list(part), as_of, stale, writing, report, slot, held)
            if progress is not None:
                progress(len(part))
    for part in _share(context, report):
        _judge_batch(context, part, as_of, stale, writing, report, slot, held, also=part)
    if not isinstance(slot, runs.Helper):
        tallying.run(tallying.Scanning(context, as_of, report, writing, slot, watch_from(context)))
    with context.store.reading() as connection:
        report.totals = cases.outcome_totals(connection, as_of)
        report.trial = trials.totals(context, connection)
        report.problems = list(_problems(connection, as_of))
        report.corrections = cases.with_waiting(connection)
        report.contested = list(still_contested(connection))
        report.unseen = [each.card_no for each in unseen(connection)]
        _weighed_up(context, connection, report)
        report.not_held = _not_held(held)
        if slot is None:
            # Of a slot that is caught up it is no wonder: a scan by hand may have come before.
            report.judged_later = cases.judged_later(connection, as_of, stale)
    tallying.try_out(context, as_of, report, watch_from(context))
    if not isinstance(slot, runs.Helper):
        report.untold = ladders.tell_everyone(context, writing)
        _record(context, report, slot, writing, held)
    report.undelivered = undelivered(context)
    logbook.event("scan.done", facts=report.summary(context.zone))
    return report


def _share(context: Context, report: ScanReport) -> Iterator[list[int]]:
    """The cases of the night's share of the rotation, in batches; none where it has none."""
    if report.rotation is None:
        return
    with context.store.reading() as connection:
        ids = rotation.share(context, connection, report.rotation)
    yield from (list(part) for part in cases.chunks(ids, BATCH))


def _weighed_up(context: Context, connection: Connection, report: ScanReport) -> None:
    """Which evidence waits, and of which a person is lacking who could decide on it."""
    if not (report.contested or report.corrections):
        return
    for one in matters.waiting(context, connection):
        report.evidence.append(one.evidence.number)
        if matters.lacks(context, connection, one):
            report.undecidable.append(one.evidence.number)


def _changed_settings(context: Context) -> list[str]:
    """Settings that decide and changed since the last finished scan."""
    with context.store.reading() as connection:
        done = ledger.newest(connection, 1, "scan.done")
    if not done:
        return []
    return settings_in_force.recent(context, parse_instant(json.loads(done[0])["at"], "UTC")[0])


def _stale(
    context: Context, as_of: int, known_by: int | None, report: ScanReport
) -> Collection[str]:
    """The stale sources, noted in the report: they are one set for the whole scan."""
    with context.store.reading() as connection:
        found = feeds.stale_sources(context, connection, as_of, known_by)
        report.vanished = feed_store.vanished_counts(connection)
    report.stale = list(found.values())
    return frozenset(found)


def _ids(context: Context, as_of: int, stale: Collection[str]) -> list[int]:
    with context.store.reading() as connection:
        return cases.to_judge(connection, as_of, stale)


def count_to_judge(context: Context, as_of: int) -> int:
    """How many cases a scan as of this instant has to look at."""
    with context.store.reading() as connection:
        stale = feeds.stale_sources(context, connection, as_of)
        return len(cases.to_judge(connection, as_of, stale))


def _judge_batch(
    context: Context,
    ids: list[int],
    as_of: int,
    stale: Collection[str],
    writing: Writing,
    report: ScanReport,
    slot: Slot,
    held: HeldInput,
    also: Collection[int] = (),
) -> None:
    """Judge outside the lock, then write what nobody else has judged or changed meanwhile.

    `also` are judged although nothing wakes them, and compared with what stands.
    """
    with context.store.reading() as connection:
        # A pull may have begun to import since the scan did: seen in the state that the cases are.
        half = feeds.half_taken(context, connection, context.now())
        seen = held.see(connection, ids)
        torn = {*feeds.torn_cases(context, connection, ids, None), *seen.torn}
        stored = cases.read_cases(connection, ids, stale={*stale, *half}, torn=torn)
        left = cases.still_to_judge(
            connection, {case.case_id: case.revision for case in stored}, as_of, stale, also
        )
        if not (stored := [case for case in stored if case.case_id in left]):
            return
        stored, findings = _judge(context, connection, stored, as_of, held, seen)
    watched = watch_from(context)
    tried = trials.judge(context.catalogue, [case.record for case in stored], as_of, watched)
    revisions = {case.case_id: case.revision for case in stored}
    before = report.counts()
    with writing() as connection:
        left = cases.still_to_judge(connection, revisions, as_of, stale, also)
        waked = cases.still_to_judge(connection, revisions, as_of, stale) if also else left
        as_stood = cases.stood(connection, sorted(left - waked))
        standing = alike.with_equivalent_digest(
            context.catalogue, connection, cards.of_cases(connection, sorted(left))
        )
        findings = going_on(connection, stored, findings, standing)
        both = [
            (case, found, trial)
            for case, found, trial in zip(stored, findings, tried, strict=True)
            if case.case_id in left
        ]
        weighed = Weighing(context, connection, as_of, watched).each(
            [case for case, _, _ in both], [found for _, found, _ in both], standing
        )
        triples = [(one, trial) for one, (_, _, trial) in zip(weighed, both, strict=True)]
        pairs = [(one.case, one.found) for one in weighed]
        writer = issuing.Writer(context, connection, as_of, report)
        for one in weighed:
            writer.write(one, standing.get(one.case.case_id, []))
        writer.finish()
        words = context.catalogue.vocabulary
        kept = [
            judged(
                *(words, one.case, one.found, as_of),
                earliest(trial.next_at, one.again_at),
                one.contested,
            )
            for one, trial in triples
        ]
        if report.rotation is not None:
            compared = list(zip(weighed, kept, strict=True))
            rotation.differences(context, connection, report.rotation, as_stood, compared)
        cases.write_judged(connection, kept, as_of)
        tally_spans.note(context, connection, pairs, as_of)
        trials.write(
            connection, [case.case_id for case, _ in pairs], [trial for _, trial in triples]
        )
        report.evaluated += len(pairs)
        if slot is not None:
            after = report.counts()
            runs.count(connection, slot, {name: after[name] - before[name] for name in after})


def _problems(connection: Connection, as_of: int) -> Iterator[tuple[str, str, str, str]]:
    for case_no, troubles in cases.problems(connection, as_of):
        for rule, reason, detail in json.loads(troubles):
            yield case_no, rule, reason, detail


def _wake(
    context: Context,
    writing: Writing,
    held: HeldInput,
    report: ScanReport,
    slot: runs.Claim | None,
) -> None:
    """Have those cases judged of which the database no longer says that they are to be.

    Their clocks are not those that their last judgement left, something was imported that they are
    not marked for, or their input was not held when a scan last looked.
    """
    with context.store.reading() as connection:
        lost = cases.clocks_lost(connection)
        begun_at = 0 if slot is None else runs.begun_at(connection, slot.job, slot.slot)
        quiet = held.not_looked_at(connection, report.as_of, begun_at)
        quiet += held.doubted(connection)
        waits = cases.troubled(connection, Reason.INPUT_NOT_HELD)
    report.clocks_restored = [case_no for _, case_no in lost]
    if not (lost or quiet or waits):
        return
    with writing() as connection:
        cases.mark(connection, {*(case_id for case_id, _ in lost), *quiet, *waits})
        entries = [
            context.entry(
                EntryType.CLOCKS_RESTORED,
                f"{EntryType.CLOCKS_RESTORED}/{report.run_id}/{place}",
                {"run": report.run_id, "cases": list(part)},
            )
            for place, part in enumerate(cases.chunks(report.clocks_restored))
        ]
        ledger.append(connection, entries)


def _not_held(held: HeldInput) -> list[NotHeld]:
    return [
        NotHeld(cause.table, cause.import_id or None, tuple(sorted(numbers)))
        for cause, numbers in sorted(held.found.items())
    ]


def _see(held: HeldInput, seen: Seen, stored: Sequence[cases.StoredCase]) -> list[cases.StoredCase]:
    """The cases, those of them marked of which rows are held by no import."""
    marked = []
    for case in stored:
        unheld = seen.unheld(case.case_id)
        if unheld:
            held.note(case.record.case_no, seen.causes[case.case_id])
            case = replace(case, record=replace(case.record, unheld=unheld))
        marked.append(case)
    return marked


def _judge(
    context: Context,
    connection: Connection,
    stored: Sequence[cases.StoredCase],
    as_of: int,
    held: HeldInput,
    seen: Seen,
) -> tuple[list[cases.StoredCase], list[CaseFindings]]:
    """The findings of cases. Before a yellow or red card would fall by late evidence, the imports
    of its case's rows are read whole."""
    stored = _see(held, seen, stored)
    findings = context.catalogue.judge([case.record for case in stored], as_of)
    known = cards.of_cases(connection, [case.case_id for case in stored])
    standing = alike.with_equivalent_digest(context.catalogue, connection, known)
    with_cards = [
        (case, found)
        for case, found in zip(stored, findings, strict=True)
        if standing.get(case.case_id) and not case.record.unheld
    ]
    some = [case for case, _ in with_cards]
    going = going_on(connection, some, [found for _, found in with_cards], standing)
    weighing = Weighing(context, connection, as_of, watch_from(context))
    doubted = [
        case
        for case, found in zip(some, going, strict=True)
        if _falls(weighing, case, found, standing[case.case_id])
        and not held.see_whole(connection, seen, case.case_id)
    ]
    if doubted:
        held.spread(seen)
        stored = _see(held, seen, stored)
        findings = context.catalogue.judge([case.record for case in stored], as_of)
    return stored, findings


def _falls(
    weighing: Weighing,
    case: cases.StoredCase,
    found: CaseFindings,
    standing: Sequence[core_cards.Card],
) -> bool:
    """Whether a yellow or red card of a case would fall by late evidence."""
    levels = {card.card_no: card.level for card in standing}
    return any(
        isinstance(decision, core_cards.Lift)
        and decision.reason is LiftReason.LATE_EVIDENCE
        and levels[decision.card_no] > Level.WARNING
        for decision in weighing.decided(case, found, standing)
    )


def _record(
    context: Context, report: ScanReport, slot: Slot, writing: Writing, held: HeldInput
) -> None:
    """Write the scan to the ledger and close its slot, both or neither: one entry a slot.

    Of a slot it says what was done for it in all, also by helpers and by who began it and died.
    """
    bound = binding.pending_spans(context)
    with writing() as connection:
        if slot is not None:
            report.count_as(runs.count(connection, slot, dict.fromkeys(report.counts(), 0)))
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.SCAN_DONE,
                    f"scan.done/{report.run_id}",
                    {
                        "run": report.run_id,
                        "as_of": rfc3339(report.as_of, context.zone),
                        "cases": {
                            str(outcome): report.totals.get(str(outcome), 0) for outcome in Outcome
                        },
                        "issued": {level.word: report.issued[level] for level in Level},
                        "historical": report.historical,
                        "lifted": report.lifted,
                        **({"tallies": dict(report.tallies)} if report.tallies else {}),
                        **({"trial": report.trial} if report.trial else {}),
                        **_stale_content(report, context.zone),
                        "input": held.content(),
                        **binding.commit_spans(context, connection, bound),
                    },
                )
            ],
        )
        if report.rotation is not None:
            report.rotation.imports = held.rotated
            rotation.end(context, connection, report.rotation)
        if isinstance(slot, runs.Claim):
            runs.finish(
                connection,
                slot,
                state="done",
                now=context.now(),
                totals=compact_json(report.summary(context.zone)),
                message=None,
            )


def _stale_content(report: ScanReport, zone: str) -> dict[str, object]:
    return {"stale": [each.as_json(zone) for each in report.stale]} if report.stale else {}


def preview(
    context: Context, *, as_of: int, known_by: int | None, run_id: str, against: bool
) -> ScanReport:
    """What a scan as of an instant would give, by what was known by another; writes nothing.

    With `against` only what differs from the cards on record: what a scan now would do. Without,
    every card that a first scan would give.
    """
    report = ScanReport(run_id=run_id, as_of=as_of, wrote=False)
    report.waiting = waiting(context)
    report.trial = trials.nothing(context.catalogue)
    stale = _stale(context, as_of, known_by, report)
    held = HeldInput()
    with context.store.reading() as connection:
        ids = cases.all_case_ids(connection)
        held.start(connection)
        report.clocks_restored = [case_no for _, case_no in cases.clocks_lost(connection)]
    totals = dict.fromkeys((str(outcome) for outcome in Outcome), 0)
    tallies = tally_preview.Preview(context, as_of, known_by, against, watch_from(context))
    for part in cases.chunks(ids, BATCH):
        with context.store.reading() as connection:
            seen = held.see(connection, part)
            torn = {*feeds.torn_cases(context, connection, part, known_by), *seen.torn}
            stored = _see(
                held,
                seen,
                cases.read_cases(connection, part, known_by=known_by, stale=stale, torn=torn),
            )
            known = cards.of_cases(connection, part, known_by)
            standing = alike.with_equivalent_digest(context.catalogue, connection, known)
            findings = context.catalogue.judge([case.record for case in stored], as_of)
            findings = going_on(connection, stored, findings, standing)
            weighing = Weighing(
                context, connection, as_of, watch_from(context), known_by, against=against
            )
            weighed = weighing.each(stored, findings, standing)
        _preview_batch(context, stored, weighed, as_of, report, totals, tallies)
    report.contested.sort()
    report.corrections.sort()
    tallies.finish(report)
    report.not_held = _not_held(held)
    report.totals = totals
    return report


def _preview_batch(
    context: Context,
    stored: Sequence[cases.StoredCase],
    weighed: Sequence[Weighed],
    as_of: int,
    report: ScanReport,
    totals: dict[str, int],
    tallies: tally_preview.Preview,
) -> None:
    watched = watch_from(context)
    for tried in trials.judge(context.catalogue, [case.record for case in stored], as_of, watched):
        trials.count(tried.rows, report.trial)
    for one in weighed:
        case, found, decisions = one.case, one.found, one.decisions
        report.contested.extend(one.contested)
        report.corrections.extend([found.case_no] if found.waits else [])
        totals[str(found.outcome)] += 1
        report.evaluated += 1
        report.problems.extend(
            (found.case_no, trouble.rule, str(trouble.reason), trouble.detail)
            for trouble in (*found.troubles, *found.notes)
        )
        tallies.take(case, found, decisions)
        for decision in decisions:
            if isinstance(decision, core_cards.Lift):
                report.lifted += 1
            elif isinstance(decision, core_cards.Issue):
                walked = card_rows.ground_walk(context, case, decision.ground, as_of)
                row = card_rows.card_values(context, case, decision, walked, as_of)
                row["issued_at"] = None
                report.would_issue.append(card_rows.card_json(row, context.zone))
                if decision.state is CardState.HISTORICAL:
                    report.historical += 1
                else:
                    report.issued[decision.level.level] += 1
