"""`pull`, `sources`, `import --source` and the nightly job, as typed, against a real server."""

import fcntl
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from .command import effmon, on_terminal

TOKEN = "canary-c11e-token"
ROWS: list[dict[str, Any]] = [
    {"case_no": "A", "event": "accepted", "occurred_at": "2024-03-04 10:00", "source_key": "1"},
    {"case_no": "B", "event": "accepted", "occurred_at": "2024-03-04 10:00", "source_key": "2"},
]
CASES = [
    {"case_no": each, "item_kind": "promised", "promised_limit": "5 working_days"} for each in "AB"
]


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    return ("127.0.0.1", 0)


@pytest.fixture
def place(empty: Path, own: Callable[[Path], Path], httpserver: HTTPServer) -> Path:
    """A workspace with a full snapshot behind the server, and a source that only fails."""
    workspace = own(empty)
    httpserver.expect_request("/cases").respond_with_json(CASES)
    httpserver.expect_request("/events").respond_with_json(ROWS)
    with (workspace / "effmon.toml").open("a", encoding="utf-8") as file:
        file.write(f"""
[sources.hall]
freshness = "26 calendar_hours"
snapshot = true
[sources.hall.http]
base_url = "http://127.0.0.1:{httpserver.port}"
tables = {{cases = "/cases", events = "/events"}}
allow_http = true
allow_networks = ["127.0.0.0/8"]
token_env = "HALL_TOKEN"
[sources.annex.sql]
url_env = "ANNEX_URL"
tables = {{events = "events"}}
[sources.paper]
mapping = "canonical"
""")
    return workspace


def run(place: Path, *arguments: object, **more: str) -> Any:
    ran = effmon("-C", place, *arguments, HALL_TOKEN=TOKEN, **more)
    assert TOKEN not in ran.out + ran.err
    return ran


def changed(place: Path, statement: str) -> None:
    connection = sqlite3.connect(place / "effmon.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_pull_tells_what_an_import_tells_and_more(place: Path) -> None:
    document = run(place, "pull", "hall", "-o", "json").well().json
    assert document["read"] == document["imported"] == 4
    assert [file["file"] for file in document["files"]] == ["cases.jsonl", "events.jsonl"]
    assert (document["source"], document["state"], document["pages"]) == ("hall", "done", 2)
    assert document["vanished"] == {"flagged": [], "returned": [], "unreadable": 0}
    assert document["bytes"] > 0
    assert (document["cursor"], document["wrote"], document["message"]) == ({}, True, None)
    again = run(place, "pull", "hall").well()
    assert "done" in again.out
    listed = run(place, "sources", "list", "-o", "json").well().json
    assert [(row["source"], row["kind"], row["state"], row["stale"]) for row in listed] == [
        ("hall", "http", "done", False),
        ("annex", "sql", None, False),
        ("paper", "import", None, False),
    ]
    assert listed[0]["open_cases"] == 2
    history = run(place, "sources", "history", "hall", "-o", "json").well().json
    assert [row["totals"]["imported"] for row in history] == [0, 4]


def test_a_dry_run_says_so_and_leaves_nothing(place: Path) -> None:
    ran = run(place, "pull", "hall", "--dry-run", "-o", "json").well()
    assert ran.json["imported"] == 4
    assert ran.json["wrote"] is False
    assert "nothing was written" in ran.err
    assert run(place, "sources", "history", "-o", "json").well().json == []
    assert run(place, "cases", "list", "-o", "json").well().json == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["pull"], "name one source, or --all"),
        (["pull", "hall", "--all"], "name one source, or --all"),
        (["pull", "hal"], "did you mean 'hall'"),
        (["pull", "paper"], "does not say where to pull from"),
        (["pull", "annex"], "ANNEX_URL is not set"),
        (["sources", "history", "hal"], "there is no source 'hal'"),
        (["import", "x.csv", "--source", "hal"], "there is no source 'hal'"),
    ],
)
def test_a_wrong_call_is_one_line(place: Path, arguments: list[str], word: str) -> None:
    ran = run(place, *arguments)
    assert ran.code == 2
    assert word in ran.err


def test_a_feed_that_fails_ends_with_3(place: Path, httpserver: HTTPServer) -> None:
    httpserver.clear()
    httpserver.expect_request("/cases").respond_with_data("no", status=403)
    ran = run(place, "pull", "hall")
    assert ran.code == 3
    assert "does not let us in (403)" in ran.err
    assert "HALL_TOKEN" in ran.err
    zh = run(place, "pull", "hall", EFFMON_LANG="zh")
    assert "拒绝访问（403）" in zh.err


