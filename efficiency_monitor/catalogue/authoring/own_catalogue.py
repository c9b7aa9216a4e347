"""A workspace's own catalogue, and which packs it uses: the two lines of `effmon.toml` about rules.

The settings file belongs to a person: one line of it is set, everything else stays as it was
written, and where that is not sure nothing is changed.
"""

import json
import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ...documents.tabular import put_in_place
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...i18n.model_words import nearest
from ...i18n.os_words import say_os
from ...workspace.context import Catalogue
from ...workspace.settings import FILE, Settings, parse
from .. import catalogue_files

_FOLDER: Final = "rules"
_SECTION: Final = re.compile(r"^\[workspace\][ \t]*(?:#.*)?$", re.MULTILINE)
_STANDING: Final = {
    "rules": re.compile(r"^rules[ \t]*=.*$", re.MULTILINE),
    "packs": re.compile(r"^packs[ \t]*=.*$", re.MULTILINE),
}
#: What of the installed catalogue is data; the rest is Python's.
_DATA: Final = (".yaml", ".json", ".md")


def make_own(folder: Path, settings: Settings) -> Path | None:
    """Copy the installed catalogue into the workspace and use it; None where it has its own.

    ConfigurationError where the folder is taken or the settings cannot be changed.
    """
    if settings.workspace.rules:
        return None
    target = folder / _FOLDER
    if target.exists():
        raise ConfigurationError(
            t("{target} is there already", target=target),
            t(
                "if it is a catalogue, write rules = {folder!r} under [workspace] in {file}",
                folder=_FOLDER,
                file=FILE,
            ),
        )
    text = _set(folder, "rules", _FOLDER)
    beside = folder / f".{_FOLDER}.new"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        _copy(catalogue_files.catalogue_folder(), beside)
        beside.rename(target)
    except OSError as fault:
        shutil.rmtree(beside, ignore_errors=True)
        raise ConfigurationError(
            t("{target} cannot be written: {fault}", target=target, fault=say_os(fault)),
            t("check the folder and its permissions"),
        ) from None
    _write(folder, text)
    return target


def use_packs(folder: Path, catalogue: Catalogue, packs: Sequence[str]) -> tuple[str, ...]:
    """Set which packs the workspace uses, in this order; the packs of before.

    ConfigurationError where there is no such pack, or the rules cannot stand together.
    """
    known = catalogue_files.pack_names(catalogue.folder)
    for pack in packs:
        if pack not in known:
            raise ConfigurationError(
                t("there is no pack {pack!r}", pack=pack) + nearest(pack, list(known)),
                t("a pack is a folder under packs"),
            )
    wanted = list(dict.fromkeys(packs))
    _ = Catalogue(catalogue.folder, wanted).rules
    _write(folder, _set(folder, "packs", wanted))
    return catalogue.packs


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix in _DATA and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def _set(folder: Path, key: str, value: Any) -> str:
    """The settings with one key of `[workspace]` set; ConfigurationError where that is not sure."""
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    section = _SECTION.search(text)
    if section is not None:
        begin = section.end()
        following = re.search(r"^[ \t]*\[", text[begin:], re.MULTILINE)
        end = begin + following.start() if following else len(text)
        body = text[begin:end]
        standing = _STANDING[key]
        if standing.search(body):
            body = standing.sub(lambda _: line, body, count=1)
        else:
            body = f"\n{line}{body}"
        made = text[:begin] + body + text[end:]
        if _read(made) == _changed(_read(text), key, value):
            parse(made, str(path))
            return made
    raise ConfigurationError(
        t("{path}: cannot be changed with certainty", path=path),
        t("write it under [workspace] yourself: {line}", line=line),
    )


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _changed(document: dict[str, Any] | None, key: str, value: Any) -> dict[str, Any] | None:
    if document is None:
        return {"": None}
    return {**document, "workspace": {**document["workspace"], key: value}}


def _write(folder: Path, text: str) -> None:
    path = (folder / FILE).resolve()
    with put_in_place(path, overwrite=True) as file:
        # Who may read the settings stays as it was.
        Path(file.name).chmod(path.stat().st_mode & 0o777)
        file.write(text.encode())
