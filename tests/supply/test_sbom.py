"""The bills of materials: every locked package, its licence, valid, the same bytes twice."""

import json
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

from .checkout import copy_of_the_tools, run

EXTRAS = ("fast", "parquet", "postgres")
BROUGHT = {
    "fast": {"numba", "llvmlite", "numpy"},
    "parquet": {"pyarrow"},
    "postgres": {"psycopg", "psycopg-binary"},
}
#: What packages write where SPDX has a word for it.
OTHER_WORDS = {
    "MIT": {"MIT", "MIT License"},
    "MPL-2.0": {"MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"},
    "Apache-2.0": {"Apache-2.0", "Apache Software License"},
    "ISC": {"ISC License", "ISC License (ISCL)"},
    "BSD-2-Clause": {"BSD", "BSD License"},
    "BSD-3-Clause": {"BSD", "BSD License", "BSD-3-Clause"},
    "BSD-3-Clause AND LicenseRef-xlrd-giffin": {"BSD", "BSD License"},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The tools, the locks and the version."""
    folder = copy_of_the_tools(tmp_path / "checkout")
    (folder / "efficiency_monitor").mkdir()
    text = (ROOT / "efficiency_monitor/__init__.py").read_text(encoding="utf-8")
    (folder / "efficiency_monitor/__init__.py").write_text(text, encoding="utf-8")
    return folder


def bills(checkout: Path) -> dict[str, dict[str, Any]]:
    """The bills that the tool writes there, by what they are of."""
    result = run(checkout, "sbom.py", "out")
    assert result.returncode == 0, result.stdout + result.stderr
    paths = [checkout / line for line in result.stdout.splitlines()]
    return {path.name.split("-")[2].split(".")[0]: json.loads(path.read_bytes()) for path in paths}


def locked(purpose: str) -> dict[tuple[str, str], set[str]]:
    """Every pin of a lock with its hashes, read without the tools."""
    text = (ROOT / f"requirements/{purpose}.txt").read_text(encoding="utf-8")
    found: dict[tuple[str, str], set[str]] = {}
    for line in text.splitlines():
        if pin := re.match(r"([a-z0-9-]+)==([\w.]+)", line):
            current = found.setdefault((pin[1], pin[2]), set())
        elif digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            current.add(digest[1])
    return found


def components(bill: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """The packages of a bill with their hashes."""
    return {
        (each["name"], each["version"]): {digest["content"] for digest in each["hashes"]}
        for each in bill["components"]
    }


def test_every_locked_package_is_in_the_bill(checkout: Path) -> None:
    """Of the core exactly the lock; of an extra the core and what it is known to bring."""
    made = bills(checkout)
    assert set(made) == {"core", *EXTRAS}
    assert components(made["core"]) == locked("core")
    for extra in EXTRAS:
        brought = {key: value for key, value in locked("full").items() if key[0] in BROUGHT[extra]}
        assert {name for name, _ in brought} == BROUGHT[extra]
        assert components(made[extra]) == {**locked("core"), **brought}, extra


def test_the_same_checkout_gives_the_same_bytes(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time, no dice, no order of a set; a time is in it when one is given."""
    contents = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        bills(checkout)
        contents.append({p.name: p.read_bytes() for p in (checkout / "out").iterdir()})
    assert contents[0] == contents[1]
    assert b"timestamp" not in b"".join(contents[0].values())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert bills(checkout)["core"]["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('alembic = "MIT"', 'alembic = "GPL-3.0-only"', "alembic: GPL-3.0-only is not permitted"),
        ('alembic = "MIT"', 'alembic = "MIT OR AGPL-3.0-only"', "alembic: AGPL-3.0-only is not"),
        ('alembic = "MIT"\n', "", "alembic: no licence is stated"),
        ('alembic = "MIT"', 'alembic = "LGPL-3.0-only"', "alembic: LGPL-3.0-only is not"),
        ("[exceptions.psycopg]\n", "[exceptions.psy]\n", "psycopg: LGPL-3.0-only is not"),
    ],
    ids=["GPL", "a choice", "unknown", "another's exception", "no exception"],
)
def test_a_licence_that_is_not_permitted_ends_it(
    checkout: Path, old: str, new: str, words: str
) -> None:
    path = checkout / "requirements/licences.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    result = run(checkout, "sbom.py", "out")
    assert result.returncode == 1
    assert words in result.stderr
    assert not (checkout / "out").exists()


