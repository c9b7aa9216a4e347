"""Every parser, fed with what is nearly sound: nothing is raised, hangs or fills the memory."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lengths import length

from ..intake.conftest import ROOT
from .guarded import MOST_MB, guilty
from .parsers import PARSERS
from .test_damaged_files import BUDGET as DAMAGED
from .test_hostile_rows import ROWS_BUDGET

#: Inputs of the quick run. With those of `test_damaged_files` and `test_hostile_rows` they are
#: 200,000.
BUDGET = {
    "csv": 5_000, "jsonl": 6_000, "xes": 6_000, "gzip": 5_000, "xlsx": 6_000, "xls": 5_000,
    "parquet": 5_000, "zip": 10_000, "people": 5_000, "mapping": 6_000, "rule": 6_000,
    "calendar": 5_000, "ladder": 6_000, "settings": 8_000, "page": 8_000, "answer": 8_000,
    "link": 8_000, "note": 8_000, "key": 4_500, "public key": 5_000, "batch": 8_000, "log": 4_000,
    "amount": 4_000, "instant": 4_000, "hours": 2_500, "export": 1_500, "slip": 4_000,
    "command": 500,
}  # fmt: skip
#: Inputs of the long run: the cheap parsers get more.
LONG = {
    "csv": 100_000, "jsonl": 150_000, "xes": 150_000, "gzip": 50_000, "xlsx": 100_000,
    "xls": 100_000, "parquet": 50_000, "zip": 250_000, "people": 100_000, "mapping": 100_000,
    "rule": 150_000, "calendar": 50_000, "ladder": 150_000, "settings": 400_000, "page": 400_000,
    "answer": 400_000, "link": 400_000, "note": 300_000, "key": 200_000, "public key": 300_000,
    "batch": 250_000, "amount": 300_000, "instant": 300_000, "hours": 200_000, "export": 20_000,
    "slip": 50_000, "log": 100_000,
    "command": 5_000,
}  # fmt: skip
#: Parsers in other languages, of which coverage sees nothing, and a program that needs its forks.
NOT_COVERED = {"xlsx", "xls", "parquet", "command", "zip"}
#: Inputs at which something once went wrong.
KEPT = ROOT / "tests/fuzz/inputs"


def ran(module: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a feeding process in the folder; its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{module}", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def fed(name: str, folder: Path, *how: str) -> dict[str, Any]:
    """Feed a parser in a process of its own and hand back the report; a fault shows its input."""
    code, out, err = ran("guarded", folder, name, *how)
    report = json.loads(out.splitlines()[-1]) if code == 0 else {"fault": ending(code, err)}
    if report["fault"]:
        number, data = guilty(folder)
        shown = base64.b85encode(data).decode() if len(data) < 3_000 else f"{len(data)} bytes"
        kept = folder / "guilty"
        kept.write_bytes(data)
        pytest.fail(f"{name}, input {number}: {report['fault'][-1500:]}\n{kept}: {shown}")
    print(
        f"RELIABILITY fuzzing of {name}: {report['inputs']:,} inputs, {report['taken']} taken, "
        f"{report['refused']} refused, {report['seconds']} s, slowest {report['slowest']} s, "
        f"{report['peak_mb']} MB"
    )
    assert report["peak_mb"] < MOST_MB
    return report


def ending(code: int, err: str) -> str:
    """Why a process ended."""
    if code == -signal.SIGPROF:
        return "an input took four seconds of the processor"
    return f"the process ended with {code}: {err}"


def seed_of_run() -> int:
    """EFFMON_SEED, or one that is drawn; printed, so that the run can be done again."""
    seed = int(os.environ.get("EFFMON_SEED") or random.randrange(10**6))
    print(f"EFFMON_SEED={seed}")
    return seed


def test_the_runs_are_as_long_as_they_say() -> None:
    assert sum(BUDGET.values()) + sum(DAMAGED.values()) + ROWS_BUDGET >= 200_000
    assert sum(LONG.values()) >= 5_000_000
    assert set(BUDGET) == set(LONG) == set(PARSERS)


@pytest.mark.full
@pytest.mark.trial
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser(name: str, tmp_path: Path) -> None:
    inputs = length(BUDGET[name], 4)
    report = fed(name, tmp_path, "drawn", str(seed_of_run()), str(inputs))
    assert report["inputs"] == inputs
    assert report["taken"], "the sound inputs are refused: nothing is tested"


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.iterdir()))
def test_what_once_went_wrong(name: str, tmp_path: Path) -> None:
    files = sorted(map(str, (KEPT / name).iterdir()))
    assert fed(name, tmp_path, "files", *files)["inputs"] == len(files)


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_for_long(name: str, tmp_path: Path) -> None:
    seed = seed_of_run()
    if name in NOT_COVERED:
        assert fed(name, tmp_path, "drawn", str(seed), str(LONG[name]))["inputs"] == LONG[name]
        return
    code, _, err = ran("covered", tmp_path, name, str(seed), str(LONG[name]))
    if code:
        number, data = guilty(tmp_path)
        fault = tmp_path / "fault"
        said = fault.read_text(encoding="utf-8") if fault.exists() else ending(code, err[-1500:])
        pytest.fail(f"{name}, input {number}: {said[-1500:]}\n{base64.b85encode(data)!r}")
    assert f"number_of_executed_units: {LONG[name]}" in err
    print(f"RELIABILITY fuzzing of {name}: {LONG[name]:,} inputs by coverage, no fault")
