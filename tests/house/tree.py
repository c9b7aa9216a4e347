"""The files of the project, as the house tests see them."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Folders whose Python is the product.
PRODUCT_FOLDERS = ("efficiency_monitor", "cli", "rules")
_NOT_OURS = {
    ".git", ".env", ".venv", "__pycache__", "build", "dist", "bundle", "wheelhouse", ".hypothesis",
    ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache",
}  # fmt: skip


@cache
def files() -> tuple[Path, ...]:
    """Paths, relative to the root, of what is tracked or would be; without git, of all that is not
    plainly made by a tool."""
    if (ROOT / ".git").exists():
        answer = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        names = {Path(name) for name in answer.split("\0") if name}
    else:
        names = {path.relative_to(ROOT) for path in ROOT.rglob("*")}
    kept = (
        name
        for name in names
        if not _NOT_OURS.intersection(name.parts)
        and not any(part.endswith(".egg-info") for part in name.parts)
        and (ROOT / name).is_file()
    )
    return tuple(sorted(kept))


def python_files(*folders: str) -> tuple[Path, ...]:
    """Python files below these top-level folders, or all."""
    return tuple(
        name
        for name in files()
        if name.suffix == ".py" and (not folders or name.parts[0] in folders)
    )


def read(name: Path) -> str:
    """The text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def run_python(
    *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with these variables added, and hand back what it said."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
    )
