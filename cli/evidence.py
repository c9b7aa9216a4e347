"""`effmon evidence list | show | accept | reject | seen`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.language import say_level, say_lift_reason, say_local
from efficiency_monitor.i18n.messages import mark, t

from .render import Format, emit, emit_object, emit_text, heading, message
from .signed_words import say_alone, say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.followup.evidence.matters import Target

app = typer.Typer(help=t("evidence that came late: held back, accepted, rejected"))


class EvidenceWord(StrEnum):
    """State of evidence."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ALL = "all"


_STATES = {
    "waiting": mark("held back"),
    "accepted": mark("accepted", ctx="evidence"),
    "rejected": mark("rejected", ctx="evidence"),
    "moot": mark("no longer held back"),
}


def _listed(found: list[str]) -> str:
    return t(", ").join(found)


_MATTERS = (
    Column("evidence", "Evidence", priority=1),
    Column("state", "State", say=coded(_STATES), priority=2),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES, priority=2),
    Column("case_no", "Case", priority=2),
    Column("calendar", "Calendar", priority=3),
    Column("cards", "Contested cards", say=_listed, priority=3),
    Column("source", "Source", priority=4),
    Column("received_at", "Received", say=say_local, priority=4),
    Column("by", "Imported by", priority=4),
    Column("signatures", "Signatures needed", right=True, priority=5),
    Column("signed_by", "Signed by", say=_listed, priority=5),
    Column("lacking", "Persons lacking", right=True, priority=5),
    Column("import", "Import", priority=6),
)
_DECIDED = (
    Column("evidence", "Evidence", priority=1),
    Column("state", "State", say=coded(_STATES), priority=2),
    Column("case_no", "Case", priority=2),
    Column("calendar", "Calendar", priority=3),
    Column("decided_at", "Decided", say=say_local),
    Column("decided_by", "Decided by", priority=3),
    Column("import", "Import", priority=4),
)
_FALLEN = (
    Column("card_no", "Card", priority=1),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES, priority=1),
    Column("case_no", "Case", priority=2),
    Column("department", "Department", priority=3, least=8),
    Column("reason", "Fell by", say=say_lift_reason, priority=2),
    Column("lifted_at", "Lifted", say=say_local),
    Column("imports", "Imports", say=_listed, priority=4),
)
_WHAT = {
    "event": mark("event told"),
    "withdrawn": mark("event withdrawn"),
    "field": mark("field told otherwise"),
    "item": mark("item told otherwise"),
}
_SAYS = (
    Column("what", "What", say=coded(_WHAT)),
    Column("type", "Event", priority=1),
    Column("occurred_at", "Happened", say=say_local, priority=1),
    Column("field", "Field", priority=1),
    Column("before", "Before"),
    Column("after", "Told now"),
    Column("received_at", "Received", say=say_local, priority=3),
    Column("source", "Source", priority=3),
    Column("by", "Imported by", priority=3),
)
_DECISIONS = (
    Column("at", "At", say=say_local),
    Column("decision", "Decision", say=coded(_STATES)),
    Column("person_id", "Person", least=6),
    Column("os_user", "System user", priority=3),
    Column("text", "Text", least=12),
)
Number = Annotated[str | None, typer.Argument(help=t("number of the evidence: E-…"))]
Card = Annotated[str | None, typer.Option(help=t("all that contests this card"))]
Import = Annotated[str | None, typer.Option("--import", help=t("all that this import brought"))]
Calendar = Annotated[str | None, typer.Option(help=t("the amendment of this calendar"))]


def _target(
    number: str | None, card: str | None, import_id: str | None, calendar: str | None
) -> "Target | None":
    from efficiency_monitor.followup.evidence.matters import Target

    named = {"evidence": number, "card": card, "import": import_id, "calendar": calendar}
    given = [Target(kind, name) for kind, name in named.items() if name is not None]
    if len(given) > 1:
        raise typer.BadParameter(t("name one: a number, --card, --import or --calendar"))
    return given[0] if given else None


def _one_target(
    number: str | None, card: str | None, import_id: str | None, calendar: str | None
) -> "Target":
    target = _target(number, card, import_id, calendar)
    if target is None:
        raise typer.BadParameter(t("name one: a number, --card, --import or --calendar"))
    return target


