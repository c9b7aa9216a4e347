"""Workspaces for the command line: a small catalogue that holds on every date, files to import.

The calendar covers decades, so that a scan as of now judges whatever the date is.
"""

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .command import ROOT, Ran, effmon

WEEK = ("mon", "tue", "wed", "thu", "fri")
CALENDAR = {
    "id": "decades",
    "zone": "Asia/Shanghai",
    "covers": {"from": "2024-01-01", "to": "2045-12-31"},
    "week": {day: [["09:00", "12:00"], ["14:00", "17:00"]] for day in WEEK},
}
RULE = """\
id: LATE
version: 1
name: late
title: {zh: 办结, en: Decision}
status: stable
in_force: {from: 2000-01-01}
legal_basis:
  - {ref: 示例办法 第一条, reading: text, says: 承诺时限内办结。 / Decided within the promise.}
why: 三级齐全 / one rule with all three levels
applies_to:
  item_kind: [promised, joint]
clock:
  start: accepted
  stop: [decided, refused]
  pause:
    - {from: suspended, to: resumed, kinds: [hearing]}
limits:
  promised: {case: promised_limit}
  statutory: [{case: statutory_limit}, {fixed: 8 working_days}]
cards:
  - {level: warning, at: promised - 1 working_days}
  - {level: yellow, at: promised}
  - {level: red, at: statutory}
examples:
  # Accepted on a Monday; Friday is the fourth counted day, the Monday after it the fifth.
  - name: the last second of the promised limit
    level: yellow
    kind: near_miss
    calendar: decades
    case: {item_kind: promised, promised_limit: 5 working_days}
    events:
      - {event: accepted, at: "2024-03-04 10:00"}
    expect:
      - {as_of: "2024-03-11", cards: [warning]}
  - name: the second after it
    level: yellow
    kind: firing
    calendar: decades
    case: {item_kind: promised, promised_limit: 5 working_days}
    events:
      - {event: accepted, at: "2024-03-04 10:00"}
    expect:
      - {as_of: "2024-03-12 00:00:00", cards: [warning, yellow]}
"""
CHECKED = """\
id: CHECKED
version: 1
name: confirmed-by-a-person
title: {zh: 人工确认, en: Confirmed by a person}
status: stable
in_force: {from: 2000-01-01}
legal_basis:
  - {ref: 示例办法 第二条, reading: text, says: 发牌须经人工确认。 / A person confirms each card.}
why: 人工确认 / a person confirms
applies_to:
  attributes: {watch: manual}
clock:
  start: accepted
  stop: decided
limits:
  promised: {case: promised_limit}
cards:
  - {level: red, at: promised}
confirm: manual
"""
CASES = (
    # case, kind, promised, statutory, watch
    ("A-OPEN", "promised", "5 working_days", "8 working_days", ""),
    ("A-LATE", "promised", "5 working_days", "8 working_days", ""),
    ("A-DONE", "promised", "5 working_days", "8 working_days", ""),
    ("A-FAR", "promised", "4000 working_days", "4500 working_days", ""),
    ("A 6/甲 号", "promised", "5 working_days", "8 working_days", ""),
    ("A-PAUSED", "promised", "5 working_days", "8 working_days", ""),
    ("N-LIMIT", "promised", "", "8 working_days", ""),
    ("X-OTHER", "instant", "", "", ""),
    ("M-MANUAL", "instant", "5 working_days", "", "manual"),
)
EVENTS = (
    *((case[0], "accepted", "2024-03-04 10:00", "张示例", "") for case in CASES),
    ("A-LATE", "decided", "2024-03-13 10:00", "张示例", ""),
    ("A-DONE", "decided", "2024-03-08 16:00", "张示例", ""),
    ("N-LIMIT", "decided", "2024-03-06 16:00", "张示例", ""),
    ("A-PAUSED", "suspended", "2024-03-05 09:00", "张示例", "hearing"),
)
PEOPLE = (
    ("zhang", "张示例", "示例市审批一科", "handler", "file", "z"),
    ("li", "李样本", "示例市审批一科", "head", "file", "l"),
    ("wang", "王监察", "", "supervisor", "console", ""),
)


