"""`effmon people import | list | check` and `effmon people key new | enrol | list | revoke`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.documents.text_safety import mask_name
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import say_level, say_local
from efficiency_monitor.i18n.messages import mark, t

from .documents import filled
from .render import Format, emit, emit_object, message, warn
from .signed_words import say_lapsed, say_repeated
from .state import DryRun, Output, context_of, leave
from .unmasking import Reason, Unmask, erase_person, list_disclosures
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.people.keys import KeyReport
    from efficiency_monitor.people.supervision import Supervision

app = typer.Typer(help=t("people and roles"))
key = typer.Typer(help=t("personal keys"))
app.add_typer(key, name="key")
app.command("erase", help=t("erase a person's data"))(erase_person)
app.command("disclosures", help=t("who saw or erased personal data"))(list_disclosures)


_STATES: Final = {
    "asked": mark("waits for another approval"),
    "enrolled": mark("enrolled"),
    "revoked": mark("revoked"),
    "revoking": mark("to be revoked"),
}
_TRUSTED_BY: Final = {
    "approvals": mark("two holders"),
    "bootstrap": mark("taken as they come"),
    "recovery": mark("named by the database's owner"),
}
_KINDS: Final = {
    "added": mark("added"),
    "changed": mark("changed", ctx="people"),
    "removed": mark("removed", ctx="people"),
}
_KEY: Final = (
    Column("key_id", "Key"),
    Column("person_id", "Person", ctx="key"),
    Column("state", "State", say=coded(_STATES)),
    Column("approved_by", "Approved by"),
    Column("missing", "Approvals missing", say=lambda n: str(n or "")),
    Column("bootstrap", "One of the first", say=lambda so: t("yes") if so else ""),
    Column("recovery", "By recovery", say=lambda so: t("yes") if so else ""),
    Column("replaces", "Replaces"),
)


@app.command("import", help=t("import people, replacing who was known"))
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=t("CSV or XLSX"))],
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Import people and their roles from a table."""
    from efficiency_monitor.people.people import import_people

    report = import_people(context_of(ctx), file, dry_run=dry_run)
    if output is not None:
        emit_object(report.as_json(), output)
    for problem in report.problems:
        warn(f"{problem.where}: {problem.message}")
    message(t("{imported} rows of people", ctx="people", imported=report.imported))
    for words, persons in (
        (t("their new row is faulty, what was known stays"), report.kept),
        (t("supervisors who were none before"), report.change.roles_gained),
        (t("supervisors no more"), report.change.roles_lost),
        (
            t("supervisors' deputies who were none"),
            report.change.deputies_gained,
        ),
        (
            t("holders of keys who are gone, revoke their keys"),
            report.change.holders_gone,
        ),
        (
            t("holders of keys with another name, look at them"),
            report.change.holders_renamed,
        ),
    ):
        if persons:
            message(f"{words}{t(': ')}{t(', ').join(persons)}")
    _say_waiting(report.supervision)
    if dry_run:
        message(t("a preview: nothing was written"))
    leave(3 if report.problems else 0)


def _say_waiting(found: "Supervision") -> None:
    """Which rows of a people file wait, for whose signatures."""
    from efficiency_monitor.people.supervision import words

    say_lapsed(found.lapsed)
    if found.repeated:
        say_repeated()
    if found.refused is not None:
        warn(found.refused)
    if found.waits and not found.done:
        warn(words(found, t(", ").join(_whose(one.person_id, one.kind) for one in found.waits)))


def _whose(person_id: str, kind: str) -> str:
    return f"{person_id} ({t(_KINDS[kind])})"


