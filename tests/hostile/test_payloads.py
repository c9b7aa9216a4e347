"""Three hundred hostile texts in every column, every command in every form, every exported file."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ..cli.command import MODULE, Ran, effmon, stop_warm
from ..cli.places import copied, make_workspace, write_rows
from ..cli.test_hostile import CASE_COLUMNS, CHECKED, EVENT_COLUMNS, PEOPLE_COLUMNS, row
from .payloads import OBEYED, PAYLOADS, is_formula

pytestmark = pytest.mark.full
#: Commands that write, or wait for a clock, or make a workspace of their own.
NOT_ASKED = {"pull", "serve", "demo", "init", "scan", "jobs run", "jobs tick", "notices deliver"}


def test_there_are_three_hundred() -> None:
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 300


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace each of whose cases has one of the texts wherever a text may stand."""
    folder = tmp_path_factory.mktemp("payloads")
    workspace = make_workspace(folder / "ws")
    cases, events, people = [], [], []
    for number, text in enumerate(PAYLOADS):
        free = {name: text for name in CASE_COLUMNS.split() if name not in CHECKED}
        given = {"item_kind": "promised", "promised_limit": "5 working_days", "calendar": ""}
        cases.append(row(CASE_COLUMNS, **free | given | {"case_no": f"H-{number}"}))
        free = dict.fromkeys(("stage", "actor", "department", "reason"), text)
        given = {"event": "accepted", "occurred_at": "2024-03-04 10:00"}
        key = {"case_no": f"H-{number}", "source_key": f"a{number}"}
        events.append(row(EVENT_COLUMNS, **free | given | key))
        # Rows that are refused, and quoted when that is said.
        events.append(
            row(EVENT_COLUMNS, **key | given | {"event": text, "source_key": f"b{number}"})
        )
        given = {"person_id": f"p{number}", "role": "handler", "channel": "file"}
        people.append(row(PEOPLE_COLUMNS, **given | {"name": text, "department": text}))
    people.append(row(PEOPLE_COLUMNS, person_id="s", name="王", role="supervisor", channel="file"))
    neutral(effmon("-C", workspace, "people", "import",
                   write_rows(folder / "p.csv", PEOPLE_COLUMNS, people)).well(0, 3))  # fmt: skip
    case_file = write_rows(folder / "c.csv", CASE_COLUMNS, cases)
    event_file = write_rows(folder / "e.csv", EVENT_COLUMNS, events)
    ran = effmon("-C", workspace, "import", case_file, event_file, "-o", "json").well()
    neutral(ran)
    assert ran.json["imported"] >= 400
    assert ran.json["quarantined"] >= 250
    neutral(effmon("-C", workspace, "scan").well(0, 3))
    neutral(effmon("-C", workspace, "notices", "deliver").well(0, 3))
    yield workspace
    stop_warm()


def neutral(ran: Ran) -> None:
    """Nothing that a terminal obeys, on either stream; each message is one line."""
    for said in (ran.out, ran.err):
        found = OBEYED.search(said)
        assert found is None, (found, said[max(0, found.start() - 80) : found.end() + 20])
    # Words in brackets are shown as they are: none of them has coloured or linked anything.
    assert "\x1b" not in ran.out + ran.err


def without_arguments() -> list[str]:
    """Every command that prints data and takes no word, as the command line itself has them."""
    import typer.main

    top = typer.main.get_command(import_module(f"{MODULE}.main").app)
    return sorted(_leaves(top, ()))


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name, each in inner.items():
            yield from _leaves(each, (*path, name))
        return
    options = {option for parameter in command.params for option in parameter.opts}
    needed = any(parameter.required for parameter in command.params)
    if "-o" in options and not needed and " ".join(path) not in NOT_ASKED:
        yield " ".join(path)


ASKED = without_arguments()
#: How to see all of it, where a command shows only some.
FULLY = {"cards list": ["--state", "all"], "cases list": ["--all"], "quarantine list": ["--all"]}


def test_the_commands_are_found() -> None:
    assert {"cards list", "cases list", "quarantine list", "people list", "ledger list",
            "notices list", "accountability list", "doctor"} <= set(ASKED)  # fmt: skip


@pytest.mark.parametrize("command", ASKED)
def test_a_command_prints_them_disarmed(besieged: Path, command: str) -> None:
    for form in ("table", "json", "jsonl", "csv"):
        asked = [*command.split(), *FULLY.get(command, ()), "-o", form]
        ran = effmon("-C", besieged, *asked).well(0, 1, 2, 3)
        neutral(ran)
        if form == "json" and ran.out:
            json.loads(ran.out)
        elif form == "jsonl":
            assert all(json.loads(line) for line in ran.out.split("\n")[:-1])
        elif form == "csv":
            no_formula(ran.out)


def no_formula(text: str) -> None:
    """Of no cell, the headings too, whichever separator the spreadsheet expects."""
    for separator in ",;":
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in line:
                assert not is_formula(cell) or re.fullmatch(r"-?[0-9.]+", cell), cell[:80]


@pytest.mark.parametrize("number", range(0, 300, 50))
def test_one_of_them_is_shown_disarmed(besieged: Path, number: int) -> None:
    for command in ("cases show", "cases explain"):
        for form in ("table", "csv"):
            asked = (*command.split(), f"H-{number}", "--as-of", "2024-03-20", "-o", form)
            ran = effmon("-C", besieged, *asked).well()
            neutral(ran)
            if form == "csv":
                no_formula(ran.out)


def test_words_of_the_command_line_are_quoted_disarmed(besieged: Path) -> None:
    for text in PAYLOADS[::30]:
        word = text.replace("\0", "")
        for command in ("cases show", "cards show", "rules check", "mappings check x"):
            neutral(effmon("-C", besieged, *command.split(), "--", word).well(2, 3))


def test_files_that_are_handed_out_hold_no_formula(besieged: Path, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx", "jsonl"):
        out = tmp_path / f"a.{ending}"
        neutral(effmon("-C", besieged, "accountability", "export", "--out", out).well())
    no_formula((tmp_path / "a.csv").read_text(encoding="utf-8-sig"))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not re.search(r"<f[\s>/]", sheet)
        assert "hyperlink" not in sheet.casefold().replace("hyperlink(", "")
        assert not [name for name in book.namelist() if "external" in name or "vba" in name]
    book = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    cells = [cell for line in book.get_sheet_by_index(0).to_python() for cell in line]
    assert len(cells) > 3_000
    for text in (tmp_path / "a.jsonl", *sorted((besieged / "outbox").iterdir())):
        found = OBEYED.search(text.read_text(encoding="utf-8"))
        assert found is None, (text, found)


def test_names_of_files_are_shown_disarmed(besieged: Path, tmp_path: Path) -> None:
    workspace = copied(besieged, tmp_path / "own")
    for number, text in enumerate(PAYLOADS[::30]):
        name = re.sub("[/\0]", "_", text).encode()[:200].decode(errors="ignore")
        path = tmp_path / f"{number}" / name
        path.parent.mkdir()
        path.write_text(f"case_no,event,occurred_at\nN-{number},{'nonsense'},2024-03-04\n")
        neutral(effmon("-C", workspace, "import", path).well(0, 2, 3))
        neutral(effmon("-C", workspace, "import", path / "none").well(2))
    neutral(effmon("-C", workspace, "quarantine", "list", "-o", "table").well())
