"""The test run itself: a skip is a failure, and nothing reaches the outside."""

import shutil
from pathlib import Path

import pytest

from .tree import ROOT, run_python

SKIPPING = {
    "call": "def test_a():\n    pytest.skip('not now')\n",
    "mark": "@pytest.mark.skip(reason='not now')\ndef test_a(): pass\n",
    "module": "pytest.importorskip('no_such_module_anywhere')\ndef test_a(): pass\n",
    "expected failure": "@pytest.mark.xfail(reason='not now')\ndef test_a(): assert False\n",
    "unexpected pass": "@pytest.mark.xfail(reason='not now', strict=False)\ndef test_a(): pass\n",
    "outside": (
        "import socket\ndef test_a():\n    socket.create_connection(('192.0.2.1', 9), timeout=1)\n"
    ),
}


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["plain", "xdist"])
def test_what_is_not_run_fails(tmp_path: Path, options: list[str]) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    honest = {"honest": "def test_a(): pass\n"}
    for number, body in enumerate((SKIPPING | honest).values()):
        (tmp_path / f"test_{number}.py").write_text(f"import pytest\n{body}", encoding="utf-8")
    more = ("-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", *options)
    result = run_python("-m", "pytest", *more, cwd=tmp_path)
    assert result.returncode == 1, result.stdout
    # A module skipped as a whole and a skip by mark are errors, the others failures.
    assert "4 failed, 1 passed, 2 errors in" in result.stdout.splitlines()[-1], result.stdout
