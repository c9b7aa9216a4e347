"""`effmon cards list | show | acknowledge | reply | confirm | close | issue`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.language import say_instant, say_level, say_state
from efficiency_monitor.i18n.messages import t

from . import columns
from .render import Format, emit, emit_object, message, warn
from .signed_words import say_alone, say_repeated
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text

app = typer.Typer(help=t("warnings, yellow and red cards"))


class LevelWord(StrEnum):
    """Level of a card."""

    WARNING = "warning"
    YELLOW = "yellow"
    RED = "red"


class StateWord(StrEnum):
    """State of cards; `open` means every state before closed."""

    OPEN = "open"
    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    REPLIED = "replied"
    CLOSED = "closed"
    SUPERSEDED = "superseded"
    LIFTED = "lifted"
    HISTORICAL = "historical"
    ALL = "all"


@app.command("list", help=t("list cards"))
def list_cards(
    ctx: typer.Context,
    level: Annotated[LevelWord | None, typer.Option(help=t("level"))] = None,
    department: Annotated[str | None, typer.Option(help=t("department"))] = None,
    state: Annotated[StateWord, typer.Option(help=t("state"))] = StateWord.OPEN,
    case_no: Annotated[str | None, typer.Option("--case", help=t("case"))] = None,
    rule: Annotated[str | None, typer.Option(help=t("rule"))] = None,
    output: Output = None,
) -> None:
    """List cards, worst first; every card that is not closed, unless asked otherwise."""
    from efficiency_monitor.cards import listing
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.terms import Level

    context = context_of(ctx)
    query = CardQuery(
        level=None if level is None else Level.parse(level),
        state=str(state),
        department=department,
        case_no=case_no,
        rule=rule,
    )
    found = listing.list_cards(context, query)
    emit(
        found,
        columns.of_cards(found),
        output,
        empty=t("no such cards"),
    )


@app.command("show", help=t("show one card"))
def show(ctx: typer.Context, card_no: str, output: Output = None) -> None:
    """Show one card: what it rests on, what happened to it, who held the case."""
    from efficiency_monitor.cards import listing

    from .documents import show_card

    context = context_of(ctx)
    document = listing.show_card(context, card_no)
    show_card(document, output)
    if document["state"] == "lifted":
        say_alone(context)


def _answer(
    ctx: typer.Context,
    card_no: str,
    what: str,
    text: str | None,
    attach: list[Path] | None,
    output: Format | None,
) -> None:
    from efficiency_monitor.cards.answers import answer
    from efficiency_monitor.followup.evidence import attachments

    context = context_of(ctx)
    done = answer(context, card_no, what, read_text(text), attachments.keep(context, attach or []))
    if output is not None:
        emit_object(done.as_json(context.zone), output)
    if done.repeated:
        message(t("{card_no}: the same was there already; nothing was written", card_no=card_no))
        return
    parts = [f"{card_no}{t(': ')}{say_state(done.state)}"]
    if done.reply_due_at is not None:
        at = say_instant(done.reply_due_at, context.zone)
        parts.append(t("reply by {at}", at=at))
    message(t("; ", ctx="card").join(parts))
    if done.late:
        warn(t("the reply came after its deadline, and is marked so"))
    if done.untold:
        warn(t("{card_no}: nobody to tell", card_no=card_no))


@app.command("acknowledge", help=t("acknowledge a card"))
def acknowledge(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """Say that the card was received; needs --as PERSON."""
    _answer(ctx, card_no, "acknowledged", text, attach, output)


@app.command("reply", help=t("reply to a card"))
def reply(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """Answer the card; needs --as PERSON and --text. A further reply is added to the former."""
    _answer(ctx, card_no, "replied", text, attach, output)


@app.command("confirm", help=t("confirm a pending card"))
def confirm(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """Confirm a card that waits for it; needs --as PERSON, another one than who gave it."""
    _answer(ctx, card_no, "confirmed", text, attach, output)


@app.command("close", help=t("close a card: its reply is accepted"))
def close(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Close a card that was replied to; needs --as PERSON, who did not reply, and --text."""
    from efficiency_monitor.cards.closing import close_card
    from efficiency_monitor.followup.evidence import attachments

    context = context_of(ctx)
    done = close_card(
        context,
        card_no,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or (), dry_run=dry_run),
        dry_run=dry_run,
    )
    if output is not None:
        emit_object(done, output)
    _say_told(f"{card_no}{t(': ')}{say_state(done.state)}", done.told, dry_run=dry_run)
    if done.repeated:
        say_repeated()


@app.command("issue", help=t("give a card by hand"))
def issue(
    ctx: typer.Context,
    case_no: str,
    level: Annotated[LevelWord, typer.Option(help=t("level"))],
    basis: Annotated[str, typer.Option("--basis", help=t("what it rests on: an article"))],
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Give a case a card that no rule gives; another supervisor confirms it. Needs --as, --text."""
    from efficiency_monitor.cards import manual_cards
    from efficiency_monitor.followup.evidence import attachments
    from efficiency_monitor.terms import Level

    context = context_of(ctx)
    done = manual_cards.issue(
        context,
        case_no,
        level=Level.parse(level),
        basis=basis,
        text=read_text(text) or "",
        evidence=attachments.keep(context, attach or (), dry_run=dry_run),
        dry_run=dry_run,
    )
    if output is not None:
        emit_object(done, output)
    said = f"{done.card_no}{t(': ')}{say_level(done.level)}{t(', ', ctx='card')}"
    _say_told(said + say_state(done.state), done.told, dry_run=dry_run)
    if done.repeated:
        say_repeated()


def _say_told(said: str, told: list[str], *, dry_run: bool) -> None:
    if told:
        said += t("; told: ") + t(", ").join(told)
    message(said)
    if dry_run:
        message(t("a preview: nothing was written", ctx="card"))
