"""The locks cover pyproject.toml, agree with each other, carry hashes and name no host."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .tree import ROOT, read

PURPOSES = ("core", "build", "test", "full", "bench")
PROJECT = tomllib.loads(read(Path("pyproject.toml")))
HEAVY = {"polars", "numpy", "pandas", "numba", "pyarrow"}


def pins(purpose: str) -> list[tuple[Requirement, int]]:
    """The pinned requirements of a lock, each with the number of its hashes."""
    text = read(Path("requirements") / f"{purpose}.txt").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            what, *hashes = re.split(r"\s+--hash=", line.split(" # ")[0].strip())
            found.append((Requirement(what), len(hashes)))
    return found


def declared(purpose: str) -> list[Requirement]:
    """What pyproject.toml asks for that purpose."""
    names = [] if purpose == "build" else list(PROJECT["project"]["dependencies"])
    waiting = [] if purpose == "core" else [purpose]
    while waiting:
        for entry in PROJECT["dependency-groups"][waiting.pop()]:
            if isinstance(entry, str):
                names.append(entry)
            else:
                waiting.append(entry["include-group"])
    return [Requirement(name) for name in names]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_lock_covers_the_project(purpose: str) -> None:
    locked = {(canonicalize_name(pin.name), str(pin.specifier)[2:]) for pin, _ in pins(purpose)}
    for wanted in declared(purpose):
        versions = [v for name, v in locked if name == canonicalize_name(wanted.name)]
        assert versions, f"{wanted} is missing from requirements/{purpose}.txt: make lock"
        assert all(Version(v) in wanted.specifier for v in versions), f"{wanted}: make lock"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_pin_is_exact_and_has_hashes(purpose: str) -> None:
    for pin, hashes in pins(purpose):
        assert re.fullmatch(r"==[\w.+]+", str(pin.specifier)), pin
        assert hashes >= 1, pin


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_lock_names_a_host_or_a_folder(purpose: str) -> None:
    text = read(Path("requirements") / f"{purpose}.txt")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    assert str(ROOT) not in text


def test_the_locks_agree() -> None:
    """The core is tested in the versions that it is installed in."""
    core = {(pin.name, str(pin.specifier), str(pin.marker)) for pin, _ in pins("core")}
    for purpose in ("test", "full", "bench"):
        other = {(pin.name, str(pin.specifier), str(pin.marker)) for pin, _ in pins(purpose)}
        assert core <= other, purpose


def test_the_core_stays_light() -> None:
    assert {pin.name for pin, _ in pins("core")} & HEAVY == set()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_one_version_of_a_package_for_each_python(version: str) -> None:
    environment = {"python_version": version, "python_full_version": version + ".0"}
    for purpose in PURPOSES:
        names = [
            pin.name
            for pin, _ in pins(purpose)
            if pin.marker is None or pin.marker.evaluate(environment)
        ]
        assert len(names) == len(set(names)), purpose


@pytest.mark.parametrize("extra", PROJECT["project"]["optional-dependencies"])
def test_the_extras_are_what_the_full_lock_has(extra: str) -> None:
    wanted = {str(Requirement(each)) for each in PROJECT["project"]["optional-dependencies"][extra]}
    assert wanted <= {str(each) for each in declared("full")}
