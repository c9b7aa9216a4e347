"""Exit codes: 0, 1, 2, 3, 75, and of several the first of 2, 75, 70, 1, 3 (docs/contract.md 14)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .command import Ran, effmon
from .places import change, content, write_calendar, write_events, write_rows

Own = Callable[[Path], Path]


def told(ran: Ran, code: int) -> Ran:
    """An expected fault: its code, one line that says what, one that says how to mend it."""
    assert ran.code == code, ran
    lines = ran.err.splitlines()
    assert lines[-2].startswith("error: "), ran.err
    assert lines[-1].startswith("hint: "), ran.err
    return ran


def unknown_calendar(folder: Path, workspace: Path) -> None:
    """Give the workspace a case whose calendar nobody has."""
    cases = write_rows(
        folder / "more.csv", "case_no item_kind calendar", [("C-0", "promised", "x")]
    )
    effmon("-C", workspace, "import", cases).well()


def test_done(office: Path) -> None:
    for command in (["cards", "list"], ["cases", "list"], ["ledger", "verify"], ["version"]):
        effmon("-C", office, *command).well(0)


@pytest.mark.parametrize(
    ("level", "code"), [("red", 1), ("yellow", 1), (None, 0)], ids=["red", "yellow", "none"]
)
def test_fail_on_a_level_that_is_issued(unscanned: Path, level: str | None, code: int) -> None:
    wanted = ["--fail-on", level] if level else []
    assert effmon("-C", unscanned, "scan", "--dry-run", *wanted).code == code


def test_fail_on_a_level_that_is_not_issued(tmp_path: Path, own: Own, empty: Path) -> None:
    """Red alone is asked for, and there is a yellow card."""
    workspace = own(empty)
    cases = write_rows(
        tmp_path / "c.csv",
        "case_no item_kind promised_limit statutory_limit",
        [("Y-1", "promised", "5 working_days", "4500 working_days")],
    )
    events = write_events(tmp_path / "e.csv", [("Y-1", "accepted", "2024-03-04 10:00", "甲", "")])
    effmon("-C", workspace, "import", cases, events).well()
    assert effmon("-C", workspace, "scan", "--dry-run", "--fail-on", "yellow").code == 1
    effmon("-C", workspace, "scan", "--fail-on", "red").well(0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "--as-of", "soon"], "'soon' is no time"),
        (["scan", "--as-of", ""], "'' is no time"),
        (["scan", "--as-of", "2026-02-30"], "2026-02-30"),
        (["scan", "--known-by", "2026-03-08 25:00"], "2026-03-08 25:00"),
        (["cases", "show", "NONE"], "no case 'NONE'"),
        (["cases", "explain", "NONE"], "no case 'NONE'"),
        (["cards", "show", "NONE"], "no card 'NONE'"),
        (["cards", "acknowledge", "NONE"], "nobody is named"),
        (["quarantine", "show", "99"], "no row 99"),
        (["rules", "show", "NONE"], "no rule 'NONE'"),
        (["rules", "check", "no-such-file.yaml"], "no-such-file.yaml"),
        (["import", "no-such-file.csv"], "no-such-file.csv"),
        (["import", "."], "no regular file"),
        (["import", "README.md"], "README.md"),
        (["import", "README.md", "-m", "no-such-mapping"], "no-such-mapping"),
        (["people", "import", "no-such-file.csv"], "no-such-file.csv"),
        (["calendar", "batch", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["calendar", "batch", "docs"], "docs"),
        (["calendar", "due", "2024-03-04", "5 wd"], "'5 wd' is no amount"),
        (["calendar", "due", "2024-03-04", "5 working_days", "--ends", "noon"], "noon"),
        (["calendar", "elapsed", "2024-03-04", "2024-03-05", "--unit", "weeks"], "working_days"),
        (["calendar", "show", "decades", "--year", "1999"], "1999"),
        (["accountability", "export", "--out", "x.pdf"], "x.pdf"),
        (["jobs", "run", "bulletin"], "'bulletin'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(office: Path, arguments: list[str], said: str) -> None:
    assert said in told(effmon("-C", office, *arguments), 2).err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["cards"],
        ["nonsense"],
        ["cards", "list", "--level", "green"],
        ["cases", "list", "--outcome", "maybe"],
        ["notices", "list", "--state", "lost"],
        ["cards", "list", "-o", "xml"],
        ["import"],
        ["quarantine", "show", "first"],
        ["forecast", "--days", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_of_the_command_line_itself(office: Path, arguments: list[str]) -> None:
    effmon("-C", office, *arguments).well(2)


def test_no_workspace(tmp_path: Path) -> None:
    for command in (["scan"], ["cards", "list"], ["doctor"], ["rules", "list"], ["jobs", "run"]):
        ran = told(effmon("-C", tmp_path / "nothing", *command), 2)
        assert "nothing is no workspace" in ran.err
        assert "effmon init" in ran.err
    told(effmon("scan", folder=tmp_path), 2)
    told(effmon("scan", EFFMON_WORKSPACE=str(tmp_path / "nothing")), 2)


def test_the_workspace_may_be_named_in_three_ways(office: Path, tmp_path: Path) -> None:
    by_option = effmon("-C", office, "cards", "list", EFFMON_WORKSPACE=str(tmp_path)).well()
    assert "A-OPEN" in by_option.out
    assert effmon("cards", "list", EFFMON_WORKSPACE=str(office)).well().out == by_option.out
    assert effmon("cards", "list", folder=office).well().out == by_option.out


def test_what_the_calendar_does_not_cover(office: Path) -> None:
    ran = told(effmon("-C", office, "calendar", "due", "2045-12-30", "20 working_days"), 3)
    assert "calendar" in ran.err
    told(effmon("-C", office, "calendar", "due", "1999-12-30", "2 working_days"), 3)


def test_no_such_calendar(office: Path) -> None:
    for command in (
        ["calendar", "due", "2024-03-04", "5 working_days", "--calendar", "x"],
        ["calendar", "elapsed", "2024-03-04", "2024-03-05", "--calendar", "x"],
        ["calendar", "show", "x"],
    ):
        ran = told(effmon("-C", office, *command), 3)
        assert "no calendar 'x'" in ran.err
        assert "decades" in ran.err


def test_a_case_without_a_calendar_always_counts(tmp_path: Path, own: Own, unscanned: Path) -> None:
    workspace = own(unscanned)
    unknown_calendar(tmp_path, workspace)
    assert effmon("-C", workspace, "scan", "--dry-run").code == 3
    ran = effmon("-C", workspace, "scan", "-o", "json")
    assert ran.code == 3
    assert [one["reason"] for one in ran.json["problems"] if one["case_no"] == "C-0"] == [
        "no_calendar"
    ]
    assert ran.json["cards"]["issued"] == {"warning": 2, "yellow": 3, "red": 3}


def test_a_failed_level_comes_before_a_missing_calendar(
    tmp_path: Path, own: Own, unscanned: Path
) -> None:
    workspace = own(unscanned)
    unknown_calendar(tmp_path, workspace)
    assert effmon("-C", workspace, "scan", "--fail-on", "red", "--strict").code == 1
    # Nothing is issued any more: what could not be judged is left.
    assert effmon("-C", workspace, "scan", "--fail-on", "red").code == 3


def test_strict_minds_single_cases(own: Own, unscanned: Path) -> None:
    workspace = own(unscanned)
    assert effmon("-C", workspace, "scan", "--dry-run").code == 0
    assert effmon("-C", workspace, "scan", "--dry-run", "--strict").code == 3
    assert effmon("-C", workspace, "scan", "--strict").code == 3


def test_strict_minds_the_quarantine(tmp_path: Path, own: Own, empty: Path) -> None:
    workspace = own(empty)
    events = write_events(tmp_path / "e.csv", [("Q-1", "nonsense", "2024-03-04 10:00", "", "")])
    assert effmon("-C", workspace, "import", events).code == 0
    assert effmon("-C", workspace, "import", "--strict", events).code == 3


def test_strict_minds_what_was_not_delivered(own: Own, office: Path) -> None:
    workspace = own(office)
    (workspace / "outbox").write_text("a file where the folder should be", encoding="utf-8")
    ran = effmon("-C", workspace, "notices", "deliver", "--strict", "-o", "json")
    assert ran.code == 3
    assert ran.json["retry"] + ran.json["dead"] > 0
    assert ran.json["faults"]


def missed_nights(workspace: Path) -> None:
    """As if the workspace had been made two days ago: two nights have been missed since."""
    change(
        workspace,
        "UPDATE meta SET value = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-2 days') "
        "WHERE name = 'created_at'",
    )


def test_a_clock_set_back_is_said(own: Own, office: Path) -> None:
    """Cases judged as of a later instant are left until then: not in silence."""
    workspace = own(office)
    change(
        workspace,
        "UPDATE case_file SET judged_as_of = 4000000000, changed = 1 WHERE case_no = 'A-OPEN'",
    )
    ran = effmon("-C", workspace, "scan")
    assert ran.code == 3
    assert "1 cases wait" in ran.err
    assert effmon("-C", workspace, "scan", "-o", "json").json["judged_later"] == 1


def test_another_process_runs_the_slot(own: Own, office: Path) -> None:
    """The lease of the other process has not run out: 75, and nothing is written."""
    workspace = own(office)
    missed_nights(workspace)
    assert effmon("-C", workspace, "jobs", "list", "-o", "json").well().json[0]["open"] >= 2
    assert len(effmon("-C", workspace, "jobs", "run", "-o", "json").well().json["scans"]) >= 2
    change(
        workspace,
        "UPDATE run SET state = 'running', owner = 'other', lease_until = 4000000000 "
        "WHERE scheduled_for = (SELECT max(scheduled_for) FROM run)",
    )
    before = content(workspace)
    ran = told(effmon("-C", workspace, "jobs", "run"), 75)
    assert "another process" in ran.err
    assert content(workspace) == before


def test_a_night_whose_cases_cannot_be_judged(tmp_path: Path, own: Own, unscanned: Path) -> None:
    """The timer's command tells as much as a scan by hand."""
    workspace = own(unscanned)
    unknown_calendar(tmp_path, workspace)
    missed_nights(workspace)
    ran = effmon("-C", workspace, "jobs", "run", "-o", "json")
    assert ran.code == 3
    assert ran.json["scans"]


def test_checks_that_fail(tmp_path: Path, own: Own, office: Path) -> None:
    workspace = own(office)
    write_calendar(
        workspace / "rules" / "calendars" / "decades.yaml",
        covers={
            "from": "2024-01-01",
            "to": "2025-12-31",
        },
    )
    assert effmon("-C", workspace, "doctor").code == 1
    people = write_rows(
        tmp_path / "p.csv",
        "person_id name role channel department",
        [("x", "某人", "handler", "console", "别的部门")],
    )
    effmon("-C", workspace, "people", "import", people).well()
    assert effmon("-C", workspace, "people", "check").code == 1


def test_a_ledger_that_was_changed(own: Own, office: Path) -> None:
    workspace = own(office)
    change(workspace, "DROP TRIGGER ledger_entry_no_update")
    change(
        workspace,
        "UPDATE ledger_entry SET body = CAST(replace(body, 'case:A-OPEN', 'case:A-DONE') AS BLOB)",
    )
    ran = effmon("-C", workspace, "ledger", "verify", "-o", "json")
    assert (ran.code, ran.json["sound"]) == (1, False)
    assert "the ledger was changed" in ran.err
    assert effmon("-C", workspace, "doctor").code == 1
