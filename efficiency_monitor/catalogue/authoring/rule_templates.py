"""Rule files from templates: a working rule with examples, to be changed by who writes it.

A template is data (`templates/*.yaml` of a catalogue). Its text holds marks `<<…>>`; what stands
for an instant is computed by the engine on the rule itself, so that each near miss and its firing
are one second apart on the calendar in use, whatever the limits are. A file that would not pass its
own examples is not written.
"""

import re
from pathlib import Path
from typing import Final

from ...documents.tabular import put_in_place, unwritable
from ...faults import ConfigurationError
from ...i18n.language import t
from ...i18n.model_words import nearest
from ...rules.rules import Rule
from ...workspace.context import Catalogue
from .. import catalogue_files
from ..strict_yaml import validate
from .rule_filling import Filling, Template, Wanted

_ID: Final = re.compile(r"[A-Z][A-Z0-9-]{2,31}")


def templates(catalogue: Catalogue) -> dict[str, Template]:
    """Every template of the catalogue by name; one without that folder has the installed ones."""
    own = catalogue.folder / "templates"
    folder = own if own.is_dir() else catalogue_files.catalogue_folder() / "templates"
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        template = validate(catalogue_files.read_document(path), Template)
        found[template.name] = template
    return found


def write_rule(catalogue: Catalogue, wanted: Wanted) -> Path:
    """Write the rule file, and for a new pack its README.md; nothing is ever overwritten.

    ConfigurationError where something cannot be meant; then nothing is written.
    """
    folder = _pack_folder(catalogue, wanted)
    text, rule = rule_text(catalogue, wanted)
    path = folder / f"{rule.id}-{rule.name}.yaml"
    hint = t("换一个编号，或修改该文件", "take another id, or change that file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with put_in_place(path, overwrite=False, hint=hint) as file:
            file.write(text.encode())
        readme = folder / "README.md"
        if not readme.exists():
            readme.write_text(_readme(wanted.pack), encoding="utf-8")
    except OSError as fault:
        raise unwritable(path, fault) from None
    return path


def _pack_folder(catalogue: Catalogue, wanted: Wanted) -> Path:
    if catalogue.folder.resolve() == catalogue_files.catalogue_folder().resolve():
        raise ConfigurationError(
            t("随程序安装的规则目录不作修改", "the installed catalogue is not changed"),
            t(
                "先用 effmon rules own 建立本工作区自己的规则目录",
                "make the workspace's own catalogue first: effmon rules own",
            ),
        )
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", wanted.pack):
        raise ConfigurationError(
            t(f"规则包名 {wanted.pack!r} 不合格式", f"{wanted.pack!r} is no name of a pack"),
            t("小写字母、数字和连字符，如 yulin", "small letters, digits, hyphens: yulin"),
        )
    for entry in catalogue_files.read_rules(
        catalogue.folder, catalogue_files.pack_names(catalogue.folder)
    ):
        if entry.rule.id == wanted.id:
            raise ConfigurationError(
                t(f"编号 {wanted.id} 已用于 {entry.path}", f"{wanted.id} stands in {entry.path}"),
                t("编号终身不变，不得重用；换一个", "an id is never used again: take another"),
            )
    return catalogue.folder / "packs" / wanted.pack


def rule_text(catalogue: Catalogue, wanted: Wanted) -> tuple[str, Rule]:
    """The text of the new rule file and the rule; ConfigurationError where it cannot be made."""
    known = templates(catalogue)
    if wanted.template not in known:
        raise ConfigurationError(
            t(f"没有模板 {wanted.template!r}", f"no template {wanted.template!r}")
            + nearest(wanted.template, list(known)),
            t("见 effmon rules new --list", "see effmon rules new --list"),
        )
    if not _ID.fullmatch(wanted.id):
        raise ConfigurationError(
            t(f"规则编号 {wanted.id!r} 不合格式", f"{wanted.id!r} is no id of a rule"),
            t("大写字母、数字和连字符，如 YL-ACCEPT", "capitals, digits, hyphens: YL-ACCEPT"),
        )
    if wanted.calendar not in catalogue.calendars:
        raise ConfigurationError(
            t(f"没有工作日历 {wanted.calendar!r}", f"there is no calendar {wanted.calendar!r}"),
            t("见 effmon calendar list", "see effmon calendar list"),
        )
    return Filling(catalogue, wanted, known[wanted.template]).write()


def _readme(pack: str) -> str:
    return t(
        f"# {pack}\n\n本规则包各色的含义、阈值的来源和与其他规则包重叠之处，写在这里。\n",
        f"# {pack}\n\nWhat each colour means here, where the thresholds come from, and which "
        "rules of other packs watch the same.\n",
    )
