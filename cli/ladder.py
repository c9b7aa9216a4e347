"""`effmon ladders list | show | check`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from efficiency_monitor.i18n.messages import one_of, t

from . import columns
from .ladder_view import LADDERS, show_ladder, show_position
from .render import emit, message
from .state import Output, catalogue_of, context_of, leave

app = typer.Typer(help=t("ladders: who is told of a card, and whom next"))


@app.command("list", help=t("list ladders"))
def list_ladders(ctx: typer.Context, output: Output = None) -> None:
    """List the ladders of the catalogue, with who is told in turn."""
    from efficiency_monitor.catalogue.authoring import ladder_work

    catalogue, _ = catalogue_of(ctx)
    emit(
        [
            {
                "id": entry.ladder.id,
                "version": entry.ladder.version,
                "title": one_of(entry.ladder.title.zh, entry.ladder.title.en),
                "chains": ladder_work.outline(entry.ladder),
                "sha256": entry.digest,
            }
            for entry in ladder_work.load(catalogue, None)
        ],
        LADDERS,
        output,
    )


@app.command("show", help=t("show a ladder, or where a card's stands"))
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="LADDER|CARD")],
    output: Output = None,
) -> None:
    """Show one ladder as the engine reads it, or where the ladder of a card stands."""
    from efficiency_monitor.catalogue.authoring import ladder_work
    from efficiency_monitor.faults import ConfigurationError

    catalogue, _ = catalogue_of(ctx)
    known = {entry.ladder.id: entry for entry in ladder_work.load(catalogue, None)}
    if name in known:
        entry = known[name]
        document: dict[str, Any] = entry.ladder.model_dump(
            mode="json", exclude_unset=True, exclude={"examples"}
        )
        show_ladder(
            {
                "file": entry.path,
                "sha256": entry.digest,
                **document,
                "examples": len(entry.ladder.examples),
            },
            output,
        )
        return
    if not ladder_work.is_card_number(name):
        raise ConfigurationError(
            t("there is no ladder {name!r}", name=name),
            t("there are: {known}", known=", ".join(known), known_2="、".join(known)),
        )
    show_position(ladder_work.position(context_of(ctx), name), output)


@app.command("check", help=t("check ladder files and their examples"))
def check(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(help=t("ladder file or folder"))] = None,
    output: Output = None,
) -> None:
    """Check ladder files and play their examples through; exit 1 if one goes otherwise."""
    from efficiency_monitor.catalogue.authoring import ladder_work

    catalogue, _ = catalogue_of(ctx)
    loaded = ladder_work.load(catalogue, path)
    results = list(ladder_work.run_examples(catalogue, loaded))
    failed = [result for result in results if not result.passed]
    if output is not None or failed:
        emit(results if output is not None else failed, columns.LADDER_EXAMPLES, output)
    message(
        t(
            "{n_loaded} ladders, {n_results} examples, {n_failed} failed",
            n_loaded=len(loaded),
            n_results=len(results),
            n_failed=len(failed),
        )
    )
    leave(1 if failed else 0)
