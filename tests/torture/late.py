"""Workspaces full of cases that are long past every limit, and processes to be killed on them.

The true clock runs here, so nothing may depend on the date: the cases are of 2001, the calendar
reaches to 2099, and the one open slot fell due an hour ago.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random, SystemRandom

from efficiency_monitor import app
from tests import engines
from tests.stories.world import HOURS, WEEK, World, wall, write_csv

ROOT = Path(__file__).resolve().parents[2]
HEAD = {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"}


def seeded() -> Random:
    """Random moments; the seed is printed, and EFFMON_SEED replays it."""
    seed = int(os.environ.get("EFFMON_SEED") or SystemRandom().randrange(1 << 32))
    say(f"EFFMON_SEED={seed}")
    return Random(seed)


def say(text: str) -> None:
    """Leave a measured figure with the test's output."""
    sys.stderr.write(f"{text}\n")


def workspace(folder: Path) -> World:
    """A workspace whose nightly scan has one open slot, an hour old."""
    made = World.made(folder, wall(app.now() - 7200))
    week = dict.fromkeys(WEEK, HOURS)
    calendar = {
        "id": "town",
        "zone": "Asia/Shanghai",
        "covers": {"from": "2000-01-01", "to": "2099-12-31"},
        "week": week,
    }
    made.calendar("town", json.dumps(calendar))
    for path in (folder / "catalogue" / "packs" / "story").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("from: 2025-01-01", "from: 2000-01-01"), encoding="utf-8")
    settings = folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    at = wall(app.now() - 3600)[11:16]
    settings.write_text(text.replace('at = "02:10"', f'at = "{at}"'), encoding="utf-8")
    made.people([HEAD])
    made.now = app.now()
    return made


def write_cases(folder: Path, number: int) -> list[Path]:
    """Files with so many late cases, every third of them closed, every hundredth row faulty."""
    cases, events = [], []
    for n in range(number):
        case_no = f"T{n:06}"
        day = f"2001-03-{n % 27 + 1:02}"
        cases.append(
            {
                "case_no": case_no,
                "item_kind": "promised",
                "department": "住建局",
                "handler": f"经办{n % 50}",
                "promised_limit": f"{n % 7 + 1} working_days",
            }
        )
        events.append({"case_no": case_no, "event": "accepted", "occurred_at": f"{day} 10:00"})
        if n % 3 == 0:
            events.append(
                {"case_no": case_no, "event": "decided", "occurred_at": "2001-09-03 10:00"}
            )
        if n % 100 == 0:
            events.append({"case_no": case_no, "event": "greeted", "occurred_at": f"{day} 11:00"})
    paths = [folder / "cases.csv", folder / "events.csv"]
    for path, rows in zip(paths, (cases, events), strict=True):
        write_csv(path, rows)
    return paths


def copied(world: World, folder: Path) -> World:
    """The same workspace in another folder."""
    world.close()
    engines.copied(world.folder, folder)
    return World(folder, world.now)


def started(world: World, *command: str) -> "subprocess.Popen[str]":
    """An `effmon` process on a workspace."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EFFMON_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "-C", str(world.folder), *command],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def killed(process: "subprocess.Popen[str]", after: float) -> bool:
    """Kill a process so many seconds after its start; False if it had ended by then."""
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    assert process.returncode == 0, process
    return False
