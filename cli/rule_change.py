"""`effmon rules propose | approve | withdraw | changes | diff | trial`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_level, say_local
from efficiency_monitor.i18n.messages import mark, t

from .render import emit, emit_object, message, warn
from .signed_words import say_alone, say_repeated
from .state import DryRun, Output, context_of, state_of
from .written import Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.rule_versions import Change
    from efficiency_monitor.workspace.context import Context

Number = Annotated[str, typer.Argument(metavar="NUMBER", help=t("C-0001"))]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help=t("why, or @FILE"), show_default=False),
]

_KINDS = {
    "added": mark("added"),
    "changed": mark("changed", ctx="rule change"),
    "removed": mark("removed", ctx="rule change"),
}
_STATES = {
    "waiting": mark("waits"),
    "approved": mark("approved"),
    "withdrawn": mark("withdrawn"),
}


def _kind(word: Any) -> str:
    return t(_KINDS[word]) if word in _KINDS else str(word)


def _state(word: Any) -> str:
    return t(_STATES[word]) if word in _STATES else str(word)


DIFF = (
    Column("rule", "Rule"),
    Column("version_before", "Was", right=True, priority=3),
    Column("version_after", "Now", right=True, priority=3),
    Column("what", "What", least=12, ctx="corrections"),
    Column("before_words", "Before", least=14, ctx="days"),
    Column("after_words", "After", least=14, ctx="days"),
)
PARTS = (
    Column("change", "Change", say=_kind, ctx="parts"),
    Column("what", "Text", least=20, ctx="parts"),
    Column("path", "File", priority=2, least=16),
)
CHANGES = (
    Column("change_no", "Number"),
    Column("state", "State", say=_state),
    Column("texts", "Texts", right=True),
    Column("proposed_by", "Proposed by"),
    Column("proposed_at", "Proposed", say=say_local, priority=2),
    Column("ended_by", "Ended by", priority=2),
    Column("ended_at", "Ended", say=say_local, priority=3),
    Column("reason", "Reason", priority=2, least=12, ctx="changes"),
)
TRIAL = (
    Column("case_no", "Case", ctx="clocks"),
    Column("level", "Level", say=say_level),
    Column("at", "At", priority=2, ctx="trial"),
    Column("fell_due_at", "Fell due", say=say_local),
    Column("rule", "Rule", priority=3),
    Column("rule_version", "Version", right=True, priority=3),
    Column("as_of", "As of", say=say_local, priority=3),
)


def propose(
    ctx: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(help=t("rule file, calendar or folder")),
    ] = None,
    pack: Annotated[str | None, typer.Option(help=t("only this pack"))] = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Propose what the files say otherwise than what is approved. Needs --as PERSON, --reason."""
    from efficiency_monitor.catalogue.rule_files import Selection
    from efficiency_monitor.catalogue.rule_versions import propose as service
    from efficiency_monitor.faults import ConfigurationError

    if path is not None and pack is not None:
        raise ConfigurationError(
            t("name a path or --pack, not both"),
            t("see effmon rules propose --help"),
        )
    context = context_of(ctx)
    change = service(context, Selection(path, pack), read_text(reason), dry_run=dry_run)
    _show(context, change, output)
    if dry_run:
        message(t("a preview: nothing was written"))
        return
    number = change.change_no
    message(
        t(
            "{number} is proposed, {n_parts} texts; another person looks at it and gives: effmon "
            "rules approve {number}",
            number=number,
            n_parts=len(change.parts),
        )
    )
    if change.repeated:
        say_repeated()
    _say_mode(context)


