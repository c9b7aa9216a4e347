"""`effmon rules new | own | use`: writing rules of one's own and putting a pack in use."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import one_of, t

from .render import emit, message
from .state import Output, catalogue_of, context_of

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.authoring.rule_filling import Template

_TEMPLATES = (
    Column("name", "Template"),
    Column("title", "What for", least=20),
    Column("settings", "Set by --set", least=20),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `effmon rules`."""
    app.command("new", help=t("write a rule from a template"))(new)
    app.command("own", help=t("set up an own catalogue"))(own)
    app.command("use", help=t("set which packs are used"))(use)


Title = Annotated[str | None, typer.Option("--title", help=t("title: '中文 / English'"))]
Basis = Annotated[
    list[str] | None,
    typer.Option(
        "--basis",
        metavar="TEXT",
        help=t("'article: what it says', repeatable"),
    ),
]
InForce = Annotated[
    str | None,
    typer.Option("--in-force", metavar="DATE", help=t("first day in force")),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help=t("a value of the template, repeatable"),
    ),
]


def new(
    ctx: typer.Context,
    rule_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    pack: Annotated[str | None, typer.Option("--pack", help=t("pack that it belongs to"))] = None,
    template: Annotated[
        str | None, typer.Option("--from", metavar="TEMPLATE", help=t("template"))
    ] = None,
    title: Title = None,
    basis: Basis = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help=t("why it is so"))
    ] = None,
    in_force: InForce = None,
    name: Annotated[str | None, typer.Option("--name", help=t("words for the file name"))] = None,
    calendar: Annotated[str, typer.Option("--calendar", help=t("calendar of the examples"))] = "cn",
    setting: Settings = None,
    listing: Annotated[bool, typer.Option("--list", help=t("list the templates"))] = False,
    output: Output = None,
) -> None:
    """Write a rule with examples that pass; nothing is overwritten."""
    from efficiency_monitor.catalogue.authoring import rule_filling, rule_templates

    if listing:
        catalogue, _ = catalogue_of(ctx)
        known = rule_templates.templates(catalogue)
        emit([_listed(one) for one in known.values()], _TEMPLATES, output)
        return
    if rule_id is None or pack is None or template is None:
        raise ConfigurationError(
            t("ID, --pack and --from are needed"),
            "effmon rules new YL-ACCEPT --pack yulin --from statutory",
        )
    wanted = rule_filling.Wanted(
        id=rule_id.upper(),
        pack=pack,
        template=template,
        title=title,
        basis=tuple(basis or ()),
        why=why,
        in_force=_date(in_force),
        name=name,
        calendar=calendar,
        settings=dict(_pair(text) for text in setting or ()),
    )
    context = context_of(ctx)
    path = rule_templates.write_rule(context.catalogue, wanted)
    message(t("wrote {path}; its examples pass", path=path))
    if pack not in context.catalogue.packs:
        packs = " ".join((*context.catalogue.packs, pack))
        message(
            t("the pack {pack} is not in use yet: effmon rules use {packs}", pack=pack, packs=packs)
        )


def _listed(template: "Template") -> dict[str, object]:
    return {
        "name": template.name,
        "title": one_of(template.title.zh, template.title.en),
        "settings": [f"{name}={value}" for name, value in template.settings.items()],
    }


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            t("--in-force {text_!r} is no date", text_=text),
            "--in-force 2026-01-01",
        ) from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigurationError(
            t("--set {text_!r} has no '='", text_=text),
            "--set promised='5 working_days'",
        )
    return name.strip(), value.strip()


def own(ctx: typer.Context) -> None:
    """Copy the installed catalogue to `rules` in the workspace and use it from now on."""
    from efficiency_monitor.catalogue.authoring import own_catalogue

    context = context_of(ctx)
    made = own_catalogue.make_own(context.folder, context.settings)
    if made is None:
        folder: Path = context.catalogue.folder
        message(t("it has its own catalogue: {folder}", folder=folder))
        return
    message(
        t(
            "made {made} and set it in effmon.toml; from now on you take over yourself what later "
            "versions bring",
            made=made,
        )
    )


def use(
    ctx: typer.Context,
    packs: Annotated[list[str], typer.Argument(help=t("packs, in order"))],
) -> None:
    """Set the packs of the workspace in effmon.toml; the next scan judges by them."""
    from efficiency_monitor.catalogue.authoring import own_catalogue

    context = context_of(ctx)
    before = own_catalogue.use_packs(context.folder, context.catalogue, packs)
    message(
        t(
            "packs: {before} before, {packs} now; the next scan judges so",
            before=", ".join(before),
            packs=", ".join(packs),
            before_2="、".join(before),
            packs_2="、".join(packs),
        )
    )
