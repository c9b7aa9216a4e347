"""Pulling from a folder: files in the order of their names, each state of a file once."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from tests.feeds.conftest import Office, accepted, case

FOLDER = '[sources.hall.files]\nfolder = "in"\npatterns = ["*.csv"]'


def put(
    office: Office, name: str, rows: Sequence[Mapping[str, str]], at: int | None = None
) -> Path:
    """Put a file into the folder, written at an instant (default: now)."""
    path = office.world.folder / "in" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    written = office.world.now if at is None else at
    os.utime(path, (written, written))
    return path


def test_each_file_is_read_once_in_the_order_of_names(office: Office) -> None:
    office.configure(FOLDER)
    put(office, "2.csv", [accepted("B")])
    put(office, "1.csv", [accepted("A"), accepted("B")])
    (office.world.folder / "in" / "note.txt").write_text("not for us")
    report = office.pull()
    assert [file["file"] for file in report.document["files"]] == ["1.csv", "2.csv"]
    assert (report.document["imported"], report.document["unchanged"]) == (2, 1)
    assert office.pull().state == "idle"
    office.world.now += 60
    put(office, "2.csv", [accepted("B"), accepted("C")])
    again = office.pull()
    assert [file["file"] for file in again.document["files"]] == ["2.csv"]
    assert office.case_nos() == ["A", "B", "C"]
    assert [state for state, _ in office.runs()] == ["done", "idle", "done"]


def test_nothing_new_does_not_make_old_data_fresh(office: Office) -> None:
    office.configure(f'[sources.hall]\nfreshness = "2 calendar_hours"\n{FOLDER}')
    put(office, "1.csv", [accepted("A")])
    office.pull()
    assert office.world.scan().stale == []
    office.world.now += 7201
    assert office.pull().state == "idle"
    assert [each.source for each in office.world.scan().stale] == ["hall"]


def test_data_are_as_old_as_their_file(office: Office) -> None:
    office.configure(f'[sources.hall]\nfreshness = "2 calendar_hours"\n{FOLDER}')
    put(office, "1.csv", [accepted("A")], at=office.world.now - 7201)
    assert office.pull().data_as_of == office.world.now - 7201
    assert [each.source for each in office.world.scan().stale] == ["hall"]


def test_of_a_snapshot_the_last_file_counts(office: Office) -> None:
    office.configure(f"[sources.hall]\nsnapshot = true\n{FOLDER}")
    put(office, "cases-1.csv", [case("OLD")])
    put(office, "cases-2.csv", [case("A"), case("B")])
    office.pull()
    assert office.case_nos() == ["A", "B"]
    office.world.now += 60
    put(office, "cases-3.csv", [case("A")])
    assert office.pull().vanished.flagged == ["B"]


@pytest.mark.parametrize(
    ("line", "flagged"), [("A,promised,x,1,too many", ["B"]), ("Z,promised,x,1,too many", [])]
)
def test_a_damaged_row_is_of_the_case_it_names_or_of_anybodys(
    office: Office, line: str, flagged: list[str]
) -> None:
    office.configure(f"[sources.hall]\nsnapshot = true\n{FOLDER}")
    put(office, "cases-1.csv", [case("A"), case("B"), case("C")])
    office.pull()
    office.world.now += 60
    path = put(office, "cases-2.csv", [case("C")])
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    found = office.pull().vanished
    assert (found.flagged, found.unreadable) == (flagged, 0 if flagged else 1)


def test_a_folder_that_is_not_there_is_one_line(office: Office) -> None:
    office.configure(FOLDER)
    with pytest.raises(FeedFailed, match="cannot be read"):
        office.pull()


def test_a_file_at_fault_is_named_and_the_next_state_of_it_is_read(office: Office) -> None:
    office.configure(FOLDER)
    path = put(office, "1.csv", [{"a": "1", "b": "2"}])
    with pytest.raises(ConfigurationError, match=r"1\.csv"):
        office.pull()
    assert office.case_nos() == []
    put(office, path.name, [accepted("A")])
    office.pull()
    assert office.case_nos() == ["A"]


#: Files that somebody goes on writing whenever they are opened to be read.
WRITTEN: set[str] = set()


def _write_on(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not WRITTEN or not isinstance(arguments[0], str | os.PathLike):
        return
    path = os.fspath(arguments[0])
    if path in WRITTEN and arguments[1] in ("r", "rb"):
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - inside an audit hook
            file.write("x" * 100)


sys.addaudithook(_write_on)


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Somebody writes the file without a pause, and so while it is read."""
    WRITTEN.add(str(path))
    try:
        yield
    finally:
        WRITTEN.discard(str(path))


def test_a_file_that_is_still_written_makes_nothing_fresh(office: Office) -> None:
    """Nothing of it was read: else an upload that hangs keeps the feed fresh for ever."""
    office.configure(f'[sources.hall]\nfreshness = "2 calendar_hours"\n{FOLDER}')
    path = put(office, "1.csv", [accepted("A")])
    with growing(path):
        assert office.pull().state == "idle"
    assert [each.source for each in office.world.scan().stale] == ["hall"]


def test_the_newest_file_that_was_read_says_how_old_the_data_are(office: Office) -> None:
    office.configure(FOLDER)
    put(office, "1.csv", [accepted("A")], at=office.world.now - 7200)
    path = put(office, "2.csv", [accepted("B")])
    with growing(path):
        assert office.pull().data_as_of == office.world.now - 7200
    assert office.case_nos() == ["A"]


PARTS = FOLDER.replace('"*.csv"', '"east-*.csv", "west-*.csv"')


@pytest.mark.parametrize("trouble", ["missing", "growing"])
def test_half_a_snapshot_calls_nobody_vanished(office: Office, trouble: str) -> None:
    office.configure(f"[sources.hall]\nsnapshot = true\n{PARTS}")
    put(office, "east-1.csv", [case("A")])
    west = put(office, "west-1.csv", [case("B")])
    office.pull()
    office.world.now += 60
    put(office, "east-2.csv", [case("A")])
    if trouble == "missing":
        west.unlink()
        with pytest.raises(FeedFailed, match=r"lacks a file west-\*\.csv"):
            office.pull()
    else:
        with growing(west), pytest.raises(FeedFailed, match="still being written"):
            office.pull()
    assert office.world.rows("SELECT * FROM case_file WHERE vanished_at IS NOT NULL") == []


def test_a_name_in_another_encoding_is_one_line(office: Office) -> None:
    """As archives from Windows give them: our own records could not hold it."""
    office.configure(FOLDER)
    path = put(office, "1.csv", [accepted("A")])
    other = Path(os.fsdecode(os.fsencode(path.parent) + b"/" + "办件.csv".encode("gb18030")))
    path.rename(other)
    with pytest.raises(FeedFailed, match="name of a file is not UTF-8"):
        office.pull()
    other.rename(path)
    office.pull()
    assert office.case_nos() == ["A"]


def test_a_link_is_not_followed(office: Office, tmp_path: Path) -> None:
    """Whoever may write into the folder must not have us read what they may not."""
    office.configure(FOLDER)
    put(office, "1.csv", [accepted("A")])
    secret = tmp_path / "secret"
    secret.write_text("case_no,event,occurred_at\nSECRET,accepted,2026-01-05 10:00\n")
    (office.world.folder / "in" / "2.csv").symlink_to(secret)
    with pytest.raises(FeedFailed, match=r"2\.csv is a symbolic link|2\.csv 是符号链接"):
        office.pull()
    (office.world.folder / "in" / "2.csv").unlink()
    assert office.pull().document["imported"] == 1
    assert office.case_nos() == ["A"]
