"""Read requirements/*.txt: what is pinned, with which hashes, on which platforms, on whose account.

The locks are what is installed, so the audit, the bill of materials and the bundle read nothing
else. Needs `packaging`.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
#: Locks that together name every package that anything here installs.
ALL_LOCKS = ("core", "build", "test", "full", "bench")
PROJECT = "efficiency-monitor"


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package: canonical name, exact version, SHA-256 digests in hex, the platforms
    (None: all), and the names of the packages that ask for it (the project itself among them)."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: Marker | None
    wanted_by: frozenset[str]

    def applies(self) -> bool:
        """Whether this interpreter and platform install it."""
        return self.marker is None or self.marker.evaluate()

    def line(self) -> str:
        """The pin as a line of a lock, with its hashes."""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{each}" for each in self.hashes)
        return f"{self.name}=={self.version}{marker}{hashes}\n"


def parse(text: str) -> list[Pin]:
    """The pins of a lock as `make lock` writes it. Raises ValueError for any other line."""
    found = []
    for entry in re.findall(r"^[^\s#].*(?:\n[ \t]+.*)*", text, re.MULTILINE):
        asked = "".join(re.findall(r"^\s+# via (.*)$", entry, re.MULTILINE))
        wanted_by = {each.split(" (")[0].strip() for each in asked.split(", ")}
        pinned = re.sub(r"^\s+#.*$", "", entry, flags=re.MULTILINE).replace("\\\n", " ").strip()
        what, *hashes = re.split(r"\s+--hash=sha256:", pinned)
        requirement = Requirement(what)
        version = re.fullmatch(r"==([\w.+!]+)", str(requirement.specifier))
        if not version or not all(re.fullmatch(r"[0-9a-f]{64}", each) for each in hashes):
            raise ValueError(f"no exact pin: {what}")
        found.append(
            Pin(
                canonicalize_name(requirement.name),
                version.group(1),
                tuple(hashes),
                requirement.marker,
                frozenset(canonicalize_name(each) for each in wanted_by if each[:1] != "-"),
            )
        )
    return found


def pins(purpose: str, root: Path = ROOT) -> list[Pin]:
    """The pins of `requirements/<purpose>.txt`."""
    return parse((root / "requirements" / f"{purpose}.txt").read_text(encoding="utf-8"))


def extras(root: Path = ROOT) -> dict[str, list[Pin]]:
    """What each extra of the project installs beside the core, by the full lock.

    An extra's own packages and whatever is locked on their account alone; the core's are left out.
    """
    with (root / "pyproject.toml").open("rb") as file:
        declared: dict[str, list[str]] = tomllib.load(file)["project"]["optional-dependencies"]
    everything = pins("full", root)
    core = {pin.name for pin in pins("core", root)}
    return {
        extra: [p for p in everything if p.name in _closure(wanted, everything) - core]
        for extra, wanted in declared.items()
    }


def _closure(wanted: Iterable[str], everything: list[Pin]) -> set[str]:
    requirements = [Requirement(each) for each in wanted]
    found: set[str] = {canonicalize_name(each.name) for each in requirements}
    while True:
        more = {pin.name for pin in everything if pin.wanted_by & found} - found
        if not more:
            return found
        found |= more
