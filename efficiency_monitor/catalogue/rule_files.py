"""What the files say against what is approved: the parts of a change, and what cannot be read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..faults import CatalogueError, ConfigurationError
from ..i18n.messages import t
from ..ledger.model import entries as core_ledger
from ..rules.rules import Rule
from ..workspace.context import Context
from ..workspace.settings import deciding_text
from . import catalogue_files, kept_texts
from .approved_catalogue import State
from .kept_texts import KeptText, Key
from .settings_in_force import seal_key
from .strict_yaml import validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One text of a change; a digest is None where there was, or will be, no such text."""

    key: Key
    path: str
    before: str | None
    after: str | None
    #: Number of the official notice from which a calendar was made; its file is then written.
    notice: str | None = None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def as_json(self) -> dict[str, Any]:
        """As it is signed and recorded."""
        return {
            "kind": self.key.kind,
            "pack": self.key.pack,
            "name": self.key.name,
            "version": self.key.version,
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "notice": self.notice,
        }


def parts_of(text: str) -> list[Part]:
    """The parts of a proposal as its row has them."""
    return [
        Part(
            key=Key(part["kind"], part["pack"], part["name"], part["version"]),
            path=part["path"],
            before=part["before"],
            after=part["after"],
            notice=part["notice"],
        )
        for part in json.loads(text)
    ]


def parts_text(parts: Sequence[Part]) -> str:
    """The parts as canonical JSON (RFC 8785): what the digest of a proposal is of."""
    return core_ledger.canonical_json([part.as_json() for part in parts]).decode()


@dataclass(slots=True)
class Wanted:
    """What the files say, and the files of which nothing can be said."""

    texts: dict[Key, KeptText] = field(default_factory=dict)
    #: File → the fault, which opens file:line:col.
    broken: dict[str, str] = field(default_factory=dict)


def wanted(context: Context) -> Wanted:
    """The texts of the files: one that is broken never hides the others."""
    folder, own = context.catalogue.folder, own_calendars(context)
    found = Wanted()
    filed = context.filed or context.settings
    if filed is not context.settings:
        with context.store.reading() as connection:
            key = seal_key(connection)
        _take(found, kept_texts.of_settings(deciding_text(filed, key)))
    with _may_be_broken(found, "vocabulary.yaml"):
        path = folder / "vocabulary.yaml"
        words = catalogue_files.read_vocabulary_file(path)
        _take(found, kept_texts.of_vocabulary(words, path.name))
    for path in catalogue_files.calendar_paths(folder, own):
        with _may_be_broken(found, f"calendars/{path.name}"):
            file = catalogue_files.read_calendar_file(path)
            if file.id != path.stem:
                raise CatalogueError(f"{path}:1:1: id {file.id!r} differs from the file's name")
            _take(found, kept_texts.of_calendar(file, f"calendars/{path.name}"))
    for pack in dict.fromkeys(filed.workspace.packs):
        if pack not in catalogue_files.pack_names(folder):
            found.broken[f"packs/{pack}"] = t(
                "no rule pack {pack!r} in {value}",
                ctx="rule files",
                pack=pack,
                value=folder / "packs",
            )
        else:
            for path in catalogue_files.rule_paths(folder, pack):
                _take_rule(found, path, pack, f"packs/{pack}/{path.name}")
    return found


def own_calendars(context: Context) -> Path:
    """The workspace's own folder of calendars, which may not exist."""
    return context.folder / context.settings.workspace.calendars


def _take_rule(found: Wanted, path: Path, pack: str, name: str) -> None:
    with _may_be_broken(found, name):
        rule = validate(catalogue_files.read_document(path), Rule)
        digest = catalogue_files.rule_digest(rule)
        _take(found, kept_texts.of_rule(catalogue_files.LoadedRule(rule, pack, name, digest)))


def _take(found: Wanted, text: KeptText) -> None:
    if text.key in found.texts:
        raise CatalogueError(
            t(
                "{path}: {words} stands also in {path_2}",
                path=text.path,
                words=text.key.words(),
                path_2=found.texts[text.key].path,
            )
        )
    found.texts[text.key] = text


@contextmanager
def _may_be_broken(found: Wanted, name: str) -> Iterator[None]:
    """Notes the fault of a file instead of raising it."""
    try:
        yield
    except CatalogueError as fault:
        found.broken[name] = fault.message.splitlines()[0]


def differences(approved: State, found: Wanted, contents: Mapping[str, str]) -> list[Part]:
    """What the files say otherwise than what is approved, in a fixed order.

    A text whose file is broken is as it was approved: nothing can be said of it.
    """
    parts = []
    for key in sorted({*approved, *found.texts}, key=_order):
        before, text = approved.get(key), found.texts.get(key)
        if text is None and key.kind == kept_texts.SETTINGS:
            continue  # the file says what is in force
        if text is None:
            assert before is not None
            if not {before.path, f"packs/{key.pack}"} & found.broken.keys():
                parts.append(Part(key=key, path=before.path, before=before.sha256, after=None))
        elif before is None or not kept_texts.same(contents[before.sha256], text):
            earlier = None if before is None else before.sha256
            parts.append(Part(key=key, path=text.path, before=earlier, after=text.sha256))
    return parts


def _order(key: Key) -> tuple[int, Key]:
    return kept_texts.KINDS.index(key.kind), key


@dataclass(slots=True)
class Selection:
    """Which of the differences are proposed: all, those of a pack, or of a file or folder."""

    path: Path | None = None
    pack: str | None = None


def chosen(
    context: Context, selection: Selection, parts: Sequence[Part], found: Wanted
) -> list[Part]:
    """The differences that a selection means.

    ConfigurationError where it means none, CatalogueError where a file that it means is broken.
    """

    def meant(path: str) -> bool:
        if selection.pack is not None:
            return path.startswith(f"packs/{selection.pack}/")
        if selection.path is not None:
            return path == name or path.startswith(f"{name}/")
        return True

    name = "" if selection.path is None else _name_of(context, selection.path)
    lines = [fault for path, fault in found.broken.items() if meant(path)]
    if lines:
        raise CatalogueError(
            "\n".join(lines),
            t("mend it; until then the approved text judges"),
        )
    named = [part for part in parts if meant(part.path)]
    if not named:
        raise ConfigurationError(
            t("the files say what is approved: nothing differs"),
            t("see effmon rules changes"),
        )
    return named


def _name_of(context: Context, path: Path) -> str:
    """A path of the command line as parts name it; ConfigurationError outside of the catalogue."""
    full = path.resolve()
    places = ((context.catalogue.folder, ""), (own_calendars(context), "calendars/"))
    for folder, before in places:
        if full.is_relative_to(folder.resolve()):
            return before + full.relative_to(folder.resolve()).as_posix()
    raise ConfigurationError(
        t("{path} is not in the catalogue {folder}", path=path, folder=context.catalogue.folder),
        t("put it into packs/PACK/ there; the folder is set by workspace.rules"),
    )
