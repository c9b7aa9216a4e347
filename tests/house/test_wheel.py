"""The wheel: everything in, nothing beside, and it runs away from the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import efficiency_monitor

from .tree import PRODUCT_FOLDERS, ROOT, files, run_python

pytestmark = pytest.mark.full

INSTALLED_AS = {
    "cli": "efficiency_monitor/cli",
    "rules": "efficiency_monitor/catalogue/data",
    "demo": "efficiency_monitor/demo",
}
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
LIST = """
import importlib.resources, importlib.util
import efficiency_monitor.cli
for name in ("cli", "rules", "tests", "tools"):
    assert importlib.util.find_spec(name) is None, f"{name} is importable from the installation"
catalogue = importlib.resources.files("efficiency_monitor.catalogue.data")
assert (catalogue / "vocabulary.yaml").is_file()
"""


def expected() -> set[str]:
    """The product's files as they must be named in the wheel."""
    names = set()
    for name in files():
        product = name.parts[0] in (*PRODUCT_FOLDERS, "demo")
        # The page of a pack says what its colours mean: whoever owns a catalogue needs it.
        page = name.suffix == ".md" and name.parts[:2] != ("rules", "packs")
        if product and not page and name.name != "ruff.toml":
            folder = INSTALLED_AS.get(name.parts[0], name.parts[0])
            names.add("/".join([folder, *name.parts[1:]]))
    return names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is tracked: what lies about in a checkout must not get in."""
    source = tmp_path_factory.mktemp("source")
    for name in files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    result = run_python("-c", BUILD, str(target), cwd=source)
    assert result.returncode == 0, result.stderr
    return target / result.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment with the locked core and the wheel; the folder of its programs."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-I", "-m", "pip", "install", "--quiet"]
    if house := os.environ.get("WHEELHOUSE"):
        pip += ["--no-index", "--find-links", str(Path(house).resolve())]
    core = str(ROOT / "requirements/core.txt")
    subprocess.run(
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", core], check=True, cwd=folder
    )
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, cwd=folder)
    return folder / "bin"


def test_the_wheel_holds_the_tree(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert sorted(expected() - names) == []
    assert sorted(names - expected()) == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["version"], ["mappings", "list"], ["rules", "check"], ["demo", "shown"]],
)
def test_it_runs_outside_the_checkout(
    installed: Path, tmp_path: Path, arguments: list[str]
) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "1"}
    result = subprocess.run(
        [str(installed / "effmon"), *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    if arguments == ["version"]:
        assert efficiency_monitor.__version__ in result.stdout


def test_it_takes_no_name_that_is_not_its_own(installed: Path, tmp_path: Path) -> None:
    """`cli` and `rules` are folders of the checkout; installed, they would be everybody's names."""
    result = subprocess.run(
        [str(installed / "python"), "-I", "-c", LIST],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr
