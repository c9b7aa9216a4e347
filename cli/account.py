"""`effmon accountability list | show | verify | record | exempt | export`."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.i18n.act_words import say_account_status
from efficiency_monitor.i18n.messages import t

from . import columns
from .card import LevelWord
from .render import Format, emit, emit_object, message
from .signed_words import say_repeated, say_signatures
from .state import DryRun, Output, context_of
from .unmasking import Reason, Unmask
from .written import Attach, Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.followup.accountability.actions import Recorded
    from efficiency_monitor.followup.accountability.store import AccountQuery
    from efficiency_monitor.workspace.context import Context

app = typer.Typer(help=t("accountability records"))


class StatusWord(StrEnum):
    """Status of records."""

    TO_VERIFY = "to_verify"
    VERIFIED = "verified"
    MEASURE_RECORDED = "measure_recorded"
    EXEMPTED = "exempted"


class GroundWord(StrEnum):
    """Why a record is to be exempted."""

    FALSE_MATERIAL = "false_material"
    FORCE_MAJEURE = "force_majeure"
    SELF_CORRECTED = "self_corrected"


class DecisionWord(StrEnum):
    """What is decided on an exemption that was asked for."""

    APPROVE = "approve"
    REFUSE = "refuse"


Everything = Annotated[bool, typer.Option("--all", help=t("exempted and lifted ones too"))]
Department = Annotated[
    str | None, typer.Option(help=t("department that held it"), show_default=False)
]
Level = Annotated[LevelWord | None, typer.Option(help=t("level"), show_default=False)]
Status = Annotated[StatusWord | None, typer.Option(help=t("status"), show_default=False)]
Since = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="DATE", help=t("fell due from this date on"),
        show_default=False,
    ),
]  # fmt: skip
Until = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="DATE", help=t("fell due up to this date, included"),
        show_default=False,
    ),
]  # fmt: skip
Holder = Annotated[str | None, typer.Option(help=t("holder"), show_default=False)]
Rule = Annotated[str | None, typer.Option(help=t("rule"), show_default=False)]
Case = Annotated[str | None, typer.Option("--case", help=t("case"), show_default=False)]
Card = Annotated[str | None, typer.Option(help=t("card", ctx="account"), show_default=False)]


@app.command("list", help=t("who held the case how long, whose overrun"))
def list_records(
    ctx: typer.Context,
    everything: Everything = False,
    department: Department = None,
    level: Level = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    holder: Holder = None,
    rule: Rule = None,
    case_no: Case = None,
    card: Card = None,
    organs: Annotated[
        bool,
        typer.Option(
            "--organs",
            help=t("the own clocks of joint cases' organs too"),
        ),
    ] = False,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """List who held each case how long and whose overrun it was. Proposals, to be verified.

    Records that are exempted or whose card was lifted are left out unless asked for.
    """
    from efficiency_monitor.followup.accountability.rows import list_accounts
    from efficiency_monitor.people import disclosing

    context = context_of(ctx)
    query = _query(
        context,
        since,
        until,
        everything=everything,
        department=department,
        level=level,
        status=status,
        holder=holder,
        rule=rule,
        case_no=case_no,
        card_no=card,
        part=None if organs else "held",
    )
    disclosing.asked(reason, unmask=unmask)
    rows = list_accounts(context, query)
    if unmask:
        _disclose(context, "accountability.list", rows, reason)
    emit(
        rows,
        columns.ACCOUNT_CLOCKS if organs else columns.ACCOUNTS,
        output,
        empty=t("no accountability records"),
        unmasked=unmask,
    )


@app.command("show", help=t("show the record of a card"))
def show(
    ctx: typer.Context,
    card_no: str,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Show the record of a card: parts with their sum, whose overrun, decisions, proposals."""
    from efficiency_monitor.followup.accountability.views import show_account
    from efficiency_monitor.people import disclosing

    from .account_view import show_record

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    document = show_account(context, card_no)
    if unmask:
        _disclose(context, "accountability.show", [document], reason)
    show_record(document, output, unmasked=unmask)


@app.command("verify", help=t("say that a record has been verified"))
def verify(ctx: typer.Context, card_no: str, text: Text = None, output: Output = None) -> None:
    """Say that a record has been verified; needs --as PERSON (a supervisor) and --text."""
    from efficiency_monitor.followup.accountability import actions as accountability

    done = accountability.verify(context_of(ctx), card_no, read_text(text))
    _emit_done({"card_no": card_no, **done.as_json()}, output)
    _done(card_no, done)


@app.command("record", help=t("record a measure that was decided"))
def record(
    ctx: typer.Context,
    card_no: str,
    measure: Annotated[str, typer.Option(help=t("the measure's id"))],
    text: Text = None,
    output: Output = None,
) -> None:
    """Record a measure that was decided elsewhere; needs --as PERSON (a supervisor) and --text.

    effmon decides on no measure: it takes down who decided what and by which regulation.
    """
    from efficiency_monitor.followup.accountability import actions as accountability

    context = context_of(ctx)
    done = accountability.record_measure(context, card_no, measure, read_text(text))
    _emit_done({"card_no": card_no, **done.as_json(), "measure": measure}, output)
    _done(card_no, done)