def write_rows(path: Path, columns: str, rows: Iterable[Sequence[str]]) -> Path:
    """Write a CSV file; `columns` are parted by blanks."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split())
        writer.writerows(rows)
    return path


def write_events(path: Path, events: Iterable[Sequence[str]] = EVENTS) -> Path:
    """An events file; each event: case, type, time, actor, ground."""
    rows = [
        (case, kind, at, actor, "示例市审批一科", "办理", ground, f"{case}/{kind}/{number}")
        for number, (case, kind, at, actor, ground) in enumerate(events)
    ]
    columns = "case_no event occurred_at actor department stage kind source_key"
    return write_rows(path, columns, rows)


def write_inputs(folder: Path) -> tuple[Path, Path, Path]:
    """cases.csv, events.csv and people.csv."""
    cases = write_rows(
        folder / "cases.csv",
        "case_no item_kind promised_limit statutory_limit watch item_code item_name department "
        "handler",
        [(*case, "X1", "示例事项", "示例市审批一科", "张示例") for case in CASES],
    )
    people = write_rows(
        folder / "people.csv", "person_id name department role channel address", PEOPLE
    )
    return cases, write_events(folder / "events.csv"), people


def write_catalogue(folder: Path, rules: Mapping[str, str] | None = None) -> Path:
    """A catalogue of one calendar and one pack, `town`; `rules` are texts by file name."""
    (folder / "calendars").mkdir(parents=True)
    shutil.copytree(ROOT / "rules" / "mappings", folder / "mappings")
    shutil.copy(ROOT / "rules" / "vocabulary.yaml", folder)
    write_calendar(folder / "calendars" / "decades.yaml")
    pack = folder / "packs" / "town"
    pack.mkdir(parents=True)
    for name, text in (rules or {"LATE.yaml": RULE, "CHECKED.yaml": CHECKED}).items():
        (pack / name).write_text(text, encoding="utf-8")
    return folder


def write_calendar(path: Path, **more: object) -> Path:
    """The calendar, some of its entries replaced. JSON is YAML with every text quoted."""
    text = json.dumps({**CALENDAR, "id": path.stem, **more}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


SETTINGS = """\
[workspace]
name = "示例市"
zone = "Asia/Shanghai"
calendar = "decades"
packs = ["town"]
rules = "rules"
"""


def make_workspace(folder: Path, settings: str = SETTINGS) -> Path:
    """A workspace with its catalogue and an empty database."""
    write_catalogue(folder / "rules")
    (folder / "effmon.toml").write_text(settings, encoding="utf-8")
    effmon("-C", folder, "init").well()
    return folder


def fill_workspace(folder: Path) -> Path:
    """Import the people, the cases and the events."""
    cases, events, people = write_inputs(folder)
    effmon("-C", folder, "people", "import", people).well()
    effmon("-C", folder, "import", cases, events).well()
    return folder


def copied(workspace: Path, folder: Path) -> Path:
    """A workspace of the test's own, with all that the other one holds."""
    shutil.copytree(workspace, folder)
    return folder


#: What every command leaves that tried to change something, and one that was refused.
_OF_COMMANDS = re.compile(
    r"""INSERT INTO "(command_record|ledger_head|ledger_entry" VALUES\(\d+,'command\.failed',)"""
)


def content(workspace: Path) -> list[str]:
    """All that the database holds, as SQL, but for which commands were given and refused."""
    with sqlite3.connect(workspace / "effmon.db") as connection:
        dump = [line for line in connection.iterdump() if not _OF_COMMANDS.match(line)]
    connection.close()
    return dump


def numbers(workspace: Path, *tables: str, where: str = "true") -> dict[str, int]:
    """Rows of some tables, those of a condition alone."""
    connection = sqlite3.connect(workspace / "effmon.db")
    try:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
            for table in tables
        }
    finally:
        connection.close()


def change(workspace: Path, statement: str, *values: object) -> None:
    """Change the database behind the product's back."""
    connection = sqlite3.connect(workspace / "effmon.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def cards(workspace: Path) -> set[tuple[str, str, str]]:
    """Case, level and state of every card."""
    ran: Ran = effmon("-C", workspace, "cards", "list", "--state", "all", "-o", "json").well()
    return {(card["case_no"], card["level"], card["state"]) for card in ran.json}
