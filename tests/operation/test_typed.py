"""What was typed or read stands neither in the record of commands, nor in the log, nor in the
ledger: names, paths and texts of citizens get everywhere by hand."""

import csv
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import effmon

NAME = "欧阳金丝雀"
TELEPHONE = "13912345678"
KEPT_FOR_EVER = ("command_record", "ledger_entry", "import_run", "feed_run")

#: Commands that fail on what was typed.
FAILING: dict[str, list[str]] = {
    "as": ["--as", NAME, "cards", "acknowledge", "{card}"],
    "as, lifting": ["--as", NAME, "cards", "lift", "{card}", "--reason", "issued_in_error",
                    "--text", NAME],
    "card": ["--as", "li", "cards", "acknowledge", NAME],
    "reply": ["--as", "li", "cards", "reply", NAME + TELEPHONE, "--text", NAME],
    "order": ["--as", "wang", "orders", "open", NAME, "--within", "3 working_days", "--text", NAME],
    "within": ["--as", "wang", "orders", "open", "{card}", "--within", NAME, "--text", NAME],
    "case": ["--as", "wang", "cases", "erase-applicant", NAME, "--reason", NAME],
    "person": ["--as", "wang", "people", "erase", NAME, "--reason", NAME],
    "source": ["pull", NAME],
    "key": ["--as", "wang", "--key", f"{NAME}.key", "cards", "lift", "{card}", "--reason",
            "issued_in_error", "--text", NAME],
    "attachment": ["--as", "li", "cards", "reply", "{card}", "--text", NAME, "--attach",
                   f"{NAME}{TELEPHONE}.pdf"],
    "file": ["import", f"{NAME}{TELEPHONE}.csv"],
    "mapping": ["import", "--mapping", f"{NAME}.yaml", "cases.csv"],
    "people": ["people", "import", f"{NAME}.csv"],
    "looks like a number": ["--as", "li", "cards", "acknowledge", "R-WANGXIAOMING"],
}  # fmt: skip


def kept(folder: Path, tmp_path: Path) -> str:
    """Everything that the workspace keeps for ever, as text, and the log."""
    found = []
    for table in KEPT_FOR_EVER:
        rows = effmon_rows(folder, table)
        found += [
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row
        ]
    log = tmp_path / "log"
    found.append(log.read_text(encoding="utf-8") if log.exists() else "")
    return "\n".join(found)


def effmon_rows(folder: Path, table: str) -> list[tuple[object, ...]]:
    """Rows of a table, by a connection of the test's own."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "effmon.db")) as raw:
        return raw.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize("name", FAILING)
def test_what_was_typed_is_not_kept(
    office: Path, own: Callable[[Path], Path], tmp_path: Path, name: str
) -> None:
    folder = own(office)
    cards = effmon("-C", folder, "cards", "list", "-o", "json").json
    number = next(str(each["card_no"]) for each in cards if each["state"] == "open")
    words = [word.replace("{card}", number) for word in FAILING[name]]
    before = len(effmon_rows(folder, "command_record"))
    ran = effmon("-C", folder, "--log-file", tmp_path / "log", *words)
    assert ran.code not in (0, 70), ran.err
    assert len(effmon_rows(folder, "command_record")) == before + 1
    found = kept(folder, tmp_path)
    for typed in (NAME, NAME[:2], TELEPHONE, "WANGXIAOMING"):
        assert typed not in found


def test_a_record_says_what_kind_of_fault_it_was_and_where(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    effmon("-C", folder, "pull", NAME).well(2)
    last = effmon("-C", folder, "audit", "list", "-o", "json").json[-1]
    assert last["fault"] == "ConfigurationError intake.feeds.source_of"


def shifted(folder: Path) -> Path:
    """A table of cases in which the applicant's name stands in the column of the kind."""
    path = folder / "shifted.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["case_no", "item_kind", "applicant"])
        rows.writerow(["S-1", NAME, "promised"])
    return path


def test_a_refused_value_is_shown_by_its_ends_only(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    said = effmon("-C", folder, "import", shifted(folder)).well()
    listed = effmon("-C", folder, "quarantine", "list", "-o", "json").well()
    number = str(listed.json[-1]["id"])
    shown = effmon("-C", folder, "quarantine", "show", number).well()
    for text in (said.err, listed.out, shown.out):
        assert "欧…雀 (5 characters)" in text
        assert NAME not in text
    why = ("--unmask", "--reason", "who wrote this")
    whole = effmon("-C", folder, "--as", "wang", "quarantine", "show", number, *why).well()
    assert NAME in whole.out


def test_names_are_written_for_their_owner_alone(
    office: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder, out = own(office), tmp_path / "records.csv"
    old = os.umask(0o022)
    try:
        effmon("-C", folder, "accountability", "export", "--out", out).well()
        assert stat.S_IMODE(out.stat().st_mode) == 0o644
        why = ("--unmask", "--reason", "for the auditor", "--overwrite")
        export = ("accountability", "export", "--out", out, *why)
        effmon("-C", folder, "--as", "wang", *export).well()
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    finally:
        os.umask(old)
