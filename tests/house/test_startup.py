"""Help is quick: it loads nothing heavy."""

import json

import pytest

from .tree import ROOT, run_python

HEAVY = {
    "alembic", "apscheduler", "httpx", "numba", "numpy", "pandas", "polars", "python_calamine",
    "sqlalchemy", "sqlmodel", "xlrd", "xlsxwriter",
}  # fmt: skip
ASK = """
import json, sys
sys.argv = ["effmon", *sys.argv[1:]]
from efficiency_monitor.cli.main import main
try:
    main()
finally:
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["cards", "list", "--help"], ["version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    result = run_python("-c", ASK, *arguments, PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr
    loaded = set(json.loads(result.stderr.splitlines()[-1]))
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_the_product_itself_loads_nothing() -> None:
    """`import efficiency_monitor` is free: the version and no more."""
    ask = "import sys; import efficiency_monitor; print('pydantic' in sys.modules)"
    assert run_python("-c", ask).stdout == "False\n"