@app.command("list", help=t("list what is held back, what was decided, or what fell"))
def list_evidence(
    ctx: typer.Context,
    state: Annotated[EvidenceWord, typer.Option(help=t("state"))] = EvidenceWord.WAITING,
    card: Card = None,
    import_id: Import = None,
    calendar: Calendar = None,
    fallen: Annotated[
        bool,
        typer.Option("--fallen", help=t("cards that fell by evidence and that nobody has seen")),
    ] = False,
    output: Output = None,
) -> None:
    """List evidence that waits to be decided on, or what was decided; or cards that fell by it."""
    from efficiency_monitor.followup.evidence import views

    context, target = context_of(ctx), _target(None, card, import_id, calendar)
    if fallen:
        emit(views.list_fallen(context, target), _FALLEN, output, empty=t("no such cards"))
        return
    found = views.list_evidence(context, state=str(state), target=target)
    columns = _MATTERS if state is EvidenceWord.WAITING else _DECIDED
    emit(found, columns, output, empty=t("no such evidence"))


@app.command("show", help=t("show one matter"))
def show(ctx: typer.Context, evidence_no: str, output: Output = None) -> None:
    """Show what is held back under a number: what each row says, who brought it, who decided."""
    from efficiency_monitor.followup.evidence import views

    document = views.show_evidence(context_of(ctx), evidence_no)
    if output in (Format.JSON, Format.JSONL):
        emit_object(document, output)
        return
    emit_object(document, output, columns=_MATTERS)
    if output is Format.CSV:
        return
    for title, rows, columns in (
        (t("What it says"), document["says"], _SAYS),
        (t("Decisions"), document["decisions"], _DECISIONS),
    ):
        if rows:
            emit_text(["\n", heading(title, colour=False)])
            emit(rows, columns, output)


@app.command("accept", help=t("accept evidence: it counts from now on"))
def accept(
    ctx: typer.Context,
    evidence_no: Number = None,
    card: Card = None,
    import_id: Import = None,
    calendar: Calendar = None,
    text: Text = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Accept what is held back; for a red card two persons with keys. Needs --as and --text."""
    target = _one_target(evidence_no, card, import_id, calendar)
    _decide(ctx, target, text, output, accept=True, dry_run=dry_run)


@app.command("reject", help=t("reject evidence: it counts for nothing"))
def reject(
    ctx: typer.Context,
    evidence_no: Number = None,
    card: Card = None,
    import_id: Import = None,
    calendar: Calendar = None,
    text: Text = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Reject what is held back, until its source says otherwise. Needs --as and --text."""
    target = _one_target(evidence_no, card, import_id, calendar)
    _decide(ctx, target, text, output, accept=False, dry_run=dry_run)


def _decide(
    ctx: typer.Context,
    target: "Target",
    text: str | None,
    output: Format | None,
    *,
    accept: bool,
    dry_run: bool,
) -> None:
    from efficiency_monitor.followup.evidence.actions import decide

    context = context_of(ctx)
    done = decide(context, target, accept=accept, text=read_text(text), dry_run=dry_run)
    if output is not None:
        emit_object(done.as_json(), output)
    if not done.done:
        message(
            t(
                "{target}: signed by {signed} ({n_signed_by} of {needed}); another person has to "
                "sign the same",
                target=done.target,
                signed=t(", ").join(done.signed_by),
                n_signed_by=len(done.signed_by),
                needed=done.needed,
            )
        )
    elif accept:
        message(
            t(
                "{target}: accepted ({number} matters, {cards} contested cards); the next scan "
                "judges by it",
                target=done.target,
                number=len(done.evidence),
                cards=len(done.cards),
            )
        )
    else:
        message(
            t(
                "{target}: rejected ({number} matters); {cards} cards stand",
                target=done.target,
                number=len(done.evidence),
                cards=len(done.cards),
            )
        )
    say_lapsed(done.lapsed)
    if done.repeated:
        say_repeated()
    elif done.done and not dry_run:
        say_alone(context)
    if dry_run:
        message(t("a preview: nothing was written"))


@app.command("seen", help=t("note that cards fell by evidence"))
def seen(
    ctx: typer.Context,
    card: Annotated[str | None, typer.Option(help=t("card", ctx="account"))] = None,
    import_id: Annotated[
        str | None, typer.Option("--import", help=t("all that fell by this import"))
    ] = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Note as a supervisor that you have seen which cards fell by evidence. Needs --as PERSON."""
    from efficiency_monitor.followup.evidence.actions import see

    done = see(context_of(ctx), _one_target(None, card, import_id, None), dry_run=dry_run)
    if output is not None:
        emit_object({"cards": done.cards, "repeated": done.repeated}, output)
    if done.repeated:
        say_repeated()
    else:
        message(t("{number} cards: seen", number=len(done.cards)))
    if dry_run:
        message(t("a preview: nothing was written"))