@app.command("list", help=t("list people"))
def list_people(
    ctx: typer.Context,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """List people and roles; names are masked unless asked for, addresses are left out."""
    from efficiency_monitor.notify.notices import people
    from efficiency_monitor.people import disclosing, supervision
    from efficiency_monitor.people.model.authority import Scope

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    with context.store.reading() as connection:
        everybody = people(connection)
        waits = supervision.waiting(connection)
    if unmask:
        disclosing.unmasked(
            context,
            "people.list",
            subjects=[person.person_id for person in everybody],
            scopes={
                Scope(person.department, person.region, person.item_code)
                if person.department
                else None
                for person in everybody
            },
            reason=read_text(reason),
        )
    emit(
        [
            {
                "person_id": person.person_id,
                "name": person.name if unmask else mask_name(person.name),
                "department": person.department,
                "role": str(person.role),
                "region": person.region,
                "item_code": person.item_code,
                "channel": person.channel,
                "deputy": person.deputy,
                "hours": person.hours,
            }
            for person in everybody
        ],
        (
            Column("person_id", "Person", ctx="people"),
            Column("name", "Name", ctx="people"),
            Column("role", "Role", say=say_role),
            Column("department", "Department", least=8),
            Column("region", "Region", priority=3),
            Column("item_code", "Item", priority=4),
            Column("channel", "Channel", priority=2),
            Column("deputy", "Deputy", priority=3),
            Column("hours", "Hours", priority=4, ctx="people"),
        ),
        output,
        empty=t("nobody was imported"),
        unmasked=True,
    )
    if waits:
        signed = supervision.Signatures(waits[0]["signed_by"], waits[0]["needed"])
        whose = (_whose(one["person_id"], one["kind"]) for one in waits)
        warn(supervision.words(signed, t(", ").join(whose)))


@app.command("check", help=t("is somebody told in every department"))
def check(ctx: typer.Context, output: Output = None) -> None:
    """Check that every level of every department reaches somebody; exit 1 if not."""
    from efficiency_monitor.people.key_list import without_keys
    from efficiency_monitor.people.people import check_people

    context = context_of(ctx)
    found = check_people(context)
    if keyless := without_keys(context):
        ids = t(", ").join(keyless)
        message(t("supervisors without a key: {ids}", ids=ids))
    emit(
        found,
        (
            Column("department", "Department"),
            Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
            Column("told", "Told", right=True, ctx="people"),
        ),
        output,
        empty=t("no cases yet"),
    )
    leave(1 if any(not row["told"] for row in found) else 0)


@key.command("new", help=t("write a new personal key"))
def new_key(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("a new file, 0600"))],
) -> None:
    """Write a private key into a new file and print its public half."""
    from efficiency_monitor import app as root
    from efficiency_monitor.people.model.signatures import public_text

    made = root.new_key(out)
    typer.echo(public_text(made.public))
    message(
        t(
            "the private key is in {out}: keep it to yourself; the line above is the public one, "
            "to be handed in: effmon people key enrol",
            out=out,
        )
    )


@key.command("enrol", help=t("enrol a person's key, or approve it"))
def enrol_key(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help=t("whose key it is"))],
    public: Annotated[
        str,
        typer.Argument(metavar="PUBLICKEY|@FILE", help=t("its line, or a file of it")),
    ],
    output: Output = None,
) -> None:
    """Enrol a public key; after the first two it takes two key holders, each by this command."""
    from efficiency_monitor.people.key_files import public_from
    from efficiency_monitor.people.keys import enrol

    report = enrol(context_of(ctx), person, public_from(public))
    _emit_report(report, output)
    say_lapsed(report.lapsed)
    if report.repeated:
        say_repeated()
    if report.missing:
        message(
            t(
                "recorded; {missing} more supervisor with a key has to run the same",
                missing=report.missing,
            )
        )
    elif report.bootstrap:
        warn(t("one of the first keys: nobody has approved it, compare it in person"))


@key.command("revoke", help=t("revoke a key"))
def revoke_key(
    ctx: typer.Context,
    which: Annotated[
        str,
        typer.Argument(metavar="KEY|PERSON", help=t("the key, or its holder")),
    ],
    text: Annotated[
        str | None, typer.Option("--text", help=t("the reason"), show_default=False)
    ] = None,
    output: Output = None,
) -> None:
    """Revoke a key: its holder signs for it, or a supervisor; for a second one two supervisors."""
    from efficiency_monitor.people.keys import revoke

    report = revoke(context_of(ctx), which, text)
    _emit_report(report, output)
    say_lapsed(report.lapsed)
    if report.repeated:
        say_repeated()
    if report.missing:
        message(
            t(
                "recorded; you have revoked another's key alone before: a second supervisor with "
                "a key has to run the same"
            )
        )


@key.command("list", help=t("list the keys"))
def list_keys(ctx: typer.Context, output: Output = None) -> None:
    """List every key with its holder and state."""
    from efficiency_monitor.people.key_list import list_keys as listed

    emit(
        listed(context_of(ctx)),
        (
            Column("key_id", "Key", least=16),
            Column("person_id", "Person", ctx="key"),
            Column("state", "State", say=coded(_STATES)),
            Column("enrolled_at", "Enrolled", say=say_local, priority=2),
            Column("revoked_at", "Revoked", say=say_local, priority=3),
            Column("trusted_by", "Trusted by", say=coded(_TRUSTED_BY), priority=2),
            Column("enrolled_by", "Enrolled by", priority=3),
            Column("os_user", "System user", priority=3),
            Column("public_key", "Public key", priority=4),
        ),
        output,
        empty=t("no keys were enrolled"),
    )


def _emit_report(report: "KeyReport", output: Output) -> None:
    document = {
        "key_id": report.key_id,
        "person_id": report.person_id,
        "state": report.state,
        "approved_by": list(report.approved_by),
        "missing": report.missing,
        "bootstrap": report.bootstrap,
        "recovery": report.recovery,
        "replaces": report.replaces,
        "repeated": report.repeated,
        "lapsed": list(report.lapsed),
    }
    machine = output not in (None, Format.TABLE)
    emit_object(document, output, columns=() if machine else filled(_KEY, document))