def approve(
    ctx: typer.Context,
    number: Number,
    text: Text = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Approve a change that somebody else proposed; --dry-run shows it. Needs --as and --key."""
    from efficiency_monitor.catalogue import calendar_files
    from efficiency_monitor.catalogue.rule_versions import approve as service
    from efficiency_monitor.ledger.checkpoints import try_after

    from .ledger_note import say_tried

    context = context_of(ctx)
    change = service(context, number, read_text(text), dry_run=dry_run)
    _show(context, change, output)
    if dry_run:
        message(t("a preview: nothing was written"))
        return
    for file in calendar_files.settle(context):
        message(t("wrote {file}", file=file))
    who = change.ended_by
    message(
        t(
            "{change_no} is approved by {who}: the next scan judges by it",
            change_no=change.change_no,
            who=who,
        )
    )
    if change.repeated:
        say_repeated()
    _say_mode(context)
    say_alone(context)
    say_tried(try_after(context))


def withdraw(ctx: typer.Context, number: Number, text: Text = None, output: Output = None) -> None:
    """Withdraw a change that waits for approval. Needs --as PERSON and --text."""
    from efficiency_monitor.catalogue.rule_versions import withdraw as service

    context = context_of(ctx)
    change = service(context, number, read_text(text))
    if output is not None:
        emit_object(change.as_json(context.zone), output)
    message(t("{change_no} is withdrawn", change_no=change.change_no))
    if change.repeated:
        say_repeated()


def changes(ctx: typer.Context, output: Output = None) -> None:
    """List the changes that were proposed, and the files that wait for approval."""
    from efficiency_monitor.catalogue.rule_versions import listed
    from efficiency_monitor.catalogue.rule_waiting import waiting

    context = context_of(ctx)
    with context.store.reading() as connection:
        rows = [change.as_json(context.zone) for change in listed(connection)]
    emit(
        [{**row, "texts": len(row["parts"])} for row in rows],
        CHANGES,
        output,
        empty=t("no change was proposed"),
    )
    for each in waiting(context):
        warn(each.words())


def diff(ctx: typer.Context, old: str, new: str, output: Output = None) -> None:
    """Say what changes from OLD to NEW: files, folders, packs, ID@VERSION, approved, files."""
    import os

    from efficiency_monitor.catalogue.authoring.rule_comparison import Sides
    from efficiency_monitor.catalogue.authoring.rule_comparison import diff as service
    from efficiency_monitor.workspace import settings

    from .state import catalogue_of

    catalogue, _ = catalogue_of(ctx)
    folder = settings.workspace_folder(state_of(ctx).workspace, os.environ)
    store = context_of(ctx).store if (folder / settings.FILE).is_file() else None
    emit(
        service(Sides(catalogue, store), old, new),
        DIFF,
        output,
        empty=t("nothing differs"),
    )


def trial(
    ctx: typer.Context,
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help=t("id of the rule"))],
    output: Output = None,
) -> None:
    """List the cards that a rule on trial would have given, as of the last scan."""
    from efficiency_monitor.scan.trials import listed

    emit(
        listed(context_of(ctx), rule_id),
        TRIAL,
        output,
        empty=t("it would have given no card"),
    )


def _show(context: "Context", change: "Change", output: Output) -> None:
    """What a change is, in words, on stdout: its texts, and of each rule what differs."""
    from efficiency_monitor.catalogue.authoring.change_words import described

    rows = described(context, change)
    if output is not None:
        emit_object({**change.as_json(context.zone), "differences": rows}, output)
        return
    emit(
        [
            {**part.as_json(), "change": part.kind, "what": part.key.words()}
            for part in change.parts
        ],
        PARTS,
        None,
        title=t("{change_no}: {reason}", change_no=change.change_no, reason=change.reason),
    )
    if rows:
        emit(rows, DIFF, None)


def say_waiting(ctx: typer.Context) -> None:
    """Where a second person approves rules: which files wait for that."""
    import os

    from efficiency_monitor.catalogue.rule_waiting import waiting
    from efficiency_monitor.workspace import settings

    folder = settings.workspace_folder(state_of(ctx).workspace, os.environ)
    if not (folder / settings.FILE).is_file() or settings.load(folder).rules.approval == "none":
        return
    for each in waiting(context_of(ctx)):
        warn(each.words())


def _say_mode(context: "Context") -> None:
    if context.settings.rules.approval == "none":
        message(
            t('[rules] approval = "none": no second person is needed, scans judge by the files')
        )


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of rules."""
    app.command("propose", help=t("propose a change of rules"))(propose)
    app.command("approve", help=t("approve a change"))(approve)
    app.command("withdraw", help=t("withdraw a change"))(withdraw)
    app.command("changes", help=t("list the changes"))(changes)
    app.command("diff", help=t("compare rules"))(diff)
    app.command("trial", help=t("what a rule on trial would give"))(trial)
