"""`--unmask --reason TEXT`, and `effmon people erase`, `effmon cases erase-applicant`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.documents.columns import Column, coded
from efficiency_monitor.i18n.language import say_local
from efficiency_monitor.i18n.messages import mark, t

from .render import Format, emit, emit_object, message, warn
from .signed_words import say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.people.erasing import Erased

Unmask = Annotated[
    bool,
    typer.Option(
        "--unmask",
        help=t("show personal data unmasked; takes a right (--as) and --reason, and is recorded"),
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help=t("why it is needed unmasked, or @FILE"),
        show_default=False,
    ),
]
_WHY = Annotated[
    str | None,
    typer.Option("--reason", help=t("the reason, or @FILE"), show_default=False),
]
_ERASED: Final = (
    Column("subjects", "Erased"),
    Column("before", "Erased before"),
    Column("values", "Values gone", right=True),
    Column("quarantined", "Rows gone from quarantine", right=True),
)
_DISCLOSURES: Final = (
    Column("seq", "Entry", right=True, ctx="disclosures"),
    Column("at", "At", say=say_local),
    Column("kind", "What", say=coded({"unmasked": mark("unmasked"), "erased": mark("erased")})),
    Column("what", "Where", priority=2),
    Column("number", "Number", right=True, priority=2, ctx="disclosures"),
    Column("person_id", "Person"),
    Column("os_user", "System user", priority=3),
    Column("reason", "Reason", least=12, ctx="changes"),
)
_PLACES: Final[Mapping[str, str]] = {
    "event": mark("events"),
    "case_fact": mark("fields of cases"),
    "card": mark("cards"),
    "accountability": mark("accountability records"),
    "card_entry": mark("what was written about cards"),
    "order_entry": mark("what was written in orders"),
    "appeal_entry": mark("what was written in appeals"),
    "account_entry": mark("decisions on records"),
    "approval": mark("approvals"),
    "silence": mark("silences"),
    "waiting_event": mark("events that wait for a case"),
    "import_run": mark("imports by the names of their files"),
    "quarantine": mark("rows in quarantine by the names of their files"),
}


def erase_applicant(
    ctx: typer.Context,
    case_nos: Annotated[list[str], typer.Argument(metavar="CASE…", help=t("cases"))],
    reason: _WHY = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Erase the applicant's data of cases; needs --as PERSON (a supervisor) and --reason.

    What was judged, issued and exported stays valid; no import brings the data back.
    """
    from efficiency_monitor.people.erasing import erase_applicants

    context = context_of(ctx)
    _say(erase_applicants(context, case_nos, read_text(reason), dry_run=dry_run), output)
    _after(dry_run=dry_run, dialect=context.store.dialect)


def erase_person(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=t("person's id"))],
    reason: _WHY = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Erase a person's name and addresses; needs --as PERSON (another one) and --reason.

    The id stays in what the person did; they are told of nothing and may do nothing any more.
    """
    from efficiency_monitor.people import erasing, supervision

    context = context_of(ctx)
    done = erasing.erase_person(context, person, read_text(reason), dry_run=dry_run)
    _say(done, output)
    if done.signatures is not None:
        say_lapsed(done.signatures.lapsed)
        if done.signatures.repeated:
            say_repeated()
    if done.signatures is not None and done.waits:
        warn(supervision.words(done.signatures, person))
        return
    _after(dry_run=dry_run, dialect=context.store.dialect)


def _say(done: "Erased", output: Output) -> None:
    document = {
        "subjects": done.subjects,
        "before": done.before,
        "values": done.values,
        "quarantined": done.quarantined,
        "remains": done.remains,
    }
    signatures = done.signatures
    if signatures is not None:
        document |= {
            "waits": done.waits,
            "signed_by": signatures.signed_by,
            "needed": signatures.needed,
            "repeated": signatures.repeated,
            "lapsed": signatures.lapsed,
        }
    machine = output not in (None, Format.TABLE)
    emit_object(document, output, columns=() if machine else _ERASED)
    if done.remains:
        places = t(", ").join(
            f"{t(_PLACES[place])} {number}" for place, number in done.remains.items()
        )
        warn(t("kept for ever and not changed, the name still stands in: {places}", places=places))


def _after(*, dry_run: bool, dialect: str) -> None:
    if dry_run:
        message(t("a rehearsal: nothing was written"))
        return
    message(
        t("backups, source files, exports and attachments are not touched: docs/personal-data.md")
    )
    if dialect == "postgresql":
        message(t("in PostgreSQL's write-ahead log it stays until that is recycled"))


def list_disclosures(ctx: typer.Context, output: Output = None) -> None:
    """List who saw personal data unmasked or erased them, when and why; the newest first."""
    from efficiency_monitor.people.disclosing import disclosures

    emit(
        disclosures(context_of(ctx)),
        _DISCLOSURES,
        output,
        empty=t("nothing was unmasked or erased"),
    )
