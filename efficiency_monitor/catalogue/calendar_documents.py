"""Documents of the catalogue, and its calendars as values: a workspace's own before the others.

Every fault has its place: file:line:col.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..faults import CatalogueError
from ..i18n.messages import t
from ..i18n.model_words import nearest
from ..i18n.os_words import say_os
from ..located_error import LocatedError
from ..time.calendar import Calendar, CalendarFile, build
from .strict_yaml import MOST_BYTES, Node, load, place, placed, validate


def read_calendars(folder: Path, own: Path | None = None) -> dict[str, Calendar]:
    """Every calendar under `calendars/` by id, with what each extends resolved.

    A calendar in the folder `own`, a workspace's, stands in the place of one of the same id.
    """
    shelf = _shelf(folder, own)
    return {key: shelf.calendar(key) for key in sorted(shelf.files)}


def calendar_file_texts(folder: Path, own: Path | None = None) -> dict[str, CalendarFile]:
    """The files of the same calendars as they are written, by id."""
    return {key: file for key, (_, file) in sorted(_shelf(folder, own).files.items())}


def _shelf(folder: Path, own: Path | None) -> "_Shelf":
    shelf = _Shelf({})
    for path in calendar_paths(folder, own):
        node, file = _read_calendar(path)
        if file.id != path.stem:
            raise CatalogueError(
                f"{place(node, ('id',))}: id {file.id!r} differs from the file's name",
                f"call the file {file.id}.yaml or the calendar {path.stem}",
            )
        if file.id in shelf.files:
            raise CatalogueError(
                f"{place(node, ('id',))}: calendar {file.id!r} has two files", "remove one of them"
            )
        shelf.files[file.id] = node, file
    return shelf


def calendar_paths(folder: Path, own: Path | None = None) -> list[Path]:
    """The calendar files of a catalogue, a workspace's own in the place of those they replace."""
    paths = {path.stem: path for path in yaml_files(folder / "calendars")}
    if own is not None:
        paths.update({path.stem: path for path in yaml_files(own)})
    return [paths[name] for name in sorted(paths)]


def read_calendar_file(path: Path) -> CalendarFile:
    """One calendar file as it is written; CatalogueError names each fault with file:line:col."""
    return _read_calendar(path)[1]


def load_calendar_file(path: Path, known: Mapping[str, Calendar]) -> Calendar:
    """A calendar outside the catalogue; it may extend one in its own folder or a known one."""
    node, file = _read_calendar(path)
    shelf = _Shelf(known, {file.id: (node, file)}, path.parent)
    return shelf.calendar(file.id)


@dataclass(slots=True)
class _Shelf:
    """Calendar files that are read but not yet built, and those that are."""

    known: Mapping[str, Calendar]
    files: dict[str, tuple[Node, CalendarFile]] = field(default_factory=dict)
    #: Where a parent may lie that is not among the files.
    folder: Path | None = None
    built: dict[str, Calendar] = field(default_factory=dict)

    def calendar(self, key: str, children: tuple[str, ...] = ()) -> Calendar:
        """Build a calendar after its parents."""
        if key in self.built:
            return self.built[key]
        node, file = self.files[key]
        parent = self._parent(node, file, (*children, key)) if file.extends else None
        try:
            self.built[key] = build(file, parent)
        except LocatedError as fault:
            raise placed(node, fault) from None
        return self.built[key]

    def _parent(self, node: Node, file: CalendarFile, line: tuple[str, ...]) -> Calendar:
        wanted = file.extends or ""
        where = place(node, ("extends",))
        if wanted in line:
            circle = " extends ".join((*line[line.index(wanted) :], wanted))
            raise CatalogueError(f"{where}: a circle: {circle}", "let one of them extend nothing")
        if wanted not in self.files and self.folder is not None:
            path = self.folder / f"{wanted}.yaml"
            if wanted == path.stem and path.is_file():
                self.files[wanted] = _read_calendar(path)
        if wanted in self.files:
            return self.calendar(wanted, line)
        if wanted in self.known:
            return self.known[wanted]
        names = sorted({*self.files, *self.known} - {file.id})
        raise CatalogueError(
            f"{where}: no calendar {wanted!r}{nearest(wanted, names)}",
            "name a calendar of the catalogue or one beside this file",
        )


def _read_calendar(path: Path) -> tuple[Node, CalendarFile]:
    node = read_document(path)
    return node, validate(node, CalendarFile)


def read_document(path: Path) -> Node:
    """One YAML file; CatalogueError with its place if it cannot be read or is no strict YAML."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        return load(content.decode(), str(path))
    except OSError as fault:
        raise CatalogueError(
            t(
                "{path}:1:1: cannot be read: {strerror}",
                path=path,
                strerror=fault.strerror,
                fault=say_os(fault),
            ),
            t("check the path and its permissions"),
        ) from None
    except UnicodeDecodeError as fault:
        before = fault.object[: fault.start]
        line = before.count(b"\n") + 1
        col = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        raise CatalogueError(
            t("{path}:{line}:{col}: not UTF-8", path=path, line=line, col=col),
            t("save the file as UTF-8"),
        ) from None


def yaml_files(folder: Path) -> list[Path]:
    """The folder's files; one that would be passed over for its name is a fault, not a silence."""
    if not folder.is_dir():
        return []
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in paths:
        if path.suffix != ".yaml" and path.suffix.lower() in (".yaml", ".yml"):
            raise CatalogueError(
                t("{path}:1:1: the name does not end in .yaml", path=path),
                t("rename it to {stem}.yaml", stem=path.stem),
            )
    return [path for path in paths if path.suffix == ".yaml"]


def built(files: Mapping[str, CalendarFile]) -> dict[str, Calendar]:
    """Calendars of files that may extend each other; CatalogueError names the file at fault."""
    made: dict[str, Calendar] = {}

    def make(name: str, children: tuple[str, ...]) -> Calendar:
        if name in made:
            return made[name]
        file = files[name]
        parent = None
        if file.extends is not None:
            if file.extends not in files or file.extends in (*children, name):
                raise _unbuilt(name, f"no calendar {file.extends!r} to extend")
            parent = make(file.extends, (*children, name))
        try:
            made[name] = build(file, parent)
        except LocatedError as fault:
            raise _unbuilt(name, "; ".join(text for _, text in fault.faults)) from None
        return made[name]

    for name in sorted(files):
        make(name, ())
    return dict(sorted(made.items()))


def _unbuilt(name: str, why: str) -> CatalogueError:
    return CatalogueError(
        t("calendar {name}: {why}", name=name, why=why),
        t("mend the calendar's file and propose it again"),
    )
