"""Killed in the middle, run by several at once: the same cards, each of them once."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from .command import effmon, started
from .places import copied, numbers, write_events, write_rows

Own = Callable[[Path], Path]
CASES = 600


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("many")
    names = [f"B-{number:05}" for number in range(CASES)]
    cases = write_rows(
        folder / "cases.csv",
        "case_no item_kind promised_limit statutory_limit",
        [(name, "promised", "5 working_days", "8 working_days") for name in names],
    )
    events = write_events(
        folder / "events.csv", [(name, "accepted", "2024-03-04 10:00", "甲", "") for name in names]
    )
    return cases, events


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, empty: Path, files: tuple[Path, Path]) -> Path:
    """A workspace with many cases that all wait for their first scan."""
    workspace = copied(empty, tmp_path_factory.mktemp("many") / "ws")
    effmon("-C", workspace, "import", *files).well()
    return workspace


def sound(workspace: Path) -> None:
    """Each case has its three cards once, and the ledger holds each of them once."""
    held = numbers(workspace, "card", "card_entry", "accountability")
    assert held["card"] == 3 * CASES
    assert held["accountability"] == 2 * CASES
    issued = effmon("-C", workspace, "ledger", "list", "--type", "card.issued", "--most", 99999)
    assert len(issued.well().out.splitlines()) - 1 == 3 * CASES
    effmon("-C", workspace, "ledger", "verify").well()


def kill_when(
    process: subprocess.Popen[bytes],
    least: int,
    workspace: Path,
    *tables: str,
    where: str = "true",
) -> None:
    """End the process, kill -9, as soon as the tables hold so many rows (if it still runs)."""
    while sum(numbers(workspace, *tables, where=where).values()) < least and process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.kill()
    process.wait()


def test_an_import_that_is_killed(own: Own, empty: Path, files: tuple[Path, Path]) -> None:
    workspace = own(empty)
    for part in (1, CASES + 1):
        process = started("-C", workspace, "import", *files)
        kill_when(process, part, workspace, "case_fact", "event")
    ran = effmon("-C", workspace, "import", *files, "-o", "json").well().json
    assert ran["read"] == ran["imported"] + ran["unchanged"] == 2 * CASES
    assert numbers(workspace, "case_file", "case_fact", "event") == {
        "case_file": CASES,
        "case_fact": CASES,
        "event": CASES,
    }
    again = effmon("-C", workspace, "import", *files, "-o", "json").well().json
    assert again["imported"] == 0


def test_scans_that_are_killed(own: Own, many: Path) -> None:
    workspace = own(many)
    for part in (1, 2 * CASES):
        process = started("-C", workspace, "scan")
        kill_when(process, part, workspace, "card")
    effmon("-C", workspace, "scan").well()
    sound(workspace)


def test_scans_and_imports_at_once(own: Own, many: Path, files: tuple[Path, Path]) -> None:
    workspace = own(many)
    processes = [started("-C", workspace, "scan") for _ in range(2)]
    processes.append(started("-C", workspace, "import", *files))
    assert [process.wait() for process in processes] == [0, 0, 0]
    sound(workspace)


def test_deliveries_that_are_killed_and_at_once(own: Own, office: Path) -> None:
    workspace = own(office)
    process = started("-C", workspace, "notices", "deliver")
    kill_when(process, 1, workspace, "notice", where="state = 'sent'")
    processes = [started("-C", workspace, "notices", "deliver") for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    listed = effmon("-C", workspace, "notices", "list", "-o", "json").well().json
    assert {notice["state"] for notice in listed} == {"sent"}
    sent = effmon("-C", workspace, "ledger", "list", "--type", "notice.sent", "-o", "json")
    assert len(sent.well().json) == len(listed)
    # Two people are told by file, each once however often it was tried: a text and its JSON.
    names = sorted(path.suffix for path in (workspace / "outbox").glob("[!.]*"))
    assert names == [".json", ".json", ".txt", ".txt"]


def test_the_same_files_imported_by_several_at_once(
    own: Own, empty: Path, files: tuple[Path, Path]
) -> None:
    """In the same second, too: each import has an identity of its own."""
    workspace = own(empty)
    processes = [started("-C", workspace, "import", *files) for _ in range(2)]
    # Whose files another one has imported meanwhile is told to try again, and nothing is doubled.
    assert sorted(process.wait() for process in processes) in ([0, 0], [0, 75])
    assert numbers(workspace, "case_file", "event", "import_run") == {
        "case_file": CASES,
        "event": CASES,
        "import_run": 2,
    }
