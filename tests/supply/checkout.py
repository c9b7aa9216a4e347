"""A copy of what the tools of the supply chain read, small enough to be changed by a test."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT

LOCKS = ("core", "build", "test", "full", "bench")


def copy_of_the_tools(folder: Path) -> Path:
    """The tools, the locks and the project file in a folder of their own."""
    for name in ("tools", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(checkout: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of that checkout by this interpreter."""
    return subprocess.run(
        [sys.executable, f"tools/{tool}", *arguments],
        cwd=checkout,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
