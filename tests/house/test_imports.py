"""Who may import whom: the contracts of pyproject.toml hold, and they bite."""

import shutil
from pathlib import Path

import pytest

from .tree import ROOT, run_python

LINT = ("-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product's source alone, to be spoilt."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("efficiency_monitor", "cli"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/import_storeys.py", tmp_path / "tools")
    return tmp_path


def test_the_contracts_hold() -> None:
    result = run_python(*LINT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("where", "line", "broken"),
    [
        ("terms.py", "import cli", "Nobody imports the command line"),
        ("terms.py", "import efficiency_monitor.records", "Storeys"),
        ("followup/orders/model.py", "import efficiency_monitor.followup.orders.store", "Storeys"),
        ("followup/orders/model.py", "import efficiency_monitor.i18n.language", "Storeys"),
        (
            "followup/orders/store.py",
            "import efficiency_monitor.followup.orders.actions",
            "Storeys",
        ),
        ("records/__init__.py", "import efficiency_monitor.notify.digest", "Storeys"),
        ("people/acting.py", "import efficiency_monitor.cards.lifting", "Storeys"),
        ("cards/lifting.py", "import efficiency_monitor.app", "Storeys"),
        ("terms.py", "import efficiency_monitor.rules.rules", "Inside what is pure"),
        ("terms.py", "import time", "What is pure does no I/O"),
        ("followup/orders/model.py", "import os", "What is pure does no I/O"),
        ("cards/model/decide.py", "import sqlalchemy", "What is pure does no I/O"),
        ("verifier/__init__.py", "import efficiency_monitor.terms", "The verifier shares"),
    ],
)
def test_a_planted_import_is_refused(copy: Path, where: str, line: str, broken: str) -> None:
    with (copy / "efficiency_monitor" / where).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = run_python(*LINT, cwd=copy)
    assert result.returncode == 1, result.stdout + result.stderr
    verdicts = [text for text in result.stdout.splitlines() if "BROKEN" in text]
    assert any(text.startswith(broken) for text in verdicts), result.stdout


@pytest.mark.parametrize(
    "folder",
    [
        "efficiency_monitor",
        "efficiency_monitor/engine",
        "efficiency_monitor/cards/model",
        "efficiency_monitor/unplaced",
    ],
)
def test_a_module_outside_the_order_is_refused(copy: Path, folder: str) -> None:
    (copy / folder).mkdir(exist_ok=True)
    (copy / folder / "__init__.py").touch()
    (copy / folder / "unplaced.py").write_text('"""Nowhere."""\n', encoding="utf-8")
    result = run_python(*LINT, cwd=copy)
    assert result.returncode == 1
    assert "unplaced" in result.stdout
