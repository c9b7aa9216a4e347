"""tools/bootstrap.sh: what it says when it cannot do its work. One line, and how to mend it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .tree import ROOT

TOOLS = ("sh", "cat", "dirname", "mkdir", "rm", "pwd", "flock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the bootstrap reads, and a folder of programs to be its PATH."""
    for folder in ("tools", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder)
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path / "checkout")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path / "checkout"


def program(checkout: Path, name: str, body: str) -> Path:
    """A program on the PATH of the bootstrap."""
    path = checkout.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def bootstrap(checkout: Path, purpose: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it with nothing but the programs above."""
    environment = {"PATH": str(checkout.parent / "bin"), "LC_ALL": "C", **more}
    return subprocess.run(
        [str(checkout.parent / "bin/sh"), "tools/bootstrap.sh", purpose],
        cwd=checkout,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )


def test_no_python(checkout: Path) -> None:
    result = bootstrap(checkout, "core")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "no Python 3.11 or later found" in result.stderr


def test_an_old_python_is_passed_over(checkout: Path) -> None:
    program(checkout, "python3", "exit 1")
    result = bootstrap(checkout, "core")
    assert result.returncode == 1
    assert "no Python 3.11 or later found" in result.stderr


def test_the_named_python_is_not_replaced_by_another(checkout: Path) -> None:
    program(checkout, "python3", "echo 3.12 abc True /usr/bin/python3")
    result = bootstrap(checkout, "core", PYTHON="python3.99")
    assert result.returncode == 1
    assert "PYTHON=python3.99 is no working Python" in result.stderr


def test_without_ensurepip_the_package_is_named(checkout: Path) -> None:
    program(checkout, "python3", "echo 3.12 abc False /usr/bin/python3")
    result = bootstrap(checkout, "core")
    assert result.returncode == 1
    assert "python3.12-venv" in result.stderr.splitlines()[-1]


def test_uv_serves_where_ensurepip_is_missing(checkout: Path) -> None:
    log = checkout.parent / "log"
    program(checkout, "python3", "echo 3.12 abc False /usr/bin/python3")
    program(
        checkout,
        "uv",
        f'echo "$@" >>"{log}"; [ "$1" != venv ] || mkdir -p .env/core-3.12/bin',
    )
    result = bootstrap(checkout, "core")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{checkout}/.env/core-3.12\n"
    made, locked, project = log.read_text(encoding="utf-8").splitlines()
    assert made.startswith("venv")
    assert "--require-hashes --only-binary :all: -r requirements/core.txt" in locked
    assert "--no-deps --no-build-isolation" in project


def test_a_stamped_environment_is_not_made_again(checkout: Path) -> None:
    program(checkout, "python3", "echo 3.12 abc False /usr/bin/python3")
    environment = checkout / ".env/core-3.12"
    environment.mkdir(parents=True)
    (environment / "stamp").write_text("abc\n", encoding="utf-8")
    result = bootstrap(checkout, "core")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{environment}\n"


def test_an_unknown_purpose_is_refused(checkout: Path) -> None:
    result = bootstrap(checkout, "prod")
    assert result.returncode == 1
    assert "core, test, full or bench" in result.stderr


def test_a_missing_wheelhouse_is_named(checkout: Path) -> None:
    program(checkout, "python3", "echo 3.12 abc False /usr/bin/python3")
    program(checkout, "uv", "exit 0")
    result = bootstrap(checkout, "core", WHEELHOUSE="nowhere")
    assert result.returncode == 1
    assert "WHEELHOUSE=nowhere is no folder" in result.stderr


def test_the_digest_follows_what_an_environment_depends_on(checkout: Path) -> None:
    """A real interpreter, no installation: a changed lock, place or interpreter means a new one."""
    script = (checkout / "tools/bootstrap.sh").read_text(encoding="utf-8")
    probe = checkout / "tools/probe.sh"
    head = script[: script.index("found=\n")]
    probe.write_text(head + 'describe "$PYTHON"\n', encoding="utf-8")

    def digest() -> str:
        environment = {**os.environ, "PYTHON": sys.executable}
        answer = subprocess.run(
            ["sh", "tools/probe.sh", "core"],
            cwd=checkout,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return answer.stdout.split()[1]

    before = digest()
    assert digest() == before
    with (checkout / "requirements/core.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert digest() != before
