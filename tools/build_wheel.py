"""Build the project's wheel so that the same sources give the same bytes.

    python tools/build_wheel.py FOLDER

Built from a copy with fixed permissions and, unless `SOURCE_DATE_EPOCH` says another, one fixed
time for every file: what the umask, the clock or an old `build` folder would change is not in it.
Needs the setuptools of `requirements/build.txt`; no network.
"""

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from made import ROOT
from setuptools import build_meta

#: What setuptools reads: the packages (setup.py), and what stands beside them.
SOURCES = ("efficiency_monitor", "cli", "rules", "demo")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
#: 2020-02-02, as other builders have it; zip files know no time before 1980.
EPOCH = "1580601600"


@contextlib.contextmanager
def clean_copy(root: Path) -> Iterator[Path]:
    """The sources in a folder of their own, without what a run leaves behind."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "source")
        copy.mkdir()
        for name in SOURCES:
            caches = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
            shutil.copytree(root / name, copy / name, ignore=caches)
        for name in FILES:
            shutil.copyfile(root / name, copy / name)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield copy


def build(target: Path, root: Path = ROOT) -> Path:
    """Build the wheel into a folder, in place of older ones, and return its path.

    Changes the process' umask and working directory: it is a program's last act or a test's
    subprocess.
    """
    target = target.absolute()
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("efficiency_monitor-*.whl"):
        old.unlink()
    os.environ.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    os.umask(0o022)
    said = io.StringIO()
    try:
        with clean_copy(root) as copy, contextlib.chdir(copy), contextlib.redirect_stdout(said):
            return target / str(build_meta.build_wheel(str(target)))
    except BaseException:
        print(said.getvalue(), file=sys.stderr)
        raise


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
