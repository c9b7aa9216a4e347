"""`effmon cards lift`."""

from enum import StrEnum
from typing import Annotated

import typer
from efficiency_monitor.i18n.language import say_lift_reason
from efficiency_monitor.i18n.messages import t

from .appeal import say_followed, say_later
from .ledger_note import say_tried
from .render import emit_object, message
from .signed_words import say_alone, say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text


class ReasonWord(StrEnum):
    """Why a card is lifted without an appeal."""

    ISSUED_IN_ERROR = "issued_in_error"
    EXEMPTION = "exemption"
    NOT_CONFIRMED = "not_confirmed"


def lift(
    ctx: typer.Context,
    card_no: str,
    reason: Annotated[ReasonWord, typer.Option(help=t("why it is lifted"))],
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Lift a card without an appeal; a red one takes two persons. Needs --as PERSON and --text."""
    from efficiency_monitor.cards.lifting import by_hand
    from efficiency_monitor.ledger.checkpoints import try_after
    from efficiency_monitor.terms import LiftReason

    context = context_of(ctx)
    done = by_hand(
        context,
        card_no,
        LiftReason(reason),
        read_text(text),
        attach or (),
        dry_run=dry_run,
    )
    if output is not None:
        emit_object(done.as_json(), output)
    signed = t(", ").join(done.signed_by)
    if done.lifted:
        why = say_lift_reason(done.reason)
        message(t("{card_no}: lifted ({why})", card_no=card_no, why=why))
    else:
        message(
            t(
                "{card_no}: signed by {signed} ({n_signed_by} of {needed}); another person has to "
                "sign for the same reason",
                card_no=card_no,
                signed=signed,
                n_signed_by=len(done.signed_by),
                needed=done.needed,
            )
        )
    say_lapsed(done.lapsed)
    if done.repeated:
        say_repeated()
        return
    if done.lifted and not dry_run:
        say_alone(context)
        # As the command ends: a signer that fails takes nothing back.
        say_tried(try_after(context))
    if dry_run and not done.lifted:
        say_later()
    say_followed(done.followed, [])
    if dry_run:
        message(t("a preview: nothing was written"))


def add_to(app: typer.Typer) -> None:
    """Add the command to the group of cards."""
    app.command("lift", help=t("lift a card"))(lift)
