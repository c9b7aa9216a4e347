"""Every command that changed something or tried to is on record, and no value that was typed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from efficiency_monitor.cli import command_audit as given
from efficiency_monitor.cli.main import app

from tests.cli.command import effmon
from tests.cli.places import change

SECRET = "hunter2-SECRET"


def records(folder: Path, *more: str) -> list[dict[str, Any]]:
    """What `audit list` says."""
    found: list[dict[str, Any]] = effmon("-C", folder, "audit", "list", "-o", "json", *more).json
    return found


def card(folder: Path) -> str:
    """Number of a card."""
    found = effmon("-C", folder, "cards", "list", "-o", "json").json
    return next(str(each["card_no"]) for each in found if each["state"] == "open")


def entries(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Ledger entries of a type."""
    found = effmon("-C", folder, "ledger", "list", "--most", 500, "-o", "json").json
    return [entry for entry in found if entry["type"] == kind]


def test_what_was_done_is_on_record(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    number = card(folder)
    effmon("-C", folder, "--as", "li", "cards", "acknowledge", number).well()
    last = records(folder)[-1]
    assert (last["command"], last["exit_code"], last["fault"]) == ("cards acknowledge", 0, None)
    assert (last["person_id"], last["subject"]) == ("li", number)
    assert last["options"] == ["-C", "--as"]
    assert last["took_ms"] >= 0


@pytest.mark.parametrize("given_as", ["-C{}", "--workspace={}"])
def test_however_the_workspace_is_named_it_is_on_record(
    office: Path, own: Callable[[Path], Path], given_as: str
) -> None:
    folder = own(office)
    lift = ["cards", "lift", card(folder), "--reason", "issued_in_error", "--text", SECRET]
    effmon(given_as.format(folder), "--as", "zhang", *lift).well(2)
    assert records(folder)[-1]["person_id"] == "zhang"
    assert entries(folder, "command.failed")


def test_looking_leaves_no_record(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    before = records(folder)
    for command in (["cards", "list"], ["doctor"], ["ledger", "verify"], ["calendar", "list"]):
        effmon("-C", folder, *command).well(0, 1)
    assert records(folder) == before


def test_who_may_not_is_on_record_and_in_the_ledger(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    number = card(folder)
    before = len(entries(folder, "command.failed"))
    lift = ["cards", "lift", number, "--reason", "issued_in_error", "--text", SECRET]
    effmon("-C", folder, "--as", "zhang", *lift).well(2)
    last = records(folder)[-1]
    assert (last["command"], last["exit_code"], last["person_id"]) == ("cards lift", 2, "zhang")
    assert SECRET not in str(last)
    found = entries(folder, "command.failed")
    assert len(found) == before + 1
    assert (found[-1]["command"], found[-1]["subject"]) == ("cards lift", number)
    assert found[-1]["actor"]["claimed"] == "zhang"
    assert SECRET not in str(found[-1])
    assert effmon("-C", folder, "ledger", "verify").well()


def test_wrong_usage_is_on_record_without_what_was_typed(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    for command in (
        ["cards", "lift", "X", "--reason", SECRET],
        ["cards", SECRET, "x"],
        [SECRET],
        ["scan", f"--{SECRET}"],
        ["import", f"--mapping={SECRET}", SECRET],
        ["import", SECRET],
    ):
        effmon("-C", folder, *command).well(2)
    found = records(folder, "--failed")[-6:]
    assert [each["command"] for each in found] == [
        "cards lift", "cards ?", "?", "scan", "import", "import"
    ]  # fmt: skip
    assert all(each["exit_code"] == 2 for each in found)
    assert SECRET not in str(found)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Another process that does not let go of the database."""
    with closing(sqlite3.connect(folder / "effmon.db", isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        yield
        raw.execute("ROLLBACK")


def test_where_it_cannot_be_recorded_that_is_said_and_nothing_else(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    with held(folder):
        ran = effmon("-C", folder, "scan", "--foo").well(2)
    assert "not put on record" in ran.err
    assert ran.err.count("error:") == 1


def test_a_damaged_ledger_does_not_hide_who_tried(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    change(folder, "DELETE FROM ledger_head")
    effmon("-C", folder, "scan").well(70)
    last = records(folder)[-1]
    assert (last["command"], last["exit_code"]) == ("scan", 70)
    assert last["fault"].startswith("LedgerBroken ")


def test_records_are_never_changed(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    effmon("-C", folder, "scan").well()
    for statement in ("UPDATE command_record SET exit_code = 0", "DELETE FROM command_record"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            change(folder, statement)


def test_outside_a_workspace_nothing_happens(tmp_path: Path) -> None:
    effmon("-C", tmp_path, "scan").well(2)
    assert list(tmp_path.iterdir()) == []


def test_since_and_how_many(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    effmon("-C", folder, "scan").well()
    assert records(folder, "--since", "2100-01-01 00:00") == []
    assert len(records(folder, "--most", "1")) == 1
    assert "is no" in effmon("-C", folder, "audit", "list", "--since", "x").well(2).err


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command of the tree."""
    if getattr(command, "commands", None):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path)


#: What changes nothing. A command that is not here has to be put on record.
LOOKS = """
accountability list, accountability show, appeals list, appeals show, audit list, calendar batch,
calendar due, calendar elapsed, calendar list, calendar show, cards list, cards show,
cases explain, cases list, cases show, demo, doctor, evidence list, evidence show, forecast,
jobs history, jobs list,
ladders check, ladders list, ladders show, ledger compare, ledger key show, ledger list,
ledger verify, mappings check, mappings list, metrics, notices list, orders list, orders show,
people check, people key list, people list, quarantine list, quarantine show, rules backtest,
rules check, rules list, rules show, rules test, silences list, sources history, sources list,
version
"""


def test_what_looks_is_known_by_name() -> None:
    looks = {each.strip() for each in LOOKS.replace("\n", " ").split(",")}
    tree = typer.main.get_command(app)
    found = {path for path in leaves(tree) if given.parse(path.split(), tree).looks}
    assert found - looks == set()
    assert looks - found == set()
