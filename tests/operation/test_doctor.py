"""The doctor finds what is wrong with files, database, backups, nights and refusals."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.ops.doctor import doctor
from tests.cli.command import effmon
from tests.cli.places import change
from tests.postgres_server import server


def found(folder: Path, *more: str) -> dict[str, dict[str, str]]:
    """Findings by their check; of several of one check the worst."""
    rows = effmon("-C", folder, "doctor", *more, "-o", "json").well(0, 1).json
    order = ["ok", "look", "bad"]
    rows.sort(key=lambda row: order.index(row["status"]))
    return {row["check"]: row for row in rows}


NEW = {
    "disk", "file rights", "versions", "encoding", "sm3", "integrity", "references", "triggers",
    "backup", "drill", "nights", "refused acts", "ledger", "attachments", "checkpoint",
}  # fmt: skip
WHOLE = {"integrity", "references", "triggers", "ledger", "attachments"}


def test_a_sound_workspace(office: Path) -> None:
    seen = found(office)
    assert seen.keys() >= NEW
    assert {each["check"] for each in seen.values() if each["status"] == "bad"} == set()
    assert {seen[name]["status"] for name in WHOLE | {"file rights", "nights"}} == {"ok"}
    quick = found(office, "--quick")
    assert quick.keys() == seen.keys() - WHOLE


DAMAGES = {
    "DROP TRIGGER event_no_update": ("triggers", "event_no_update"),
    "CREATE TRIGGER quiet BEFORE INSERT ON notice BEGIN SELECT RAISE(IGNORE); END": (
        "triggers",
        "quiet",
    ),
    "DELETE FROM case_file WHERE id = 1": ("references", "event"),
}


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_database_that_was_tampered_with(
    office: Path, own: Callable[[Path], Path], statement: str
) -> None:
    folder = own(office)
    change(folder, statement)
    check, named = DAMAGES[statement]
    ran = effmon("-C", folder, "doctor", "-o", "json").well(1)
    (row,) = [row for row in ran.json if row["check"] == check]
    assert row["status"] == "bad"
    assert named in row["detail"]


def test_a_trigger_that_does_something_else(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    change(folder, "DROP TRIGGER event_no_update")
    change(folder, "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT 1; END")
    assert found(folder)["triggers"]["status"] == "bad"


def test_a_damaged_page(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    file = folder / "effmon.db"
    with closing(sqlite3.connect(file)) as raw:
        (size,) = raw.execute("PRAGMA page_size").fetchone()
        (page,) = raw.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_notice_card'"
        ).fetchone()
    content = bytearray(file.read_bytes())
    content[page * size - 60 : page * size] = b"\xff" * 60
    file.write_bytes(content)
    row = found(folder)["integrity"]
    assert row["status"] == "bad"
    assert "restore a backup" in row["detail"]


@pytest.mark.parametrize(
    ("name", "mode", "status"),
    [
        ("effmon.db", 0o644, "look"),
        ("keys/ledger.key", 0o640, "bad"),
        ("effmon.toml", 0o666, "bad"),
    ],
)
def test_files_that_are_open_to_others(
    office: Path, own: Callable[[Path], Path], name: str, mode: int, status: str
) -> None:
    folder = own(office)
    (folder / name).chmod(mode)
    row = found(folder, "--quick")["file rights"]
    assert row["status"] == status
    assert Path(name).name in row["detail"]


def test_backups_and_drills_have_an_age(
    office: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = own(office)
    assert found(folder, "--quick")["backup"]["status"] == "look"
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    effmon("-C", folder, "restore", tmp_path / "b.tar", "--drill", tmp_path / "d").well()
    seen = found(folder, "--quick")
    assert (seen["backup"]["status"], seen["drill"]["status"]) == ("ok", "ok")
    context = app.open_context(folder, clock=lambda: app.now() + 4 * 86_400)
    later = {row["check"]: row for row in doctor.examine(context, quick=True)}
    context.store.close()
    assert (later["backup"]["status"], later["drill"]["status"]) == ("look", "ok")
    assert "4" in later["backup"]["detail"]


def test_a_restored_workspace_says_what_may_leave_again(
    office: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = own(office)
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar").well()
    row = found(tmp_path / "new", "--quick")["restored"]
    assert row["status"] == "look"
    assert "under the same number" in row["detail"]


def test_a_ledger_shorter_than_what_was_signed(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    state = folder / "keys" / "checkpoints"
    state.mkdir(parents=True, exist_ok=True)
    (state / "other.note").write_text("gov.example/x\n9999\nAAAA\n\n— gov.example/x AAAA\n")
    row = found(folder, "--quick")["ledger length"]
    assert row["status"] == "bad"
    assert "9999" in row["detail"]
    # Whoever put an older database back finds no verdict that it is sound.
    verified = effmon("-C", folder, "ledger", "verify")
    assert (verified.code, "9999" in verified.out) == (1, True)


def test_a_clock_behind_the_last_entry(office: Path) -> None:
    context = app.open_context(office, clock=lambda: app.now() - 86_400)
    rows = {row["check"]: row for row in doctor.examine(context, quick=True)}
    context.store.close()
    assert rows["ledger clock"]["status"] == "bad"


def test_nights_that_were_caught_up(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    change(
        folder,
        "INSERT INTO run VALUES ('scan', strftime('%s', 'now') - 90000, 'R-1', 'done', 'x', 1, 0,"
        " strftime('%s', 'now') - 50000, strftime('%s', 'now') - 49000, '{}', NULL)",
    )
    row = found(folder, "--quick")["nights"]
    assert (row["status"], "1 slots were caught up" in row["detail"]) == ("look", True)


def test_acts_that_were_refused(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    assert found(folder, "--quick")["refused acts"]["status"] == "ok"
    cards = effmon("-C", folder, "cards", "list", "-o", "json").json
    number = next(card["card_no"] for card in cards if card["state"] == "open")
    lift = ["cards", "lift", number, "--reason", "issued_in_error", "--text", "x"]
    effmon("-C", folder, "--as", "zhang", *lift).well(2)
    assert found(folder, "--quick")["refused acts"]["status"] == "look"


@pytest.mark.full
def test_triggers_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = server(durable=False)
    url = running.new_database()
    (tmp_path / "effmon.toml").write_text("")
    monkeypatch.setenv("EFFMON_DATABASE_URL", url)
    monkeypatch.setenv("EFFMON_LANG", "en")
    context = app.open_context(tmp_path)

    def triggers() -> dict[str, str]:
        (row,) = [row for row in doctor.examine(context) if row["check"] == "triggers"]
        return row

    assert triggers()["status"] == "ok"
    for statement, named in (
        ("ALTER TABLE event DISABLE TRIGGER event_no_update", "event_no_update"),
        ("DROP TRIGGER card_entry_no_truncate ON card_entry", "card_entry_no_truncate"),
    ):
        with context.store.writing() as connection:
            connection.exec_driver_sql(statement)
        assert triggers()["status"] == "bad"
        assert named in triggers()["detail"]
    context.store.close()
    running.drop(url)
