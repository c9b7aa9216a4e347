"""A pull that is killed (SIGKILL) at any step, and pulled again, brings every row exactly once."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor.faults import FeedFailed
from tests import engines
from tests.cli.command import ROOT, environment
from tests.feeds.conftest import Office, accepted, answer, case, http
from tests.lengths import length
from tests.torture import late

Serve = Callable[..., None]
NUMBERS = [f"C{n:02}" for n in range(9)]
#: Of how many steps one is killed: of one where the trial is whole.
EACH = 1 if length(1, 2) else 6
TABLES = 'cases = "/cases", events = "/events"'
MORE = """
page = {param = "page"}
[sources.hall.http.since]
column = "recorded_at"
overlap = "2 calendar_minutes"
"""
#: Everything that a pull leaves, without ids, and without the runs that were killed.
LEFT = (
    "SELECT case_no, source, changed, vanished_at FROM case_file ORDER BY 1",
    """SELECT case_no, event_key, generation, type FROM event e JOIN case_file c
        ON c.id = e.case_id ORDER BY 1, 2""",
    "SELECT case_no, digest FROM case_fact f JOIN case_file c ON c.id = f.case_id ORDER BY 1, 2",
    "SELECT * FROM event_withdrawal",
    'SELECT source, "table", value FROM feed_cursor ORDER BY 1, 2',
    "SELECT file, row, code FROM quarantine ORDER BY 1, 2",
    "SELECT state, pages, bytes FROM feed_run WHERE state = 'done'",
)


@pytest.fixture
def hall(office: Office, httpserver: HTTPServer, serve: Serve) -> Office:
    cases = [{**case(number), "recorded_at": "2026-03-02 10:00:00"} for number in NUMBERS]
    events: list[dict[str, Any]] = [accepted(each, n) for n, each in enumerate(NUMBERS)]
    events.append({"case_no": "BAD", "event": "no such event", "occurred_at": "2026-03-02 09:00"})

    def paged(rows: list[Any]) -> Callable[[Request], Response]:
        def handler(request: Request) -> Response:
            page = int(request.args["page"])
            return answer(rows[(page - 1) * 4 : page * 4])

        return handler

    serve("/cases", paged(cases))
    serve("/events", paged(events))
    office.configure(http(httpserver, MORE, tables=TABLES))
    return office


def killed_at(office: Office, step: int, *more: str) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("killed.py")
    return subprocess.run(
        [
            *(sys.executable, str(script)),
            *(str(office.world.folder), str(office.world.now), str(step)),
            *more,
        ],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def left(office: Office) -> list[list[tuple[Any, ...]]]:
    return [office.world.tuples(statement) for statement in LEFT]


def copied(office: Office, name: str) -> Office:
    """The same workspace at another place."""
    world = office.world
    world.close()
    folder = world.folder.with_name(name)
    engines.copied(world.folder, folder)
    return Office(type(world)(folder, world.now), office.environ)


def steps_of(office: Office) -> tuple[int, list[list[tuple[Any, ...]]]]:
    """How many steps a quiet pull has, and what it leaves."""
    quiet = copied(office, "quiet")
    done = killed_at(quiet, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), left(quiet)


def kill_and_pull_again(office: Office, step: int) -> tuple[Office, bool]:
    made = copied(office, f"killed{step}")
    done = killed_at(made, step)
    assert done.returncode == -signal.SIGKILL, (step, done.stderr)
    began = made.world.rows("SELECT * FROM event") != []
    made.pull()
    return made, began


def check(made: Office, quiet: list[list[tuple[Any, ...]]], step: int) -> None:
    assert left(made) == quiet, step
    assert not made.spool().exists()
    assert {state for state, _ in made.runs()} <= {"failed", "half", "done"}
    assert made.world.sound()
    entries = [entry for entry in made.world.entries() if entry["type"] == "feed.pulled"]
    assert len(entries) == 1, step
    before = left(made)[:-1]
    made.pull()
    assert left(made)[:-1] == before
    made.world.close()


def test_a_trial_that_is_killed_leaves_its_spool_to_the_next_pull_alone(hall: Office) -> None:
    """What it has fetched is personal, and nobody goes on with it."""
    steps = int(killed_at(copied(hall, "quiet"), 0, "dry").stdout)
    found = 0
    for step in range(1, steps + 1, max(1, steps // 8)):
        made = copied(hall, f"killed{step}")
        assert killed_at(made, step, "dry").returncode == -signal.SIGKILL
        found += made.spool("hall.dry").exists()
        made.pull()
        assert not made.spool("hall.dry").exists(), step
        assert not made.spool().exists()
        assert [state for state, _ in made.runs()] == ["done"]
        made.world.close()
    assert found > 1


def test_a_trial_that_fails_leaves_nothing(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/events").respond_with_data("", status=500)
    office.configure(http(httpserver, "attempts = 1"))
    with pytest.raises(FeedFailed):
        office.pull(dry_run=True)
    assert not office.spool("hall.dry").exists()
    assert not office.spool().exists()
    assert office.runs() == []


def test_a_pull_that_is_killed_and_pulled_again(hall: Office) -> None:
    """Some of the steps: early, in the middle, late. Far more of them: the test marked full."""
    steps, quiet = steps_of(hall)
    assert steps > 100
    chosen = [2, steps // 4, steps // 2, 3 * steps // 4, steps - 3, steps]
    for step in chosen:
        made, _ = kill_and_pull_again(hall, step)
        if any(state == "done" for state, _ in made.runs()[:-1]):
            continue  # all was written before it was killed: the second pull was a further one
        check(made, quiet, step)


@pytest.mark.full
@pytest.mark.trial
def test_a_pull_that_is_killed_at_every_step(hall: Office) -> None:
    """Every step of the whole trial; of its share one in so many, others with each seed."""
    steps, quiet = steps_of(hall)
    first = late.seeded().randint(1, EACH)
    chosen = sorted({*range(first, steps + 1, EACH), steps})
    in_import = after = 0
    for step in chosen:
        made, began = kill_and_pull_again(hall, step)
        in_import += began
        if sum(state == "done" for state, _ in made.runs()) == 2:
            after += 1
            assert left(made)[:-1] == quiet[:-1]
            made.world.close()
        else:
            check(made, quiet, step)
        shutil.rmtree(made.world.folder)
    assert in_import > 10 / EACH
    assert after >= 1