def test_a_test_tool_that_becomes_a_dependency_is_stopped(checkout: Path) -> None:
    """pymerkle stands under the GPL: it may check us, it may not be shipped."""
    full = (checkout / "requirements/full.txt").read_text(encoding="utf-8")
    entry = re.search(r"^pymerkle==.*(?:\n +.*)*\n", full, re.MULTILINE)
    assert entry
    with (checkout / "requirements/core.txt").open("a", encoding="utf-8") as core:
        core.write(entry.group())
    result = run(checkout, "sbom.py", "out")
    assert (result.returncode, result.stderr) == (
        1,
        "pymerkle: no licence is stated in requirements/licences.toml\n",
    )


def says_itself(found: Distribution) -> set[str]:
    """Whatever a package calls its licence."""
    if expressions := found.metadata.get_all("License-Expression"):
        return set(expressions)
    classifiers = found.metadata.get_all("Classifier") or []
    words = {each.split(" :: ")[-1] for each in classifiers if each.startswith("License ::")}
    return (words | {each.strip() for each in found.metadata.get_all("License") or []}) - {
        "",
        "OSI Approved",
    }


@pytest.mark.full
def test_the_stated_licences_are_what_the_packages_say(checkout: Path) -> None:
    """Of all that are installed here; those of other platforms were read by a person."""
    seen = 0
    for component in {
        c["bom-ref"]: c for b in bills(checkout).values() for c in b["components"]
    }.values():
        try:
            found = distribution(component["name"])
        except PackageNotFoundError:
            found = None
        if found is None or found.version != component["version"]:
            [marker] = [p["value"] for p in component["properties"] if p["name"] == "effmon:marker"]
            assert not Marker(marker).evaluate(), component["bom-ref"]
            continue
        [licence] = component["licenses"]
        stated = licence.get("expression") or licence["license"]["id"]
        assert says_itself(found) <= {stated, *OTHER_WORDS.get(stated, set())}, component["name"]
        assert says_itself(found), component["name"]
        seen += 1
    assert seen >= 35


def asked_for(extra: str) -> set[str]:
    """What the installed packages say that they need, from the project down."""
    waiting, found = [("efficiency-monitor", extra)], set()
    while waiting:
        name, of = waiting.pop()
        for requirement in map(Requirement, distribution(name).requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": of}):
                needed = canonicalize_name(requirement.name)
                for more in requirement.extras or {""}:
                    if (needed, more) not in found:
                        found.add((needed, more))
                        waiting.append((needed, more))
    return {name for name, _ in found}


@pytest.mark.full
@pytest.mark.parametrize("what", ["core", *EXTRAS])
def test_the_bill_is_what_is_installed(checkout: Path, what: str) -> None:
    bill = bills(checkout)[what]
    here = {
        each["name"]
        for each in bill["components"]
        if all(Marker(p["value"]).evaluate() for p in each.get("properties", []))
    }
    assert here == asked_for("" if what == "core" else what)
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    reached, waiting = set(), ["efficiency-monitor"]
    while waiting:
        reached.add(ref := waiting.pop())
        waiting += [each for each in edges[ref] if each not in reached]
    assert reached == {"efficiency-monitor", *(each["bom-ref"] for each in bill["components"])}


VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for path in sys.argv[1:]:
    print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path).read()) is None)
"""


@pytest.mark.full
def test_the_schema_is_kept(checkout: Path) -> None:
    """By CycloneDX's own library; a bill with a licence that is none is refused by it."""
    bills(checkout)
    (checkout / "validate.py").write_text(VALIDATE, encoding="utf-8")
    paths = sorted((checkout / "out").iterdir())
    wrong = checkout / "wrong.json"
    wrong.write_text(paths[0].read_text(encoding="utf-8").replace('"MIT-0"', '"MITT"'), "utf-8")
    result = run(checkout, "../validate.py", *map(str, [*paths, wrong]))
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["True"] * 4 + ["False"]
