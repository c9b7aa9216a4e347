"""The lowest Python that the package promises, beside the newest: modules, commands, formats."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]
import xlwt

from efficiency_monitor.records import rights
from tests.cli.command import environment
from tests.postgres_server import APPLICATION, AUDITOR, server

from .tree import ROOT

pytestmark = pytest.mark.full
LOWEST = "3.11"
#: What the core does without.
MORE = frozenset({"pyarrow", "psycopg", "psycopg-binary"})
#: Columns that change only where something comes together that a trial of every command does not
#: bring about: a ladder or notice that begins again, a lease that is taken over, a row that is
#: refused once more.
SELDOM = {
    "appeal": {"overdue_told_at", "round"},
    "card": {"stood_under"},
    "case_file": {"vanished_at"},
    "ladder_run": {
        *("ladder_id", "ladder_version", "ladder_digest", "chain", "began_at", "reply_within"),
        "round",
    },
    "lease": {"owner", "fence", "lease_until"},
    "notice": {"about", "role", "language", "created_at"},
    "quarantine": {"state", "received_at"},
}
HEAD = ("case_no", "event", "occurred_at")
ROWS = (("A1", "pre_accepted", "2026-11-02 09:00"), ("A1", "refused", "2026-11-06 10:00"))
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


def test_every_module_loads_and_every_command_has_its_page(lowest: Path) -> None:
    ran = subprocess.run(
        [str(lowest / "bin/python"), "-c", EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 50


def files(folder: Path) -> None:
    """The same two events in every format that is read."""
    import pyarrow
    import pyarrow.parquet  # an extra: the module is collected without it

    text = "\n".join(",".join(row) for row in (HEAD, *ROWS)) + "\n"
    events = "".join(
        "<event>"
        + "".join(
            f'<string key="{name}" value="{value}"/>' for name, value in zip(HEAD, row, strict=True)
        )
        + "</event>"
        for row in ROWS
    )
    lines = "".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in ROWS)
    contents = {
        "utf8.csv": text.encode(),
        "gb.csv": text.replace("occurred_at\n", "occurred_at,备注\n", 1)
        .replace("09:00\n", "09:00,许可\n")
        .replace("10:00\n", "10:00,证\n")
        .encode("gb18030"),
        "packed.csv.gz": gzip.compress(text.encode()),
        "lines.jsonl": lines.encode(),
        "packed.jsonl.gz": gzip.compress(lines.encode()),
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
    columns = {name: [row[place] for row in ROWS] for place, name in enumerate(HEAD)}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "columns.parquet")


@pytest.fixture(params=["lowest", "newest"])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """An interpreter, and a folder with the packages that Parquet and PostgreSQL need on it."""
    folder = tmp_path / "more"
    if request.param == "newest":
        return Path(sys.executable), folder
    found: Path = request.getfixturevalue("lowest") / "bin/python"
    wanted = tmp_path / "more.txt"
    wanted.write_text("\n".join(locked(MORE)), encoding="utf-8")
    wheels = os.environ.get("WHEELHOUSE")
    made = subprocess.run(
        [
            *(found, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
            *(("--no-index", "--find-links", wheels) if wheels else ()),
            *("--target", folder, "-r", wanted),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return found, folder


def locked(names: frozenset[str]) -> list[str]:
    """The lines of the lock on these packages: their versions and digests."""
    kept, lines = False, []
    for line in (ROOT / "requirements/full.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            kept = line.partition("==")[0] in names
        if kept and not line.lstrip().startswith("#"):
            lines.append(line)
    return lines


def test_every_command_and_every_format(python: tuple[Path, Path], tmp_path: Path) -> None:
    """Each command with arguments that work; each format that is read and that is written."""
    interpreter, more = python
    data = tmp_path / "data"
    data.mkdir()
    files(data)
    running = server(durable=True)  # the doctor says of the other that it is not
    running.drop(running.new_database())  # with the first one the roles are made
    url = running.new_database(empty=True)
    try:
        ran = subprocess.run(
            [
                *(interpreter, Path(__file__).with_name("every_command.py")),
                *(tmp_path / "shown", data, url, APPLICATION, AUDITOR),
            ],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(more)),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        running.drop(url)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert "Traceback" not in ran.stdout + ran.stderr
    updated = json.loads((tmp_path / "shown" / "updates.json").read_text(encoding="utf-8"))
    assert updated.keys() <= rights.UPDATED.keys() | rights.WHOLE
    for table, columns in rights.UPDATED.items():
        seen = set(updated.get(table, ()))
        assert seen <= set(columns), table
        assert set(columns) - seen <= SELDOM.get(table, set()), table
