"""Import through the command line: counts that add up, corrections, quarantine, odd files."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .command import Ran, effmon
from .places import EVENTS, cards, content, numbers, write_calendar, write_events, write_rows

Own = Callable[[Path], Path]
TABLES = ("case_file", "event", "event_withdrawal", "case_fact", "card", "quarantine")


def counts(ran: Ran) -> tuple[int, int, int, int]:
    found = ran.json
    read, *parts = (found[name] for name in ("read", "imported", "unchanged", "quarantined"))
    assert read == sum(parts)
    for name in ("read", "imported", "unchanged", "quarantined"):
        assert found[name] == sum(file[name] for file in found["files"])
    return (read, *parts)


def taken(workspace: Path, *files: Path) -> tuple[int, int, int, int]:
    return counts(effmon("-C", workspace, "import", *files, "-o", "json").well())


def test_the_same_files_twice_change_nothing(own: Own, office: Path) -> None:
    workspace = own(office)
    before = numbers(workspace, *TABLES), cards(workspace)
    files = workspace / "cases.csv", workspace / "events.csv"
    assert taken(workspace, *files) == (22, 0, 22, 0)
    assert taken(workspace, *reversed(files)) == (22, 0, 22, 0)
    effmon("-C", workspace, "scan").well()
    assert (numbers(workspace, *TABLES), cards(workspace)) == before


def test_a_changed_row_moves_the_cards_of_its_case_alone(own: Own, office: Path) -> None:
    """Decided in time after all: that card is lifted; decided late again: it is issued anew."""
    workspace = own(office)
    with (workspace / "effmon.toml").open("a", encoding="utf-8") as file:
        file.write('\n[sources.by-hand]\nlate_evidence = "lift"\n')
    before = cards(workspace)
    assert ("A-LATE", "yellow", "open") in before
    row = EVENTS.index(("A-LATE", "decided", "2024-03-13 10:00", "张示例", ""))

    def decided(at: str) -> tuple[str, ...]:
        return ("A-LATE", "decided", at, "张示例", "")

    amended = write_events(
        workspace / "events.csv",
        [*EVENTS[:row], decided("2024-03-08 10:00"), *EVENTS[row + 1 :]],
    )
    assert taken(workspace, amended) == (13, 1, 12, 0)
    ran = effmon("-C", workspace, "scan", "-o", "json").well().json
    assert (ran["evaluated"], ran["cards"]["lifted"]) == (1, 1)
    lifted = before - {("A-LATE", "yellow", "open")} | {("A-LATE", "yellow", "lifted")}
    assert cards(workspace) == lifted
    assert numbers(workspace, "event_withdrawal") == {"event_withdrawal": 1}
    late = write_events(
        workspace / "events.csv",
        [*EVENTS[:row], decided("2024-03-20 10:00"), *EVENTS[row + 1 :]],
    )
    assert taken(workspace, late) == (13, 1, 12, 0)
    ran = effmon("-C", workspace, "scan", "-o", "json").well().json
    assert ran["cards"]["issued"] == {"warning": 0, "yellow": 1, "red": 1}
    assert cards(workspace) == lifted | {
        ("A-LATE", "yellow", "superseded"),
        ("A-LATE", "red", "open"),
    }
    effmon("-C", workspace, "ledger", "verify").well()


def test_a_changed_field_waits_and_moves_no_limit(own: Own, office: Path) -> None:
    """What binds is what was known when the clock began; the scan says that a correction waits."""
    workspace = own(office)
    before = cards(workspace)
    text = (workspace / "cases.csv").read_text(encoding="utf-8")
    changed = text.replace("A-OPEN,promised,5 working_days", "A-OPEN,promised,4000 working_days")
    assert changed != text
    (workspace / "cases.csv").write_text(changed, encoding="utf-8")
    assert taken(workspace, workspace / "cases.csv") == (9, 1, 8, 0)
    ran = effmon("-C", workspace, "scan", "-o", "json").well().json
    assert ran["corrections_waiting"] == {"cases": 1, "case_nos": ["A-OPEN"]}
    assert cards(workspace) == before


def test_numbers_with_blanks_slashes_and_chinese(office: Path) -> None:
    name = "A 6/甲 号"
    assert effmon("-C", office, "cases", "show", name, "-o", "json").well().json["case_no"] == name
    asked = ("cards", "list", "--case", name, "--level", "red", "-o", "json")
    (card,) = effmon("-C", office, *asked).well().json
    assert card["case_no"] == name
    shown = effmon("-C", office, "cards", "show", card["card_no"], "-o", "json").well().json
    assert shown["subject"] == f"case:{name}"


def test_a_number_that_begins_with_a_hyphen(own: Own, empty: Path, tmp_path: Path) -> None:
    workspace = own(empty)
    events = write_events(tmp_path / "e.csv", [("-C", "accepted", "2024-03-04 10:00", "", "")])
    assert taken(workspace, events) == (1, 1, 0, 0)
    ran = effmon("-C", workspace, "cases", "show", "-o", "json", "--", "-C").well()
    assert ran.json["case_no"] == "-C"


def test_bad_rows_wait_in_quarantine(own: Own, empty: Path, tmp_path: Path) -> None:
    workspace = own(empty)
    events = write_rows(
        tmp_path / "e.csv",
        "case_no event occurred_at source_key",
        [
            ("G-1", "accepted", "2024-03-04 10:00", "1"),
            ("G-2", "nonsense", "2024-03-04 10:00", "2"),
            ("", "accepted", "2024-03-04 10:00", "3"),
            ("G-4", "accepted", "2024-02-30 10:00", "4"),
            ("G-5", "accepted", "soon", "5"),
            ("G-6", "受理", "2024-03-04T10:00:00+08:00", "6"),
        ],
    )
    assert taken(workspace, events) == (6, 2, 0, 4)
    assert taken(workspace, events) == (6, 0, 2, 4)
    listed = effmon("-C", workspace, "quarantine", "list", "-o", "json").well().json
    assert [(row["row"], row["column"]) for row in listed] == [
        (3, "event"),
        (4, "case_no"),
        (5, "occurred_at"),
        (6, "occurred_at"),
    ]
    assert all(row["file"] == "e.csv" and row["message"] for row in listed)
    asked = ("quarantine", "show", listed[0]["id"], "-o", "json")
    shown = effmon("-C", workspace, *asked).well().json
    assert shown["content"]["event"] == "n…e (8 characters)"
    assert shown["mapping"] == "canonical"


def test_a_mended_catalogue_lets_rows_out_of_quarantine(
    own: Own, empty: Path, tmp_path: Path
) -> None:
    workspace = own(empty)
    cases = write_rows(tmp_path / "c.csv", "case_no calendar", [("R-1", "new"), ("R-2", "other")])
    events = write_events(
        tmp_path / "e.csv",
        [(case, "accepted", "2024-03-04 10:00", "", "") for case in ("R-1", "R-2")],
    )
    assert taken(workspace, cases, events) == (4, 2, 0, 2)
    write_calendar(workspace / "rules" / "calendars" / "new.yaml")
    ran = effmon("-C", workspace, "quarantine", "retry", "-o", "json").well()
    assert counts(ran) == (2, 1, 0, 1)
    left = effmon("-C", workspace, "quarantine", "list", "-o", "json").well().json
    assert [row["code"] for row in left] == ["no_zone"]
    every = effmon("-C", workspace, "quarantine", "list", "--all", "-o", "json").well().json
    assert sorted(row["state"] for row in every) == ["open", "retried"]
    assert len(effmon("-C", workspace, "cases", "show", "R-1", "-o", "json").json["events"]) == 1
    assert counts(effmon("-C", workspace, "quarantine", "retry", "-o", "json")) == (1, 0, 0, 1)
    effmon("-C", workspace, "ledger", "verify").well()


def test_a_preview_counts_as_the_import_does(own: Own, empty: Path, tmp_path: Path) -> None:
    """Rows of one file that correct each other, and some that are at fault."""
    workspace = own(empty)
    rows = [
        ("P-1", "accepted", "2024-03-04 10:00", "k1"),
        ("P-1", "accepted", "2024-03-05 10:00", "k1"),
        ("P-1", "nonsense", "2024-03-05 10:00", "k2"),
        ("P-2", "accepted", "2024-03-05 10:00", "k3"),
        ("P-2", "accepted", "2024-03-05 10:00", "k3"),
    ]
    events = write_rows(tmp_path / "e.csv", "case_no event occurred_at source_key", rows)
    would = counts(effmon("-C", workspace, "import", "--dry-run", events, "-o", "json").well())
    assert taken(workspace, events) == would
    assert sum(would[1:]) == 5


ODD = {
    "bom": ("utf-8-sig", ",", "\n"),
    "gb18030": ("gb18030", ",", "\r\n"),
    "semicolons": ("utf-8", ";", "\n"),
    "tabs and old line ends": ("utf-8", "\t", "\r"),
}


@pytest.mark.parametrize(("encoding", "delimiter", "end"), ODD.values(), ids=ODD)
def test_files_as_offices_save_them(
    own: Own, empty: Path, tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    lines = ["办件编号,事件,发生时间,办理人", "办-1,受理,2024-03-04 10:00,欧阳震华"]
    path = tmp_path / "导出 表.csv"
    path.write_bytes(end.join(lines).replace(",", delimiter).encode(encoding))
    workspace = own(empty)
    assert taken(workspace, path) == (1, 1, 0, 0)
    found = effmon("-C", workspace, "cases", "show", "办-1", "-o", "json").well().json
    assert found["events"][0]["actor"] == "欧阳**"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "row"),
        (b"foo,bar\n1,2\n", "foo"),
        (b"case_no,case_no,event,occurred_at\na,b,c,d\n", "case_no"),
        ("case_no,event,occurred_at\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 no workbook", "odd"),
        (bytes(range(256)) * 20, "odd"),
    ],
    ids=["empty", "blank", "foreign", "twice", "utf-16", "no zip", "bytes"],
)
def test_what_is_no_table_is_refused(
    office: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    ran = effmon("-C", office, "import", "--dry-run", path)
    assert ran.code == 2, ran
    assert said in ran.err


def test_a_header_without_rows_is_nothing_to_do(own: Own, empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("case_no,event,occurred_at\n", encoding="utf-8")
    assert taken(own(empty), path) == (0, 0, 0, 0)


def test_nothing_is_taken_where_one_file_is_missing(own: Own, empty: Path) -> None:
    workspace = own(empty)
    good = write_events(workspace / "e.csv")
    before = content(workspace)
    assert effmon("-C", workspace, "import", good, workspace / "none.csv").code == 2
    assert content(workspace) == before


def test_files_of_one_name_are_told_apart(own: Own, empty: Path, tmp_path: Path) -> None:
    paths = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        rows = [(f"F-{number}", "accepted", "2024-03-04 10:00", "", "")]
        paths.append(write_events(folder / "events.csv", rows))
    ran = effmon("-C", own(empty), "import", *paths, "-o", "json").well()
    assert counts(ran) == (2, 2, 0, 0)
    assert len({file["file"] for file in ran.json["files"]}) == 2


def test_links_and_pipes(own: Own, empty: Path, tmp_path: Path) -> None:
    workspace = own(empty)
    target = write_events(tmp_path / "e.csv", EVENTS[:2])
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    assert taken(workspace, link) == (2, 2, 0, 0)
    (tmp_path / "dangling.csv").symlink_to("nowhere")
    assert effmon("-C", workspace, "import", tmp_path / "dangling.csv").code == 2
    os.mkfifo(tmp_path / "pipe.csv")
    assert effmon("-C", workspace, "import", tmp_path / "pipe.csv").code == 2


def test_people_are_replaced_and_faulty_rows_reported(
    own: Own, office: Path, tmp_path: Path
) -> None:
    workspace = own(office)
    people = write_rows(
        tmp_path / "p.csv",
        "person_id name role channel department",
        [
            ("a", "甲", "handler", "console", "示例市审批一科"),
            ("b", "乙", "king", "console", ""),
            ("c", "", "head", "console", ""),
        ],
    )
    ran = effmon("-C", workspace, "people", "import", people)
    assert ran.code == 3
    assert ran.err.count("p.csv: row 3") == 1
    assert ran.err.count("p.csv: row 4") == 1
    listed = effmon("-C", workspace, "people", "list", "-o", "json").well().json
    assert [person["person_id"] for person in listed] == ["a"]
    empty = write_rows(tmp_path / "none.csv", "person_id name role channel", [])
    assert effmon("-C", workspace, "people", "import", empty).code == 2
    assert len(effmon("-C", workspace, "people", "list", "-o", "json").json) == 1


def test_names_are_masked_and_addresses_left_out(office: Path) -> None:
    ran = effmon("-C", office, "people", "list", "-o", "csv").well()
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert [row["name"] for row in rows] == ["张**", "李**", "王**"]
    assert "address" not in rows[0]


def test_a_promised_time_is_shown_as_it_was_written(own: Own, empty: Path, tmp_path: Path) -> None:
    """It is kept in UTC; a person reads it in the zone of the office."""
    workspace = own(empty)
    cases = write_rows(
        tmp_path / "c.csv",
        "case_no promised_due statutory_due",
        [("D-1", "2024-03-11 17:00", "2024-03-29")],
    )
    assert taken(workspace, cases) == (1, 1, 0, 0)
    shown = effmon("-C", workspace, "cases", "show", "D-1").well().out.splitlines()
    assert "Promised for\t2024-03-11 17:00:00" in shown
    assert "Due by statute\t2024-03-29" in shown
    asked = effmon("-C", workspace, "cases", "show", "D-1", "-o", "json").well().json
    assert asked["fields"]["promised_due"] == "2024-03-11T09:00:00Z"
