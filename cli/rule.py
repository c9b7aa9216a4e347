"""`effmon rules list | show | check | test`; `backtest` stands in `cli/backtest.py`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.i18n.language import say_level, t

from . import backtest, columns, rule_change, rule_write
from .render import Format, emit, emit_object, emit_text, message
from .state import Output, catalogue_of, leave

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency_monitor.catalogue.authoring.rule_work import Asked, RuleFile
    from efficiency_monitor.workspace.context import Catalogue

app = typer.Typer(help=t("监察规则", "rules"))
rule_write.add_to(app)
app.command("backtest", help=t("回溯测试：换规则会怎样", "what other rules would have given"))(
    backtest.backtest
)
rule_change.add_to(app)

At = Annotated[Path | None, typer.Argument(help=t("规则文件或文件夹", "rule file or folder"))]


@app.command("list", help=t("列出规则", "list rules"))
def list_rules(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=t("所有规则包", "of every pack"))
    ] = False,
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
                "title": t(file.bound.rule.title.zh, file.bound.rule.title.en),
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


@app.command("show", help=t("显示一条规则", "show one rule"))
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
            t(f"没有规则 {rule_id!r}", f"there is no rule {rule_id!r}"),
            t("见 effmon rules list --all", "see effmon rules list --all"),
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


@app.command("check", help=t("检查规则文件", "check rule files"))
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
            t(
                f"{len(files)} 条规则，{len(found)} 处待改",
                f"{len(files)} rules, {len(found)} things to mend",
            )
        )
    else:
        message(t(f"{len(files)} 条规则无误", f"{len(files)} rules are in order"))
    leave(1 if found else 0)


@app.command("doc", help=t("由规则文件生成公开页面", "write the public page of rules"))
def document(
    ctx: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH|PACK]",
            help=t(
                "规则文件、文件夹或规则包（默认本工作区的规则包）",
                "rule file, folder or pack (default: the workspace's packs)",
            ),
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=t("写到 .html 或 .md", "an .html or .md"))
    ],
) -> None:
    """Write what the rules say in plain words, in the current language; an old page is replaced."""
    from efficiency_monitor.catalogue.authoring import rule_work

    catalogue, _ = catalogue_of(ctx)
    count = rule_work.write_page(catalogue, rule_work.chosen(catalogue, what), out)
    message(t(f"{count} 条规则，写入 {out}", f"{count} rules, written to {out}"))


@app.command("test", help=t("运行规则的示例", "run the rules' examples"))
def run_tests(
    ctx: typer.Context,
    path: At = None,
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="NAME",
            help=t("画出名称含此文字的示例", "draw the examples whose name holds this"),
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
            f"{len(files)} 条规则，{len(results)} 项示例，{len(failed)} 项不符",
            f"{len(files)} rules, {len(results)} expectations, {len(failed)} failed",
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
