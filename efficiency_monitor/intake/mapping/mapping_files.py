"""Mapping files: found by name or path, and laid over the mapping that they extend."""

from collections.abc import Callable, Set
from pathlib import Path

from efficiency_monitor.catalogue.catalogue_files import read_document
from efficiency_monitor.catalogue.strict_yaml import Node, place, validate
from efficiency_monitor.faults import CatalogueError, ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.model_words import nearest

from ..formats.headers import folded
from .mapping import SourceMapping


def mapping_names(folder: Path) -> list[str]:
    """The mappings of a catalogue's folder `mappings`, in order."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def find_mapping(name: str, folder: Path) -> SourceMapping:
    """A mapping by its name in a catalogue's folder `mappings`, or by the path of its file.

    ConfigurationError if there is none; CatalogueError names faults with file:line:col.
    """
    path = folder / f"{name}.yaml"
    if Path(name).name != name or not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(mapping_names(folder))
        raise ConfigurationError(
            t("there is no mapping {name!r}", name=name),
            t("built in are {known}; or name a YAML file", known=known),
        )
    return read_mapping(path, folder)


def read_mapping(path: Path, folder: Path) -> SourceMapping:
    """A mapping file; what it extends is in the catalogue's folder or beside it.

    CatalogueError names every fault with file:line:col.
    """
    return validate(_read(path, folder, ()), SourceMapping)


def _read(path: Path, folder: Path, children: tuple[Path, ...]) -> Node:
    """The file with all that it has from others."""
    node = read_document(path)
    name = _entry(node, "extends")
    if not isinstance(name, str):
        return node
    where = place(node, ("extends",))
    base = _beside(name, path, folder)
    if base is None:
        known = sorted({*mapping_names(folder), *mapping_names(path.parent)} - {path.stem})
        raise CatalogueError(
            f"{where}: no mapping {name!r}{nearest(name, known)}",
            "name a mapping of the catalogue or one beside this file",
        )
    line = (*children, path.resolve())
    if base.resolve() in line:
        circle = " extends ".join(step.stem for step in (*line, base))
        raise CatalogueError(f"{where}: a circle: {circle}", "let one of them extend nothing")
    if _entry(node, "tables") is not None:
        raise CatalogueError(
            f"{place(node, ('tables',), at_key=True)}: the tables are those of {name!r}",
            "leave `tables` out, or write a mapping of its own that extends nothing",
        )
    below = _read(base, folder, line)
    validate(below, SourceMapping)
    return _laid_over(node, below)


def _beside(name: str, path: Path, folder: Path) -> Path | None:
    if Path(name).name != name:
        return None
    paths = (folder / f"{name}.yaml", path.parent / f"{name}.yaml")
    return next((found for found in paths if found.is_file()), None)


def _entry(node: Node, name: str) -> object:
    found = node.value.get(name) if isinstance(node.value, dict) else None
    return found.value if found is not None else None


def _laid_over(own: Node, base: Node) -> Node:
    """The entries of both. Places are those of the file that extends: the other one is sound."""
    return _merged(own, _without(base, {"id", "title"}), _part)


def _part(name: str, own: Node, base: Node) -> Node:
    if name == "columns":
        return _merged(own, base, _joined)
    if name == "codes":
        return _merged(own, base, _words)
    return _words(name, own, base) if name in ("units", "marks") else own


def _joined(_: str, own: Node, base: Node) -> Node:
    """Other names of a column: all of them."""
    if not (isinstance(own.value, list) and isinstance(base.value, list)):
        return own
    return Node([*base.value, *own.value], own.source, own.line, own.col, own.keys)


def _words(_: str, own: Node, base: Node) -> Node:
    """Codes and units: a word of one's own takes the place of those that are read as the same."""
    words = own.value if isinstance(own.value, dict) else {}
    replaced = {folded(word) for word in words}
    return _merged(own, _without(base, {n for n in base.keys if folded(n) in replaced}))


def _without(base: Node, names: Set[str]) -> Node:
    entries = base.value if isinstance(base.value, dict) else {}
    left = {name: node for name, node in entries.items() if name not in names}
    return Node(left, base.source, base.line, base.col, base.keys)


def _merged(
    own: Node, base: Node, both: Callable[[str, Node, Node], Node] = lambda _, own, __: own
) -> Node:
    """The entries of two mappings; of a name in both, what `both` makes of it."""
    if not (isinstance(own.value, dict) and isinstance(base.value, dict)):
        return own
    made = {**base.value, **own.value}
    for name in base.value.keys() & own.value.keys():
        made[name] = both(name, own.value[name], base.value[name])
    return Node(made, own.source, own.line, own.col, {**base.keys, **own.keys})
