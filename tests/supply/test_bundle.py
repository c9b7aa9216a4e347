"""The folder for a machine without a network: what is refused; that it installs and runs there."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT

PLATFORM = f"{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}\n"


def sums(bundle: Path) -> None:
    """Write the manifest of a bundle anew, as `sha256sum` would."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle).as_posix()}\n"
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (bundle / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def wheel(folder: Path, name: str, body: str = "") -> str:
    """A wheel of one module; its SHA-256."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", body)
        information = f"{name}-1.0.dist-info"
        archive.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle as `make bundle` makes it, of one small wheel."""
    folder = tmp_path / "bundle"
    (folder / "locks").mkdir(parents=True)
    digest = wheel(folder / "wheels", "alpha")
    lock = f"alpha==1.0 \\\n    --hash=sha256:{digest}\n"
    for name in ("core", "fast", "project"):
        (folder / f"locks/{name}.txt").write_text(lock, encoding="utf-8")
    shutil.copy(ROOT / "deploy/install.sh", folder)
    (folder / "PLATFORM").write_text(PLATFORM, encoding="utf-8")
    sums(folder)
    return folder


def install(bundle: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run install.sh by this interpreter, from elsewhere."""
    return subprocess.run(
        ["sh", str(bundle / "install.sh"), *arguments],
        cwd=bundle.parent,
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, **more},
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )


def refused(bundle: Path, words: str, *arguments: str, **more: str) -> None:
    """One line says why, and nothing was made."""
    result = install(bundle, *(arguments or ("target",)), **more)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1, result.stderr
    assert words in result.stderr
    assert not (bundle.parent / "target").exists()


def test_a_changed_file_is_named(bundle: Path) -> None:
    path = bundle / "wheels/alpha-1.0-py3-none-any.whl"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    refused(bundle, "wheels/alpha-1.0-py3-none-any.whl is missing or was changed")


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "locks/fast.txt").unlink()
    refused(bundle, "locks/fast.txt is missing or was changed")


def test_a_file_too_many_is_named(bundle: Path) -> None:
    """pip takes the wheel that it likes best: one that nobody listed must not be there."""
    wheel(bundle / "wheels", "beta")
    refused(bundle, "wheels/beta-1.0-py3-none-any.whl is not in SHA256SUMS")


def test_a_link_is_no_file(bundle: Path) -> None:
    path = bundle / "locks/fast.txt"
    path.rename(bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")
    refused(bundle, "locks/fast.txt is missing or was changed")


def test_a_hidden_file_is_a_file(bundle: Path) -> None:
    (bundle / ".pip.conf").write_text("[global]\n", encoding="utf-8")
    refused(bundle, ".pip.conf is not in SHA256SUMS")


def test_the_paper_decides(bundle: Path) -> None:
    """Whoever changes the folder can write SHA256SUMS too."""
    paper = hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest()
    (bundle / "locks/fast.txt").write_text("", encoding="utf-8")
    sums(bundle)
    refused(bundle, "not the one that was carried on paper", MANIFEST=paper)


@pytest.mark.parametrize("text", ["", "no digest\n", None], ids=["empty", "one word", "none"])
def test_a_manifest_that_is_none(bundle: Path, text: str | None) -> None:
    (bundle / "SHA256SUMS").unlink()
    if text is not None:
        (bundle / "SHA256SUMS").write_text(text, encoding="utf-8")
    refused(bundle, "SHA256SUMS")


def test_another_python_is_refused(bundle: Path) -> None:
    (bundle / "PLATFORM").write_text("3.9 linux-loongarch64\n", encoding="utf-8")
    sums(bundle)
    refused(bundle, "the wheels are for Python 3.9 linux-loongarch64")


def test_wrong_use_is_one_line(bundle: Path) -> None:
    assert "usage:" in install(bundle).stderr
    refused(bundle, "does not hold the extra parquet", "target", "parquet")
    refused(bundle, "no extra: ../x", "target", "../x")
    refused(bundle, "no python9 here", PYTHON="python9")
    (bundle.parent / "there").mkdir()
    assert "there is there already" in install(bundle, "there").stderr


@pytest.mark.full
def test_the_lock_decides_also_where_the_manifest_was_made_anew(bundle: Path) -> None:
    """The wheel was changed and so was SHA256SUMS, the lock was not."""
    wheel(bundle / "wheels", "alpha", "bad = True")
    sums(bundle)
    result = install(bundle, "target")
    assert result.returncode == 1
    assert "DO NOT MATCH THE HASHES" in result.stderr
    assert "the packages could not be installed" in result.stderr
    assert not (bundle.parent / "target").exists()


def closed(command: list[str]) -> list[str]:
    """The command where no network is: in a namespace of its own, which has no interface up."""
    unshare = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    return [*unshare, *command]


MODULES = {"fast": "numba", "parquet": "pyarrow.parquet", "postgres": "psycopg"}
ONLY_ITSELF = """
import socket, sys
names = [line.split(":")[0].strip() for line in open("/proc/self/net/dev").readlines()[2:]]
assert names == ["lo"], names
try:
    socket.create_connection(("192.0.2.1", 80), 5)
except OSError as fault:
    print("closed", fault)
"""


def installed_and_used(tmp_path: Path, *extras: str) -> None:
    """The real bundle with these extras: made here, installed and used where nothing is reached."""
    bundle, target = tmp_path / "bundle", tmp_path / "installed"
    made = subprocess.run(
        [sys.executable, "tools/bundle.py", str(bundle), *extras],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    paper = made.stdout.split()[-1]
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], check=False, cwd=bundle
    )
    assert checked.returncode == 0
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PYTHON": sys.executable,
        "MANIFEST": paper,
        "EFFMON_LANG": "en",
    }

    def run(*command: str) -> str:
        result = subprocess.run(
            closed(list(command)),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
        )
        assert "Traceback" not in result.stderr, result.stderr
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    assert run(sys.executable, "-c", ONLY_ITSELF).startswith("closed")
    run("sh", str(bundle / "install.sh"), str(target), *extras)
    modules = ", ".join(MODULES[extra] for extra in extras)
    run(str(target / "bin/python"), "-I", "-c", f"import {modules}")
    effmon = str(target / "bin/effmon")
    assert "effmon" in run(effmon, "version")
    run(effmon, "demo", "shown")
    run(effmon, "-C", "workspace", "init")
    run(effmon, "-C", "workspace", "doctor")


@pytest.mark.full
def test_it_installs_and_runs_with_the_network_off(tmp_path: Path) -> None:
    installed_and_used(tmp_path, "postgres")


@pytest.mark.soak
def test_every_extra_installs_with_the_network_off(tmp_path: Path) -> None:
    installed_and_used(tmp_path, *MODULES)
