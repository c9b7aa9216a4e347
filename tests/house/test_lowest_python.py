"""The lowest Python that the package promises: modules, pages of commands, formats of input."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]
import xlwt

from .tree import ROOT

pytestmark = pytest.mark.full
LOWEST = "3.11"
HEAD = ("case_no", "event", "occurred_at")
ROWS = (("A1", "accepted", "2026-01-06 09:00"), ("A2", "accepted", "2026-01-06 10:00"))
#: In one process: what only breaks when a module is loaded, and every page of the command line.
EVERYTHING = """
import importlib, pkgutil, sys
import typer
from typer.testing import CliRunner
import efficiency_monitor
optional = {"pyarrow", "psycopg", "docx", "duckdb", "numba", "numpy", "polars"}
for found in pkgutil.walk_packages(efficiency_monitor.__path__, "efficiency_monitor."):
    if found.name.endswith("__main__") or ".migrations" in found.name:
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as fault:
        if fault.name.partition(".")[0] not in optional:
            raise
from efficiency_monitor.cli.main import app
def pages(command, path):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from pages(inner, [*path, name])
count = 0
for path in pages(typer.main.get_command(app), []):
    ran = CliRunner().invoke(app, [*path, "--help"])
    assert ran.exit_code == 0, (path, ran.output, ran.exception)
    count += 1
print(count)
"""


@pytest.fixture(scope="module")
def lowest() -> Path:
    """The core environment on the lowest Python."""
    python = shutil.which(f"python{LOWEST}")
    assert python, (
        f"there is no python{LOWEST} on this machine: install it (Debian, Ubuntu: apt-get install "
        f"python{LOWEST} python{LOWEST}-venv) or put it on the PATH"
    )
    made = subprocess.run(
        ["sh", str(ROOT / "tools/bootstrap.sh"), "core"],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(Path.home()), "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())


def run(lowest: Path, *arguments: str | Path, folder: Path) -> str:
    ran = subprocess.run(
        [str(lowest / "bin/effmon"), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stdout


def test_every_module_loads_and_every_command_has_its_page(lowest: Path) -> None:
    ran = subprocess.run(
        [str(lowest / "bin/python"), "-c", EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 50


def test_the_main_job(lowest: Path, tmp_path: Path) -> None:
    run(lowest, "demo", tmp_path / "shown", folder=tmp_path)


def files(folder: Path) -> list[Path]:
    """The same two events in every format that the core reads."""
    text = "\n".join(",".join(row) for row in (HEAD, *ROWS)) + "\n"
    events = "".join(
        "<event>"
        + "".join(
            f'<string key="{name}" value="{value}"/>' for name, value in zip(HEAD, row, strict=True)
        )
        + "</event>"
        for row in ROWS
    )
    contents = {
        "utf8.csv": text.encode(),
        "gb.csv": text.replace("occurred_at\n", "occurred_at,备注\n", 1)
        .replace("09:00\n", "09:00,许可\n")
        .replace("10:00\n", "10:00,证\n")
        .encode("gb18030"),
        "packed.csv.gz": gzip.compress(text.encode()),
        "lines.jsonl": "".join(
            json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in ROWS
        ).encode(),
        "log.xes": f"<?xml version='1.0'?><log><trace>{events}</trace></log>".encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    modern = xlsxwriter.Workbook(str(folder / "book.xlsx"))
    sheet, old = modern.add_worksheet("a"), xlwt.Workbook()
    older = old.add_sheet("a")
    for number, row in enumerate((HEAD, *ROWS)):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
            older.write(number, column, value)
    modern.close()
    old.save(str(folder / "book.xls"))
    return [*(folder / name for name in contents), folder / "book.xlsx", folder / "book.xls"]


def test_every_input_format(lowest: Path, tmp_path: Path) -> None:
    run(lowest, "init", tmp_path / "ws", folder=tmp_path)
    for path in files(tmp_path):
        run(lowest, "import", path, folder=tmp_path / "ws")
