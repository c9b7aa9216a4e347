"""Advisories in the OSV format (one JSON file each, in a folder or a zip), and what they say of a
version of a package.

Nothing is passed over in silence: a file that cannot be read ends the reading, and an advisory that
cannot be decided for a version is an answer of its own.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ECOSYSTEM = "PyPI"


class NoAudit(Exception):
    """The audit itself cannot be done: whatever it would print is worth nothing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An advisory that concerns a version: its id, its other ids, one line about it. `decided` is
    false if the advisory names the package and does not say which versions."""

    id: str
    aliases: frozenset[str]
    summary: str
    decided: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Advisories by package name, how many were read in all, and the newest date among them."""

    advisories: dict[str, list[dict[str, Any]]] = field(repr=False)
    count: int
    newest: date

    def look_up(self, name: str, version: str) -> list[Hit]:
        """What the advisories say of `name` at `version`; withdrawn ones say nothing."""
        hits = []
        for advisory in self.advisories.get(canonicalize_name(name), ()):
            answers = [
                _affects(affected, version)
                for affected in advisory["affected"]
                if _package(affected) == canonicalize_name(name)
            ]
            if True in answers or None in answers:
                summary = advisory.get("summary") or advisory.get("details") or "no summary"
                hits.append(
                    Hit(
                        advisory["id"],
                        frozenset(advisory.get("aliases") or ()),
                        " ".join(str(summary).split())[:160],
                        True in answers,
                    )
                )
        return hits


def read(place: Path) -> Source:
    """The advisories in a folder (at any depth) or a zip. Raises NoAudit if there are none, or if
    one of them is not what OSV's format says."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    newest, count = date.min, 0
    for name, data in _files(place):
        advisory, modified = _checked(name, data)
        count += 1
        newest = max(newest, modified)
        if advisory.get("withdrawn"):
            continue
        for package in {_package(each) for each in advisory["affected"]} - {""}:
            by_name.setdefault(package, []).append(advisory)
    if not count:
        raise NoAudit(f"{place} holds no advisories: a folder or a zip of OSV's .json files")
    return Source(by_name, count, newest)


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if place.is_dir():
            for path in sorted(place.rglob("*.json")):
                yield str(path), path.read_bytes()
        elif place.exists():
            with zipfile.ZipFile(place) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".json"):
                        yield f"{place}: {name}", archive.read(name)
        else:
            raise NoAudit(f"{place}: no such folder or zip of advisories")
    except (OSError, zipfile.BadZipFile, RuntimeError) as fault:
        raise NoAudit(f"{place}: {fault}") from None


def _checked(name: str, data: bytes) -> tuple[dict[str, Any], date]:
    """An advisory whose parts that are used later have the right types, and its date."""
    try:
        advisory = json.loads(data)
        advisory["id"].strip()
        modified = date.fromisoformat(advisory["modified"][:10])
        advisory.setdefault("affected", [])
        for affected in advisory["affected"]:
            _package(affected)
            [version.strip() for version in affected.get("versions") or ()]
            for each in affected.get("ranges") or ():
                each["type"].strip()
                [list(event.items()) for event in each["events"]]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise NoAudit(f"{name}: no advisory in OSV's format ({type(fault).__name__})") from None
    return advisory, modified


def _package(affected: dict[str, Any]) -> str:
    """The canonical name of the package of ours that an entry is about; '' for other ecosystems."""
    package = affected.get("package") or {}
    ours = str(package.get("ecosystem", "")).split(":")[0] == ECOSYSTEM
    return canonicalize_name(package["name"]) if ours else ""


def _affects(affected: dict[str, Any], version: str) -> bool | None:
    """Whether an entry concerns a version; None if it does not say."""
    listed = affected.get("versions") or ()
    ranges = [r for r in affected.get("ranges") or () if r["type"] in ("ECOSYSTEM", "SEMVER")]
    if not listed and not ranges:
        return None
    if _named(listed, version):
        return True
    try:
        return any(_inside(each["events"], Version(version)) for each in ranges)
    except InvalidVersion:
        return None


def _named(listed: Iterable[str], version: str) -> bool:
    wanted = Version(version)
    for each in listed:
        try:
            if Version(each) == wanted:
                return True
        except InvalidVersion:
            continue  # an old spelling that no lock can hold
    return False


def _inside(events: Iterable[dict[str, str]], version: Version) -> bool:
    """OSV's evaluation: the events in their order, the last one that was reached counts.

    Of events at one version the one that begins comes first: fixed where introduced is not in.
    """
    order = {"introduced": 0, "fixed": 1, "last_affected": 2, "limit": 3}
    steps = sorted(
        (Version(value), order[kind]) for event in events for kind, value in event.items()
    )
    inside = False
    for at, kind in steps:
        if kind == order["introduced"]:
            inside = inside or version >= at
        elif kind == order["last_affected"]:
            inside = inside and version <= at
        else:
            inside = inside and version < at
    return inside