def test_all_sources_are_tried_and_the_worst_is_the_exit_code(place: Path) -> None:
    ran = run(place, "pull", "--all", "-o", "json")
    assert ran.code == 3
    states = {each["source"]: (each["state"], each["read"]) for each in ran.json}
    assert states == {"hall": ("done", 4), "annex": ("failed", 0)}
    assert "ANNEX_URL" in ran.err


def test_another_process_holds_the_source(place: Path) -> None:
    (place / "spool").mkdir()
    with (place / "spool" / "hall.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = run(place, "pull", "hall")
    assert ran.code == 75
    assert run(place, "pull", "hall").well()


def test_rows_in_quarantine_end_with_3_if_one_is_strict(
    place: Path, httpserver: HTTPServer
) -> None:
    httpserver.clear()
    httpserver.expect_request("/cases").respond_with_json(CASES)
    httpserver.expect_request("/events").respond_with_json([*ROWS, {**ROWS[0], "event": "no such"}])
    assert "1 rows in quarantine" in run(place, "pull", "hall").well().err
    assert run(place, "pull", "hall", "--strict").code == 3


def test_what_is_stale_or_gone_is_said_everywhere(place: Path, httpserver: HTTPServer) -> None:
    run(place, "pull", "hall").well()
    run(place, "scan").well()
    httpserver.clear()
    httpserver.expect_request("/cases").respond_with_json(CASES[:1])
    httpserver.expect_request("/events").respond_with_json(ROWS[:1])
    ran = run(place, "pull", "hall").well()
    assert "1 open cases are missing from the snapshot" in ran.err
    gone = run(place, "cases", "list", "--vanished", "-o", "json").well().json
    assert [(row["case_no"], row["source"]) for row in gone] == [("B", "hall")]
    assert gone[0]["vanished_at"] is not None
    changed(place, "UPDATE feed_run SET as_of = as_of - 200000")
    ran = run(place, "scan", "-o", "json")
    assert ran.code == 3
    assert [each["source"] for each in ran.json["stale"]] == ["hall"]
    assert ran.json["vanished"] == {"hall": 1}
    assert {problem["reason"] for problem in ran.json["problems"]} == {"stale_feed"}
    said = run(place, "scan")
    assert "source hall is stale" in said.err
    assert "missing from its snapshot" in said.err
    doctor = run(place, "doctor", "-o", "json")
    assert doctor.code == 1
    status = {check["check"]: check["status"] for check in doctor.json}
    assert status["source hall"] == "bad"
    assert status["vanished hall"] == "look"
    run(place, "pull", "hall").well()
    assert run(place, "scan", "-o", "json").well().json["stale"] == []


def test_an_import_can_be_of_a_source(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text("case_no,event,occurred_at\nZ,accepted,2024-03-04 10:00\n", encoding="utf-8")
    document = run(place, "import", path, "--source", "paper", "-o", "json").well().json
    assert document["imported"] == 1
    rows = run(place, "cases", "list", "-o", "json").well().json
    assert [(row["case_no"], row["source"]) for row in rows] == [("Z", "paper")]
    (row,) = run(place, "sources", "history", "paper", "-o", "json").well().json
    assert (row["kind"], row["state"], row["totals"]["imported"]) == ("import", "done", 1)
    run(place, "import", path, "--source", "paper", "--dry-run").well()
    assert len(run(place, "sources", "history", "-o", "json").well().json) == 1


def test_the_nightly_job_pulls_first_and_reports_what_failed(place: Path) -> None:
    changed(place, "UPDATE meta SET value = '2026-01-01T00:00:00+08:00' WHERE name = 'created_at'")
    ran = run(place, "jobs", "run", "-o", "json")
    assert ran.code == 3
    assert {each["source"]: each["state"] for each in ran.json["pulls"]} == {
        "hall": "done",
        "annex": "failed",
    }
    assert len(ran.json["scans"]) > 1
    assert ran.json["scans"][-1]["cases"]["total"] == 2
    history = run(place, "sources", "history", "-o", "json").well().json
    assert {row["source"]: row["state"] for row in history} == {"hall": "done", "annex": "failed"}
    assert all(row["slot"] for row in history)
    again = run(place, "jobs", "run", "-o", "json").well()
    assert again.json["pulls"] == []


def test_the_lists_read_well_on_a_narrow_terminal(place: Path) -> None:
    run(place, "pull", "--all")
    for command in (["sources", "list"], ["sources", "history"]):
        shown = on_terminal("-C", place, *command, width=60)
        assert "hall" in shown.out
        assert max(len(line) for line in shown.out.splitlines()) <= 200
    assert json.loads(run(place, "sources", "list", "-o", "json").out)
