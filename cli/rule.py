"""`effmon rules list | show | check | test`; `backtest` stands in `cli/backtest.py`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.i18n.language import say_level
from efficiency_monitor.i18n.messages import one_of, t

from . import backtest, columns, rule_change, rule_write
from .render import Format, emit, emit_object, emit_text, message
from .state import Output, catalogue_of, leave

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency_monitor.catalogue.authoring.rule_work import Asked, RuleFile
    from efficiency_monitor.workspace.context import Catalogue

app = typer.Typer(help=t("rules"))
rule_write.add_to(app)
app.command("backtest", help=t("what other rules would have given"))(backtest.backtest)
rule_change.add_to(app)

At = Annotated[Path | None, typer.Argument(help=t("rule file or folder"))]


@app.command("list", help=t("list rules"))
def list_rules(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help=t("of every pack"))] = False,
    output: Output = None,
) -> None:
    """List the rules of the workspace's packs."""
    from efficiency_monitor.catalogue.authoring import rule_work

    catalogue, _ = catalogue_of(ctx)
    files = rule_work.load(catalogue, None)
    chosen = [file for file in files if everything or file.bound.pack in catalogue.packs]
    rule_change.say_waiting(ctx)
    emit(
        [
            {
                "id": file.bound.rule.id,
                "version": file.bound.rule.version,
                "pack": file.bound.pack,
                "title": one_of(file.bound.rule.title.zh, file.bound.rule.title.en),
                "cards": [f"{say_level(card.level)}: {card.at}" for card in file.bound.rule.cards],
                "status": file.bound.rule.status,
                "in_force": str(file.bound.rule.in_force.from_),
                "sha256": file.bound.digest,
            }
            for file in chosen
        ],
        columns.RULES,
        output,
    )


@app.command("show", help=t("show one rule"))
def show(ctx: typer.Context, rule_id: str, output: Output = None) -> None:
    """Show one rule as the engine reads it."""
    from efficiency_monitor.catalogue.authoring import rule_work
    from efficiency_monitor.faults import ConfigurationError

    catalogue, _ = catalogue_of(ctx)
    found = [
        file for file in rule_work.load(catalogue, None) if file.bound.rule.id == rule_id.upper()
    ]
    if not found:
        raise ConfigurationError(
            t("there is no rule {rule_id!r}", rule_id=rule_id),
            t("see effmon rules list --all"),
        )
    newest = max(found, key=lambda file: file.bound.rule.version)
    document = newest.bound.rule.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"examples"}
    )
    emit_object(
        {
            "pack": newest.bound.pack,
            "file": newest.path,
            "sha256": newest.bound.digest,
            **document,
            "examples": len(newest.bound.rule.examples),
        },
        output,
    )


@app.command("check", help=t("check rule files"))
def check(ctx: typer.Context, path: At = None, output: Output = None) -> None:
    """Check rule files; each fault is said with file, line, column and a hint; exit 1 if any lacks.

    Syntax, fields, words and versions; examples of each level; the pack's README.md and ids.
    """
    from efficiency_monitor.catalogue.authoring import pack_overlap, rule_check, rule_work

    catalogue, _ = catalogue_of(ctx)
    files = rule_work.load(catalogue, path)
    rule_work.check_encodable(catalogue, files)
    found = rule_check.said(rule_check.lacks(catalogue, files, outside=path is not None))
    chosen = [file.bound for file in files if path is None and file.bound.pack in catalogue.packs]
    if len(chosen) < len(files):  # outside of a workspace nobody has chosen anything
        for line in pack_overlap.overlap_lines([(bound.pack, bound.rule) for bound in chosen]):
            message(line)
    if found or output is not None:
        emit(found, columns.LACKS, output)
    if found:
        message(
            t("{n_files} rules, {n_found} things to mend", n_files=len(files), n_found=len(found))
        )
    else:
        message(t("{n_files} rules are in order", n_files=len(files)))
    leave(1 if found else 0)


@app.command("doc", help=t("write the public page of rules"))
def document(
    ctx: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH|PACK]",
            help=t("rule file, folder or pack (default: the workspace's packs)"),
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=t("an .html or .md"))],
) -> None:
    """Write what the rules say in plain words, in the current language; an old page is replaced."""
    from efficiency_monitor.catalogue.authoring import rule_work

    catalogue, _ = catalogue_of(ctx)
    count = rule_work.write_page(catalogue, rule_work.chosen(catalogue, what), out)
    message(t("{count} rules, written to {out}", count=count, out=out))


@app.command("test", help=t("run the rules' examples"))
def run_tests(
    ctx: typer.Context,
    path: At = None,
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="NAME",
            help=t("draw the examples whose name holds this"),
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Run every example of the rules and draw those that fail; exit 1 if one does."""
    from efficiency_monitor.catalogue.authoring import rule_work

    catalogue, _ = catalogue_of(ctx)
    files = rule_work.load(catalogue, path)
    if show is not None:
        _show(catalogue, files, show, output)
        return
    results = list(rule_work.run_examples(catalogue, files))
    failed = [result for result in results if not result.passed]
    if output is not None:
        emit(results, columns.EXAMPLES, output)
    elif failed:
        emit_text(_drawn(catalogue, rule_work.failing(files, failed)))
    message(
        t(
            "{n_files} rules, {n_results} expectations, {n_failed} failed",
            n_files=len(files),
            n_results=len(results),
            n_failed=len(failed),
        )
    )
    leave(1 if failed else 0)


def _show(
    catalogue: "Catalogue", files: "Sequence[RuleFile]", name: str, output: "Format | None"
) -> None:
    """Draw the examples of a name, or what is drawn of them as data."""
    from efficiency_monitor.catalogue.authoring import rule_drawing, rule_work

    chosen = rule_work.named(files, name)
    if output is None:
        emit_text(_drawn(catalogue, chosen))
    else:
        emit([rule_drawing.draw(catalogue, *one) for one in chosen], columns.EXAMPLES, output)


def _drawn(catalogue: "Catalogue", chosen: "Sequence[Asked]") -> "Iterator[str]":
    from efficiency_monitor.catalogue.authoring import rule_drawing

    from . import streams
    from .case import names_of
    from .rule_timeline import page

    streams.speak_unicode(sys.stdout)
    width, colour = streams.width(), streams.coloured(sys.stdout)
    for number, one in enumerate(chosen):
        if number:
            yield "\n"
        drawing = rule_drawing.draw(catalogue, *one)
        yield from page(drawing, width=width, colour=colour, name=names_of(catalogue.vocabulary))
