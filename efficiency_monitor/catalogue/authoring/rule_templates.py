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
from ...i18n.messages import t
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
    hint = t("take another id, or change that file")
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
            t("the installed catalogue is not changed"),
            t("make the workspace's own catalogue first: effmon rules own"),
        )
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", wanted.pack):
        raise ConfigurationError(
            t("{pack!r} is no name of a pack", pack=wanted.pack),
            t("small letters, digits, hyphens: yulin"),
        )
    for entry in catalogue_files.read_rules(
        catalogue.folder, catalogue_files.pack_names(catalogue.folder)
    ):
        if entry.rule.id == wanted.id:
            raise ConfigurationError(
                t("{id} stands in {path}", id=wanted.id, path=entry.path),
                t("an id is never used again: take another"),
            )
    return catalogue.folder / "packs" / wanted.pack


def rule_text(catalogue: Catalogue, wanted: Wanted) -> tuple[str, Rule]:
    """The text of the new rule file and the rule; ConfigurationError where it cannot be made."""
    known = templates(catalogue)
    if wanted.template not in known:
        raise ConfigurationError(
            t("no template {template!r}", template=wanted.template)
            + nearest(wanted.template, list(known)),
            t("see effmon rules new --list"),
        )
    if not _ID.fullmatch(wanted.id):
        raise ConfigurationError(
            t("{id!r} is no id of a rule", id=wanted.id),
            t("capitals, digits, hyphens: YL-ACCEPT"),
        )
    if wanted.calendar not in catalogue.calendars:
        raise ConfigurationError(
            t("there is no calendar {calendar!r}", calendar=wanted.calendar),
            t("see effmon calendar list"),
        )
    return Filling(catalogue, wanted, known[wanted.template]).write()


def _readme(pack: str) -> str:
    return t(
        "# {pack}\n\nWhat each colour means here, where the thresholds come from, and which rules "
        "of other packs watch the same.\n",
        pack=pack,
    )
