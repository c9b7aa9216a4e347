"""`effmon rules new | own | use`: writing rules of one's own and putting a pack in use."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.language import t

from .render import emit, message
from .state import Output, catalogue_of, context_of

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.authoring.rule_filling import Template

_TEMPLATES = (
    Column("name", "模板", "Template"),
    Column("title", "用途", "What for", least=20),
    Column("settings", "可用 --set 设定", "Set by --set", least=20),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `effmon rules`."""
    app.command("new", help=t("用模板写一条规则", "write a rule from a template"))(new)
    app.command("own", help=t("建立本工作区自己的规则目录", "set up an own catalogue"))(own)
    app.command("use", help=t("设定使用哪些规则包", "set which packs are used"))(use)


Title = Annotated[
    str | None, typer.Option("--title", help=t("标题：“中文 / English”", "title: '中文 / English'"))
]
Basis = Annotated[
    list[str] | None,
    typer.Option(
        "--basis",
        metavar="TEXT",
        help=t("法律依据：“条款：内容”，可多次", "'article: what it says', repeatable"),
    ),
]
InForce = Annotated[
    str | None,
    typer.Option("--in-force", metavar="DATE", help=t("生效日期", "first day in force")),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help=t("模板里的数值，可多次", "a value of the template, repeatable"),
    ),
]


def new(
    ctx: typer.Context,
    rule_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    pack: Annotated[
        str | None, typer.Option("--pack", help=t("写入哪个规则包", "pack that it belongs to"))
    ] = None,
    template: Annotated[
        str | None, typer.Option("--from", metavar="TEMPLATE", help=t("模板", "template"))
    ] = None,
    title: Title = None,
    basis: Basis = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help=t("为何如此规定", "why it is so"))
    ] = None,
    in_force: InForce = None,
    name: Annotated[
        str | None, typer.Option("--name", help=t("文件名用的英文短语", "words for the file name"))
    ] = None,
    calendar: Annotated[
        str, typer.Option("--calendar", help=t("示例所用的工作日历", "calendar of the examples"))
    ] = "cn",
    setting: Settings = None,
    listing: Annotated[
        bool, typer.Option("--list", help=t("列出模板", "list the templates"))
    ] = False,
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
            t("缺少 ID、--pack 或 --from", "ID, --pack and --from are needed"),
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
    message(t(f"已写入 {path}，示例全部相符", f"wrote {path}; its examples pass"))
    if pack not in context.catalogue.packs:
        packs = " ".join((*context.catalogue.packs, pack))
        message(
            t(
                f"规则包 {pack} 尚未使用：effmon rules use {packs}",
                f"the pack {pack} is not in use yet: effmon rules use {packs}",
            )
        )


def _listed(template: "Template") -> dict[str, object]:
    return {
        "name": template.name,
        "title": t(template.title.zh, template.title.en),
        "settings": [f"{name}={value}" for name, value in template.settings.items()],
    }


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            t(f"--in-force {text!r} 不是日期", f"--in-force {text!r} is no date"),
            "--in-force 2026-01-01",
        ) from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigurationError(
            t(f"--set {text!r} 没有等号", f"--set {text!r} has no '='"),
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
        message(t(f"已有自己的规则目录：{folder}", f"it has its own catalogue: {folder}"))
        return
    message(
        t(
            f"已建立规则目录 {made}，并写入 effmon.toml；"
            "此后随程序更新的规则须自行比对后取用（effmon rules diff）",
            f"made {made} and set it in effmon.toml; from now on you take over yourself what "
            "later versions bring",
        )
    )


def use(
    ctx: typer.Context,
    packs: Annotated[list[str], typer.Argument(help=t("规则包，依次写明", "packs, in order"))],
) -> None:
    """Set the packs of the workspace in effmon.toml; the next scan judges by them."""
    from efficiency_monitor.catalogue.authoring import own_catalogue

    context = context_of(ctx)
    before = own_catalogue.use_packs(context.folder, context.catalogue, packs)
    message(
        t(
            f"规则包：原为 {'、'.join(before)}，现为 {'、'.join(packs)}；下次巡检起按此判定",
            f"packs: {', '.join(before)} before, {', '.join(packs)} now; the next scan judges so",
        )
    )
