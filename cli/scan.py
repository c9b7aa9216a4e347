"""`effmon scan` and `effmon forecast`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.i18n.language import say_reason
from efficiency_monitor.i18n.messages import t

from . import columns
from .ledger_note import say_tried
from .render import emit, emit_object, message, progress, warn
from .state import (
    AsOf,
    DryRun,
    KnownBy,
    Output,
    Strict,
    context_of,
    first_of,
    instant_of,
    leave,
)

if TYPE_CHECKING:
    from efficiency_monitor.rules.vocabulary import Vocabulary
    from efficiency_monitor.scan.scan_report import ScanReport
    from efficiency_monitor.workspace.context import Context


class FailOn(StrEnum):
    """Level from which a scan that issues it ends with 1."""

    YELLOW = "yellow"
    RED = "red"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("scan", help=t("judge the cases and issue cards"))(scan)
    app.command("forecast", help=t("what falls due soon"))(forecast)


def scan(
    ctx: typer.Context,
    as_of: AsOf = None,
    known_by: KnownBy = None,
    dry_run: DryRun = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help=t("exit 1 if one is issued")),
    ] = None,
    strict: Strict = False,
    output: Output = None,
) -> None:
    """Judge every case that changed or of which a clock falls due; issue and lift cards.

    A scan writes only for now; with --as-of or --known-by it shows what would be.
    """
    from efficiency_monitor import app
    from efficiency_monitor.ledger.checkpoints import try_after
    from efficiency_monitor.scan import scan as service

    context = context_of(ctx)
    instant = instant_of(as_of, context)
    known = instant_of(known_by, context)
    if dry_run or instant is not None or known is not None:
        report = service.preview(
            context,
            as_of=context.now() if instant is None else instant,
            known_by=known,
            against=instant is None and known is None,
            run_id=app.run_id(),
        )
    else:
        now = context.now()
        with progress(t("scanning"), service.count_to_judge(context, now)) as step:
            report = service.scan(
                context, as_of=now, run_id=app.run_id(), start_at=app.turn(), progress=step
            )
        report.checkpoint = try_after(context)
    if output is None:
        say(report, context)
    else:
        emit_object(report.as_json(context.zone), output)
    if not report.wrote:
        message(t("a preview: nothing was written", ctx="card"))
    leave(exit_code(report, fail_on, strict=strict))


def exit_code(report: "ScanReport", fail_on: FailOn | None, *, strict: bool) -> int:
    """Exit code of a scan (docs/contract.md 14)."""
    from efficiency_monitor.terms import Level, Reason

    codes = [0]
    if fail_on is not None:
        least = Level.parse(fail_on)
        if any(count for level, count in report.issued.items() if level >= least):
            codes.append(1)
    broken = {
        str(Reason.NO_CALENDAR),
        str(Reason.STALE_FEED),
        str(Reason.HALF_IMPORT),
        str(Reason.INPUT_NOT_HELD),
        str(Reason.CALENDAR_NOT_COVERED),
    }
    reasons = {reason for _, _, reason, _ in report.problems}
    reasons |= {reason for _, _, reason in report.tally_problems}
    single = report.problems or report.tally_problems or report.untold or report.undelivered
    changed = report.not_held or report.clocks_restored
    differ = report.rotation is not None and report.rotation.differ
    if changed or differ or report.judged_later or reasons & broken or (strict and single):
        codes.append(3)
    return first_of(*codes)


def detail_words(detail: str, vocabulary: "Vocabulary") -> str:
    """`decided before accepted` with the names of the events in the current language."""
    later, before, earlier = [*detail.split(" "), "", ""][:3]
    if before != "before" or not {later, earlier} <= set(vocabulary.types):
        return detail
    first, second = vocabulary.types[later], vocabulary.types[earlier]
    return t("{en} before {en_2}", en=first.en, en_2=second.en, zh=first.zh, zh_2=second.zh)


def say(report: "ScanReport", context: "Context") -> None:
    """A scan in words on stdout."""
    from efficiency_monitor.terms import Level, Outcome
    from efficiency_monitor.time.instants import wall_text

    from .render import emit_text

    totals = {outcome: report.totals.get(str(outcome), 0) for outcome in Outcome}
    issued = {level: report.issued[level] for level in Level}
    lines = [
        t(
            "scan {run_id} as of {as_of}",
            run_id=report.run_id,
            as_of=wall_text(report.as_of, context.zone),
        ),
        t(
            "cases {values} = {totals} judged + {totals_2} not judgeable + {totals_3} excluded "
            "({evaluated} looked at)",
            values=sum(totals.values()),
            totals=totals[Outcome.JUDGED],
            totals_2=totals[Outcome.NOT_JUDGEABLE],
            totals_3=totals[Outcome.EXCLUDED],
            evaluated=report.evaluated,
        ),
        t(
            "issued: {issued} red, {issued_2} yellow, {issued_3} warning; historical "
            "{historical}; lifted {lifted}",
            issued=issued[Level.RED],
            issued_2=issued[Level.YELLOW],
            issued_3=issued[Level.WARNING],
            historical=report.historical,
            lifted=report.lifted,
        ),
    ]
    if report.tallies:
        lines.append(say_tallies(report))
    emit_text(line + "\n" for line in lines)
    _say_tally_problems(report)
    if report.judged_later:
        number = report.judged_later
        warn(
            t(
                "{number} cases wait, but were judged as of a later instant and are left until "
                "then: check the machine's clock, then see effmon doctor",
                number=number,
            )
        )
    _say_evidence(report)
    _say_feeds(report, context)
    _say_changed(report, context)
    _say_problems(report, context)
    _say_untold(report)
    _say_undelivered(report)
    _say_rules(report)
    say_tried(report.checkpoint)


def _say_evidence(report: "ScanReport") -> None:
    """What waits until somebody agrees: corrections, and evidence against cards."""
    if report.corrections:
        number = len(report.corrections)
        some = t(", ").join(report.corrections[:10]) + ("…" if number > 10 else "")
        warn(
            t(
                "corrections wait in {number} case{ending}, the values bound before judge: {some}",
                number=number,
                ending="" if number == 1 else "s",
                some=some,
            )
        )
    if report.contested:
        number = len(report.contested)
        some = t(", ").join(report.contested[:10]) + ("…" if number > 10 else "")
        warn(
            t(
                "{number} card{ending} contested: late evidence would lift, and waits; until then "
                "they stand: {some}",
                number=number,
                ending=" is" if number == 1 else "s are",
                some=some,
            )
        )
    if report.evidence:
        message(t("who supervises decides: effmon evidence list"))
    if report.undecidable:
        warn(
            t(
                "{number} matters cannot be decided: persons are lacking who may and hold keys "
                "(effmon evidence list)",
                number=len(report.undecidable),
            )
        )
    if report.unseen:
        number = len(report.unseen)
        some = t(", ").join(report.unseen[:10]) + ("…" if number > 10 else "")
        warn(
            t(
                "{number} yellow or red cards fell by evidence and no supervisor has seen it "
                "(effmon evidence list --fallen): {some}",
                number=number,
                some=some,
            )
        )


def _say_changed(report: "ScanReport", context: "Context") -> None:
    """What somebody has changed past the product, or the clock has: a line for each cause."""
    from efficiency_monitor.time.instants import wall_text

    for jump in report.jumped:
        since, until = (wall_text(at, context.zone) for at in (jump.since, jump.until))
        warn(
            t(
                "nothing was entered from {since} to {until}: no scan was run, or the clock "
                "jumped; check that it is right",
                since=since,
                until=until,
            )
        )
    for each in report.not_held:
        warn(each.words())
    if report.clocks_restored:
        number = len(report.clocks_restored)
        some = t(", ").join(report.clocks_restored[:5])
        warn(
            t(
                "{number} cases had other clocks than their last judgement left, and were judged "
                "anew: {some}",
                number=number,
                some=some,
            )
        )
    if report.rotation is not None and report.rotation.differ:
        differ = report.rotation.differ
        warn(
            t(
                "{number} cases that nothing had waked were judged anew, and something else stood "
                "than follows from what is known; it was made good: {some}",
                number=len(differ),
                some=t(", ").join(differ[:5]) + ("…" if len(differ) > 5 else ""),
            )
        )


def _say_problems(report: "ScanReport", context: "Context") -> None:
    """Cases that could not be judged, and why."""
    from efficiency_monitor.terms import Reason

    # These are said by their cause.
    rest = [each for each in report.problems if each[2] != Reason.INPUT_NOT_HELD]
    for case_no, rule, reason, detail in rest[:10]:
        words = detail_words(detail, context.catalogue.vocabulary)
        told = " ".join(part for part in (rule, words) if part)
        warn(f"{case_no}: {say_reason(reason)}" + (f" ({told})" if told else ""))
    if len(rest) > 10:
        warn(t("{value} more: effmon cases list --outcome not_judgeable", value=len(rest) - 10))


def _say_untold(report: "ScanReport") -> None:
    """Cards of which nobody is told."""
    for card_no, why in report.untold[:10]:
        step = why.removeprefix("step_").partition("_")[0]
        if step.isdecimal():
            warn(t("{card_no}: step {step} reaches nobody", card_no=card_no, step=step))
        else:
            warn(t("{card_no}: nobody to tell", card_no=card_no))
    if len(report.untold) > 10:
        rest = len(report.untold) - 10
        warn(t("{rest} more cards with nobody to tell", rest=rest))


def _say_rules(report: "ScanReport") -> None:
    """Files that wait for approval, texts that changed, what rules on trial would have given."""
    from efficiency_monitor.terms import Level

    for line in report.changed[:10]:
        warn(line)
    for waits in report.waiting[:10]:
        warn(waits.words())
    for card_no in report.rule_changed[:10]:
        warn(t("{card_no}: its rule's text was changed since; left as it is", card_no=card_no))
    for rule_id, levels in report.trial.items():
        red, yellow, warning = (levels[level.word] for level in sorted(Level, reverse=True))
        message(
            t(
                "on trial {rule_id}: would be {red} red, {yellow} yellow, {warning} warning (no "
                "card is given)",
                rule_id=rule_id,
                red=red,
                yellow=yellow,
                warning=warning,
            )
        )


def say_tallies(report: "ScanReport") -> str:
    """How many subjects of tallies were judged, as cases are counted."""
    found = {name: report.tallies.get(name, 0) for name in ("judged", "not_judgeable", "excluded")}
    judged, unknown, few = found.values()
    return t(
        "subjects of tallies {values} = {judged} judged + {unknown} not judgeable + {few} too "
        "small",
        values=sum(found.values()),
        judged=judged,
        unknown=unknown,
        few=few,
    )


def _say_tally_problems(report: "ScanReport") -> None:
    for (rule, window, reason), number in sorted(report.tally_problems.items())[:10]:
        warn(
            t(
                "{rule} from {window}: {number} subjects: {reason}",
                rule=rule,
                window=window,
                number=number,
                reason=say_reason(reason),
            )
        )


def _say_undelivered(report: "ScanReport") -> None:
    """Dead letters: nobody has read them, and nobody else would say so."""
    for letter in report.undelivered[:10]:
        who, why = letter["person_id"], letter["reason"]
        warn(
            t(
                "{notice_id}: could not be delivered to {who}: {why}",
                notice_id=letter["notice_id"],
                who=who,
                why=why,
            )
        )
    if report.undelivered:
        number = len(report.undelivered)
        warn(
            t(
                "{number} notices could not be delivered: effmon notices list --state dead; when "
                "the cause is mended: effmon notices retry",
                number=number,
            )
        )


def _say_feeds(report: "ScanReport", context: "Context") -> None:
    """Which sources are stale, and which cases are missing from their snapshots."""
    for stale in report.stale:
        warn(stale.words(context.zone))
    for source, number in report.vanished.items():
        warn(
            t(
                "{source}: {number} open cases are missing from its snapshot: effmon cases list "
                "--vanished",
                source=source,
                number=number,
            )
        )


def forecast(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=366, help=t("calendar days"))] = 7,
    output: Output = None,
) -> None:
    """What falls due within so many days by the last finished scan, the next first.

    Marks what the scan has not yet seen fall due, and what rests on a provisional date.
    """
    from efficiency_monitor.scan import forecasts

    context = context_of(ctx)
    found = forecasts.forecast(context, now=context.now(), days=days)
    message(found.words(context.zone))
    emit(
        found.rows,
        columns.FORECAST,
        output,
        empty=t("nothing falls due within {days} days", days=days),
    )
