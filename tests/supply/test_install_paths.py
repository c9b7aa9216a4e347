"""Every way to install asks for hashes and wheels, and a file with another hash is refused."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, read, run_python

from .checkout import copy_of_the_tools
from .test_bundle import wheel

FLAGS = {"--require-hashes", "--only-binary"}
INSTALLS = re.compile(r"\bpip (?:install|download)\b|^\s*(?:[a-z]+=.* )?install (?!-m )[-\"]")
#: What stands without the flags, and why: bootstrap.sh gives them to its wrapper with each call,
#: install.sh has them in its wrapper, and the project itself has no dependencies to fetch then.
PASSED_ON = re.compile(
    r'--editable "\$root"|install (?:--no-deps )?-r "?locks/'
    r"|--no-index --no-deps efficiency_monitor-\*\.whl"
)
WRAPPER = '"$@" >&2'


def logical_lines(text: str) -> list[str]:
    """Lines with their continuations; in a document those of code."""
    return text.replace("\\\n", " ").splitlines()


def test_every_way_to_install_asks_for_hashes_and_wheels() -> None:
    kinds = {".sh", ".md", ""}
    seen, wrong = 0, []
    for name in files():
        if name.suffix not in kinds or name.parts[0] in ("tests", "LICENSE"):
            continue
        for line in logical_lines(read(name)):
            if not INSTALLS.search(line) or "useradd" in line:
                continue
            if name.suffix == ".md" and not re.match(r"\s*(?:\S*/)?(?:python3? -m )?pip ", line):
                continue  # a sentence that speaks of it
            seen += 1
            asked = set(line.split()) >= FLAGS and ":all:" in line
            wrapped = name.name == "bootstrap.sh" and WRAPPER in line
            if not asked and not wrapped and not PASSED_ON.search(line):
                wrong.append(f"{name}: {line.strip()}")
    assert wrong == []
    assert seen >= 8


def test_a_way_without_hashes_would_be_found() -> None:
    for line in ("pip install x", "  .env/bin/pip download -r a.txt", 'install "$@" -r b.txt'):
        assert INSTALLS.search(line), line
        assert not PASSED_ON.search(line), line


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A checkout whose core is one small wheel, which lies in a wheelhouse."""
    folder = copy_of_the_tools(tmp_path / "checkout")
    digest = wheel(folder / "house", "alpha")
    lock = f"alpha==1.0 \\\n    --hash=sha256:{digest}\n"
    (folder / "requirements/core.txt").write_text(lock, encoding="utf-8")
    (folder / "requirements/build.txt").write_text("", encoding="utf-8")
    (folder / "setup.py").write_text("", encoding="utf-8")
    return folder


def bootstrap(checkout: Path) -> subprocess.CompletedProcess[str]:
    """The real bootstrap with a real pip, from the wheelhouse alone."""
    return subprocess.run(
        ["sh", "tools/bootstrap.sh", "core"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, "WHEELHOUSE": "house"},
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.full
def test_a_file_with_another_hash_is_not_installed(small: Path) -> None:
    wheel(small / "house", "alpha", "changed = True")
    result = bootstrap(small)
    assert (result.returncode, result.stdout) == (1, "")
    assert "DO NOT MATCH THE HASHES" in result.stderr
    assert "requirements/core.txt could not be installed" in result.stderr
    assert not list(small.glob(".env/*/lib/*/site-packages/alpha*"))


@pytest.mark.full
def test_what_would_run_code_to_be_built_is_not_installed(small: Path) -> None:
    """A source archive runs its own setup while it is installed, whatever its hash."""
    (small / "house/alpha-1.0-py3-none-any.whl").unlink()
    archive = small / "house/alpha-1.0.zip"
    with zipfile.ZipFile(archive, "w") as source:
        source.writestr("alpha-1.0/setup.py", f"open({str(small / 'ran')!r}, 'w')")
        source.writestr("alpha-1.0/PKG-INFO", "Metadata-Version: 1.0\nName: alpha\nVersion: 1.0\n")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    lock = f"alpha==1.0 \\\n    --hash=sha256:{digest}\n"
    (small / "requirements/core.txt").write_text(lock, encoding="utf-8")
    result = bootstrap(small)
    assert result.returncode == 1
    assert "No matching distribution found for alpha==1.0" in result.stderr
    assert not (small / "ran").exists()


@pytest.mark.full
def test_the_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    """Another umask, other times, other permissions, another order of hashes: the same bytes."""
    copy = tmp_path / "elsewhere"
    for name in files():
        if name.parts[0] not in ("tests", "docs", "validation", "benchmarks"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
            (copy / name).chmod(0o600)
    (copy / "efficiency_monitor/__pycache__").mkdir()
    (copy / "efficiency_monitor/__pycache__/old.pyc").write_bytes(b"old")
    program = (
        "import os, runpy, sys; os.umask(0o077); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    digests = set()
    for place, seed in ((ROOT, "1"), (copy, "2")):
        result = run_python(
            "-c",
            f"import sys; sys.argv = sys.argv[1:]; sys.path.insert(0, 'tools'); {program}",
            "tools/build_wheel.py",
            str(tmp_path / f"wheel{seed}"),
            cwd=place,
            PYTHONHASHSEED=seed,
        )
        assert result.returncode == 0, result.stderr
        [built] = (tmp_path / f"wheel{seed}").iterdir()
        digests.add(hashlib.sha256(built.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.full
def test_the_sizes_of_core_and_extras_are_printed() -> None:
    result = run_python("tools/core_size.py", "core", "fast", "parquet", "postgres")
    assert result.returncode == 0, result.stderr
    found = dict(re.findall(r"^(\w+): ([\d.]+) MB in", result.stdout, re.MULTILINE))
    assert list(found) == ["core", "fast", "parquet", "postgres"]
    assert float(found["core"]) < 80  # the core stays light: ADR 1
    assert "numpy" not in result.stdout.splitlines()[0]
    assert run_python("tools/core_size.py", "slow").returncode == 1
