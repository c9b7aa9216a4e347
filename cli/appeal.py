"""`effmon appeals file | list | show | decide`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.language import say_appeal_state, say_level, say_local
from efficiency_monitor.i18n.messages import mark, t

from .ledger_note import say_tried
from .render import Format, emit, emit_object, emit_text, heading, message, warn
from .signed_words import say_alone, say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.cards.lift_effects import LiftEffects
    from efficiency_monitor.followup.appeals.actions import Decided

app = typer.Typer(help=t("appeals against cards"))


class AppealWord(StrEnum):
    """State of appeals; `open` means those that wait to be decided."""

    OPEN = "open"
    FILED = "filed"
    REFERRED = "referred"
    UPHELD = "upheld"
    RETURNED = "returned"
    SETTLED = "settled"
    ALL = "all"


class DecisionWord(StrEnum):
    """What is decided: lift the card, let it stand, refer it upwards."""

    LIFT = "lift"
    RETURN = "return"
    REFER = "refer"


_APPEALS = (
    Column("appeal_no", "Appeal", priority=1),
    Column("state", "State", say=say_appeal_state, priority=2),
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES, priority=2),
    Column("case_no", "Case", priority=3),
    Column("department", "Department", priority=3, least=8),
    Column("filed_by", "Filed by", priority=4),
    Column("filed_at", "Filed", say=say_local, priority=3),
    Column("late", "Filed late", priority=4),
    Column("decide_by", "Decide by", say=say_local),
    Column("overdue", "Overdue", priority=2, ctx="appeals"),
    Column("decided_at", "Decided", say=say_local, priority=4),
)
_KINDS = {
    "filed": mark("filed"),
    "signed": mark("signed to lift"),
    "referred": mark("referred upwards"),
    "returned": mark("returned", ctx="appeal"),
    "upheld": mark("upheld"),
    "settled": mark("settled"),
    "overdue": mark("overdue", ctx="appeal"),
}
_DECISIONS = {
    "lift": mark("lift"),
    "return": mark("return"),
    "refer": mark("refer"),
}


def _names(attachments: list[dict[str, Any]]) -> str:
    return t(", ").join(str(each["name"]) for each in attachments)


_ENTRIES = (
    Column("at", "At", say=say_local),
    Column("kind", "What", say=coded(_KINDS)),
    Column("person_id", "Person", least=6),
    Column("os_user", "System user", priority=3),
    Column("text", "Text", least=12),
    Column("attachments", "Attachments", say=_names, priority=2),
)
_APPROVALS = (
    Column("at", "At", say=say_local),
    Column("round", "Round", right=True, priority=2),
    Column("person_id", "Person", least=6),
    Column("decision", "Decision", say=coded(_DECISIONS)),
    Column("signed", "Signed with a key"),
)


@app.command("file", help=t("appeal against a card"))
def file(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """File an appeal for its department; needs --as PERSON and --text."""
    from efficiency_monitor.followup.appeals.actions import file as file_appeal
    from efficiency_monitor.time.instants import wall_text

    context = context_of(ctx)
    filed = file_appeal(context, card_no, read_text(text), attach or ())
    if output is not None:
        emit_object({"card_no": card_no, **filed.as_json(context.zone)}, output)
    by = wall_text(filed.decide_by, context.zone)
    message(t("{appeal_no}: filed, to be decided by {by}", appeal_no=filed.appeal_no, by=by))
    if filed.repeated:
        say_repeated()
        return
    if filed.late:
        warn(t("filed later than it should be, and marked so"))
    if not filed.told:
        warn(t("nobody is there who may decide it: import a supervisor (effmon people import)"))


@app.command("list", help=t("list appeals"))
def list_appeals(
    ctx: typer.Context,
    state: Annotated[AppealWord, typer.Option(help=t("state"))] = AppealWord.OPEN,
    card: Annotated[str | None, typer.Option(help=t("card", ctx="account"))] = None,
    department: Annotated[str | None, typer.Option(help=t("department"))] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help=t("only those that are overdue"))
    ] = False,
    output: Output = None,
) -> None:
    """List appeals, what has to be decided first before the others."""
    from efficiency_monitor.followup.appeals import views as appeal_listing

    found = appeal_listing.list_appeals(
        context_of(ctx), state=str(state), card_no=card, department=department, overdue=overdue
    )
    emit(found, _APPEALS, output, empty=t("no such appeals"))


@app.command("show", help=t("show one appeal"))
def show(ctx: typer.Context, appeal_no: str, output: Output = None) -> None:
    """Show one appeal: its text, what happened to it, who has approved what."""
    from efficiency_monitor.followup.appeals import views as appeal_listing

    document = appeal_listing.show_appeal(context_of(ctx), appeal_no)
    if output in (Format.JSON, Format.JSONL):
        emit_object(document, output)
        return
    emit_object(document, output, columns=(*_APPEALS, Column("text", "Reason", ctx="appeal")))
    if output is Format.CSV:
        return
    for title, rows, columns in (
        (t("What happened"), document["entries"], _ENTRIES),
        (t("Approvals"), document["approvals"], _APPROVALS),
    ):
        if rows:
            emit_text(["\n", heading(title, colour=False)])
            emit(rows, columns, output)


@app.command("decide", help=t("decide an appeal"))
def decide(
    ctx: typer.Context,
    appeal_no: str,
    decision: Annotated[
        DecisionWord,
        typer.Option(help=t("lift the card, let it stand, refer it upwards")),
    ],
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Decide an appeal; a red card is lifted by two persons. Needs --as PERSON and --text."""
    from efficiency_monitor.followup.appeals.actions import decide as decide_appeal
    from efficiency_monitor.followup.appeals.model import Decision
    from efficiency_monitor.ledger.checkpoints import try_after

    context = context_of(ctx)
    done = decide_appeal(
        context,
        appeal_no,
        Decision(decision),
        read_text(text),
        attach or (),
        dry_run=dry_run,
    )
    if output is not None:
        emit_object(done.as_json(), output)
    message(_outcome(done))
    say_lapsed(done.lapsed)
    if done.repeated:
        say_repeated()
        return
    if done.step == "upheld" and not dry_run:
        say_alone(context)
        say_tried(try_after(context))
    if dry_run and done.step == "signed":
        say_later()
    say_followed(done.followed, done.told)
    if done.step == "signed" and not done.told:
        warn(t("nobody else is there who may sign: refer it, or import a supervisor"))
    if dry_run:
        message(t("a preview: nothing was written"))


def _outcome(done: "Decided") -> str:
    signed = t(", ").join(done.signed_by)
    number, card = done.appeal_no, done.card_no
    return {
        "upheld": t("{number}: upheld, {card} is lifted", number=number, card=card),
        "returned": t("{number}: returned, {card} stands", number=number, card=card),
        "referred": t("{number}: referred upwards", number=number),
        "signed": t(
            "{number}: signed by {signed} ({n_signed_by} of {needed}); another person has to sign",
            number=number,
            signed=signed,
            n_signed_by=len(done.signed_by),
            needed=done.needed,
        ),
    }[str(done.step)]


def say_later() -> None:
    """Say that what is listed comes only with another signature."""
    message(t("once another person has signed:"))


def say_followed(followed: "LiftEffects", more: list[str]) -> None:
    """Say on stderr what followed, one line for each kind of thing."""
    told = sorted({*more, *followed.told})
    for what, names in (
        (t("told", ctx="followed"), told),
        (t("stands again", ctx="followed"), followed.revived),
        (t("orders closed", ctx="followed"), followed.orders),
        (t("appeals settled", ctx="followed"), followed.appeals),
    ):
        if names:
            listed = t(", ").join(names)
            message(f"{what}{t(': ')}{listed}")
    if followed.void:
        number = len(followed.void)
        message(t("notices that are not sent any more: {number}", number=number))
