"""`effmon repair clock | input`."""

from typing import Annotated

import typer
from efficiency_monitor.i18n.language import say_local
from efficiency_monitor.i18n.messages import t

from .appeal import say_followed, say_later
from .ledger_note import say_tried
from .render import emit_object, message, warn
from .signed_words import say_alone, say_repeated, say_signatures
from .state import DryRun, Output, context_of, instant_of
from .written import Text, read_text

app = typer.Typer(help=t("repairs that persons answer for"))


@app.command("clock", help=t("undo what was judged under a clock that had run ahead"))
def clock(
    ctx: typer.Context,
    after: Annotated[
        str,
        typer.Option(help=t("last instant at which the clock was right; effmon doctor names it")),
    ],
    text: Text = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Lift the cards of a clock that ran ahead and have their cases judged by the right one.

    Taken back are also slots of the night and steps of ladders. Takes two supervisors with keys,
    who give the same command; needs --as and --text.
    """
    from efficiency_monitor.ledger.checkpoints import try_after
    from efficiency_monitor.ops.repair.clock import repair
    from efficiency_monitor.time.instants import rfc3339

    context = context_of(ctx)
    instant = instant_of(after, context)
    assert instant is not None
    done = repair(context, instant, read_text(text), dry_run=dry_run)
    document = done.as_json(context.zone)
    if output is not None:
        emit_object(document, output)
    since = say_local(rfc3339(instant, context.zone))
    say_signatures(t("clock after {since}", since=since), done)
    if done.repeated:
        say_repeated()
        return
    if dry_run and not done.done:
        say_later()
    if done.done or dry_run:
        message(
            t(
                "the clock was wrong after {since}: {cards} cards lifted, {cases} cases to be "
                "judged again, {slots} slots to be run again, {steps} ladders taken back",
                since=since,
                cards=len(done.cards),
                cases=done.cases,
                slots=len(done.slots),
                steps=len(done.steps),
            )
        )
        say_followed(done.followed, [])
    if dry_run:
        message(t("a preview: nothing was written"))
    elif done.done:
        message(t("judge the cases now: effmon scan"))
        say_alone(context)
        # As the command ends: a signer that fails takes nothing back.
        say_tried(try_after(context))


@app.command("input", help=t("set input aside that no import holds"))
def input_(
    ctx: typer.Context, text: Text = None, dry_run: DryRun = False, output: Output = None
) -> None:
    """Set aside rows that no import has brought; they are kept, and count for nothing.

    For a supervisor, where anybody supervises. What an import lacks comes back by importing its
    files again, or from a backup. Needs --text.
    """
    from efficiency_monitor.ledger.checkpoints import try_after
    from efficiency_monitor.ops.repair.input import repair

    context = context_of(ctx)
    done = repair(context, read_text(text), dry_run=dry_run)
    if output is not None:
        emit_object(done.as_json(), output)
    rows = t(", ").join(f"{table} {number}" for table, number in sorted(done.rows.items()))
    some = t(", ").join(done.cases[:5]) + ("…" if len(done.cases) > 5 else "")
    message(t("set aside: {rows}; cases: {some}", rows=rows, some=some or t("none")))
    for table, import_id in done.left:
        warn(
            t(
                "table {table} has other rows than the import {import_id} says: put a backup back",
                table=table,
                import_id=import_id or "?",
            )
        )
    if dry_run:
        message(t("a preview: nothing was written"))
    else:
        message(t("judge the cases now: effmon scan"))
        say_tried(try_after(context))
