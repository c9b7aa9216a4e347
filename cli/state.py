"""What the global options say, and how a command gets its collaborators."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.i18n.messages import choose, set_language, t

from . import command_audit as given
from . import streams
from .render import Format, warn

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Catalogue, Context

set_language(choose(os.environ, None))

Output = Annotated[
    Format | None,
    typer.Option("-o", "--output", help=t("output format"), show_default=False),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help=t("as of this instant (default: now); a bare date is its last second"),
    ),
]
KnownBy = Annotated[
    str | None,
    typer.Option(
        "--known-by",
        metavar="TIME",
        help=t("only what was received by then counts"),
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help=t("exit 3 also for single cases not judgeable, quarantined or undeliverable"),
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=t("show what would be, write nothing"))]


@dataclass(frozen=True, slots=True)
class State:
    """The global options."""

    workspace: Path | None = None
    person: str | None = None
    #: File of the personal key.
    key: Path | None = None
    #: Another clock than the true one: the demonstration's.
    clock: Callable[[], int] | None = None


def state_of(ctx: typer.Context) -> State:
    """The global options of this call."""
    return ctx.obj if isinstance(ctx.obj, State) else State()


def context_of(ctx: typer.Context, *, create: bool = False) -> "Context":
    """The wired services of the workspace; its language becomes the default."""
    from efficiency_monitor import app

    state = state_of(ctx)
    context = app.open_context(
        state.workspace,
        person=state.person,
        key=state.key,
        create=create,
        looking=given.current().shows,
        clock=state.clock or app.now,
    )
    set_language(choose(os.environ, context.settings.workspace.language))
    given.start(context)
    if context.store.masked:
        warn(
            t(
                "database role {role} only reads; names, addresses and texts are not shown to it "
                "(***), and what a rule makes of them may differ from the scan's",
                role=context.store.role,
            )
        )
    if context.unlike and given.current().looks:
        _say_unlike(context)
    return context


def _say_unlike(context: "Context") -> None:
    """That the file says otherwise than what is in force, and by which of them this is judged."""
    from efficiency_monitor.catalogue.settings_in_force import listed

    what = listed(context.unlike)
    if given.current().shows:
        warn(
            t(
                "effmon.toml differs from the settings in force, by which this is shown; the next "
                "command that writes enters it: {what}",
                what=what,
            )
        )
    else:
        warn(
            t(
                "effmon.toml, by which this is shown, differs from the settings in force until a "
                "command writes: {what}",
                what=what,
            )
        )


def catalogue_of(ctx: typer.Context) -> "tuple[Catalogue, str]":
    """The workspace's catalogue and zone, or the installed ones where there is no workspace."""
    from efficiency_monitor import app
    from efficiency_monitor.workspace import settings

    folder = settings.workspace_folder(state_of(ctx).workspace, os.environ)
    given = state_of(ctx).workspace is not None or "EFFMON_WORKSPACE" in os.environ
    if given or (folder / settings.FILE).is_file():
        found = settings.load(folder)
        set_language(choose(os.environ, found.workspace.language))
        return app.open_catalogue(folder, found), found.workspace.zone
    return app.open_catalogue(None, None), "Asia/Shanghai"


def judging_catalogue_of(ctx: typer.Context) -> "Catalogue":
    """What the workspace judges by: where rules are approved, not what the files say."""
    from efficiency_monitor.workspace import settings

    folder = settings.workspace_folder(state_of(ctx).workspace, os.environ)
    if (folder / settings.FILE).is_file() and settings.load(folder).rules.approval != "none":
        return context_of(ctx).catalogue
    return catalogue_of(ctx)[0]


def instant_of(text: str | None, context: "Context") -> int | None:
    """An instant from the command line, read in the workspace's zone."""
    from efficiency_monitor.faults import ConfigurationError
    from efficiency_monitor.time.instants import parse_as_of

    if text is None:
        return None
    try:
        return parse_as_of(text, context.zone)
    except ValueError:
        said = t("{written!r} is no time", written=text)
        raise ConfigurationError(said, "--as-of '2026-03-02 18:00'") from None


def leave(code: int) -> None:
    """End the command with an exit code."""
    if not code:
        return
    with suppress(streams.ReaderGone):
        streams.flush()
    raise typer.Exit(code)


def first_of(*codes: int) -> int:
    """Of several exit codes the first of 2, 75, 70, 1, 3 (docs/contract.md 14)."""
    for code in (2, 75, 70, 1, 3):
        if code in codes:
            return code
    return 0
