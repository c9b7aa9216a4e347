"""Figures of trials reach the closing lines, and from there a table, with seed and command."""

import shutil
from pathlib import Path

import pytest

from tests.house.tree import ROOT, run_python

TRIAL = """
import sys
def test_long():
    sys.stderr.write("EFFMON_SEED=7\\nRELIABILITY kills: 9 of 9, none lost\\n")
def test_that_fails():
    sys.stderr.write("RELIABILITY kills: 1 lost\\n")
    assert False
"""


@pytest.mark.full
@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["plain", "xdist"])
def test_a_figure_becomes_a_row(tmp_path: Path, options: list[str]) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(TRIAL, encoding="utf-8")
    ran = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, cwd=tmp_path)
    said = "RELIABILITY kills: 9 of 9, none lost [EFFMON_SEED=7] [test_it.py::test_long]"
    assert said in ran.stdout.splitlines()
    log = tmp_path / "log"
    log.write_text(ran.stdout, encoding="utf-8")
    table = run_python(str(ROOT / "tools/reliability.py"), str(log), cwd=tmp_path)
    command = "`python -m pytest test_it.py -k test_long -m soak`"
    assert table.stdout.splitlines()[2:] == [f"| kills | 9 of 9, none lost | {command} | 7 |"]