@app.command("exempt", help=t("ask for an exemption, or decide on it"))
def exempt(
    ctx: typer.Context,
    card_no: str,
    ground: Annotated[
        GroundWord | None,
        typer.Option(help=t("ask for it on this ground"), show_default=False),
    ] = None,
    decision: Annotated[
        DecisionWord | None,
        typer.Option(help=t("decide on what was asked"), show_default=False),
    ] = None,
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Ask for an exemption (--ground) or decide on it (--decision); needs --as PERSON and --text.

    One person asks, others decide: supervisors who are not named on the card, each with --key;
    for a red card two, as to lift it.
    """
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.followup.accountability import actions as accountability
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.terms import ExemptionGround

    if (ground is None) == (decision is None):
        raise ConfigurationError(
            t("is it to be asked for or to be decided?"),
            t("ask with --ground, decide with --decision"),
        )
    context, said = context_of(ctx), read_text(text)
    evidence = attachments.keep(context, attach or (), dry_run=dry_run)
    if ground is not None:
        done = accountability.ask_exemption(
            context, card_no, ExemptionGround(ground), said, evidence, dry_run=dry_run
        )
        _emit_done({"card_no": card_no, **done.as_json(), "asked": str(ground)}, output)
        message(t("{card_no}: asked; another person decides", card_no=card_no))
        if done.repeated:
            say_repeated()
    elif decision is not None:
        done = accountability.decide_exemption(
            context, card_no, decision.value, said, evidence, dry_run=dry_run
        )
        _emit_done({"card_no": card_no, **done.as_json(), "decision": str(decision)}, output)
        _done(card_no, done)
        say_signatures(card_no, done)
    if dry_run:
        message(t("a rehearsal: nothing was written"))


@app.command("export", help=t("export as CSV, XLSX, JSON Lines"))
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=".csv | .xlsx | .jsonl")],
    everything: Everything = False,
    department: Department = None,
    level: Level = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    holder: Holder = None,
    rule: Rule = None,
    case_no: Case = None,
    card: Card = None,
    unmask: Unmask = False,
    reason: Reason = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help=t("replace the file"))] = False,
) -> None:
    """Export the records to a file; its ending says the format. Filters as in `list`."""
    from efficiency_monitor.documents.masking import masked
    from efficiency_monitor.documents.tabular import TableKind, write_table
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.followup.accountability.rows import list_accounts
    from efficiency_monitor.people import disclosing

    endings = {f".{kind.value}": kind for kind in TableKind}
    kind = endings.get(out.suffix.lower())
    if kind is None:
        raise ConfigurationError(
            t("{out}: the ending says no format", out=out),
            t("choose one of {endings}", endings=", ".join(endings), endings_2="、".join(endings)),
        )
    context = context_of(ctx)
    query = _query(
        context,
        since,
        until,
        everything=everything,
        department=department,
        level=level,
        status=status,
        holder=holder,
        rule=rule,
        case_no=case_no,
        card_no=card,
    )
    disclosing.asked(reason, unmask=unmask)
    rows = list_accounts(context, query)
    if unmask:
        _disclose(context, "accountability.export", rows, reason)
    else:
        rows = masked(rows)
    rows = [_for_export(row) for row in rows]
    count = write_table(
        out, rows, columns.ACCOUNT_EXPORT, kind, overwrite=overwrite, private=unmask
    )
    message(t("wrote {count} rows to {out}", count=count, out=out))


def _disclose(
    context: "Context", what: str, shown: Sequence[Mapping[str, Any]], reason: str | None
) -> None:
    """Record that these records are shown unmasked; only then may they be."""
    from efficiency_monitor.followup.accountability.rows import scopes_of
    from efficiency_monitor.people.disclosing import unmasked

    numbers = list(dict.fromkeys(row["card_no"] for row in shown))
    scopes = scopes_of(context, numbers)
    unmasked(context, what, subjects=numbers, scopes=scopes, reason=read_text(reason))


def _for_export(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a sheet takes it: amounts as numbers that can be added up."""
    from decimal import Decimal

    amounts = {
        name: row[name] | {"value": Decimal(row[name]["value"])}
        for name in ("amount", "over")
        if row[name] is not None
    }
    return row | amounts


def _emit_done(done: dict[str, Any], output: Format | None) -> None:
    """What was done, where an output was asked for."""
    if output is not None:
        emit_object(done, output)


def _done(card_no: str, done: "Recorded") -> None:
    message(f"{card_no}{t(': ')}{say_account_status(done.status)}")
    if done.repeated:
        say_repeated()


def _query(
    context: "Context", since: str | None, until: str | None, **filters: Any
) -> "AccountQuery":
    """What is asked for; the dates are days of the workspace's zone, both included."""
    from efficiency_monitor.followup.accountability.model import Part
    from efficiency_monitor.followup.accountability.store import AccountQuery
    from efficiency_monitor.terms import AccountStatus
    from efficiency_monitor.terms import Level as CardLevel

    level, status, part = (filters.pop(name, None) for name in ("level", "status", "part"))
    return AccountQuery(
        **filters,
        level=None if level is None else CardLevel.parse(level),
        status=None if status is None else AccountStatus(status),
        part=None if part is None else Part(part),
        since=_midnight(context, since, "--from", 0),
        until=_midnight(context, until, "--to", 1),
    )


def _midnight(context: "Context", text: str | None, option: str, days: int) -> int | None:
    """First second of a date, so many days on."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.time.instants import parse_instant

    if text is None:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return parse_instant(day.isoformat(), context.zone)[0]
    except (ValueError, OverflowError):
        raise ConfigurationError(
            t("{option} {text_!r} is no date", option=option, text_=text),
            f"{option} 2026-03-02",
        ) from None
